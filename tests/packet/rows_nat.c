/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `forward nat`: addresses, ports, checksums, TTL and MAC addresses, both ways. */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	firewall { accept tcp to port 8443; accept udp to port 5353 }\n"
		 "}\n"
		 "tier edge {\n"
		 "	server edge1 192.0.2.31 2001:db8:2::31\n"
		 "	firewall { accept tcp to port 443; accept udp to port 53 }\n"
		 "}\n"
		 "service www {\n"
		 "	listen 192.0.2.10 tcp port 443\n"
		 "	listen 2001:db8:2::10 tcp port 443\n"
		 "	tier web\n"
		 "	forward nat\n"
		 "	port 8443\n"
		 "}\n"
		 "service dns {\n"
		 "	listen 192.0.2.10 udp port 53\n"
		 "	listen 2001:db8:2::10 udp port 53\n"
		 "	tier web\n"
		 "	port 5353\n"
		 "}\n"
		 "service edge {\n"
		 "	listen 192.0.2.20 tcp port 443\n"
		 "	listen 2001:db8:2::20 tcp port 443\n"
		 "	listen 192.0.2.20 udp port 53\n"
		 "	listen 2001:db8:2::20 udp port 53\n"
		 "	tier edge\n"
		 "}\n"
		 "service edge-port {\n"
		 "	listen 192.0.2.20 tcp port 80\n"
		 "	listen 2001:db8:2::20 tcp port 80\n"
		 "	tier edge\n"
		 "	port 443\n"
		 "}\n";

#define WWW      .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web1"}
#define DNS      .moves = {"tiers.web.rules.2", "services.dns", "services.dns.servers.web1"}
#define EDGE     .moves = {"tiers.edge.rules.1", "services.edge", "services.edge.servers.edge1"}
#define EDGE_DNS .moves = {"tiers.edge.rules.2", "services.edge", "services.edge.servers.edge1"}
#define EDGE_PORT \
	.moves = {"tiers.edge.rules.1", "services.edge-port", "services.edge-port.servers.edge1"}

#define BEGINS_WWW                                                             \
	{                                                                      \
		.in = {TCP(CLIENT, VIP, 443, SYN)}, .verdict = XDP_REDIRECT,   \
		.out = {.to = WEB1, .to_port = 8443}, .flow = BEGINS_FLOW, WWW \
	}
#define BEGINS_EDGE                                                                           \
	{                                                                                     \
		.in = {TCP(CLIENT, VIP2, 443, SYN)}, .verdict = XDP_TX, .out = {.to = EDGE1}, \
		.flow = BEGINS_FLOW, EDGE                                                     \
	}
#define TTL_ENDS(...) .reason = "ttl", .answer = EXCEEDED, __VA_ARGS__

static const struct row rows[] = {
	{"a SYN to the service goes to the server with its address and port rewritten",
	 0,
	 {BEGINS_WWW}},
	{"where the server is on the device that the SYN came in by, it goes out there again",
	 0,
	 {BEGINS_EDGE}},
	{"a handshake, data both ways and a FIN",
	 0,
	 {BEGINS_EDGE,
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, SYN | ACK), .tcp_options = 5},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2},
	   EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, ACK)}, .verdict = XDP_TX, .out = {.to = EDGE1}, EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, PSH | ACK), .payload = 333},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   EDGE},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, PSH | ACK), .payload = 1400},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2},
	   EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, FIN | ACK)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   EDGE},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, FIN | ACK)},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2},
	   EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, ACK)}, .verdict = XDP_TX, .out = {.to = EDGE1}, EDGE}}},
	{"the reply of a server on another device has the service's address and port",
	 0,
	 {BEGINS_WWW,
	  {.in = {TCP_REPLY(WEB1, CLIENT, 8443, SYN | ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP, .from_port = 443},
	   WWW},
	  {.in = {TCP(CLIENT, VIP, 443, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB1, .to_port = 8443},
	   WWW},
	  {.in = {TCP_REPLY(WEB1, CLIENT, 8443, RST | ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP, .from_port = 443},
	   WWW}}},
	{"only the port that the service asks for is changed",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 80, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1, .to_port = 443},
	   .flow = BEGINS_FLOW,
	   EDGE_PORT},
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, SYN | ACK)},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2, .from_port = 80},
	   EDGE_PORT}}},
	{"a UDP request and its answer",
	 0,
	 {{.in = {UDP(CLIENT, VIP2, 53), .payload = 11},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE_DNS},
	  {.in = {UDP_REPLY(EDGE1, CLIENT, 53), .payload = 12},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2},
	   EDGE_DNS}}},
	{"a UDP request and its answer with another port on another device",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 53), .payload = 11},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB1, .to_port = 5353},
	   .flow = BEGINS_FLOW,
	   DNS},
	  {.in = {UDP_REPLY(WEB1, CLIENT, 5353), .payload = 12},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP, .from_port = 53},
	   DNS}}},
	{"UDP without a checksum stays without, both ways",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, VIP2, 53), .udp_without_checksum = true},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE_DNS},
	  {.in = {UDP_REPLY(EDGE1, CLIENT, 53), .udp_without_checksum = true},
	   .verdict = XDP_TX,
	   .out = {.from = VIP2},
	   EDGE_DNS}}},
	{"UDP without data",
	 0,
	 {{.in = {UDP(CLIENT, VIP2, 53)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE_DNS}}},
	{"options, extension headers, DSCP and padding stay as they are",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN), .options = 6, .tcp_options = 3, .dscp = 46,
		  .extensions = {HOP_BY_HOP, DESTINATION}, .padding = 8},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE}}},
	{"an odd number of bytes of data",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, PSH | ACK), .payload = 7},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE}}},
	{"a TTL of 255 is lowered by one",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN), .ttl = 255},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE}}},
	{"a TTL of 2 is lowered by one",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN), .ttl = 2},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .flow = BEGINS_FLOW,
	   EDGE}}},
	{"a TTL of 1 ends here, and the service tells the client",
	 0,
	 {BEGINS_EDGE, {.in = {TCP(CLIENT, VIP2, 443, ACK), .ttl = 1}, TTL_ENDS(EDGE)}}},
	{"a TTL of 0 ends here",
	 0,
	 {BEGINS_EDGE, {.in = {TCP(CLIENT, VIP2, 443, ACK), .ttl = TTL_ZERO}, TTL_ENDS(EDGE)}}},
	{"a UDP packet whose TTL ends here is quoted, as far as an error may be long",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 53), .ttl = 1, .payload = 1400, .padding = 3},
	   .flow = BEGINS_FLOW,
	   TTL_ENDS(DNS)},
	  {.in = {UDP(CLIENT, VIP, 53), .ttl = 1}, TTL_ENDS(DNS)}}},
	{"a reply with a TTL of 1 ends here, and the service tells its server",
	 0,
	 {BEGINS_EDGE,
	  {.in = {TCP_REPLY(EDGE1, CLIENT, 443, SYN | ACK), .ttl = 1},
	   .out = {.from = VIP2},
	   TTL_ENDS(EDGE)}}},
	{"a reset whose TTL ends here goes unanswered",
	 0,
	 {BEGINS_EDGE,
	  {.in = {TCP(CLIENT, VIP2, 443, RST | ACK), .ttl = 1},
	   .reason = "ttl",
	   .answer = SUPPRESSED,
	   EDGE}}},
	{"a frame in several buffers is rewritten where the way is wide enough",
	 UNTAGGED,
	 {BEGINS_WWW,
	  {.in = {TCP(CLIENT, VIP, 443, ACK), .payload = 8500},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB1, .to_port = 8443},
	   WWW}}},
	{"an attacker does not reach the service",
	 0,
	 {{.in = {TCP(ATTACKER, VIP, 443, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"a reply of a flow that nobody began is not rewritten",
	 0,
	 {{.in = {TCP_REPLY(WEB1, CLIENT, 8443, SYN | ACK)},
	   .verdict = XDP_PASS,
	   .flow = MAY_BEGIN_FLOW}}},
	{"a packet to the server's own address is routed by the kernel",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 8443, SYN)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1"}}}},
};

const struct subject subject_nat = {
	.name = "forward nat",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
