/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All that a packet may change, read out of the maps. */
#ifndef TESTS_MODEL_SNAPSHOT_H
#define TESTS_MODEL_SNAPSHOT_H

#include "kernel/instance.h"

#define SNAPSHOT_ROWS 512 /* of `counters` */
#define SNAPSHOT_NODE (TW_NODE_DROPS + TW_REASON_COUNT)

struct snapshot {
	uint32_t rows;
	struct tw_counter counters[SNAPSHOT_ROWS]; /* summed over the CPUs */
	struct tw_counter node[SNAPSHOT_NODE];
};

void snapshot_take(struct snapshot *out, const struct instance *instance, uint32_t rows);
/* A sum over everything in the tables of flows, fragments and next hops. */
uint64_t tables_sum(const struct instance *instance);

#endif
