/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `tierwall monitor`: what its words mean. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/number.h"
#include "monitor/watch.h"
#include "stats/stats.h"

#define LONGEST_SECONDS (366u * 24 * 3600)

/* EXIT_DONE, or EXIT_REFUSED: said what is wrong. */
static int take_option(struct watch *watch, const struct command *command, const char *option,
		       const char *value)
{
	if (!value)
		return usage(command, "%s needs a value", option);
	if (!strcmp(option, "--pcapng")) {
		watch->pcapng_path = value;
		return EXIT_DONE;
	}
	if (!strcmp(option, "--for"))
		return time_word_parse(&watch->seconds, option, value, LONGEST_SECONDS)
			       ? EXIT_REFUSED
			       : EXIT_DONE;
	if (!strcmp(option, "--count"))
		return parse_number(value, 1, UINT32_MAX, &watch->count)
			       ? EXIT_DONE
			       : usage(command, "`--count %s`: how many events, 1 or more", value);
	if (!strcmp(option, "--rate"))
		return parse_number(value, 1, 10000000, &watch->rate)
			       ? EXIT_DONE
			       : usage(command,
				       "`--rate %s`: events a second and CPU, 1 to 10000000",
				       value);
	if (!strcmp(option, "--snap"))
		return parse_number(value, 14, TW_SNAP_MAX, &watch->snap)
			       ? EXIT_DONE
			       : usage(command, "`--snap %s`: bytes of a frame, 14 to %d", value,
				       TW_SNAP_MAX);
	return usage(command, "unknown option %s", option);
}

/* Leaves the words that are no options in argv[1..*argc). */
static int take_options(struct watch *watch, const struct command *command, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		int status;

		if (argv[i][0] != '-') {
			argv[kept++] = argv[i];
			continue;
		}
		status = take_option(watch, command, argv[i], i + 1 < *argc ? argv[i + 1] : NULL);
		if (status)
			return status;
		i++;
	}
	*argc = kept;
	if (watch->pcapng_path && !strcmp(watch->pcapng_path, "-") && isatty(STDOUT_FILENO))
		return usage(command, "a capture is not for a terminal: `--pcapng FILE`, or "
				      "`--pcapng - | tshark -r -`");
	return EXIT_DONE;
}

static int read_filter(struct watch *watch, const struct command *command, int argc, char **argv)
{
	const char *unknown = NULL;
	int result =
		filter_read(&watch->filter, watch->running.config, argc - 1, argv + 1, &unknown);

	if (result == MISTAKE)
		return usage(command,
			     "`%s` is neither the reason of a drop nor a tier, guard or host",
			     unknown);
	if (result)
		complain("cannot monitor: %s", strerror(-result));
	else if (watch->filter.has_reasons && watch->filter.kinds == TW_EVENT_LOG)
		result = usage(command, "reasons belong to `monitor drops`: what is logged may "
					"have been accepted");
	return result;
}

static int run(struct watch *watch, const struct command *command, int argc, char **argv)
{
	int result = running_read(&watch->running, &watch->instance);

	if (!result)
		result = read_filter(watch, command, argc, argv);
	if (!result)
		result = watch_run(watch);
	watch_free(watch);
	return result;
}

int command_monitor(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	struct watch watch = {.rate = MONITOR_RATE,
			      .snap = MONITOR_SNAP,
			      .json = options->output == OUTPUT_JSON,
			      .quiet = options->quiet};
	int result = take_options(&watch, command, &argc, argv);

	if (result)
		return result;
	result = instance_open(&watch.instance, options->instance, options->bpffs, INSTANCE_WRITE);
	if (result)
		return exit_status(result);
	result = run(&watch, command, argc, argv);
	instance_close(&watch.instance);
	return exit_status(result);
}
