/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* service add|del */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"

/* Takes *service over. */
static int add(struct edit *edit, struct service *service)
{
	struct config *config = edit->running.config;
	struct service *place;

	if (config_service(config, service->name)) {
		complain("there is a service `%s` already: `tierwall service del %s` first",
			 service->name, service->name);
		service_free(service);
		return MISTAKE;
	}
	place = config_push(&config->services, &config->service_count, sizeof(*place));
	if (!place) {
		service_free(service);
		return -ENOMEM;
	}
	*place = *service;
	place->id = TW_NONE32;
	return edit_commit(edit);
}

static int command_service_add(const struct options *options, int argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	struct service service;
	struct edit edit;
	char *words = join_words(argc, argv, 2);
	int result = words ? service_parse(&service, words, &diagnostic) : -ENOMEM;

	free(words);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	if (result)
		return exit_status(result);
	result = edit_begin(&edit, options);
	if (result) {
		service_free(&service);
		return exit_status(result);
	}
	result = add(&edit, &service);
	edit_end(&edit);
	return exit_status(result);
}

static int delete (struct edit *edit, const char *name)
{
	struct config *config = edit->running.config;
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
	return edit_commit(edit);
}

static int command_service_del(const struct options *options, const char *name)
{
	struct edit edit;
	int result = edit_begin(&edit, options);

	if (result)
		return exit_status(result);
	result = delete (&edit, name);
	edit_end(&edit);
	return exit_status(result);
}

int command_service(const struct options *options, int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "add"))
		return command_service_add(options, argc, argv);
	if (argc == 3 && !strcmp(argv[1], "del"))
		return command_service_del(options, argv[2]);
	return usage(command_find("service"), "service add or service del, and its name");
}
