/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rates: is a packet within the limit of a rule?
 *
 * Token buckets in the form of GCRA (ITU-T I.371): all there is of one is the time at
 * which it will be full again, so that a compare-and-swap takes a token and any number
 * of CPUs share the bucket exactly.  A rule has one bucket, in `limits`, or one for each
 * source, in `sources`: lines of four, found by a keyed hash.  That table never
 * grows.  A bucket that is full again says nothing and is as good as free; where none
 * is, the one that is nearest to it gives way: an offender's is the furthest from it, so
 * that no flood of other sources sets it free.
 *
 * Times of a bucket are in units of its own, 2^33 to 2^34 a second, so that a packet
 * costs a whole number of them at every rate (user/compile/limits.c).
 */
#ifndef TIERWALL_BPF_LIMIT_H
#define TIERWALL_BPF_LIMIT_H

#include "policy.h"

/* A CPU that loses so many races for one bucket in a row is told that it is empty. */
#define LIMIT_TRIES 32

#define LIMIT_TICK_SHIFT 20 /* of `full_at`: nanoseconds to about a millisecond */

/* Set by the loader: nanoseconds in a jiffy. */
const volatile __u32 jiffy_ns = 4000000;

struct limit_clock {
	__u64 now;  /* in the units of the limit */
	__u32 tick; /* of `full_at` */
};

/*
 * Jiffies cost nothing but go by steps; what comes in a step must fit the bucket, or
 * some of it would be lost.
 */
static __always_inline struct limit_clock limit_clock(const struct tw_limit *limit)
{
	struct limit_clock clock;
	__u64 ns;

	if ((__u64)limit->burst_us * 1000 >= 2ull * jiffy_ns)
		ns = (bpf_jiffies64() - (__u32)(-300 * (int)hz)) * jiffy_ns;
	else
		ns = bpf_ktime_get_ns();
	clock.now = ((ns >> 32) * limit->rate << (32 - limit->rate_shift)) +
		    ((__u32)ns * (__u64)limit->rate >> limit->rate_shift);
	clock.tick = ns >> LIMIT_TICK_SHIFT;
	return clock;
}

/* Takes a token, or only looks whether there is one.  *ahead: how far from full it is then. */
static __always_inline int limit_take(__u64 *full_at, const struct tw_limit *limit, __u64 now,
				      int look, __u64 *ahead)
{
	for (int i = 0; i < LIMIT_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)full_at;
		__u64 from = seen > now ? seen : now;

		*ahead = from - now;
		if (*ahead > limit->tolerance)
			return 0;
		*ahead += limit->cost;
		if (look || __sync_val_compare_and_swap(full_at, seen, from + limit->cost) == seen)
			return 1;
	}
	return 0;
}

/* -- one bucket for each source ----------------------------------------------------- */

static __always_inline __u64 limit_hash(const struct tw_policy *image, const struct tw_limit *limit,
					const struct tw_packet *packet, __u32 rule, __u64 epoch)
{
	__u64 h = image->hash_key[0] ^ ((__u64)rule << 32);

	if (packet->family) {
		h = tw_mix(h ^ (packet->saddr.halves[0] & limit->mask6[0]));
		h = tw_mix(h ^ image->hash_key[1] ^ (packet->saddr.halves[1] & limit->mask6[1]));
	} else {
		h ^= (__force __u32)(packet->saddr.words[3] & limit->mask4);
	}
	return tw_mix(h ^ image->hash_key[1] ^ epoch);
}

/*
 * Ticks until the bucket says nothing any more, 0: it is free.  No time is longer than
 * TW_LIMIT_TICKS_MAX ahead, so that what is was long ago, however often ticks went round.
 */
static __always_inline __u32 limit_left(const struct tw_limit_entry *entry, __u32 tick)
{
	__u32 left = *(volatile __u32 *)&entry->full_tick - tick;

	return left > TW_LIMIT_TICKS_MAX ? 0 : left;
}

/*
 * When the bucket is full again, for those who look for a free one.  Who is refused
 * writes nothing, unless the time is longer than the longest: being refused keeps its
 * place.
 */
static __always_inline void limit_note(struct tw_limit_entry *entry, const struct tw_limit *limit,
				       int within, __u64 ahead, __u32 tick)
{
	ahead = (ahead >> limit->tick_shift) + 1;
	if (ahead > TW_LIMIT_TICKS_MAX)
		ahead = TW_LIMIT_TICKS_MAX;
	if (within || limit_left(entry, tick) < (__u32)ahead / 2)
		entry->full_tick = tick + (__u32)ahead;
}

static __always_inline struct tw_limit_entry *limit_find(struct tw_limit_line *line, __u32 tag)
{
	for (int i = 0; i < TW_LIMIT_WAYS; i++)
		if (*(volatile __u32 *)&line->entries[i].tag == tag)
			return &line->entries[i];
	return NULL;
}

/* Puts `tag` in place of the entry that is nearest to full.  NULL: another CPU was faster. */
static __always_inline struct tw_limit_entry *limit_claim(struct tw_limit_line *line, __u32 tag,
							  __u32 tick)
{
	__u32 nearest = 0, old;
	__u64 seen;

	for (__u32 i = 1; i < TW_LIMIT_WAYS; i++)
		if (limit_left(&line->entries[i], tick) < limit_left(&line->entries[nearest], tick))
			nearest = i;
	nearest &= TW_LIMIT_WAYS - 1;
	/* the time first: whoever finds the new tag must not find the time of the old one */
	seen = *(volatile __u64 *)&line->entries[nearest].full_at;
	old = *(volatile __u32 *)&line->entries[nearest].tag;
	if (__sync_val_compare_and_swap(&line->entries[nearest].full_at, seen, 0) != seen)
		return NULL;
	if (__sync_val_compare_and_swap(&line->entries[nearest].tag, old, tag) != old)
		return NULL;
	return &line->entries[nearest];
}

static __always_inline int limit_take_of_source(const struct tw_policy *image,
						const struct tw_limit *limit,
						const struct tw_packet *packet, __u32 rule,
						__u64 epoch, int look)
{
	__u64 hash = limit_hash(image, limit, packet, rule, epoch), ahead = 0;
	__u32 slot = (hash >> 32) % TW_LIMIT_LINES, tag = (__u32)hash | 1;
	struct limit_clock clock = limit_clock(limit);
	struct tw_limit_line *line = bpf_map_lookup_elem(&sources, &slot);
	struct tw_limit_entry *entry;
	int within;

	if (!line)
		return 1; /* cannot be: the array has all its rows */
	entry = limit_find(line, tag);
	for (int i = 0; !entry && !look && i < TW_LIMIT_WAYS; i++) {
		entry = limit_claim(line, tag, clock.tick);
		if (!entry)
			entry = limit_find(line, tag);
	}
	if (!entry)
		return 1; /* unknown, and its bucket would be full */
	within = limit_take(&entry->full_at, limit, clock.now, look, &ahead);
	if (!look)
		limit_note(entry, limit, within, ahead, clock.tick);
	return within;
}

/* -- what lists of rules ask ---------------------------------------------------------- */

static __always_inline const struct tw_limit *limit_at(const struct tw_policy *image, __u32 offset)
{
	const char *chunk = policy_chunk(image->chunk, offset);
	__u64 at = (__u64)(offset & TW_CHUNK_MASK) * 8;

	barrier_var(at);
	if (!chunk || at > TW_CHUNK_BYTES - sizeof(struct tw_limit))
		return NULL;
	return (const struct tw_limit *)(chunk + at);
}

/*
 * Does a rule that matches otherwise match by its limit, too?  `rule` is its counter id,
 * `offset` where its limit stands in the chunks.  Takes a token, but not in a trace: so
 * it may be asked once for each packet and rule.
 */
__noinline int limit_admits(const struct tw_policy *image, const struct tw_packet *packet,
			    __u32 rule, __u32 offset)
{
	const struct tw_limit *limit;
	const struct work *work;
	__u32 zero = 0;
	__u64 *bucket, ahead;
	int within, look;

	if (!image || !packet)
		return 0;
	limit = limit_at(image, offset);
	work = bpf_map_lookup_elem(&works, &zero);
	bucket = bpf_map_lookup_elem(&limits, &rule);
	if (!limit || !work || !bucket)
		return 0; /* cannot be */
	look = work->is_trace;
	if (limit->flags & TW_LIMIT_SOURCE)
		within = limit_take_of_source(image, limit, packet, rule, *bucket, look);
	else
		within = limit_take(bucket, limit, limit_clock(limit).now, look, &ahead);
	return within != ((limit->flags & TW_LIMIT_OVER) != 0);
}

#endif
