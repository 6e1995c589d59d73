/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The word `strict`: TCP that begins in its middle is nobody's. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "host { strict; accept tcp to port 22 }\n"
					     "tier edge {\n"
					     "	strict\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "service front {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	tier edge\n"
					     "}\n";

#define INVALID        .verdict = XDP_DROP, .reason = "invalid-state"
#define ACCEPTED(path) .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW, .moves = {path}

static const struct row rows[] = {
	{"an ACK of no known flow to a server of a strict tier is invalid",
	 0,
	 {{.in = {TCP(CLIENT, EDGE1, 80, ACK)}, INVALID}}},
	{"a SYN with ACK of no known flow is invalid",
	 0,
	 {{.in = {TCP(CLIENT, EDGE1, 80, SYN | ACK)}, INVALID}}},
	{"a RST of no known flow is invalid", 0, {{.in = {TCP(CLIENT, EDGE1, 80, RST)}, INVALID}}},
	{"a FIN of no known flow is invalid",
	 0,
	 {{.in = {TCP(CLIENT, EDGE1, 80, FIN | ACK)}, INVALID}}},
	{"a SYN begins a flow that then goes on",
	 0,
	 {{.in = {TCP(CLIENT, EDGE1, 80, SYN)}, ACCEPTED("tiers.edge.default")},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 80, SYN | ACK)},
	   .verdict = XDP_PASS,
	   .moves = {"tiers.edge.default"}},
	  {.in = {TCP(CLIENT, EDGE1, 80, ACK)},
	   .verdict = XDP_PASS,
	   .moves = {"tiers.edge.default"}}}},
	{"UDP has no such state",
	 0,
	 {{.in = {UDP(CLIENT, EDGE1, 80)}, ACCEPTED("tiers.edge.default")}}},
	{"an ACK of no known flow to a service of a strict tier is invalid",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 443, ACK)}, INVALID}}},
	{"an ACK of no known flow to this node is invalid where host is strict",
	 0,
	 {{.in = {TCP(CLIENT, NODE, 22, ACK)}, INVALID}}},
	{"a SYN to this node is judged by its rules",
	 0,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN)}, ACCEPTED("host.rules.1")},
	  {.in = {TCP(CLIENT, NODE, 22, ACK)}, .verdict = XDP_PASS, .moves = {"host.rules.1"}}}},
	{"without `strict` an ACK of no known flow is judged like a SYN",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, ACK)}, ACCEPTED("tiers.web.default")}}},
};

const struct subject subject_strict = {
	.name = "strict",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
