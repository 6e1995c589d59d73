/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets and tiers by name, few and many, while some come and go. */
#include <time.h>

#include "config_rows.h"

static void add_set(struct config *config, unsigned int number)
{
	struct set *set = config_push(&config->sets, &config->set_count, sizeof(*set));

	assert_non_null(set);
	snprintf(set->name, sizeof(set->name), "s%u", number);
}

static void add_tier(struct config *config, unsigned int number)
{
	struct tier *tier = config_push(&config->tiers, &config->tier_count, sizeof(*tier));

	assert_non_null(tier);
	snprintf(tier->name, sizeof(tier->name), "t%u", number);
}

static void remove_first_tier(struct config *config)
{
	config->tier_count--;
	memmove(config->tiers, config->tiers + 1, config->tier_count * sizeof(*config->tiers));
}

/* Names first to last are found where they are, those around are not. */
static void assert_names(const struct config *config, unsigned int first, unsigned int last)
{
	char name[TW_NAME];

	for (unsigned int i = first; i <= last; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		assert_ptr_equal(config_tier(config, name), &config->tiers[i - first]);
		assert_null(config_set(config, name));
	}
	for (unsigned int i = 0; i < config->set_count; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		assert_ptr_equal(config_set(config, name), &config->sets[i]);
		assert_null(config_tier(config, name));
	}
	snprintf(name, sizeof(name), "t%u", last + 1);
	assert_null(config_tier(config, name));
	snprintf(name, sizeof(name), "t%u", first - 1);
	assert_null(config_tier(config, name));
	assert_null(config_tier(config, "t"));
	assert_null(config_tier(config, ""));
}

static void names_are_found_while_they_change(void **state)
{
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_new(&config, NULL), 0);
	assert_null(config_tier(config, "t1"));
	for (unsigned int i = 1; i <= 40; i++) {
		add_tier(config, i);
		add_set(config, i - 1);
		assert_names(config, 1, i);
	}
	for (unsigned int i = 2; i <= 40; i++) {
		remove_first_tier(config);
		assert_names(config, i, 40);
	}
	config_free(config);
}

/* One by one these look-ups would compare names a billion times. */
static void many_names_are_found_at_once(void **state)
{
	struct config *config = NULL;
	struct timespec start, end;

	(void)state;
	assert_int_equal(config_new(&config, NULL), 0);
	for (unsigned int i = 1; i <= 8192; i++)
		add_tier(config, i);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < 32; i++)
		assert_names(config, 1, 8192);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_true(end.tv_sec - start.tv_sec < 5);
	config_free(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_while_they_change),
		cmocka_unit_test(many_names_are_found_at_once),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL) > 0;
}
