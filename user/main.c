/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tierwall: global options, then one command out of the table in cli/commands.c.
 */
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	struct options options;
	int first = 0;
	int status;

	/* A reader that leaves early is an error to report, not a silent death. */
	signal(SIGPIPE, SIG_IGN);
	switch (options_parse(&options, argc, argv, &first)) {
	case OPTIONS_HELP:
		print_help(stdout);
		return close_output(EXIT_DONE);
	case OPTIONS_VERSION:
		printf("tierwall %s\n", tierwall_version);
		return close_output(EXIT_DONE);
	case OPTIONS_WRONG:
		return EXIT_REFUSED;
	case OPTIONS_COMMAND:
		break;
	}
	if (first == argc) {
		print_help(stderr);
		return EXIT_REFUSED;
	}
	status = command_run(&options, argc - first, argv + first);
	return close_output(status);
}
