/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first rule of a compiled list that matches a packet (classifier.h has the layout).
 *
 * Freestanding: the same code is compiled for BPF, for the unit tests and for the bench.
 * Who includes it says before how to get at a chunk:
 *
 *   static inline const char *tw_chunk(__u32 first, __u32 offset);
 *   TW_LOOKUP              of functions that the verifier should look at on their own
 *   TW_COUNT(what, 1)    for the tests that hold the counts against the bound
 *
 * Loops are bounded by constants and what they go through comes in as an argument,
 * so that the verifier knows nothing of it and the paths meet again.
 */
#ifndef TIERWALL_CLASSIFY_H
#define TIERWALL_CLASSIFY_H

#include "classifier.h"
#include "packet.h"

/* So that the compiler keeps no addresses made from it: the stack of all calls is 512 bytes. */
#define TW_OPAQUE(value) __asm__ volatile("" : "+r"(value))
/* So that it loads nothing ahead, which would take the stack, too. */
#define TW_IN_TURN(value) __asm__ volatile("" : "+r"(value) : : "memory")
/* Read anew from where it stands. */
#define TW_FORGET(place) (*(const volatile __u32 *)&(place))

/* -- chunks --------------------------------------------------------------------- */

/* The chunk that was looked up last: what belongs together mostly stands in one. */
struct tw_window {
	const char *chunk;
	__u32 number;
};

/* A struct of `bytes`, a power of two and eight at least, which stands on a multiple of it. */
static __always_inline const void *tw_look(struct tw_window *window, __u32 first, __u32 offset,
					   __u32 bytes)
{
	__u32 number = offset >> TW_CHUNK_SHIFT;

	if (number != window->number || !window->chunk) {
		window->number = number;
		window->chunk = tw_chunk(first, offset);
		if (!window->chunk)
			return 0;
	}
	return window->chunk + (offset & (TW_CHUNK_MASK & ~(bytes / 8 - 1))) * 8;
}

#include "classify_known.h"

/* -- the tree -------------------------------------------------------------------- */

/* The leaf below a node. */
TW_LOOKUP __u64 tw_walk(__u32 first, __u64 place, const struct tw_key *key)
{
	struct tw_window window = {0};

	if (!key)
		return 0;
	for (__u32 i = 0; i < TW_TREE_DEPTH; i++) {
		__u32 bits;
		const __u64 *next;

		if (TW_TREE_KIND(place) != TW_TREE_CUT)
			break;
		bits = key->word[TW_TREE_WORD(place)] >> TW_TREE_SHIFT(place) & TW_TREE_MASK(place);
		next = tw_look(&window, first, TW_TREE_AT(place) + bits, sizeof(*next));
		if (!next)
			return 0;
		TW_COUNT(steps, 1);
		place = *next;
	}
	return place;
}

static __always_inline int tw_port_holds(__u32 port, const __u16 range[2])
{
	return port >= range[0] && port <= range[1];
}

/* Is it one of the rules that are asked for, and are ports and protocol right? */
static __always_inline int tw_word_holds(__u64 word, const struct tw_key *key,
					 const __u16 source_port[2],
					 const __u16 destination_port[2])
{
	if (!tw_port_holds(key->word[TW_KEY_DESTINATION_PORT], destination_port) ||
	    !tw_port_holds(key->word[TW_KEY_SOURCE_PORT], source_port))
		return 0;
	if (word & TW_RULE_PROTOCOL && (__u8)word != key->word[TW_KEY_PROTOCOL])
		return 0;
	return !(word & key->lacks) && TW_RULE_NUMBER(word) >= key->from;
}

/* What a scan returns where it is no rule's word. */
#define TW_SCAN_NOTHING 0 /* none of the rest */
#define TW_SCAN_BEHIND  1 /* whatever follows is behind the best */
#define TW_SCAN_NOT_IT  2 /* not this one */

/*
 * The word of the first rule from `next` on that matches but for its struct tw_more,
 * whose place is then key->more.  key->next is the rule behind it.
 */
TW_LOOKUP __u64 tw_scan4(__u32 first, __u64 leaf, __u64 next, struct tw_key *key)
{
	const char *chunk = tw_chunk(first, TW_TREE_AT(leaf));
	__u32 source, destination, best;
	__u64 room = TW_TREE_COUNT(leaf), at;

	if (!chunk || !key)
		return TW_SCAN_NOTHING;
	source = key->word[TW_KEY_SOURCE + 3];
	destination = key->word[TW_KEY_DESTINATION + 3];
	best = key->best;
	for (__u32 i = 0; i < TW_LEAF_RULES; i++) {
		const struct tw_rule4 *rule;
		__u64 word;

		if (next >= room)
			break;
		at = (TW_TREE_AT(leaf) + next * 4) & (TW_CHUNK_MASK & ~3u);
		rule = (const void *)(chunk + at * 8);
		word = rule->word;
		next += 1 + TW_RULE_MORE(word);
		TW_COUNT(compares, 1);
		if (TW_RULE_NUMBER(word) >= best)
			return TW_SCAN_BEHIND;
		if (!tw_word_holds(word, key, rule->source_port, rule->destination_port))
			continue;
		if (word & TW_RULE_HELD(0) ? !(key->held[0] & rule->source_held)
					   : (source ^ rule->source) & rule->source_mask)
			continue;
		if (word & TW_RULE_HELD(1)
			    ? !(key->held[1] & rule->destination_held)
			    : (destination ^ rule->destination) & rule->destination_mask)
			continue;
		key->next = (__u32)next;
		key->more = TW_TREE_AT(leaf) + ((__u32)next - TW_RULE_MORE(word)) * 4;
		return word;
	}
	return TW_SCAN_NOTHING;
}

static __always_inline __u64 tw_upper_bits(__u64 value, const __u8 shift[2])
{
	return value >> (shift[0] & 63) >> (shift[1] & 63);
}

static __always_inline int tw_prefix6_holds(__u64 high, __u64 low, const __u64 prefix[2],
					    const __u8 shift[2][2])
{
	return !(tw_upper_bits(high ^ prefix[0], shift[0]) |
		 tw_upper_bits(low ^ prefix[1], shift[1]));
}

/* A unit of room is a struct tw_rule6, or two struct tw_more. */
TW_LOOKUP __u64 tw_scan6(__u32 first, __u64 leaf, __u64 next, struct tw_key *key)
{
	const char *chunk = tw_chunk(first, TW_TREE_AT(leaf));
	__u64 source[2], destination[2];
	__u64 room = TW_TREE_COUNT(leaf), at;

	if (!chunk || !key)
		return TW_SCAN_NOTHING;
	for (__u32 i = 0; i < 2; i++) {
		source[i] = tw_key_half(key, TW_KEY_SOURCE + 2 * i);
		destination[i] = tw_key_half(key, TW_KEY_DESTINATION + 2 * i);
	}
	for (__u32 i = 0; i < TW_LEAF_RULES; i++) {
		const struct tw_rule6 *rule;
		__u64 word, here = next;

		if (next >= room)
			break;
		at = (TW_TREE_AT(leaf) + next * 8) & (TW_CHUNK_MASK & ~7u);
		rule = (const void *)(chunk + at * 8);
		word = rule->word;
		next += 1 + (TW_RULE_MORE(word) + 1) / 2;
		TW_COUNT(compares, 1);
		if (TW_RULE_NUMBER(word) >= key->best)
			return TW_SCAN_BEHIND;
		if (!tw_word_holds(word, key, rule->source_port, rule->destination_port))
			continue;
		if (word & TW_RULE_HELD(0) ? !(key->held[0] & rule->source[0])
					   : !tw_prefix6_holds(source[0], source[1], rule->source,
							       rule->source_shift))
			continue;
		if (word & TW_RULE_HELD(1)
			    ? !(key->held[1] & rule->destination[0])
			    : !tw_prefix6_holds(destination[0], destination[1], rule->destination,
						rule->destination_shift))
			continue;
		key->next = (__u32)next;
		key->more = TW_TREE_AT(leaf) + ((__u32)here + 1) * 8;
		return word;
	}
	return TW_SCAN_NOTHING;
}

/* -- what else a rule asks for ----------------------------------------------------- */

static __always_inline int tw_conditions_hold(const struct tw_more *more, struct tw_key *key)
{
	__u32 asked = more->conditions, type = key->word[TW_KEY_TYPE];
	const __u32 *word = key->word;

	if (asked & TW_MORE_FLAGS && (word[TW_KEY_FLAGS] == TW_KEY_NO_FLAGS ||
				      (word[TW_KEY_FLAGS] & more->flags_mask) != more->flags))
		return 0;
	if (asked & TW_MORE_TYPE && type >> 8 != more->type)
		return 0;
	if (asked & TW_MORE_CODE && (type & 0xff) != more->code)
		return 0;
	if (asked & TW_MORE_STATE && !(word[TW_KEY_STATE] & more->state))
		return 0;
	if (asked & TW_MORE_LENGTH && !tw_port_holds(word[TW_KEY_LENGTH], more->length))
		return 0;
	if (asked & TW_MORE_TTL &&
	    (word[TW_KEY_TTL] < more->ttl[0] || word[TW_KEY_TTL] > more->ttl[1]))
		return 0;
	if (asked & TW_MORE_DSCP && word[TW_KEY_DSCP] != more->dscp)
		return 0;
	if (asked & TW_MORE_FRAGMENT && word[TW_KEY_PART] == TW_WHOLE)
		return 0;
	if (asked & TW_MORE_DEVICE && word[TW_KEY_DEVICE] != more->device)
		return 0;
	key->limit = more->limit;
	return 1;
}

/* TW_ASK_CLASS: the class of key->ask_side is wanted, which who calls has to find as well. */
enum tw_answer { TW_NO, TW_YES, TW_GO_ON, TW_ASK, TW_ASK_CLASS };

/*
 * What a set said of an address of this packet; TW_ASK: nothing yet.  Several rules of a
 * leaf may name one set.  The look-up is left to who called tw_search(): it takes so many
 * calls, one below the other, that there would be none left for this.
 */
static __always_inline enum tw_answer tw_set_said(__u32 set, struct tw_key *key, __u32 side)
{
	__u32 held = key->memo[side & 1][set % TW_MEMO];

	if (key->asked_sets[side & 1] >> set % TW_MEMO & 1 && held >> 1 == set)
		return held & 1 ? TW_YES : TW_NO;
	key->ask_set = set;
	key->ask_side = side & 1;
	return TW_ASK;
}

/* The answer to what tw_search() wanted to be asked. */
static __always_inline void tw_set_learn(struct tw_key *key, int held)
{
	__u32 set = key->ask_set, side = key->ask_side & 1;

	key->memo[side][set % TW_MEMO] = set << 1 | (held != 0);
	key->asked_sets[side] |= 1ull << set % TW_MEMO;
}

/* The next set of the list; TW_GO_ON: its answer is not that of the list yet. */
static __always_inline enum tw_answer tw_next_set(const struct tw_more *more, struct tw_key *key)
{
	__u64 i = key->asked;
	enum tw_answer said;

	TW_OPAQUE(i); /* what is checked is what is used */
	if (i >= more->count || i >= TW_MORE_SETS_MAX)
		return more->negated ? TW_YES : TW_NO;
	said = tw_set_said(more->sets[i], key, more->side);
	if (said == TW_ASK)
		return TW_ASK;
	key->asked = (__u32)i + 1;
	if (said == TW_NO)
		return TW_GO_ON;
	return more->negated ? TW_NO : TW_YES;
}

static __always_inline enum tw_answer tw_more_answer(const struct tw_more *more, struct tw_key *key)
{
	__u32 side;

	if (more->kind == TW_MORE_SETS)
		return tw_next_set(more, key);
	side = more->side & 1;
	if (more->kind == TW_MORE_HELD) {
		key->ask_side = side;
		if (!(key->classed >> side & 1))
			return TW_ASK_CLASS;
		return !(key->held[side] & more->held) == !more->negated ? TW_NO : TW_YES;
	}
	if (more->kind == TW_MORE_CONDITIONS)
		return tw_conditions_hold(more, key) ? TW_YES : TW_NO;
	side *= TW_KEY_DESTINATION;
	return tw_prefix6_holds(tw_key_half(key, side), tw_key_half(key, side + 2), more->prefix,
				more->shift)
		       ? TW_NO
		       : TW_YES;
}

/*
 * The struct tw_more from key->more up to `end`, in one loop with the sets that they name.
 * After TW_ASK it goes on where it was.
 */
TW_LOOKUP int tw_more_holds(__u32 first, __u64 at, __u64 end, struct tw_key *key)
{
	const char *chunk = tw_chunk(first, (__u32)at);

	if (!chunk || !key)
		return TW_NO;
	for (__u32 i = 0; i <= TW_RULE_MORE_MAX + TW_RULE_SETS_MAX; i++) {
		enum tw_answer answer;

		TW_OPAQUE(key);
		if (at >= end)
			return TW_YES;
		answer = tw_more_answer((const void *)(chunk + (at & (TW_CHUNK_MASK & ~3u)) * 8),
					key);
		if (answer == TW_NO)
			return TW_NO;
		if (answer == TW_ASK || answer == TW_ASK_CLASS) {
			key->more = (__u32)at;
			return answer;
		}
		if (answer == TW_GO_ON)
			continue;
		key->asked = 0;
		at += 4;
	}
	return TW_NO; /* cannot be: no rule has so many */
}

#include "classify_vectors.h"

/* -- the search --------------------------------------------------------------------------- */

/* The root of the next tree that may have a better rule than the one that was found; 0: none. */
static __always_inline __u64 tw_next_tree(__u32 first, struct tw_key *key)
{
	__u32 number = key->tree++, at;
	const struct tw_tree *tree;
	const char *chunk;

	if (TW_TREE_KIND(key->root) != TW_TREE_FOREST)
		return number ? 0 : key->root;
	if (number >= TW_TREE_COUNT(key->root))
		return 0;
	at = TW_TREE_AT(key->root) + number * 2;
	chunk = tw_chunk(first, at);
	if (!chunk)
		return 0;
	tree = (const void *)(chunk + (at & (TW_CHUNK_MASK & ~1u)) * 8);
	return tree->best >= key->best ? 0 : tree->root;
}

/* The next rule of key->leaf that matches but for its struct tw_more; TW_SCAN_*. */
static __always_inline __u64 tw_next_rule(__u32 first, struct tw_key *key)
{
	__u64 leaf = key->leaf, next = key->next, word;
	__u32 at;

	if (TW_TREE_KIND(leaf) == TW_TREE_VECTORS) {
		at = tw_vectors_next(first, key);
		if (at == TW_NONE32)
			return TW_SCAN_NOTHING;
		leaf = (__u64)at << 32 | 1 << 8; /* of one rule */
		next = 0;
	}
	word = key->family ? tw_scan6(first, leaf, next, key) : tw_scan4(first, leaf, next, key);
	/* a vector may promise too much; the rule behind it may still match */
	if (word == TW_SCAN_NOTHING && TW_TREE_KIND(key->leaf) == TW_TREE_VECTORS)
		return TW_SCAN_NOT_IT;
	return word;
}

#define TW_SEARCH_TURNS 64

/* What tw_search() says. */
enum tw_search_state {
	TW_SEARCH_MORE, /* it has to be called again: there may be many rules to look at */
	TW_SEARCH_DONE, /* key->found is the first that matches, 0: none does */
	TW_SEARCH_ASK,  /* what key->ask_set says of key->ask_side is wanted: tw_set_learn() */
};

/* Opens the next tree's leaf.  0: there is no tree that is worth it. */
static __always_inline int tw_next_leaf(__u32 first, const struct tw_ladder *ladder,
					struct tw_key *key)
{
	__u64 leaf = tw_next_tree(first, key);

	if (!leaf)
		return 0;
	for (__u32 side = 0; side < 2; side++)
		if (leaf & TW_TREE_ASKS(side) && !(key->classed >> side & 1))
			tw_find_class(first, ladder, key, side);
	if (TW_TREE_KIND(leaf) == TW_TREE_CUT)
		leaf = tw_walk(first, leaf, key);
	key->sets = 0;
	if (TW_TREE_KIND(leaf) == TW_TREE_VECTORS)
		/* (not one within the other: kernels before 6.8 round each frame up to 32 bytes) */
		key->summary = tw_vectors_open(first, TW_TREE_AT(leaf), key)
				       ? tw_vectors_and(first, 0, key)
				       : 0;
	key->leaf = leaf; /* 0, TW_TREE_EMPTY: none is open */
	key->next = 0;
	return 1;
}

/* A rule of the leaf, key->pending, whose struct tw_more are to be looked at. */
static __always_inline enum tw_search_state
tw_settle_rule(__u32 first, const struct tw_ladder *ladder, struct tw_key *key)
{
	__u64 word = key->pending;
	int answer = TW_YES;

	if (TW_RULE_MORE(word))
		answer = tw_more_holds(first, key->more, key->more_end, key);
	if (answer == TW_ASK)
		return TW_SEARCH_ASK;
	if (answer == TW_ASK_CLASS) {
		tw_find_class(first, ladder, key, key->ask_side);
		return TW_SEARCH_MORE;
	}
	key->pending = 0;
	if (answer == TW_NO) {
		if (key->sets)
			key->misses++;
		return TW_SEARCH_MORE;
	}
	key->found = word;
	key->best = TW_RULE_NUMBER(word);
	key->found_limit = key->limit;
	key->leaf = 0;
	return TW_SEARCH_MORE;
}

/* Goes on with the search; `ladder` is that of the packet's family. */
static __always_inline enum tw_search_state tw_search(__u32 first, const struct tw_ladder *ladder,
						      struct tw_key *key)
{
	for (__u32 i = 0; i < TW_SEARCH_TURNS; i++) {
		__u64 word;

		if (key->pending) {
			if (tw_settle_rule(first, ladder, key) == TW_SEARCH_ASK)
				return TW_SEARCH_ASK;
			continue;
		}
		if (!key->leaf) {
			if (!tw_next_leaf(first, ladder, key))
				return TW_SEARCH_DONE;
			continue;
		}
		if (key->sets && key->misses >= TW_VECTORS_MISSES) {
			int answer = tw_vectors_ask_sets(first, key);

			if (answer == TW_ASK)
				return TW_SEARCH_ASK;
			if (answer == TW_ASK_CLASS) {
				tw_find_class(first, ladder, key, key->ask_side);
				continue;
			}
		}
		word = tw_next_rule(first, key);
		if (word == TW_SCAN_NOT_IT)
			continue;
		if (word == TW_SCAN_NOTHING || word == TW_SCAN_BEHIND) {
			key->leaf = 0;
			continue;
		}
		key->pending = word;
		key->asked = 0;
		key->more_end = key->more + TW_RULE_MORE(word) * 4;
	}
	return TW_SEARCH_MORE;
}

/* -- the key ---------------------------------------------------------------------------------- */

static __always_inline void tw_key_addresses(struct tw_key *key, const struct tw_packet *p)
{
	key->addr[0] = p->saddr;
	key->addr[1] = p->daddr;
	for (__u32 i = 0; i < 4; i++) {
		key->word[TW_KEY_SOURCE + i] = __builtin_bswap32((__force __u32)p->saddr.words[i]);
		key->word[TW_KEY_DESTINATION + i] =
			__builtin_bswap32((__force __u32)p->daddr.words[i]);
	}
	key->asked_sets[0] = key->asked_sets[1] = 0;
	key->classed = 0;
}

/* `state`: TW_STATE_* that are true of the packet. */
static __always_inline void tw_key_fill(struct tw_key *key, const struct tw_packet *p, __u32 state,
					__u32 device, __u32 second)
{
	int has_ports = tw_has_ports(p->protocol) && !p->headless;

	tw_key_addresses(key, p);
	key->family = p->family;
	key->second = second;
	key->lacks = has_ports ? 0 : TW_RULE_PORTS;
	key->word[TW_KEY_SOURCE_PORT] = has_ports ? p->sport : 0;
	key->word[TW_KEY_DESTINATION_PORT] = has_ports ? p->dport : 0;
	key->word[TW_KEY_PROTOCOL] = p->protocol;
	key->word[TW_KEY_FLAGS] = p->headless ? TW_KEY_NO_FLAGS : p->flags;
	key->word[TW_KEY_TYPE] = p->headless ? TW_KEY_NO_TYPE : (__u32)p->type << 8 | p->code;
	key->word[TW_KEY_LENGTH] = p->length;
	key->word[TW_KEY_TTL] = p->ttl;
	key->word[TW_KEY_DSCP] = p->dscp;
	key->word[TW_KEY_STATE] = state;
	key->word[TW_KEY_PART] = p->part;
	key->word[TW_KEY_DEVICE] = device;
}

/* Before the first tw_search() of a list, and to look for the first rule from `from` on. */
static __always_inline void tw_search_begin(struct tw_key *key, __u64 root, __u32 from)
{
	key->root = root;
	key->from = from;
	key->best = TW_RULES_MAX;
	key->found = 0;
	key->tree = 0;
	key->leaf = 0;
	key->pending = 0;
}

#endif
