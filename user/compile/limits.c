/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `limit` into what the data path computes with.  A bucket counts time in units of
 * which a packet costs a power of two, so that no rate is rounded but in the clock,
 * whose factor has more than 30 bits.  There are as many units as 64 bits have room for
 * with an uptime of 17 years.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "compile/build.h"

#define UNITS_LOG2  34 /* a second has no more units than this */
#define BURST_LOG2  62 /* nor a burst */
#define TICK_LOG2   20 /* nanoseconds in a tick of tw_limit_entry.full_tick */
#define BURST_LEAST 5  /* packets, where nothing is said */
#define BURST_MS    10 /* or what the rate lets through in so long */

static uint64_t unit_seconds(char unit)
{
	switch (unit) {
	case 'm':
		return 60;
	case 'h':
		return 3600;
	}
	return 1;
}

static unsigned int log2_of(uint64_t value)
{
	return 63 - (unsigned int)__builtin_clzll(value);
}

static uint64_t burst_of(const struct limit *limit)
{
	uint64_t ms = unit_seconds(limit->unit) * 1000;
	uint64_t burst = ((uint64_t)limit->rate * BURST_MS + ms - 1) / ms;

	if (limit->burst)
		return limit->burst;
	return burst > BURST_LEAST ? burst : BURST_LEAST;
}

/* The units, and how nanoseconds become units. */
static void set_rate(struct tw_limit *out, uint64_t rate, uint64_t seconds, uint64_t burst)
{
	const uint64_t ns = seconds * 1000000000;
	unsigned int cost = log2_of((seconds << UNITS_LOG2) / rate);
	unsigned int shift = 32;
	unsigned __int128 factor;

	while (burst > 1ull << (BURST_LOG2 - cost))
		cost--;
	factor = (unsigned __int128)(rate << cost) << shift;
	/* rounded up: packets that come just as often as they may are never too early */
	for (; (factor + ns - 1) / ns > UINT32_MAX; shift--)
		factor >>= 1;
	out->cost = 1ull << cost;
	out->tolerance = (burst - 1) << cost;
	out->rate = (uint32_t)((factor + ns - 1) / ns);
	out->rate_shift = (uint8_t)shift;
	out->tick_shift =
		(uint8_t)log2_of((uint64_t)(((unsigned __int128)(rate << cost) << TICK_LOG2) / ns));
}

static void set_source(struct tw_limit *out, uint8_t bits)
{
	unsigned char *mask6 = (unsigned char *)out->mask6;
	unsigned int bits4 = bits && bits < 32 ? bits : 32, bits6 = bits ? bits : 128;

	out->flags |= TW_LIMIT_SOURCE;
	out->mask4 = htonl(UINT32_MAX << (32 - bits4));
	memset(mask6, 0xff, bits6 / 8);
	if (bits6 % 8)
		mask6[bits6 / 8] = (unsigned char)(0xff << (8 - bits6 % 8));
}

void limit_compile(struct tw_limit *out, const struct limit *limit)
{
	const uint64_t seconds = unit_seconds(limit->unit), burst = burst_of(limit);
	uint64_t burst_us = burst * 1000000 / limit->rate;

	memset(out, 0, sizeof(*out));
	set_rate(out, limit->rate, seconds, burst);
	burst_us = burst_us > UINT32_MAX / seconds ? UINT32_MAX : burst_us * seconds;
	out->burst_us = (uint32_t)burst_us;
	if (limit->over)
		out->flags |= TW_LIMIT_OVER;
	if (limit->per_source)
		set_source(out, limit->source_bits);
}

int build_limit(struct build *build, const struct rule *rule, uint32_t *offset)
{
	struct arena *arena = &build->out->arena;
	int result = arena_alloc(arena, sizeof(struct tw_limit), 8, offset);

	if (result == -ENOSPC)
		return config_mistake(build->config, rule_field_at(rule, RULE_LIMIT),
				      build->diagnostic,
				      "the configuration takes more than %u MB in the data path: "
				      "fewer rules",
				      TW_POLICY_CHUNKS * (TW_CHUNK_BYTES >> 20));
	if (!result)
		limit_compile(arena_at(arena, *offset), &rule->limit);
	return result;
}
