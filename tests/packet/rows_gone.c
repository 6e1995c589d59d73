/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of services and servers that the configuration does not have any more. */
#include "row.h"

static const char configuration[] = PREAMBLE "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { accept tcp to port 443; default drop }\n"
					     "}\n"
					     "service front {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	tier edge\n"
					     "}\n";

#define COUNTED .moves = {"tiers.edge.rules.1", "services.front", "services.front.servers.edge1"}
#define OPEN                                                                                 \
	{.in = {TCP(CLIENT, VIP, 443, SYN)},                                                 \
	 .verdict = XDP_TX,                                                                  \
	 .out = {.to = EDGE1},                                                               \
	 .flow = BEGINS_FLOW,                                                                \
	 COUNTED},                                                                           \
	{                                                                                    \
		.in = {TCP(CLIENT, VIP, 443, ACK)}, .verdict = XDP_TX, .out = {.to = EDGE1}, \
		COUNTED                                                                      \
	}

static const struct row rows[] = {
	{"a server that is gone sends no untranslated answer to a client of its service",
	 UNTAGGED,
	 {OPEN,
	  {.before = "apply",
	   .in = {TCP_REPLY(EDGE1, CLIENT, 443, ACK), .payload = 10},
	   .verdict = XDP_DROP,
	   .reason = "no-server"}}},
	{"what a client sends to a service that is gone is the kernel's",
	 UNTAGGED,
	 {OPEN, {.before = "apply", .in = {TCP(CLIENT, VIP, 443, ACK)}, .verdict = XDP_PASS}}},
	{"what such a server sends to others is the kernel's, too",
	 UNTAGGED,
	 {OPEN,
	  {.before = "apply",
	   .in = {TCP_REPLY(EDGE1, OTHER, 443, ACK), .payload = 10},
	   .verdict = XDP_PASS}}},
};

const struct subject subject_gone = {
	.name = "what is gone",
	.configuration = configuration,
	.second = PREAMBLE,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
