/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lists of rules, and the sources that a service accepts, into the arena. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"

#define ROWS_MAX 1000000u /* of a list of rules */

static int too_large(struct build *build, struct place at, int error)
{
	if (error == -ENOSPC)
		return config_mistake(build->config, at, build->diagnostic,
				      "the rules take more than %u MB in the data path: fewer "
				      "rules, or sets instead of rules",
				      TW_POLICY_CHUNKS * (TW_CHUNK_BYTES >> 20));
	if (error == -E2BIG)
		return config_mistake(build->config, at, build->diagnostic,
				      "too many rules that hold for the same packets: no bound can "
				      "be kept on what a packet costs; sets instead of rules, or "
				      "lists of ports in one rule");
	return error;
}

static int note_bound(struct build *build, const struct list_bound *bound)
{
	struct list_bound *place =
		config_push(&build->out->bounds, &build->out->bound_count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *bound;
	return 0;
}

static struct place first_place(const struct rules *rules)
{
	return rules->count ? rules->items[0].at : rules->at;
}

static int add_rules(struct rows *rows, struct build *build, const struct rules *rules)
{
	int result = 0;

	for (size_t i = 0; !result && i < rules->count; i++) {
		result = rows_add_rule(rows, build, &rules->items[i], (uint32_t)i);
		if (!result && rows->count > ROWS_MAX)
			result =
				config_mistake(build->config, rules->items[i].at, build->diagnostic,
					       "the lists of addresses and ports of these rules "
					       "make more than %u combinations: shorter lists of "
					       "ports, or sets",
					       ROWS_MAX);
	}
	return result;
}

int build_list(struct build *build, struct tw_list *list, const struct rules *rules)
{
	struct list_bound bound;
	struct rows rows = {.known = &build->known, .by_class = known_pays(build, rules)};
	int result = add_rules(&rows, build, rules);

	if (!result)
		result = too_large(build, first_place(rules),
				   classifier_build(&build->out->arena, &rows, list->root, &bound));
	if (!result)
		result = note_bound(build, &bound);
	rows_free(&rows);
	list->default_rule = rules->default_id;
	list->default_action = rules->default_action;
	list->strict = rules->strict;
	return result;
}

int build_sources(struct build *build, struct tw_service *service, const struct addresses *from)
{
	struct rule rule = {.action = TW_ACCEPT, .from = *from};
	struct list_bound bound;
	struct rows rows = {.known = &build->known};
	__u64 root[2];
	int result;

	if (!from->count)
		return 0;
	rule.at = from->items[0].at;
	result = rows_add_rule(&rows, build, &rule, 0);
	if (!result)
		result = too_large(build, rule.at,
				   classifier_build(&build->out->arena, &rows, root, &bound));
	rows_free(&rows);
	if (result)
		return result;
	service->has_from = 1;
	service->from[0] = root[0];
	service->from[1] = root[1];
	return 0;
}

/* -- what there is to say of them ------------------------------------------------------- */

static int examine_list(struct build *build, struct examined *out, const struct rules *rules)
{
	struct examined_list *list = config_push(&out->lists, &out->count, sizeof(*list));
	size_t before = build->out->arena.length;
	struct rows rows = {.known = &build->known, .by_class = known_pays(build, rules)};
	__u64 root[2];
	int result;

	if (!list)
		return -ENOMEM;
	list->shadowed_by = calloc(rules->count + 1, sizeof(*list->shadowed_by));
	if (!list->shadowed_by)
		return -ENOMEM;
	result = add_rules(&rows, build, rules);
	if (!result)
		result = classifier_build(&build->out->arena, &rows, root, &list->bound);
	if (!result)
		result = shadows_find(&build->out->arena, &rows, root, (uint32_t)rules->count,
				      list->shadowed_by);
	rows_free(&rows);
	arena_cut(&build->out->arena, before);
	return result;
}

static int examine_tiers(struct build *build, struct examined *out)
{
	int result = 0;

	for (size_t i = 0; !result && i < build->config->tier_count; i++) {
		const struct tier *tier = &build->config->tiers[i];

		result = examine_list(build, out, &tier->rules);
		for (size_t j = 0; !result && j < tier->server_count; j++)
			result = examine_list(build, out, &tier->servers[j].rules);
	}
	return result;
}

int policy_examine(struct examined *out, struct config *config, const struct tw_policy *live,
		   const struct node_facts *facts, struct diagnostic *diagnostic)
{
	struct compiled compiled = {0};
	struct build build = {
		.config = config,
		.live = live,
		.facts = facts,
		.diagnostic = diagnostic,
		.out = &compiled,
	};
	int result;

	memset(out, 0, sizeof(*out));
	result = build_sets(&build);
	if (!result)
		result = examine_list(&build, out, &config->guard);
	if (!result)
		result = examine_list(&build, out, &config->host);
	if (!result)
		result = examine_tiers(&build, out);
	free(build.set_maps);
	free(build.known_prefixes);
	free(build.lists);
	build_sets_end(&build);
	compiled_free(&compiled);
	if (result)
		examined_free(out);
	return result;
}

void examined_free(struct examined *examined)
{
	for (size_t i = 0; i < examined->count; i++)
		free(examined->lists[i].shadowed_by);
	free(examined->lists);
	memset(examined, 0, sizeof(*examined));
}

/* Does it ask for nothing but whether one set holds the source? */
static bool is_front(const struct rule *rule)
{
	const struct addresses *from = &rule->from;

	return !(rule->fields & ~(uint32_t)RULE_LOG) && from->count == 1 && !from->negated &&
	       from->items[0].kind == ADDRESS_SET && !rule->from_ports.count && !rule->to.count &&
	       !rule->to_ports.count;
}

size_t front_rules(const struct rules *guard)
{
	size_t count = 0;

	while (count < guard->count && count < TW_FRONTS && is_front(&guard->items[count]))
		count++;
	return count;
}

void build_fronts(struct build *build)
{
	const struct rules *guard = &build->config->guard;
	struct tw_policy *header = &build->header;
	size_t count = front_rules(guard);

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &guard->items[i];

		header->front[i] = (struct tw_front){
			.set = build_named_set(build, rule->from.items[0].set),
			.rule = rule->id,
			.action = rule->action,
			.flags = rule->fields & RULE_LOG ? TW_VERDICT_LOG : 0,
		};
	}
	header->fronts = (uint32_t)count;
	header->guard_rest = count < guard->count;
}
