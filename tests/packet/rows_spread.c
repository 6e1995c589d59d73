/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How new flows spread over servers: by weight, and with as few moves as can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node.h"
#include "subjects.h"

#define FLOWS 2000

static const enum party servers[] = {WEB1, WEB2, APP1};

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	server web2 10.0.1.12 2001:db8:1::12\n"
					     "	server app1 10.0.1.21 2001:db8:1::21\n"
					     "	firewall { accept tcp to port 80 }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 80\n"
					     "	listen 2001:db8:2::10 tcp port 80\n"
					     "	tier web\n"
					     "	forward l2\n"
					     "}\n";

/* The index in `servers` of who gets the SYN of a run; the frame says it by its MAC address. */
static size_t server_of(enum family family, unsigned int run)
{
	static struct frame frame;
	static struct outcome outcome;
	struct variant variant = {.family = family, .run = run};
	struct packet packet = {TCP(CLIENT, VIP, 80, SYN)};
	uint8_t mac[6];

	frame_build(&frame, &packet, &variant);
	node_send(row_node(), &frame, &outcome);
	assert_int_equal(outcome.verdict, XDP_REDIRECT);
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		party_mac(servers[i], mac);
		if (memcmp(outcome.bytes, mac, sizeof(mac)) == 0)
			return i;
	}
	fail_msg("a SYN went to nobody's MAC address");
	return 0;
}

static void spread(enum family family, unsigned int first_run, unsigned int share[3])
{
	memset(share, 0, 3 * sizeof(share[0]));
	for (unsigned int i = 0; i < FLOWS; i++)
		share[server_of(family, first_run + i)]++;
}

static unsigned int fresh_runs(void)
{
	unsigned int first = row_fresh_run();

	for (unsigned int i = 1; i < FLOWS; i++)
		row_fresh_run();
	return first;
}

static void command(const char *words)
{
	assert_int_equal(node_command(row_node(), words), 0);
}

/* 2,000 throws: five standard deviations of a third are 105 of 667. */
static void equal_weights(void **state)
{
	unsigned int share[3];

	(void)state;
	for (enum family family = IPV4; family <= IPV6; family++) {
		spread(family, fresh_runs(), share);
		for (int i = 0; i < 3; i++)
			assert_in_range(share[i], 560, 775);
	}
}

static void weights_hold(void **state)
{
	unsigned int share[3];

	(void)state;
	command("server set web web1 weight 1");
	command("server set web web2 weight 3");
	command("server set web app1 weight 6");
	for (enum family family = IPV4; family <= IPV6; family++) {
		spread(family, fresh_runs(), share);
		assert_in_range(share[0], 130, 270);
		assert_in_range(share[1], 495, 705);
		assert_in_range(share[2], 1090, 1310);
	}
}

/* A SYN chooses anew each time, so the same ones show who would go where. */
static void only_flows_of_the_fallen_move(void **state)
{
	static size_t before[FLOWS];

	(void)state;
	for (enum family family = IPV4; family <= IPV6; family++) {
		unsigned int first = fresh_runs(), moved = 0;

		for (unsigned int i = 0; i < FLOWS; i++)
			before[i] = server_of(family, first + i);
		command("server down web web2");
		for (unsigned int i = 0; i < FLOWS; i++) {
			size_t now = server_of(family, first + i);

			assert_true(now != 1);
			if (before[i] != 1)
				assert_int_equal(now, before[i]);
			moved += now != before[i];
		}
		assert_true(moved > 0);
		command("server up web web2");
		for (unsigned int i = 0; i < FLOWS; i++)
			assert_int_equal(server_of(family, first + i), before[i]);
	}
}

static int apply_configuration(void **state)
{
	(void)state;
	row_apply(configuration);
	return 0;
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(equal_weights, apply_configuration),
		cmocka_unit_test_setup(weights_hold, apply_configuration),
		cmocka_unit_test_setup(only_flows_of_the_fallen_move, apply_configuration),
	};

	return cmocka_run_group_tests_name(subject_spread.name, tests, NULL, NULL);
}

const struct subject subject_spread = {
	.name = "spread",
	.run = run,
	.count = 3,
};
