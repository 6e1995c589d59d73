/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* attach and detach: the devices and the `interface` lines of the running configuration */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"

static struct interface *find_interface(struct config *config, const char *device)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i].name, device))
			return &config->interfaces[i];
	return NULL;
}

static int note_interface(struct config *config, const struct interface *wanted)
{
	struct interface *interface = find_interface(config, wanted->name);

	if (!interface)
		interface = config_push(&config->interfaces, &config->interface_count,
					sizeof(*interface));
	if (!interface)
		return -ENOMEM;
	*interface = *wanted;
	return 0;
}

static void forget_interface(struct config *config, const char *device)
{
	struct interface *interface = find_interface(config, device);
	size_t after;

	if (!interface)
		return;
	after = (size_t)(config->interfaces + config->interface_count - interface) - 1;
	memmove(interface, interface + 1, after * sizeof(*interface));
	config->interface_count--;
}

/* `wanted` attached and noted in the running configuration: all of it or nothing. */
static int attach_all(struct edit *edit)
{
	int result = 0;

	for (size_t i = 0; !result && i < edit->attach_count; i++)
		result = note_interface(edit->running.config, &edit->attach[i]);
	return result ? result : edit_commit(edit);
}

/* The mode words at the end; -1: they are wrong. */
static int parse_mode(int *argc, char **argv)
{
	static const enum interface_mode modes[] = {MODE_AUTO, MODE_NATIVE, MODE_GENERIC};

	if (*argc < 3 || strcmp(argv[*argc - 2], "mode") != 0)
		return MODE_AUTO;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[*argc - 1], mode_name(modes[i]))) {
			*argc -= 2;
			return (int)modes[i];
		}
	return -1;
}

static void print_result(const struct options *options, const char *device,
			 const struct attach_result *result)
{
	if (!options->quiet)
		printf("%s %s%s\n", device, mode_name(result->mode),
		       result->was_attached ? " (was attached)" : "");
	if (result->note[0])
		complain("%s: %s", device, result->note);
}

/* The words as interfaces; MISTAKE: a name that no device can have. */
static int read_devices(struct interface *wanted, char **devices, size_t count,
			enum interface_mode mode)
{
	for (size_t i = 0; i < count; i++) {
		if (snprintf(wanted[i].name, sizeof(wanted[i].name), "%s", devices[i]) >=
		    (int)sizeof(wanted[i].name)) {
			complain("`%s` is longer than a device's name can be", devices[i]);
			return MISTAKE;
		}
		wanted[i].mode = mode;
	}
	return 0;
}

static int attach(const struct options *options, struct edit *edit)
{
	bool loaded = false;
	int result =
		instance_open_or_load(&edit->instance, options->instance, options->bpffs, &loaded);

	if (result)
		return result;
	result = edit_begin_opened(edit);
	if (!result)
		result = edit_refuse_on_trial(edit);
	if (!result)
		result = attach_all(edit);
	for (size_t i = 0; !result && i < edit->attach_count; i++)
		print_result(options, edit->attach[i].name, &edit->attached[i]);
	if (!result && edit->trial)
		edit_say_trial(edit, options);
	edit_end(edit);
	if (result && loaded)
		instance_unload(options->instance, options->bpffs);
	return result;
}

int command_attach(const struct options *options, int argc, char **argv)
{
	struct edit edit = {.force = options->force};
	struct interface *wanted;
	int mode, result = trial_time_take(&edit.trial, &argc, argv);

	if (result)
		return exit_status(result);
	mode = parse_mode(&argc, argv);
	if (mode < 0)
		return usage(command_find("attach"), "no such mode: `%s`", argv[argc - 1]);
	if (argc < 2)
		return usage(command_find("attach"), "which device?");
	edit.attach_count = (size_t)argc - 1;
	edit.attach = wanted = calloc(edit.attach_count, sizeof(*wanted));
	edit.attached = calloc(edit.attach_count, sizeof(*edit.attached));
	result = wanted && edit.attached ? 0 : -ENOMEM;
	if (!result)
		result = read_devices(wanted, argv + 1, edit.attach_count,
				      (enum interface_mode)mode);
	if (!result)
		result = attach(options, &edit);
	free(wanted);
	free(edit.attached);
	return exit_status(result);
}

static const struct attachment *find_attached(const struct attachment *attachments, size_t count,
					      const char *device)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(attachments[i].device, device))
			return &attachments[i];
	return NULL;
}

static int detach_all(struct edit *edit, char **devices, int count)
{
	struct attachment *attachments;
	size_t attached;
	int result = instance_attachments(&edit->instance, &attachments, &attached);

	for (int i = 0; !result && i < count; i++) {
		if (!find_attached(attachments, attached, devices[i])) {
			complain("%s is not attached", devices[i]);
			result = MISTAKE;
		}
		forget_interface(edit->running.config, devices[i]);
	}
	if (!result)
		result = edit_commit(edit);
	for (int i = 0; !result && i < count; i++)
		result = device_detach(&edit->instance,
				       find_attached(attachments, attached, devices[i]));
	free(attachments);
	return result;
}

int command_detach(const struct options *options, int argc, char **argv)
{
	struct edit edit;
	int result;

	if (argc < 2)
		return usage(command_find("detach"), "which device?");
	result = edit_begin(&edit, options);
	if (result)
		return exit_status(result);
	result = edit_refuse_on_trial(&edit);
	if (!result)
		result = detach_all(&edit, argv + 1, argc - 1);
	edit_end(&edit);
	return exit_status(result);
}
