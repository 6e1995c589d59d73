/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that a rule can ask of a packet: each rule stands alone before
 * `default drop`, with a packet that it matches and one that it just does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node.h"
#include "subjects.h"

/* `differs` is a packet of the other family. */
#define DIFFERS_IPV4 0x100
#define DIFFERS_IPV6 0x200

struct match {
	const char *rule;
	unsigned int only; /* enum only, DIFFERS_* */
	struct packet matches, differs;
};

#define ICMP(number, value)                                                                      \
	.protocol = IPPROTO_ICMP, .from = CLIENT, .to = WEB1, .type = (number), .code = (value), \
	.payload = 28
#define ICMP6(number, value)                                                                       \
	.protocol = IPPROTO_ICMPV6, .from = CLIENT, .to = WEB1, .type = (number), .code = (value), \
	.payload = 28
#define OTHER_PROTOCOL(number) .protocol = (number), .from = CLIENT, .to = WEB1
#define SOURCE(address)        TCP(CLIENT, WEB1, 80, SYN), .source = (address)

static const struct match all_matches[] = {
	/* protocols */
	{"accept tcp", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {UDP(CLIENT, WEB1, 80)}},
	{"accept udp", 0, {UDP(CLIENT, WEB1, 80)}, {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept icmp", ONLY_IPV4, {ICMP(13, 1)}, {UDP(CLIENT, WEB1, 80)}},
	{"accept icmp", ONLY_IPV4 | DIFFERS_IPV6, {ICMP(13, 1)}, {ICMP6(139, 1)}},
	{"accept icmp6", ONLY_IPV6, {ICMP6(139, 1)}, {UDP(CLIENT, WEB1, 80)}},
	{"accept icmp6", ONLY_IPV6 | DIFFERS_IPV4, {ICMP6(139, 1)}, {ICMP(13, 1)}},
	{"accept sctp", 0, {OTHER_PROTOCOL(IPPROTO_SCTP)}, {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept 47", 0, {OTHER_PROTOCOL(47)}, {OTHER_PROTOCOL(48)}},
	{"accept 6", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {UDP(CLIENT, WEB1, 80)}},
	{"accept 255", 0, {OTHER_PROTOCOL(255)}, {OTHER_PROTOCOL(254)}},
	{"accept tcp from any to any", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {UDP(CLIENT, WEB1, 80)}},

	/* addresses */
	{"accept from 203.0.113.7",
	 ONLY_IPV4,
	 {TCP(MONITOR, WEB1, 80, SYN)},
	 {SOURCE("203.0.113.8")}},
	{"accept from 2001:db8:d::7",
	 ONLY_IPV6,
	 {TCP(MONITOR, WEB1, 80, SYN)},
	 {SOURCE("2001:db8:d::8")}},
	{"accept from 203.0.113.0/28",
	 ONLY_IPV4,
	 {SOURCE("203.0.113.15")},
	 {SOURCE("203.0.113.16")}},
	{"accept from 2001:db8:d::/125",
	 ONLY_IPV6,
	 {SOURCE("2001:db8:d::7")},
	 {SOURCE("2001:db8:d::8")}},
	{"accept from 0.0.0.0/0",
	 ONLY_IPV4 | DIFFERS_IPV6,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from ::/0",
	 ONLY_IPV6 | DIFFERS_IPV4,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from @office", 0, {TCP(OFFICE, WEB1, 80, SYN)}, {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from @app", 0, {TCP(APP1, WEB1, 80, SYN)}, {TCP(DB1, WEB1, 80, SYN)}},
	{"accept from not 203.0.113.0/28",
	 ONLY_IPV4,
	 {SOURCE("203.0.113.16")},
	 {SOURCE("203.0.113.15")}},
	{"accept from not 2001:db8:d::/125",
	 ONLY_IPV6,
	 {SOURCE("2001:db8:d::8")},
	 {SOURCE("2001:db8:d::7")}},
	{"accept from not ::/0",
	 ONLY_IPV4 | DIFFERS_IPV6,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from not 0.0.0.0/0",
	 ONLY_IPV6 | DIFFERS_IPV4,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from not @office", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {TCP(OFFICE, WEB1, 80, SYN)}},
	{"accept to not @app", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {}},
	{"accept to not @web", 0, {}, {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from not { 203.0.113.7, 2001:db8:d::7 }",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(MONITOR, WEB1, 80, SYN)}},
	{"accept from not @office to not @app",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(OFFICE, WEB1, 80, SYN)}},
	{"accept from { @office, 203.0.113.7, 2001:db8:d::7 }",
	 0,
	 {TCP(MONITOR, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from { 203.0.113.7, 2001:db8:d::7, @office }",
	 0,
	 {TCP(OFFICE, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept from { @office, @app }",
	 0,
	 {TCP(APP1, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept to 10.0.1.11",
	 ONLY_IPV4,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB2, 80, SYN)}},
	{"accept to 2001:db8:1::11",
	 ONLY_IPV6,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB2, 80, SYN)}},
	{"accept to { 10.0.1.12/32, 2001:db8:1::12 }",
	 0,
	 {TCP(CLIENT, WEB2, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept to @web", 0, {TCP(CLIENT, WEB2, 80, SYN)}, {}},
	{"accept to @app", 0, {}, {TCP(CLIENT, WEB2, 80, SYN)}},
	{"accept from @office to 10.0.1.11 port 80",
	 ONLY_IPV4,
	 {TCP(OFFICE, WEB1, 80, SYN)},
	 {TCP(OFFICE, WEB2, 80, SYN)}},

	/* ports */
	{"accept tcp to port 80", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {TCP(CLIENT, WEB1, 81, SYN)}},
	{"accept udp to port 53", 0, {UDP(CLIENT, WEB1, 53)}, {TCP(CLIENT, WEB1, 53, SYN)}},
	{"accept sctp to port 3868",
	 0,
	 {OTHER_PROTOCOL(IPPROTO_SCTP), .to_port = 3868},
	 {OTHER_PROTOCOL(IPPROTO_SCTP), .to_port = 3869}},
	{"accept tcp to port 8000-8100",
	 0,
	 {TCP(CLIENT, WEB1, 8000, SYN)},
	 {TCP(CLIENT, WEB1, 7999, SYN)}},
	{"accept tcp to port 8000-8100",
	 0,
	 {TCP(CLIENT, WEB1, 8100, SYN)},
	 {TCP(CLIENT, WEB1, 8101, SYN)}},
	{"accept tcp to port { 80, 443, 8000-8100 }",
	 0,
	 {TCP(CLIENT, WEB1, 443, SYN)},
	 {TCP(CLIENT, WEB1, 444, SYN)}},
	{"accept tcp to port { 80, 443, 8000-8100 }",
	 0,
	 {TCP(CLIENT, WEB1, 8050, SYN)},
	 {TCP(CLIENT, WEB1, 81, SYN)}},
	{"accept tcp to port 1-65535",
	 0,
	 {TCP(CLIENT, WEB1, 65535, SYN)},
	 {UDP(CLIENT, WEB1, 65535)}},
	{"accept udp from any port 123",
	 0,
	 {UDP(CLIENT, WEB1, 9), .from_port = 123},
	 {UDP(CLIENT, WEB1, 123)}},
	{"accept tcp from any port 1000-1023 to port 513",
	 0,
	 {TCP(CLIENT, WEB1, 513, SYN), .from_port = 1023},
	 {TCP(CLIENT, WEB1, 513, SYN), .from_port = 1024}},
	{"accept tcp from any port { 20, 1023 } to port { 513, 514 }",
	 0,
	 {TCP(CLIENT, WEB1, 514, SYN), .from_port = 20},
	 {TCP(CLIENT, WEB1, 514, SYN), .from_port = 21}},
	{"accept tcp from @office port 1023 to @web port 513",
	 0,
	 {TCP(OFFICE, WEB1, 513, SYN), .from_port = 1023},
	 {TCP(CLIENT, WEB1, 513, SYN), .from_port = 1023}},

	/* what else stands in the headers */
	{"accept tcp flags syn", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {TCP(CLIENT, WEB1, 80, ACK)}},
	{"accept tcp flags syn,!ack",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN | ACK)}},
	{"accept tcp flags syn/syn,ack",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN | PSH)},
	 {TCP(CLIENT, WEB1, 80, SYN | ACK)}},
	{"accept tcp flags !syn", 0, {TCP(CLIENT, WEB1, 80, ACK)}, {TCP(CLIENT, WEB1, 80, SYN)}},
	{"accept tcp flags ece,cwr",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN | ECE | CWR)},
	 {TCP(CLIENT, WEB1, 80, SYN | ECE)}},
	{"accept icmp type echo-request", ONLY_IPV4, {ICMP(8, 0)}, {ICMP(13, 0)}},
	{"accept icmp6 type echo-request", ONLY_IPV6, {ICMP6(128, 0)}, {ICMP6(139, 0)}},
	{"accept icmp type 13", ONLY_IPV4, {ICMP(13, 0)}, {ICMP(15, 0)}},
	{"accept icmp6 type 139", ONLY_IPV6, {ICMP6(139, 0)}, {ICMP6(140, 0)}},
	{"accept icmp type 13 code 2", ONLY_IPV4, {ICMP(13, 2)}, {ICMP(13, 3)}},
	{"accept icmp6 type 139 code 2", ONLY_IPV6, {ICMP6(139, 2)}, {ICMP6(139, 3)}},
	{"accept tcp state new", 0, {TCP(CLIENT, WEB1, 80, SYN)}, {UDP(CLIENT, WEB1, 80)}},
	{"accept tcp state established", 0, {}, {TCP(CLIENT, WEB1, 80, ACK)}},
	{"accept length 100-200",
	 0,
	 {OTHER_PROTOCOL(47), .payload = 160},
	 {OTHER_PROTOCOL(47), .payload = 181}},
	{"accept length 80-200",
	 0,
	 {OTHER_PROTOCOL(47), .payload = 60},
	 {OTHER_PROTOCOL(47), .payload = 39}},
	{"accept ttl 10-20",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN), .ttl = 10},
	 {TCP(CLIENT, WEB1, 80, SYN), .ttl = 9}},
	{"accept ttl 10-20",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN), .ttl = 20},
	 {TCP(CLIENT, WEB1, 80, SYN), .ttl = 21}},
	{"accept dscp 46",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN), .dscp = 46},
	 {TCP(CLIENT, WEB1, 80, SYN), .dscp = 45}},
	{"accept dscp 1",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN), .dscp = 1},
	 {TCP(CLIENT, WEB1, 80, SYN), .dscp = 2}},
	{"accept udp fragment",
	 0,
	 {UDP(CLIENT, WEB1, 53), .payload = 24, .udp_length = 8, .more_fragments = true},
	 {UDP(CLIENT, WEB1, 53)}},
	{"accept in wan",
	 0,
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 {TCP(CLIENT, WEB1, 80, SYN), .device = DMZ}},
	{"accept tcp from @app to @web port 80 in lan",
	 0,
	 {TCP(APP1, WEB1, 80, SYN)},
	 {TCP(APP1, WEB1, 80, SYN), .device = WAN}},
	{"accept tcp from @office to port 80 flags syn ttl 60-64 length 40-80 dscp 8 in wan",
	 0,
	 {TCP(OFFICE, WEB1, 80, SYN), .dscp = 8},
	 {TCP(OFFICE, WEB1, 80, SYN), .dscp = 8, .ttl = 65}},
};

static void configure(const char *rule)
{
	char *text = NULL;

	if (asprintf(&text,
		     PREAMBLE "tier web {\n"
			      "	server web1 10.0.1.11 2001:db8:1::11\n"
			      "	server web2 10.0.1.12 2001:db8:1::12\n"
			      "	firewall { %s; default drop }\n"
			      "}\n"
			      "tier app {\n"
			      "	server app1 10.0.1.21 2001:db8:1::21\n"
			      "	firewall { default drop }\n"
			      "}\n",
		     rule) < 0)
		die("asprintf");
	row_apply(text);
	free(text);
}

static void run_packet(const char *rule, unsigned int only, const struct packet *packet,
		       bool matches)
{
	const struct row accepted = {
		.sentence = rule,
		.only = only,
		.steps = {{.in = *packet,
			   .verdict = XDP_PASS,
			   .flow = MAY_BEGIN_FLOW,
			   .moves = {"tiers.web.rules.1"}}},
	};
	const struct row refused = {
		.sentence = rule,
		.only = only,
		.steps = {{.in = *packet,
			   .verdict = XDP_DROP,
			   .reason = "default",
			   .moves = {"tiers.web.default"}}},
	};

	if (packet->from)
		row_run(matches ? &accepted : &refused, &subject_match);
}

static unsigned int only_of_differs(const struct match *match)
{
	if (match->only & DIFFERS_IPV4)
		return ONLY_IPV4;
	return match->only & DIFFERS_IPV6 ? ONLY_IPV6 : match->only;
}

static void run_match(void **state)
{
	const struct match *match = *state;

	configure(match->rule);
	run_packet(match->rule, match->only, &match->matches, true);
	run_packet(match->rule, only_of_differs(match), &match->differs, false);
}

static int run(void)
{
	static struct CMUnitTest tests[ARRAY_SIZE(all_matches)];

	for (size_t i = 0; i < ARRAY_SIZE(all_matches); i++) {
		tests[i].name = all_matches[i].rule;
		tests[i].test_func = run_match;
		tests[i].initial_state = (void *)&all_matches[i];
	}
	return cmocka_run_group_tests_name(subject_match.name, tests, NULL, NULL);
}

const struct subject subject_match = {
	.name = "what rules match",
	.run = run,
	.count = ARRAY_SIZE(all_matches),
};
