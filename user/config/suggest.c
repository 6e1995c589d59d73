/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * "did you mean ...?": the candidate nearest to a mistyped word, by the number of
 * letters to insert, remove, change, or swap with their neighbour.
 */
#include <ctype.h>
#include <string.h>

#include "config/parse.h"

#define LETTERS TW_NAME /* longer words are not compared */

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment; three rows of the usual table are enough for it. */
static unsigned int edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int rows[3][LETTERS + 1];
	unsigned int *two_up = rows[0], *up = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		up[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *swap = two_up;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(up[j] + 1, row[j - 1] + 1);
			row[j] = least(row[j], up[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], two_up[j - 2] + 1);
		}
		two_up = up;
		up = row;
		row = swap;
	}
	return up[b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t length = suggestion->word.length, candidate_length = strlen(candidate);
	unsigned int distance, tolerated = length < 2 ? 0 : length < 5 ? 1 : length < 9 ? 2 : 3;

	if (!tolerated || length > LETTERS || candidate_length > LETTERS)
		return;
	distance = edit_distance(suggestion->word.text, length, candidate, candidate_length);
	if (distance > tolerated || distance >= candidate_length)
		return;
	if (suggestion->best && distance >= suggestion->distance)
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}

const char *nearest_word(const char *word, const char *const *candidates, size_t stride)
{
	struct suggestion suggestion = {.word = {.text = word, .length = strlen(word)}};

	while (*candidates) {
		suggestion_offer(&suggestion, *candidates);
		candidates = (const void *)((const char *)candidates + stride);
	}
	return suggestion.best;
}
