/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pings of a service's address: a live service answers, and nobody else. */
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { accept tcp }\n"
					     "}\n"
					     "tier nobody {\n"
					     "	server gone 192.0.2.98 2001:db8:2::98 state down\n"
					     "	server idle 192.0.2.97 2001:db8:2::97 weight 0\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "service www {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	tier edge\n"
					     "	forward l2\n"
					     "}\n"
					     "service empty {\n"
					     "	listen 192.0.2.10 tcp port 80\n"
					     "	listen 2001:db8:2::10 tcp port 80\n"
					     "	listen 192.0.2.40 tcp port 80\n"
					     "	listen 2001:db8:2::40 tcp port 80\n"
					     "	tier nobody\n"
					     "}\n"
					     "service some {\n"
					     "	listen 192.0.2.20 tcp port 443\n"
					     "	listen 2001:db8:2::20 tcp port 443\n"
					     "	tier edge\n"
					     "	from @office\n"
					     "}\n";

#define ECHO(kind, party, vip) .protocol = (kind), .from = (party), .to = (vip)
#define NO_SERVER              .verdict = XDP_DROP, .reason = "no-server"

static const struct row rows[] = {
	{"a service answers a ping, with the data that it had",
	 0,
	 {{.in = {ECHO(PING, CLIENT, VIP), .payload = 56}, .answer = ECHOED},
	  {.in = {ECHO(PING, CLIENT, VIP), .payload = 1401, .dscp = 46}, .answer = ECHOED}}},
	{"without data, with a TTL of 1, with padding",
	 0,
	 {{.in = {ECHO(PING, CLIENT, VIP), .ttl = 1, .padding = 18}, .answer = ECHOED}}},
	{"with a TTL of 255", 0, {{.in = {ECHO(PING, CLIENT, VIP), .ttl = 255}, .answer = ECHOED}}},
	{"a ping whose checksum is high: the sum of the answer carries round",
	 0,
	 {{.in = {ECHO(PING, CLIENT, VIP), .payload = 4, .from_port = 1, .word = 0xf7fa0002},
	   .answer = ECHOED},
	  {.in = {ECHO(PING, CLIENT, VIP), .payload = 4, .from_port = 1, .word = 0xf7fd0000},
	   .answer = ECHOED},
	  {.in = {ECHO(PING, CLIENT, VIP), .payload = 4, .from_port = 1, .word = 0xffff0000},
	   .answer = ECHOED}}},
	{"a service none of whose servers takes new flows does not answer",
	 0,
	 {{.in = {ECHO(PING, CLIENT, VIP4), .payload = 56}, NO_SERVER}}},
	{"nor does one whose last server goes down, until it is up again",
	 UNTAGGED,
	 {{.in = {ECHO(PING, CLIENT, VIP), .payload = 56}, .answer = ECHOED},
	  {.before = "server down edge edge1",
	   .in = {ECHO(PING, CLIENT, VIP), .payload = 56},
	   NO_SERVER},
	  {.before = "server drain edge edge1",
	   .in = {ECHO(PING, CLIENT, VIP), .payload = 56},
	   NO_SERVER},
	  {.before = "server up edge edge1",
	   .in = {ECHO(PING, CLIENT, VIP), .payload = 56},
	   .answer = ECHOED}}},
	{"a service for some sources answers those alone",
	 0,
	 {{.in = {ECHO(PING, OFFICE, VIP2), .payload = 56}, .answer = ECHOED},
	  {.in = {ECHO(PING, CLIENT, VIP2), .payload = 56},
	   .verdict = XDP_DROP,
	   .reason = "source"}}},
	{"an address that is no service's is the kernel's",
	 0,
	 {{.in = {ECHO(PING, CLIENT, VIP3), .payload = 56}, .verdict = XDP_PASS},
	  {.in = {ECHO(PING, CLIENT, OTHER), .payload = 56}, .verdict = XDP_PASS},
	  {.in = {ECHO(PING, CLIENT, NODE), .payload = 56}, .verdict = XDP_PASS}}},
	{"an echo reply and a fragment of a ping are the kernel's",
	 0,
	 {{.in = {ECHO(PONG, CLIENT, VIP), .payload = 56}, .verdict = XDP_PASS},
	  {.in = {ECHO(PING, CLIENT, VIP), .payload = 56, .more_fragments = true},
	   .verdict = XDP_PASS}}},
	{"a ping with options is the kernel's",
	 ONLY_IPV4,
	 {{.in = {ECHO(PING, CLIENT, VIP), .payload = 56, .options = 2}, .verdict = XDP_PASS}}},
	{"a ping with extension headers is the kernel's",
	 ONLY_IPV6,
	 {{.in = {ECHO(PING, CLIENT, VIP), .payload = 56, .extensions = {DESTINATION}},
	   .verdict = XDP_PASS}}},
	{"an attacker's is blocked",
	 0,
	 {{.in = {ECHO(PING, ATTACKER, VIP), .payload = 56},
	   .verdict = XDP_DROP,
	   .reason = "blocked",
	   .moves = {"guard.rules.1"}}}},
};

const struct subject subject_ping = {
	.name = "pings of services",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
