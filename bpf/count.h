/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The per-CPU counters.  No atomics: each CPU has its own row, user space adds them up. */
#ifndef TIERWALL_BPF_COUNT_H
#define TIERWALL_BPF_COUNT_H

#include "path.h"

static __always_inline void count_node(const struct path *path, __u32 row)
{
	struct tw_counter *counter;

	if (path->trace)
		return;
	counter = bpf_map_lookup_elem(&node, &row);
	if (!counter)
		return;
	counter->packets++;
	counter->bytes += path->work->bytes;
}

/* A rule, default, service or server, by its counter id. */
static __always_inline void count(const struct path *path, __u32 id)
{
	struct tw_counter *counter;

	if (path->trace)
		return;
	counter = bpf_map_lookup_elem(&counters, &id);
	if (!counter)
		return; /* TW_NONE32: there is none */
	counter->packets++;
	counter->bytes += path->work->bytes;
}

static __always_inline void count_flow_of(__u32 id)
{
	struct tw_counter *counter = bpf_map_lookup_elem(&counters, &id);

	if (counter)
		counter->flows++;
}

static __always_inline void count_flow(const struct outcome *outcome)
{
	__u32 row = TW_NODE_FLOWS;
	struct tw_counter *counter = bpf_map_lookup_elem(&node, &row);

	if (counter)
		counter->flows++;
	count_flow_of(outcome->rule);
	count_flow_of(outcome->service);
	count_flow_of(outcome->member);
}

#endif
