/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What there is to say of rules beside their counters: what a packet takes in each list
 * at most, rules that can never match, and sets that hold nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "stats/stats.h"

static bool is_empty(const struct stats *stats, const char *name)
{
	const struct config *config = stats->running.config;
	const struct tier *tier = config_tier(config, name);

	for (size_t i = 0; i < stats->set_count; i++)
		if (!strcmp(stats->sets[i].name, name))
			return !stats->sets[i].entries;
	return tier && !tier->server_count;
}

static void print_empty(FILE *out, const struct stats *stats, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_SET && is_empty(stats, item->set))
			fprintf(out, "%s@%s", ftell(out) > 0 ? " " : "", item->set);
	}
}

/* "@a @b", NULL: none of the rule's sets is empty. */
static int find_empty(struct stats_rule *out, const struct stats *stats, const struct rule *rule)
{
	size_t length = 0;
	FILE *text = open_memstream(&out->empty_sets, &length);

	if (!text)
		return -errno;
	print_empty(text, stats, &rule->from);
	print_empty(text, stats, &rule->to);
	if (fclose(text))
		return -ENOMEM;
	if (!length) {
		free(out->empty_sets);
		out->empty_sets = NULL;
	}
	return 0;
}

static int take_list(struct stats_rules *out, const struct stats *stats, const struct rules *rules,
		     const struct examined_list *list)
{
	out->bound = list->bound;
	out->has_bound = true;
	for (size_t i = 0; i < out->count; i++) {
		int result = find_empty(&out->items[i], stats, &rules->items[i]);

		if (result)
			return result;
		out->items[i].shadowed_by = list->shadowed_by[i];
	}
	return 0;
}

static int take_lists(struct stats *stats, const struct examined *examined)
{
	const struct config *config = stats->running.config;
	const struct examined_list *list = examined->lists;
	int result = take_list(&stats->guard, stats, &config->guard, list++);

	if (!result && stats->has_host)
		result = take_list(&stats->host, stats, &config->host, list);
	list++;
	for (size_t i = 0; !result && i < stats->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		result = take_list(&stats->tiers[i].rules, stats, &tier->rules, list++);
		for (size_t j = 0; !result && j < tier->server_count; j++)
			result = take_list(&stats->tiers[i].servers[j].rules, stats,
					   &tier->servers[j].rules, list++);
	}
	return result;
}

int stats_examine(struct stats *stats)
{
	struct diagnostic diagnostic = {0};
	struct examined examined = {0};
	struct node_facts facts;
	int result = node_facts_read(&facts);

	if (result)
		return result;
	result = policy_examine(&examined, stats->running.config, stats->running.image, &facts,
				&diagnostic);
	if (!result)
		result = take_lists(stats, &examined);
	if (result > 0) { /* a device has gone, say: the rules are shown without */
		complain_of(&diagnostic);
		result = 0;
	}
	diagnostic_free(&diagnostic);
	examined_free(&examined);
	node_facts_free(&facts);
	return result;
}
