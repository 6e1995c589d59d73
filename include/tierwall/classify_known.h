/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of the small sets that rules ask for hold an address: its class, found in a ladder
 * of sorted bounds.  Part of classify.h, which says what it needs.
 */
#ifndef TIERWALL_CLASSIFY_KNOWN_H
#define TIERWALL_CLASSIFY_KNOWN_H

/*
 * The class of an address: of the last interval that begins at or before it.  How far the
 * search is stands in memory, of which the verifier remembers nothing.
 */
TW_LOOKUP __u32 tw_class4(__u32 first, const struct tw_ladder *ladder, struct tw_key *key,
			  __u64 addr)
{
	struct tw_window window = {0};
	const __u8 *classes;
	__u32 at;

	if (!ladder || !key)
		return 0;
	key->interval = 0;
	for (__u32 i = 0; i < TW_LADDER_LEVELS; i++) {
		const struct tw_rung4 *rung;
		__u64 begun = 0;

		if (i >= ladder->levels)
			break;
		at = TW_FORGET(key->interval);
		rung = tw_look(&window, first, ladder->at[i] + at * (__u32)(sizeof(*rung) / 8),
			       sizeof(*rung));
		if (!rung)
			return 0;
		TW_COUNT(steps, 1);
		for (__u32 j = 1; j < TW_RUNG4_VALUES; j++)
			begun += ((__u64)rung->from[j] - addr - 1) >> 63;
		TW_IN_TURN(begun);
		key->interval = at * TW_RUNG4_VALUES + (__u32)begun;
	}
	at = TW_FORGET(key->interval);
	classes = tw_look(&window, first, ladder->classes + at / 8, 8);
	return classes ? classes[at & 7] : 0;
}

/* What is borrowed when `less` and `borrow` are taken from a value.  No branch: none foretells it. */
static __always_inline __u64 tw_borrow(__u64 value, __u64 less, __u64 borrow)
{
	return ((~value & less) | (~(value ^ less) & (value - less - borrow))) >> 63;
}

TW_LOOKUP __u32 tw_class6(__u32 first, const struct tw_ladder *ladder, struct tw_key *key,
			  __u64 high, __u64 low)
{
	struct tw_window window = {0};
	const __u8 *classes;
	__u32 at;

	if (!ladder || !key)
		return 0;
	key->interval = 0;
	for (__u32 i = 0; i < TW_LADDER_LEVELS; i++) {
		const struct tw_rung6 *rung;
		__u64 begun = 0;

		if (i >= ladder->levels)
			break;
		at = TW_FORGET(key->interval);
		rung = tw_look(&window, first, ladder->at[i] + at * (__u32)(sizeof(*rung) / 8),
			       sizeof(*rung));
		if (!rung)
			return 0;
		TW_COUNT(steps, 1);
		for (__u32 j = 1; j < TW_RUNG6_VALUES; j++) {
			begun += 1 - tw_borrow(high, rung->from[j].high,
					       tw_borrow(low, rung->from[j].low, 0));
			TW_IN_TURN(begun);
		}
		key->interval = at * TW_RUNG6_VALUES + (__u32)begun;
	}
	at = TW_FORGET(key->interval);
	classes = tw_look(&window, first, ladder->classes + at / 8, 8);
	return classes ? classes[at & 7] : 0;
}

static __always_inline __u64 tw_key_half(const struct tw_key *key, __u32 word)
{
	return (__u64)key->word[word] << 32 | key->word[word + 1];
}

/* The classes are the same for all lists that are asked about a packet. */
TW_LOOKUP int tw_find_class(__u32 first, const struct tw_ladder *ladder, struct tw_key *key,
			    __u32 side)
{
	struct tw_window window = {0};
	const __u64 *held;
	__u32 class, at;

	if (!ladder || !key)
		return 0;
	side &= 1;
	at = side * TW_KEY_DESTINATION;
	if (key->family)
		class = tw_class6(first, ladder, key, tw_key_half(key, at),
				  tw_key_half(key, at + 2));
	else
		class = tw_class4(first, ladder, key, key->word[at + 3]);
	held = tw_look(&window, first, ladder->held + class, sizeof(*held));
	key->word[TW_KEY_SOURCE_CLASS + side] = class;
	key->held[side] = held ? *held : 0;
	key->classed |= 1u << side;
	return 0;
}

#endif
