/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counter ids.  An object keeps its id, and so its counts, for as long as it stays
 * the same: a rule by its text and place among equal ones in its list, a service, a
 * server and a server within a service by name, a default by its action.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"

static void visit_rules(struct rules *rules, bool has_default, void (*visit)(uint32_t *, void *),
			void *context)
{
	for (size_t i = 0; i < rules->count; i++)
		visit(&rules->items[i].id, context);
	if (has_default)
		visit(&rules->default_id, context);
}

static int visit_service(const struct config *config, struct service *service,
			 void (*visit)(uint32_t *, void *), void *context)
{
	const struct tier *tier = config_tier(config, service->tier);
	size_t members = tier ? tier->server_count : 0;

	visit(&service->id, context);
	if (!service->member_ids && members) {
		service->member_ids = malloc(members * sizeof(*service->member_ids));
		if (!service->member_ids)
			return -ENOMEM;
		for (size_t i = 0; i < members; i++)
			service->member_ids[i] = TW_NONE32;
	}
	for (size_t i = 0; i < members; i++)
		visit(&service->member_ids[i], context);
	return 0;
}

int config_visit_ids(struct config *config, void (*visit)(uint32_t *id, void *context),
		     void *context)
{
	visit_rules(&config->guard, true, visit, context);
	visit_rules(&config->host, true, visit, context);
	for (size_t i = 0; i < config->tier_count; i++) {
		struct tier *tier = &config->tiers[i];

		visit_rules(&tier->rules, true, visit, context);
		for (size_t j = 0; j < tier->server_count; j++)
			visit_rules(&tier->servers[j].rules, false, visit, context);
	}
	for (size_t i = 0; i < config->service_count; i++) {
		int result = visit_service(config, &config->services[i], visit, context);

		if (result)
			return result;
	}
	return 0;
}

/* -- taking over ------------------------------------------------------------------- */

struct named_rule {
	char *text;
	size_t order;
	uint32_t *id;
};

static int compare_named_rules(const void *a, const void *b)
{
	const struct named_rule *left = a, *right = b;
	int difference = strcmp(left->text, right->text);

	if (difference)
		return difference;
	return left->order < right->order ? -1 : left->order > right->order;
}

static void free_named_rules(struct named_rule *named, size_t count)
{
	for (size_t i = 0; named && i < count; i++)
		free(named[i].text);
	free(named);
}

/* The rules of a list sorted by text, equal ones in their order. */
static struct named_rule *name_rules(const struct rules *rules)
{
	struct named_rule *named = calloc(rules->count + 1, sizeof(*named));

	for (size_t i = 0; named && i < rules->count; i++) {
		named[i].text = rule_text(&rules->items[i]);
		named[i].order = i;
		named[i].id = &rules->items[i].id;
		if (!named[i].text) {
			free_named_rules(named, i);
			return NULL;
		}
	}
	if (named)
		qsort(named, rules->count, sizeof(*named), compare_named_rules);
	return named;
}

/* One walk over both sorted lists pairs the rules of equal text. */
static int inherit_rules(struct rules *rules, const struct rules *running)
{
	struct named_rule *mine = name_rules(rules), *theirs = name_rules(running);
	size_t i = 0, j = 0;

	if (!mine || !theirs) {
		free_named_rules(mine, rules->count);
		free_named_rules(theirs, running->count);
		return -ENOMEM;
	}
	while (i < rules->count && j < running->count) {
		int difference = strcmp(mine[i].text, theirs[j].text);

		if (!difference)
			*mine[i].id = *theirs[j].id;
		i += difference <= 0;
		j += difference >= 0;
	}
	if (rules->default_action == running->default_action)
		rules->default_id = running->default_id;
	free_named_rules(mine, rules->count);
	free_named_rules(theirs, running->count);
	return 0;
}

static int inherit_tier(struct tier *tier, const struct tier *running)
{
	int result = inherit_rules(&tier->rules, &running->rules);

	for (size_t i = 0; !result && i < tier->server_count; i++) {
		const struct server *server = tier_server(running, tier->servers[i].name);

		if (server)
			result = inherit_rules(&tier->servers[i].rules, &server->rules);
	}
	return result;
}

static void inherit_service(struct service *service, const struct tier *tier,
			    const struct service *running, const struct tier *running_tier)
{
	service->id = running->id;
	if (!tier || !running_tier || strcmp(tier->name, running_tier->name) != 0)
		return;
	for (size_t i = 0; i < tier->server_count && service->member_ids; i++) {
		const struct server *server = tier_server(running_tier, tier->servers[i].name);

		if (server && running->member_ids)
			service->member_ids[i] =
				running->member_ids[server - running_tier->servers];
	}
}

static void forget_id(uint32_t *id, void *context)
{
	(void)context;
	*id = TW_NONE32;
}

int ids_inherit(struct config *config, const struct config *running)
{
	int result = config_visit_ids(config, forget_id, NULL);

	if (!result)
		result = inherit_rules(&config->guard, &running->guard);
	if (!result)
		result = inherit_rules(&config->host, &running->host);
	for (size_t i = 0; !result && i < config->tier_count; i++) {
		const struct tier *tier = config_tier(running, config->tiers[i].name);

		if (tier)
			result = inherit_tier(&config->tiers[i], tier);
	}
	for (size_t i = 0; !result && i < config->service_count; i++) {
		struct service *service = &config->services[i];
		const struct service *before = config_service(running, service->name);

		if (before)
			inherit_service(service, config_tier(config, service->tier), before,
					config_tier(running, before->tier));
	}
	return result;
}

/* -- new ids ------------------------------------------------------------------------ */

struct assignment {
	bool taken[TW_COUNTERS];
	uint32_t next;
	size_t missing;
	struct fresh_ids *fresh;
};

static void take_id(uint32_t *id, void *context)
{
	struct assignment *assignment = context;

	if (*id < TW_COUNTERS)
		assignment->taken[*id] = true;
	else
		assignment->missing++;
}

static void give_id(uint32_t *id, void *context)
{
	struct assignment *assignment = context;

	if (*id < TW_COUNTERS)
		return;
	while (assignment->next < TW_COUNTERS && assignment->taken[assignment->next])
		assignment->next++;
	if (assignment->next == TW_COUNTERS)
		return; /* ids_assign() sees that it is missing */
	*id = assignment->next++;
	assignment->fresh->items[assignment->fresh->count++] = *id;
}

/* The live image's ids stay taken until its packets are done, also of what is gone now. */
static void take_live_ids(struct assignment *assignment, const struct tw_policy *live)
{
	const uint32_t *ids = (const void *)((const char *)live + live->ids.offset);

	for (uint32_t i = 0; i < live->ids.count; i++)
		if (ids[i] < TW_COUNTERS)
			assignment->taken[ids[i]] = true;
}

int ids_assign(struct config *config, const struct tw_policy *live, struct fresh_ids *fresh)
{
	struct assignment *assignment = calloc(1, sizeof(*assignment));
	int result = -ENOMEM;

	if (!assignment)
		return result;
	assignment->fresh = fresh;
	if (live)
		take_live_ids(assignment, live);
	if (config_visit_ids(config, take_id, assignment))
		goto out;
	fresh->count = 0;
	fresh->items = malloc((assignment->missing + 1) * sizeof(*fresh->items));
	if (!fresh->items)
		goto out;
	config_visit_ids(config, give_id, assignment);
	result = fresh->count == assignment->missing ? 0 : -ENOSPC;
out:
	free(assignment);
	return result;
}
