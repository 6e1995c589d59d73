/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counter ids: which objects have one, in which order, and which are free for new ones. */
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
