/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors about balanced flows: they reach the server that has the flow, and from
 * its side the client, with the packet that they quote as the receiver knows it.
 */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	server web2 10.0.1.12 2001:db8:1::12\n"
		 "	firewall { accept tcp to port 8443; accept udp to port 5353 }\n"
		 "}\n"
		 "tier edge {\n"
		 "	server edge1 192.0.2.31 2001:db8:2::31\n"
		 "	firewall { accept tcp to port 443 }\n"
		 "}\n"
		 "service www {\n"
		 "	listen 192.0.2.10 tcp port 443\n"
		 "	listen 2001:db8:2::10 tcp port 443\n"
		 "	tier web\n"
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
		 "	tier edge\n"
		 "	forward l2\n"
		 "}\n";

/* What the client got, as somebody on the way quotes it, and what the server had sent. */
static const struct packet sent = {TCP_REPLY(VIP, CLIENT, 443, ACK), .payload = 20};
static const struct packet sent_by_server = {TCP_REPLY(CHOSEN, CLIENT, 8443, ACK), .payload = 20};
static const struct packet answer = {UDP_REPLY(VIP, CLIENT, 53), .payload = 20};
static const struct packet answer_of_server = {UDP_REPLY(CHOSEN, CLIENT, 5353), .payload = 20};
static const struct packet bare = {UDP_REPLY(VIP, CLIENT, 53), .payload = 20,
				   .udp_without_checksum = true};
static const struct packet bare_of_server = {UDP_REPLY(CHOSEN, CLIENT, 5353), .payload = 20,
					     .udp_without_checksum = true};
static const struct packet options = {TCP_REPLY(VIP, CLIENT, 443, ACK), .payload = 20,
				      .options = 3};
static const struct packet options_of_server = {TCP_REPLY(CHOSEN, CLIENT, 8443, ACK), .payload = 20,
						.options = 3};
/* The other way: what the server got, and what the client had sent. */
static const struct packet got = {TCP(CLIENT, CHOSEN, 8443, ACK), .payload = 20};
static const struct packet got_by_service = {TCP(CLIENT, VIP, 443, ACK), .payload = 20};
static const struct packet asked = {UDP(CLIENT, CHOSEN, 5353), .payload = 20};
static const struct packet asked_of_service = {UDP(CLIENT, VIP, 53), .payload = 20};
static const struct packet of_edge = {TCP_REPLY(VIP2, CLIENT, 443, ACK), .payload = 20};
static const struct packet of_nobody = {TCP_REPLY(VIP, OTHER, 443, ACK), .payload = 20};

#define BEGINS_WWW                                                                      \
	{                                                                               \
		.in = {TCP(CLIENT, VIP, 443, SYN)}, .verdict = XDP_REDIRECT,            \
		.out = {.to = CHOSEN, .to_port = 8443}, .flow = BEGINS_FLOW, .moves = { \
			"tiers.web.rules.1",                                            \
			"services.www",                                                 \
			"services.www.servers.CHOSEN"                                   \
		}                                                                       \
	}
#define BEGINS_DNS                                                                      \
	{                                                                               \
		.in = {UDP(CLIENT, VIP, 53), .payload = 9}, .verdict = XDP_REDIRECT,    \
		.out = {.to = CHOSEN, .to_port = 5353}, .flow = BEGINS_FLOW, .moves = { \
			"tiers.web.rules.2",                                            \
			"services.dns",                                                 \
			"services.dns.servers.CHOSEN"                                   \
		}                                                                       \
	}
#define BEGINS_EDGE                                                                      \
	{                                                                                \
		.in = {TCP(CLIENT, VIP2, 443, SYN)}, .verdict = XDP_TX,                  \
		.out = {.via = EDGE1, .same_ttl = true}, .flow = BEGINS_FLOW, .moves = { \
			"tiers.edge.rules.1",                                            \
			"services.edge",                                                 \
			"services.edge.servers.edge1"                                    \
		}                                                                        \
	}
/* `bytes` of the quote: 28 are the IPv4 header and the eight bytes that RFC 792 promises. */
#define ERROR4(party_from, party_to, icmp_type, icmp_code, bytes, packet) \
	.in = {.protocol = IPPROTO_ICMP,                                  \
	       .from = (party_from),                                      \
	       .to = (party_to),                                          \
	       .type = (icmp_type),                                       \
	       .code = (icmp_code),                                       \
	       .payload = (bytes),                                        \
	       .quotes = (packet)}
#define ERROR6(party_from, party_to, icmp_type, icmp_code, bytes, packet) \
	.in = {.protocol = IPPROTO_ICMPV6,                                \
	       .from = (party_from),                                      \
	       .to = (party_to),                                          \
	       .type = (icmp_type),                                       \
	       .code = (icmp_code),                                       \
	       .payload = (bytes),                                        \
	       .quotes = (packet)}
#define TO_SERVER(packet) .verdict = XDP_REDIRECT, .out = {.to = CHOSEN, .quotes = (packet)}
#define TO_CLIENT(packet) \
	.verdict = XDP_REDIRECT, .out = {.from = VIP, .via = ROUTER, .quotes = (packet)}

static const struct row rows[] = {
	{"`fragmentation needed` reaches the server, with the eight bytes that are quoted at least",
	 ONLY_IPV4,
	 {BEGINS_WWW, {ERROR4(MONITOR, VIP, 3, 4, 28, &sent), TO_SERVER(&sent_by_server)}}},
	{"and with all of the packet: its own checksum is right, too",
	 ONLY_IPV4,
	 {BEGINS_WWW,
	  {ERROR4(MONITOR, VIP, 3, 4, 60, &sent), TO_SERVER(&sent_by_server)},
	  {ERROR4(MONITOR, VIP, 3, 4, 38, &sent), TO_SERVER(&sent_by_server)},
	  {ERROR4(MONITOR, VIP, 3, 4, 36, &sent), TO_SERVER(&sent_by_server)}}},
	{"of a packet with options",
	 ONLY_IPV4,
	 {BEGINS_WWW,
	  {ERROR4(MONITOR, VIP, 3, 4, 40, &options), TO_SERVER(&options_of_server)},
	  {ERROR4(MONITOR, VIP, 3, 4, 72, &options), TO_SERVER(&options_of_server)}}},
	{"`port unreachable` of the client and `time exceeded` on the way to it reach the server",
	 ONLY_IPV4,
	 {BEGINS_DNS,
	  {ERROR4(CLIENT, VIP, 3, 3, 28, &answer), TO_SERVER(&answer_of_server)},
	  {ERROR4(MONITOR, VIP, 11, 0, 28, &answer), TO_SERVER(&answer_of_server)},
	  {ERROR4(MONITOR, VIP, 11, 0, 48, &answer), TO_SERVER(&answer_of_server)},
	  {ERROR4(MONITOR, VIP, 11, 0, 28, &bare), TO_SERVER(&bare_of_server)}}},
	{"`packet too big` reaches the server, with eight bytes quoted and with all",
	 ONLY_IPV6,
	 {BEGINS_WWW,
	  {ERROR6(MONITOR, VIP, 2, 0, 48, &sent), TO_SERVER(&sent_by_server)},
	  {ERROR6(MONITOR, VIP, 2, 0, 80, &sent), TO_SERVER(&sent_by_server)}}},
	{"`unreachable` and `time exceeded` over IPv6 reach the server",
	 ONLY_IPV6,
	 {BEGINS_DNS,
	  {ERROR6(CLIENT, VIP, 1, 4, 48, &answer), TO_SERVER(&answer_of_server)},
	  {ERROR6(MONITOR, VIP, 3, 0, 68, &answer), TO_SERVER(&answer_of_server)}}},
	{"the server's own errors reach the client as the service's",
	 ONLY_IPV4,
	 {BEGINS_DNS,
	  {ERROR4(CHOSEN, CLIENT, 3, 3, 28, &asked), TO_CLIENT(&asked_of_service)},
	  {ERROR4(CHOSEN, CLIENT, 3, 3, 48, &asked), TO_CLIENT(&asked_of_service)}}},
	{"and over IPv6",
	 ONLY_IPV6,
	 {BEGINS_DNS,
	  {ERROR6(CHOSEN, CLIENT, 1, 4, 48, &asked), TO_CLIENT(&asked_of_service)},
	  {ERROR6(CHOSEN, CLIENT, 1, 4, 68, &asked), TO_CLIENT(&asked_of_service)}}},
	{"one of a router before the server as well",
	 ONLY_IPV4,
	 {BEGINS_WWW, {ERROR4(APP1, CLIENT, 3, 4, 60, &got), TO_CLIENT(&got_by_service)}}},
	{"in l2 an error goes to the server as it is",
	 ONLY_IPV4,
	 {BEGINS_EDGE,
	  {ERROR4(MONITOR, VIP2, 3, 4, 28, &of_edge), .verdict = XDP_TX,
	   .out = {.via = EDGE1, .same_ttl = true}}}},
	{"in l2 an error over IPv6 goes to the server as it is",
	 ONLY_IPV6,
	 {BEGINS_EDGE,
	  {ERROR6(MONITOR, VIP2, 2, 0, 48, &of_edge), .verdict = XDP_TX,
	   .out = {.via = EDGE1, .same_ttl = true}}}},
	{"an error about a flow that nobody began is the kernel's, as it is",
	 ONLY_IPV4,
	 {BEGINS_WWW, {ERROR4(MONITOR, VIP, 3, 4, 28, &of_nobody), .verdict = XDP_PASS}}},
	{"over IPv6 too",
	 ONLY_IPV6,
	 {BEGINS_WWW, {ERROR6(MONITOR, VIP, 2, 0, 48, &of_nobody), .verdict = XDP_PASS}}},
	{"one that quotes less than eight bytes is the kernel's",
	 ONLY_IPV4,
	 {BEGINS_WWW, {ERROR4(MONITOR, VIP, 3, 4, 27, &sent), .verdict = XDP_PASS}}},
	{"one whose server is down by now goes to nobody",
	 ONLY_IPV4 | UNTAGGED,
	 {BEGINS_EDGE,
	  {.before = "server down edge edge1",
	   ERROR4(MONITOR, VIP2, 3, 4, 28, &of_edge),
	   .verdict = XDP_DROP,
	   .reason = "no-server"}}},
	{"an error with a TTL of 1 ends here, and no error is sent about it",
	 ONLY_IPV4,
	 {BEGINS_WWW,
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = MONITOR,
		  .to = VIP,
		  .type = 3,
		  .code = 4,
		  .payload = 28,
		  .quotes = &sent,
		  .ttl = 1},
	   .reason = "ttl",
	   .answer = SUPPRESSED}}},
	{"an attacker's is blocked",
	 ONLY_IPV4,
	 {BEGINS_WWW,
	  {ERROR4(ATTACKER, VIP, 3, 4, 28, &sent), .verdict = XDP_DROP, .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
};

const struct subject subject_errors = {
	.name = "errors about balanced flows",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
