/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ranges of a datagram against a map with one byte for each unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tierwall/fragments.h"

#define UNITS 48

/* What has come, unit by unit. */
struct plain {
	bool has[UNITS];
};

static bool plain_overlaps(const struct plain *plain, uint32_t start, uint32_t end)
{
	for (uint32_t i = start; i < end; i++)
		if (plain->has[i])
			return true;
	return false;
}

/* How many ranges that do not touch each other it takes. */
static int plain_ranges(const struct plain *plain)
{
	int ranges = 0;

	for (uint32_t i = 0; i < UNITS; i++)
		ranges += plain->has[i] && (i == 0 || !plain->has[i - 1]);
	return ranges;
}

static bool plain_is_complete(const struct plain *plain, uint32_t end)
{
	for (uint32_t i = 0; i < UNITS; i++)
		if (plain->has[i] != (i < end))
			return false;
	return end > 0;
}

/* One more piece in both; false: there was no room for it. */
static bool add_to_both(struct tw_fragment *datagram, struct plain *plain, uint32_t start,
			uint32_t end)
{
	struct plain more = *plain;
	bool fits;

	memset(&more.has[start], true, end - start);
	fits = plain_ranges(&more) <= TW_FRAGMENT_RANGES;
	/* a piece that joins two ranges never lacks room, even where all places are taken */
	assert_int_equal(tw_fragment_has_room(datagram, start, end) != 0, fits);
	if (!fits)
		return false;
	assert_true(tw_fragment_add(datagram, start, end));
	*plain = more;
	return true;
}

static void ranges_say_what_single_units_say(void **state)
{
	int overlaps = 0, full = 0, complete = 0;

	(void)state;
	srand(5722);
	for (int round = 0; round < 20000; round++) {
		struct tw_fragment datagram = {.end = round % 3 ? (__u16)(1 + rand() % UNITS) : 0};
		struct plain plain = {0};

		for (int piece = 0; piece < 40; piece++) {
			uint32_t start = (uint32_t)(rand() % UNITS);
			uint32_t end = start + 1 + (uint32_t)rand() % (round % 4 ? 3 : 12);
			bool expected;

			if (end > UNITS || (datagram.end && end > datagram.end))
				continue;
			expected = plain_overlaps(&plain, start, end);
			assert_int_equal(tw_fragment_overlaps(&datagram, start, end), expected);
			overlaps += expected;
			if (!expected)
				full += !add_to_both(&datagram, &plain, start, end);
			expected = plain_is_complete(&plain, datagram.end);
			assert_int_equal(tw_fragment_is_complete(&datagram), expected);
			complete += expected;
		}
	}
	/* every case was met */
	assert_true(overlaps > 1000 && full > 1000 && complete > 100);
}

static void a_datagram_of_the_greatest_length_is_complete(void **state)
{
	struct tw_fragment datagram = {.end = 8192};

	(void)state;
	for (uint32_t unit = 8191; unit > 0; unit--) {
		assert_false(tw_fragment_overlaps(&datagram, unit, unit + 1));
		assert_true(tw_fragment_add(&datagram, unit, unit + 1));
	}
	assert_false(tw_fragment_is_complete(&datagram));
	assert_true(tw_fragment_overlaps(&datagram, 0, 2));
	assert_true(tw_fragment_add(&datagram, 0, 1));
	assert_true(tw_fragment_is_complete(&datagram));
}

/* What no fragment may be still has an answer: its check may be off. */
static void an_empty_piece_does_no_harm(void **state)
{
	struct tw_fragment datagram = {0};

	(void)state;
	assert_false(tw_fragment_overlaps(&datagram, 0, 0));
	assert_false(tw_fragment_is_complete(&datagram));
	assert_true(tw_fragment_add(&datagram, 0, 0));
	assert_false(tw_fragment_overlaps(&datagram, 0, 8192));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_say_what_single_units_say),
		cmocka_unit_test(a_datagram_of_the_greatest_length_is_complete),
		cmocka_unit_test(an_empty_piece_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
