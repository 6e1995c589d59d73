/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* State: replies, unasked replies, changes of the rules, servers' own connections. */
#include "subjects.h"

#define SERVICES                                \
	"service front {\n"                     \
	"	listen 192.0.2.10 tcp port 443\n"     \
	"	listen 2001:db8:2::10 tcp port 443\n" \
	"	tier edge\n"                          \
	"}\n"

static const char configuration[] =
	PREAMBLE "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	firewall { accept tcp to port 80; accept udp to port 53; default drop }\n"
		 "}\n"
		 "tier edge {\n"
		 "	server edge1 192.0.2.31 2001:db8:2::31\n"
		 "	firewall { accept tcp to port 443; accept tcp to port 22; default drop }\n"
		 "}\n" SERVICES;

/* Ports 80 and 53 of web are closed, edge says the same in other words, 22 is closed. */
static const char second[] = PREAMBLE
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11\n"
	"	firewall { accept tcp to port 81; default drop }\n"
	"}\n"
	"tier edge {\n"
	"	server edge1 192.0.2.31 2001:db8:2::31\n"
	"	firewall { drop tcp to port 22; accept tcp to port 400-500; default drop }\n"
	"}\n" SERVICES;

#define REFUSED(tier) .verdict = XDP_DROP, .reason = "default", .moves = {"tiers." tier ".default"}
#define BEGINS(tier, rule) \
	.verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {"tiers." tier ".rules." rule}
#define GOES_ON(tier, rule) .verdict = XDP_PASS, .moves = {"tiers." tier ".rules." rule}
#define FRONT(rule) \
	.moves = {"tiers.edge.rules." rule, "services.front", "services.front.servers.edge1"}
#define BEGINS_FRONT                                                                         \
	{                                                                                    \
		.in = {TCP(CLIENT, VIP, 443, SYN)}, .verdict = XDP_TX, .out = {.to = EDGE1}, \
		.flow = BEGINS_FLOW, FRONT("1")                                              \
	}

static const struct row rows[] = {
	{"an accepted flow goes on in both directions",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)}, BEGINS("web", "1")},
	  {.in = {TCP_REPLY(WEB1, CLIENT, 80, SYN | ACK)}, GOES_ON("web", "1")},
	  {.in = {TCP(CLIENT, WEB1, 80, ACK)}, GOES_ON("web", "1")},
	  {.in = {TCP(CLIENT, WEB1, 80, PSH | ACK), .payload = 9}, GOES_ON("web", "1")}}},
	{"a UDP flow goes on in both directions",
	 0,
	 {{.in = {UDP(CLIENT, WEB1, 53)}, BEGINS("web", "2")},
	  {.in = {UDP_REPLY(WEB1, CLIENT, 53)}, GOES_ON("web", "2")},
	  {.in = {UDP(CLIENT, WEB1, 53)}, GOES_ON("web", "2")}}},
	{"an answer that no server asked for is judged by the rules",
	 0,
	 {{.in = {TCP_REPLY(CLIENT, WEB1, 443, SYN | ACK)}, REFUSED("web")},
	  {.in = {UDP_REPLY(CLIENT, WEB1, 123)}, REFUSED("web")}}},
	{"a flow's ports the other way round are no part of it",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)}, BEGINS("web", "1")},
	  {.in = {TCP_REPLY(CLIENT, WEB1, 80, ACK)}, REFUSED("web")}}},
	{"a server's own connection lets its answers in",
	 0,
	 {{.in = {TCP(WEB1, OTHER, 443, SYN)}, .verdict = XDP_PASS, .flow = BEGINS_FLOW},
	  {.in = {TCP_REPLY(OTHER, WEB1, 443, SYN | ACK)}, .verdict = XDP_PASS},
	  {.in = {TCP(WEB1, OTHER, 443, ACK)}, .verdict = XDP_PASS},
	  {.in = {TCP_REPLY(OTHER, WEB1, 443, PSH | ACK), .payload = 77}, .verdict = XDP_PASS}}},
	{"a server's own UDP request lets its answer in",
	 0,
	 {{.in = {UDP(WEB1, OTHER, 123)}, .verdict = XDP_PASS, .flow = BEGINS_FLOW},
	  {.in = {UDP_REPLY(OTHER, WEB1, 123)}, .verdict = XDP_PASS}}},
	{"a forged packet in a server's name from another device opens no way in",
	 0,
	 {{.in = {TCP(WEB1, OTHER, 443, SYN), .device = WAN}, .verdict = XDP_PASS},
	  {.in = {TCP_REPLY(OTHER, WEB1, 443, SYN | ACK)}, REFUSED("web")}}},
	{"a forged UDP packet in a server's name from another device opens no way in",
	 0,
	 {{.in = {UDP(WEB1, OTHER, 123), .device = DMZ}, .verdict = XDP_PASS},
	  {.in = {UDP_REPLY(OTHER, WEB1, 123)}, REFUSED("web")}}},
	{"a SYN for a flow that is not established is asked about again",
	 0,
	 {BEGINS_FRONT,
	  {.in = {TCP(CLIENT, VIP, 443, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = MAY_BEGIN_FLOW,
	   FRONT("1")}}},
	{"ports of a flow that has ended serve a new one",
	 0,
	 {BEGINS_FRONT,
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, RST | ACK)},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   FRONT("1")},
	  BEGINS_FRONT,
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, SYN | ACK)},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   FRONT("1")}}},
	{"a change of rules ends a flow that would be refused",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)}, BEGINS("web", "1")},
	  {.in = {TCP(CLIENT, WEB1, 80, ACK)}, GOES_ON("web", "1")},
	  {.before = "apply", .in = {TCP(CLIENT, WEB1, 80, ACK)}, REFUSED("web")},
	  {.in = {TCP_REPLY(WEB1, CLIENT, 80, ACK)}, REFUSED("web")}}},
	{"a change of rules ends such a flow when its server speaks first, too",
	 UNTAGGED,
	 {{.in = {UDP(CLIENT, WEB1, 53)}, BEGINS("web", "2")},
	  {.before = "apply", .in = {UDP_REPLY(WEB1, CLIENT, 53)}, REFUSED("web")},
	  {.in = {UDP(CLIENT, WEB1, 53)}, REFUSED("web")}}},
	{"a change of rules keeps a flow that is still accepted, and counts it where it now "
	 "belongs",
	 UNTAGGED,
	 {BEGINS_FRONT,
	  {.in = {TCP(CLIENT, VIP, 443, ACK)}, .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT("1")},
	  {.before = "apply",
	   .in = {TCP(CLIENT, VIP, 443, ACK)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   FRONT("2")},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, ACK), .payload = 10},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   FRONT("2")}}},
	{"the same where the server speaks first",
	 UNTAGGED,
	 {BEGINS_FRONT,
	  {.in = {TCP(CLIENT, VIP, 443, ACK)}, .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT("1")},
	  {.before = "apply",
	   .in = {TCP_REPLY(EDGE1, CLIENT, 443, ACK), .payload = 10},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   FRONT("2")}}},
	{"a server's own connection outlives a change of rules",
	 UNTAGGED,
	 {{.in = {TCP(WEB1, OTHER, 443, SYN)}, .verdict = XDP_PASS, .flow = BEGINS_FLOW},
	  {.in = {TCP_REPLY(OTHER, WEB1, 443, SYN | ACK)}, .verdict = XDP_PASS},
	  {.in = {TCP(WEB1, OTHER, 443, ACK)}, .verdict = XDP_PASS},
	  {.before = "apply", .in = {TCP_REPLY(OTHER, WEB1, 443, ACK)}, .verdict = XDP_PASS}}},
	{"a rule that is added on the command line holds for the next packet of a flow",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, EDGE1, 22, SYN)}, BEGINS("edge", "2")},
	  {.before = "rule add edge at 1 drop tcp to port 22",
	   .in = {TCP(CLIENT, EDGE1, 22, ACK)},
	   .verdict = XDP_DROP,
	   .reason = "rule",
	   .moves = {"tiers.edge.rules.1"}},
	  {.before = "rule del edge 1",
	   .in = {TCP(CLIENT, EDGE1, 22, SYN)},
	   .verdict = XDP_PASS,
	   .flow = MAY_BEGIN_FLOW,
	   .moves = {"tiers.edge.rules.2"}}}},
	{"a rule with `state established` keeps flows that are live and lets no new one in",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)}, BEGINS("web", "1")},
	  {.in = {TCP(CLIENT, WEB1, 80, ACK)}, GOES_ON("web", "1")},
	  {.before = "rule del web 1"},
	  {.before = "rule add web at 1 accept tcp to port 80 state established",
	   .in = {TCP(CLIENT, WEB1, 80, ACK)},
	   GOES_ON("web", "1")},
	  {.in = {TCP(CLIENT, WEB1, 80, SYN), .from_port = 19999}, REFUSED("web")}}},
};

const struct subject subject_flow = {
	.name = "flows",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
