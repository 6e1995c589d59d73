/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guard: asked first, for every packet. */
#include "subjects.h"

#define REST                                                  \
	"tier web {\n"                                        \
	"	server web1 10.0.1.11 2001:db8:1::11\n"             \
	"	firewall { accept tcp to port 80; default drop }\n" \
	"}\n"                                                 \
	"tier edge {\n"                                       \
	"	server edge1 192.0.2.31 2001:db8:2::31\n"           \
	"	firewall { accept tcp; default drop }\n"            \
	"}\n"                                                 \
	"service front {\n"                                   \
	"	listen 192.0.2.10 tcp port 80\n"                    \
	"	listen 2001:db8:2::10 tcp port 80\n"                \
	"	tier edge\n"                                        \
	"}\n"

static const char configuration[] = INTERFACES HASH_KEY SETS "set watched { }\n"
							     "guard {\n"
							     "	drop from @blocked\n"
							     "	drop from 203.0.113.7\n"
							     "	drop from 2001:db8:d::/64\n"
							     "	drop from @watched\n"
							     "	accept tcp from @office\n"
							     "	drop tcp to port 25\n"
							     "}\n" REST;

static const char second[] =
	INTERFACES HASH_KEY SETS "set watched { }\n"
				 "guard { accept from @office; default drop }\n" REST;

#define BLOCKED(rule) .verdict = XDP_DROP, .reason = "blocked", .moves = {"guard.rules." rule}
#define WATCH4        "set add watched 198.51.100.0/25 2001:db8:c::/64"
#define UNWATCH4      "set del watched 198.51.100.0/25 2001:db8:c::/64"

static const struct row rows[] = {
	{"a packet from an address in a set is blocked",
	 0,
	 {{.in = {TCP(ATTACKER, WEB1, 80, SYN)}, BLOCKED("1")}}},
	{"a packet from an address outside of the set goes on",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1"}}}},
	{"a packet from an IPv4 address is blocked",
	 ONLY_IPV4,
	 {{.in = {TCP(MONITOR, WEB1, 80, SYN)}, BLOCKED("2")}}},
	{"a packet from an IPv6 prefix is blocked",
	 ONLY_IPV6,
	 {{.in = {TCP(MONITOR, WEB1, 80, SYN)}, BLOCKED("3")}}},
	{"the last address of a set's prefix is blocked",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN), .source = "203.0.113.127"}, BLOCKED("1")}}},
	{"the address behind a set's prefix is not",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN), .source = "203.0.113.128"},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1"}}}},
	{"every protocol is blocked",
	 0,
	 {{.in = {.protocol = PING, .from = ATTACKER, .to = WEB1, .payload = 8}, BLOCKED("1")},
	  {.in = {UDP(ATTACKER, WEB1, 53)}, BLOCKED("1")},
	  {.in = {.protocol = IPPROTO_GRE, .from = ATTACKER, .to = WEB1, .payload = 30},
	   BLOCKED("1")}}},
	{"a packet for this node is blocked",
	 0,
	 {{.in = {TCP(ATTACKER, NODE, 22, SYN)}, BLOCKED("1")}}},
	{"a packet for a service is blocked",
	 0,
	 {{.in = {TCP(ATTACKER, VIP, 80, SYN)}, BLOCKED("1")}}},
	{"a packet for others is blocked",
	 0,
	 {{.in = {TCP(ATTACKER, OTHER, 80, SYN)}, BLOCKED("1")}}},
	{"guard's rule on a port is asked for packets of others",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 25, SYN)}, BLOCKED("6")}}},
	{"accept in guard goes on to the next stage, which refuses",
	 0,
	 {{.in = {TCP(OFFICE, WEB1, 25, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"guard.rules.5", "tiers.web.default"}}}},
	{"accept in guard goes on to the next stage, which accepts",
	 0,
	 {{.in = {TCP(OFFICE, WEB1, 80, SYN)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"guard.rules.5", "tiers.web.rules.1"}}}},
	{"the guard stops an established flow as soon as its source is in a set, and only for so "
	 "long",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}},
	  {.before = WATCH4, .in = {TCP(CLIENT, VIP, 80, ACK)}, BLOCKED("4")},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 80, SYN | ACK)},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}},
	  {.before = UNWATCH4,
	   .in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}}}},
	{"with `default drop` all that no rule accepts is dropped",
	 UNTAGGED,
	 {{.before = "apply",
	   .in = {TCP(CLIENT, WEB1, 80, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "default"},
	  {.in = {TCP(CLIENT, OTHER, 80, SYN)}, .verdict = XDP_DROP, .reason = "default"},
	  {.in = {TCP(CLIENT, NODE, 80, SYN)}, .verdict = XDP_DROP, .reason = "default"},
	  {.in = {TCP(OFFICE, WEB1, 80, SYN)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"guard.rules.1", "tiers.web.rules.1"}},
	  {.in = {.from = CLIENT, .ethertype = 0x0806, .payload = 28}, .verdict = XDP_PASS}}},
};

const struct subject subject_guard = {
	.name = "guard",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
