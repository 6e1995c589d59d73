/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The meaning of a whole configuration: names are unique and known, families fit,
 * and everything has room in the tables of the data path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/lookup.h"

#define RULES_MAX    131072u
#define TIERS_MAX    8192u
#define SERVERS_MAX  8192u
#define SERVICES_MAX 1024u

/* What sets and tiers are called, which is one space of names. */
struct named {
	const char *kind;
	const char *name;
	struct place at;
	bool counted; /* as one of TW_SETS: sets are, and tiers that a rule names */
};

struct check {
	const struct config *config;
	struct diagnostic *diagnostic;
	struct named *named;
	struct lookup names;          /* of sets and tiers: struct named */
	struct lookup addresses;      /* of servers: struct server */
	size_t rules, lists, servers; /* so far */
};

#define mistake(check, at, ...) \
	config_mistake((check)->config, at, (check)->diagnostic, __VA_ARGS__)

const char *check_line(const struct config *config, struct place at, char out[LINE_TEXT])
{
	if (at.line && config->file)
		snprintf(out, LINE_TEXT, ", at line %u", at.line);
	else
		out[0] = 0;
	return out;
}

static bool is_before(struct place a, struct place b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

static int check_interfaces(struct check *check)
{
	const struct config *config = check->config;
	struct lookup names;
	int result = lookup_new(&names, config->interface_count);

	for (size_t i = 0; i < config->interface_count && !result; i++) {
		const struct interface *interface = &config->interfaces[i], *first;
		char line[LINE_TEXT];

		first = lookup_add_name(&names, interface->name, interface);
		if (first)
			result = mistake(check, interface->at, "interface `%s` is named already%s",
					 interface->name, check_line(config, first->at, line));
		else if (i >= TW_DEVICES)
			result = mistake(check, interface->at, "there are more than %u interfaces",
					 TW_DEVICES);
	}
	lookup_free(&names);
	return result;
}

/* -- names of sets and tiers ----------------------------------------------------------- */

static int count_list(struct check *check, struct place at)
{
	if (++check->lists > TW_SETS)
		return mistake(
			check, at,
			"sets, tiers that rules name and lists of addresses are more than %u "
			"together",
			TW_SETS);
	return 0;
}

static int add_named(struct check *check, struct named *new)
{
	const struct named *old = lookup_add_name(&check->names, new->name, new), *first = old;
	char line[LINE_TEXT];

	if (!old)
		return new->counted ? count_list(check, new->at) : 0;
	/* The model has sets before tiers; the message speaks of the order in the file. */
	if (is_before(new->at, old->at)) {
		first = new;
		new = (struct named *)old;
	}
	return mistake(check, new->at, "there is a %s `%s` already%s%s", first->kind, first->name,
		       check_line(check->config, first->at, line),
		       !strcmp(first->kind, new->kind)
			       ? ""
			       : ": a tier is also the set of its servers' addresses");
}

static int check_names(struct check *check)
{
	const struct config *config = check->config;
	struct named *next = check->named;
	int result = 0;

	for (size_t i = 0; i < config->set_count && !result; i++) {
		*next = (struct named){"set", config->sets[i].name, config->sets[i].at, true};
		result = add_named(check, next++);
	}
	for (size_t i = 0; i < config->tier_count && !result; i++) {
		const struct tier *tier = &config->tiers[i];

		if (!strcmp(tier->name, "host") || !strcmp(tier->name, "guard"))
			return mistake(check, tier->at,
				       "a tier cannot be called `%s`: on the command line this "
				       "word stands for the rules of %s itself",
				       tier->name, tier->name);
		*next = (struct named){"tier", tier->name, tier->at, false};
		result = add_named(check, next++);
		if (!result && i >= TIERS_MAX)
			result =
				mistake(check, tier->at, "there are more than %u tiers", TIERS_MAX);
	}
	return result;
}

static int unknown_set(struct check *check, const struct address_item *item)
{
	const struct config *config = check->config;
	struct suggestion suggestion = {.word = {item->set, strlen(item->set), item->at}};

	for (size_t i = 0; i < config->set_count; i++)
		suggestion_offer(&suggestion, config->sets[i].name);
	for (size_t i = 0; i < config->tier_count; i++)
		suggestion_offer(&suggestion, config->tiers[i].name);
	if (suggestion.best)
		return mistake(check, item->at, "there is no set or tier `%s`; did you mean `@%s`?",
			       item->set, suggestion.best);
	return mistake(check, item->at, "there is no set or tier `%s`", item->set);
}

static int check_addresses(struct check *check, const struct addresses *addresses)
{
	int result = 0;

	for (size_t i = 0; i < addresses->count && !result; i++) {
		const struct address_item *item = &addresses->items[i];
		const struct named *named;

		if (item->kind != ADDRESS_SET)
			continue;
		named = lookup_find_name(&check->names, item->set);
		if (!named)
			return unknown_set(check, item);
		if (named->counted)
			continue;
		check->named[named - check->named].counted = true;
		result = count_list(check, item->at);
	}
	return result;
}

/* Whether addresses of a rule become a set without a name. */
static bool makes_list(const struct addresses *addresses)
{
	if (addresses->negated)
		return addresses->items[0].kind == ADDRESS_PREFIX;
	return addresses->count > 1;
}

/* -- rules ------------------------------------------------------------------------------ */

static int check_rules(struct check *check, const struct rules *rules)
{
	int result = 0;

	for (size_t i = 0; i < rules->count && !result; i++) {
		const struct rule *rule = &rules->items[i];

		if (++check->rules > RULES_MAX)
			return mistake(check, rule->at, "there are more than %u rules", RULES_MAX);
		result = rule_check(check->config, rule, check->diagnostic);
		if (!result)
			result = check_addresses(check, &rule->from);
		if (!result)
			result = check_addresses(check, &rule->to);
		if (!result && makes_list(&rule->from))
			result = count_list(check, rule->from.items[0].at);
		if (!result && makes_list(&rule->to))
			result = count_list(check, rule->to.items[0].at);
	}
	return result;
}

/* -- tiers ------------------------------------------------------------------------------- */

static int check_server_addresses(struct check *check, const struct server *server)
{
	for (int family = 0; family < 2; family++) {
		const union tw_addr *addr = &server->addr[family];
		const struct server *first;
		char line[LINE_TEXT];

		if (addr_is_zero(addr))
			continue;
		first = lookup_add(&check->addresses, addr, sizeof(*addr), server);
		if (first)
			return mistake(check, server->addr_at[family],
				       "server `%s` has this address already%s", first->name,
				       check_line(check->config, first->addr_at[family], line));
	}
	return 0;
}

static int check_server(struct check *check, struct lookup *names, const struct server *server)
{
	const struct server *first = lookup_add_name(names, server->name, server);
	char line[LINE_TEXT];
	int result;

	if (first)
		return mistake(check, server->at, "this tier has a server `%s` already%s",
			       server->name, check_line(check->config, first->at, line));
	if (++check->servers > SERVERS_MAX)
		return mistake(check, server->at, "there are more than %u servers", SERVERS_MAX);
	result = check_server_addresses(check, server);
	return result ? result : check_rules(check, &server->rules);
}

static int check_tier(struct check *check, const struct tier *tier)
{
	struct lookup names;
	int result = lookup_new(&names, tier->server_count);

	for (size_t i = 0; i < tier->server_count && !result; i++) {
		if (i >= TIER_SERVERS_MAX)
			result = mistake(check, tier->servers[i].at,
					 "a tier has at most %u servers", TIER_SERVERS_MAX);
		else
			result = check_server(check, &names, &tier->servers[i]);
	}
	lookup_free(&names);
	return result ? result : check_rules(check, &tier->rules);
}

/* -- services ------------------------------------------------------------------------------ */

static bool tier_has_family(const struct tier *tier, int family)
{
	for (size_t i = 0; i < tier->server_count; i++)
		if (!addr_is_zero(&tier->servers[i].addr[family]))
			return true;
	return !tier->server_count; /* they may be added later */
}

static int unknown_tier(struct check *check, const struct service *service)
{
	struct suggestion suggestion = {
		.word = {service->tier, strlen(service->tier), service->tier_at}};

	for (size_t i = 0; i < check->config->tier_count; i++)
		suggestion_offer(&suggestion, check->config->tiers[i].name);
	if (suggestion.best)
		return mistake(check, service->tier_at, "there is no tier `%s`; did you mean `%s`?",
			       service->tier, suggestion.best);
	return mistake(check, service->tier_at, "there is no tier `%s`", service->tier);
}

/* In a tunnel either family leads to a server. */
static bool service_reaches(const struct service *service, const struct tier *tier, int family)
{
	if (forward_is_tunnel(service->forward) && tier_has_family(tier, !family))
		return true;
	return tier_has_family(tier, family);
}

static int check_service_tier(struct check *check, const struct service *service)
{
	const struct tier *tier = config_tier(check->config, service->tier);

	if (!tier)
		return unknown_tier(check, service);
	for (size_t i = 0; i < service->listen_count; i++) {
		const struct listen *listen = &service->listens[i];
		int family = addr_is_ipv4(&listen->addr) ? 0 : 1;

		if (!service_reaches(service, tier, family))
			return mistake(check, listen->at,
				       "no server of tier `%s` has an IPv%c address", tier->name,
				       family ? '6' : '4');
	}
	return 0;
}

/* A service's `from` is looked up as one set: its own, unless it names just one. */
static int check_service_from(struct check *check, const struct service *service)
{
	const struct addresses *from = &service->from;
	int result = check_addresses(check, from);

	if (result || !from->count || (from->count == 1 && from->items[0].kind == ADDRESS_SET))
		return result;
	return count_list(check, from->items[0].at);
}

static int check_services(struct check *check)
{
	const struct config *config = check->config;
	struct lookup names;
	int result = lookup_new(&names, config->service_count);

	for (size_t i = 0; i < config->service_count && !result; i++) {
		const struct service *service = &config->services[i], *first;
		char line[LINE_TEXT];

		first = lookup_add_name(&names, service->name, service);
		if (first)
			result = mistake(check, service->at, "there is a service `%s` already%s",
					 service->name, check_line(config, first->at, line));
		else if (i >= SERVICES_MAX)
			result = mistake(check, service->at, "there are more than %u services",
					 SERVICES_MAX);
		if (!result)
			result = service_check(config, service, check->diagnostic);
		if (!result)
			result = check_service_tier(check, service);
		if (!result)
			result = check_service_from(check, service);
	}
	lookup_free(&names);
	return result ? result : check_overlaps(config, check->diagnostic);
}

/* What each `decap` says becomes a rule. */
static int check_decaps(struct check *check)
{
	int result = 0;

	for (size_t i = 0; i < check->config->decap_count && !result; i++) {
		const struct addresses *from = &check->config->decaps[i].from;

		result = addresses_check(check->config, from, check->diagnostic);
		if (!result)
			result = check_addresses(check, from);
		if (!result && makes_list(from))
			result = count_list(check, from->items[0].at);
	}
	return result;
}

static int check_all(struct check *check)
{
	const struct config *config = check->config;
	int result = check_interfaces(check);

	if (!result)
		result = check_names(check);
	if (!result)
		result = check_rules(check, &config->guard);
	if (!result)
		result = check_rules(check, &config->host);
	if (!result)
		result = check_decaps(check);
	for (size_t i = 0; i < config->tier_count && !result; i++)
		result = check_tier(check, &config->tiers[i]);
	return result ? result : check_services(check);
}

int config_check(const struct config *config, struct diagnostic *diagnostic)
{
	struct check check = {.config = config, .diagnostic = diagnostic};
	size_t names = config->set_count + config->tier_count, servers = 0;
	int result = -ENOMEM;

	for (size_t i = 0; i < config->tier_count; i++)
		servers += config->tiers[i].server_count;
	check.named = calloc(names + 1, sizeof(*check.named));
	if (check.named && !lookup_new(&check.names, names) &&
	    !lookup_new(&check.addresses, servers * 2))
		result = check_all(&check);
	lookup_free(&check.names);
	lookup_free(&check.addresses);
	free(check.named);
	return result;
}
