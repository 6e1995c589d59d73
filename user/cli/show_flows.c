/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show flows`: the entries of the flow tables, a line for each flow.
 *
 * An entry for the answers says nothing that its forward entry does not, so only
 * those are printed.  The tables are read in batches and printed as they come: a
 * full table needs no more memory than an empty one.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/resolve.h"
#include "cli/show.h"
#include "stats/columns.h"
#include "stats/json.h"

#define BATCH        4096 /* entries; more than a bucket of the table ever holds */
#define ENDPOINT_MAX 64

struct flow {
	union tw_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol;
	const struct tw_flow *entry;
};

struct listing {
	enum output output;
	const struct running *running;
	struct names names;
	uint32_t second; /* now, on the clock of the data path */
	size_t printed;
};

/* -- one flow ---------------------------------------------------------------------------- */

/* The data path counts seconds since boot, as the monotonic clock does. */
static uint32_t second_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static uint32_t age_of(const struct listing *listing, const struct flow *flow)
{
	int32_t age = listing->second - flow->entry->seen;

	return age > 0 ? age : 0; /* a packet may have come since */
}

static const char *state_name(uint8_t state)
{
	static const char *const names[] = {
		[TW_FLOW_NEW] = "new",
		[TW_FLOW_ESTABLISHED] = "established",
		[TW_FLOW_CLOSING] = "closing",
	};

	return state <= TW_FLOW_CLOSING ? names[state] : "unknown";
}

/* An index holds for the generation that wrote it; an address holds as long as the server. */
static const struct server *server_of(const struct listing *listing, const struct flow *flow)
{
	const struct config *config = listing->running->config;
	const struct tw_flow *entry = flow->entry;
	const struct tier *tier;

	if (entry->server == TW_NONE16)
		return NULL;
	if (entry->generation == listing->running->generation)
		return config_server_at(config, entry->server, &tier);
	if (entry->flags & TW_FLOW_BALANCED)
		return config_server_of(config, &entry->addr, &tier);
	if (entry->flags & TW_FLOW_OUTGOING)
		return config_server_of(config, &flow->source, &tier);
	return config_server_of(config, &flow->destination, &tier);
}

/* Of an echo both ports are its identifier, which is no port. */
static bool has_ports(const struct flow *flow)
{
	return flow->protocol != IPPROTO_ICMP && flow->protocol != IPPROTO_ICMPV6 &&
	       (flow->source_port || flow->destination_port);
}

static void endpoint_text(char text[ENDPOINT_MAX], const struct flow *flow,
			  const union tw_addr *addr, uint16_t port)
{
	char host[INET6_ADDRSTRLEN];
	bool ipv4 = addr_is_ipv4(addr);

	if (ipv4)
		inet_ntop(AF_INET, &addr->words[3], host, sizeof(host));
	else
		inet_ntop(AF_INET6, addr, host, sizeof(host));
	if (!has_ports(flow))
		snprintf(text, ENDPOINT_MAX, "%s", host);
	else if (ipv4)
		snprintf(text, ENDPOINT_MAX, "%s:%u", host, port);
	else
		snprintf(text, ENDPOINT_MAX, "[%s]:%u", host, port);
}

static int print_flow_text(const struct listing *listing, const struct flow *flow)
{
	const struct rule_place *place = names_rule(&listing->names, flow->entry->rule);
	const struct server *server = server_of(listing, flow);
	char source[ENDPOINT_MAX], destination[ENDPOINT_MAX];
	char *rule = NULL;

	if (place) {
		rule = rule_place_text(place);
		if (!rule)
			return -ENOMEM;
	}
	endpoint_text(source, flow, &flow->source, flow->source_port);
	endpoint_text(destination, flow, &flow->destination, flow->destination_port);
	printf("%-5s %-21s -> %-21s  %-12s %-11s %7s  %s\n", protocol_name(flow->protocol), source,
	       destination, server ? server->name : "-",
	       flow->entry->flags & TW_FLOW_REFUSED ? "refused" : state_name(flow->entry->state),
	       scaled_time(age_of(listing, flow)).text, rule ? rule : "-");
	free(rule);
	return 0;
}

static json_t *flow_json(const struct listing *listing, const struct flow *flow)
{
	const struct rule_place *place = names_rule(&listing->names, flow->entry->rule);
	const struct service *service =
		config_service_of(listing->running->config, flow->entry->service);
	const struct server *server = server_of(listing, flow);
	bool ports = has_ports(flow);
	char *rule = place ? rule_place_text(place) : NULL;
	json_t *json;

	json = json_pack("{s:s,s:o,s:o*,s:o,s:o*,s:s*,s:s*,s:s,s:b,s:I,s:s*}", "protocol",
			 protocol_name(flow->protocol), "source", address_json(&flow->source),
			 "source-port", ports ? json_integer(flow->source_port) : NULL,
			 "destination", address_json(&flow->destination), "destination-port",
			 ports ? json_integer(flow->destination_port) : NULL, "service",
			 service ? service->name : NULL, "server", server ? server->name : NULL,
			 "state", state_name(flow->entry->state), "refused",
			 flow->entry->flags & TW_FLOW_REFUSED, "age",
			 (json_int_t)age_of(listing, flow), "rule", rule);
	free(rule);
	return json;
}

static int print_flow(struct listing *listing, const struct flow *flow)
{
	json_t *json;

	if (listing->output != OUTPUT_JSON)
		return print_flow_text(listing, flow);
	json = flow_json(listing, flow);
	if (!json)
		return -ENOMEM;
	fputs(listing->printed++ ? ",\n" : "\n", stdout);
	json_dumpf(json, stdout, JSON_COMPACT);
	json_decref(json);
	return 0;
}

/* -- the tables --------------------------------------------------------------------------- */

static void read_key4(struct flow *flow, const void *key)
{
	const struct tw_flow_key4 *key4 = key;

	flow->source.words[2] = flow->destination.words[2] = htonl(0xffff);
	flow->source.words[3] = key4->saddr;
	flow->destination.words[3] = key4->daddr;
	flow->source_port = key4->sport;
	flow->destination_port = key4->dport;
	flow->protocol = key4->protocol;
}

static void read_key6(struct flow *flow, const void *key)
{
	const struct tw_flow_key6 *key6 = key;

	flow->source = key6->saddr;
	flow->destination = key6->daddr;
	flow->source_port = key6->sport;
	flow->destination_port = key6->dport;
	flow->protocol = key6->protocol;
}

struct table {
	int map;
	size_t key_size;
	void (*read_key)(struct flow *flow, const void *key);
};

static int print_batch(struct listing *listing, const struct table *table, const char *keys,
		       const struct tw_flow *entries, uint32_t count)
{
	int result = 0;

	for (uint32_t i = 0; i < count && !result; i++) {
		struct flow flow = {.entry = &entries[i]};

		if (entries[i].flags & TW_FLOW_REPLY)
			continue;
		table->read_key(&flow, keys + i * table->key_size);
		result = print_flow(listing, &flow);
	}
	return result;
}

static int print_batches(struct listing *listing, const struct table *table, char *keys,
			 struct tw_flow *entries)
{
	uint32_t position, next;
	bool first = true;

	while (!ferror(stdout)) {
		uint32_t count = BATCH;
		int end = bpf_map_lookup_batch(table->map, first ? NULL : &position, &next, keys,
					       entries, &count, NULL);
		int result;

		if (end && end != -ENOENT) {
			complain("cannot read the flow table: %s", strerror(-end));
			return end;
		}
		result = print_batch(listing, table, keys, entries, count);
		if (result)
			return out_of_memory();
		if (end)
			return 0;
		position = next;
		first = false;
	}
	return 0;
}

static int print_table(struct listing *listing, const struct table *table)
{
	char *keys = calloc(BATCH, table->key_size);
	struct tw_flow *entries = calloc(BATCH, sizeof(*entries));
	int result;

	if (keys && entries)
		result = print_batches(listing, table, keys, entries);
	else
		result = out_of_memory();
	free(keys);
	free(entries);
	return result;
}

static int print_tables(struct listing *listing, const struct instance *instance)
{
	const struct table tables[] = {
		{instance->maps[MAP_flows4], sizeof(struct tw_flow_key4), read_key4},
		{instance->maps[MAP_flows6], sizeof(struct tw_flow_key6), read_key6},
	};
	int result;

	if (listing->output == OUTPUT_JSON)
		putchar('[');
	else
		printf("%-5s %-21s    %-21s  %-12s %-11s %7s  %s\n", "proto", "source",
		       "destination", "server", "state", "age", "rule");
	result = print_table(listing, &tables[0]);
	if (!result)
		result = print_table(listing, &tables[1]);
	if (listing->output == OUTPUT_JSON)
		puts("\n]");
	return result;
}

int show_flows(const struct options *options, const struct instance *instance, const char *name)
{
	struct listing listing = {.output = options->output, .second = second_now()};
	struct running running = {};
	int result = running_read(&running, instance);

	(void)name;
	if (result)
		return result;
	listing.running = &running;
	result = names_read(&listing.names, running.config) ? out_of_memory() : 0;
	if (!result)
		result = print_tables(&listing, instance);
	names_free(&listing.names);
	running_free(&running);
	return result;
}
