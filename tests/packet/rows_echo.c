/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pings as flows: the answer to one that was accepted needs no rule. */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "host { default drop }\n"
		 "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	firewall {\n"
		 "		accept icmp from @office type echo-request\n"
		 "		accept icmp6 from @office type echo-request\n"
		 "		default drop\n"
		 "	}\n"
		 "}\n"
		 "tier app {\n"
		 "	server app1 10.0.1.21 2001:db8:1::21\n"
		 "	firewall { default drop }\n"
		 "}\n";

#define ECHO(kind, party, server) \
	.in = {.protocol = (kind), .from = (party), .to = (server), .payload = 56}
#define ANSWERED(rule)                                                               \
	{                                                                            \
		{ECHO(PING, OFFICE, WEB1), .verdict = XDP_PASS, .flow = BEGINS_FLOW, \
		 .moves = {"tiers.web.rules." rule}},                                \
			{ECHO(PONG, WEB1, OFFICE), .verdict = XDP_PASS,              \
			 .moves = {"tiers.web.rules." rule}},                        \
		{                                                                    \
			ECHO(PING, OFFICE, WEB1), .verdict = XDP_PASS, .moves = {    \
				"tiers.web.rules." rule                              \
			}                                                            \
		}                                                                    \
	}

static const struct row rows[] = {
	{"a ping that a rule accepts, and its answer", ONLY_IPV4, ANSWERED("1")},
	{"a ping over IPv6 that a rule accepts, and its answer", ONLY_IPV6, ANSWERED("2")},
	{"a ping that no rule accepts is dropped",
	 0,
	 {{ECHO(PING, CLIENT, WEB1), .verdict = XDP_DROP, .reason = "default",
	   .moves = {"tiers.web.default"}}}},
	{"an answer to nobody's ping is dropped",
	 0,
	 {{ECHO(PONG, OFFICE, WEB1), .verdict = XDP_DROP, .reason = "default",
	   .moves = {"tiers.web.default"}}}},
	{"a server's own ping lets its answer in",
	 0,
	 {{ECHO(PING, APP1, CLIENT), .verdict = XDP_PASS, .flow = BEGINS_FLOW},
	  {ECHO(PONG, CLIENT, APP1), .verdict = XDP_PASS}}},
	{"a ping with another identifier is not the answer",
	 0,
	 {{ECHO(PING, APP1, CLIENT), .verdict = XDP_PASS, .flow = BEGINS_FLOW},
	  {.in = {.protocol = PONG, .from = CLIENT, .to = APP1, .to_port = 7, .payload = 56},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.app.default"}}}},
};

const struct subject subject_echo = {
	.name = "pings",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
