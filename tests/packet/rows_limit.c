/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `limit`: which packets a rule matches within its rate, and which beyond.  The rates
 * are so low that no token comes back while a row runs.
 */
#include "subjects.h"

#define SERVERS                                          \
	"tier web {\n"                                   \
	"	server web1 10.0.1.11 2001:db8:1::11\n"        \
	"	firewall {\n"                                  \
	"		drop tcp to port 81 limit over 1/h burst 1\n" \
	"		drop tcp to port 82 limit 1/h burst 1\n"      \
	"		accept udp to port 53 limit 1/h burst 2\n"    \
	"		accept tcp to port 80-90\n"                   \
	"	}\n"                                           \
	"}\n"

/* Before each variant of a row the rules are new, and so are their buckets. */
static const char configuration[] = INTERFACES HASH_KEY;

static const char second[] = INTERFACES HASH_KEY SETS
	"set everyone { 0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1 }\n"
	"guard {\n"
	"	drop udp to port 1 limit 1/h burst 2\n"
	"	drop udp to port 2 limit over 1/h burst 2\n"
	"	drop udp to port 3 limit over 2/h burst 1 per source\n"
	"	drop udp to port 4 limit over 3/h burst 1 per source/28\n"
	"	drop udp to port 5 limit over 3/h burst 1 per source/64\n"
	"	accept udp from 203.0.113.7 to port 6\n"
	"	accept udp from 2001:db8:d::7 to port 6\n"
	"	drop udp to port 6 limit over 1/h burst 1\n"
	"	drop udp from { @everyone, @office, 198.51.100.0/24, 2001:db8:c::/48 } "
	"to port { 7, 5-9 } limit over 1/h burst 2\n"
	"	accept udp to port 10 limit 1/h burst 1 per source\n"
	"	drop udp to port 10\n"
	"	drop udp to port 11 limit over 60/m\n"
	"}\n" SERVERS;

#define PASSES          .verdict = XDP_PASS
#define DROPS(why, who) .verdict = XDP_DROP, .reason = (why), .moves = {(who)}
#define BEGIN           .before = "apply"

static const struct row rows[] = {
	{"a rule with a limit drops within the rate only",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 1)}, DROPS("blocked", "guard.rules.1")},
	  {.in = {UDP(CLIENT, OTHER, 1)}, DROPS("blocked", "guard.rules.1")},
	  {.in = {UDP(CLIENT, OTHER, 1)}, PASSES},
	  {.in = {UDP(OFFICE, OTHER, 1)}, PASSES}}},
	{"a rule with `limit over` drops beyond the rate only, whoever sends",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 2)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 2)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 2)}, DROPS("limit", "guard.rules.2")},
	  {.in = {UDP(OFFICE, OTHER, 2)}, DROPS("limit", "guard.rules.2")},
	  {.in = {UDP(OFFICE, OTHER, 12)}, PASSES}}},
	{"per source: each has a bucket of its own",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 3)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 3)}, DROPS("limit", "guard.rules.3")},
	  {.in = {UDP(OFFICE, OTHER, 3)}, PASSES},
	  {.in = {UDP(OFFICE, OTHER, 3)}, DROPS("limit", "guard.rules.3")},
	  {.in = {UDP(CLIENT, OTHER, 4)}, PASSES}}},
	{"per prefix of IPv4: neighbours share a bucket, the next prefix has its own",
	 ONLY_IPV4 | UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 4), .source = "203.0.113.16"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "203.0.113.31"},
	   DROPS("limit", "guard.rules.4")},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "203.0.113.32"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "203.0.113.15"}, PASSES}}},
	{"per prefix of IPv6: neighbours share a bucket, the next prefix has its own",
	 ONLY_IPV6 | UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 5), .source = "2001:db8:f:1::1"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 5), .source = "2001:db8:f:1:ffff::1"},
	   DROPS("limit", "guard.rules.5")},
	  {.in = {UDP(CLIENT, OTHER, 5), .source = "2001:db8:f:2::1"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "2001:db9:f:2::1"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "2001:dbf:f:2::1"},
	   DROPS("limit", "guard.rules.4")},
	  {.in = {UDP(CLIENT, OTHER, 4), .source = "2001:dc0:f:2::1"}, PASSES}}},
	{"a prefix longer than an IPv4 address is the whole address",
	 ONLY_IPV4 | UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 5), .source = "203.0.113.16"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 5), .source = "203.0.113.17"}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 5), .source = "203.0.113.16"},
	   DROPS("limit", "guard.rules.5")}}},
	{"a packet that an earlier rule matches takes no token",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(MONITOR, OTHER, 6)}, PASSES,
	   .moves = {"?guard.rules.6", "?guard.rules.7"}},
	  {.in = {UDP(CLIENT, OTHER, 6)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 6)}, DROPS("limit", "guard.rules.8")}}},
	{"a packet that many combinations of one rule match takes one token",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 7)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 7)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 7)}, DROPS("limit", "guard.rules.9")}}},
	{"beyond the limit of a rule the next one is asked",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 10)}, PASSES, .moves = {"guard.rules.10"}},
	  {.in = {UDP(CLIENT, OTHER, 10)}, DROPS("blocked", "guard.rules.11")}}},
	{"a burst is five packets where nothing is said and the rate is low",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 11)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 11)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 11)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 11)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 11)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 11)}, DROPS("limit", "guard.rules.12")}}},
	{"a trace takes no token, and sees that there is none",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 2)}, PASSES},
	  {.before = "trace udp 198.51.100.1:9 203.0.113.9:2", .in = {}},
	  {.before = "trace udp 198.51.100.1:9 203.0.113.9:2",
	   .in = {UDP(CLIENT, OTHER, 2)},
	   PASSES},
	  {.in = {UDP(CLIENT, OTHER, 2)}, DROPS("limit", "guard.rules.2")}}},
	{"a rule that stays keeps its bucket when the configuration changes",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, OTHER, 2)}, PASSES},
	  {.in = {UDP(CLIENT, OTHER, 2)}, PASSES},
	  {.before = "rule add guard at 1 drop 99",
	   .in = {UDP(CLIENT, OTHER, 2)},
	   DROPS("limit", "guard.rules.3")}}},
	{"a tier's rule with `limit over` drops beyond the rate",
	 UNTAGGED,
	 {{BEGIN, .in = {TCP(CLIENT, WEB1, 81, SYN)}, PASSES, .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.4"}},
	  {.in = {TCP(OFFICE, WEB1, 81, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "limit",
	   .moves = {"tiers.web.rules.1"}}}},
	{"a tier's rule with a limit drops within the rate, as `rule`",
	 UNTAGGED,
	 {{BEGIN, .in = {TCP(CLIENT, WEB1, 82, SYN)}, .verdict = XDP_DROP, .reason = "rule",
	   .moves = {"tiers.web.rules.2"}},
	  {.in = {TCP(CLIENT, WEB1, 82, SYN)},
	   PASSES,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.4"}}}},
	{"new flows take tokens, packets of accepted flows do not",
	 UNTAGGED,
	 {{BEGIN, .in = {UDP(CLIENT, WEB1, 53)}, PASSES, .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.3"}},
	  {.in = {UDP(CLIENT, WEB1, 53)}, PASSES, .moves = {"tiers.web.rules.3"}},
	  {.in = {UDP(CLIENT, WEB1, 53)}, PASSES, .moves = {"tiers.web.rules.3"}},
	  {.in = {UDP(OFFICE, WEB1, 53)},
	   PASSES,
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.3"}},
	  {.in = {UDP(MONITOR, WEB1, 53)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.web.default"}},
	  {.in = {UDP(CLIENT, WEB1, 53)}, PASSES, .moves = {"tiers.web.rules.3"}}}},
};

const struct subject subject_limit = {
	.name = "limit",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
