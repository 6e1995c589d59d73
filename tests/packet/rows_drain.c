/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many flows a server has left: what `server drain` waits for, what `show tiers` says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "node.h"
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall { accept tcp to port 80 }\n"
					     "}\n"
					     "tier app {\n"
					     "	server app1 10.0.1.21 2001:db8:1::21\n"
					     "	firewall { accept tcp to port 80 }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 80\n"
					     "	listen 2001:db8:2::10 tcp port 80\n"
					     "	tier web\n"
					     "}\n"
					     "service api {\n"
					     "	listen 192.0.2.20 tcp port 80\n"
					     "	listen 2001:db8:2::20 tcp port 80\n"
					     "	tier app\n"
					     "}\n";

static void send_from(enum party to, uint8_t flags, enum family family, unsigned int run)
{
	static struct frame frame;
	static struct outcome outcome;
	struct variant variant = {.family = family, .run = run};
	struct packet packet = {TCP(CLIENT, to, 80, flags)};

	frame_build(&frame, &packet, &variant);
	node_send(row_node(), &frame, &outcome);
	assert_int_equal(outcome.verdict, XDP_REDIRECT);
}

/* Runs the command, which prints the text and ends with the status. */
static void says(const char *words, int status, const char *text)
{
	char *out = NULL;

	assert_int_equal(node_output(row_node(), words, &out), status);
	assert_string_equal(out, text);
	free(out);
}

static json_int_t flows_left(size_t tier)
{
	char *text = NULL;
	json_t *tiers, *server;
	json_int_t flows;

	assert_int_equal(node_output(row_node(), "-j show tiers", &text), 0);
	tiers = json_loads(text, 0, NULL);
	free(text);
	server = json_array_get(json_object_get(json_array_get(tiers, tier), "servers"), 0);
	flows = json_integer_value(json_object_get(server, "flows-left"));
	json_decref(tiers);
	return flows;
}

static void drain_says_how_many_flows_are_left(void **state)
{
	unsigned int first = row_fresh_run(), second = row_fresh_run();

	(void)state;
	says("server drain web web1", 0, "0 flows left\n");
	says("server up web web1", 0, "");
	for (enum family family = IPV4; family <= IPV6; family++) {
		send_from(VIP, SYN, family, first);
		send_from(VIP, ACK, family, first);
	}
	send_from(VIP, SYN, IPV4, second);
	send_from(VIP2, SYN, IPV4, second);
	assert_int_equal(flows_left(0), 3);
	assert_int_equal(flows_left(1), 1);
	says("server drain web web1", 0, "3 flows left\n");
	says("server drain web web1 --wait 1s", 1, "3 flows left\n");
	send_from(VIP, FIN | ACK, IPV4, first);
	send_from(VIP, RST, IPV6, first);
	says("-j server drain web web1 --wait 1s", 1,
	     "{\n  \"schema\": 1,\n  \"flows-left\": 1\n}\n");
	send_from(VIP, RST, IPV4, second);
	says("server drain web web1 --wait 10m", 0, "0 flows left\n");
	assert_int_equal(flows_left(0), 0);
	assert_int_equal(flows_left(1), 1);
}

/* Flows are an address's: a server that comes under an old name begins without any. */
static void flows_stay_with_the_machine(void **state)
{
	unsigned int run = row_fresh_run();

	(void)state;
	send_from(VIP, SYN, IPV4, run);
	says("server del web web1", 0, "");
	says("server add web web1 10.0.1.12 2001:db8:1::12", 0, "");
	assert_int_equal(flows_left(0), 0);
	says("server del web web1", 0, "");
	says("server add web again 10.0.1.11 2001:db8:1::11", 0, "");
	says("server drain web again --wait 1s", 1, "1 flow left\n");
}

static void wait_needs_a_time_and_drain(void **state)
{
	(void)state;
	assert_int_equal(node_command(row_node(), "server drain web web1 --wait"), 1);
	assert_int_equal(node_command(row_node(), "server drain web web1 --wait soon"), 1);
	assert_int_equal(node_command(row_node(), "server drain web web1 --wait 31d"), 1);
	assert_int_equal(node_command(row_node(), "server down web web1 --wait 1s"), 1);
	assert_int_equal(node_command(row_node(), "server drain web web9 --wait 1s"), 1);
}

/* Loaded anew, so that no flow of another test is left. */
static int load_anew(void **state)
{
	struct node *node = row_node();

	(void)state;
	if (node->program >= 0) {
		assert_int_equal(node_command(node, "unload"), 0);
		close(node->program);
		node->program = -1;
	}
	row_apply(configuration);
	return 0;
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drain_says_how_many_flows_are_left, load_anew),
		cmocka_unit_test_setup(flows_stay_with_the_machine, load_anew),
		cmocka_unit_test_setup(wait_needs_a_time_and_drain, load_anew),
	};

	return cmocka_run_group_tests_name(subject_drain.name, tests, NULL, NULL);
}

const struct subject subject_drain = {
	.name = "drain",
	.run = run,
	.count = 3,
};
