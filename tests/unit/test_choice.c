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

#define MOST 4194304u

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

static void weights_from_one_to_a_hundred_are_right_to_one_percent(void **state)
{
	static const size_t counts[] = {3, 10, 100, 1000};
	struct candidate candidates[1000];

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		uint32_t counted[1000] = {0}, slots;
		uint64_t sum = 0;
		uint16_t *table;

		make_candidates(candidates, counts[c], 1);
		for (size_t i = 0; i < counts[c]; i++)
			sum += candidates[i].weight = (uint32_t)(1 + i * 99 / (counts[c] - 1));
		slots = choice_slots(candidates, counts[c]);
		table = fill(candidates, counts[c], slots);
		for (uint32_t i = 0; i < slots; i++)
			counted[table[i]]++;
		for (size_t i = 0; i < counts[c]; i++) {
			double wanted = (double)slots * candidates[i].weight / (double)sum;

			assert_true(counted[i] > 0.99 * wanted && counted[i] < 1.01 * wanted);
		}
		free(table);
	}
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
	slots = 65536;
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
	table = fill(candidates, 3, 1024);
	assert_int_equal(share(table, 1024, TW_NONE16), 1024);
	free(table);
	make_candidates(candidates, 3, 0);
	table = fill(candidates, 3, 1024);
	assert_int_equal(share(table, 1024, TW_NONE16), 1024);
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
	table = fill(candidates, 3, 1024);
	assert_int_equal(share(table, 1024, 2), 1024);
	free(table);
}

static void tables_are_powers_of_two_and_grow_with_the_servers(void **state)
{
	struct candidate candidates[1000];
	uint32_t last = 0;

	(void)state;
	make_candidates(candidates, 1000, 1);
	for (size_t count = 1; count <= 1000; count *= 10) {
		uint32_t slots = choice_slots(candidates, count);

		assert_true(slots >= last && slots <= MOST && slots >= count);
		assert_int_equal(slots & (slots - 1), 0);
		last = slots;
	}
}

/* The share of places, in units of the finest table, that have another server. */
static double share_moved(const uint16_t *a, uint32_t a_slots, const uint16_t *b, uint32_t b_slots)
{
	uint32_t moved = 0;

	for (uint32_t place = 0; place < MOST; place++)
		moved += a[place / (MOST / a_slots)] != b[place / (MOST / b_slots)];
	return (double)moved / MOST;
}

static double moved_by_one_more(const struct candidate *candidates, size_t count)
{
	uint32_t before_slots = choice_slots(candidates, count);
	uint32_t after_slots = choice_slots(candidates, count + 1);
	uint16_t *before = fill(candidates, count, before_slots);
	uint16_t *after = fill(candidates, count + 1, after_slots);
	double moved = share_moved(before, before_slots, after, after_slots);

	free(before);
	free(after);
	return moved;
}

/* What must move is 1 in (count + 1): a table that doubles is no exception. */
static void one_server_more_moves_little_also_where_the_table_grows(void **state)
{
	static const struct {
		size_t count;
		double most; /* share */
	} rows[] = {{1, 0.505},   {2, 0.338},   {10, 0.098},  {40, 0.033}, {162, 0.018},
		    {163, 0.018}, {324, 0.012}, {648, 0.008}, {999, 0.007}};
	struct candidate candidates[1000];

	(void)state;
	make_candidates(candidates, 1000, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(moved_by_one_more(candidates, rows[i].count) <= rows[i].most);
}

static void the_order_of_the_file_is_of_no_account(void **state)
{
	struct candidate candidates[100], turned[100];
	uint16_t *table, *turned_table;
	uint32_t slots;

	(void)state;
	make_candidates(candidates, 100, 1);
	for (size_t i = 0; i < 100; i++) {
		candidates[i].weight = (uint32_t)(i % 7);
		candidates[i].takes_flows = i % 5 != 0;
	}
	for (size_t i = 0; i < 100; i++)
		turned[i] = candidates[99 - i];
	slots = choice_slots(candidates, 100);
	assert_int_equal(choice_slots(turned, 100), slots);
	table = fill(candidates, 100, slots);
	turned_table = fill(turned, 100, slots);
	for (uint32_t i = 0; i < slots; i++)
		assert_int_equal(table[i], 99 - turned_table[i]);
	free(table);
	free(turned_table);
}

/* One after the other fails, down to the last: what a live one has, it keeps. */
static void failures_one_after_the_other_move_nobody_elses_flows(void **state)
{
	struct candidate candidates[60];
	uint16_t *before, *after;
	uint32_t slots;

	(void)state;
	make_candidates(candidates, 60, 1);
	for (size_t i = 0; i < 60; i++)
		candidates[i].weight = (uint32_t)(1 + i % 3);
	slots = choice_slots(candidates, 60);
	before = fill(candidates, 60, slots);
	for (size_t failed = 0; failed < 59; failed++) {
		candidates[failed].takes_flows = false;
		after = fill(candidates, 60, slots);
		for (uint32_t i = 0; i < slots; i++)
			if (before[i] != failed)
				assert_int_equal(before[i], after[i]);
			else
				assert_true(after[i] > failed);
		free(before);
		before = after;
	}
	assert_int_equal(share(before, slots, 59), slots);
	free(before);
}

static void backups_get_nothing_while_the_others_are_up(void **state)
{
	struct candidate candidates[4];
	uint32_t slots;
	uint16_t *without, *with;

	(void)state;
	make_candidates(candidates, 4, 1);
	candidates[3].is_backup = true;
	candidates[3].takes_flows = false;
	slots = choice_slots(candidates, 4);
	without = fill(candidates, 3, slots);
	with = fill(candidates, 4, slots);
	assert_memory_equal(without, with, slots * sizeof(*with));
	free(without);
	free(with);
}

/* The slots of two that are down go half to the one that is up, half to a backup. */
static void backups_share_what_is_free(void **state)
{
	struct candidate candidates[4];
	uint32_t slots;
	uint16_t *before, *after;
	double freed;

	(void)state;
	make_candidates(candidates, 4, 1);
	candidates[3].is_backup = true;
	slots = choice_slots(candidates, 4);
	before = fill(candidates, 3, slots);
	candidates[0].takes_flows = candidates[1].takes_flows = false;
	after = fill(candidates, 4, slots);
	for (uint32_t i = 0; i < slots; i++)
		assert_true(after[i] >= 2 && (before[i] != 2 || after[i] == 2));
	freed = slots - (double)share(before, slots, 2);
	assert_true(share(after, slots, 3) > 0.45 * freed);
	assert_true(share(after, slots, 3) < 0.55 * freed);
	free(after);
	candidates[2].takes_flows = false;
	after = fill(candidates, 4, slots);
	assert_int_equal(share(after, slots, 3), slots);
	free(before);
	free(after);
}

static void a_tier_of_backups_only_is_like_any_other(void **state)
{
	struct candidate candidates[2];
	uint32_t slots;
	uint16_t *table;

	(void)state;
	make_candidates(candidates, 2, 1);
	candidates[0].is_backup = candidates[1].is_backup = true;
	slots = choice_slots(candidates, 2);
	table = fill(candidates, 2, slots);
	assert_int_equal(share(table, slots, 0), slots / 2);
	free(table);
	candidates[0].takes_flows = false;
	table = fill(candidates, 2, slots);
	assert_int_equal(share(table, slots, 1), slots);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_exact_to_within_one_slot),
		cmocka_unit_test(a_share_of_one_in_a_hundred_is_right_to_one_percent),
		cmocka_unit_test(weights_from_one_to_a_hundred_are_right_to_one_percent),
		cmocka_unit_test(only_the_slots_of_a_failed_server_move_and_they_return),
		cmocka_unit_test(what_a_failed_server_had_is_spread_over_all_others),
		cmocka_unit_test(nobody_gets_flows_where_nobody_takes_them),
		cmocka_unit_test(weight_zero_gets_nothing_also_when_others_fail),
		cmocka_unit_test(tables_are_powers_of_two_and_grow_with_the_servers),
		cmocka_unit_test(one_server_more_moves_little_also_where_the_table_grows),
		cmocka_unit_test(the_order_of_the_file_is_of_no_account),
		cmocka_unit_test(failures_one_after_the_other_move_nobody_elses_flows),
		cmocka_unit_test(backups_get_nothing_while_the_others_are_up),
		cmocka_unit_test(backups_share_what_is_free),
		cmocka_unit_test(a_tier_of_backups_only_is_like_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
