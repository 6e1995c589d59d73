/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The grammar's actions: interfaces, sets, tiers, servers and services into the
 * model.  What must not be said twice, or not here, is refused on the spot; what
 * needs the whole configuration waits for config_check().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

int build_once(struct parser *parser, enum once once, struct word word)
{
	struct quoted quoted;

	if (parser->said & once)
		return parser_mistake(parser, word.at, "`%s` is said twice", quote(&quoted, word));
	parser->said |= once;
	return 0;
}

int build_interface(struct parser *parser, struct word name)
{
	struct interface *interface = config_push(
		&parser->config->interfaces, &parser->config->interface_count, sizeof(*interface));

	if (!interface)
		return -ENOMEM;
	interface->at = name.at;
	parser->interface = interface;
	parser->said = 0;
	return word_device(parser, name, interface->name);
}

int build_hash_key(struct parser *parser, struct word keyword, struct word key)
{
	if (parser->config->has_hash_key)
		return parser_mistake(parser, keyword.at, "`hash-key` is said twice");
	parser->config->has_hash_key = true;
	return word_hash_key(parser, key, parser->config->hash_key);
}

/* -- sets ------------------------------------------------------------------------ */

int build_set(struct parser *parser, struct word name)
{
	struct set *set =
		config_push(&parser->config->sets, &parser->config->set_count, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->at = name.at;
	set->index = TW_NONE32;
	parser->set = set;
	return word_name(parser, name, set->name, "set");
}

int build_entry(struct parser *parser, struct word word)
{
	static const char *const instead[] = {"include", NULL};
	struct set *set = parser->set;
	struct prefix *prefix;

	if (set->count >= PREFIXES_MAX)
		return parser_mistake(parser, word.at, "a set holds at most %u prefixes",
				      PREFIXES_MAX);
	prefix = config_push(&set->items, &set->count, sizeof(*prefix));
	if (!prefix)
		return -ENOMEM;
	return word_prefix(parser, word, instead, prefix);
}

int build_entry_time(struct parser *parser, struct word time)
{
	struct set *set = parser->set;
	struct quoted quoted;
	const char *trouble =
		time_read(time.text, time.length, &set->items[set->count - 1].seconds);

	return trouble ? parser_mistake(parser, time.at, "`%s` %s", quote(&quoted, time), trouble)
		       : 0;
}

/* The path of an included file is relative to the folder of the file that names it. */
static char *beside(const char *file, const char *path)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *joined;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s%s", (int)(slash - file + 1), file, path) < 0)
		return NULL;
	return joined;
}

int build_include(struct parser *parser, struct word keyword, struct word word)
{
	struct set *set = parser->set;
	char *path, *name;
	int result;

	result = word_unquote(parser, word, &name);
	if (result)
		return result;
	path = beside(parser->config->file, name);
	free(name);
	if (!path)
		return -ENOMEM;
	result = set_file_read(&set->items, &set->count, path, NULL, parser->diagnostic);
	if (result < 0 && result != -ENOMEM)
		result = parser_mistake(parser, keyword.at, "%s: %s", path, strerror(-result));
	free(path);
	return result;
}

/* -- lists of rules ----------------------------------------------------------------- */

static void begin_rules(struct parser *parser, struct rules *rules, enum rules_of of,
			struct place at)
{
	rules->at = at;
	parser->rules = rules;
	parser->rules_of = of;
}

int build_guard(struct parser *parser, struct word keyword)
{
	struct rules *guard = &parser->config->guard;

	if (guard->at.line)
		return parser_mistake(
			parser, keyword.at,
			"`guard` has a block already, at line %u: put the rules there",
			guard->at.line);
	begin_rules(parser, guard, RULES_OF_GUARD, keyword.at);
	return 0;
}

int build_host(struct parser *parser, struct word keyword)
{
	struct config *config = parser->config;

	if (config->has_host)
		return parser_mistake(parser, keyword.at,
				      "`host` has a block already, at line %u: put the rules there",
				      config->host.at.line);
	config->has_host = true;
	begin_rules(parser, &config->host, RULES_OF_HOST, keyword.at);
	return 0;
}

int build_tier_firewall(struct parser *parser, struct word keyword)
{
	struct tier *tier = parser->tier;

	if (tier->rules.at.line)
		return parser_mistake(parser, keyword.at,
				      "tier `%s` has a firewall already, at line %u: put the rules "
				      "there",
				      tier->name, tier->rules.at.line);
	begin_rules(parser, &tier->rules, RULES_OF_TIER, keyword.at);
	return 0;
}

int build_server_firewall(struct parser *parser, struct word keyword)
{
	struct server *server = parser->server;

	if (server->rules.at.line)
		return parser_mistake(parser, keyword.at,
				      "server `%s` has a firewall already, at line %u: put the "
				      "rules there",
				      server->name, server->rules.at.line);
	begin_rules(parser, &server->rules, RULES_OF_SERVER, keyword.at);
	return 0;
}

int build_default(struct parser *parser, struct word keyword, struct place at, int action)
{
	struct rules *rules = parser->rules;

	if (parser->rules_of == RULES_OF_SERVER)
		return parser_mistake(parser, keyword.at,
				      "a server's own rules have no default: the rules of its tier "
				      "follow them, with theirs");
	if (rules->default_at.line)
		return parser_mistake(parser, keyword.at,
				      "`default` is said twice: it stands at line %u already",
				      rules->default_at.line);
	rules->default_at = at;
	rules->default_action = (uint8_t)action;
	return 0;
}

int build_strict(struct parser *parser, struct rules *rules, struct word keyword)
{
	bool in_tier = parser->tier && rules == &parser->tier->rules;

	if (!in_tier && rules != &parser->config->host)
		return parser_mistake(parser, keyword.at,
				      "`strict` stands in the block of a tier or of host, and "
				      "nowhere else");
	if (rules->strict)
		return parser_mistake(parser, keyword.at, "`strict` is said twice");
	rules->strict = true;
	return 0;
}

/* -- tiers ----------------------------------------------------------------------------- */

int build_tier(struct parser *parser, struct word name)
{
	struct tier *tier =
		config_push(&parser->config->tiers, &parser->config->tier_count, sizeof(*tier));

	if (!tier)
		return -ENOMEM;
	tier->at = name.at;
	tier->set_index = TW_NONE32;
	tier->rules.default_action = TW_DROP;
	tier->rules.default_id = TW_NONE32;
	parser->tier = tier;
	return word_name(parser, name, tier->name, "tier");
}

int build_server(struct parser *parser, struct word name)
{
	struct server *server =
		config_push(&parser->tier->servers, &parser->tier->server_count, sizeof(*server));

	if (!server)
		return -ENOMEM;
	server->at = name.at;
	server->weight = 1;
	server->rules.default_action = TW_DROP;
	server->rules.default_id = TW_NONE32;
	parser->server = server;
	parser->said = 0;
	return word_name(parser, name, server->name, "server");
}

int build_server_address(struct parser *parser, struct word word)
{
	static const char *const instead[] = {"weight", "mac", "device", "state", "backup", NULL};
	struct server *server = parser->server;
	union tw_addr addr;
	unsigned int family;
	int result;

	result = word_address(parser, word, instead, "server", &addr);
	if (result)
		return result;
	family = addr_is_ipv4(&addr) ? 0 : 1;
	if (!addr_is_zero(&server->addr[family]))
		return parser_mistake(parser, word.at, "server `%s` has an IPv%c address already",
				      server->name, family ? '6' : '4');
	server->addr[family] = addr;
	server->addr_at[family] = word.at;
	return 0;
}

int build_server_end(struct parser *parser)
{
	const struct server *server = parser->server;

	if (addr_is_zero(&server->addr[0]) && addr_is_zero(&server->addr[1]))
		return parser_mistake(parser, server->at,
				      "server `%s` has no address: write it behind the name",
				      server->name);
	return 0;
}

int build_backup_below(struct parser *parser, struct word keyword, struct word number)
{
	if (parser->tier->backup_below)
		return parser_mistake(parser, keyword.at, "`backup below` is said twice");
	return word_number(parser, number, 1, TIER_SERVERS_MAX, "number of servers",
			   &parser->tier->backup_below);
}

/* -- services ---------------------------------------------------------------------------- */

int build_service(struct parser *parser, struct word name)
{
	struct service *service = config_push(&parser->config->services,
					      &parser->config->service_count, sizeof(*service));

	if (!service)
		return -ENOMEM;
	service->at = name.at;
	service->id = TW_NONE32;
	parser->service = service;
	parser->said = 0;
	return word_name(parser, name, service->name, "service");
}

int build_hash(struct parser *parser, struct word keyword, struct word field, int on)
{
	struct suggestion suggestion = {.word = field};
	struct quoted quoted;
	int bit = 0;

	while (bit < HASH_FIELD_COUNT && !word_is(field, hash_field_name(bit)))
		suggestion_offer(&suggestion, hash_field_name(bit++));
	if (bit == HASH_FIELD_COUNT && suggestion.best)
		return parser_mistake(parser, field.at,
				      "the hash takes no `%s`; did you mean `%s`?",
				      quote(&quoted, field), suggestion.best);
	if (bit == HASH_FIELD_COUNT)
		return parser_mistake(parser, field.at,
				      "the hash takes no `%s`: it takes source, source-port, "
				      "destination and destination-port",
				      quote(&quoted, field));
	if (parser->said & (unsigned int)ONCE_HASH << bit)
		return parser_mistake(parser, field.at, "`hash %s` is said twice",
				      hash_field_name(bit));
	parser->said |= (unsigned int)ONCE_HASH << bit;
	parser->service->hash_at = keyword.at;
	if (!on)
		parser->service->hash_off |= (uint8_t)(1 << bit);
	return 0;
}

int build_pool(struct parser *parser, struct word address)
{
	struct service *service = parser->service;
	union tw_addr *place = config_push(&service->pool, &service->pool_count, sizeof(*place));

	return place ? word_address(parser, address, NULL, "pool", place) : -ENOMEM;
}

int build_listen(struct parser *parser, struct word address)
{
	struct listen *listen = config_push(&parser->service->listens,
					    &parser->service->listen_count, sizeof(*listen));

	if (!listen)
		return -ENOMEM;
	listen->at = address.at;
	parser->listen = listen;
	parser->ports = &listen->ports;
	return word_address(parser, address, NULL, "service", &listen->addr);
}
