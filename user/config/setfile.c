/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set's file: an address or prefix a line.  Such files are made by programs and
 * run to millions of lines, so they do not go through the grammar.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#define SET_FILE_MAX (256u << 20)

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static int not_a_prefix(const struct config *source, struct word word, const char *trouble,
			struct diagnostic *diagnostic)
{
	struct quoted quoted;

	for (size_t i = 0; i < word.length; i++)
		if (is_blank(word.text[i]) || word.text[i] == ',' || word.text[i] == ';') {
			struct place at = {word.at.line, word.at.column + (uint32_t)i};

			return config_mistake(source, at, diagnostic,
					      "a set's file has one address or prefix a line, and "
					      "nothing behind it but a # comment");
		}
	return config_mistake(source, word.at, diagnostic, "`%s` %s", quote(&quoted, word),
			      trouble);
}

/* The line's part before a # and without white space around. */
static struct word trim(const char *line, const char *end, uint32_t number)
{
	const char *start = line, *comment = memchr(line, '#', (size_t)(end - line));

	if (comment)
		end = comment;
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	return (struct word){start, (size_t)(end - start), {number, (uint32_t)(start - line) + 1}};
}

static int read_lines(const struct config *source, struct prefix **items, size_t *count,
		      struct diagnostic *diagnostic)
{
	const char *line = source->source, *end = line + source->source_length, *stop;

	for (uint32_t number = 1; line < end; number++, line = stop + 1) {
		struct prefix *prefix;
		const char *trouble;
		struct word word;

		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		word = trim(line, stop, number);
		if (!word.length)
			continue;
		if (*count >= PREFIXES_MAX)
			return config_mistake(source, word.at, diagnostic,
					      "a set holds at most %u prefixes", PREFIXES_MAX);
		prefix = config_push(items, count, sizeof(*prefix));
		if (!prefix)
			return -ENOMEM;
		trouble = prefix_read(word.text, word.length, prefix);
		if (trouble)
			return not_a_prefix(source, word, trouble, diagnostic);
		prefix->at = word.at;
	}
	return 0;
}

int set_file_read(struct prefix **items, size_t *count, const char *path,
		  struct diagnostic *diagnostic)
{
	struct config *source;
	int result;

	result = config_new(&source, path);
	if (result)
		return result;
	result = text_read_file(&source->source, &source->source_length, path, SET_FILE_MAX);
	if (result == -EFBIG)
		result = config_mistake(source, (struct place){1, 1}, diagnostic,
					"a set's file has at most %u MiB", SET_FILE_MAX >> 20);
	if (!result)
		result = text_check(source, diagnostic);
	if (!result)
		result = read_lines(source, items, count, diagnostic);
	if (!result)
		prefixes_merge(*items, count);
	config_free(source);
	return result;
}

int set_read_file(struct prefix **items, size_t *count, const char *path,
		  struct diagnostic *diagnostic)
{
	int result = set_file_read(items, count, path, diagnostic);
	struct config source = {0};

	if (result < 0 && result != -ENOMEM)
		return config_mistake(&source, (struct place){0, 0}, diagnostic, "%s: %s", path,
				      strerror(-result));
	return result;
}
