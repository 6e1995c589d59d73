/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sanity of TCP, UDP and ICMP headers, and of frames that end too early. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall {\n"
					     "		accept tcp to port 80\n"
					     "		accept udp to port 53\n"
					     "		accept icmp type echo-request\n"
					     "		accept icmp6 type echo-request\n"
					     "		default drop\n"
					     "	}\n"
					     "}\n";

#define SEGMENT(tcp_flags, ...) .in = {TCP(CLIENT, WEB1, 80, tcp_flags), __VA_ARGS__}
#define DATAGRAM(...)           .in = {UDP(CLIENT, WEB1, 53), .payload = 11, __VA_ARGS__}
#define TCP_ACCEPTED            .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW, .moves = {"tiers.web.rules.1"}
#define UDP_ACCEPTED            .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {"tiers.web.rules.2"}
#define MALFORMED               .verdict = XDP_DROP, .reason = "malformed"
#define BAD_FLAGS               .verdict = XDP_DROP, .reason = "tcp-flags"

static const struct row rows[] = {
	{"a SYN is accepted", 0, {{SEGMENT(SYN), TCP_ACCEPTED}}},
	{"a SYN with ECN bits is accepted", 0, {{SEGMENT(SYN | ECE | CWR), TCP_ACCEPTED}}},
	{"a SYN with ACK is accepted", 0, {{SEGMENT(SYN | ACK), TCP_ACCEPTED}}},
	{"an ACK is accepted", 0, {{SEGMENT(ACK), TCP_ACCEPTED}}},
	{"data is accepted", 0, {{SEGMENT(PSH | ACK, .payload = 100), TCP_ACCEPTED}}},
	{"urgent data is accepted", 0, {{SEGMENT(URG | ACK, .payload = 1), TCP_ACCEPTED}}},
	{"a FIN with ACK is accepted", 0, {{SEGMENT(FIN | ACK), TCP_ACCEPTED}}},
	{"a RST is accepted", 0, {{SEGMENT(RST), TCP_ACCEPTED}}},
	{"a RST with ACK is accepted", 0, {{SEGMENT(RST | ACK), TCP_ACCEPTED}}},

	{"TCP without any flag is a fault of flags", 0, {{SEGMENT(0), BAD_FLAGS}}},
	{"SYN with FIN is a fault of flags", 0, {{SEGMENT(SYN | FIN), BAD_FLAGS}}},
	{"SYN with FIN and ACK is a fault of flags", 0, {{SEGMENT(SYN | FIN | ACK), BAD_FLAGS}}},
	{"SYN with RST is a fault of flags", 0, {{SEGMENT(SYN | RST), BAD_FLAGS}}},
	{"FIN with RST is a fault of flags", 0, {{SEGMENT(FIN | RST), BAD_FLAGS}}},
	{"FIN with RST and ACK is a fault of flags", 0, {{SEGMENT(FIN | RST | ACK), BAD_FLAGS}}},
	{"FIN without ACK is a fault of flags", 0, {{SEGMENT(FIN), BAD_FLAGS}}},
	{"FIN, PSH and URG (Xmas) is a fault of flags", 0, {{SEGMENT(FIN | PSH | URG), BAD_FLAGS}}},
	{"all flags at once are a fault of flags", 0, {{SEGMENT(0xff), BAD_FLAGS}}},

	{"TCP with options is accepted", 0, {{SEGMENT(SYN, .tcp_options = 10), TCP_ACCEPTED}}},
	{"a TCP header length of four words is malformed",
	 0,
	 {{SEGMENT(SYN, .tcp_header_words = -1), MALFORMED}}},
	{"a TCP header length beyond the packet is malformed",
	 0,
	 {{SEGMENT(SYN, .tcp_header_words = 1), MALFORMED}}},
	{"a packet that ends within the TCP header is malformed",
	 0,
	 {{SEGMENT(SYN, .segment = 19), MALFORMED}}},
	{"a packet that ends within the TCP ports is malformed",
	 0,
	 {{SEGMENT(SYN, .segment = 3), MALFORMED}}},

	{"UDP is accepted", 0, {{DATAGRAM(), UDP_ACCEPTED}}},
	{"UDP without data is accepted", 0, {{.in = {UDP(CLIENT, WEB1, 53)}, UDP_ACCEPTED}}},
	{"a UDP length shorter than what IP carries is accepted",
	 0,
	 {{DATAGRAM(.udp_length = -1), UDP_ACCEPTED}}},
	{"a UDP length below eight is malformed", 0, {{DATAGRAM(.udp_length = -12), MALFORMED}}},
	{"a UDP length of nought is malformed", 0, {{DATAGRAM(.udp_length = -19), MALFORMED}}},
	{"a UDP length beyond the packet is malformed",
	 0,
	 {{DATAGRAM(.udp_length = 1), MALFORMED}}},
	{"a packet that ends within the UDP header is malformed",
	 0,
	 {{DATAGRAM(.segment = 7), MALFORMED}}},

	{"an echo request is accepted",
	 ONLY_IPV4,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = WEB1, .payload = 56},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.3"}}}},
	{"an echo request is accepted (ICMPv6)",
	 ONLY_IPV6,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = WEB1, .payload = 56},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.4"}}}},
	{"a packet that ends within the ICMP header is malformed",
	 0,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = WEB1, .segment = 5}, MALFORMED}}},

	{"bytes behind the IP packet (padding) do no harm",
	 0,
	 {{SEGMENT(SYN, .padding = 18), TCP_ACCEPTED}}},
	{"a frame that ends within the TCP header is malformed",
	 0,
	 {{SEGMENT(SYN, .cut = 1), MALFORMED}}},
	{"a frame that ends within the data is malformed",
	 0,
	 {{SEGMENT(ACK, .payload = 100, .cut = 50), MALFORMED}}},
	{"an IPv4 frame that ends within the IP header is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(SYN, .cut = 21), MALFORMED}}},
	{"an IPv4 frame that ends behind its Ethernet header is malformed",
	 ONLY_IPV4,
	 {{SEGMENT(SYN, .cut = 40), MALFORMED}}},
	{"an IPv6 frame that ends within the IP header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(SYN, .cut = 21), MALFORMED}}},
	{"an IPv6 frame that ends behind its Ethernet header is malformed",
	 ONLY_IPV6,
	 {{SEGMENT(SYN, .cut = 60), MALFORMED}}},
	{"a frame in several buffers is accepted and counted in full",
	 0,
	 {{SEGMENT(ACK, .payload = 8000), TCP_ACCEPTED}}},
	{"the head of a frame in several buffers is judged",
	 0,
	 {{SEGMENT(SYN | FIN, .payload = 8000), BAD_FLAGS}}},
};

const struct subject subject_sanity = {
	.name = "sanity of transport headers",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
