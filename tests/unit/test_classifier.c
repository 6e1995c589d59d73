/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiled lists against a walk over their rules: random rules of every kind, packets
 * inside of them, at their edges and beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "random_rules.h"

/* -- the comparison ----------------------------------------------------------------------------- */

static void within(const struct list_bound *bound, uint32_t family)
{
	const struct list_work *most = &bound->work[family];

	if (bound->limits)
		return; /* each may make the search begin anew */
	assert_true(classify_work.steps <= most->steps);
	assert_true(classify_work.compares <= most->compares);
	assert_true(classify_work.words <= most->words);
	assert_true(classify_work.sets <= most->sets);
}

static uint32_t verdict_of(const struct rule *rule)
{
	bool transport = rule->from_ports.count || rule->to_ports.count ||
			 rule->fields & (RULE_FLAGS | RULE_TYPE | RULE_CODE);

	return (rule->fields & RULE_LOG ? TW_VERDICT_LOG : 0) |
	       (transport ? TW_VERDICT_TRANSPORT : 0);
}

static void compare(const struct config *config, const struct compiled *compiled,
		    const struct tw_packet *p, uint32_t state)
{
	const struct tw_policy *image = (const void *)compiled->image;
	const struct rules *rules = &config->guard;
	uint64_t word = classify(image->guard.root, p, state, 0);
	size_t right = walk(config, rules, p, state);

	if (right == rules->count) {
		assert_int_equal(word, 0);
	} else {
		assert_true(word & TW_RULE_VALID);
		assert_int_equal(TW_RULE_NUMBER(word), right);
		assert_int_equal(TW_RULE_COUNTER(word), rules->items[right].id);
		assert_int_equal(TW_RULE_ACTION(word), rules->items[right].action);
		assert_int_equal(TW_RULE_VERDICT(word), verdict_of(&rules->items[right]));
	}
	within(&compiled->bounds[0], p->family);
}

static void compare_many(struct config *config, uint32_t packets)
{
	struct node_facts facts = {0};
	struct diagnostic diagnostic = {0};
	struct compiled compiled;
	int result = policy_compile(&compiled, config, NULL, &facts, &diagnostic);

	if (result)
		fail_msg("%d: %s", result, diagnostic.text);
	classify_in = &compiled;
	classify_admits = every_third;
	for (uint32_t i = 0; i < packets; i++) {
		struct tw_packet p;

		make_packet(&p);
		if (config->guard.count && dice(4))
			aim_at(&p, &config->guard.items[dice((uint32_t)config->guard.count)]);
		compare(config, &compiled, &p, dice(4));
	}
	compiled_free(&compiled);
}

static void lists_of_every_size(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		struct config *config = make_config(i < 100 ? i % 40 : dice(300), i % 2);

		compare_many(config, 300);
		config_free(config);
	}
}

static void large_lists(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct config *config = make_config(3000, i % 2);

		compare_many(config, 2000);
		config_free(config);
	}
}

/* Rules that overlap all over: no cut parts them, so vectors have to. */
static void rules_that_no_cut_parts(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct config *config = make_config(0, false);

		for (uint32_t j = 0; j < 50 + dice(600); j++) {
			struct rule *rule = config_push(&config->guard.items, &config->guard.count,
							sizeof(*rule));

			make_rule(rule, i % 2);
			rule->fields &= ~(uint32_t)RULE_PROTOCOL;
			rule->fields &= ~(uint32_t)(RULE_FLAGS | RULE_TYPE | RULE_CODE);
			for (size_t k = 0; k < rule->to_ports.count; k++)
				rule->to_ports.items[k].low = (uint16_t)dice(200),
				rule->to_ports.items[k].high = (uint16_t)(65535 - dice(40000));
		}
		compare_many(config, 1000);
		config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_every_size),
		cmocka_unit_test(large_lists),
		cmocka_unit_test(rules_that_no_cut_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
