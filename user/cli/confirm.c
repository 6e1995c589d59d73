/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `--confirm TIME` of apply and attach, and `tierwall confirm`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "kernel/trial.h"

#define LONGEST_TRIAL (24 * 60 * 60)

int trial_time_take(uint32_t *seconds, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--confirm") != 0)
			continue;
		if (i + 1 == *argc) {
			complain("--confirm needs a time, such as 30s or 2m");
			return MISTAKE;
		}
		if (time_word_parse(seconds, argv[i], argv[i + 1], LONGEST_TRIAL))
			return MISTAKE;
		memmove(&argv[i], &argv[i + 2], sizeof(*argv) * (size_t)(*argc - i - 1));
		*argc -= 2;
		i--;
	}
	return 0;
}

void edit_say_trial(const struct edit *edit, const struct options *options)
{
	if (!options->quiet)
		complain("on trial: goes back by itself in %u s, unless `tierwall confirm` comes "
			 "in time",
			 edit->trial);
}

static int nothing_on_trial(const struct trial *trial)
{
	if (trial->went_back)
		complain("too late: it went back %llu s ago, what was before is live",
			 (unsigned long long)(trial->ago / 1000000000));
	else
		complain("nothing is on trial: there is nothing to confirm");
	return MISTAKE;
}

static int confirm(const struct options *options, const struct instance *instance, bool back)
{
	struct trial trial;
	int result = trial_ask(&trial, instance);

	if (result) {
		complain("cannot read which policy is live: %s", strerror(-result));
		return result;
	}
	if (!trial.pending)
		return nothing_on_trial(&trial);
	result = back ? trial_go_back(instance) : trial_keep(instance);
	if (!result && !options->quiet)
		complain(back ? "went back: what was before is live" : "confirmed");
	return result;
}

int command_confirm(const struct options *options, int argc, char **argv)
{
	bool back = argc > 1 && !strcmp(argv[1], "--back");
	struct instance instance;
	int result;

	if (argc > 1 + back)
		return usage(command_find("confirm"), "unexpected word `%s`", argv[argc - 1]);
	result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_WRITE);
	if (result)
		return exit_status(result);
	result = confirm(options, &instance, back);
	instance_close(&instance);
	return exit_status(result);
}
