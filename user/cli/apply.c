/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* apply: everything that can be refused is refused before anything changes. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/show.h"

/* Devices of the file exist: said with their place, before anything is touched. */
static int check_interfaces(const struct config *config)
{
	struct diagnostic diagnostic = {0};

	for (size_t i = 0; i < config->interface_count; i++) {
		const struct interface *interface = &config->interfaces[i];

		if (if_nametoindex(interface->name))
			continue;
		config_mistake(config, interface->at, &diagnostic,
			       "there is no device `%s` on this node: `ip link` lists them",
			       interface->name);
		complain_of(&diagnostic);
		return MISTAKE;
	}
	return 0;
}

int config_read_checked(struct config **out, const char *path)
{
	struct diagnostic diagnostic = {0};
	int result = config_parse_file(out, path, &diagnostic);

	if (!result)
		result = config_check(*out, &diagnostic);
	if (result > 0)
		complain_of(&diagnostic);
	else if (result)
		complain("cannot read %s: %s", path, strerror(-result));
	diagnostic_free(&diagnostic);
	return result;
}

int config_read_file(struct config **out, const char *path)
{
	int result = config_read_checked(out, path);

	return result ? result : check_interfaces(*out);
}

/* -- apply ------------------------------------------------------------------------------------- */

static void print_notes(const struct edit *edit)
{
	for (size_t i = 0; i < edit->attach_count; i++)
		if (edit->attached[i].note[0])
			complain("%s: %s", edit->attach[i].name, edit->attached[i].note);
}

/* The policy and the devices of the configuration, as far as they are there; no others. */
static int publish(struct edit *edit, const struct config *config, const struct compiled *compiled)
{
	struct interface *present = calloc(config->interface_count + 1, sizeof(*present));
	int result = -ENOMEM;

	edit->attached = calloc(config->interface_count + 1, sizeof(*edit->attached));
	for (size_t i = 0; present && i < config->interface_count; i++)
		if (if_nametoindex(config->interfaces[i].name))
			present[edit->attach_count++] = config->interfaces[i];
	edit->attach = present;
	edit->detach_others = true;
	if (present && edit->attached)
		result = edit_publish(edit, config, compiled);
	if (!result)
		print_notes(edit);
	free(edit->attached);
	free(present);
	return result;
}

static int make_live(struct edit *edit, struct config *config)
{
	struct compiled compiled = {0};
	int result = ids_inherit(config, edit->running.config);

	if (result) {
		complain("cannot take the counters over: %s", strerror(-result));
		return result;
	}
	result = compile_or_complain(&compiled, config, edit->running.image, &edit->facts);
	if (!result)
		result = publish(edit, config, &compiled);
	compiled_free(&compiled);
	return result;
}

/* A dry run of the compiler: capacity and devices are checked, too. */
static int check_only(struct config *config)
{
	struct compiled compiled = {0};
	struct node_facts facts;
	int result = node_facts_read(&facts);

	if (!result)
		result = compile_or_complain(&compiled, config, NULL, &facts);
	compiled_free(&compiled);
	node_facts_free(&facts);
	return result;
}

int config_apply(const struct options *options, struct config *config, uint32_t trial)
{
	struct edit edit = {.replaces = true, .force = options->force, .trial = trial};
	bool loaded = false;
	int result =
		instance_open_or_load(&edit.instance, options->instance, options->bpffs, &loaded);

	if (result)
		return result;
	result = node_facts_read(&edit.facts);
	if (!result)
		result = running_read_outline(&edit.running, &edit.instance);
	if (!result)
		result = edit_refuse_on_trial(&edit);
	if (!result)
		result = make_live(&edit, config);
	if (!result)
		status_warn(options, &edit.instance);
	if (!result && trial)
		edit_say_trial(&edit, options);
	edit_end(&edit);
	if (result && loaded)
		instance_unload(options->instance, options->bpffs);
	return result;
}

int command_apply(const struct options *options, int argc, char **argv)
{
	const char *path = NULL;
	struct config *config = NULL;
	uint32_t trial = 0;
	bool check = false;
	int result = trial_time_take(&trial, &argc, argv);

	if (result)
		return exit_status(result);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--check"))
			check = true;
		else if (argv[i][0] == '-' && argv[i][1])
			return usage(command_find("apply"), "unknown option `%s`", argv[i]);
		else if (path)
			return usage(command_find("apply"), "one file, not also `%s`", argv[i]);
		else
			path = argv[i];
	}
	if (!path)
		return usage(command_find("apply"), "which file?");
	result = config_read_file(&config, path);
	if (!result)
		result = check ? check_only(config) : config_apply(options, config, trial);
	config_free(config);
	return exit_status(result);
}
