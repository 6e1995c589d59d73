/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets a service takes, and which it refuses. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "tier nobody {\n"
					     "	server gone 192.0.2.98 2001:db8:2::98 state down\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 80,443\n"
					     "	listen 192.0.2.10 tcp port 8000-8100\n"
					     "	listen 2001:db8:2::10 tcp port 80,443\n"
					     "	listen 2001:db8:2::10 tcp port 8000-8100\n"
					     "	listen 192.0.2.20 udp port 53\n"
					     "	listen 2001:db8:2::20 udp port 53\n"
					     "	tier edge\n"
					     "}\n"
					     "service dns-tcp {\n"
					     "	listen 192.0.2.20 tcp port 53\n"
					     "	listen 2001:db8:2::20 tcp port 53\n"
					     "	tier edge\n"
					     "	port 5353\n"
					     "	from @office\n"
					     "}\n"
					     "tier self {\n"
					     "	server self 10.0.1.1 2001:db8:1::1\n"
					     "	firewall { accept tcp to port 22; default drop }\n"
					     "}\n"
					     "service own {\n"
					     "	listen 192.0.2.20 tcp port 22,23\n"
					     "	listen 2001:db8:2::20 tcp port 22,23\n"
					     "	tier self\n"
					     "	forward l2\n"
					     "}\n"
					     "service own-nat {\n"
					     "	listen 192.0.2.20 tcp port 24\n"
					     "	listen 2001:db8:2::20 tcp port 24\n"
					     "	tier self\n"
					     "	port 22\n"
					     "}\n"
					     "service all {\n"
					     "	listen 192.0.2.30 tcp port any\n"
					     "	listen 2001:db8:2::30 tcp port any\n"
					     "	listen 192.0.2.30 sctp port any\n"
					     "	listen 2001:db8:2::30 sctp port any\n"
					     "	listen 192.0.2.30 udp port 7,9,1000-2000,3000\n"
					     "	listen 2001:db8:2::30 udp port 7,9,1000-2000,3000\n"
					     "	tier edge\n"
					     "	forward l2\n"
					     "}\n"
					     "service empty {\n"
					     "	listen 192.0.2.40 tcp port 80\n"
					     "	listen 2001:db8:2::40 tcp port 80\n"
					     "	tier nobody\n"
					     "}\n";

#define TO_EDGE(service, ...)                                                      \
	.verdict = XDP_TX, .out = {.to = EDGE1, __VA_ARGS__}, .flow = BEGINS_FLOW, \
	.moves = {"tiers.edge.default", "services." service, "services." service ".servers.edge1"}
#define L2_TO_EDGE                                                                       \
	.verdict = XDP_TX, .out = {.via = EDGE1, .same_ttl = true}, .flow = BEGINS_FLOW, \
	.moves = {"tiers.edge.default", "services.all", "services.all.servers.edge1"}
#define OWN(service)                              \
	.verdict = XDP_PASS, .flow = BEGINS_FLOW, \
	.moves = {"tiers.self.rules.1", "services." service, "services." service ".servers.self"}
#define NO_SERVER(service) \
	.verdict = XDP_DROP, .reason = "no-server", .moves = {"?services." service}

static const struct row rows[] = {
	{"the first port of a list", 0, {{.in = {TCP(CLIENT, VIP, 80, SYN)}, TO_EDGE("www")}}},
	{"the second port of a list", 0, {{.in = {TCP(CLIENT, VIP, 443, SYN)}, TO_EDGE("www")}}},
	{"a port that is not in the list is the kernel's",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 81, SYN)}, .verdict = XDP_PASS}}},
	{"the first port of a range", 0, {{.in = {TCP(CLIENT, VIP, 8000, SYN)}, TO_EDGE("www")}}},
	{"the last port of a range", 0, {{.in = {TCP(CLIENT, VIP, 8100, SYN)}, TO_EDGE("www")}}},
	{"the port before a range is the kernel's",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 7999, SYN)}, .verdict = XDP_PASS}}},
	{"the port behind a range is the kernel's",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 8101, SYN)}, .verdict = XDP_PASS}}},
	{"UDP to a port that TCP listens on is the kernel's",
	 0,
	 {{.in = {UDP(CLIENT, VIP, 80)}, .verdict = XDP_PASS}}},
	{"a service may listen on another address and protocol",
	 0,
	 {{.in = {UDP(CLIENT, VIP2, 53)}, TO_EDGE("www")}}},
	{"the same address and port with another protocol is another service's",
	 0,
	 {{.in = {TCP(OFFICE, VIP2, 53, SYN)}, TO_EDGE("dns-tcp", .to_port = 5353)}}},
	{"a source that is not in the service's `from` is dropped for `source`",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 53, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "source",
	   .moves = {"?services.dns-tcp"}}}},
	{"a service takes the middle of a flow that it does not know, as another node had it",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 80, PSH | ACK), .payload = 20}, TO_EDGE("www")}}},
	{"a service on any port takes the first and the last, of TCP and SCTP",
	 0,
	 {{.in = {TCP(CLIENT, VIP3, 1, SYN)}, L2_TO_EDGE},
	  {.in = {TCP(CLIENT, VIP3, 65535, SYN)}, L2_TO_EDGE},
	  {.in = {.protocol = IPPROTO_SCTP,
		  .from = CLIENT,
		  .to = VIP3,
		  .to_port = 5060,
		  .payload = 20},
	   L2_TO_EDGE}}},
	{"and of other protocols nothing",
	 0,
	 {{.in = {.protocol = 47, .from = CLIENT, .to = VIP3, .payload = 20},
	   .verdict = XDP_PASS}}},
	{"among several ports and ranges each is found, and none between",
	 0,
	 {{.in = {UDP(CLIENT, VIP3, 7)}, L2_TO_EDGE},
	  {.in = {UDP(CLIENT, VIP3, 9)}, L2_TO_EDGE},
	  {.in = {UDP(CLIENT, VIP3, 2000)}, L2_TO_EDGE},
	  {.in = {UDP(CLIENT, VIP3, 3000)}, L2_TO_EDGE},
	  {.in = {UDP(CLIENT, VIP3, 8)}, .verdict = XDP_PASS},
	  {.in = {UDP(CLIENT, VIP3, 6)}, .verdict = XDP_PASS},
	  {.in = {UDP(CLIENT, VIP3, 2001)}, .verdict = XDP_PASS},
	  {.in = {UDP(CLIENT, VIP3, 3001)}, .verdict = XDP_PASS}}},
	{"a server that is the node itself gets the packet as it is in l2",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 22, SYN)}, OWN("own")},
	  {.in = {TCP(CLIENT, VIP2, 22, ACK)},
	   .verdict = XDP_PASS,
	   .moves = {"tiers.self.rules.1", "services.own", "services.own.servers.self"}},
	  {.in = {TCP(CLIENT, VIP2, 23, SYN)},
	   .verdict = XDP_DROP,
	   .reason = "default",
	   .moves = {"tiers.self.default"}}}},
	{"and translated in nat",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 24, SYN)},
	   .out = {.to = NODE_LAN, .to_port = 22},
	   OWN("own-nat")}}},
	{"a service whose only server is down in the file takes nobody",
	 0,
	 {{.in = {TCP(CLIENT, VIP4, 80, SYN)}, NO_SERVER("empty")}}},
	{"a server that is down takes nobody, until it is up again",
	 UNTAGGED,
	 {{.before = "server down edge edge1", .in = {TCP(CLIENT, VIP, 80, SYN)}, NO_SERVER("www")},
	  {.before = "server up edge edge1", .in = {TCP(CLIENT, VIP, 80, SYN)}, TO_EDGE("www")}}},
	{"a server that drains keeps its flows and takes no new ones",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)}, TO_EDGE("www")},
	  {.in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .moves = {"tiers.edge.default", "services.www", "services.www.servers.edge1"}},
	  {.before = "server drain edge edge1",
	   .in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1},
	   .moves = {"tiers.edge.default", "services.www", "services.www.servers.edge1"}},
	  {.in = {TCP(CLIENT, VIP, 443, SYN)}, NO_SERVER("www")}}},
	{"a server of weight 0 takes no new flows",
	 UNTAGGED,
	 {{.before = "server set edge edge1 weight 0",
	   .in = {TCP(CLIENT, VIP, 80, SYN)},
	   NO_SERVER("www")}}},
	{"a service that is taken away leaves its packets to the kernel",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)}, TO_EDGE("www")},
	  {.before = "service del www", .in = {TCP(CLIENT, VIP, 443, SYN)}, .verdict = XDP_PASS}}},
	{"a service that is added takes IPv4 packets at once",
	 ONLY_IPV4 | UNTAGGED,
	 {{.before = "service add late listen 192.0.2.40 tcp port 9000 tier edge port 9001",
	   .in = {TCP(CLIENT, VIP4, 9000, SYN)},
	   TO_EDGE("late", .to_port = 9001)}}},
};

const struct subject subject_service = {
	.name = "services",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
