/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ways around a rule that fragments, tags and extension headers may seem to be, each
 * tried at guard, host, a server and a service; and beside them what must pass.
 */
#include "subjects.h"

static const char configuration[] = INTERFACES HASH_KEY
	"guard { drop udp to port 1900; drop tcp to port 25 flags syn,!ack }\n"
	"host { accept udp to port 53; default drop }\n"
	/* what nothing forbids is accepted here: what hides its ports must not pass for it */
	"tier open {\n"
	"	server app1 10.0.1.21 2001:db8:1::21\n"
	"	firewall {\n"
	"		drop udp to port 161\n"
	"		drop tcp to port 81 flags syn,!ack\n"
	"		drop icmp type timestamp-request\n"
	"		default accept\n"
	"	}\n"
	"}\n"
	"tier edge {\n"
	"	server edge1 192.0.2.31 2001:db8:2::31\n"
	"	firewall { accept tcp; accept udp to port 8443; default drop }\n"
	"}\n"
	"service front {\n"
	"	listen 192.0.2.10 udp port 443\n"
	"	listen 2001:db8:2::10 udp port 443\n"
	"	tier edge\n"
	"	port 8443\n"
	"}\n";

/* The first holds 32 bytes, four units, of a datagram of nine. */
#define FIRST(party, port, ...)                                                                   \
	.in = {UDP(CLIENT, party, port), .payload = 24, .udp_length = 40, .more_fragments = true, \
	       __VA_ARGS__}
#define PIECE(party, offset, bytes, ...)    \
	.in = {.protocol = IPPROTO_UDP,     \
	       .from = CLIENT,              \
	       .to = (party),               \
	       .fragment_offset = (offset), \
	       .payload = (bytes),          \
	       __VA_ARGS__}
#define MIDDLE(party) PIECE(party, 4, 16, .more_fragments = true)
#define LAST(party)   PIECE(party, 6, 24)
#define FIRST_TCP(party, port) \
	.in = {TCP(CLIENT, party, port, SYN), .payload = 12, .more_fragments = true}
#define DROPPED(why)       .verdict = XDP_DROP, .reason = why
#define BY(list_rule, why) .verdict = XDP_DROP, .reason = why, .moves = {list_rule}
#define BEGINS(rule)       .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {rule}
#define FOLLOWS(rule)      .verdict = XDP_PASS, .moves = {rule}
#define PASSES             .verdict = XDP_PASS
#define OPEN               "tiers.open.default"
#define FRONT              .moves = {"tiers.edge.rules.2", "services.front", "services.front.servers.edge1"}

static const struct row rows[] = {
	{"a datagram in three fragments passes to a server",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {MIDDLE(APP1), FOLLOWS(OPEN)},
	  {LAST(APP1), FOLLOWS(OPEN)}}},
	{"the next one with the same id passes, too",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {MIDDLE(APP1), FOLLOWS(OPEN)},
	  {LAST(APP1), FOLLOWS(OPEN)},
	  {FIRST(APP1, 53), FOLLOWS(OPEN)},
	  {LAST(APP1), FOLLOWS(OPEN)},
	  {MIDDLE(APP1), FOLLOWS(OPEN)}}},
	{"a datagram in three fragments passes to the node",
	 0,
	 {{FIRST(NODE, 53), BEGINS("host.rules.1")},
	  {LAST(NODE), FOLLOWS("host.rules.1")},
	  {MIDDLE(NODE), FOLLOWS("host.rules.1")}}},
	{"a datagram in three fragments passes to others, in any order",
	 0,
	 {{LAST(OTHER), PASSES}, {FIRST(OTHER, 1901), PASSES}, {MIDDLE(OTHER), PASSES}}},
	{"a datagram in three fragments goes to the service's server",
	 0,
	 {{FIRST(VIP, 443), .verdict = XDP_TX, .out = {.to = EDGE1, .to_port = 8443},
	   .flow = BEGINS_FLOW, FRONT},
	  {MIDDLE(VIP), .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT},
	  {LAST(VIP), .verdict = XDP_TX, .out = {.to = EDGE1}, FRONT}}},

	{"a fragment without its first stops even where all is accepted",
	 0,
	 {{LAST(APP1), DROPPED("fragment")}}},
	{"at the node, too", 0, {{LAST(NODE), DROPPED("fragment")}}},
	{"and at a service", 0, {{LAST(VIP), DROPPED("fragment")}}},
	{"a flow that is known does not help it",
	 0,
	 {{.in = {UDP(CLIENT, APP1, 53)}, BEGINS(OPEN)}, {LAST(APP1), DROPPED("fragment")}}},
	{"what belongs to a refused first fragment stops at a server",
	 0,
	 {{FIRST(APP1, 161), BY("tiers.open.rules.1", "rule")},
	  {MIDDLE(APP1), DROPPED("fragment")},
	  {LAST(APP1), DROPPED("fragment")}}},
	{"what belongs to a refused first fragment stops at the node",
	 0,
	 {{FIRST(NODE, 9), BY("host.default", "default")}, {LAST(NODE), DROPPED("fragment")}}},
	{"what belongs to a first fragment that guard refused stops on its way to others",
	 0,
	 {{FIRST(OTHER, 1900), BY("guard.rules.1", "blocked")},
	  {MIDDLE(OTHER), DROPPED("fragment")},
	  {LAST(OTHER), DROPPED("fragment")}}},
	{"also where a part came before it",
	 0,
	 {{LAST(OTHER), PASSES},
	  {FIRST(OTHER, 1900), BY("guard.rules.1", "blocked")},
	  {MIDDLE(OTHER), DROPPED("fragment")}}},
	{"an id that was accepted before does not help the next datagram",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {PIECE(APP1, 4, 40), FOLLOWS(OPEN)},
	  {FIRST(APP1, 161), BY("tiers.open.rules.1", "rule")},
	  {LAST(APP1), DROPPED("fragment")}}},
	{"a part of a refused SYN begins no flow that lets the next SYN in",
	 0,
	 {{FIRST_TCP(APP1, 81), BY("tiers.open.rules.2", "rule")},
	  {.in = {.protocol = IPPROTO_TCP,
		  .from = CLIENT,
		  .to = APP1,
		  .fragment_offset = 4,
		  .payload = 40},
	   DROPPED("fragment")},
	  {.in = {TCP(CLIENT, APP1, 81, SYN)}, BY("tiers.open.rules.2", "rule")}}},
	{"the rest of a SYN in fragments meets the rules for a SYN",
	 0,
	 {{FIRST_TCP(OTHER, 25), BY("guard.rules.2", "blocked")},
	  {.in = {.protocol = IPPROTO_TCP,
		  .from = CLIENT,
		  .to = OTHER,
		  .fragment_offset = 4,
		  .payload = 40},
	   DROPPED("fragment")}}},
	{"the rest of an ICMP message meets the rules for its type",
	 ONLY_IPV4,
	 {{.in = {.protocol = IPPROTO_ICMP,
		  .from = CLIENT,
		  .to = APP1,
		  .type = 14,
		  .payload = 24,
		  .more_fragments = true},
	   FOLLOWS(OPEN)},
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = CLIENT,
		  .to = APP1,
		  .fragment_offset = 4,
		  .payload = 24},
	   FOLLOWS(OPEN)},
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = CLIENT,
		  .to = APP1,
		  .type = 13,
		  .payload = 24,
		  .more_fragments = true},
	   BY("tiers.open.rules.3", "rule")},
	  {.in = {.protocol = IPPROTO_ICMP,
		  .from = CLIENT,
		  .to = APP1,
		  .fragment_offset = 4,
		  .payload = 24},
	   DROPPED("fragment")}}},

	{"a second first fragment with other ports overlaps",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {FIRST(APP1, 161), DROPPED("overlap")},
	  {LAST(APP1), FOLLOWS(OPEN)}}},
	{"at a service, too",
	 0,
	 {{FIRST(VIP, 443), .verdict = XDP_TX, .out = {.to = EDGE1, .to_port = 8443},
	   .flow = BEGINS_FLOW, FRONT},
	  {FIRST(VIP, 444), DROPPED("overlap")}}},
	{"at guard, too",
	 0,
	 {{FIRST(OTHER, 1901), PASSES}, {FIRST(OTHER, 1900), DROPPED("overlap")}}},
	{"at the node, too",
	 0,
	 {{FIRST(NODE, 53), BEGINS("host.rules.1")}, {FIRST(NODE, 9), DROPPED("overlap")}}},
	{"a fragment that begins within another overlaps",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)}, {PIECE(APP1, 3, 40), DROPPED("overlap")}}},
	{"a fragment within another overlaps",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {PIECE(APP1, 2, 8, .more_fragments = true), DROPPED("overlap")}}},
	{"a fragment that ends within another overlaps, one that ends before it does not",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {LAST(APP1), FOLLOWS(OPEN)},
	  {PIECE(APP1, 5, 16, .more_fragments = true), DROPPED("overlap")},
	  {PIECE(APP1, 5, 8, .more_fragments = true), FOLLOWS(OPEN)},
	  {PIECE(APP1, 4, 8, .more_fragments = true), FOLLOWS(OPEN)}}},
	{"a fragment that came twice overlaps",
	 0,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {LAST(APP1), FOLLOWS(OPEN)},
	  {LAST(APP1), DROPPED("overlap")}}},
	{"what came before the first fragment is not written over by it",
	 0,
	 {{PIECE(OTHER, 3, 16, .more_fragments = true), PASSES},
	  {FIRST(OTHER, 1901), DROPPED("overlap")}}},
	{"nor by another one",
	 0,
	 {{LAST(OTHER), PASSES},
	  {PIECE(OTHER, 5, 16, .more_fragments = true), DROPPED("overlap")}}},
	{"in IPv6 another next header makes no other datagram",
	 ONLY_IPV6,
	 {{FIRST_TCP(APP1, 80), BEGINS(OPEN)}, {PIECE(APP1, 1, 40), DROPPED("overlap")}}},
	{"in IPv4 another protocol makes another datagram",
	 ONLY_IPV4,
	 {{FIRST_TCP(APP1, 80), BEGINS(OPEN)}, {PIECE(APP1, 1, 40), DROPPED("fragment")}}},

	{"a fragment for all of the packet is a packet",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, APP1, 161), .extensions = {WHOLE_FRAGMENT}},
	   BY("tiers.open.rules.1", "rule")},
	  {.in = {UDP(CLIENT, OTHER, 1900), .extensions = {WHOLE_FRAGMENT}},
	   BY("guard.rules.1", "blocked")},
	  {.in = {UDP(CLIENT, APP1, 162), .extensions = {WHOLE_FRAGMENT}}, BEGINS(OPEN)}}},
	{"fragments behind a chain of headers are found",
	 ONLY_IPV6,
	 {{FIRST(APP1, 161, .extensions = {HOP_BY_HOP, DESTINATION, ROUTING}),
	   BY("tiers.open.rules.1", "rule")},
	  {PIECE(APP1, 4, 40, .extensions = {HOP_BY_HOP, DESTINATION, ROUTING}),
	   DROPPED("fragment")}}},
	{"and pass behind a chain of headers",
	 ONLY_IPV6,
	 {{FIRST(APP1, 53, .extensions = {HOP_BY_HOP, DESTINATION, ROUTING}), BEGINS(OPEN)},
	  {PIECE(APP1, 4, 40, .extensions = {HOP_BY_HOP, DESTINATION, ROUTING}), FOLLOWS(OPEN)}}},
	{"headers within the fragments are followed in the first",
	 ONLY_IPV6,
	 {{FIRST(APP1, 161, .extensions = {FRAGMENT_HERE, DESTINATION}),
	   BY("tiers.open.rules.1", "rule")}}},
	{"and what is behind them goes with it",
	 ONLY_IPV6,
	 {{FIRST(APP1, 53, .extensions = {FRAGMENT_HERE, DESTINATION}), BEGINS(OPEN)},
	  {.in = {.protocol = IPPROTO_DSTOPTS,
		  .from = CLIENT,
		  .to = APP1,
		  .fragment_offset = 5,
		  .payload = 40},
	   FOLLOWS(OPEN)}}},
	{"a chain that goes on in the next fragment stops",
	 ONLY_IPV6,
	 {{FIRST(APP1, 53, .extensions = {FRAGMENT_HERE, DESTINATION}, .extension_units = 6),
	   DROPPED("fragment")}}},
	{"a fragment within a fragment stops",
	 ONLY_IPV6,
	 {{FIRST(APP1, 53, .extensions = {FRAGMENT_HERE, WHOLE_FRAGMENT}), DROPPED("fragment")},
	  {FIRST(APP1, 53, .extensions = {WHOLE_FRAGMENT}), DROPPED("fragment|malformed")}}},
	{"a first fragment that holds nothing stops",
	 ONLY_IPV6,
	 {{.in = {UDP(CLIENT, APP1, 53), .segment = 1, .total_length = -1, .more_fragments = true},
	   DROPPED("fragment")}}},

	{"tags without a VLAN's number hide nothing",
	 UNTAGGED,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .extra_tags = 1, .priority_tags = true},
	   BY("guard.rules.1", "blocked")},
	  {.in = {UDP(CLIENT, OTHER, 1900), .extra_tags = 2, .priority_tags = true},
	   BY("guard.rules.1", "blocked")},
	  {.in = {UDP(CLIENT, OTHER, 1901), .extra_tags = 2, .priority_tags = true}, PASSES}}},
	{"three of them, which a receiver would take off, stop",
	 UNTAGGED,
	 {{.in = {UDP(CLIENT, OTHER, 1900), .extra_tags = 3, .priority_tags = true},
	   DROPPED("malformed")}}},
	{"fragments behind tags are of the datagram that others without are of",
	 UNTAGGED,
	 {{FIRST(APP1, 53), BEGINS(OPEN)},
	  {FIRST(APP1, 161, .extra_tags = 2), DROPPED("overlap")}}},
};

const struct subject subject_bypass = {
	.name = "ways around a rule",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
