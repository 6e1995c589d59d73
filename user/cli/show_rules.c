/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show rules [guard|host|TIER[/SERVER]]`: rules in their order, with hits; what
 * they cost a packet at most; those that can never match.
 * The numbers are those that `tierwall rule` takes.
 */
#include <string.h>

#include "cli/show.h"
#include "stats/stats.h"

static int print_all(const struct options *options, const struct stats *stats)
{
	if (options->output == OUTPUT_JSON)
		return stats_print_rules_json(stdout, stats);
	return stats_print_rules_table(stdout, stats);
}

static int print_one(const struct options *options, const struct stats *stats, const char *owner)
{
	const struct stats_rules *rules = stats_rules_of(stats, owner);

	if (!rules) {
		complain("there are no rules of `%s`: it is no tier, no TIER/SERVER and neither "
			 "guard nor host of the running configuration",
			 owner);
		return MISTAKE;
	}
	if (options->output == OUTPUT_JSON)
		return stats_print_list_json(stdout, stats, owner, rules);
	return stats_print_list_table(stdout, rules);
}

int show_rules(const struct options *options, const struct instance *instance, const char *name)
{
	struct stats stats;
	int result = stats_read(&stats, instance);

	if (result)
		return result;
	result = stats_examine(&stats);
	if (result) {
		complain("cannot examine the rules: %s", strerror(-result));
		stats_free(&stats);
		return result;
	}
	result = name ? print_one(options, &stats, name) : print_all(options, &stats);
	stats_free(&stats);
	return result < 0 ? out_of_memory() : result;
}
