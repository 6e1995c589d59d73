/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set's file: an address, prefix or range a line, as the usual lists have them.
 * Such files are made by programs, on all sorts of systems, and run to millions of
 * lines, so they do not go through the grammar.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#define SET_FILE_MAX  (256u << 20)
#define PROGRESS_STEP (1u << 20) /* bytes between two calls of progress */

struct reader {
	const struct config *source;
	struct diagnostic *diagnostic;
	struct prefix **items;
	size_t *count;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_comment(char byte)
{
	return byte == '#' || byte == ';';
}

/* The next word of the line, and white space before it passed over; empty: there is none. */
static struct word next_word(const char *line, const char *at, const char *end, uint32_t number)
{
	const char *start;

	while (at < end && is_blank(*at))
		at++;
	start = at;
	while (at < end && !is_blank(*at) && !is_comment(*at))
		at++;
	return (struct word){start, (size_t)(at - start), {number, (uint32_t)(start - line) + 1}};
}

static int add_prefix(struct reader *reader, const struct prefix *prefix, struct place at)
{
	struct prefix *place;

	if (*reader->count >= PREFIXES_MAX)
		return config_mistake(reader->source, at, reader->diagnostic,
				      "a set holds at most %u prefixes", PREFIXES_MAX);
	place = config_push(reader->items, reader->count, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = *prefix;
	place->at = at;
	return 0;
}

static int add_range(struct reader *reader, struct word word)
{
	struct address_range range;
	const char *trouble = range_read(word.text, word.length, &range);
	struct prefix prefix;
	struct quoted quoted;
	int result = 0;

	if (trouble)
		return config_mistake(reader->source, word.at, reader->diagnostic, "`%s` %s",
				      quote(&quoted, word), trouble);
	while (!result && range_next(&range, &prefix))
		result = add_prefix(reader, &prefix, word.at);
	return result;
}

static int add_entry(struct reader *reader, struct word word)
{
	struct prefix prefix = {0};
	const char *trouble = prefix_read(word.text, word.length, &prefix);
	struct quoted quoted;

	if (!trouble)
		return add_prefix(reader, &prefix, word.at);
	if (memchr(word.text, '-', word.length))
		return add_range(reader, word);
	return config_mistake(reader->source, word.at, reader->diagnostic, "`%s` %s",
			      quote(&quoted, word), trouble);
}

static int too_much(struct reader *reader, struct word word)
{
	return config_mistake(
		reader->source, word.at, reader->diagnostic,
		"a line of a set's file has one address, prefix or range, and nothing "
		"behind it but `for TIME` and a comment");
}

/* What stands behind `for`, for the entries from `first` on. */
static int set_times(struct reader *reader, size_t first, struct word word)
{
	struct quoted quoted;
	const char *trouble;
	uint32_t seconds;

	trouble = time_read(word.text, word.length, &seconds);
	if (trouble)
		return config_mistake(reader->source, word.at, reader->diagnostic, "`%s` %s",
				      quote(&quoted, word), trouble);
	for (size_t i = first; i < *reader->count; i++)
		(*reader->items)[i].seconds = seconds;
	return 0;
}

static int read_line(struct reader *reader, const char *line, const char *end, uint32_t number)
{
	struct word word = next_word(line, line, end, number);
	size_t first = *reader->count;
	int result;

	if (!word.length)
		return 0;
	result = add_entry(reader, word);
	if (result)
		return result;
	word = next_word(line, word.text + word.length, end, number);
	if (word_is(word, "for")) {
		word = next_word(line, word.text + word.length, end, number);
		result = set_times(reader, first, word);
		if (result)
			return result;
		word = next_word(line, word.text + word.length, end, number);
	}
	return word.length ? too_much(reader, word) : 0;
}

static int read_lines(struct reader *reader, const struct progress *progress)
{
	const struct config *source = reader->source;
	const char *text = source->source, *end = text + source->source_length;
	const char *line = text, *shown = text, *stop;
	int result = 0;

	if (end - text >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		line += 3;
	for (uint32_t number = 1; !result && line < end; number++, line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		result = read_line(reader, line, stop > line && stop[-1] == '\r' ? stop - 1 : stop,
				   number);
		if (progress && stop - shown > PROGRESS_STEP) {
			shown = stop;
			progress->show((size_t)(stop - text), source->source_length,
				       progress->context);
		}
	}
	return result;
}

int set_file_read(struct prefix **items, size_t *count, const char *path,
		  const struct progress *progress, struct diagnostic *diagnostic)
{
	struct reader reader = {.diagnostic = diagnostic, .items = items, .count = count};
	size_t before = *count;
	struct config *source;
	int result;

	result = config_new(&source, path);
	if (result)
		return result;
	reader.source = source;
	result = text_read_file(&source->source, &source->source_length, path, SET_FILE_MAX);
	if (result == -EFBIG)
		result = config_mistake(source, (struct place){1, 1}, diagnostic,
					"a set's file has at most %u MiB", SET_FILE_MAX >> 20);
	if (!result)
		result = text_check(source, TEXT_FOREIGN, diagnostic);
	if (!result)
		result = read_lines(&reader, progress);
	if (result)
		*count = before;
	else
		prefixes_merge(*items, count);
	config_free(source);
	return result;
}

int set_read_file_showing(struct prefix **items, size_t *count, const char *path,
			  const struct progress *progress, struct diagnostic *diagnostic)
{
	int result = set_file_read(items, count, path, progress, diagnostic);
	struct config source = {0};

	if (result < 0 && result != -ENOMEM)
		return config_mistake(&source, (struct place){0, 0}, diagnostic, "%s: %s", path,
				      strerror(-result));
	return result;
}

int set_read_file(struct prefix **items, size_t *count, const char *path,
		  struct diagnostic *diagnostic)
{
	return set_read_file_showing(items, count, path, NULL, diagnostic);
}
