/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The node's own addresses: the host block, and what holds without one. */
#include "subjects.h"

#define WEB                                       \
	"tier web {\n"                            \
	"	server web1 10.0.1.11 2001:db8:1::11\n" \
	"	firewall { default drop }\n"            \
	"}\n"

static const char configuration[] = PREAMBLE "host {\n"
					     "	accept tcp from @office to port 22\n"
					     "	drop udp to port 161\n"
					     "	accept udp to 192.0.2.1 port 123\n"
					     "	accept udp to 2001:db8:2::1 port 123\n"
					     "	accept icmp type echo-request\n"
					     "	accept icmp6 type echo-request\n"
					     "	default drop\n"
					     "}\n" WEB;

static const char second[] = PREAMBLE WEB;

#define ACCEPTED(path)     .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW, .moves = {path}
#define REFUSED(why, path) .verdict = XDP_DROP, .reason = (why), .moves = {path}

static const struct row rows[] = {
	{"a packet for this node that a rule of host accepts passes",
	 0,
	 {{.in = {TCP(OFFICE, NODE, 22, SYN)}, ACCEPTED("host.rules.1")}}},
	{"the same from elsewhere is dropped for `default`",
	 0,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN)}, REFUSED("default", "host.default")}}},
	{"what a rule of host drops is dropped for `rule`",
	 0,
	 {{.in = {UDP(CLIENT, NODE, 161)}, REFUSED("rule", "host.rules.2")}}},
	{"a rule with an IPv4 address of this node",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, NODE, 123)}, ACCEPTED("host.rules.3")}}},
	{"a rule with an IPv6 address of this node",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, NODE, 123)}, ACCEPTED("host.rules.4")}}},
	{"an address on another device is this node's too",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "10.0.3.1"},
	   REFUSED("default", "host.default")}}},
	{"an IPv6 address on another device is this node's too",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "2001:db8:3::1"},
	   REFUSED("default", "host.default")}}},
	{"an accepted flow goes on without its rule being asked",
	 0,
	 {{.in = {TCP(OFFICE, NODE, 22, SYN)}, ACCEPTED("host.rules.1")},
	  {.in = {TCP(OFFICE, NODE, 22, ACK)}, .verdict = XDP_PASS, .moves = {"host.rules.1"}},
	  {.in = {TCP(OFFICE, NODE, 22, PSH | ACK), .payload = 50},
	   .verdict = XDP_PASS,
	   .moves = {"host.rules.1"}}}},
	{"a ping of this node is accepted where a rule says so",
	 ONLY_IPV4,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = NODE, .payload = 56},
	   ACCEPTED("host.rules.5")}}},
	{"a ping of this node over IPv6 is accepted where a rule says so",
	 ONLY_IPV6,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = NODE, .payload = 56},
	   ACCEPTED("host.rules.6")}}},
	{"an attacker's packet for this node is blocked before host is asked",
	 0,
	 {{.in = {TCP(ATTACKER, NODE, 22, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"what the node receives by no address of its own is host's: a broadcast",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, NODE, 137), .destination = "10.0.3.255"},
	   REFUSED("default", "host.default")}}},
	{"what the node receives by no address of its own is host's: an anycast",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, NODE, 137), .destination = "2001:db8:3::"},
	   REFUSED("default", "host.default")}}},
	{"what a rule of host accepts passes there, too",
	 ONLY_IPV4,
	 {{.in = {TCP(OFFICE, NODE, 22, SYN), .destination = "10.0.3.255"},
	   ACCEPTED("host.rules.1")}}},
	{"a neighbour's address, known to nobody, is not host's",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "10.0.3.254"}, .verdict = XDP_PASS}}},
	{"nor is it in IPv6",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "2001:db8:3::fe"},
	   .verdict = XDP_PASS}}},
	{"what a route refuses is not host's",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "172.16.9.1"}, .verdict = XDP_PASS}}},
	{"nor is it in IPv6: the kernel answers",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, NODE, 22, SYN), .destination = "2001:db8:bb::1"},
	   .verdict = XDP_PASS}}},
	{"a group is nobody's",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, NODE, 5353), .destination = "224.0.0.251"}, .verdict = XDP_PASS},
	  {.in = {UDP(CLIENT, NODE, 67), .destination = "255.255.255.255"}, .verdict = XDP_PASS}}},
	{"a group of IPv6 is nobody's",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, NODE, 5353), .destination = "ff02::fb"}, .verdict = XDP_PASS}}},
	{"host is not asked about packets for others",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 22, SYN)}, .verdict = XDP_PASS}}},
	{"without a host block packets for this node pass",
	 UNTAGGED,
	 {{.before = "apply",
	   .in = {TCP(CLIENT, NODE, 22, SYN)},
	   .verdict = XDP_PASS,
	   .flow = MAY_BEGIN_FLOW},
	  {.in = {UDP(CLIENT, NODE, 161)}, .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW},
	  {.in = {TCP(CLIENT, WEB1, 22, SYN)}, REFUSED("default", "tiers.web.default")}}},
};

const struct subject subject_host = {
	.name = "host",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
