/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Grows the trees of prefixes behind pool.h. */
#include <stdlib.h>
#include <string.h>

#include "model/pool.h"

#define PREFIXES_PER_ROOT 48
#define TRIES             8 /* to find a parent that has room below it */

/* Lengths as they are written, and how often each is, in percent. */
static const uint8_t lengths[2][10] = {
	{12, 16, 19, 20, 22, 24, 26, 28, 30, 32},
	{36, 40, 44, 48, 52, 56, 60, 64, 96, 128},
};
static const uint8_t weights[2][10] = {
	{1, 6, 2, 5, 6, 32, 4, 5, 2, 37},
	{2, 4, 3, 20, 2, 12, 3, 28, 2, 24},
};

union tw_addr random_bits(struct random *random)
{
	return (union tw_addr){.halves = {random_next(random), random_next(random)}};
}

/* Byte `i` of the mask of a prefix. */
static uint8_t mask_byte(uint8_t bits, int i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	return bits <= 8 * i ? 0 : (uint8_t)(0xff << (8 - bits % 8));
}

union tw_addr prefix_address(const struct prefix *prefix, const union tw_addr *bits)
{
	union tw_addr addr;

	for (int i = 0; i < 16; i++) {
		uint8_t mask = mask_byte(prefix->bits, i);

		addr.bytes[i] = (prefix->addr.bytes[i] & mask) | (bits->bytes[i] & ~mask);
	}
	return addr;
}

union tw_addr prefix_first(const struct prefix *prefix)
{
	static const union tw_addr zeros;

	return prefix_address(prefix, &zeros);
}

union tw_addr prefix_last(const struct prefix *prefix)
{
	static const union tw_addr ones = {.halves = {~0ull, ~0ull}};

	return prefix_address(prefix, &ones);
}

bool prefix_holds(const struct prefix *prefix, const union tw_addr *addr)
{
	for (int i = 0; i < 16; i++)
		if ((prefix->addr.bytes[i] ^ addr->bytes[i]) & mask_byte(prefix->bits, i))
			return false;
	return true;
}

/* A network as a registry gives them out: 1.0.0.0/8 to 223.0.0.0/11, or within 2000::/4. */
static struct prefix grow_root(struct random *random, int family)
{
	struct prefix root = {.bits = family ? 32 : 96 + 8 + random_below(random, 4)};
	union tw_addr bits = random_bits(random);

	root.addr = bits;
	if (family) {
		root.addr.bytes[0] = 0x20 | (bits.bytes[0] & 0x0f);
	} else {
		memset(&root.addr, 0, 10);
		root.addr.bytes[10] = root.addr.bytes[11] = 0xff;
		root.addr.bytes[12] = 1 + bits.bytes[12] % 126;
		if (bits.bytes[0] & 1)
			root.addr.bytes[12] = 128 + bits.bytes[12] % 96;
	}
	root.addr = prefix_first(&root);
	return root;
}

/* A prefix within `parent`; false: it has no room for one of that length. */
static bool grow_child(struct prefix *child, const struct prefix *parent, struct random *random,
		       int family)
{
	uint8_t length = lengths[family][random_weighted(random, weights[family])];
	union tw_addr bits = random_bits(random);

	*child = *parent;
	child->bits = family ? length : 96 + length;
	if (child->bits <= parent->bits)
		return false;
	child->addr = prefix_address(parent, &bits);
	child->addr = prefix_first(child);
	return true;
}

void pool_grow(struct pool *pool, struct random *random, int family, size_t count)
{
	size_t roots = 2 + count / PREFIXES_PER_ROOT;

	for (size_t i = 0; i < count; i++) {
		struct prefix *new = config_push(&pool->items, &pool->count, sizeof(*new));
		bool grown = false;

		if (!new)
			abort();
		for (int try = 0; i >= roots && !grown && try < TRIES; try++)
			grown = grow_child(new, &pool->items[random_below(random, i)], random,
					   family);
		if (!grown)
			*new = grow_root(random, family);
	}
}

void pool_free(struct pool *pool)
{
	free(pool->items);
	*pool = (struct pool){0};
}

const struct prefix *pool_pick(const struct pool *pool, struct random *random)
{
	size_t roots = pool->count / PREFIXES_PER_ROOT;

	/* half of what is said is about a sixteenth of the networks */
	if (random_percent(random, 50))
		return &pool->items[roots + random_below(random, 1 + (pool->count - 1) / 16)];
	return &pool->items[random_below(random, pool->count)];
}
