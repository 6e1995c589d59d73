/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Aligned columns and readable numbers for people.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stats/columns.h"

#define COLUMNS_MAX 16
#define GAP         2 /* blanks between columns */

void columns_row(struct columns *columns, const char *format, ...)
{
	va_list arguments;
	char **rows;
	int length;

	rows = reallocarray(columns->rows, columns->count + 1, sizeof(*rows));
	if (!rows) {
		columns->failed = -ENOMEM;
		return;
	}
	columns->rows = rows;
	va_start(arguments, format);
	length = vasprintf(&rows[columns->count], format, arguments);
	va_end(arguments);
	if (length < 0)
		columns->failed = -ENOMEM;
	else
		columns->count++;
}

static void measure(const struct columns *columns, size_t widths[COLUMNS_MAX])
{
	for (size_t i = 0; i < columns->count; i++) {
		const char *cell = columns->rows[i];

		for (size_t column = 0; column < COLUMNS_MAX; column++) {
			size_t length = strcspn(cell, "\t");

			if (length > widths[column])
				widths[column] = length;
			if (!cell[length])
				break;
			cell += length + 1;
		}
	}
}

static void print_row(FILE *out, const char *row, const char *align,
		      const size_t widths[COLUMNS_MAX])
{
	size_t owed = 0; /* blanks before the next cell: none ever end a line */

	for (size_t column = 0; column < COLUMNS_MAX && align[column]; column++) {
		size_t length = strcspn(row, "\t");
		size_t blank = widths[column] - length;
		bool right = align[column] == 'r';

		if (length) {
			fprintf(out, "%*s%.*s", (int)(owed + (right ? blank : 0)), "", (int)length,
				row);
			owed = GAP + (right ? 0 : blank);
		} else {
			owed += blank + GAP;
		}
		if (!row[length])
			break;
		row += length + 1;
	}
	fputc('\n', out);
}

int columns_print(struct columns *columns, FILE *out, const char *indent)
{
	size_t widths[COLUMNS_MAX] = {};

	measure(columns, widths);
	for (size_t i = 0; i < columns->count; i++) {
		if (!columns->failed) {
			fputs(indent, out);
			print_row(out, columns->rows[i], columns->align, widths);
		}
		free(columns->rows[i]);
	}
	free(columns->rows);
	columns->rows = NULL;
	columns->count = 0;
	return columns->failed;
}

struct words grouped(uint64_t number)
{
	struct words words = {};
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *to = words.text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	return words;
}

struct words scaled_bytes(uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	struct words words = {};
	double value = bytes / 1000.0;
	size_t unit = 0;
	int decimals;

	if (bytes < 1000) {
		snprintf(words.text, sizeof(words.text), "%" PRIu64 " B", bytes);
		return words;
	}
	while (value >= 999.5) { /* which would be written 1000 */
		value /= 1000;
		unit++;
	}
	decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(words.text, sizeof(words.text), "%.*f %s", decimals, value, units[unit]);
	return words;
}

struct words scaled_time(uint64_t seconds)
{
	struct words words = {};
	char *text = words.text;
	size_t size = sizeof(words.text);
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days)
		snprintf(text, size, "%" PRIu64 "d %" PRIu64 "h", days, hours % 24);
	else if (hours)
		snprintf(text, size, "%" PRIu64 "h %" PRIu64 "m", hours, minutes % 60);
	else if (minutes)
		snprintf(text, size, "%" PRIu64 "m %" PRIu64 "s", minutes, seconds % 60);
	else
		snprintf(text, size, "%" PRIu64 "s", seconds);
	return words;
}
