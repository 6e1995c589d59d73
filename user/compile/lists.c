/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lists of rules, and the sources that a service accepts, into the arena. */
#include <errno.h>
#include <stdlib.h>

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

int build_list(struct build *build, struct tw_list *list, const struct rules *rules)
{
	struct list_bound bound;
	struct rows rows = {0};
	int result = 0;

	for (size_t i = 0; !result && i < rules->count; i++) {
		result = rows_add_rule(&rows, build, &rules->items[i], (uint32_t)i);
		if (!result && rows.count > ROWS_MAX)
			result = config_mistake(build->config, rules->items[i].at,
						build->diagnostic,
						"the lists of addresses and ports of these rules "
						"make more than %u combinations: shorter lists of "
						"ports, or sets",
						ROWS_MAX);
	}
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
	struct rows rows = {0};
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
