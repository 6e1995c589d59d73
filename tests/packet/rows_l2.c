/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `forward l2`: only the MAC addresses change; the answer does not come back here. */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "tier edge {\n"
		 "	server edge1 192.0.2.31 2001:db8:2::31\n"
		 "	firewall { accept tcp to port 443; accept udp to port 443 }\n"
		 "}\n"
		 "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	firewall { accept tcp to port 80 }\n"
		 "}\n"
		 "service edge {\n"
		 "	listen 192.0.2.20 tcp port 443,444\n"
		 "	listen 2001:db8:2::20 tcp port 443,444\n"
		 "	listen 192.0.2.20 udp port 443\n"
		 "	listen 2001:db8:2::20 udp port 443\n"
		 "	tier edge\n"
		 "	forward l2\n"
		 "}\n"
		 "service www {\n"
		 "	listen 192.0.2.20 tcp port 80\n"
		 "	listen 2001:db8:2::20 tcp port 80\n"
		 "	tier web\n"
		 "	forward l2\n"
		 "}\n";

#define EDGE     .moves = {"tiers.edge.rules.1", "services.edge", "services.edge.servers.edge1"}
#define EDGE_UDP .moves = {"tiers.edge.rules.2", "services.edge", "services.edge.servers.edge1"}
#define WWW      .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web1"}
#define TO_EDGE  .verdict = XDP_TX, .out = {.via = EDGE1, .same_ttl = true}

static const struct row rows[] = {
	{"a SYN goes to the server's MAC address, its IP packet untouched",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN)}, TO_EDGE, .flow = BEGINS_FLOW, EDGE}}},
	{"a server on another device",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP2, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.via = WEB1, .same_ttl = true},
	   .flow = BEGINS_FLOW,
	   WWW}}},
	{"a flow goes on to its server",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN)}, TO_EDGE, .flow = BEGINS_FLOW, EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, ACK)}, TO_EDGE, EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, PSH | ACK), .payload = 501}, TO_EDGE, EDGE},
	  {.in = {TCP(CLIENT, VIP2, 443, FIN | ACK)}, TO_EDGE, EDGE}}},
	{"UDP, with and without a checksum",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, VIP2, 443)}, TO_EDGE, .flow = BEGINS_FLOW, EDGE_UDP},
	  {.in = {UDP(CLIENT, VIP2, 443), .udp_without_checksum = true}, TO_EDGE, EDGE_UDP}}},
	{"UDP over IPv6",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, VIP2, 443)}, TO_EDGE, .flow = BEGINS_FLOW, EDGE_UDP}}},
	{"options, extension headers, DSCP and padding stay as they are",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN), .options = 4, .dscp = 10, .padding = 9,
		  .extensions = {DESTINATION}},
	   TO_EDGE,
	   .flow = BEGINS_FLOW,
	   EDGE}}},
	{"a bridge lowers no TTL: one of 1 reaches the server",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 443, SYN), .ttl = 1}, TO_EDGE, .flow = BEGINS_FLOW, EDGE}}},
	{"the server's firewall is asked",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 444, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.edge.default"}}}},
	{"an attacker does not reach the service",
	 0,
	 {{.in = {TCP(ATTACKER, VIP2, 443, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
	{"UDP to a port that only TCP listens on is the kernel's",
	 0,
	 {{.in = {UDP(CLIENT, VIP2, 444)}, .verdict = XDP_PASS}}},
};

const struct subject subject_l2 = {
	.name = "forward l2",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
