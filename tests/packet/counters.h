/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All numbers of `tierwall -j stats`, each under a path such as
 * "services.www.servers.web1.packets" or "tiers.web.rules.2.bytes".
 */
#ifndef TESTS_PACKET_COUNTERS_H
#define TESTS_PACKET_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node.h"

#define PATH_MAX_BYTES 128

struct number {
	char path[PATH_MAX_BYTES];
	int64_t value;
};

struct counters {
	struct number *numbers;
	size_t count;
};

/* Replaces what *counters holds.  Stops the process where stats fails or is no JSON. */
void counters_read(struct counters *counters, const struct node *node);
void counters_free(struct counters *counters);
/* The number under a path; 0 where there is none. */
int64_t counters_get(const struct counters *counters, const char *path);
bool counters_have(const struct counters *counters, const char *path);

#endif
