/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fills struct stats: puts the counters beside the names of what they count.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "stats/stats.h"

static int fill_rules(struct stats_rules *out, const struct rules *rules,
		      const struct totals *totals)
{
	out->items = calloc(rules->count, sizeof(*out->items));
	if (rules->count && !out->items)
		return -ENOMEM;
	for (size_t i = 0; i < rules->count; i++) {
		struct stats_rule *rule = &out->items[i];

		out->count++;
		rule->number = i + 1;
		rule->name = rules->items[i].name;
		rule->hits = totals_of(totals, rules->items[i].id);
		rule->rule = rule_text(&rules->items[i]);
		if (!rule->rule)
			return -ENOMEM;
	}
	return 0;
}

static int fill_list(struct stats_rules *out, const struct rules *rules,
		     const struct totals *totals)
{
	out->has_default = true;
	out->default_action = rules->default_action;
	out->default_hits = totals_of(totals, rules->default_id);
	return fill_rules(out, rules, totals);
}

static int fill_tier(struct stats_tier *out, const struct tier *tier, const struct totals *totals)
{
	int result = fill_list(&out->rules, &tier->rules, totals);

	out->name = tier->name;
	if (result)
		return result;
	out->servers = calloc(tier->server_count, sizeof(*out->servers));
	if (tier->server_count && !out->servers)
		return -ENOMEM;
	for (size_t i = 0; i < tier->server_count; i++) {
		const struct server *server = &tier->servers[i];
		struct stats_server *row = &out->servers[i];

		out->server_count++;
		row->name = server->name;
		row->state = server->state;
		row->weight = server->weight;
		result = fill_rules(&row->rules, &server->rules, totals);
		if (result)
			return result;
	}
	return 0;
}

static int fill_service(struct stats_service *out, const struct service *service,
			const struct tier *tier, const struct totals *totals)
{
	out->name = service->name;
	out->tier = service->tier;
	out->forward = service->forward;
	out->counter = totals_of(totals, service->id);
	if (!tier || !service->member_ids)
		return 0;
	out->members = calloc(tier->server_count, sizeof(*out->members));
	if (tier->server_count && !out->members)
		return -ENOMEM;
	out->member_count = tier->server_count;
	for (size_t i = 0; i < tier->server_count; i++)
		out->members[i] = (struct stats_member){
			.name = tier->servers[i].name,
			.state = tier->servers[i].state,
			.weight = tier->servers[i].weight,
			.counter = totals_of(totals, service->member_ids[i]),
		};
	return 0;
}

static int fill_services(struct stats *out, const struct config *config,
			 const struct totals *totals)
{
	out->services = calloc(config->service_count, sizeof(*out->services));
	if (config->service_count && !out->services)
		return -ENOMEM;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct service *service = &config->services[i];
		int result = fill_service(&out->services[out->service_count++], service,
					  config_tier(config, service->tier), totals);

		if (result)
			return result;
	}
	return 0;
}

static int fill_tiers(struct stats *out, const struct config *config, const struct totals *totals)
{
	out->tiers = calloc(config->tier_count, sizeof(*out->tiers));
	if (config->tier_count && !out->tiers)
		return -ENOMEM;
	for (size_t i = 0; i < config->tier_count; i++) {
		int result = fill_tier(&out->tiers[out->tier_count++], &config->tiers[i], totals);

		if (result)
			return result;
	}
	return 0;
}

static int fill_sets(struct stats *out, const struct config *config)
{
	out->sets = calloc(config->set_count, sizeof(*out->sets));
	if (config->set_count && !out->sets)
		return -ENOMEM;
	out->set_count = config->set_count;
	for (size_t i = 0; i < config->set_count; i++)
		out->sets[i] = (struct stats_set){
			.name = config->sets[i].name,
			.entries = config->sets[i].count,
		};
	return 0;
}

int stats_fill(struct stats *out, const struct config *config, const struct totals *totals)
{
	int result;

	out->whole = true;
	memcpy(out->node, totals->node, sizeof(out->node));
	out->flows_live = totals->flows_live;
	out->flows_capacity = totals->flows_capacity;
	out->has_guard = config->guard.at.line || config->guard.count;
	out->has_host = config->has_host;
	result = fill_services(out, config, totals);
	if (!result)
		result = fill_tiers(out, config, totals);
	if (!result)
		result = fill_list(&out->guard, &config->guard, totals);
	if (!result && out->has_host)
		result = fill_list(&out->host, &config->host, totals);
	if (!result)
		result = fill_sets(out, config);
	return result;
}

static int count_set_entries(struct stats *stats, const struct instance *instance)
{
	const struct config *config = stats->running.config;
	int result = 0;

	for (size_t i = 0; !result && i < stats->set_count; i++) {
		uint32_t entries = 0;

		result = running_count_set(&stats->running, instance, &config->sets[i], &entries);
		stats->sets[i].entries = entries;
	}
	return result;
}

int stats_read(struct stats *out, const struct instance *instance)
{
	struct totals totals = {};
	int result;

	*out = (struct stats){.instance = instance->name, .meta = instance->meta};
	result = running_read(&out->running, instance);
	if (!result)
		result = totals_read(&totals, instance, out->running.image);
	if (!result)
		result = instance_attachments(instance, &out->attachments, &out->attachment_count);
	if (!result) {
		result = stats_fill(out, out->running.config, &totals);
		if (result)
			complain("cannot read the counters: %s", strerror(-result));
		else
			result = count_set_entries(out, instance);
	}
	totals_free(&totals);
	if (result)
		stats_free(out);
	return result;
}

static void free_rules(struct stats_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->items[i].rule);
		free(rules->items[i].empty_sets);
	}
	free(rules->items);
	*rules = (struct stats_rules){};
}

static void free_tier(struct stats_tier *tier)
{
	free_rules(&tier->rules);
	for (size_t i = 0; i < tier->server_count; i++)
		free_rules(&tier->servers[i].rules);
	free(tier->servers);
}

void stats_free(struct stats *stats)
{
	for (size_t i = 0; i < stats->service_count; i++)
		free(stats->services[i].members);
	for (size_t i = 0; i < stats->tier_count; i++)
		free_tier(&stats->tiers[i]);
	free(stats->services);
	free(stats->tiers);
	free(stats->sets);
	free(stats->attachments);
	free_rules(&stats->guard);
	free_rules(&stats->host);
	running_free(&stats->running);
	*stats = (struct stats){};
}

static const struct stats_rules *rules_of_server(const struct stats_tier *tier, const char *name)
{
	for (size_t i = 0; i < tier->server_count; i++)
		if (!strcmp(tier->servers[i].name, name))
			return &tier->servers[i].rules;
	return NULL;
}

const struct stats_rules *stats_rules_of(const struct stats *stats, const char *owner)
{
	const char *slash = strchrnul(owner, '/');
	size_t length = slash - owner;

	if (!strcmp(owner, "guard"))
		return &stats->guard;
	if (!strcmp(owner, "host"))
		return stats->has_host ? &stats->host : NULL;
	for (size_t i = 0; i < stats->tier_count; i++) {
		const struct stats_tier *tier = &stats->tiers[i];

		if (strncmp(tier->name, owner, length) || tier->name[length])
			continue;
		return *slash ? rules_of_server(tier, slash + 1) : &tier->rules;
	}
	return NULL;
}

/* -- a choice of names ----------------------------------------------------------- */

struct choice {
	int count;
	char *const *names;
	bool *found; /* which of the names stand for something */
};

static bool is_chosen(struct choice *choice, const char *name)
{
	bool chosen = false;

	for (int i = 0; i < choice->count; i++) {
		if (strcmp(choice->names[i], name))
			continue;
		choice->found[i] = true;
		chosen = true;
	}
	return chosen;
}

static void select_services(struct stats *stats, struct choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < stats->service_count; i++) {
		if (is_chosen(choice, stats->services[i].name))
			stats->services[kept++] = stats->services[i];
		else
			free(stats->services[i].members);
	}
	stats->service_count = kept;
}

static void select_tiers(struct stats *stats, struct choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < stats->tier_count; i++) {
		if (is_chosen(choice, stats->tiers[i].name))
			stats->tiers[kept++] = stats->tiers[i];
		else
			free_tier(&stats->tiers[i]);
	}
	stats->tier_count = kept;
}

static void select_sets(struct stats *stats, struct choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < stats->set_count; i++)
		if (is_chosen(choice, stats->sets[i].name))
			stats->sets[kept++] = stats->sets[i];
	stats->set_count = kept;
}

int stats_select(struct stats *stats, int count, char *const *names, const char **unknown)
{
	struct choice choice = {count, names, calloc(count, sizeof(bool))};
	int result = 0;

	if (!choice.found)
		return -ENOMEM;
	stats->whole = false;
	stats->has_guard = stats->has_guard && is_chosen(&choice, "guard");
	stats->has_host = stats->has_host && is_chosen(&choice, "host");
	select_services(stats, &choice);
	select_tiers(stats, &choice);
	select_sets(stats, &choice);
	for (int i = count - 1; i >= 0; i--) {
		if (choice.found[i])
			continue;
		*unknown = names[i];
		result = MISTAKE;
	}
	free(choice.found);
	return result;
}
