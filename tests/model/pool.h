/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Prefixes as real lists have them: few large networks, and within each of them ever
 * more specific ones down to single hosts, so that most addresses lie in several.
 */
#ifndef TESTS_MODEL_POOL_H
#define TESTS_MODEL_POOL_H

#include "config/config.h"
#include "random.h"

struct pool {
	struct prefix *items;
	size_t count;
};

/* Fills an empty pool.  `family`: 0 IPv4, 1 IPv6.  Stops the process where memory ends. */
void pool_grow(struct pool *pool, struct random *random, int family, size_t count);
void pool_free(struct pool *pool);
/* One of them: some networks are spoken of far more often than others. */
const struct prefix *pool_pick(const struct pool *pool, struct random *random);

/* The address in `prefix` whose other bits are `bits`. */
union tw_addr prefix_address(const struct prefix *prefix, const union tw_addr *bits);
union tw_addr random_bits(struct random *random);
/* The lowest and the highest address. */
union tw_addr prefix_first(const struct prefix *prefix);
union tw_addr prefix_last(const struct prefix *prefix);
bool prefix_holds(const struct prefix *prefix, const union tw_addr *addr);

#endif
