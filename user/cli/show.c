/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show WORD`: the running state, as text or JSON.
 */
#include <errno.h>
#include <string.h>

#include "cli/show.h"

struct topic {
	const char *word;
	int (*show)(const struct options *options, const struct instance *instance,
		    const char *name);
	bool takes_name;
};

static const struct topic topics[] = {
	{"status", show_status, false}, {"config", show_config, false},
	{"tiers", show_tiers, false},   {"services", show_services, false},
	{"rules", show_rules, true},    {"sets", show_sets, true},
	{"flows", show_flows, false},   {},
};

int out_of_memory(void)
{
	complain("out of memory");
	return -ENOMEM;
}

static const struct topic *find_topic(const char *word)
{
	for (const struct topic *topic = topics; topic->word; topic++)
		if (!strcmp(topic->word, word))
			return topic;
	return NULL;
}

int command_show(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	const struct topic *topic = topics;
	struct instance instance;
	const char *near;
	int result;

	if (argc > 1)
		topic = find_topic(argv[1]);
	if (!topic) {
		near = nearest_word(argv[1], &topics->word, sizeof(*topics));
		if (near)
			return usage(command, "cannot show `%s`; is `%s` meant?", argv[1], near);
		return usage(command, "cannot show `%s`", argv[1]);
	}
	if (argc > (topic->takes_name ? 3 : 2))
		return usage(command, "unexpected word `%s`", argv[argc - 1]);
	result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_READ);
	if (result)
		return exit_status(result);
	result = topic->show(options, &instance, argc > 2 ? argv[2] : NULL);
	instance_close(&instance);
	return exit_status(result);
}
