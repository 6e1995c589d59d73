/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors: one about a flow that was accepted comes in without a rule, as path
 * MTU discovery needs it; one about anything else is judged like other packets.
 */
#include "subjects.h"

static const char configuration[] =
	PREAMBLE "tier web {\n"
		 "	server web1 10.0.1.11 2001:db8:1::11\n"
		 "	firewall { accept tcp to port 80; accept udp to port 53 }\n"
		 "}\n"
		 "tier app {\n"
		 "	server app1 10.0.1.21 2001:db8:1::21\n"
		 "	firewall { default drop }\n"
		 "}\n";

/* What the server sent, and somebody on the way could not deliver. */
static const struct packet answer = {TCP_REPLY(WEB1, CLIENT, 80, ACK), .payload = 20};
static const struct packet datagram = {UDP_REPLY(WEB1, CLIENT, 53), .payload = 20};
static const struct packet of_others = {TCP_REPLY(OTHER, CLIENT, 80, ACK), .payload = 20};

#define BEGINS                                                                                \
	{                                                                                     \
		.in = {TCP(CLIENT, WEB1, 80, SYN)}, .verdict = XDP_PASS, .flow = BEGINS_FLOW, \
		.moves = {                                                                    \
			"tiers.web.rules.1"                                                   \
		}                                                                             \
	}
/* The IP header and the eight bytes behind it that RFC 792 promises. */
#define TOO_BIG4(packet)                 \
	.in = {.protocol = IPPROTO_ICMP, \
	       .from = MONITOR,          \
	       .to = WEB1,               \
	       .type = 3,                \
	       .code = 4,                \
	       .payload = 28,            \
	       .quotes = (packet)}
#define TOO_BIG6(packet)                   \
	.in = {.protocol = IPPROTO_ICMPV6, \
	       .from = MONITOR,            \
	       .to = WEB1,                 \
	       .type = 2,                  \
	       .payload = 60,              \
	       .quotes = (packet)}
#define REFUSED .verdict = XDP_DROP, .reason = "default", .moves = {"tiers.web.default"}

static const struct row rows[] = {
	{"`fragmentation needed` about an accepted flow passes",
	 ONLY_IPV4,
	 {BEGINS, {TOO_BIG4(&answer), .verdict = XDP_PASS}}},
	{"`packet too big` about an accepted flow passes",
	 ONLY_IPV6,
	 {BEGINS, {TOO_BIG6(&answer), .verdict = XDP_PASS}}},
	{"the same about an accepted UDP flow",
	 ONLY_IPV4,
	 {{.in = {UDP(CLIENT, WEB1, 53)},
	   .verdict = XDP_PASS,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.2"}},
	  {TOO_BIG4(&datagram), .verdict = XDP_PASS}}},
	{"about a flow that nobody began it is refused", ONLY_IPV4, {{TOO_BIG4(&answer), REFUSED}}},
	{"about a flow that nobody began it is refused over IPv6",
	 ONLY_IPV6,
	 {{TOO_BIG6(&answer), REFUSED}}},
	{"about another protocol than the flow's it is refused",
	 ONLY_IPV4,
	 {BEGINS, {TOO_BIG4(&datagram), REFUSED}}},
	{"about a packet of somebody else it is refused",
	 ONLY_IPV4,
	 {BEGINS, {TOO_BIG4(&of_others), REFUSED}}},
	{"about a flow of another server it is refused",
	 ONLY_IPV4,
	 {BEGINS,
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = MONITOR,
		  .to = APP1,
		  .type = 3,
		  .code = 4,
		  .payload = 28,
		  .quotes = &answer},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.app.default"}}}},
	{"without a quote it is refused",
	 ONLY_IPV4,
	 {BEGINS,
	  {.in = {.protocol = IPPROTO_ICMP, .from = MONITOR, .to = WEB1, .type = 3, .code = 4},
	   REFUSED}}},
	{"an attacker's is blocked",
	 ONLY_IPV4,
	 {BEGINS,
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = ATTACKER,
		  .to = WEB1,
		  .type = 3,
		  .code = 4,
		  .payload = 28,
		  .quotes = &answer},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
};

const struct subject subject_related = {
	.name = "ICMP errors",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
