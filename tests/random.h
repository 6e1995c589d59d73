/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers that are the same in every run with the same seed. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state; /* not 0 */
};

static inline void random_seed(struct random *random, uint64_t seed)
{
	random->state = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
}

static inline uint64_t random_next(struct random *random)
{
	/* xorshift64* (Vigna) */
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dull;
}

/* 0 to below - 1 */
static inline uint32_t random_below(struct random *random, uint32_t below)
{
	return (random_next(random) >> 32) * below >> 32;
}

/* Both ends included. */
static inline uint32_t random_between(struct random *random, uint32_t low, uint32_t high)
{
	return low + (uint32_t)((random_next(random) >> 32) * ((uint64_t)high - low + 1) >> 32);
}

static inline bool random_percent(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

/* An index of `count` weights that add up to 100. */
static inline uint32_t random_pick(struct random *random, const uint8_t *weights, uint32_t count)
{
	uint32_t left = random_below(random, 100), i = 0;

	while (i + 1 < count && left >= weights[i])
		left -= weights[i++];
	return i;
}

#define random_weighted(random, weights) \
	random_pick(random, weights, sizeof(weights) / sizeof((weights)[0]))

#endif
