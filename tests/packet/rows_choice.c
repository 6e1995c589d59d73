/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a service says about its choice: by what flows are hashed, what becomes of those
 * whose server goes, and of those that no server takes.
 */
#include "subjects.h"

#define LISTEN(address4, address6, port)                 \
	"	listen " address4 " tcp port " port "\n" \
	"	listen " address4 " udp port " port "\n" \
	"	listen " address6 " tcp port " port "\n" \
	"	listen " address6 " udp port " port "\n"
#define ON_VIP(port) LISTEN("192.0.2.10", "2001:db8:2::10", port)

static const char configuration[] = PREAMBLE
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11\n"
	"	server web2 10.0.1.12 2001:db8:1::12\n"
	"	server app1 10.0.1.21 2001:db8:1::21 backup\n"
	"	firewall { accept tcp; accept udp }\n"
	"}\n"
	"service sticky {\n" ON_VIP(
		"80") "	tier web\n	affinity source\n}\n"
		      "service sticky-too {\n" LISTEN(
			      "192.0.2.20", "2001:db8:2::20",
			      "443") "	tier web\n	affinity source\n}\n"
				     "service prefix {\n" ON_VIP(
					     "81") "	tier web\n	affinity source/24\n}\n"
						   "service client {\n" ON_VIP(
							   "82") "	tier web\n	hash "
								 "source-port off\n}\n"
								 "service room {\n" ON_VIP(
									 "9000-9999") "	tier "
										      "web\n	"
										      "hash source "
										      "off; hash "
										      "source-port "
										      "off; hash "
										      "destination "
										      "off\n}\n"
										      "service "
										      "moves "
										      "{\n" ON_VIP(
											      "83") "	tier web\n}\n"
												    "service resets {\n" ON_VIP(
													    "84") "	tier web\n	on-down reset\n}\n"
														  "service bridged {\n" ON_VIP(
															  "85") "	tier web\n	forward l2\n	on-down reset\n}\n"
																"service keeps {\n" ON_VIP(
																	"86") "	tier web\n	on-down keep\n}\n"
																	      "service rejects {\n" ON_VIP(
																		      "87") "	tier web\n	no-server reject\n}\n";

#define BY(service, rule, who) \
	.moves = {"tiers.web.rules." rule, "services." service, "services." service ".servers." who}
#define SENT(service, rule, party, who) \
	.verdict = XDP_REDIRECT, .out = {.to = party}, BY(service, rule, who)
#define BEGUN(service, rule, party, who) SENT(service, rule, party, who), .flow = BEGINS_FLOW
#define AGAIN(service, rule, party, who) SENT(service, rule, party, who), .flow = MAY_BEGIN_FLOW
#define TCP_TO(port, tcp_flags)          .in = {TCP(CLIENT, VIP, port, tcp_flags)}
#define BEGIN(port, service)                                            \
	{TCP_TO(port, SYN), BEGUN(service, "1", CHOSEN, "CHOSEN")},     \
	{                                                               \
		TCP_TO(port, ACK), SENT(service, "1", CHOSEN, "CHOSEN") \
	}
#define RESETS    .verdict = XDP_DROP, .reason = "server-down", .answer = RESET
#define NO_SERVER .verdict = XDP_DROP, .reason = "no-server"
#define DOWN      .before = "server down web CHOSEN"
#define NONE_UP                                         \
	{DOWN}, {.before = "server down web UNCHOSEN"}, \
	{                                               \
		.before = "server down web app1"        \
	}
#define PORTS(service, port, first, second, third)                                    \
	{.in = {TCP(CLIENT, VIP, port, SYN), .from_port = first},                     \
	 BEGUN(service, "1", CHOSEN, "CHOSEN")},                                      \
		{.in = {TCP(CLIENT, VIP, port, SYN), .from_port = second},            \
		 BEGUN(service, "1", CHOSEN, "CHOSEN")},                              \
		{.in = {TCP(CLIENT, VIP, port, SYN), .from_port = third},             \
		 BEGUN(service, "1", CHOSEN, "CHOSEN")},                              \
	{                                                                             \
		.in = {UDP(CLIENT, VIP, port)}, BEGUN(service, "2", CHOSEN, "CHOSEN") \
	}

static const struct row rows[] = {
	/* what is hashed */
	{"affinity: one client's flows go to one server, whatever port, protocol and service",
	 UNTAGGED,
	 {PORTS("sticky", 80, 1001, 1002, 1003),
	  {.in = {TCP(CLIENT, VIP2, 443, SYN)}, BEGUN("sticky-too", "1", CHOSEN, "CHOSEN")},
	  {.in = {UDP(CLIENT, VIP2, 443)}, BEGUN("sticky-too", "2", CHOSEN, "CHOSEN")}}},
	{"affinity to a prefix: so do those of its neighbours",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 81, SYN)}, BEGUN("prefix", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(OFFICE, VIP, 81, SYN)}, BEGUN("prefix", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(OFFICE, VIP, 81, SYN), .from_port = 1001},
	   BEGUN("prefix", "1", CHOSEN, "CHOSEN")},
	  {.in = {UDP(CLIENT, VIP, 81)}, BEGUN("prefix", "2", CHOSEN, "CHOSEN")}}},
	{"without the source port, one client's flows to a port go to one server",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 82, SYN), .from_port = 1001},
	   BEGUN("client", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 82, SYN), .from_port = 1002},
	   BEGUN("client", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 82, SYN), .from_port = 1003},
	   BEGUN("client", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 82, SYN)}, BEGUN("client", "1", CHOSEN, "CHOSEN")}}},
	{"by the destination port alone, who asks for a port is of no account",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP, 9001, SYN)}, BEGUN("room", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(OFFICE, VIP, 9001, SYN)}, BEGUN("room", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(MONITOR, VIP, 9001, SYN)}, BEGUN("room", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(OTHER, VIP, 9001, SYN)}, BEGUN("room", "1", CHOSEN, "CHOSEN")}}},

	/* servers that go */
	{"move: a flow goes on to another server, and the old one's answers go nowhere",
	 UNTAGGED,
	 {{.in = {UDP(CLIENT, VIP, 83)}, BEGUN("moves", "2", CHOSEN, "CHOSEN")},
	  {DOWN, .in = {UDP(CLIENT, VIP, 83)}, AGAIN("moves", "2", UNCHOSEN, "UNCHOSEN")},
	  {.in = {UDP_REPLY(CHOSEN, CLIENT, 83)},
	   NO_SERVER,
	   .flow = MAY_BEGIN_FLOW,
	   .moves = {"?services.moves", "?services.moves.servers.UNCHOSEN"}},
	  {.in = {UDP_REPLY(UNCHOSEN, CLIENT, 83)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP},
	   BY("moves", "2", "UNCHOSEN")}}},
	{"reset: client and server get one each, at their next packet",
	 UNTAGGED,
	 {BEGIN(84, "resets"),
	  {DOWN, TCP_TO(84, ACK), RESETS},
	  {.in = {TCP_REPLY(CHOSEN, CLIENT, 84, PSH | ACK), .payload = 10}, RESETS},
	  {.in = {TCP(CLIENT, VIP, 84, PSH | ACK), .payload = 20}, RESETS},
	  {TCP_TO(84, SYN), BEGUN("resets", "1", UNCHOSEN, "UNCHOSEN")},
	  {TCP_TO(84, ACK), SENT("resets", "1", UNCHOSEN, "UNCHOSEN")}}},
	{"reset: also where the server speaks first",
	 UNTAGGED,
	 {BEGIN(84, "resets"),
	  {DOWN, .in = {TCP_REPLY(CHOSEN, CLIENT, 84, FIN | ACK)}, RESETS},
	  {TCP_TO(84, ACK), RESETS}}},
	{"reset: a server that is taken away resets like one that is down",
	 UNTAGGED,
	 {BEGIN(84, "resets"),
	  {.before = "server del web CHOSEN", TCP_TO(84, ACK), RESETS},
	  {TCP_TO(84, SYN), BEGUN("resets", "1", UNCHOSEN, "UNCHOSEN")}}},
	{"reset: what has no resets is moved",
	 UNTAGGED,
	 {{.in = {UDP(CLIENT, VIP, 84)}, BEGUN("resets", "2", CHOSEN, "CHOSEN")},
	  {DOWN, .in = {UDP(CLIENT, VIP, 84)}, AGAIN("resets", "2", UNCHOSEN, "UNCHOSEN")}}},
	{"reset: a server that drains resets nothing",
	 UNTAGGED,
	 {BEGIN(84, "resets"),
	  {.before = "server drain web CHOSEN",
	   TCP_TO(84, ACK),
	   SENT("resets", "1", CHOSEN, "CHOSEN")}}},
	{"reset: in l2 the client is reset",
	 UNTAGGED,
	 {{TCP_TO(85, SYN), .verdict = XDP_REDIRECT, .out = {.via = CHOSEN, .same_ttl = true},
	   .flow = BEGINS_FLOW, BY("bridged", "1", "CHOSEN")},
	  {TCP_TO(85, ACK), .verdict = XDP_REDIRECT, .out = {.via = CHOSEN, .same_ttl = true},
	   BY("bridged", "1", "CHOSEN")},
	  {DOWN, TCP_TO(85, ACK), RESETS}}},
	{"keep: live flows go on to a server that is down, new ones go to the other",
	 UNTAGGED,
	 {BEGIN(86, "keeps"),
	  {DOWN, TCP_TO(86, ACK), SENT("keeps", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 86, SYN), .from_port = 1001},
	   BEGUN("keeps", "1", UNCHOSEN, "UNCHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 86, SYN), .from_port = 1002},
	   BEGUN("keeps", "1", UNCHOSEN, "UNCHOSEN")},
	  {.before = "server del web CHOSEN",
	   TCP_TO(86, ACK),
	   AGAIN("keeps", "1", UNCHOSEN, "UNCHOSEN")}}},
	{"a server that takes the place of one that is taken away gets none of its flows",
	 UNTAGGED,
	 {BEGIN(86, "keeps"),
	  {.before = "server del web CHOSEN"},
	  {.before = "server add web CHOSEN 10.0.1.99 2001:db8:1::99 weight 0"},
	  {TCP_TO(86, ACK), AGAIN("keeps", "1", UNCHOSEN, "UNCHOSEN")},
	  {TCP_TO(86, ACK), SENT("keeps", "1", UNCHOSEN, "UNCHOSEN")}}},

	/* flows that no server takes */
	{"the last server gone: new flows are dropped",
	 UNTAGGED,
	 {BEGIN(83, "moves"),
	  NONE_UP,
	  {.in = {TCP(CLIENT, VIP, 83, SYN), .from_port = 1001}, NO_SERVER},
	  {TCP_TO(83, ACK), NO_SERVER}}},
	{"or rejected, where the service says so",
	 UNTAGGED,
	 {BEGIN(87, "rejects"),
	  NONE_UP,
	  {.in = {TCP(CLIENT, VIP, 87, SYN), .from_port = 1001}, NO_SERVER, .answer = RESET},
	  {.in = {UDP(CLIENT, VIP, 87), .payload = 8}, NO_SERVER, .answer = UNREACHABLE},
	  {TCP_TO(87, ACK), NO_SERVER, .answer = RESET}}},

	/* backups */
	{"a backup gets flows once no other server is up",
	 UNTAGGED,
	 {{TCP_TO(83, SYN), BEGUN("moves", "1", CHOSEN, "CHOSEN")},
	  {DOWN, .in = {TCP(CLIENT, VIP, 83, SYN), .from_port = 1001},
	   BEGUN("moves", "1", UNCHOSEN, "UNCHOSEN")},
	  {.before = "server down web UNCHOSEN",
	   .in = {TCP(CLIENT, VIP, 83, SYN), .from_port = 1002},
	   BEGUN("moves", "1", APP1, "app1")},
	  {.before = "server up web CHOSEN",
	   .in = {TCP(CLIENT, VIP, 83, SYN), .from_port = 1003},
	   BEGUN("moves", "1", CHOSEN, "CHOSEN")},
	  {.in = {TCP(CLIENT, VIP, 83, ACK), .from_port = 1002},
	   SENT("moves", "1", APP1, "app1")}}},
};

const struct subject subject_choice = {
	.name = "choice",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
