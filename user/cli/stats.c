/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall stats [NAME...]`: the counters.
 */
#include <string.h>

#include "cli/cli.h"
#include "kernel/instance.h"
#include "stats/stats.h"

static int print_stats(const struct options *options, const struct stats *stats)
{
	switch (options->output) {
	case OUTPUT_JSON:
		return stats_print_json(stdout, stats);
	case OUTPUT_METRICS:
		return stats_print_prometheus(stdout, stats);
	case OUTPUT_TEXT:
		break;
	}
	return stats_print_table(stdout, stats, options->verbose ? STATS_FULL : STATS_BRIEF);
}

static int show_stats(const struct options *options, const struct instance *instance, int count,
		      char **names)
{
	const char *unknown = NULL;
	struct stats stats;
	int result = stats_read(&stats, instance);

	if (result)
		return result;
	if (count)
		result = stats_select(&stats, count, names, &unknown);
	if (!result)
		result = print_stats(options, &stats);
	if (unknown)
		complain("nothing is called `%s`: it is no service, tier or set of the running "
			 "configuration, and neither guard nor host",
			 unknown);
	else if (result)
		complain("cannot print the counters: %s", strerror(-result));
	stats_free(&stats);
	return result;
}

int command_stats(const struct options *options, int argc, char **argv)
{
	struct instance instance;
	int result;

	if (argc > 1 && argv[1][0] == '-')
		return usage(command_find(argv[0]), "options such as %s stand before the command",
			     argv[1]);
	result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_READ);
	if (result)
		return exit_status(result);
	result = show_stats(options, &instance, argc - 1, argv + 1);
	instance_close(&instance);
	return exit_status(result);
}
