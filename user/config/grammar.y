/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The grammar of files and command lines alike.  The first token, which parse.c
 * chooses, says which of them is read.
 *
 * Actions put what they read straight into parser->config, which owns it from
 * then on; thus an action that fails has nothing to free.  A token's name below
 * is what a message calls it: see syntax.c.
 */
%require "3.8"
%define api.pure full
%define api.prefix {config_yy}
%define api.token.prefix {TOKEN_}
%define api.token.raw
%define api.location.type {struct place}
%define parse.error custom
%define parse.lac full
%parse-param {struct parser *parser} {void *scanner}
%lex-param {void *scanner}

%code requires {
#include "config/parse.h"
}

%union {
	struct word word;
	struct range_words range;
	int value;
}

%code provides {
int config_yylex(CONFIG_YYSTYPE *value, struct place *at, void *scanner);
}

%code {
#include <errno.h>
#include <netinet/in.h>

#define YYLLOC_DEFAULT(current, right, n) ((current) = YYRHSLOC(right, (n) ? 1 : 0))

#define TRY(call)                                                                                  \
	do {                                                                                       \
		parser->result = (call);                                                           \
		if (parser->result)                                                                \
			YYABORT;                                                                   \
	} while (0)

static void yyerror(struct place *at, struct parser *parser, void *scanner, const char *message);
}

%initial-action {
	@$ = (struct place){ 1, 1 };
	(void)yynerrs; /* bison counts errors; clang warns that nobody asks */
}

%token START_FILE START_RULE START_SERVER START_SERVICE START_PACKET START_PREFIX
%token END 0 "the end"
%token <word> NAME "a name"
%token <word> WORD "an address"
%token <word> SET_NAME "a set as @NAME"
%token <word> NUMBER "a number"
%token <word> RANGE "a range as N-N"
%token <word> RATE "a rate as 10/s"
%token <word> FLAG_LIST "TCP flags as syn,!ack"
%token <word> STRING "a text in quotes"
%token <word> UNTERMINATED "a text without its closing quote"
%token <word> LABEL "a comment"
%token EOL "the end of the line"
%token SEMICOLON ";"
%token OPEN "{"
%token CLOSE "}"
%token COMMA ","
%token DASH "-"

%token <word> INTERFACE "interface" HASH_KEY "hash-key" SET "set" GUARD "guard" HOST "host"
%token <word> TIER "tier" SERVICE "service" INCLUDE "include" MODE "mode"
%token <word> NATIVE "native" GENERIC "generic" AUTO "auto"
%token <word> SERVER "server" FIREWALL "firewall" STRICT "strict" DEFAULT "default"
%token <word> WEIGHT "weight" MAC "mac" DEVICE "device" UP "up" DRAIN "drain" DOWN "down"
%token <word> BACKUP "backup" BELOW "below"
%token <word> LISTEN "listen" FORWARD "forward" POOL "pool" PORTS "ports"
%token <word> AFFINITY "affinity" HASH "hash"
%token <word> ON_DOWN "on-down" RESET "reset" MOVE "move" KEEP "keep" NO_SERVER "no-server"
%token <word> NAT "nat" FULL_NAT "full-nat" L2 "l2" IPIP "ipip" GUE "gue"
%token <word> ACCEPT "accept" DROP "drop" REJECT "reject" LOG "log"
%token <word> TCP "tcp" UDP "udp" ICMP "icmp" ICMP6 "icmp6" SCTP "sctp"
%token <word> FROM "from" TO "to" NOT "not" PORT "port" ANY "any"
%token <word> FLAGS "flags" TYPE "type" CODE "code" STATE "state" NEW "new" ESTABLISHED "established"
%token <word> TUNNEL "tunnel" SOURCE "source" DECAP "decap" MSS "mss"
%token <word> CHECK "check" ON "on" OFF "off" FOR "for"
%token <word> LENGTH "length" TTL "ttl" DSCP "dscp" FRAGMENT "fragment" IN "in"
%token <word> LIMIT "limit" OVER "over" BURST "burst" PER "per"

%type <value> mode action protocol server_state flow_state forward on_or_off on_down no_server
%type <word> device
%type <range> range

%%

input:
	START_FILE statements
	| START_RULE rule end_of_words
	| START_SERVER server_words end_of_words
	| START_SERVICE service_words end_of_words
	| START_PACKET packet end_of_words
	| START_PREFIX WORD end_of_words { TRY(word_prefix(parser, $2, NULL, &parser->prefix)); }
	;

end_of_words: %empty | EOL;

end: EOL | ";";

/* -- file ---------------------------------------------------------------------- */

statements: %empty | statement | statements end | statements end statement;

statement:
	statement_kind { parser->statements++; }
	;

statement_kind: interface | hash_key | set | guard | host | tunnel | tier | service;

interface:
	"interface" device { TRY(build_interface(parser, $2)); } interface_block
	;

interface_block: %empty | "{" interface_options "}";

interface_options:
	%empty
	| interface_option
	| interface_options end
	| interface_options end interface_option
	;

interface_option:
	"mode" mode
	{
		TRY(build_once(parser, ONCE_MODE, $1));
		parser->interface->mode = $2;
	}
	;

mode:
	"native" { $$ = MODE_NATIVE; }
	| "generic" { $$ = MODE_GENERIC; }
	| "auto" { $$ = MODE_AUTO; }
	;

device: NAME | STRING;

hash_key: "hash-key" NAME { TRY(build_hash_key(parser, $1, $2)); };

set:
	"set" NAME { TRY(build_set(parser, $2)); } "{" entries "}"
	{
		prefixes_merge(parser->set->items, &parser->set->count);
	}
	;

entries: %empty | entry_list | entry_list separator;

entry_list: entry | entry_list separator entry;

entry:
	WORD { TRY(build_entry(parser, $1)); } time
	| "include" STRING { TRY(build_include(parser, $1, $2)); }
	;

time:
	%empty
	| "for" NAME { TRY(build_entry_time(parser, $2)); }
	;

/* The lexer passes over line ends behind { and , */
separator: EOL | "," | EOL ",";

guard: "guard" { TRY(build_guard(parser, $1)); } rules_block;

host: "host" { TRY(build_host(parser, $1)); } rules_block;

rules_block: "{" rule_statements "}";

rule_statements:
	%empty
	| rule_statement
	| rule_statements end
	| rule_statements end rule_statement
	;

rule_statement:
	rule
	| "default" action { TRY(build_default(parser, $1, @2, $2)); }
	| "strict" { TRY(build_strict(parser, parser->rules, $1)); }
	| "decap" { TRY(build_decap(parser, $1)); } decap_forms decap_from
	| "check" NAME on_or_off { TRY(build_check(parser, $1, $2, $3)); }
	;

decap_forms: decap_form | decap_forms decap_form;

decap_form:
	"ipip" { TRY(build_decap_form(parser, $1, TW_TUNNEL_IPIP)); }
	| "gue" { TRY(build_decap_form(parser, $1, TW_TUNNEL_GUE)); }
	;

decap_from:
	%empty { TRY(build_decap_of_nobody(parser)); }
	| "from" { parser->addresses = &parser->decap->from; } addresses
	;

on_or_off:
	"on" { $$ = true; }
	| "off" { $$ = false; }
	;

tunnel: "tunnel" { TRY(build_tunnel(parser, $1)); } "{" tunnel_statements "}";

tunnel_statements:
	%empty
	| tunnel_statement
	| tunnel_statements end
	| tunnel_statements end tunnel_statement
	;

tunnel_statement:
	"source" tunnel_sources
	| "port" NUMBER
	{
		uint32_t port;

		TRY(build_once(parser, ONCE_PORT, $1));
		TRY(word_number(parser, $2, 1, UINT16_MAX, "port", &port));
		parser->config->tunnel.port = (uint16_t)port;
	}
	;

tunnel_sources: tunnel_source | tunnel_sources tunnel_source;

tunnel_source: WORD { TRY(build_tunnel_source(parser, $1)); };

tier:
	"tier" NAME { TRY(build_tier(parser, $2)); } "{" tier_statements "}"
	;

tier_statements:
	%empty
	| tier_statement
	| tier_statements end
	| tier_statements end tier_statement
	;

tier_statement:
	"server" server_words server_block
	| "firewall" { TRY(build_tier_firewall(parser, $1)); } rules_block
	| "strict" { TRY(build_strict(parser, &parser->tier->rules, $1)); }
	| "backup" "below" NUMBER { TRY(build_backup_below(parser, $1, $3)); }
	;

server_words:
	NAME { TRY(build_server(parser, $1)); } server_options { TRY(build_server_end(parser)); }
	;

server_options: %empty | server_options server_option;

server_option:
	WORD { TRY(build_server_address(parser, $1)); }
	| "weight" NUMBER
	{
		TRY(build_once(parser, ONCE_WEIGHT, $1));
		TRY(word_number(parser, $2, 0, UINT16_MAX, "weight", &parser->server->weight));
	}
	| "mac" NAME
	{
		TRY(build_once(parser, ONCE_MAC, $1));
		TRY(word_mac(parser, $2, parser->server->mac));
		parser->server->has_mac = true;
	}
	| "device" device
	{
		TRY(build_once(parser, ONCE_DEVICE, $1));
		TRY(word_device(parser, $2, parser->server->device));
		parser->server->device_at = @2;
	}
	| "state" server_state
	{
		TRY(build_once(parser, ONCE_STATE, $1));
		parser->server->state = (uint8_t)$2;
	}
	| "backup"
	{
		TRY(build_once(parser, ONCE_BACKUP, $1));
		parser->server->is_backup = true;
	}
	;

server_state:
	"up" { $$ = TW_SERVER_UP; }
	| "drain" { $$ = TW_SERVER_DRAIN; }
	| "down" { $$ = TW_SERVER_DOWN; }
	;

server_block: %empty | "{" server_statements "}";

server_statements:
	%empty
	| server_statement
	| server_statements end
	| server_statements end server_statement
	;

server_statement:
	"firewall" { TRY(build_server_firewall(parser, $1)); } rules_block
	;

/* -- services --------------------------------------------------------------------- */

service:
	"service" NAME { TRY(build_service(parser, $2)); } "{" service_statements "}"
	;

service_statements:
	%empty
	| service_statement
	| service_statements end
	| service_statements end service_statement
	;

service_words: NAME { TRY(build_service(parser, $1)); } service_options;

service_options: %empty | service_options service_statement;

service_statement:
	"listen" WORD { TRY(build_listen(parser, $2)); } protocol "port" listen_ports
	{
		parser->listen->protocol = (uint8_t)$4;
	}
	| "tier" NAME
	{
		TRY(build_once(parser, ONCE_TIER, $1));
		TRY(word_name(parser, $2, parser->service->tier, "tier"));
		parser->service->tier_at = @2;
	}
	| "forward" forward
	{
		TRY(build_once(parser, ONCE_FORWARD, $1));
		parser->service->forward = (uint8_t)$2;
		parser->service->forward_at = @2;
	}
	| "port" NUMBER
	{
		uint32_t port;

		TRY(build_once(parser, ONCE_PORT, $1));
		TRY(word_number(parser, $2, 1, UINT16_MAX, "port", &port));
		parser->service->port = (uint16_t)port;
		parser->service->port_at = @1;
	}
	| "mss" { TRY(build_once(parser, ONCE_MSS, $1)); parser->service->mss_at = @1; } mss
	| "from"
	{
		TRY(build_once(parser, ONCE_FROM, $1));
		parser->addresses = &parser->service->from;
	}
	addresses
	| "affinity" NAME
	{
		TRY(build_once(parser, ONCE_AFFINITY, $1));
		TRY(word_source(parser, $2, &parser->service->affinity_bits));
		parser->service->affinity = true;
		parser->service->affinity_at = @1;
	}
	| "hash" NAME on_or_off { TRY(build_hash(parser, $1, $2, $3)); }
	| "on-down" on_down
	{
		TRY(build_once(parser, ONCE_ON_DOWN, $1));
		parser->service->on_down = (uint8_t)$2;
	}
	| "no-server" no_server
	{
		TRY(build_once(parser, ONCE_NO_SERVER, $1));
		parser->service->rejects = $2 == TW_REJECT;
	}
	| "pool"
	{
		TRY(build_once(parser, ONCE_POOL, $1));
		parser->service->pool_at = @1;
	}
	pool_addresses pool_ports
	;

on_down:
	"move" { $$ = TW_ON_DOWN_MOVE; }
	| "reset" { $$ = TW_ON_DOWN_RESET; }
	| "keep" { $$ = TW_ON_DOWN_KEEP; }
	;

no_server:
	"drop" { $$ = TW_DROP; }
	| "reject" { $$ = TW_REJECT; }
	;

pool_addresses: pool_address | pool_addresses pool_address;

pool_address: WORD { TRY(build_pool(parser, $1)); };

pool_ports:
	%empty
	| "ports" range
	{
		TRY(word_range(parser, $2, 1, UINT16_MAX, "port", parser->service->pool_ports));
	}
	;

listen_ports:
	ports
	| "any" { TRY(build_all_ports(parser)); }
	;

mss:
	NUMBER
	{
		uint32_t mss;

		TRY(word_number(parser, $1, MSS_MIN, MSS_MAX, "mss", &mss));
		parser->service->mss = (uint16_t)mss;
	}
	| "auto" { parser->service->mss = TW_MSS_AUTO; }
	;

forward:
	"nat" { $$ = TW_FORWARD_NAT; }
	| "full-nat" { $$ = TW_FORWARD_FULL_NAT; }
	| "l2" { $$ = TW_FORWARD_L2; }
	| "ipip" { $$ = TW_FORWARD_IPIP; }
	| "gue" { $$ = TW_FORWARD_GUE; }
	;

/* -- rules ---------------------------------------------------------------------------- */

rule:
	action { TRY(build_rule(parser, @1, $1)); }
	log rule_protocol from to matches label { TRY(build_rule_end(parser)); }
	;

action:
	"accept" { $$ = TW_ACCEPT; }
	| "drop" { $$ = TW_DROP; }
	| "reject" { $$ = TW_REJECT; }
	;

log:
	%empty
	| "log" { TRY(build_field(parser, RULE_LOG, $1)); }
	;

rule_protocol:
	%empty
	| protocol
	{
		parser->rule.protocol = (uint8_t)$1;
		parser->rule.fields |= RULE_PROTOCOL;
		parser->rule.field_at[__builtin_ctz(RULE_PROTOCOL)] = @1;
	}
	;

protocol:
	"tcp" { $$ = IPPROTO_TCP; }
	| "udp" { $$ = IPPROTO_UDP; }
	| "icmp" { $$ = IPPROTO_ICMP; }
	| "icmp6" { $$ = IPPROTO_ICMPV6; }
	| "sctp" { $$ = IPPROTO_SCTP; }
	| NUMBER
	{
		uint32_t number;

		TRY(word_number(parser, $1, 0, UINT8_MAX, "protocol", &number));
		$$ = (int)number;
	}
	;

from:
	%empty
	| "from" { parser->addresses = &parser->rule.from; } addresses from_port
	;

from_port:
	%empty
	| "port" { parser->ports = &parser->rule.from_ports; parser->ports->at = @1; } ports
	;

to:
	%empty
	| to_word addresses
	| to_word addresses to_port
	| to_word to_port
	;

to_word: "to" { parser->addresses = &parser->rule.to; };

to_port: "port" { parser->ports = &parser->rule.to_ports; parser->ports->at = @1; } ports;

addresses:
	some_addresses
	| "not" { parser->addresses->negated = true; } some_addresses
	;

some_addresses:
	"any" { TRY(build_any(parser, $1)); }
	| WORD { TRY(build_address(parser, $1)); }
	| SET_NAME { TRY(build_set_name(parser, $1)); }
	| "{" { parser->any = false; } address_list optional_separator "}"
	{
		build_addresses_end(parser);
	}
	;

address_list: address | address_list separator address;

address:
	"any" { TRY(build_any(parser, $1)); }
	| WORD { TRY(build_address(parser, $1)); }
	| SET_NAME { TRY(build_set_name(parser, $1)); }
	;

optional_separator: %empty | separator;

ports: port_list | "{" braced_ports optional_separator "}";

port_list: range_of_ports | port_list "," range_of_ports;

braced_ports: range_of_ports | braced_ports separator range_of_ports;

range_of_ports: range { TRY(build_ports(parser, $1)); };

range:
	NUMBER { $$ = (struct range_words){ $1, $1 }; }
	| RANGE { $$ = word_split_range($1); }
	| NUMBER "-" NUMBER { $$ = (struct range_words){ $1, $3 }; }
	;

matches: %empty | matches match;

match:
	"flags" FLAG_LIST
	{
		TRY(build_field(parser, RULE_FLAGS, $1));
		TRY(word_flags(parser, $2, &parser->rule.flags_mask, &parser->rule.flags));
	}
	| "type" NAME { TRY(build_type(parser, $1, $2)); } code
	| "state" flow_state
	{
		TRY(build_field(parser, RULE_STATE, $1));
		parser->rule.state = (uint8_t)$2;
	}
	| "length" range
	{
		TRY(build_field(parser, RULE_LENGTH, $1));
		TRY(word_range(parser, $2, 0, UINT16_MAX, "length", parser->rule.length));
	}
	| "ttl" range
	{
		uint16_t ttl[2];

		TRY(build_field(parser, RULE_TTL, $1));
		TRY(word_range(parser, $2, 0, UINT8_MAX, "ttl", ttl));
		parser->rule.ttl[0] = (uint8_t)ttl[0];
		parser->rule.ttl[1] = (uint8_t)ttl[1];
	}
	| "dscp" NAME
	{
		TRY(build_field(parser, RULE_DSCP, $1));
		TRY(word_dscp(parser, $2, &parser->rule.dscp));
	}
	| "fragment" { TRY(build_field(parser, RULE_FRAGMENT, $1)); }
	| "in" device
	{
		TRY(build_field(parser, RULE_DEVICE, $1));
		TRY(word_device(parser, $2, parser->rule.device));
	}
	| "limit" { TRY(build_field(parser, RULE_LIMIT, $1)); } over rate burst per
	;

code:
	%empty
	| "code" NAME { TRY(build_code(parser, $1, $2)); }
	;

flow_state:
	"new" { $$ = TW_STATE_NEW; }
	| "established" { $$ = TW_STATE_ESTABLISHED; }
	;

over:
	%empty
	| "over" { parser->rule.limit.over = true; }
	;

rate: RATE { TRY(word_rate(parser, $1, &parser->rule.limit)); };

burst:
	%empty
	| "burst" NUMBER
	{
		TRY(word_number(parser, $2, 1, UINT32_MAX, "burst", &parser->rule.limit.burst));
	}
	;

per:
	%empty
	| "per" NAME
	{
		parser->rule.limit.per_source = true;
		TRY(word_source(parser, $2, &parser->rule.limit.source_bits));
	}
	;

label:
	%empty
	| LABEL { TRY(build_label(parser, $1)); }
	;

/* -- a packet in words ------------------------------------------------------------------ */

packet:
	protocol WORD WORD
	{
		parser->packet.protocol = (uint8_t)$1;
		TRY(build_endpoints(parser, $2, $3));
	}
	packet_options
	;

packet_options: %empty | packet_options packet_option;

packet_option:
	"flags" FLAG_LIST { TRY(build_packet_flags(parser, $1, $2)); }
	| "type" NAME { TRY(build_packet_type(parser, $1, $2)); } packet_code
	| "in" device
	{
		TRY(build_once(parser, ONCE_DEVICE, $1));
		TRY(word_device(parser, $2, parser->packet.device));
	}
	;

packet_code:
	%empty
	| "code" NAME
	{
		TRY(word_icmp_code(parser, $2, parser->packet.protocol, parser->packet.type,
				   &parser->packet.code));
		parser->packet.has_code = true;
	}
	;

%%

/* Syntax errors go to yyreport_syntax_error(): only want of memory comes here. */
static void yyerror(struct place *at, struct parser *parser, void *scanner, const char *message)
{
	(void)at;
	(void)scanner;
	(void)message;
	parser->result = -ENOMEM;
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *parser, void *scanner)
{
	struct expected expected[YYNTOKENS];
	yysymbol_kind_t kinds[YYNTOKENS];
	int count = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

	(void)scanner;
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		expected[i].token = kinds[i]; /* equal under api.token.raw */
		expected[i].name = yysymbol_name(kinds[i]);
	}
	parser->result = syntax_mistake(parser, expected, (size_t)count);
	return 0;
}
