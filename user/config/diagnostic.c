/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The message for an operator's mistake: FILE:LINE:COLUMN, what is wrong, the
 * line, and a caret below the place.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

/* Of a longer line only the part around the caret is shown. */
#define LINE_WHOLE  160
#define LINE_BEFORE 60
#define LINE_PART   120

/* U+0080-9f move cursors, bidirectional marks reorder what is read. */
static bool is_printable(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return false;
	return !(character >= 0x200e && character <= 0x200f) &&
	       !(character >= 0x2028 && character <= 0x202e) &&
	       !(character >= 0x2066 && character <= 0x2069) && character != 0xfeff;
}

/* Writes the character that text begins with; returns its bytes, and in *columns what it takes. */
static size_t print_character(char out[5], const char *text, size_t length, size_t *columns)
{
	uint32_t character = 0;
	size_t size = text_character(text, length, &character);

	if (size && is_printable(character)) {
		memcpy(out, text, size);
		out[size] = 0;
		*columns = 1;
		return size;
	}
	snprintf(out, 5, "\\x%02x", (unsigned char)*text);
	*columns = 4;
	return 1;
}

const char *quote(struct quoted *out, struct word word)
{
	size_t used = 0, done = 0;

	while (done < word.length) {
		char character[5];
		size_t columns;
		size_t size =
			print_character(character, word.text + done, word.length - done, &columns);
		size_t bytes = strlen(character);

		/* Room stays for the dots of a word that is clipped. */
		if (used + bytes + 4 > sizeof(out->text)) {
			memcpy(out->text + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(out->text + used, character, bytes);
		used += bytes;
		done += size;
	}
	out->text[used] = 0;
	return out->text;
}

/* The line that a place is in, without its newline, nor a carriage return that is not the place. */
static const char *find_line(const struct config *config, struct place at, size_t *length)
{
	const char *line = config->source, *end = line + config->source_length, *stop;

	for (uint32_t i = 1; i < at.line; i++) {
		line = memchr(line, '\n', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	stop = memchr(line, '\n', (size_t)(end - line));
	*length = (size_t)((stop ? stop : end) - line);
	if (*length > at.column && line[*length - 1] == '\r')
		--*length;
	return line;
}

static size_t character_start(const char *line, size_t at)
{
	while (at && ((unsigned char)line[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* The line with odd bytes escaped, then a caret below byte `caret`. */
static void print_line(FILE *out, const char *line, size_t length, size_t caret)
{
	size_t from = 0, to = length, padding = 0;
	char character[5];

	if (caret > length)
		caret = length;
	if (length > LINE_WHOLE) {
		from = caret > LINE_BEFORE ? character_start(line, caret - LINE_BEFORE) : 0;
		to = from + LINE_PART < length ? character_start(line, from + LINE_PART) : length;
	}
	fputs(from ? "..." : "", out);
	for (size_t i = from, columns; i < to;) {
		if (line[i] == '\t') {
			fputc('\t', out);
			i++;
		} else {
			i += print_character(character, line + i, length - i, &columns);
			fputs(character, out);
		}
	}
	fprintf(out, "%s\n%s", to < length ? "..." : "", from ? "   " : "");
	for (size_t i = from, columns; i < caret;) {
		if (line[i] == '\t') {
			fprintf(out, "%*s\t", (int)padding, "");
			padding = 0;
			i++;
		} else {
			i += print_character(character, line + i, length - i, &columns);
			padding += columns;
		}
	}
	fprintf(out, "%*s^\n", (int)padding, "");
}

static void print_file(FILE *out, const char *file)
{
	for (size_t length = strlen(file); length;) {
		char character[5];
		size_t columns, size = print_character(character, file, length, &columns);

		fputs(character, out);
		file += size;
		length -= size;
	}
}

int config_mistake(const struct config *config, struct place at, struct diagnostic *diagnostic,
		   const char *format, ...)
{
	size_t text_length, line_length;
	const char *line;
	char *text = NULL;
	va_list arguments;
	FILE *out;

	diagnostic_free(diagnostic);
	out = open_memstream(&text, &text_length);
	if (!out)
		return MISTAKE;
	fputs("tierwall: ", out);
	if (config->file) {
		print_file(out, config->file);
		if (at.line)
			fprintf(out, ":%u:%u", at.line, at.column);
		fputs(": ", out);
	}
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fputc('\n', out);
	if (at.line && config->source) {
		line = find_line(config, at, &line_length);
		if (line)
			print_line(out, line, line_length, at.column ? at.column - 1 : 0);
	}
	if (fclose(out)) {
		free(text);
		text = NULL;
	}
	diagnostic->text = text;
	return MISTAKE;
}

void diagnostic_free(struct diagnostic *diagnostic)
{
	free(diagnostic->text);
	diagnostic->text = NULL;
}
