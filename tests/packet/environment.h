/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers that a run takes from its environment. */
#ifndef TESTS_PACKET_ENVIRONMENT_H
#define TESTS_PACKET_ENVIRONMENT_H

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

#endif
