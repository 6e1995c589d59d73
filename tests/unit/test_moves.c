/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * service_moves(): the share of a service's flows that another configuration moves.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "compile/moves.h"
#include "tierwall/hash.h"

#define KEY                    "hash-key 000102030405060708090a0b0c0d0e0f\n"
#define OTHER_KEY              "hash-key ff0102030405060708090a0b0c0d0e0f\n"
#define WWW                    "service www { listen 203.0.113.10 tcp port 443; tier web }\n"
#define SHARE(share, expected) assert_true((share) > (expected)-0.01 && (share) < (expected) + 0.01)

static struct config *parse(const char *text)
{
	struct diagnostic diagnostic = {};
	struct config *config;

	if (config_parse(&config, "test", text, strlen(text), &diagnostic) ||
	    config_check(config, &diagnostic))
		fail_msg("%s", diagnostic.text);
	return config;
}

static struct moves moves_between(const char *now, const char *next)
{
	struct config *before = parse(now), *after = parse(next);
	struct moves moves;

	assert_int_equal(service_moves(&moves, before, after, "www"), 0);
	config_free(before);
	config_free(after);
	return moves;
}

static const char two[] = KEY "tier web { server a 10.0.0.1; server b 10.0.0.2 }\n" WWW;

static void nothing_moves_where_servers_stay(void **state)
{
	struct moves moves =
		moves_between(two, KEY "tier web { server other 10.0.0.1; server b 10.0.0.2\n"
				       "firewall { accept tcp to port 1 } }\n" WWW);

	(void)state;
	assert_true(moves.chosen == 0);
	assert_true(moves.lost == 0);
}

static void a_server_that_is_down_loses_its_flows(void **state)
{
	struct moves moves = moves_between(
		two, KEY "tier web { server a 10.0.0.1 state down; server b 10.0.0.2 }\n" WWW);

	(void)state;
	SHARE(moves.chosen, 0.5);
	SHARE(moves.lost, 0.5);
}

static void a_server_in_drain_keeps_live_flows(void **state)
{
	struct moves moves = moves_between(
		two, KEY "tier web { server a 10.0.0.1 state drain; server b 10.0.0.2 }\n" WWW);

	(void)state;
	SHARE(moves.chosen, 0.5);
	assert_true(moves.lost == 0);
}

static void a_server_with_another_address_is_another(void **state)
{
	struct moves moves =
		moves_between(two, KEY "tier web { server a 10.0.0.9; server b 10.0.0.2 }\n" WWW);

	(void)state;
	assert_true(moves.chosen > 0.49);
	SHARE(moves.lost, 0.5);
}

static void weights_move_their_share(void **state)
{
	struct moves moves = moves_between(
		two, KEY "tier web { server a 10.0.0.1 weight 3; server b 10.0.0.2 }\n" WWW);

	(void)state;
	assert_true(moves.chosen > 0.24 && moves.chosen < 0.5);
	assert_true(moves.lost == 0);
}

static void another_key_moves_by_chance(void **state)
{
	struct moves moves = moves_between(
		two, OTHER_KEY "tier web { server a 10.0.0.1; server b 10.0.0.2 }\n" WWW);

	(void)state;
	SHARE(moves.chosen, 0.5);
	assert_true(moves.lost == 0);
}

static void without_servers_all_are_lost(void **state)
{
	struct moves moves =
		moves_between(two, KEY "tier web { server c 2001:db8::1 }\n"
				       "service www { listen 2001:db8::10 tcp port 443; "
				       "tier web }\n");

	(void)state;
	assert_true(moves.chosen == 1);
	assert_true(moves.lost == 1);
}

/* -- against flows that are sent through both tables ------------------------------------ */

#define FLOWS 40000

/* The address of who gets a flow, NULL: nobody. */
static const union tw_addr *server_of_flow(const struct config *config,
					   const struct choice_table *table,
					   const struct tier *tier, const struct tw_packet *flow)
{
	struct tw_packet hashed = *flow;
	struct tw_service service = {};
	__u64 key[2];
	uint16_t i;

	service_hash_compile(&service, &config->services[0]);
	if (service.hash_off)
		tw_hash_only(&hashed, &service);
	memcpy(key, config->hash_key, sizeof(key));
	i = table->slots[(uint64_t)tw_hash_flow(key, &hashed) * table->count >> 32];
	return i == TW_NONE16 ? NULL : &tier->servers[i].addr[0];
}

static struct tw_packet random_flow(uint64_t number)
{
	struct tw_packet flow = {.protocol = IPPROTO_TCP, .dport = 443};
	uint64_t random = tw_mix(number * 0x9e3779b97f4a7c15ull);

	flow.saddr.words[2] = flow.daddr.words[2] = htonl(0xffff);
	flow.saddr.words[3] = htonl((uint32_t)random);
	flow.daddr.words[3] = htonl(0xcb00710a);
	flow.sport = (uint16_t)(random >> 40);
	return flow;
}

static double share_that_chooses_another(const char *now, const char *next)
{
	struct config *before = parse(now), *after = parse(next);
	const struct tier *tiers[2] = {&before->tiers[0], &after->tiers[0]};
	struct choice_table tables[2];
	unsigned int moved = 0;

	assert_int_equal(choice_table(&tables[0], tiers[0], 0), 0);
	assert_int_equal(choice_table(&tables[1], tiers[1], 0), 0);
	for (unsigned int i = 1; i <= FLOWS; i++) {
		struct tw_packet flow = random_flow(i);
		const union tw_addr *was = server_of_flow(before, &tables[0], tiers[0], &flow);
		const union tw_addr *is = server_of_flow(after, &tables[1], tiers[1], &flow);

		moved += was && (!is || memcmp(was, is, sizeof(*was)));
	}
	free(tables[0].slots);
	free(tables[1].slots);
	config_free(before);
	config_free(after);
	return (double)moved / FLOWS;
}

#define THREE(a, b, c)                                                                       \
	KEY "tier web { server a 10.0.0.1" a "; server b 10.0.0.2" b "; server c 10.0.0.3" c \
	    " }\n" WWW
#define FOUR                                                                                \
	KEY "tier web { server d 10.0.0.4; server c 10.0.0.3; server b 10.0.0.2; server a " \
	    "10.0.0.1 }\n" WWW

#define SAYING(words)                                                                \
	KEY "tier web { server a 10.0.0.1; server b 10.0.0.2; server c 10.0.0.3 }\n" \
	    "service www { listen 203.0.113.10 tcp port 443; tier web; " words " }\n"

static void the_share_is_that_of_simulated_flows(void **state)
{
	static const char *const changes[][2] = {
		{THREE("", "", ""), THREE("", " state down", "")},
		{THREE("", " state down", ""), THREE("", "", "")},
		{THREE("", " state down", ""), THREE(" state drain", " state down", "")},
		{THREE("", "", ""), THREE("", " weight 7", "")},
		{THREE(" weight 3", " weight 100", ""), THREE(" weight 3", " weight 50", "")},
		{THREE("", "", ""), THREE("", "", " weight 0")},
		{THREE("", "", ""), FOUR},
		{FOUR, two},
		{THREE(" state down", " state down", " state down"), THREE("", "", "")},
		{THREE("", "", ""), THREE(" state down", " state down", " state down")},
		{THREE("", "", " backup"), THREE("", " state down", " backup")},
		{THREE("", " state down", " backup"),
		 THREE(" state down", " state down", " backup")},
		{THREE("", "", " backup"), THREE("", "", "")},
		{SAYING(""), SAYING("affinity source")},
		{SAYING("affinity source"), SAYING("affinity source/24")},
		{SAYING("affinity source/20"), SAYING("affinity source/20; on-down reset")},
		{SAYING("hash source-port off"), SAYING("hash source-port on")},
		{SAYING("hash destination off"), SAYING("hash destination off; no-server reject")},
		{THREE(" weight 2", "", ""), OTHER_KEY
		 "tier web { server a 10.0.0.1; server b 10.0.0.2; server c 10.0.0.3 }\n" WWW},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct moves moves = moves_between(changes[i][0], changes[i][1]);

		SHARE(moves.chosen, share_that_chooses_another(changes[i][0], changes[i][1]));
	}
}

static void the_order_of_servers_moves_nothing(void **state)
{
	struct moves moves = moves_between(THREE("", " weight 5", ""),
					   KEY "tier web { server c 10.0.0.3; server a 10.0.0.1\n"
					       "server b 10.0.0.2 weight 5 }\n" WWW);

	(void)state;
	assert_true(moves.chosen == 0);
	assert_true(moves.lost == 0);
}

static void a_server_that_is_down_loses_nothing_where_flows_are_kept(void **state)
{
	struct moves moves = moves_between(
		two,
		KEY "tier web { server a 10.0.0.1 state down; server b 10.0.0.2 }\n"
		    "service www { listen 203.0.113.10 tcp port 443; tier web; on-down keep }\n");

	(void)state;
	SHARE(moves.chosen, 0.5);
	assert_true(moves.lost == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moves_where_servers_stay),
		cmocka_unit_test(a_server_that_is_down_loses_its_flows),
		cmocka_unit_test(a_server_in_drain_keeps_live_flows),
		cmocka_unit_test(a_server_with_another_address_is_another),
		cmocka_unit_test(weights_move_their_share),
		cmocka_unit_test(another_key_moves_by_chance),
		cmocka_unit_test(without_servers_all_are_lost),
		cmocka_unit_test(the_share_is_that_of_simulated_flows),
		cmocka_unit_test(a_server_that_is_down_loses_nothing_where_flows_are_kept),
		cmocka_unit_test(the_order_of_servers_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
