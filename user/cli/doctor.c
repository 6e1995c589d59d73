/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `tierwall doctor [DEV...]`: looks, prints what it found, and changes nothing. */
#include "cli/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "stats/json.h"

static const char *const level_names[] = {
	[FINDING_OK] = "ok",
	[FINDING_CHECK] = "check",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

/* -- findings --------------------------------------------------------------------------- */

void doctor_says(struct doctor *doctor, enum finding_level level, const char *subject,
		 const char *format, ...)
{
	struct finding *finding = config_push(&doctor->findings, &doctor->count, sizeof(*finding));
	va_list arguments;

	if (!finding) {
		doctor->failed = true;
		return;
	}
	finding->level = level;
	snprintf(finding->about, sizeof(finding->about), "%s", doctor->about);
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(arguments, format);
	vsnprintf(finding->says, sizeof(finding->says), format, arguments);
	va_end(arguments);
}

void doctor_mends(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	if (doctor->failed || !doctor->count)
		return;
	va_start(arguments, format);
	vsnprintf(doctor->findings[doctor->count - 1].command, sizeof(doctor->findings[0].command),
		  format, arguments);
	va_end(arguments);
}

long doctor_sysctl(const char *path, ...)
{
	char name[128];
	va_list arguments;
	long value = -1;
	size_t used;
	FILE *file;

	used = (size_t)snprintf(name, sizeof(name), "/proc/sys/");
	va_start(arguments, path);
	vsnprintf(name + used, sizeof(name) - used, path, arguments);
	va_end(arguments);
	file = fopen(name, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* -- output ------------------------------------------------------------------------------ */

static json_t *finding_json(const void *item)
{
	const struct finding *finding = item;

	return json_pack("{s:s,s:s,s:s,s:s,s:s*}", "level", level_names[finding->level], "about",
			 finding->about, "subject", finding->subject, "says", finding->says,
			 "command", finding->command[0] ? finding->command : NULL);
}

static size_t count_level(const struct doctor *doctor, enum finding_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor->count; i++)
		count += doctor->findings[i].level == level;
	return count;
}

static int print_json(const struct doctor *doctor)
{
	return json_print(stdout,
			  json_pack("{s:i,s:s,s:o,s:I,s:I}", "schema", JSON_SCHEMA, "instance",
				    doctor->instance, "findings",
				    ARRAY_JSON(doctor->findings, doctor->count, finding_json),
				    "problems", (json_int_t)count_level(doctor, FINDING_PROBLEM),
				    "warnings", (json_int_t)count_level(doctor, FINDING_WARNING)));
}

/* With -q only what is wrong. */
static void print_text(const struct doctor *doctor, bool quiet)
{
	const char *about = "";

	for (size_t i = 0; i < doctor->count; i++) {
		const struct finding *finding = &doctor->findings[i];

		if (quiet && finding->level < FINDING_WARNING)
			continue;
		if (strcmp(about, finding->about) != 0)
			printf("%s\n", finding->about);
		about = finding->about;
		printf("  %-7s  %-8s  %s\n", level_names[finding->level], finding->subject,
		       finding->says);
		if (finding->command[0])
			printf("%21s%s\n", "", finding->command);
	}
}

/* -- the command --------------------------------------------------------------------------- */

static bool is_loaded(const struct options *options)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/tierwall/%s", options->bpffs, options->instance);
	return !access(path, F_OK);
}

static int open_instance(struct doctor *doctor, const struct options *options)
{
	int result;

	if (!is_loaded(options))
		return 0;
	result = instance_open(&doctor->opened, options->instance, options->bpffs, INSTANCE_READ);
	if (result)
		return result;
	doctor->is_loaded = true;
	result = running_read(&doctor->running, &doctor->opened);
	if (!result)
		result = instance_attachments(&doctor->opened, &doctor->attachments,
					      &doctor->attachment_count);
	return result;
}

static bool is_attached(const struct doctor *doctor, const char *device)
{
	for (size_t i = 0; i < doctor->attachment_count; i++)
		if (!strcmp(doctor->attachments[i].device, device))
			return true;
	return false;
}

/* The devices that the instance is attached to, and those that it should be. */
static int look_at_own_devices(struct doctor *doctor)
{
	const struct config *config = doctor->is_loaded ? doctor->running.config : NULL;
	int result = 0;

	for (size_t i = 0; !result && i < doctor->attachment_count; i++)
		result = doctor_device(doctor, doctor->attachments[i].device);
	for (size_t i = 0; !result && config && i < config->interface_count; i++)
		if (!is_attached(doctor, config->interfaces[i].name))
			result = doctor_device(doctor, config->interfaces[i].name);
	return result;
}

static int look(struct doctor *doctor, char **devices, int count)
{
	int result = node_facts_read(&doctor->facts);

	if (result)
		return result;
	doctor->about = "kernel";
	doctor_kernel(doctor);
	for (int i = 0; !result && i < count; i++)
		result = doctor_device(doctor, devices[i]);
	if (!result && !count)
		result = look_at_own_devices(doctor);
	if (!result && doctor->is_loaded)
		doctor_servers(doctor);
	if (!result && doctor->failed)
		result = out_of_memory();
	return result;
}

static void close_instance(struct doctor *doctor)
{
	if (doctor->is_loaded) {
		running_free(&doctor->running);
		instance_close(&doctor->opened);
	}
	free(doctor->attachments);
	free(doctor->findings);
	node_facts_free(&doctor->facts);
}

int command_doctor(const struct options *options, int argc, char **argv)
{
	struct doctor doctor = {.instance = options->instance};
	int result = open_instance(&doctor, options);

	if (!result)
		result = look(&doctor, argv + 1, argc - 1);
	if (!result && options->output == OUTPUT_JSON)
		result = print_json(&doctor) ? out_of_memory() : 0;
	else if (!result)
		print_text(&doctor, options->quiet);
	if (!result && count_level(&doctor, FINDING_PROBLEM))
		result = MISTAKE;
	close_instance(&doctor);
	return exit_status(result);
}
