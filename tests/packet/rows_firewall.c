/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Order of rules, servers' own rules, defaults, and what a server's firewall sees. */
#include "subjects.h"

static const char configuration[] = PREAMBLE
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11\n"
	"	firewall {\n"
	"		drop tcp from @office to port 80\n"
	"		accept tcp to port { 80, 443 }\n"
	"		drop tcp to port 443\n"
	"	}\n"
	"}\n"
	"tier app {\n"
	"	server app1 10.0.1.21 2001:db8:1::21\n"
	"	firewall { accept tcp from @web to port 8080; drop udp; default drop }\n"
	"}\n"
	"tier db {\n"
	"	server db1 10.0.3.11 2001:db8:3::11 {\n"
	"		firewall { drop tcp from @app to port 3307; accept tcp to port 9104 }\n"
	"	}\n"
	"	server db2 10.0.3.12 2001:db8:3::12\n"
	"	firewall { accept tcp from @app to port 3306-3307; default drop }\n"
	"}\n"
	"tier edge {\n"
	"	server edge1 192.0.2.31 2001:db8:2::31\n"
	"	firewall { drop tcp to port 80; accept tcp to port 8080; default accept }\n"
	"}\n"
	"service front {\n"
	"	listen 192.0.2.10 tcp port 80-81\n"
	"	listen 2001:db8:2::10 tcp port 80-81\n"
	"	tier edge\n"
	"	port 8080\n"
	"}\n"
	"service direct {\n"
	"	listen 192.0.2.20 tcp port 80\n"
	"	listen 2001:db8:2::20 tcp port 80\n"
	"	tier edge\n"
	"}\n";

#define ACCEPTED(...)         .verdict = XDP_PASS, .flow = BEGINS_FLOW, .moves = {__VA_ARGS__}
#define REFUSED_BY(why, path) .verdict = XDP_DROP, .reason = (why), .moves = {path}

static const struct row rows[] = {
	{"a packet that a rule accepts passes untouched",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 80, SYN)}, ACCEPTED("tiers.web.rules.2")}}},
	{"a packet that a rule drops is dropped for `rule`",
	 0,
	 {{.in = {TCP(OFFICE, WEB1, 80, SYN)}, REFUSED_BY("rule", "tiers.web.rules.1")}}},
	{"the first rule that matches decides",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 443, SYN)}, ACCEPTED("tiers.web.rules.2")}}},
	{"what no rule matches is dropped for `default`",
	 0,
	 {{.in = {TCP(CLIENT, WEB1, 22, SYN)}, REFUSED_BY("default", "tiers.web.default")}}},
	{"a UDP packet to the port of a TCP rule is dropped",
	 0,
	 {{.in = {UDP(CLIENT, WEB1, 80)}, REFUSED_BY("default", "tiers.web.default")}}},
	{"a server's own rule drops before the tier's accepts",
	 0,
	 {{.in = {TCP(APP1, DB1, 3307, SYN)}, REFUSED_BY("rule", "tiers.db.servers.db1.rules.1")}}},
	{"the same packet to another server of the tier is accepted by the tier's rule",
	 0,
	 {{.in = {TCP(APP1, DB2, 3307, SYN)}, ACCEPTED("tiers.db.rules.1")}}},
	{"a server's own rule accepts what its tier would drop",
	 0,
	 {{.in = {TCP(CLIENT, DB1, 9104, SYN)}, ACCEPTED("tiers.db.servers.db1.rules.2")}}},
	{"another server of the tier does not have that rule",
	 0,
	 {{.in = {TCP(CLIENT, DB2, 9104, SYN)}, REFUSED_BY("default", "tiers.db.default")}}},
	{"where no own rule matches, the tier's are asked",
	 0,
	 {{.in = {TCP(APP1, DB1, 3306, SYN)}, ACCEPTED("tiers.db.rules.1")}}},
	{"one tier reaches another as its rules say",
	 0,
	 {{.in = {TCP(WEB1, APP1, 8080, SYN)}, ACCEPTED("tiers.app.rules.1")}}},
	{"one tier does not reach another that no rule opens: web to database",
	 0,
	 {{.in = {TCP(WEB1, DB1, 3306, SYN)}, REFUSED_BY("default", "tiers.db.default")}}},
	{"a client does not reach a tier behind: client to app",
	 0,
	 {{.in = {TCP(CLIENT, APP1, 8080, SYN)}, REFUSED_BY("default", "tiers.app.default")}}},
	{"a drop rule on a whole protocol",
	 0,
	 {{.in = {UDP(WEB1, APP1, 8080)}, REFUSED_BY("rule", "tiers.app.rules.2")}}},
	{"the server's firewall sees the port after balancing",
	 0,
	 {{.in = {TCP(CLIENT, VIP, 80, SYN)},
	   .verdict = XDP_TX,
	   .out = {.to = EDGE1, .to_port = 8080},
	   .flow = BEGINS_FLOW,
	   .moves = {"tiers.edge.rules.2", "services.front", "services.front.servers.edge1"}}}},
	{"a balanced packet that the server's firewall refuses is dropped",
	 0,
	 {{.in = {TCP(CLIENT, VIP2, 80, SYN)}, REFUSED_BY("rule", "tiers.edge.rules.1")}}},
	{"`default accept` accepts",
	 0,
	 {{.in = {TCP(CLIENT, EDGE1, 5000, SYN)}, ACCEPTED("tiers.edge.default")}}},
};

const struct subject subject_firewall = {
	.name = "firewall of tiers and servers",
	.configuration = configuration,
	.rows = rows,
	.count = ARRAY_SIZE(rows),
};
