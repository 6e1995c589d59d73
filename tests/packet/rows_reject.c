/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reject: who sent the packet is told, by the way that it came.  The answers are made
 * in answer.c.  To drop, and what may not be answered, brings nothing back.
 */
#include "subjects.h"

#define REST(web)                                                 \
	"host {\n"                                                \
	"	drop tcp to port 82\n"                                  \
	"	reject tcp to port 81\n"                                \
	"	accept udp to port 53\n"                                \
	"	default reject\n"                                       \
	"}\n"                                                     \
	"tier web {\n"                                            \
	"	server web1 10.0.1.11 2001:db8:1::11 {\n"               \
	"		firewall { reject tcp to port 8081 }\n"                \
	"	}\n"                                                    \
	"	firewall { " web "; drop udp; default reject }\n" \
	"}\n"                                                     \
	"tier edge {\n"                                           \
	"	server edge1 192.0.2.31 2001:db8:2::31\n"               \
	"	firewall { " web "; default reject }\n"           \
	"}\n"                                                     \
	"service front {\n"                                       \
	"	listen 192.0.2.10 tcp port 80,443\n"                    \
	"	listen 2001:db8:2::10 tcp port 80,443\n"                \
	"	listen 192.0.2.10 udp port 443\n"                       \
	"	listen 2001:db8:2::10 udp port 443\n"                   \
	"	tier edge\n"                                            \
	"}\n"

#define OF_GUARD                             \
	"guard {\n"                          \
	"	reject tcp to port 25\n"           \
	"	reject udp to port { 67, 1900 }\n" \
	"	drop from @blocked\n"              \
	"}\n"

static const char configuration[] = INTERFACES HASH_KEY SETS OF_GUARD REST("accept tcp to port 80");
static const char second[] = INTERFACES HASH_KEY SETS OF_GUARD REST("reject tcp to port 80");

#define BY(list_rule, why, what) \
	.verdict = XDP_DROP, .reason = why, .moves = {list_rule}, .answer = (what)
#define BY_HOST(what)           BY("host.rules.2", "rule", what)
#define BY_HOST_DEFAULT(what)   BY("host.default", "default", what)
#define BY_GUARD(rule, what)    BY("guard.rules." rule, "blocked", what)
#define SEGMENT(tcp_flags, ...) .in = {TCP(CLIENT, NODE, 81, tcp_flags), __VA_ARGS__}
#define DATAGRAM(...)           .in = {UDP(CLIENT, NODE, 9), __VA_ARGS__}
#define MESSAGE4(icmp_type)              \
	.in = {.protocol = IPPROTO_ICMP, \
	       .from = CLIENT,           \
	       .to = NODE,               \
	       .type = (icmp_type),      \
	       .payload = 28}
#define MESSAGE6(icmp_type)                \
	.in = {.protocol = IPPROTO_ICMPV6, \
	       .from = CLIENT,             \
	       .to = NODE,                 \
	       .type = (icmp_type),        \
	       .payload = 48}

static const struct row rows[] = {
	{"a SYN is reset: no number, and the ACK is one further",
	 0,
	 {{SEGMENT(SYN), BY_HOST(RESET)}}},
	{"a SYN with data is reset behind the data",
	 0,
	 {{SEGMENT(SYN, .payload = 5), BY_HOST(RESET)}}},
	{"a SYN with all options is reset without any",
	 0,
	 {{SEGMENT(SYN, .tcp_options = 10, .options = 10), BY_HOST(RESET)}}},
	{"an ACK is reset with its number", 0, {{SEGMENT(ACK), BY_HOST(RESET)}}},
	{"a SYN with ACK is reset with its number", 0, {{SEGMENT(SYN | ACK), BY_HOST(RESET)}}},
	{"a FIN with data is reset with its number",
	 0,
	 {{SEGMENT(FIN | PSH | ACK, .payload = 33), BY_HOST(RESET)}}},
	{"a segment in several buffers is reset in one",
	 0,
	 {{SEGMENT(PSH | ACK, .payload = 8000), BY_HOST(RESET)}}},
	{"padding does not count as data and does not come back",
	 0,
	 {{SEGMENT(SYN, .padding = 6), BY_HOST(RESET)}}},
	{"a reset is never reset",
	 0,
	 {{SEGMENT(RST), BY_HOST(SUPPRESSED)}, {SEGMENT(RST | ACK), BY_HOST(SUPPRESSED)}}},
	{"a SYN that is dropped gets nothing",
	 0,
	 {{.in = {TCP(CLIENT, NODE, 82, SYN)}, BY("host.rules.1", "rule", NO_ANSWER)}}},
	{"TCP behind a chain of headers is reset",
	 ONLY_IPV6,
	 {{SEGMENT(SYN, .extensions = {HOP_BY_HOP, DESTINATION, ROUTING, WHOLE_FRAGMENT}),
	   BY_HOST(RESET)}}},
	{"the first fragment of a segment is reset",
	 0,
	 {{SEGMENT(ACK, .payload = 12, .more_fragments = true), BY_HOST(RESET)}}},
	{"a default resets, too",
	 0,
	 {{.in = {TCP(CLIENT, NODE, 83, SYN)}, BY_HOST_DEFAULT(RESET)}}},

	{"a datagram is unreachable", 0, {{DATAGRAM(.payload = 20), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"a datagram without data is unreachable", 0, {{DATAGRAM(), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"the quote may end in the middle of a word",
	 0,
	 {{DATAGRAM(.payload = 1), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 2), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 3), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"a datagram without a checksum is unreachable",
	 ONLY_IPV4,
	 {{DATAGRAM(.payload = 9, .udp_without_checksum = true), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"what an answer of 576 bytes holds is quoted whole",
	 ONLY_IPV4,
	 {{DATAGRAM(.payload = 519), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 520), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"beyond that it is cut off",
	 ONLY_IPV4,
	 {{DATAGRAM(.payload = 521), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 1400), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"what an answer of 1280 bytes holds is quoted whole",
	 ONLY_IPV6,
	 {{DATAGRAM(.payload = 1183), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 1184), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"beyond that it is cut off (IPv6)",
	 ONLY_IPV6,
	 {{DATAGRAM(.payload = 1185), BY_HOST_DEFAULT(UNREACHABLE)},
	  {DATAGRAM(.payload = 1400), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"a datagram in several buffers is quoted from the first",
	 0,
	 {{DATAGRAM(.payload = 8000), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"options are quoted",
	 ONLY_IPV4,
	 {{DATAGRAM(.payload = 20, .options = 10), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"a chain of headers is quoted",
	 ONLY_IPV6,
	 {{DATAGRAM(.payload = 20, .extensions = {HOP_BY_HOP, DESTINATION, AUTHENTICATION}),
	   BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"padding is not quoted",
	 0,
	 {{DATAGRAM(.payload = 4, .padding = 14), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"the first fragment of a datagram is unreachable",
	 0,
	 {{DATAGRAM(.payload = 24, .udp_length = 40, .more_fragments = true),
	   BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"an echo request is unreachable",
	 0,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = NODE, .payload = 56},
	   BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"SCTP and what has no ports are unreachable",
	 0,
	 {{.in = {.protocol = IPPROTO_SCTP,
		  .from = CLIENT,
		  .to = NODE,
		  .to_port = 9,
		  .payload = 16},
	   BY_HOST_DEFAULT(UNREACHABLE)},
	  {.in = {.protocol = IPPROTO_GRE, .from = CLIENT, .to = NODE, .payload = 31},
	   BY_HOST_DEFAULT(UNREACHABLE)},
	  {.in = {.protocol = IPPROTO_GRE, .from = CLIENT, .to = NODE},
	   BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"ICMP errors, redirects and unknown messages are not answered",
	 ONLY_IPV4,
	 {{MESSAGE4(3), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(4), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(5), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(11), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(12), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(19), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE4(13), BY_HOST_DEFAULT(UNREACHABLE)}}},
	{"ICMPv6 errors and redirects are not answered",
	 ONLY_IPV6,
	 {{MESSAGE6(1), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(2), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(3), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(4), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(127), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(137), BY_HOST_DEFAULT(SUPPRESSED)},
	  {MESSAGE6(139), BY_HOST_DEFAULT(UNREACHABLE)}}},

	{"what came to a group of stations is not answered",
	 0,
	 {{SEGMENT(SYN, .destination_mac = "ff:ff:ff:ff:ff:ff"), BY_HOST(SUPPRESSED)},
	  {DATAGRAM(.destination_mac = "01:00:5e:00:00:01"), BY_HOST_DEFAULT(SUPPRESSED)},
	  {DATAGRAM(.destination_mac = "33:33:00:00:00:01"), BY_HOST_DEFAULT(SUPPRESSED)}}},
	{"what came from a group of stations is not answered",
	 0,
	 {{SEGMENT(SYN, .source_mac = "ff:ff:ff:ff:ff:ff"), BY_HOST(SUPPRESSED)},
	  {DATAGRAM(.source_mac = "03:00:00:00:00:01"), BY_HOST_DEFAULT(SUPPRESSED)}}},
	{"multicast is not answered",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .destination = "239.255.255.250", .payload = 9},
	   BY_GUARD("2", SUPPRESSED)}}},
	{"broadcast is not answered",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .destination = "255.255.255.255", .payload = 9},
	   BY_GUARD("2", SUPPRESSED)}}},
	{"what is for all of a network is not answered, what is for its last host is",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .destination = "10.0.1.255", .payload = 9},
	   BY_GUARD("2", SUPPRESSED)},
	  {.in = {UDP(CLIENT, OTHER, 1900), .source = "192.0.2.255", .payload = 9},
	   BY_GUARD("2", SUPPRESSED)},
	  {.in = {UDP(CLIENT, OTHER, 1900), .destination = "10.0.1.254", .payload = 9},
	   BY_GUARD("2", UNREACHABLE)}}},
	{"multicast is not answered (IPv6)",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .destination = "ff05::c", .payload = 9},
	   BY_GUARD("2", SUPPRESSED)}}},
	{"a client without an address is not answered",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 67), .from_port = 68, .source = "0.0.0.0",
		  .destination = "192.0.2.1", .payload = 300},
	   BY_GUARD("2", SUPPRESSED)}}},
	{"martians are not answered, and stay martian",
	 0,
	 {{.in = {TCP(NODE, NODE, 25, SYN)}, .verdict = XDP_DROP, .reason = "martian"}}},

	{"guard answers for whom it stands before",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 25, SYN)}, BY_GUARD("1", RESET)},
	  {.in = {UDP(CLIENT, OTHER, 1900), .payload = 90}, BY_GUARD("2", UNREACHABLE)}}},
	{"guard answers on other devices, too",
	 0,
	 {{.in = {TCP(WEB1, OTHER, 25, SYN)}, BY_GUARD("1", RESET)},
	  {.in = {UDP(DB1, OTHER, 1900), .payload = 90}, BY_GUARD("2", UNREACHABLE)},
	  {.in = {TCP(OLD1, OTHER, 25, SYN)}, BY_GUARD("1", RESET)}}},
	{"a server's rule answers in its name",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 8081, SYN)},
	   BY("tiers.web.servers.web1.rules.1", "rule", RESET)}}},
	{"a tier's default answers in its servers' name",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 22, SYN)}, BY("tiers.web.default", "default", RESET)},
	  {.in = {.protocol = IPPROTO_SCTP, .from = CLIENT, .to = WEB1, .to_port = 9},
	   BY("tiers.web.default", "default", UNREACHABLE)},
	  {.in = {UDP(CLIENT, WEB1, 53)}, BY("tiers.web.rules.2", "rule", NO_ANSWER)}}},
	{"the answer for a service comes from the service",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 443, SYN)}, BY("tiers.edge.default", "default", RESET)},
	  {.in = {UDP(CLIENT, VIP, 443), .payload = 100},
	   BY("tiers.edge.default", "default", UNREACHABLE)}}},

	{"a live flow that a later policy rejects is reset, whoever speaks, until it ends",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1"}},
	  {.before = "apply",
	   .in = {TCP(CLIENT, WEB1, 80, PSH | ACK), .payload = 7},
	   BY("tiers.web.rules.1", "rule", RESET)},
	  {.in = {TCP(CLIENT, WEB1, 80, ACK)}, BY("tiers.web.rules.1", "rule", RESET)},
	  {.in = {TCP_REPLY(WEB1, CLIENT, 80, ACK), .payload = 100},
	   BY("tiers.web.rules.1", "rule", RESET)},
	  {.in = {TCP(CLIENT, WEB1, 80, RST)}, BY("tiers.web.rules.1", "rule", SUPPRESSED)}}},
	{"a live flow of a service that a later policy rejects is reset on both sides",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}},
	  {.before = "apply",
	   .in = {TCP_REPLY(EDGE1, CLIENT, 80, SYN | ACK)},
	   BY("tiers.edge.rules.1", "rule", RESET)},
	  {.in = {TCP(CLIENT, VIP, 80, ACK)}, BY("tiers.edge.rules.1", "rule", RESET)}}},
};

const struct subject subject_reject = {
	.name = "reject",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
