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
					     "service empty {\n"
					     "	listen 192.0.2.40 tcp port 80\n"
					     "	listen 2001:db8:2::40 tcp port 80\n"
					     "	tier nobody\n"
					     "}\n";

#define TO_EDGE(service, ...)                                                      \
	.verdict = XDP_TX, .out = {.to = EDGE1, __VA_ARGS__}, .flow = BEGINS_FLOW, \
	.moves = {"tiers.edge.default", "services." service, "services." service ".servers.edge1"}
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
