/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The choice of a server: exact shares, and no flow moved that need not move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "tierwall/hash.h"

#define MOST 262139u

static void make_candidates(struct candidate *candidates, size_t count, uint32_t weight)
{
	for (size_t i = 0; i < count; i++)
		candidates[i] = (struct candidate){
			.seed = tw_mix(i + 77), .weight = weight, .takes_flows = true};
}

static uint16_t *fill(const struct candidate *candidates, size_t count, uint32_t slots)
{
	uint16_t *table = malloc(slots * sizeof(*table));

	assert_non_null(table);
	assert_int_equal(choice_fill(table, slots, candidates, count), 0);
	return table;
}

static uint32_t share(const uint16_t *table, uint32_t slots, uint16_t owner)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < slots; i++)
		count += table[i] == owner;
	return count;
}

static void shares_are_exact_to_within_one_slot(void **state)
{
	static const size_t counts[] = {1, 2, 3, 7, 100, 1000};
	struct candidate candidates[1000];

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		uint64_t sum = 0;
		uint32_t slots;
		uint16_t *table;

		make_candidates(candidates, counts[c], 1);
		for (size_t i = 0; i < counts[c]; i++)
			sum += candidates[i].weight = (uint32_t)(i % 5 + 1);
		slots = choice_slots(candidates, counts[c]);
		table = fill(candidates, counts[c], slots);
		for (size_t i = 0; i < counts[c]; i++) {
			double wanted = (double)slots * candidates[i].weight / (double)sum;
			double got = share(table, slots, (uint16_t)i);

			assert_true(got > wanted - 1 && got < wanted + 1);
		}
		free(table);
	}
}

static void a_share_of_one_in_a_hundred_is_right_to_one_percent(void **state)
{
	struct candidate candidates[2];
	uint32_t slots;
	uint16_t *table;
	double got;

	(void)state;
	make_candidates(candidates, 2, 1);
	candidates[1].weight = 100;
	slots = choice_slots(candidates, 2);
	table = fill(candidates, 2, slots);
	got = share(table, slots, 0) * 101.0 / slots;
	assert_true(got > 0.99 && got < 1.01);
	free(table);
}

static void only_the_slots_of_a_failed_server_move_and_they_return(void **state)
{
	struct candidate candidates[50];

	(void)state;
	make_candidates(candidates, 50, 3);
	for (size_t failed = 0; failed < 50; failed += 7) {
		uint32_t slots = choice_slots(candidates, 50), spread = 0;
		uint16_t *before = fill(candidates, 50, slots), *after, *again;

		candidates[failed].takes_flows = false;
		after = fill(candidates, 50, slots);
		candidates[failed].takes_flows = true;
		again = fill(candidates, 50, slots);
		for (uint32_t i = 0; i < slots; i++) {
			if (before[i] != failed)
				assert_int_equal(before[i], after[i]);
			assert_int_not_equal(after[i], failed);
			spread += after[i] != before[i];
		}
		assert_int_equal(spread, share(before, slots, (uint16_t)failed));
		assert_memory_equal(before, again, slots * sizeof(*before));
		free(before);
		free(after);
		free(again);
	}
}

static void what_a_failed_server_had_is_spread_over_all_others(void **state)
{
	struct candidate candidates[4];
	uint16_t *before, *after;
	uint32_t slots;

	(void)state;
	make_candidates(candidates, 4, 1);
	candidates[3].weight = 2;
	slots = 65521;
	before = fill(candidates, 4, slots);
	candidates[0].takes_flows = false;
	after = fill(candidates, 4, slots);
	for (uint16_t i = 1; i < 4; i++) {
		double wanted = share(before, slots, 0) * (candidates[i].weight / 4.0);
		double got = (double)share(after, slots, i) - share(before, slots, i);

		assert_true(got > wanted * 0.9 && got < wanted * 1.1);
	}
	free(before);
	free(after);
}

static void nobody_gets_flows_where_nobody_takes_them(void **state)
{
	struct candidate candidates[3];
	uint16_t *table;

	(void)state;
	make_candidates(candidates, 3, 1);
	for (int i = 0; i < 3; i++)
		candidates[i].takes_flows = false;
	table = fill(candidates, 3, 1021);
	assert_int_equal(share(table, 1021, TW_NONE16), 1021);
	free(table);
	make_candidates(candidates, 3, 0);
	table = fill(candidates, 3, 1021);
	assert_int_equal(share(table, 1021, TW_NONE16), 1021);
	free(table);
}

static void weight_zero_gets_nothing_also_when_others_fail(void **state)
{
	struct candidate candidates[3];
	uint16_t *table;

	(void)state;
	make_candidates(candidates, 3, 1);
	candidates[1].weight = 0;
	candidates[0].takes_flows = false;
	table = fill(candidates, 3, 1021);
	assert_int_equal(share(table, 1021, 2), 1021);
	free(table);
}

static void tables_are_prime_and_grow_with_the_servers(void **state)
{
	struct candidate candidates[1000];
	uint32_t last = 0;

	(void)state;
	make_candidates(candidates, 1000, 1);
	for (size_t count = 1; count <= 1000; count *= 10) {
		uint32_t slots = choice_slots(candidates, count);

		assert_true(slots >= last && slots <= MOST && slots > count);
		for (uint32_t d = 2; d * d <= slots; d++)
			assert_int_not_equal(slots % d, 0);
		last = slots;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_exact_to_within_one_slot),
		cmocka_unit_test(a_share_of_one_in_a_hundred_is_right_to_one_percent),
		cmocka_unit_test(only_the_slots_of_a_failed_server_move_and_they_return),
		cmocka_unit_test(what_a_failed_server_had_is_spread_over_all_others),
		cmocka_unit_test(nobody_gets_flows_where_nobody_takes_them),
		cmocka_unit_test(weight_zero_gets_nothing_also_when_others_fail),
		cmocka_unit_test(tables_are_prime_and_grow_with_the_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
