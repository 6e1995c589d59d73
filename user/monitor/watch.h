/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One `tierwall monitor` from its first event to its last. */
#ifndef TIERWALL_USER_WATCH_H
#define TIERWALL_USER_WATCH_H

#include "monitor/monitor.h"

struct watch {
	/* what was asked for */
	struct instance instance; /* opened for writing; watch_run() gives its lock back */
	struct filter filter;
	uint32_t rate, snap;
	uint32_t count;   /* ends after so many events; 0: does not */
	uint32_t seconds; /* likewise */
	const char *pcapng_path;
	bool json, quiet;

	/* names, of the policy that the last event was judged by */
	struct running running;
	struct names names;
	uint32_t generation;

	struct listener listener;
	FILE *out;
	struct pcapng pcapng;
	uint32_t written;
	uint64_t epoch;   /* when CLOCK_MONOTONIC was zero, in nanoseconds since the epoch */
	uint64_t missed;  /* that was said already */
	uint64_t breath;  /* when the last one was, CLOCK_MONOTONIC in nanoseconds */
	uint64_t ends_at; /* likewise; 0: does not */
	int result;
	bool ended;
};

/* Says what fails.  An output that nobody reads any more is an end like others. */
int watch_run(struct watch *watch);
void watch_free(struct watch *watch);

#endif
