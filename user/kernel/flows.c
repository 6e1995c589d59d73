/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow tables counted: in all, and by server. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "kernel/instance.h"
#include "tierwall/flow_time.h"

#define BATCH 4096u /* entries; more than a bucket of the table ever holds */

struct table {
	int map;
	size_t key_size, protocol_at;
};

struct visit {
	void (*see)(const struct tw_flow *flow, void *context);
	void *context;
	uint32_t second; /* now, on the clock of the data path */
};

/* Flows, not entries: the direction of the one who asked stands for both. */
static bool is_live_flow(const struct visit *visit, const struct tw_flow *flow, uint8_t protocol)
{
	return !(flow->flags & (TW_FLOW_REPLY | TW_FLOW_REFUSED)) &&
	       !tw_flow_is_idle(flow, protocol, visit->second);
}

static int visit_entries(const struct visit *visit, const struct table *table, unsigned char *keys,
			 struct tw_flow *flows)
{
	uint32_t position = 0;
	bool first = true, last = false;

	while (!last) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(table->map, first ? NULL : &position, &position, keys,
					 flows, &count, &options)) {
			if (errno != ENOENT)
				return -errno;
			last = true;
		}
		first = false;
		for (uint32_t i = 0; i < count; i++)
			if (is_live_flow(visit, &flows[i],
					 keys[i * table->key_size + table->protocol_at]))
				visit->see(&flows[i], visit->context);
	}
	return 0;
}

static int visit_table(const struct visit *visit, const struct table *table)
{
	struct tw_flow *flows = calloc(BATCH, sizeof(*flows));
	unsigned char *keys = calloc(BATCH, table->key_size);
	int result = flows && keys ? visit_entries(visit, table, keys, flows) : -ENOMEM;

	free(flows);
	free(keys);
	return result;
}

static int visit_flows(const struct instance *instance,
		       void (*see)(const struct tw_flow *flow, void *context), void *context)
{
	const struct table tables[] = {
		{instance->maps[MAP_flows4], sizeof(struct tw_flow_key4),
		 offsetof(struct tw_flow_key4, protocol)},
		{instance->maps[MAP_flows6], sizeof(struct tw_flow_key6),
		 offsetof(struct tw_flow_key6, protocol)},
	};
	struct visit visit = {.see = see, .context = context};
	struct timespec now;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &now);
	visit.second = (uint32_t)now.tv_sec;
	result = visit_table(&visit, &tables[0]);
	return result ? result : visit_table(&visit, &tables[1]);
}

static void count_one(const struct tw_flow *flow, void *context)
{
	uint32_t *count = context;

	(void)flow;
	++*count;
}

int flows_count(const struct instance *instance, uint32_t *count)
{
	*count = 0;
	return visit_flows(instance, count_one, count);
}

/* An address of a server. */
struct owned {
	union tw_addr addr;
	struct server_flows *server;
};

struct by_server {
	struct owned *addresses; /* in their order */
	size_t count;
};

static int compare_owned(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

/* By address: an index holds for one generation only, and a name may be another machine's. */
static void count_for_server(const struct tw_flow *flow, void *context)
{
	const struct by_server *by = context;
	const struct owned wanted = {.addr = flow->addr}, *found;

	if (!(flow->flags & TW_FLOW_BALANCED) || flow->state == TW_FLOW_CLOSING)
		return;
	found = bsearch(&wanted, by->addresses, by->count, sizeof(wanted), compare_owned);
	if (found)
		found->server->flows++;
}

static int find_addresses(struct by_server *by, struct server_flows *servers, size_t count)
{
	by->addresses = calloc(2 * count + 1, sizeof(*by->addresses));
	if (!by->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (int family = 0; family < 2; family++)
			if (!addr_is_zero(&servers[i].addr[family]))
				by->addresses[by->count++] =
					(struct owned){servers[i].addr[family], &servers[i]};
	qsort(by->addresses, by->count, sizeof(*by->addresses), compare_owned);
	return 0;
}

int flows_of_servers(const struct instance *instance, struct server_flows *servers, size_t count)
{
	struct by_server by = {};
	int result = find_addresses(&by, servers, count);

	for (size_t i = 0; i < count; i++)
		servers[i].flows = 0;
	if (!result)
		result = visit_flows(instance, count_for_server, &by);
	if (result)
		complain("cannot read the flow tables: %s", strerror(-result));
	free(by.addresses);
	return result;
}
