/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* load and unload */
#include <stdio.h>

#include "cli/edit.h"

int command_load(const struct options *options, int argc, char **argv)
{
	int result;

	if (argc > 1)
		return usage(command_find("load"), "load takes no words, got `%s`", argv[1]);
	result = instance_load(options->instance, options->bpffs);
	if (result < 0)
		return exit_status(result);
	if (!options->quiet)
		printf("%s instance %s\n", result == LOAD_NEW ? "loaded" : "updated the program of",
		       options->instance);
	return EXIT_DONE;
}

int command_unload(const struct options *options, int argc, char **argv)
{
	int result;

	if (argc > 1)
		return usage(command_find("unload"), "unload takes no words, got `%s`", argv[1]);
	result = instance_unload(options->instance, options->bpffs);
	if (!result && !options->quiet)
		printf("unloaded instance %s\n", options->instance);
	return exit_status(result);
}
