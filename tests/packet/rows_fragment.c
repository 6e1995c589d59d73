/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: sane ones of accepted flows go with them, all others stop. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall {\n"
					     "		accept tcp to port 80\n"
					     "		accept udp to port 53\n"
					     "		accept 47 fragment\n"
					     "		default drop\n"
					     "	}\n"
					     "}\n"
					     "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { accept tcp; accept udp; default drop }\n"
					     "}\n"
					     "service front {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	listen 192.0.2.10 udp port 443\n"
					     "	listen 2001:db8:2::10 udp port 443\n"
					     "	tier edge\n"
					     "	port 8443\n"
					     "}\n"
					     "service behind {\n"
					     "	listen 192.0.2.20 udp port 443\n"
					     "	listen 2001:db8:2::20 udp port 443\n"
					     "	tier edge\n"
					     "	forward l2\n"
					     "}\n";

/* The first holds 32 bytes of the segment; what comes later starts there. */
#define FIRST_TCP(party, port, tcp_flags) \
	.in = {TCP(CLIENT, party, port, tcp_flags), .more_fragments = true, .payload = 12}
#define LATER_TCP(party)                \
	.in = {.protocol = IPPROTO_TCP, \
	       .from = CLIENT,          \
	       .to = (party),           \
	       .fragment_offset = 4,    \
	       .payload = 40}
#define FIRST_UDP(party, port)          \
	.in = {.protocol = IPPROTO_UDP, \
	       .from = CLIENT,          \
	       .to = (party),           \
	       .to_port = (port),       \
	       .payload = 24,           \
	       .udp_length = 40,        \
	       .more_fragments = true}
#define LATER_UDP(party)                \
	.in = {.protocol = IPPROTO_UDP, \
	       .from = CLIENT,          \
	       .to = (party),           \
	       .fragment_offset = 4,    \
	       .payload = 40}
#define BEGINS(rule)  .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {rule}
#define FOLLOWS(rule) .verdict = XDP_PASS, .moves = {rule}
#define FRAGMENT      .verdict = XDP_DROP, .reason = "fragment"
#define FRONT         .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}
#define FRONT_UDP     .moves = {"tiers.edge.rules.2", "services.front", "services.front.servers.edge1"}
#define BEHIND        .moves = {"tiers.edge.rules.2", "services.behind", "services.behind.servers.edge1"}

static const struct row rows[] = {
	{"the first fragment of an accepted TCP flow passes and a later one follows it",
	 0,
	 {{FIRST_TCP(WEB1, 80, SYN), BEGINS("tiers.web.rules.1")},
	  {LATER_TCP(WEB1), FOLLOWS("tiers.web.rules.1")}}},
	{"the first fragment of an accepted UDP flow passes and the later ones follow it",
	 0,
	 {{FIRST_UDP(WEB1, 53), BEGINS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 4,
		  .payload = 16,
		  .more_fragments = true},
	   FOLLOWS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 6,
		  .payload = 7},
	   FOLLOWS("tiers.web.rules.2")}}},
	{"a later fragment whose first one never came stops", 0, {{LATER_TCP(WEB1), FRAGMENT}}},
	{"a later fragment of another datagram stops",
	 0,
	 {{FIRST_UDP(WEB1, 53), BEGINS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = MONITOR,
		  .to = WEB1,
		  .fragment_offset = 4,
		  .payload = 40},
	   FRAGMENT}}},
	{"the first fragment of a refused flow is refused, and later ones stop",
	 0,
	 {{FIRST_TCP(WEB1, 81, SYN), .verdict = XDP_DROP, .reason = "default",
	   .moves = {"tiers.web.default"}},
	  {LATER_TCP(WEB1), .verdict = XDP_DROP, .reason = "fragment|default",
	   .moves = {"?tiers.web.default"}}}},
	{"a first fragment too small for the TCP header stops",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN), .more_fragments = true, .payload = 20, .segment = 16},
	   FRAGMENT}}},
	{"a first fragment of eight bytes of TCP stops",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN), .more_fragments = true, .payload = 20, .segment = 8},
	   FRAGMENT}}},
	{"a first fragment too small for the TCP options stops",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN), .tcp_options = 10, .more_fragments = true,
		  .payload = 20, .segment = 24},
	   FRAGMENT}}},
	{"a fragment that would overwrite the TCP flags (offset 8 bytes) stops",
	 0,
	 {{FIRST_TCP(WEB1, 80, SYN), BEGINS("tiers.web.rules.1")},
	  {.in = {.protocol = IPPROTO_TCP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 1,
		  .payload = 40},
	   FRAGMENT}}},
	{"a fragment of offset 8 bytes of UDP follows its first",
	 0,
	 {{.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .to_port = 53,
		  .udp_length = 40,
		  .more_fragments = true},
	   BEGINS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 1,
		  .payload = 40},
	   FOLLOWS("tiers.web.rules.2")}}},
	{"a fragment that reaches beyond 65535 bytes stops",
	 0,
	 {{FIRST_UDP(WEB1, 53), BEGINS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 8190,
		  .payload = 15},
	   FOLLOWS("tiers.web.rules.2")},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 8190,
		  .payload = 16},
	   .verdict = XDP_DROP,
	   .reason = "fragment|malformed"}}},
	{"a fragment that is not the last and no multiple of eight bytes stops",
	 0,
	 {{.in = {.protocol = IPPROTO_UDP,
		  .from = CLIENT,
		  .to = WEB1,
		  .fragment_offset = 4,
		  .payload = 13,
		  .more_fragments = true},
	   .verdict = XDP_DROP,
	   .reason = "fragment|malformed"}}},
	{"bad flags in a first fragment are found",
	 0,
	 {{FIRST_TCP(WEB1, 80, SYN | FIN), .verdict = XDP_DROP, .reason = "tcp-flags"}}},
	{"an attacker's fragment is blocked",
	 0,
	 {{.in = {.protocol = IPPROTO_UDP,
		  .from = ATTACKER,
		  .to = WEB1,
		  .fragment_offset = 4,
		  .payload = 40},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},

	{"both fragments of a TCP flow go to the service's server, rewritten",
	 0,
	 {{FIRST_TCP(VIP, 443, SYN), .verdict = XDP_TX, .out = {.to = EDGE1, .to_port = 8443},
	   .flow = BEGINS_FLOW, FRONT},
	  {LATER_TCP(VIP), .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT}}},
	{"both fragments of a UDP datagram go to the service's server, rewritten",
	 0,
	 {{FIRST_UDP(VIP, 443), .verdict = XDP_TX, .out = {.to = EDGE1, .to_port = 8443},
	   .flow = BEGINS_FLOW, FRONT_UDP},
	  {LATER_UDP(VIP), .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT_UDP}}},
	{"both fragments of an answer come back from the service's address",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 443)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1, .to_port = 8443},
	   .flow = BEGINS_FLOW,
	   FRONT_UDP},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = EDGE1,
		  .to = CLIENT,
		  .from_port = 8443,
		  .payload = 24,
		  .udp_length = 40,
		  .more_fragments = true},
	   .verdict = XDP_TX,
	   .out = {.from = VIP, .from_port = 443},
	   FRONT_UDP},
	  {.in = {.protocol = IPPROTO_UDP,
		  .from = EDGE1,
		  .to = CLIENT,
		  .fragment_offset = 4,
		  .payload = 40},
	   .verdict = XDP_TX,
	   .out = {.from = VIP},
	   FRONT_UDP}}},
	{"both fragments go to the server in l2, as they are",
	 0,
	 {{FIRST_UDP(VIP2, 443), .verdict = XDP_TX, .out = {.via = EDGE1, .same_ttl = true},
	   .flow = BEGINS_FLOW, BEHIND},
	  {LATER_UDP(VIP2), .verdict = XDP_TX, .out = {.via = EDGE1, .same_ttl = true}, BEHIND}}},
};

const struct subject subject_fragment = {
	.name = "fragments",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
