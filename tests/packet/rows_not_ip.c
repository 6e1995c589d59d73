/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What always passes: frames that are not IP, and neighbour discovery. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "host { default drop }\n"
					     "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall { default drop }\n"
					     "}\n";

#define FRAME(type, bytes) .in = {.from = CLIENT, .ethertype = (type), .payload = (bytes)}
#define DISCOVERY(number, party, hops)     \
	.in = {.from = (party),            \
	       .to = NODE,                 \
	       .protocol = IPPROTO_ICMPV6, \
	       .type = (number),           \
	       .ttl = (hops),              \
	       .payload = 16}

static const struct row rows[] = {
	{"ARP passes", ONLY_IPV4, {{FRAME(0x0806, 28), .verdict = XDP_PASS}}},
	{"LLDP passes", ONLY_IPV4, {{FRAME(0x88cc, 50), .verdict = XDP_PASS}}},
	{"a frame with a length in place of a type (spanning tree) passes",
	 ONLY_IPV4,
	 {{FRAME(38, 38), .verdict = XDP_PASS}}},
	{"MPLS passes", ONLY_IPV4, {{FRAME(0x8847, 64), .verdict = XDP_PASS}}},
	{"a frame with nothing behind its Ethernet header passes",
	 ONLY_IPV4 | UNTAGGED,
	 {{FRAME(0x0806, 0), .verdict = XDP_PASS}}},
	{"IP behind three VLAN tags passes unread",
	 UNTAGGED,
	 {{.in = {TCP(ATTACKER, WEB1, 80, SYN), .extra_tags = 3},
	   .verdict = XDP_PASS,
	   .moves = {"?guard.default"}}}},
	{"the same behind no, one or two VLAN tags is read and blocked",
	 0,
	 {{.in = {TCP(ATTACKER, WEB1, 80, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},

	{"a router solicitation passes whatever the rules say",
	 ONLY_IPV6,
	 {{DISCOVERY(133, ATTACKER, 255), .verdict = XDP_PASS, .moves = {"?guard.default"}}}},
	{"a router advertisement passes whatever the rules say",
	 ONLY_IPV6,
	 {{DISCOVERY(134, ATTACKER, 255), .verdict = XDP_PASS, .moves = {"?guard.default"}}}},
	{"a neighbour solicitation passes whatever the rules say",
	 ONLY_IPV6,
	 {{DISCOVERY(135, ATTACKER, 255), .verdict = XDP_PASS, .moves = {"?guard.default"}}}},
	{"a neighbour advertisement passes whatever the rules say",
	 ONLY_IPV6,
	 {{DISCOVERY(136, ATTACKER, 255), .verdict = XDP_PASS, .moves = {"?guard.default"}}}},
	{"a redirect passes whatever the rules say",
	 ONLY_IPV6,
	 {{DISCOVERY(137, ATTACKER, 255), .verdict = XDP_PASS, .moves = {"?guard.default"}}}},
	{"a solicitation from an address that is being checked for duplicates (::) passes",
	 ONLY_IPV6,
	 {{.in = {.from = CLIENT,
		  .source = "::",
		  .destination = "ff02::1:ff00:1",
		  .protocol = IPPROTO_ICMPV6,
		  .type = 135,
		  .ttl = 255,
		  .payload = 16},
	   .verdict = XDP_PASS,
	   .moves = {"?guard.default"}}}},
	{"a solicitation that has crossed a router (hop limit 254) is judged by guard",
	 ONLY_IPV6,
	 {{DISCOVERY(135, ATTACKER, 254), .verdict = XDP_DROP, .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"a solicitation that has crossed a router is judged by host",
	 ONLY_IPV6,
	 {{DISCOVERY(135, CLIENT, 64), .verdict = XDP_DROP, .reason = "default",
	   .moves = {"host.default"}}}},
	{"other ICMPv6 with hop limit 255 is judged like everything else",
	 ONLY_IPV6,
	 {{DISCOVERY(138, ATTACKER, 255), .verdict = XDP_DROP, .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"TCP with hop limit 255 is judged like everything else",
	 ONLY_IPV6,
	 {{.in = {TCP(ATTACKER, NODE, 135, SYN), .ttl = 255},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
};

const struct subject subject_not_ip = {
	.name = "frames that always pass",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
