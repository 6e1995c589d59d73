/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads whole maps in batches. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/snapshot.h"
#include "packet/node.h"

#define CPUS_MAX  256
#define BATCH     1024
#define BYTES_MAX 64 /* a key or value of the tables */

_Static_assert(sizeof(struct tw_flow) <= BYTES_MAX && sizeof(struct tw_fragment_key) <= BYTES_MAX,
	       "room for the tables");

static void read_rows(int map, struct tw_counter *out, uint32_t rows)
{
	static struct tw_counter values[SNAPSHOT_ROWS * CPUS_MAX];
	static uint32_t keys[SNAPSHOT_ROWS];
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus(), count = rows, batch;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	if (cpus > CPUS_MAX || rows > SNAPSHOT_ROWS)
		die("%u CPUs and %u counters are too many", cpus, rows);
	if (bpf_map_lookup_batch(map, NULL, &batch, keys, values, &count, &options) &&
	    errno != ENOENT)
		die("bpf_map_lookup_batch");
	memset(out, 0, rows * sizeof(*out));
	for (uint32_t i = 0; i < count * cpus; i++) {
		struct tw_counter *sum = &out[keys[i / cpus]];

		sum->packets += values[i].packets;
		sum->bytes += values[i].bytes;
		sum->flows += values[i].flows;
		sum->requests += values[i].requests;
	}
}

void snapshot_take(struct snapshot *out, const struct instance *instance, uint32_t rows)
{
	out->rows = rows;
	read_rows(instance->maps[MAP_counters], out->counters, rows);
	read_rows(instance->maps[MAP_node], out->node, SNAPSHOT_NODE);
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t length, uint64_t hash)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull; /* FNV-1a */
	return hash;
}

/* The order in which a hash gives its entries does not count. */
static uint64_t table_sum(int map, size_t key_size, size_t value_size)
{
	static uint8_t keys[BATCH * BYTES_MAX], values[BATCH * BYTES_MAX];
	uint32_t batch = 0, count;
	bool first = true, more = true;
	uint64_t sum = 0;

	while (more) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);

		count = BATCH;
		if (bpf_map_lookup_batch(map, first ? NULL : &batch, &batch, keys, values, &count,
					 &options)) {
			if (errno != ENOENT)
				die("bpf_map_lookup_batch");
			more = false;
		}
		first = false;
		for (uint32_t i = 0; i < count; i++)
			sum += hash_bytes(
				values + i * value_size, value_size,
				hash_bytes(keys + i * key_size, key_size, 0xcbf29ce484222325ull));
	}
	return sum;
}

/* Next hops are per CPU: of each row, all CPUs. */
static uint64_t next_hops_sum(int map)
{
	static struct tw_next_hop values[CPUS_MAX];
	size_t cpus = (size_t)libbpf_num_possible_cpus();
	uint64_t sum = 0xcbf29ce484222325ull;

	for (uint32_t row = 0; row < TW_NEXT_HOPS; row++) {
		if (bpf_map_lookup_elem(map, &row, values))
			die("next_hops");
		sum = hash_bytes((const uint8_t *)values, cpus * sizeof(values[0]), sum);
	}
	return sum;
}

uint64_t tables_sum(const struct instance *instance)
{
	return table_sum(instance->maps[MAP_flows4], sizeof(struct tw_flow_key4),
			 sizeof(struct tw_flow)) +
	       3 * table_sum(instance->maps[MAP_flows6], sizeof(struct tw_flow_key6),
			     sizeof(struct tw_flow)) +
	       5 * table_sum(instance->maps[MAP_fragments], sizeof(struct tw_fragment_key),
			     sizeof(struct tw_fragment)) +
	       7 * next_hops_sum(instance->maps[MAP_next_hops]);
}
