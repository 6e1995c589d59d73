/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show config|tiers|services|sets`: what the running configuration says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "stats/columns.h"
#include "stats/json.h"

static int print_json(json_t *json)
{
	return json_print(stdout, json) ? out_of_memory() : 0;
}

static int print_columns(struct columns *columns)
{
	return columns_print(columns, stdout, "") ? out_of_memory() : 0;
}

int show_config(const struct options *options, const struct instance *instance, const char *name)
{
	struct running running = {};
	int result = running_read(&running, instance);

	(void)name;
	if (result)
		return result;
	result = running_read_sets(&running, instance);
	if (!result && options->output == OUTPUT_JSON)
		result = print_json(config_json(running.config));
	else if (!result)
		result = config_print(stdout, running.config);
	running_free(&running);
	return result;
}

/* What the running configuration alone can say. */
static int show_list(const struct options *options, const struct instance *instance,
		     json_t *(*json)(const struct config *config),
		     int (*text)(const struct config *config))
{
	struct running running = {};
	int result = running_read(&running, instance);

	if (result)
		return result;
	if (options->output == OUTPUT_JSON)
		result = print_json(json(running.config));
	else
		result = text(running.config);
	running_free(&running);
	return result;
}

/* -- tiers ------------------------------------------------------------------------- */

static char *addresses_text(const struct server *server)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	bool first = true;

	if (!out)
		return NULL;
	for (int family = 0; family < 2; family++) {
		if (addr_is_zero(&server->addr[family]))
			continue;
		if (!first)
			fputc(' ', out);
		address_print(out, &server->addr[family]);
		first = false;
	}
	fclose(out);
	return text;
}

static void add_server(struct columns *columns, const struct tier *tier,
		       const struct server *server, uint32_t flows)
{
	char *addresses = addresses_text(server);

	if (addresses)
		columns_row(columns, "%s\t%s\t%s\t%u\t%u\t%s", tier->name, server->name,
			    server_state_name(server->state), server->weight, flows, addresses);
	else
		columns->failed = -ENOMEM;
	free(addresses);
}

static int print_tiers(const struct config *config, const struct server_flows *flows)
{
	struct columns columns = {.align = "lllrrl"};
	size_t at = 0;

	if (!config->tier_count)
		return 0;
	columns_row(&columns, "tier\tserver\tstate\tweight\tflows left\taddresses");
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		if (!tier->server_count)
			columns_row(&columns, "%s", tier->name);
		for (size_t j = 0; j < tier->server_count; j++, at++)
			add_server(&columns, tier, &tier->servers[j], flows[at].flows);
	}
	return print_columns(&columns);
}

static int print_tiers_json(const struct config *config, const struct server_flows *flows)
{
	json_t *tiers = tiers_json(config), *tier, *server;
	size_t i, j, at = 0;
	int failed = 0;

	json_array_foreach(tiers, i, tier)
	{
		json_array_foreach(json_object_get(tier, "servers"), j, server)
		{
			json_t *left = json_integer(flows[at].flows);

			failed |= json_object_set_new(server, "flows-left", left);
			at++;
		}
	}
	if (!failed)
		return print_json(tiers);
	json_decref(tiers);
	return out_of_memory();
}

/* Of all servers, in the order of the tiers; NULL: no memory. */
static struct server_flows *all_servers(const struct config *config, size_t *count)
{
	struct server_flows *servers = NULL;

	*count = 0;
	for (size_t i = 0; i < config->tier_count; i++)
		*count += config->tiers[i].server_count;
	servers = calloc(*count + 1, sizeof(*servers));
	for (size_t i = 0, at = 0; servers && i < config->tier_count; i++)
		for (size_t j = 0; j < config->tiers[i].server_count; j++, at++)
			memcpy(servers[at].addr, config->tiers[i].servers[j].addr,
			       sizeof(servers[at].addr));
	return servers;
}

int show_tiers(const struct options *options, const struct instance *instance, const char *name)
{
	struct running running = {};
	struct server_flows *servers;
	size_t count;
	int result = running_read(&running, instance);

	(void)name;
	if (result)
		return result;
	servers = all_servers(running.config, &count);
	result = servers ? flows_of_servers(instance, servers, count) : out_of_memory();
	if (servers && !result)
		result = options->output == OUTPUT_JSON ? print_tiers_json(running.config, servers)
							: print_tiers(running.config, servers);
	free(servers);
	running_free(&running);
	return result;
}

/* -- services ----------------------------------------------------------------------- */

static char *listen_text(const struct listen *listen)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	address_print(out, &listen->addr);
	fprintf(out, " %s port ", protocol_name(listen->protocol));
	for (size_t i = 0; i < listen->ports.count; i++) {
		const struct port_range *range = &listen->ports.items[i];

		fprintf(out, "%s%u", i ? "," : "", range->low);
		if (range->high != range->low)
			fprintf(out, "-%u", range->high);
	}
	fclose(out);
	return text;
}

/* One row for each listen; what holds for the service stands in its first. */
static void add_service(struct columns *columns, const struct service *service)
{
	char port[8] = "";

	if (service->port)
		snprintf(port, sizeof(port), "%u", service->port);
	for (size_t i = 0; i < service->listen_count; i++) {
		char *listen = listen_text(&service->listens[i]);

		if (!listen)
			columns->failed = -ENOMEM;
		else if (i == 0)
			columns_row(columns, "%s\t%s\t%s\t%s\t%s", service->name, service->tier,
				    forward_name(service->forward), port, listen);
		else
			columns_row(columns, "\t\t\t\t%s", listen);
		free(listen);
	}
}

static int print_services(const struct config *config)
{
	struct columns columns = {.align = "lllrl"};

	if (!config->service_count)
		return 0;
	columns_row(&columns, "service\ttier\tforward\tport\tlisten");
	for (size_t i = 0; i < config->service_count; i++)
		add_service(&columns, &config->services[i]);
	return print_columns(&columns);
}

int show_services(const struct options *options, const struct instance *instance, const char *name)
{
	(void)name;
	return show_list(options, instance, services_json, print_services);
}

/* -- sets ----------------------------------------------------------------------------- */

/* How many entries each set has now; the caller frees *out. */
static int count_sets(const struct running *running, const struct instance *instance,
		      uint32_t **out)
{
	const struct config *config = running->config;
	int result = 0;

	*out = calloc(config->set_count + 1, sizeof(**out));
	if (!*out)
		return out_of_memory();
	for (size_t i = 0; !result && i < config->set_count; i++)
		result = running_count_set(running, instance, &config->sets[i], &(*out)[i]);
	return result;
}

static int list_json(const struct config *config, const uint32_t *entries)
{
	json_t *array = json_array();

	for (size_t i = 0; i < config->set_count; i++)
		if (json_array_append_new(array,
					  json_pack("{s:s,s:I}", "name", config->sets[i].name,
						    "entries", (json_int_t)entries[i]))) {
			json_decref(array);
			return out_of_memory();
		}
	return print_json(array);
}

static int list_text(const struct config *config, const uint32_t *entries)
{
	struct columns columns = {.align = "lr"};

	if (!config->set_count)
		return 0;
	columns_row(&columns, "set\tentries");
	for (size_t i = 0; i < config->set_count; i++)
		columns_row(&columns, "%s\t%s", config->sets[i].name, grouped(entries[i]).text);
	return print_columns(&columns);
}

static int list_sets(const struct options *options, const struct running *running,
		     const struct instance *instance)
{
	uint32_t *entries = NULL;
	int result = count_sets(running, instance, &entries);

	if (!result && options->output == OUTPUT_JSON)
		result = list_json(running->config, entries);
	else if (!result)
		result = list_text(running->config, entries);
	free(entries);
	return result;
}

static int print_set(const struct options *options, const struct set *set)
{
	if (options->output == OUTPUT_JSON)
		return print_json(set_json(set));
	for (size_t i = 0; i < set->count; i++) {
		prefix_print(stdout, &set->items[i]);
		if (set->items[i].seconds) {
			fputs(" for ", stdout);
			time_print(stdout, set->items[i].seconds);
		}
		putchar('\n');
	}
	return 0;
}

static int show_set(const struct options *options, const struct instance *instance,
		    const struct running *running, const char *name)
{
	struct set *set = config_set(running->config, name);
	int result;

	if (!set) {
		complain("there is no set `%s`; `tierwall show sets` lists them", name);
		return MISTAKE;
	}
	result = running_read_set(running, instance, set);
	return result ? result : print_set(options, set);
}

int show_sets(const struct options *options, const struct instance *instance, const char *name)
{
	struct running running = {};
	int result = running_read(&running, instance);

	if (result)
		return result;
	if (name)
		result = show_set(options, instance, &running, name);
	else
		result = list_sets(options, &running, instance);
	running_free(&running);
	return result;
}
