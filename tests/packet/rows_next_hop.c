/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where forwarded packets go: fixed next hops, routes, no route, MTU. */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "tier fixed {\n"
		 "	server fixed1 10.0.1.40 2001:db8:1::40 mac 02:00:00:00:01:40 device lan\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "tier near {\n"
		 "	server near1 192.0.2.99 2001:db8:2::99 mac 02:00:00:00:02:31 device wan\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "tier db {\n"
		 "	server db1 10.0.3.11 2001:db8:3::11\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "tier lost {\n"
		 "	server lost1 172.16.9.9 2001:db8:bb::9\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "tier far {\n"
		 "	server monitor 203.0.113.7 2001:db8:d::7\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "tier attic {\n"
		 "	server old1 10.0.4.11 2001:db8:4::11\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "service attic {\n"
		 "	listen 192.0.2.10 tcp port 92\n"
		 "	listen 2001:db8:2::10 tcp port 92\n"
		 "	tier attic\n"
		 "}\n"
		 "tier quiet {\n"
		 "	server quiet1 10.0.1.50 2001:db8:1::50\n"
		 "	firewall { default accept }\n"
		 "}\n"
		 "service quiet {\n"
		 "	listen 192.0.2.10 tcp port 93\n"
		 "	listen 2001:db8:2::10 tcp port 93\n"
		 "	tier quiet\n"
		 "}\n"
		 "service attic-l2 {\n"
		 "	listen 192.0.2.10 tcp port 94\n"
		 "	listen 2001:db8:2::10 tcp port 94\n"
		 "	tier attic\n"
		 "	forward l2\n"
		 "}\n"
		 "service quiet-l2 {\n"
		 "	listen 192.0.2.10 tcp port 95\n"
		 "	listen 2001:db8:2::10 tcp port 95\n"
		 "	tier quiet\n"
		 "	forward l2\n"
		 "}\n"
		 "service fixed {\n"
		 "	listen 192.0.2.10 tcp port 80\n"
		 "	listen 2001:db8:2::10 tcp port 80\n"
		 "	tier fixed\n"
		 "}\n"
		 "service fixed-l2 {\n"
		 "	listen 192.0.2.10 tcp port 81\n"
		 "	listen 2001:db8:2::10 tcp port 81\n"
		 "	tier fixed\n"
		 "	forward l2\n"
		 "}\n"
		 "service near-l2 {\n"
		 "	listen 192.0.2.10 tcp port 82\n"
		 "	listen 2001:db8:2::10 tcp port 82\n"
		 "	tier near\n"
		 "	forward l2\n"
		 "}\n"
		 "service db {\n"
		 "	listen 192.0.2.10 tcp port 3306\n"
		 "	listen 2001:db8:2::10 tcp port 3306\n"
		 "	tier db\n"
		 "}\n"
		 "service lost {\n"
		 "	listen 192.0.2.10 tcp port 90\n"
		 "	listen 2001:db8:2::10 tcp port 90\n"
		 "	tier lost\n"
		 "}\n"
		 "service far {\n"
		 "	listen 192.0.2.10 tcp port 91\n"
		 "	listen 2001:db8:2::10 tcp port 91\n"
		 "	tier far\n"
		 "}\n";

#define COUNTS(tier, service, server)                            \
	.moves = {"tiers." tier ".default", "services." service, \
		  "services." service ".servers." server}
#define MAY_COUNT(tier, service, server)                                                   \
	.flow = MAY_BEGIN_FLOW, .moves = {"?tiers." tier ".default", "?services." service, \
					  "?services." service ".servers." server}

static const struct row rows[] = {
	{"a server with `mac` and `device` is reached without route and neighbour",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = FIXED1},
	   .flow = BEGINS_FLOW,
	   COUNTS("fixed", "fixed", "fixed1")}}},
	{"a server with `mac` and `device` in l2",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 81, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.via = FIXED1, .same_ttl = true},
	   .flow = BEGINS_FLOW,
	   COUNTS("fixed", "fixed-l2", "fixed1")}}},
	{"a server with `mac` on the device where the packet came in goes out there",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 82, SYN)},
	   .verdict = XDP_TX,
	   .out = {.via = EDGE1, .same_ttl = true},
	   .flow = BEGINS_FLOW,
	   COUNTS("near", "near-l2", "near1")}}},
	{"the same packet that comes in elsewhere is redirected to the server's device",
	 UNTAGGED,
	 {{.in = {TCP(APP1, VIP, 82, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.via = EDGE1, .same_ttl = true},
	   .flow = BEGINS_FLOW,
	   COUNTS("near", "near-l2", "near1")}}},
	{"a server behind a router goes to the router's MAC address",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 91, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = MONITOR},
	   .flow = BEGINS_FLOW,
	   COUNTS("far", "far", "monitor")}}},
	{"a packet that comes in from the servers' side goes out on theirs",
	 UNTAGGED,
	 {{.in = {TCP(APP1, VIP, 3306, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")},
	  {.in = {TCP_REPLY(DB1, APP1, 3306, SYN | ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP},
	   COUNTS("db", "db", "db1")}}},
	{"a device that takes no redirected frames: the kernel routes the packet, rewritten",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 92, SYN)},
	   .verdict = XDP_PASS,
	   .out = {.to = OLD1},
	   .flow = BEGINS_FLOW,
	   COUNTS("attic", "attic", "old1")},
	  {.in = {TCP_REPLY(OLD1, CLIENT, 92, SYN | ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP},
	   COUNTS("attic", "attic", "old1")}}},
	{"a neighbour that is not known yet: the kernel asks for it and routes the packet, "
	 "rewritten",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 93, SYN)},
	   .verdict = XDP_PASS,
	   .out = {.to = QUIET1},
	   .flow = BEGINS_FLOW,
	   COUNTS("quiet", "quiet", "quiet1")}}},
	{"no route to the server",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 90, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "no-route",
	   MAY_COUNT("lost", "lost", "lost1")}}},
	{"longer than the MTU of the way to the server and not to be fragmented",
	 UNTAGGED,
	 {{.in = {TCP(APP1, VIP, 3306, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")},
	  {.in = {TCP(APP1, VIP, 3306, ACK), .payload = 1481, .dont_fragment = true},
	   .verdict = XDP_DROP,
	   .reason = "too-big",
	   MAY_COUNT("db", "db", "db1")}}},
	{"longer than the MTU, but to be fragmented: the kernel does it",
	 UNTAGGED | ONLY_IPV4,
	 {{.in = {TCP(APP1, VIP, 3306, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")},
	  {.in = {TCP(APP1, VIP, 3306, ACK), .payload = 1481},
	   .verdict = XDP_PASS,
	   .out = {.to = DB1},
	   COUNTS("db", "db", "db1")}}},
	{"longer than the device takes that it came in by: the kernel put it together, and parts "
	 "it",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 3306, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")},
	  {.in = {TCP(CLIENT, VIP, 3306, ACK), .payload = 2900, .dont_fragment = true},
	   .verdict = XDP_PASS,
	   .out = {.to = DB1},
	   COUNTS("db", "db", "db1")}}},
	{"in l2 a device that takes no redirected frames is no way",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 94, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "no-route",
	   MAY_COUNT("attic", "attic-l2", "old1")}}},
	{"in l2 a neighbour that is not known yet is no way",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 95, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "no-route",
	   MAY_COUNT("quiet", "quiet-l2", "quiet1")}}},
	{"in l2 VLAN tags do not go to another device",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 81, SYN), .extra_tags = 1},
	   .verdict = XDP_DROP,
	   .reason = "no-route",
	   MAY_COUNT("fixed", "fixed-l2", "fixed1")}}},
	{"just as long as the MTU",
	 UNTAGGED | ONLY_IPV4,
	 {{.in = {TCP(CLIENT, VIP, 3306, SYN), .payload = 1460, .dont_fragment = true},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")}}},
	{"just as long as the MTU over IPv6",
	 UNTAGGED | ONLY_IPV6,
	 {{.in = {TCP(CLIENT, VIP, 3306, SYN), .payload = 1440},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = DB1},
	   .flow = BEGINS_FLOW,
	   COUNTS("db", "db", "db1")}}},
};

const struct subject subject_next_hop = {
	.name = "next hops",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
