/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sanity of IPv4 headers and addresses. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11\n"
					     "	firewall { accept tcp to port 80; default drop }\n"
					     "}\n";

#define SEGMENT(...) .in = {TCP(CLIENT, WEB1, 80, SYN), __VA_ARGS__}
#define ACCEPTED     .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {"tiers.web.rules.1"}
#define MALFORMED    .verdict = XDP_DROP, .reason = "malformed"
#define MARTIAN      .verdict = XDP_DROP, .reason = "martian"
#define PASSES       .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW

static const struct row rows[] = {
	{"one option is accepted", ONLY_IPV4, {{SEGMENT(.options = 1), ACCEPTED}}},
	{"ten words of options, the most there can be, are accepted",
	 ONLY_IPV4,
	 {{SEGMENT(.options = 10), ACCEPTED}}},
	{"another port behind options is found and refused",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, WEB1, 81, SYN), .options = 10},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.web.default"}}}},
	{"a header length of four words is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.header_words = -1), MALFORMED}}},
	{"a header length of nought is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.header_words = -5), MALFORMED}}},
	{"a header length beyond the packet is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.header_words = 10), MALFORMED}}},
	{"version 5 is malformed", ONLY_IPV4, {{SEGMENT(.version = 5), MALFORMED}}},
	{"version 6 in a frame that says IPv4 is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.version = 6, .payload = 60), MALFORMED}}},
	{"a total length below the header is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.total_length = -21), MALFORMED}}},
	{"a total length of nought is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.total_length = -40), MALFORMED}}},
	{"a total length beyond the frame is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.total_length = 1), MALFORMED}}},
	{"a total length of 65535 in a short frame is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.total_length = 65495), MALFORMED}}},
	{"a total length that ends within the TCP header is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(.total_length = -1), MALFORMED}}},

	{"source equal to destination is martian",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "10.0.1.11"), MARTIAN}}},
	{"source equal to destination is martian, whoever's it is",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "203.0.113.9", .destination = "203.0.113.9"), MARTIAN}}},
	{"a loopback source is martian", ONLY_IPV4, {{SEGMENT(.source = "127.0.0.1"), MARTIAN}}},
	{"any loopback source is martian",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "127.255.255.254"), MARTIAN}}},
	{"a loopback destination is martian",
	 ONLY_IPV4,
	 {{SEGMENT(.destination = "127.0.0.53"), MARTIAN}}},
	{"a source just below loopback is none",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "126.255.255.255"), ACCEPTED}}},
	{"a multicast source is martian", ONLY_IPV4, {{SEGMENT(.source = "224.0.0.5"), MARTIAN}}},
	{"the last multicast source is martian",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "239.255.255.255"), MARTIAN}}},
	{"a source just below multicast is none",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "223.255.255.254"), ACCEPTED}}},
	{"a broadcast source is martian",
	 ONLY_IPV4,
	 {{SEGMENT(.source = "255.255.255.255"), MARTIAN}}},
	{"source 0.0.0.0 is martian", ONLY_IPV4, {{SEGMENT(.source = "0.0.0.0"), MARTIAN}}},
	{"source 0.0.0.0 is martian in UDP too",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, WEB1, 53), .source = "0.0.0.0"}, MARTIAN}}},
	{"a DHCP client without an address passes",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 67), .from_port = 68, .source = "0.0.0.0",
		  .destination = "255.255.255.255", .payload = 300},
	   PASSES}}},
	{"a broadcast destination passes",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 9), .destination = "255.255.255.255"}, PASSES}}},
	{"a multicast destination passes",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 5353), .destination = "224.0.0.251", .ttl = 1}, PASSES}}},
};

const struct subject subject_sanity_ipv4 = {
	.name = "sanity of IPv4",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
