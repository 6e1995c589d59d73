/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lengths of time in words: 90, 90s, 10m, 1h30m, 1d. */
#include <string.h>

#include "config/parse.h"

#define TIME_MAX (3650u * 86400) /* a second since boot, and this, fit 32 bits */

static const struct time_unit {
	char letter;
	uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* The unit of that letter among those from `first` on, UNITS: there is none. */
static size_t find_unit(char letter, size_t first)
{
	while (first < UNITS && units[first].letter != letter)
		first++;
	return first;
}

/* Reads digits; *at is behind them then.  False: there are none, or far too many. */
static bool read_digits(const char **at, const char *end, uint64_t *number)
{
	const char *start = *at;

	for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		*number = *number * 10 + (uint64_t)(**at - '0');
		if (*number > UINT32_MAX)
			return false;
	}
	return *at > start;
}

const char *time_read(const char *text, size_t length, uint32_t *seconds)
{
	static const char *const not_a_time =
		"is not a time: write it as 90s, 10m, 2h, 1d or 1h30m";
	const char *at = text, *end = text + length;
	uint64_t sum = 0, number;
	size_t unit = 0;

	do {
		if (!read_digits(&at, end, &number))
			return at < end && *at >= '0' && *at <= '9' ? "is more than 3650d"
								    : not_a_time;
		if (at == end && !unit) {
			sum = number; /* seconds, where no unit is said at all */
			break;
		}
		unit = at < end ? find_unit(*at, unit) : UNITS;
		if (unit == UNITS)
			return not_a_time;
		sum += number * units[unit++].seconds;
		at++;
	} while (at < end);
	if (!sum)
		return "is no time: the least is 1s";
	if (sum > TIME_MAX)
		return "is more than 3650d";
	*seconds = (uint32_t)sum;
	return NULL;
}

int time_parse(uint32_t *seconds, const char *word, struct diagnostic *diagnostic)
{
	struct config source = {.source = (char *)word, .source_length = strlen(word)};
	struct word whole = {word, source.source_length, {1, 1}};
	struct quoted quoted;
	const char *trouble;
	int result = text_check(&source, TEXT_PLAIN, diagnostic);

	if (result)
		return result;
	trouble = time_read(word, whole.length, seconds);
	return trouble ? config_mistake(&source, whole.at, diagnostic, "`%s` %s",
					quote(&quoted, whole), trouble)
		       : 0;
}

void time_print(FILE *out, uint32_t seconds)
{
	for (size_t i = 0; i < UNITS; i++) {
		if (seconds >= units[i].seconds)
			fprintf(out, "%u%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
}
