/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `forward full-nat`: the server sees the node's address and a port that no other flow
 * has, and what it answers goes back to the client in the service's name.
 */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall {\n"
					     "		drop tcp from @office to port 8444\n"
					     "		accept tcp to port 8443-8445\n"
					     "		accept udp to port 5353\n"
					     "	}\n"
					     "}\n"
					     "tier app {\n"
					     "	server app1 10.0.1.21 2001:db8:1::21\n"
					     "	firewall { accept tcp }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	tier web\n"
					     "	forward full-nat\n"
					     "	port 8443\n"
					     "	pool 10.0.1.1 2001:db8:1::1\n"
					     "}\n"
					     "service seen {\n"
					     "	listen 192.0.2.10 tcp port 444\n"
					     "	listen 2001:db8:2::10 tcp port 444\n"
					     "	tier web\n"
					     "	forward full-nat\n"
					     "	port 8444\n"
					     "}\n"
					     "service dns {\n"
					     "	listen 192.0.2.10 udp port 53\n"
					     "	listen 2001:db8:2::10 udp port 53\n"
					     "	tier web\n"
					     "	forward full-nat\n"
					     "	port 5353\n"
					     "}\n"
					     "service narrow {\n"
					     "	listen 192.0.2.20 tcp port 80,81\n"
					     "	listen 2001:db8:2::20 tcp port 80,81\n"
					     "	tier web\n"
					     "	forward full-nat\n"
					     "	port 8445\n"
					     "	pool 10.0.1.1 2001:db8:1::1 ports 5000\n"
					     "}\n"
					     "service beside {\n"
					     "	listen 192.0.2.20 tcp port 82\n"
					     "	listen 2001:db8:2::20 tcp port 82\n"
					     "	tier app\n"
					     "	forward full-nat\n"
					     "	port 8445\n"
					     "	pool 10.0.1.1 2001:db8:1::1 ports 5000\n"
					     "}\n";

#define COUNTS(rule, service) \
	.moves = {"tiers.web.rules." rule, "services." service, "services." service ".servers.web1"}
#define WWW    COUNTS("2", "www")
#define DNS    COUNTS("3", "dns")
#define BESIDE .moves = {"tiers.app.rules.1", "services.beside", "services.beside.servers.app1"}
#define TO_SERVER(port)          \
	.verdict = XDP_REDIRECT, \
	.out = {.from = NODE_LAN, .from_port = ASSIGNED, .to = WEB1, .to_port = (port)}
#define TO_CLIENT(port)          \
	.verdict = XDP_REDIRECT, \
	.out = {.from = VIP, .from_port = (port), .to = CLIENT, .to_port = FRESH_PORT_HERE}
#define FROM_SERVER(port, tcp_flags) TCP_REPLY(WEB1, NODE_LAN, port, tcp_flags), .to_port = ASSIGNED
#define BEGINS_WWW                                                                            \
	{                                                                                     \
		.in = {TCP(CLIENT, VIP, 443, SYN)}, TO_SERVER(8443), .flow = BEGINS_FLOW, WWW \
	}
#define BEGINS_DNS                                                                                 \
	{                                                                                          \
		.in = {UDP(CLIENT, VIP, 53), .payload = 11}, TO_SERVER(5353), .flow = BEGINS_FLOW, \
		DNS                                                                                \
	}

static const struct packet sent = {TCP_REPLY(VIP, CLIENT, 443, ACK), .payload = 20};
static const struct packet sent_by_server = {FROM_SERVER(8443, ACK), .payload = 20};
static const struct packet asked = {.protocol = IPPROTO_UDP,
				    .from = NODE_LAN,
				    .from_port = ASSIGNED,
				    .to = WEB1,
				    .to_port = 5353,
				    .payload = 20};
static const struct packet asked_of_service = {UDP(CLIENT, VIP, 53), .payload = 20};

static const struct row rows[] = {
	{"a handshake, data both ways and a FIN",
	 0,
	 {BEGINS_WWW,
	  {.in = {FROM_SERVER(8443, SYN | ACK), .tcp_options = 5}, TO_CLIENT(443), WWW},
	  {.in = {TCP(CLIENT, VIP, 443, ACK)}, TO_SERVER(8443), WWW},
	  {.in = {TCP(CLIENT, VIP, 443, PSH | ACK), .payload = 333}, TO_SERVER(8443), WWW},
	  {.in = {FROM_SERVER(8443, PSH | ACK), .payload = 1400}, TO_CLIENT(443), WWW},
	  {.in = {TCP(CLIENT, VIP, 443, FIN | ACK)}, TO_SERVER(8443), WWW},
	  {.in = {FROM_SERVER(8443, FIN | ACK)}, TO_CLIENT(443), WWW}}},
	{"a SYN that is sent again has the same source",
	 0,
	 {BEGINS_WWW, {.in = {TCP(CLIENT, VIP, 443, SYN)}, TO_SERVER(8443), WWW}}},
	{"UDP, with another source of its own for each client port",
	 0,
	 {BEGINS_DNS,
	  {.in = {UDP_REPLY(WEB1, NODE_LAN, 5353), .to_port = ASSIGNED, .payload = 12},
	   TO_CLIENT(53),
	   DNS}}},
	{"UDP without a checksum stays without, both ways",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, VIP, 53), .udp_without_checksum = true},
	   TO_SERVER(5353),
	   .flow = BEGINS_FLOW,
	   DNS},
	  {.in = {UDP_REPLY(WEB1, NODE_LAN, 5353), .to_port = ASSIGNED,
		  .udp_without_checksum = true},
	   TO_CLIENT(53),
	   DNS}}},
	{"fragments of a datagram and of its answer",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 53), .payload = 24, .udp_length = 40, .more_fragments = true},
	   TO_SERVER(5353),
	   .flow = BEGINS_FLOW,
	   DNS},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = VIP,
		  .fragment_offset = 4,
		  .payload = 40},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .to = WEB1},
	   DNS},
	  {.in = {UDP_REPLY(WEB1, NODE_LAN, 5353), .to_port = ASSIGNED, .payload = 24,
		  .udp_length = 40, .more_fragments = true},
	   TO_CLIENT(53),
	   DNS},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = WEB1,
		  .to = NODE_LAN,
		  .fragment_offset = 4,
		  .payload = 40},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP, .to = CLIENT},
	   DNS}}},
	{"the server's firewall is asked about the client's own address",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 444, SYN)},
	   TO_SERVER(8444),
	   .flow = BEGINS_FLOW,
	   COUNTS("2", "seen")},
	  {.in = {TCP(OFFICE, VIP, 444, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "rule",
	   .moves = {"tiers.web.rules.1"}}}},
	{"where every port of the pool is taken, a flow is refused, and told of",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP2, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .from_port = 5000, .to = WEB1, .to_port = 8445},
	   .flow = BEGINS_FLOW,
	   COUNTS("2", "narrow")},
	  {.in = {TCP(CLIENT, VIP2, 81, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "ports",
	   .moves = {"tiers.web.rules.2"}},
	  {.in = {TCP(OTHER, VIP2, 80, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "ports",
	   .moves = {"tiers.web.rules.2"}},
	  {.in = {TCP(CLIENT, VIP2, 80, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .from_port = 5000, .to = WEB1, .to_port = 8445},
	   COUNTS("2", "narrow")},
	  {.in = {TCP_REPLY(WEB1, NODE_LAN, 8445, SYN | ACK), .to_port = 5000},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP2, .from_port = 80, .to = CLIENT, .to_port = FRESH_PORT_HERE},
	   COUNTS("2", "narrow")}}},
	{"towards another server the same port is free",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP2, 82, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .from_port = 5000, .to = APP1, .to_port = 8445},
	   .flow = BEGINS_FLOW,
	   BESIDE}}},
	{"a flow keeps its source when the policy changes",
	 UNTAGGED,
	 {BEGINS_WWW,
	  {.in = {TCP(CLIENT, VIP, 443, ACK)}, TO_SERVER(8443), WWW},
	  {.before = "rule add web accept udp",
	   .in = {FROM_SERVER(8443, ACK), .payload = 9},
	   TO_CLIENT(443),
	   WWW},
	  {.in = {TCP(CLIENT, VIP, 443, ACK)}, TO_SERVER(8443), WWW},
	  {.before = "rule add web accept tcp to port 1",
	   .in = {TCP(CLIENT, VIP, 443, ACK)},
	   TO_SERVER(8443),
	   WWW},
	  {.in = {FROM_SERVER(8443, ACK), .payload = 9}, TO_CLIENT(443), WWW}}},
	{"ICMP errors about the flow reach the server and the client",
	 ONLY_IPV4,
	 {BEGINS_WWW,
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = MONITOR,
		  .to = VIP,
		  .type = 3,
		  .code = 4,
		  .payload = 28,
		  .quotes = &sent},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .to = WEB1, .quotes = &sent_by_server}},
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = MONITOR,
		  .to = VIP,
		  .type = 3,
		  .code = 4,
		  .payload = 60,
		  .quotes = &sent},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .to = WEB1, .quotes = &sent_by_server}}}},
	{"`packet too big` reaches the server",
	 ONLY_IPV6,
	 {BEGINS_WWW,
	  {.in = {.protocol = IPPROTO_ICMPV6,
		  .from = MONITOR,
		  .to = VIP,
		  .type = 2,
		  .payload = 80,
		  .quotes = &sent},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = NODE_LAN, .to = WEB1, .quotes = &sent_by_server}}}},
	{"a server's errors reach the client",
	 ONLY_IPV4,
	 {BEGINS_DNS,
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = WEB1,
		  .to = NODE_LAN,
		  .type = 3,
		  .code = 3,
		  .payload = 48,
		  .quotes = &asked},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP, .to = CLIENT, .quotes = &asked_of_service}}}},
	{"a TTL of 1 ends here, both ways",
	 0,
	 {BEGINS_WWW,
	  {.in = {TCP(CLIENT, VIP, 443, ACK), .ttl = 1}, .reason = "ttl", .answer = EXCEEDED, WWW},
	  {.in = {FROM_SERVER(8443, ACK), .ttl = 1},
	   .reason = "ttl",
	   .answer = EXCEEDED,
	   .out = {.from = VIP},
	   WWW}}},
	{"the end of a flow that nobody knows begins none",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 443, FIN | ACK)},
	   .verdict = XDP_DROP,
	   .reason = "invalid-state",
	   .moves = {"tiers.web.rules.2"}}}},
	{"what the server sends to a port of no flow is the kernel's",
	 0,
	 {{.in = {TCP_REPLY(WEB1, NODE_LAN, 8443, SYN | ACK), .to_port = 999},
	   .verdict = XDP_PASS,
	   .flow = MAY_BEGIN_FLOW}}},
	{"an attacker does not reach the service",
	 0,
	 {{.in = {TCP(ATTACKER, VIP, 443, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
};

const struct subject subject_full_nat = {
	.name = "forward full-nat",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
