/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show status`: what is loaded and attached, and what stands in its way.
 */
#include <bpf/bpf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/show.h"
#include "kernel/control.h"
#include "kernel/image.h"
#include "kernel/memory.h"
#include "kernel/trial.h"
#include "stats/columns.h"
#include "stats/json.h"

struct status {
	const struct instance *instance;
	const struct running *running;
	const struct attachment *devices;
	size_t device_count;
	size_t servers[3]; /* by enum tw_server_state */
	size_t rules;
	uint64_t memory;  /* bytes of all maps */
	json_t *warnings; /* strings */
	struct trial trial;
};

static void count_servers_and_rules(struct status *status)
{
	const struct config *config = status->running->config;

	status->rules = config->guard.count + (config->has_host ? config->host.count : 0);
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		status->rules += tier->rules.count;
		for (size_t j = 0; j < tier->server_count; j++) {
			status->servers[tier->servers[j].state]++;
			status->rules += tier->servers[j].rules.count;
		}
	}
}

/* -- memory --------------------------------------------------------------------------- */

static uint64_t map_memory(int map)
{
	unsigned long long bytes = 0;
	char path[48], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

/*
 * The maps within a map of maps: sets and images.  Only who may open maps by their id
 * sees them; for others the sum leaves them out.
 */
static uint64_t inner_memory(const struct instance *instance, enum instance_map outer,
			     uint32_t slots)
{
	struct tw_control *control = control_map(instance);
	uint64_t bytes = 0;
	uint32_t id;

	for (uint32_t i = 0; control && i < slots; i++) {
		int inner;

		if (outer != MAP_policy && !memory_is_held(control, outer, i))
			continue;
		inner = memory_open(instance, outer, i, &id);
		if (inner < 0)
			continue;
		bytes += map_memory(inner);
		close(inner);
	}
	control_unmap(control);
	return bytes;
}

static uint64_t all_memory(const struct instance *instance)
{
	uint64_t bytes = 0;

	for (int i = 0; i < MAP_COUNT; i++)
		bytes += map_memory(instance->maps[i]);
	return bytes + inner_memory(instance, MAP_policy, TW_POLICIES) +
	       inner_memory(instance, MAP_chunks, TW_CHUNKS) +
	       inner_memory(instance, MAP_sets, TW_SET_SLOTS);
}

/* -- warnings ------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
warn(struct status *status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	json_array_append_new(status->warnings, json_vsprintf(format, arguments));
	va_end(arguments);
}

static bool has_server_up(const struct tier *tier)
{
	for (size_t i = 0; tier && i < tier->server_count; i++)
		if (tier->servers[i].state == TW_SERVER_UP && tier->servers[i].weight)
			return true;
	return false;
}

static void warn_of_services(struct status *status)
{
	const struct config *config = status->running->config;

	for (size_t i = 0; i < config->service_count; i++) {
		const struct service *service = &config->services[i];

		if (!has_server_up(config_tier(config, service->tier)))
			warn(status, "service `%s`: no server of tier `%s` takes new flows",
			     service->name, service->tier);
	}
}

static bool is_attached(const struct status *status, const char *device)
{
	for (size_t i = 0; i < status->device_count; i++)
		if (!strcmp(status->devices[i].device, device))
			return true;
	return false;
}

static void warn_of_devices(struct status *status)
{
	const struct config *config = status->running->config;

	for (size_t i = 0; i < status->device_count; i++)
		if (!status->devices[i].ifindex)
			warn(status, "device %s is gone; `tierwall detach %s` forgets it",
			     status->devices[i].device, status->devices[i].device);
	for (size_t i = 0; i < config->interface_count; i++)
		if (!is_attached(status, config->interfaces[i].name))
			warn(status,
			     "interface %s of the configuration is not attached; "
			     "`tierwall attach %s` attaches it",
			     config->interfaces[i].name, config->interfaces[i].name);
}

static bool has_listen(const struct config *config, bool ipv4)
{
	for (size_t i = 0; i < config->service_count; i++)
		for (size_t j = 0; j < config->services[i].listen_count; j++)
			if (addr_is_ipv4(&config->services[i].listens[j].addr) == ipv4)
				return true;
	return false;
}

static bool is_switched_off(const char *family, const char *device)
{
	char path[96];
	FILE *file;
	int value;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/forwarding", family, device);
	file = fopen(path, "re");
	if (!file)
		return false;
	value = fgetc(file);
	fclose(file);
	return value == '0';
}

/* The kernel answers no route look-up for a device that does not forward. */
static void warn_of_forwarding(struct status *status, const char *family)
{
	for (size_t i = 0; i < status->device_count; i++) {
		const struct attachment *device = &status->devices[i];

		if (device->ifindex && is_switched_off(family, device->device))
			warn(status,
			     "%s does not forward: what comes in there reaches no server; "
			     "write 1 to /proc/sys/net/%s/conf/%s/forwarding",
			     device->device, family, device->device);
	}
}

static void collect_warnings(struct status *status)
{
	const struct config *config = status->running->config;

	warn_of_devices(status);
	warn_of_services(status);
	if (has_listen(config, true))
		warn_of_forwarding(status, "ipv4");
	if (has_listen(config, false))
		warn_of_forwarding(status, "ipv6");
}

/* -- output ---------------------------------------------------------------------------- */

static const char *mode_of(const struct attachment *device)
{
	return device->ifindex ? mode_name(device->mode) : "gone";
}

static json_t *device_json(const void *item)
{
	const struct attachment *device = item;

	return json_pack("{s:s,s:s}", "name", device->device, "mode", mode_of(device));
}

/* NULL: nothing is on trial. */
static json_t *trial_json(const struct trial *trial)
{
	return trial->pending ? json_pack("{s:I}", "seconds", (json_int_t)seconds_up(trial->left))
			      : NULL;
}

static int print_json(const struct status *status)
{
	const struct tw_meta *meta = &status->instance->meta;
	const struct config *config = status->running->config;
	json_t *servers =
		json_pack("{s:I,s:I,s:I}", "up", (json_int_t)status->servers[TW_SERVER_UP], "drain",
			  (json_int_t)status->servers[TW_SERVER_DRAIN], "down",
			  (json_int_t)status->servers[TW_SERVER_DOWN]);

	return json_print(
		stdout,
		json_pack("{s:i,s:s,s:s,s:I,s:I,s:I,s:o*,s:o,s:I,s:o,s:I,s:I,s:I,s:I,s:O}",
			  "schema", JSON_SCHEMA, "instance", status->instance->name, "version",
			  meta->version, "abi", (json_int_t)meta->abi, "loaded",
			  (json_int_t)meta->loaded, "generation",
			  (json_int_t)status->running->generation, "trial",
			  trial_json(&status->trial), "devices",
			  ARRAY_JSON(status->devices, status->device_count, device_json), "tiers",
			  (json_int_t)config->tier_count, "servers", servers, "services",
			  (json_int_t)config->service_count, "rules", (json_int_t)status->rules,
			  "sets", (json_int_t)config->set_count, "memory",
			  (json_int_t)status->memory, "warnings", status->warnings));
}

static void add_devices(struct columns *columns, const struct status *status)
{
	for (size_t i = 0; i < status->device_count; i++)
		columns_row(columns, "%s\t%s %s", i ? "" : "devices", status->devices[i].device,
			    mode_of(&status->devices[i]));
	if (!status->device_count)
		columns_row(columns, "devices\tnone");
}

static int print_text(const struct status *status)
{
	const struct tw_meta *meta = &status->instance->meta;
	const struct config *config = status->running->config;
	struct columns columns = {.align = "ll"};
	time_t loaded = meta->loaded, now = time(NULL);
	char when[32] = "";
	struct tm local;

	if (localtime_r(&loaded, &local))
		strftime(when, sizeof(when), "%F %T", &local);
	columns_row(&columns, "instance\t%s", status->instance->name);
	columns_row(&columns, "version\t%s, ABI %u", meta->version, meta->abi);
	columns_row(&columns, "loaded\t%s, %s ago", when,
		    scaled_time(now > loaded ? now - loaded : 0).text);
	columns_row(&columns, "generation\t%u", status->running->generation);
	if (status->trial.pending)
		columns_row(&columns, "on trial\tgoes back in %llu s; `tierwall confirm` keeps it",
			    seconds_up(status->trial.left));
	add_devices(&columns, status);
	columns_row(&columns, "services\t%zu", config->service_count);
	columns_row(&columns, "tiers\t%zu", config->tier_count);
	columns_row(&columns, "servers\t%zu up, %zu drain, %zu down", status->servers[TW_SERVER_UP],
		    status->servers[TW_SERVER_DRAIN], status->servers[TW_SERVER_DOWN]);
	columns_row(&columns, "rules\t%zu", status->rules);
	columns_row(&columns, "sets\t%zu", config->set_count);
	columns_row(&columns, "memory\t%s", scaled_bytes(status->memory).text);
	return columns_print(&columns, stdout, "");
}

static void print_warnings(const struct status *status)
{
	for (size_t i = 0; i < json_array_size(status->warnings); i++)
		complain("warning: %s", json_string_value(json_array_get(status->warnings, i)));
}

static int print_status(const struct options *options, struct status *status)
{
	int result;

	count_servers_and_rules(status);
	status->memory = all_memory(status->instance);
	collect_warnings(status);
	result = options->output == OUTPUT_JSON ? print_json(status) : print_text(status);
	print_warnings(status);
	return result ? out_of_memory() : 0;
}

static int warn_only(const struct options *options, struct status *status)
{
	(void)options;
	collect_warnings(status);
	print_warnings(status);
	return 0;
}

/* Reads what a status is made of, then lets `print` print. */
static int with_status(const struct options *options, const struct instance *instance,
		       int (*print)(const struct options *options, struct status *status))
{
	struct status status = {.instance = instance, .warnings = json_array()};
	struct attachment *devices = NULL;
	struct running running = {};
	int result = running_read_outline(&running, instance);

	if (!result)
		result = trial_ask(&status.trial, instance);
	if (!result)
		result = instance_attachments(instance, &devices, &status.device_count);
	if (!result) {
		status.devices = devices;
		status.running = &running;
		result = print(options, &status);
	}
	json_decref(status.warnings);
	free(devices);
	running_free(&running);
	return result;
}

int show_status(const struct options *options, const struct instance *instance, const char *name)
{
	(void)name;
	return with_status(options, instance, print_status);
}

int status_warn(const struct options *options, const struct instance *instance)
{
	return options->quiet ? 0 : with_status(options, instance, warn_only);
}
