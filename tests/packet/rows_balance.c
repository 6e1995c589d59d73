/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two servers: a flow stays where it is, whatever changes around it. */
#include "subjects.h"

#define WEB(more)                                            \
	"tier web {\n"                                       \
	"	server web1 10.0.1.11 2001:db8:1::11\n"            \
	"	server web2 10.0.1.12 2001:db8:1::12\n" more \
	"	firewall { accept tcp to port 80 }\n"              \
	"}\n"                                                \
	"service www {\n"                                    \
	"	listen 192.0.2.10 tcp port 80\n"                   \
	"	listen 2001:db8:2::10 tcp port 80\n"               \
	"	tier web\n"                                        \
	"}\n"                                                \
	"service bridged {\n"                                \
	"	listen 192.0.2.20 tcp port 80\n"                   \
	"	listen 2001:db8:2::20 tcp port 80\n"               \
	"	tier web\n"                                        \
	"	forward l2\n"                                      \
	"}\n"

static const char configuration[] = PREAMBLE WEB("");
static const char second[] = PREAMBLE WEB("	server app1 10.0.1.21 2001:db8:1::21\n");

#define COUNTED .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.CHOSEN"}
#define BRIDGED \
	.moves = {"tiers.web.rules.1", "services.bridged", "services.bridged.servers.CHOSEN"}
#define BEGINS                                                                                     \
	{                                                                                          \
		.in = {TCP(CLIENT, VIP, 80, SYN)}, .verdict = XDP_REDIRECT, .out = {.to = CHOSEN}, \
		.flow = BEGINS_FLOW, COUNTED                                                       \
	}
#define GOES_ON \
	.in = {TCP(CLIENT, VIP, 80, ACK)}, .verdict = XDP_REDIRECT, .out = {.to = CHOSEN}, COUNTED

static const struct row rows[] = {
	{"a flow goes on to the server that got its SYN", 0, {BEGINS, {GOES_ON}, {GOES_ON}}},
	{"its server's replies come from the service's address",
	 0,
	 {BEGINS,
	  {.in = {TCP_REPLY(CHOSEN, CLIENT, 80, SYN | ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.from = VIP},
	   COUNTED},
	  {GOES_ON}}},
	{"in l2 a flow goes on to the server that got its SYN",
	 UNTAGGED,
	 {{.in = {TCP(CLIENT, VIP2, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.via = CHOSEN, .same_ttl = true},
	   .flow = BEGINS_FLOW,
	   BRIDGED},
	  {.in = {TCP(CLIENT, VIP2, 80, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.via = CHOSEN, .same_ttl = true},
	   BRIDGED}}},
	{"a SYN that is sent again goes to the same server",
	 0,
	 {BEGINS,
	  {.in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = CHOSEN},
	   .flow = MAY_BEGIN_FLOW,
	   COUNTED}}},
	{"a SYN that is sent again after its server went down goes to the other",
	 UNTAGGED,
	 {BEGINS,
	  {.before = "server down web CHOSEN",
	   .in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = UNCHOSEN},
	   .flow = MAY_BEGIN_FLOW,
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.UNCHOSEN"}},
	  {.in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = UNCHOSEN},
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.UNCHOSEN"}}}},
	{"a change of weights moves no flow",
	 UNTAGGED,
	 {BEGINS,
	  {GOES_ON},
	  {.before = "server set web web1 weight 50", GOES_ON},
	  {.before = "server set web web1 weight 1", GOES_ON},
	  {.before = "server set web web2 weight 50", GOES_ON}}},
	{"another server moves no flow",
	 UNTAGGED,
	 {BEGINS, {GOES_ON}, {.before = "apply", GOES_ON}, {GOES_ON}}},
	{"another server and its end move no flow",
	 UNTAGGED,
	 {BEGINS,
	  {GOES_ON},
	  {.before = "server add web app1 10.0.1.21 2001:db8:1::21", GOES_ON},
	  {.before = "server del web app1", GOES_ON}}},
	{"draining both servers moves no flow",
	 UNTAGGED,
	 {BEGINS,
	  {GOES_ON},
	  {.before = "server drain web web1", GOES_ON},
	  {.before = "server drain web web2", GOES_ON},
	  {.before = "server up web web1"},
	  {.before = "server up web web2", GOES_ON}}},
	{"a new flow goes to the server that is not down, and stays when the other returns",
	 UNTAGGED,
	 {{.before = "server down web web1",
	   .in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB2},
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web2"}},
	  {.in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB2},
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web2"}},
	  {.before = "server up web web1",
	   .in = {TCP(CLIENT, VIP, 80, ACK)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB2},
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web2"}}}},
	{"a server of weight 0 gets no new flow",
	 UNTAGGED,
	 {{.before = "server set web web2 weight 0",
	   .in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_REDIRECT,
	   .out = {.to = WEB1},
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.web.rules.1", "services.www", "services.www.servers.web1"}}}},
};

const struct subject subject_balance = {
	.name = "balancing",
	.configuration = configuration,
	.second = second,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
