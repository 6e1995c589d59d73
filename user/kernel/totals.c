/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The per-CPU counters added up. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kernel/instance.h"

#define BATCH 1024u

static void add_counter(struct tw_counter *sum, const struct tw_counter *cpus, int cpu_count)
{
	for (int i = 0; i < cpu_count; i++) {
		sum->packets += cpus[i].packets;
		sum->bytes += cpus[i].bytes;
		sum->flows += cpus[i].flows;
		sum->requests += cpus[i].requests;
	}
}

static int read_counters(int map, struct tw_counter *sums, uint32_t rows)
{
	int cpus = libbpf_num_possible_cpus();
	struct tw_counter *values;
	uint32_t *keys, batch = 0, done = 0;
	bool first = true;
	int result = 0;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)BATCH * (size_t)cpus, sizeof(*values));
	keys = calloc(BATCH, sizeof(*keys));
	if (!values || !keys)
		result = -ENOMEM;
	while (!result && done < rows) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(map, first ? NULL : &batch, &batch, keys, values, &count,
					 &options) &&
		    errno != ENOENT)
			result = -errno;
		first = false;
		for (uint32_t i = 0; !result && i < count; i++)
			if (keys[i] < rows)
				add_counter(&sums[keys[i]], &values[i * (uint32_t)cpus], cpus);
		done += count;
		if (!count)
			break;
	}
	free(values);
	free(keys);
	return result;
}

/* A packet is counted once, by its verdict or by the reason of its drop: the rest are sums. */
static void add_up(struct tw_counter *node)
{
	for (uint32_t reason = 0; reason < TW_REASON_COUNT; reason++)
		add_counter(&node[TW_NODE_DROPPED], &node[TW_NODE_DROPS + reason], 1);
	for (uint32_t row = TW_NODE_PASSED; row <= TW_NODE_REDIRECTED; row++)
		add_counter(&node[TW_NODE_RECEIVED], &node[row], 1);
}

/* Ids are given from 0 on, so few objects have few rows. */
static uint32_t rows_in_use(const struct tw_policy *image)
{
	const uint32_t *ids = IMAGE_SECTION(image, uint32_t, ids);
	uint32_t rows = 0;

	for (uint32_t i = 0; i < image->ids.count; i++)
		if (ids[i] < TW_COUNTERS && ids[i] >= rows)
			rows = ids[i] + 1;
	return rows;
}

int totals_read(struct totals *out, const struct instance *instance, const struct tw_policy *image)
{
	int result;

	memset(out, 0, sizeof(*out));
	out->counter_count = rows_in_use(image);
	out->counters = calloc(out->counter_count + 1, sizeof(*out->counters));
	result = out->counters ? 0 : -ENOMEM;
	if (!result)
		result = read_counters(instance->maps[MAP_node], out->node, TW_NODE_ROWS);
	add_up(out->node);
	if (!result)
		result = read_counters(instance->maps[MAP_counters], out->counters,
				       out->counter_count);
	if (!result)
		result = flows_count(instance, &out->flows_live);
	out->flows_capacity = (TW_FLOWS4 + TW_FLOWS6) / 2;
	if (result) {
		complain("cannot read the counters: %s", strerror(-result));
		totals_free(out);
	}
	return result;
}

void totals_free(struct totals *totals)
{
	free(totals->counters);
	totals->counters = NULL;
}

struct tw_counter totals_of(const struct totals *totals, uint32_t id)
{
	struct tw_counter none = {0};

	return id < totals->counter_count ? totals->counters[id] : none;
}
