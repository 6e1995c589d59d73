/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an address stands in a set: what the data path and its writers agree on
 * beyond the layout in abi.h.
 */
#ifndef TIERWALL_SET_H
#define TIERWALL_SET_H

#include "abi.h"

/*
 * Two multiplications; only the upper half of the result is good.  Keyed: where sources
 * are put into a set because of what they send, they must not choose their lines.
 */
static __always_inline __u64 tw_set_hash(__u64 key, __u64 high, __u64 low)
{
	__u64 hash = (high ^ key) * 0x9e3779b97f4a7c15ull;

	return (hash ^ hash >> 32 ^ low) * 0xd6e8feb86659fd93ull;
}

/* The line of a table that such a hash belongs to, from its first. */
static __always_inline __u32 tw_set_line(__u64 hash, __u32 lines)
{
	return (__u32)((hash >> 32) * lines >> 32);
}

/* The other line, for what finds its own full. */
static __always_inline __u32 tw_set_second_line(__u64 hash, __u32 lines)
{
	return tw_set_line((hash ^ hash >> 29) * 0xff51afd7ed558ccdull, lines);
}

/* Which hint an address finds; `first_bits` are those that find it. */
static __always_inline __u32 tw_set_hint(__u64 key, __u64 first_bits, __u32 hint_bits)
{
	return (__u32)(tw_set_hash(key, first_bits, ~0ull) >> (64 - hint_bits));
}

static __always_inline __u64 tw_first_bits(__u64 high, __u32 bits)
{
	return bits ? high >> (64 - bits) : 0;
}

/* The upper half of an IPv6 mask; the lower is that of bits - 64. */
static __always_inline __u64 tw_mask64(__u32 bits)
{
	return bits ? ~0ull << (64 - bits) : 0;
}

#endif
