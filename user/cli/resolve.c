/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From counter ids and indices back to names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/resolve.h"
#include "tierwall/abi.h"

static void note_place(struct names *names, uint32_t id, struct rule_place place)
{
	if (id < TW_COUNTERS)
		names->rules[id] = place;
}

static void note_rules(struct names *names, const struct rules *list, const char *owner,
		       const char *server)
{
	for (size_t i = 0; i < list->count; i++)
		note_place(names, list->items[i].id,
			   (struct rule_place){
				   .list = list,
				   .rule = &list->items[i],
				   .number = i + 1,
				   .owner = owner,
				   .server = server,
			   });
}

/* A server's own rules have no default; all other lists do. */
static void note_list(struct names *names, const struct rules *list, const char *owner)
{
	note_place(names, list->default_id, (struct rule_place){.list = list, .owner = owner});
	note_rules(names, list, owner, NULL);
}

int names_read(struct names *out, const struct config *config)
{
	out->config = config;
	out->rules = calloc(TW_COUNTERS, sizeof(*out->rules));
	if (!out->rules)
		return -ENOMEM;
	note_list(out, &config->guard, "guard");
	if (config->has_host)
		note_list(out, &config->host, "host");
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		note_list(out, &tier->rules, tier->name);
		for (size_t j = 0; j < tier->server_count; j++)
			note_rules(out, &tier->servers[j].rules, tier->name, tier->servers[j].name);
	}
	return 0;
}

void names_free(struct names *names)
{
	free(names->rules);
	names->rules = NULL;
}

const struct rule_place *names_rule(const struct names *names, uint32_t id)
{
	if (id >= TW_COUNTERS || !names->rules[id].list)
		return NULL;
	return &names->rules[id];
}

char *rule_place_text(const struct rule_place *place)
{
	char *text;

	if (place->rule)
		return rule_text(place->rule);
	if (asprintf(&text, "default %s", action_name(place->list->default_action)) < 0)
		return NULL;
	return text;
}

int rule_place_print(FILE *out, const struct rule_place *place, const char *number, char quote)
{
	char *text = rule_place_text(place);

	if (!text)
		return -ENOMEM;
	fputs(place->owner, out);
	if (place->server)
		fprintf(out, "/%s", place->server);
	if (place->number)
		fprintf(out, " %s%u", number, place->number);
	fprintf(out, " %c%s%c", quote, text, quote);
	if (place->rule && place->rule->name)
		fprintf(out, " # %s", place->rule->name);
	free(text);
	return 0;
}

const struct server *config_server_at(const struct config *config, uint32_t index,
				      const struct tier **tier)
{
	/* The image holds the servers of all tiers one after the other. */
	for (size_t i = 0; i < config->tier_count; i++) {
		*tier = &config->tiers[i];
		if (index < (*tier)->server_count)
			return &(*tier)->servers[index];
		index -= (*tier)->server_count;
	}
	return NULL;
}

const struct server *config_server_of(const struct config *config, const union tw_addr *addr,
				      const struct tier **tier)
{
	int family = addr_is_ipv4(addr) ? 0 : 1;

	for (size_t i = 0; i < config->tier_count; i++) {
		*tier = &config->tiers[i];
		for (size_t j = 0; j < (*tier)->server_count; j++)
			if (!memcmp(&(*tier)->servers[j].addr[family], addr, sizeof(*addr)))
				return &(*tier)->servers[j];
	}
	return NULL;
}

const struct service *config_service_of(const struct config *config, uint32_t id)
{
	for (size_t i = 0; id != TW_NONE32 && i < config->service_count; i++)
		if (config->services[i].id == id)
			return &config->services[i];
	return NULL;
}
