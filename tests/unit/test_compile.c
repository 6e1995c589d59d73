/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From model to image: what the data path will find in it, and whose counters go on. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "kernel/instance.h"
#include "tierwall/classifier.h"
#include "tierwall/hash.h"

static const char three_tiers[] =
	"set office { 198.51.100.0/24, 2001:db8:10::/48 }\n"
	"host { accept tcp from @office to port 22; default drop }\n"
	"tier web {\n"
	"    server web1 192.0.2.1 2001:db8::1\n"
	"    server web2 192.0.2.2\n"
	"    firewall {\n"
	"        accept tcp to port { 80, 443 }\n"
	"        accept tcp from { 203.0.113.1, 203.0.113.2, @office } to port 22\n"
	"        accept udp to port 53\n"
	"    }\n"
	"}\n"
	"service www { listen 203.0.113.80 tcp port 443; listen 2001:db8::80 tcp port 443; tier "
	"web }\n";

struct made {
	struct config *config;
	struct compiled compiled;
	const struct tw_policy *image;
};

static struct made make(const char *text, const struct made *before)
{
	union tw_addr own = {.bytes = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 80}};
	struct node_facts facts = {.addresses = &own, .address_count = 1};
	struct diagnostic diagnostic = {0};
	struct made made = {0};

	if (config_parse(&made.config, "test.conf", text, strlen(text), &diagnostic) ||
	    config_check(made.config, &diagnostic))
		fail_msg("%s", diagnostic.text);
	if (before)
		assert_int_equal(ids_inherit(made.config, before->config), 0);
	assert_int_equal(policy_compile(&made.compiled, made.config, before ? before->image : NULL,
					&facts, &diagnostic),
			 0);
	made.image = (const void *)made.compiled.image;
	return made;
}

/* The same model with the same places of sets, after its own image. */
static struct made compile_again(const struct made *made)
{
	struct node_facts facts = {0};
	struct diagnostic diagnostic = {0};
	struct made again = {.config = made->config};

	assert_int_equal(
		policy_compile(&again.compiled, made->config, made->image, &facts, &diagnostic), 0);
	again.image = (const void *)again.compiled.image;
	return again;
}

static void unmake(struct made *made)
{
	compiled_free(&made->compiled);
	config_free(made->config);
}

static const struct tw_address *look_up(const struct tw_policy *image, const union tw_addr *addr)
{
	const struct tw_address *table = IMAGE_SECTION(image, struct tw_address, addresses);
	uint32_t mask = image->addresses.count - 1, hash = tw_hash_addr(addr);

	for (uint32_t i = 0; i < TW_ADDRESS_PROBES; i++)
		if (tw_addr_equal(&table[(hash + i) & mask].addr, addr))
			return &table[(hash + i) & mask];
	return NULL;
}

static void an_address_is_found_with_all_that_it_is(void **state)
{
	struct made made = make(three_tiers, NULL);
	const struct service *www = &made.config->services[0];
	const struct tw_address *found = look_up(made.image, &www->listens[0].addr);

	(void)state;
	assert_non_null(found);
	assert_int_equal(found->listens, 1);
	assert_int_equal(found->server, TW_NONE16);
	assert_true(found->kind & TW_ADDRESS_LOCAL);
	found = look_up(made.image, &made.config->tiers[0].servers[1].addr[0]);
	assert_non_null(found);
	assert_int_equal(found->server, 1);
	assert_false(found->kind & TW_ADDRESS_LOCAL);
	unmake(&made);
}

static const struct tw_rule4 *rules_of_leaf(const struct made *made, uint64_t leaf)
{
	assert_int_equal(TW_TREE_KIND(leaf), TW_TREE_LEAF);
	return arena_at(&made->compiled.arena, TW_TREE_AT(leaf));
}

static void a_rule_with_lists_is_a_row_for_each_combination(void **state)
{
	struct made made = make(three_tiers, NULL);
	const struct tw_tier *tier = IMAGE_SECTION(made.image, struct tw_tier, tiers);
	const struct tw_rule4 *rules = rules_of_leaf(&made, tier->rules.root[0]);

	(void)state;
	/* two ports; two prefixes and a set that two rules ask for; one */
	assert_int_equal(TW_TREE_COUNT(tier->rules.root[0]), 6);
	assert_int_equal(TW_RULE_COUNTER(rules[0].word), TW_RULE_COUNTER(rules[1].word));
	assert_int_equal(rules[0].destination_port[0], 80);
	assert_int_equal(rules[1].destination_port[0], 443);
	assert_int_equal(TW_RULE_COUNTER(rules[2].word), TW_RULE_COUNTER(rules[4].word));
	assert_int_equal(rules[2].source, 0xcb007101);
	assert_int_equal(rules[3].source, 0xcb007102);
	assert_int_equal(TW_RULE_MORE(rules[4].word), 0);
	assert_true(rules[4].word & TW_RULE_HELD(0));
	assert_int_equal(rules[4].source_held, 1);
	assert_int_equal((uint8_t)rules[5].word, IPPROTO_UDP);
	assert_int_equal(TW_RULE_NUMBER(rules[5].word), 2);
	/* the set, which is known by heart, is the only one of them with an address of IPv6 */
	assert_int_equal(TW_TREE_COUNT(tier->rules.root[1]), 4);
	unmake(&made);
}

static uint32_t flags_of(const struct made *made, const char *name)
{
	const struct tw_set_map *rows = IMAGE_SECTION(made->image, struct tw_set_map, set_maps);
	uint32_t i = 0;

	while (strcmp(rows[i].name, name) != 0)
		assert_true(++i < made->image->set_maps.count);
	return rows[i].flags;
}

/* Not one that expires, is large, or is asked by one rule or by the first ones of guard alone. */
static void small_sets_that_rules_ask_for_are_known(void **state)
{
	static const char text[] =
		"set office { 192.0.2.0/24, 2001:db8::/32 }\n"
		"set once { 192.0.2.0/24 }\n"
		"set front { 192.0.2.0/24 }\n"
		"guard { drop from @front; drop from @front; drop from @office to port 1\n"
		"drop tcp from @once\n"
		"drop udp from @office }\n";
	struct made made = make(text, NULL), again;

	(void)state;
	assert_int_equal(flags_of(&made, "office"), TW_SET_KNOWN);
	assert_int_equal(flags_of(&made, "once"), 0);
	assert_int_equal(flags_of(&made, "front"), 0);
	assert_int_equal(made.image->known.count, 2);
	assert_int_equal(made.image->ladder[0].levels, 1);

	/* an edit of rules does not have the entries: the image has */
	for (size_t i = 0; i < made.config->set_count; i++) {
		free(made.config->sets[i].items);
		made.config->sets[i].items = NULL;
		made.config->sets[i].count = 0;
	}
	again = compile_again(&made);
	assert_int_equal(flags_of(&again, "office"), TW_SET_KNOWN);
	assert_int_equal(again.image->known.count, 2);
	assert_memory_equal(IMAGE_SECTION(again.image, struct tw_known, known),
			    IMAGE_SECTION(made.image, struct tw_known, known),
			    2 * sizeof(struct tw_known));
	compiled_free(&again.compiled);
	unmake(&made);
}

/* Entries that expire are the data path's to forget. */
static void what_expires_or_did_is_not_known(void **state)
{
	static const char text[] = "set s { 192.0.2.1 }\n"
				   "guard { drop tcp from @s; drop udp from @s }\n";
	struct made made = make(text, NULL), next;
	struct tw_set_map *row = (void *)(made.compiled.image + made.image->set_maps.offset);

	(void)state;
	assert_int_equal(row->flags, TW_SET_KNOWN);
	row->flags = TW_SET_TIMED;
	next = make(text, &made);
	assert_int_equal(flags_of(&next, "s"), TW_SET_TIMED);
	assert_int_equal(next.image->known.count, 0);
	unmake(&next);
	next = make("set s { 192.0.2.2 }\nguard { drop tcp from @s; drop udp from @s }\n", &made);
	assert_int_equal(flags_of(&next, "s"), TW_SET_TIMED);
	unmake(&next);
	unmake(&made);
}

static void ports_that_touch_are_one_range_and_prefixes_that_halve_one_are_it(void **state)
{
	struct made made = make("guard { drop tcp from { 10.0.0.0/9, 10.128.0.0/9, 10.1.0.0/16 } "
				"to port { 81-90, 80, 92, 85-91 } }\n",
				NULL);
	const struct tw_rule4 *rules = rules_of_leaf(&made, made.image->guard.root[0]);

	(void)state;
	assert_int_equal(TW_TREE_COUNT(made.image->guard.root[0]), 1);
	assert_int_equal(rules->source, 0x0a000000);
	assert_int_equal(rules->source_mask, 0xff000000);
	assert_int_equal(rules->destination_port[0], 80);
	assert_int_equal(rules->destination_port[1], 92);
	assert_int_equal(made.image->guard.root[1], TW_TREE_EMPTY);
	unmake(&made);
}

static void a_long_list_is_a_set(void **state)
{
	char text[1024] = "guard { drop from { ";
	struct made made;

	(void)state;
	for (int i = 0; i < 17; i++)
		sprintf(text + strlen(text), "%s10.0.%d.1", i ? ", " : "", 2 * i);
	sprintf(text + strlen(text), " } }\n");
	made = make(text, NULL);
	assert_int_equal(made.image->set_maps.count, 1);
	assert_int_equal(TW_TREE_COUNT(made.image->guard.root[0]), 2);
	unmake(&made);
}

/* An address that no prefix of the other family holds is in none of them. */
static void what_is_negated_holds_for_both_families(void **state)
{
	struct made made = make("set a { 192.0.2.0/24 }\n"
				"guard { drop from not 10.0.0.0/8 to 2001:db8::1\n"
				"drop from not @a to not { 192.0.2.1, 2001:db8::1 }\n"
				"drop icmp from not 2001:db8::/32 }\n",
				NULL);
	const struct tw_rule4 *rules = rules_of_leaf(&made, made.image->guard.root[0]);
	const struct tw_more *more = (const void *)&rules[1];

	(void)state;
	/* the second with its set and its prefix, and the third, which asks nothing there */
	assert_int_equal(TW_TREE_COUNT(made.image->guard.root[0]), 4);
	assert_int_equal(TW_RULE_MORE(rules[0].word), 2);
	assert_int_equal(more[0].kind, TW_MORE_NOT_PREFIX);
	assert_int_equal(more[0].side, 1);
	assert_int_equal(more[1].kind, TW_MORE_SETS);
	assert_int_equal(more[1].negated, 1);
	assert_int_equal(TW_RULE_MORE(rules[3].word), 0);
	/* the first needs no look at its source there; the second has two more */
	assert_int_equal(TW_TREE_COUNT(made.image->guard.root[1]), 3);
	unmake(&made);
}

static void a_tier_is_a_set_where_a_rule_names_it(void **state)
{
	struct made made = make("tier a { server x 192.0.2.1\nfirewall { accept from @b } }\n"
				"tier b { server x 192.0.2.2 2001:db8::2 }\n"
				"tier c { server x 192.0.2.3 { firewall { drop to not @d } } }\n"
				"tier d { server x 192.0.2.4 }\n"
				"service s { listen 203.0.113.1 tcp port 1; tier c; from @a }\n",
				NULL);
	const struct tier *tiers = made.config->tiers;

	(void)state;
	assert_int_equal(made.image->set_maps.count, 3);
	assert_int_equal(made.compiled.set_count, 3);
	assert_int_not_equal(tiers[0].set_index, TW_NONE32);
	assert_int_not_equal(tiers[1].set_index, TW_NONE32);
	assert_int_equal(tiers[2].set_index, TW_NONE32);
	assert_int_not_equal(tiers[3].set_index, TW_NONE32);
	unmake(&made);
}

static void every_object_has_a_counter_of_its_own(void **state)
{
	struct made made = make(three_tiers, NULL);
	const uint32_t *ids = IMAGE_SECTION(made.image, uint32_t, ids);

	(void)state;
	/* guard default; host rule and default; three rules and default; service and two members */
	assert_int_equal(made.image->ids.count, 10);
	assert_int_equal(made.compiled.fresh.count, 10);
	for (uint32_t i = 0; i < made.image->ids.count; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	unmake(&made);
}

static void counters_go_on_for_what_stays_the_same(void **state)
{
	struct made before = make(three_tiers, NULL), after;
	struct rules *old, *new;

	(void)state;
	after = make("host { accept tcp from @office to port 22; default drop }\n"
		     "set office { 198.51.100.0/24 }\n"
		     "tier web {\n"
		     "    server web2 192.0.2.2\n"
		     "    server web3 192.0.2.3\n"
		     "    firewall {\n"
		     "        accept udp to port 53\n"
		     "        accept udp to port 54\n"
		     "        accept tcp to port { 80, 443 }\n"
		     "        default accept\n"
		     "    }\n"
		     "}\n"
		     "service www { listen 203.0.113.80 tcp port 443; tier web; forward l2 }\n",
		     &before);
	old = &before.config->tiers[0].rules;
	new = &after.config->tiers[0].rules;
	assert_int_equal(new->items[0].id, old->items[2].id);
	assert_int_equal(new->items[2].id, old->items[0].id);
	/* another default is another thing to count */
	assert_int_not_equal(new->default_id, old->default_id);
	assert_int_equal(after.config->services[0].id, before.config->services[0].id);
	assert_int_equal(after.config->services[0].member_ids[0],
			 before.config->services[0].member_ids[1]);
	/* a new rule gets no number that the policy before it still counts with */
	for (uint32_t i = 0; i < before.image->ids.count; i++)
		assert_int_not_equal(new->items[1].id,
				     IMAGE_SECTION(before.image, uint32_t, ids)[i]);
	assert_memory_equal(after.image->hash_key, before.image->hash_key, 16);
	unmake(&after);
	unmake(&before);
}

static void a_set_that_did_not_change_keeps_its_trie(void **state)
{
	struct made before = make("set a { 192.0.2.0/24 }\nset b { 192.0.2.0/24 }\n", NULL), after;

	(void)state;
	assert_int_equal(before.compiled.set_count, 2);
	after = make("set b { 192.0.2.0/24 }\nset a { 192.0.2.0/25 }\n", &before);
	assert_int_equal(after.compiled.set_count, 1);
	assert_int_equal(after.config->sets[0].index, before.config->sets[1].index);
	assert_int_not_equal(after.config->sets[1].index, before.config->sets[0].index);
	unmake(&after);
	unmake(&before);
}

static void the_image_holds_its_own_source(void **state)
{
	struct made made = make(three_tiers, NULL);
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_parse(&config, "image",
				      arena_at(&made.compiled.arena, made.image->text.offset),
				      made.image->text.count, &diagnostic),
			 0);
	assert_int_equal(config->tier_count, 1);
	assert_true(config->has_hash_key);
	assert_memory_equal(config->hash_key, made.image->hash_key, 16);
	config_free(config);
	unmake(&made);
}

static void too_many_rules_are_a_mistake_and_no_overflow(void **state)
{
	struct node_facts facts = {0};
	struct diagnostic diagnostic = {0};
	struct compiled compiled;
	struct config *config = NULL;
	char *text = malloc(8 << 20);
	size_t length = 0;

	(void)state;
	assert_non_null(text);
	length += (size_t)sprintf(text, "tier web { server a 192.0.2.1\nfirewall {\n");
	for (int i = 0; i < 10000; i++) {
		length += (size_t)sprintf(text + length, "accept tcp from any port {");
		for (int j = 0; j < 60; j++)
			length += (size_t)sprintf(text + length, "%d,", j * 2 + 1);
		length += (size_t)sprintf(text + length, "} to port {1,3,%d}\n", i + 5);
	}
	length += (size_t)sprintf(text + length, "} }\n");
	if (config_parse(&config, "big.conf", text, length, &diagnostic))
		fail_msg("%s", diagnostic.text);
	assert_int_equal(policy_compile(&compiled, config, NULL, &facts, &diagnostic), MISTAKE);
	assert_non_null(strstr(diagnostic.text, "big.conf:"));
	diagnostic_free(&diagnostic);
	config_free(config);
	free(text);
}

/* ::ffff:a.b.c.d */
#define IPV4(...)                                                  \
	{                                                          \
		.bytes = { [10] = 0xff, [11] = 0xff, __VA_ARGS__ } \
	}

static void tunnels_come_from_the_servers_network(void **state)
{
	static const char text[] =
		"tier t { server a 10.0.1.11; server b 2001:db8::b; server c 172.16.0.9 }\n"
		"service s { listen 192.0.2.10 tcp port 80; tier t; forward ipip; mss auto }\n";
	union tw_addr own[] = {IPV4(127, 0, 0, 1),
			       IPV4(192, 0, 2, 10),
			       IPV4(198, 51, 100, 1),
			       IPV4(10, 0, 1, 1),
			       {.bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}};
	uint8_t bits[] = {104, 128, 120, 120, 64};
	struct node_facts facts = {.addresses = own, .address_bits = bits, .address_count = 5};
	struct diagnostic diagnostic = {0};
	struct compiled compiled;
	struct config *config;
	const struct tw_policy *image;
	const struct tw_server *servers;

	(void)state;
	assert_int_equal(config_parse(&config, "t", text, strlen(text), &diagnostic), 0);
	assert_int_equal(config_check(config, &diagnostic), 0);
	assert_int_equal(policy_compile(&compiled, config, NULL, &facts, &diagnostic), 0);
	image = (const void *)compiled.image;
	servers = IMAGE_SECTION(image, struct tw_server, servers);
	assert_memory_equal(&servers[0].source[0], &own[3], sizeof(own[3]));
	assert_memory_equal(&servers[1].source[1], &own[4], sizeof(own[4]));
	assert_memory_equal(&servers[2].source[0], &own[2], sizeof(own[2]));
	assert_int_equal(image->gue_port, 6080);
	assert_int_equal(image->spread[0], 0);
	assert_true(image->flags & TW_POLICY_MSS);
	compiled_free(&compiled);
	facts.address_count = 2; /* loopback, and the service's own address: neither is a source */
	assert_int_equal(policy_compile(&compiled, config, NULL, &facts, &diagnostic), MISTAKE);
	assert_non_null(strstr(diagnostic.text, "tunnel { source ADDRESS }"));
	diagnostic_free(&diagnostic);
	config_free(config);
}

static void a_source_may_leave_bits_to_the_flow(void **state)
{
	struct made made =
		make("tunnel { source 172.16.0.0/16 2001:db8::/96; port 7 }\n"
		     "tier t { server a 10.0.1.11; server b 2001:db8::b }\n"
		     "service s { listen 192.0.2.10 tcp port 80; tier t; forward gue }\n",
		     NULL);
	const struct tw_server *servers = IMAGE_SECTION(made.image, struct tw_server, servers);

	(void)state;
	assert_int_equal(made.image->spread[0], htonl(0xffff));
	assert_int_equal(made.image->spread[1], htonl(0xffffffff));
	assert_int_equal(made.image->gue_port, 7);
	assert_int_equal(servers[0].source[0].words[3], htonl(0xac100000));
	unmake(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_found_with_all_that_it_is),
		cmocka_unit_test(a_rule_with_lists_is_a_row_for_each_combination),
		cmocka_unit_test(small_sets_that_rules_ask_for_are_known),
		cmocka_unit_test(what_expires_or_did_is_not_known),
		cmocka_unit_test(ports_that_touch_are_one_range_and_prefixes_that_halve_one_are_it),
		cmocka_unit_test(a_long_list_is_a_set),
		cmocka_unit_test(what_is_negated_holds_for_both_families),
		cmocka_unit_test(a_tier_is_a_set_where_a_rule_names_it),
		cmocka_unit_test(every_object_has_a_counter_of_its_own),
		cmocka_unit_test(counters_go_on_for_what_stays_the_same),
		cmocka_unit_test(a_set_that_did_not_change_keeps_its_trie),
		cmocka_unit_test(the_image_holds_its_own_source),
		cmocka_unit_test(too_many_rules_are_a_mistake_and_no_overflow),
		cmocka_unit_test(tunnels_come_from_the_servers_network),
		cmocka_unit_test(a_source_may_leave_bits_to_the_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
