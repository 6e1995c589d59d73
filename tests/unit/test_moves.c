/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * service_moves(): the share of a service's flows that another configuration moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "compile/moves.h"

#define KEY                    "hash-key 000102030405060708090a0b0c0d0e0f\n"
#define OTHER_KEY              "hash-key ff0102030405060708090a0b0c0d0e0f\n"
#define WWW                    "service www { listen 203.0.113.10 tcp port 443; tier web }\n"
#define SHARE(share, expected) assert_true((share) > (expected)-0.01 && (share) < (expected) + 0.01)

struct image {
	struct config *config;
	struct compiled compiled;
};

static void compile(struct image *out, const char *text)
{
	struct node_facts facts = {};
	struct diagnostic diagnostic = {};

	if (config_parse(&out->config, "test", text, strlen(text), &diagnostic) ||
	    config_check(out->config, &diagnostic) ||
	    policy_compile(&out->compiled, out->config, NULL, &facts, &diagnostic))
		fail_msg("%s", diagnostic.text);
}

static struct moves moves_between(const char *now, const char *next)
{
	struct image before = {}, after = {};
	struct moves moves;

	compile(&before, now);
	compile(&after, next);
	moves = service_moves((const void *)before.compiled.image, 0,
			      (const void *)after.compiled.image, 0);
	compiled_free(&before.compiled);
	compiled_free(&after.compiled);
	config_free(before.config);
	config_free(after.config);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
