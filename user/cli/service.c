/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* service add|del */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"

static int add(struct edit *edit, void *context)
{
	struct config *config = edit->running.config;
	struct service *service = context, *place;

	if (config_service(config, service->name)) {
		complain("there is a service `%s` already: `tierwall service del %s` first",
			 service->name, service->name);
		return MISTAKE;
	}
	place = config_push(&config->services, &config->service_count, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = *service;
	place->id = TW_NONE32;
	memset(service, 0, sizeof(*service)); /* it is the configuration's now */
	return 0;
}

static int command_service_add(const struct options *options, int argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	struct service service = {0};
	char *words = join_words(argc, argv, 2);
	int status, result = words ? service_parse(&service, words, &diagnostic) : -ENOMEM;

	free(words);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	status = result ? exit_status(result) : edit_run(options, add, &service);
	service_free(&service);
	return status;
}

static int delete (struct edit *edit, void *context)
{
	struct config *config = edit->running.config;
	const char *name = context;
	struct service *service = config_service(config, name);
	size_t after;

	if (!service) {
		complain("there is no service `%s`: `tierwall show services` lists them", name);
		return MISTAKE;
	}
	after = (size_t)(config->services + config->service_count - service) - 1;
	service_free(service);
	memmove(service, service + 1, after * sizeof(*service));
	config->service_count--;
	return 0;
}

int command_service(const struct options *options, int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "add"))
		return command_service_add(options, argc, argv);
	if (argc == 3 && !strcmp(argv[1], "del"))
		return edit_run(options, delete, argv[2]);
	return usage(command_find("service"), "service add or service del, and its name");
}
