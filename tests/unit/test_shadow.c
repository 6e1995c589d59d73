/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules that can never match: which are found, and that no others are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random_rules.h"

/* The first of two or three rules that makes the last of them never match; 0: none does. */
struct shadow_row {
	const char *rules;
	uint32_t by;
};

static const struct shadow_row shadow_rows[] = {
	{"drop\naccept tcp\n", 1},
	{"accept tcp\ndrop\n", 0},
	{"drop tcp\ndrop udp\n", 0},
	{"drop tcp\naccept tcp from 10.0.0.1 to port 80\n", 1},
	{"drop udp\ndrop tcp\naccept tcp to port 80\n", 2},
	{"drop tcp from 10.0.0.0/8\ndrop tcp from 10.1.0.0/16\n", 1},
	{"drop tcp from 10.1.0.0/16\ndrop tcp from 10.0.0.0/8\n", 0},
	{"drop from 0.0.0.0/0\ndrop\n", 0},
	{"drop from 0.0.0.0/0\ndrop from 10.0.0.0/8\n", 1},
	{"drop from 0.0.0.0/0\ndrop icmp\n", 1},
	{"drop from ::/0\ndrop from 10.0.0.0/8\n", 0},
	{"drop from { 0.0.0.0/0, ::/0 }\ndrop tcp\n", 1},
	{"drop from { 10.0.0.0/9, 10.128.0.0/9 }\ndrop from 10.0.0.0/8\n", 1},
	{"drop from 10.0.0.0/9\ndrop from 10.128.0.0/9\ndrop from 10.0.0.0/8\n", 0},
	{"drop tcp to port 80-90\ndrop tcp to port { 80, 85-90 }\n", 1},
	{"drop tcp to port { 80, 81, 82-90 }\ndrop tcp to port 80-90\n", 1},
	{"drop tcp to port 80-90\ndrop tcp to port { 80, 91 }\n", 0},
	{"drop tcp from any port 1-65535\ndrop tcp\n", 0},
	{"drop to port 80\ndrop tcp to port 80\n", 1},
	{"drop tcp to port 80\ndrop to port 80\n", 0},
	{"drop from @a\ndrop from @a to 10.0.0.1\n", 1},
	{"drop from @a\ndrop from @b\n", 0},
	{"drop from { @a, @b }\ndrop from @b\n", 1},
	{"drop from { @a, 10.0.0.0/8 }\ndrop from 10.0.0.0/9\n", 1},
	{"drop from { @a, 10.0.0.0/8 }\ndrop from { @a, @b }\n", 0},
	{"drop from not @a\ndrop from not @a to 10.0.0.1\n", 1},
	{"drop from not @a\ndrop from not { @a, @b }\n", 1},
	{"drop from not { @a, @b }\ndrop from not @a\n", 0},
	{"drop from not @a\ndrop from 10.0.0.1\n", 0},
	{"drop from not 10.0.0.0/8\ndrop from 11.0.0.0/8\n", 1},
	{"drop from not 10.0.0.0/8\ndrop from 10.0.0.0/7\n", 0},
	{"drop from not 10.0.0.0/8\ndrop from 2001:db8::/32\n", 1},
	{"drop from not 10.0.0.0/8\ndrop from not 10.0.0.0/7\n", 1},
	{"drop from not 10.0.0.0/7\ndrop from not 10.0.0.0/8\n", 0},
	{"drop from not 10.0.0.0/8\ndrop from @a\n", 0},
	{"drop tcp flags syn\ndrop tcp flags syn,!ack\n", 1},
	{"drop tcp flags syn,!ack\ndrop tcp flags syn\n", 0},
	{"drop tcp flags syn\ndrop tcp\n", 0},
	{"drop icmp type 8\ndrop icmp type 8 code 0\n", 1},
	{"drop icmp type 8 code 0\ndrop icmp type 8\n", 0},
	{"drop length 0-100\ndrop length 10-20\n", 1},
	{"drop length 10-20\ndrop length 10-21\n", 0},
	{"drop ttl 0-100\ndrop ttl 100-101\n", 0},
	{"drop state new\ndrop to 10.0.0.1 state new\n", 1},
	{"drop state new\ndrop state established\n", 0},
	{"drop dscp 3\ndrop dscp 3 fragment\n", 1},
	{"drop fragment\ndrop dscp 3\n", 0},
	{"drop limit 5/s\ndrop tcp\n", 0},
	{"drop limit over 5/s\ndrop tcp\n", 0},
	{"drop tcp\ndrop tcp limit 5/s\n", 1},
};

static void each_pair(void **state)
{
	struct node_facts facts = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(shadow_rows) / sizeof(shadow_rows[0]); i++) {
		const struct shadow_row *row = &shadow_rows[i];
		struct diagnostic diagnostic = {0};
		struct examined examined;
		struct config *config;
		char text[512];
		size_t last;

		snprintf(text, sizeof(text),
			 "set a { 10.0.0.1 }\nset b { 10.0.0.2 }\nguard {\n%s}\n", row->rules);
		if (config_parse(&config, "test", text, strlen(text), &diagnostic))
			fail_msg("%s%s", row->rules, diagnostic.text);
		assert_int_equal(policy_examine(&examined, config, NULL, &facts, &diagnostic), 0);
		last = config->guard.count - 1;
		if (examined.lists[0].shadowed_by[last] != row->by)
			fail_msg("%sthe last is shadowed by %u", row->rules,
				 examined.lists[0].shadowed_by[last]);
		examined_free(&examined);
		config_free(config);
	}
}

/* No packet is decided by a rule that is said never to match. */
static void check_sound(struct config *config, const struct examined *examined)
{
	const struct rules *rules = &config->guard;

	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t aim = dice((uint32_t)rules->count);
		struct tw_packet p;
		size_t first;

		make_packet(&p);
		aim_at(&p, &rules->items[aim]);
		first = walk(config, rules, &p, 1 + dice(3));
		if (first < rules->count)
			assert_int_equal(examined->lists[0].shadowed_by[first], 0);
	}
}

static unsigned int families_of_set(const struct set *set)
{
	unsigned int families = 0;

	for (size_t i = 0; i < set->count; i++)
		families |= addr_is_ipv4(&set->items[i].addr) ? 1 : 2;
	return families;
}

static unsigned int families_of(const struct config *config, const struct addresses *addresses)
{
	unsigned int families = addresses->count && !addresses->negated ? 0 : 3;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_SET)
			families |= families_of_set(config_set(config, item->set));
		else
			families |= addr_is_ipv4(&item->prefix.addr) ? 1 : 2;
	}
	return families;
}

/* Is there a packet that the rule matches? */
static bool can_match(const struct config *config, const struct rule *rule)
{
	unsigned int families = families_of(config, &rule->from) & families_of(config, &rule->to);

	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMP)
		families &= 1;
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMPV6)
		families &= 2;
	return families;
}

/* Rules at the end that are one of those before them once more are all found. */
static void check_complete(const struct config *config, const struct examined *examined,
			   const uint32_t *of, uint32_t copies)
{
	const struct rules *rules = &config->guard;
	uint32_t first = (uint32_t)rules->count - copies;

	for (uint32_t i = 0; i < copies; i++) {
		uint32_t by = examined->lists[0].shadowed_by[first + i];

		if (rules->items[of[i]].fields & RULE_LIMIT ||
		    !can_match(config, &rules->items[of[i]]))
			continue;
		assert_true(by >= 1);
		assert_true(by <= of[i] + 1);
	}
}

#define COPIES 40

static void copy_rules(struct config *config, uint32_t *of)
{
	uint32_t count = (uint32_t)config->guard.count;

	for (uint32_t i = 0; i < COPIES; i++) {
		struct rule *copy =
			config_push(&config->guard.items, &config->guard.count, sizeof(*copy));

		of[i] = dice(count);
		*copy = config->guard.items[of[i]];
	}
}

/* The copies own nothing. */
static void forget_copies(struct config *config)
{
	config->guard.count -= COPIES;
}

static void lists_at_random(void **state)
{
	struct node_facts facts = {0};

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct config *config = make_config(i < 95 ? 1 + dice(300) : 3000, i % 2);
		struct diagnostic diagnostic = {0};
		struct compiled compiled;
		struct examined examined;
		uint32_t of[COPIES];

		copy_rules(config, of);
		assert_int_equal(policy_compile(&compiled, config, NULL, &facts, &diagnostic), 0);
		for (size_t j = 0; j < config->set_count; j++)
			config->sets[j].index = TW_NONE32;
		assert_int_equal(policy_examine(&examined, config, NULL, &facts, &diagnostic), 0);
		classify_in = &compiled;
		check_sound(config, &examined);
		check_complete(config, &examined, of, COPIES);
		forget_copies(config);
		examined_free(&examined);
		compiled_free(&compiled);
		config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair),
		cmocka_unit_test(lists_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
