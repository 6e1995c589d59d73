/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sanity of IPv6 headers, extension headers and addresses. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 2001:db8:1::11\n"
					     "	firewall { accept tcp to port 80; default drop }\n"
					     "}\n";

#define SEGMENT(...)  .in = {TCP(CLIENT, WEB1, 80, SYN), __VA_ARGS__}
#define ACCEPTED      .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {"tiers.web.rules.1"}
#define MALFORMED     .verdict = XDP_DROP, .reason = "malformed"
#define MARTIAN       .verdict = XDP_DROP, .reason = "martian"
#define CHAIN(...)    .extensions = {__VA_ARGS__}
#define EIGHT(header) header, header, header, header, header, header, header, header

static const struct row rows[] = {
	{"version 4 in a frame that says IPv6 is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(.version = 4), MALFORMED}}},
	{"version 7 is malformed", ONLY_IPV6, {{SEGMENT(.version = 7), MALFORMED}}},
	{"a payload length beyond the frame is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(.total_length = 1), MALFORMED}}},
	{"a payload length of 65535 in a short frame is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(.total_length = 65515), MALFORMED}}},
	{"a payload length that ends within the TCP header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(.total_length = -1), MALFORMED}}},
	{"a payload length of nought leaves no TCP header and is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(.total_length = -20), MALFORMED}}},

	{"TCP behind a hop-by-hop header is found",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(HOP_BY_HOP)), ACCEPTED}}},
	{"TCP behind a routing header is found", ONLY_IPV6, {{SEGMENT(CHAIN(ROUTING)), ACCEPTED}}},
	{"TCP behind destination options is found",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(DESTINATION)), ACCEPTED}}},
	{"TCP behind an authentication header is found",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(AUTHENTICATION)), ACCEPTED}}},
	{"TCP behind a fragment header that says all is here is found",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(WHOLE_FRAGMENT)), ACCEPTED}}},
	{"TCP behind a chain of all of them is found",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(HOP_BY_HOP, DESTINATION, ROUTING, WHOLE_FRAGMENT, AUTHENTICATION,
			 DESTINATION)),
	   ACCEPTED}}},
	{"another port behind a chain is found and refused",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, WEB1, 81, SYN), CHAIN(HOP_BY_HOP, DESTINATION, ROUTING,
						    WHOLE_FRAGMENT, AUTHENTICATION, DESTINATION)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.web.default"}}}},
	{"bad flags behind a chain are malformed",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN | FIN), CHAIN(HOP_BY_HOP, DESTINATION)}, MALFORMED}}},
	{"an attacker behind a chain is blocked",
	 ONLY_IPV6,
	 {{.in = {TCP(ATTACKER, WEB1, 80, SYN), CHAIN(HOP_BY_HOP, ROUTING)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"a chain of 32 headers is too long and malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(EIGHT(DESTINATION), EIGHT(DESTINATION), EIGHT(DESTINATION),
			 EIGHT(DESTINATION))),
	   MALFORMED}}},
	{"an extension header that reaches beyond the packet is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(DESTINATION), .extension_units = 20), MALFORMED}}},
	{"an extension header that swallows part of the TCP header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(DESTINATION), .extension_units = 1), MALFORMED}}},
	{"a frame that ends within an extension header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(DESTINATION), .cut = 24), MALFORMED}}},
	{"a packet that ends within an extension header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(DESTINATION), .total_length = -24), MALFORMED}}},
	{"a packet that ends where its chain goes on is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(CHAIN(HOP_BY_HOP, DESTINATION), .total_length = -28), MALFORMED}}},

	{"source equal to destination is martian",
	 ONLY_IPV6,
	 {{SEGMENT(.source = "2001:db8:1::11"), MARTIAN}}},
	{"a loopback source is martian", ONLY_IPV6, {{SEGMENT(.source = "::1"), MARTIAN}}},
	{"a loopback destination is martian",
	 ONLY_IPV6,
	 {{SEGMENT(.destination = "::1"), MARTIAN}}},
	{"a multicast source is martian", ONLY_IPV6, {{SEGMENT(.source = "ff02::1"), MARTIAN}}},
	{"an IPv4-mapped source is martian",
	 ONLY_IPV6,
	 {{SEGMENT(.source = "::ffff:198.51.100.7"), MARTIAN}}},
	{"an IPv4-mapped destination is martian and no way to an IPv4 server",
	 ONLY_IPV6,
	 {{SEGMENT(.destination = "::ffff:10.0.1.11"), MARTIAN}}},
	{"a source like an IPv4-mapped one, but in another prefix, is none",
	 ONLY_IPV6,
	 {{SEGMENT(.source = "2001:db8::ffff:198.51.100.7"), ACCEPTED}}},
	{"a multicast destination passes",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, OTHER, 5353), .destination = "ff02::fb", .ttl = 1},
	   .verdict = XDP_PASS,
	   .flow = MAY_BEGIN_FLOW}}},
};

const struct subject subject_sanity_ipv6 = {
	.name = "sanity of IPv6",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
