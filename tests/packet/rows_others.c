/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is neither for a server, nor a service, nor this node: passed as it is. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "host { default drop }\n"
					     "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall { default drop }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	tier web\n"
					     "}\n";

#define OF_OTHERS(kind, ...) \
	.in = {.protocol = (kind), .from = CLIENT, .to = OTHER, __VA_ARGS__}, .verdict = XDP_PASS

static const struct row rows[] = {
	{"TCP between others passes",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, SYN)}, .verdict = XDP_PASS}}},
	{"TCP in the middle of a flow between others passes",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, PSH | ACK), .payload = 100}, .verdict = XDP_PASS}}},
	{"UDP between others passes", 0, {{.in = {UDP(CLIENT, OTHER, 443)}, .verdict = XDP_PASS}}},
	{"UDP without a checksum between others passes",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, OTHER, 443), .udp_without_checksum = true}, .verdict = XDP_PASS}}},
	{"a ping between others passes", 0, {{OF_OTHERS(PING, .payload = 56)}}},
	{"an ICMP error between others passes",
	 ONLY_IPV4,
	 {{OF_OTHERS(IPPROTO_ICMP, .type = 3, .code = 4, .payload = 28)}}},
	{"an ICMPv6 error between others passes",
	 ONLY_IPV6,
	 {{OF_OTHERS(IPPROTO_ICMPV6, .type = 2, .payload = 60)}}},
	{"SCTP between others passes",
	 0,
	 {{OF_OTHERS(IPPROTO_SCTP, .to_port = 443, .payload = 16)}}},
	{"GRE between others passes", 0, {{OF_OTHERS(IPPROTO_GRE, .payload = 60)}}},
	{"IP in IP between others passes", 0, {{OF_OTHERS(IPPROTO_IPIP, .payload = 60)}}},
	{"ESP between others passes", 0, {{OF_OTHERS(IPPROTO_ESP, .payload = 60)}}},
	{"OSPF between others passes", 0, {{OF_OTHERS(89, .payload = 44, .ttl = 1)}}},
	{"options and extension headers of others stay as they are",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, SYN), .options = 6,
		  .extensions = {HOP_BY_HOP, DESTINATION, ROUTING}},
	   .verdict = XDP_PASS}}},
	{"the first fragment of others passes",
	 0,
	 {{OF_OTHERS(IPPROTO_UDP, .to_port = 53, .payload = 24, .udp_length = 40,
		     .more_fragments = true)}}},
	{"a later fragment of others passes, whether its first came or not",
	 0,
	 {{OF_OTHERS(IPPROTO_UDP, .fragment_offset = 4, .payload = 40)}}},
	{"a packet of others whose TTL ends is the kernel's to answer",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, SYN), .ttl = 1}, .verdict = XDP_PASS}}},
	{"padding, DSCP and a TTL of 255 stay as they are",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, ACK), .padding = 6, .dscp = 46, .ttl = 255},
	   .verdict = XDP_PASS}}},
	{"a frame of others in several buffers passes",
	 0,
	 {{.in = {TCP(CLIENT, OTHER, 443, ACK), .payload = 8500}, .verdict = XDP_PASS}}},
	{"an address next to a server's is not the server's",
	 ONLY_IPV4,
	 {{.in = {TCP(CLIENT, OTHER, 443, SYN), .destination = "10.0.1.10"}, .verdict = XDP_PASS}}},
	{"an IPv6 address next to a server's is not the server's",
	 ONLY_IPV6,
	 {{.in = {TCP(CLIENT, OTHER, 443, SYN), .destination = "2001:db8:1::10"},
	   .verdict = XDP_PASS}}},
	{"a port of a service's address on which nothing listens is the kernel's",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 444, SYN)}, .verdict = XDP_PASS}}},
	{"UDP to a service that listens on TCP is the kernel's",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 443)}, .verdict = XDP_PASS}}},
	{"a ping to an address that no service has is the kernel's",
	 0,
	 {{.in = {.protocol = PING, .from = CLIENT, .to = VIP2, .payload = 56},
	   .verdict = XDP_PASS}}},
	{"a packet for a server beside them is refused",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 443, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.web.default"}}}},
};

const struct subject subject_others = {
	.name = "packets of others",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
