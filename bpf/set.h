/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a set hold an address?  abi.h says how sets are laid out.
 *
 * The loads of all tables that are asked do not depend on each other, so that a CPU
 * has them under way together: of several cold lines one is waited for.
 */
#ifndef TIERWALL_BPF_SET_H
#define TIERWALL_BPF_SET_H

#include "maps.h"
#include "tierwall/set.h"

#define SET_LINES (TW_SET_BYTES / TW_LINE_BYTES)

static __always_inline const struct tw_set *set_head(__u32 index)
{
	__u32 zero = 0;
	void *head = bpf_map_lookup_elem(&sets, &index);

	return head ? bpf_map_lookup_elem(head, &zero) : NULL;
}

/* Behind the head, or in the set's chunks; NULL: nowhere. */
static __always_inline const void *set_line(const struct tw_set *set, __u32 line)
{
	__u32 zero = 0, slot = set->chunk;
	__u64 at = (__u64)line * TW_LINE_BYTES;
	void *chunk;

	if (slot == TW_NONE32) {
		barrier_var(at); /* the compiler must not check another form of it than it adds, */
		if (at > TW_SET_BYTES - TW_LINE_BYTES)
			return NULL;
		barrier_var(at); /* nor add it before */
		return (const char *)set + at;
	}
	slot += (__u32)(at / TW_CHUNK_BYTES);
	chunk = bpf_map_lookup_elem(&chunks, &slot);
	if (chunk)
		chunk = bpf_map_lookup_elem(chunk, &zero);
	if (!chunk)
		return NULL;
	barrier_var(at);
	return (const char *)chunk + (at & (TW_CHUNK_BYTES - TW_LINE_BYTES));
}

/* The number of the lowest bit; BPF has no instruction for it. */
static __always_inline __u32 lowest_bit(__u32 bits)
{
	static const __u8 number[32] = {0,  1,  28, 2,  29, 14, 24, 3,  30, 22, 20,
					15, 25, 17, 4,  8,  31, 27, 13, 23, 21, 19,
					16, 7,  26, 12, 18, 6,  11, 5,  10, 9};

	return number[(__u32)((bits & -bits) * 0x077cb531u) >> 27];
}

/* The tables in which an address with these first bits may stand. */
static __always_inline __u32 set_hint(const struct tw_set *set, const struct tw_set_family *family,
				      __u64 high)
{
	__u32 bits = family->hint_bits, which;
	const __u32 *line;

	if (!family->hint_length)
		return family->always;
	which = tw_set_hint(set->key, tw_first_bits(high, family->hint_length & 127), bits & 63);
	if (family->hint_bytes == 1) {
		const __u8 *bytes = set_line(set, family->hints + which / 64);

		return family->always | (bytes ? bytes[which % 64] : 0);
	}
	line = set_line(set, family->hints + which / 16);
	return family->always | (line ? line[which % 16] : 0);
}

/* An entry is its address and then when it expires, so it is a hit within [least, least + span]. */
static __always_inline int line4_holds(const struct tw_line4 *line, __u64 least, __u64 span)
{
#pragma unroll
	for (int i = 0; i < 7; i++)
		if (line->entries[i] - least <= span)
			return 1;
	return 0;
}

struct search4 {
	__u64 table, hash;
	__u64 least, span;
};

static __always_inline void search4_begin(struct search4 *search, const struct tw_set *set,
					  __u32 which, __u32 addr, __u32 second)
{
	which &= TW_SET_HINTS - 1;
	addr &= (__u32)(tw_mask64(set->family[0].lengths[which] & 63) >> 32);
	search->least = (__u64)addr << 32 | (second + 1);
	search->span = TW_FOREVER - (second + 1);
	search->table = set->family[0].tables[which];
	search->hash = tw_set_hash(set->key, addr, 0);
}

static __always_inline int table4_holds(const struct tw_set *set, __u32 which, __u32 addr,
					__u32 second)
{
	const struct tw_line4 *line;
	struct search4 search;
	__u32 lines;

	search4_begin(&search, set, which, addr, second);
	lines = TW_TABLE_LINES(search.table);
	line = set_line(set, TW_TABLE_FIRST(search.table) + tw_set_line(search.hash, lines));
	if (!line)
		return 0;
	if (line4_holds(line, search.least, search.span))
		return 1;
	barrier(); /* what leaves this line has been noted first */
	if (!line->spills)
		return 0;
	line = set_line(set, TW_TABLE_FIRST(search.table) + tw_set_second_line(search.hash, lines));
	return line && line4_holds(line, search.least, search.span);
}

/* How many bits are set; BPF has no instruction for it. */
static __always_inline __u32 count_bits(__u64 bits)
{
	bits -= bits >> 1 & 0x5555555555555555ull;
	bits = (bits & 0x3333333333333333ull) + (bits >> 2 & 0x3333333333333333ull);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return bits * 0x0101010101010101ull >> 56;
}

enum trie_says { TRIE_MISSES, TRIE_HOLDS, TRIE_MOVES };

/* Prefixes longer than /16 that are for good. */
static __always_inline enum trie_says group_says(const struct tw_set *set,
						 const struct tw_trie_group *group, __u32 addr)
{
	__u32 version = *(const volatile __u32 *)&group->version, leaf, low = addr & 0xff;
	__u64 present = *(const volatile __u64 *)&group->present, net = 1ull << (addr >> 8 & 63);
	const __u32 *line;
	__u32 word, bits;

	if (group->covered & net)
		return TRIE_HOLDS;
	if (!(present & net))
		return TRIE_MISSES;
	leaf = *(const volatile __u32 *)&group->leaves + count_bits(present & (net - 1));
	line = set_line(set, leaf / 2);
	word = leaf % 2 * 8 + low / 32;
	barrier_var(word); /* 6.1 loses its bound in the "or" that this becomes */
	bits = line ? *(const volatile __u32 *)&line[word % 16] : 0;
	if (version & 1 || *(const volatile __u32 *)&group->version != version)
		return TRIE_MOVES;
	return bits >> low % 32 & 1 ? TRIE_HOLDS : TRIE_MISSES;
}

static __always_inline enum trie_says trie_says(const struct tw_set *set, __u32 addr)
{
	const __u64 *line = set_line(set, set->trie + (addr >> 25));
	const struct tw_trie_group *groups;

	if (line && line[addr >> 22 & 7] >> (addr >> 16 & 63) & 1)
		return TRIE_HOLDS;
	groups = set_line(set, set->trie + TW_TRIE_GROUPS_FROM + (addr >> 15));
	return groups ? group_says(set, &groups[addr >> 14 & 1], addr) : TRIE_MISSES;
}

/* Host order. */
__noinline int set4_holds(__u32 index, __u32 addr, __u32 second)
{
	const struct tw_set *set = set_head(index);
	enum trie_says says = TRIE_MOVES; /* there is none: the tables are asked */
	const struct tw_set_family *family;
	__u32 hint;

	if (!set)
		return 0;
	family = &set->family[0];
	if (family->everything > second)
		return 1;
	if (set->trie)
		says = trie_says(set, addr);
	if (says == TRIE_HOLDS)
		return 1;
	if (says == TRIE_MISSES && !family->timed)
		return 0;
	hint = set_hint(set, family, (__u64)addr << 32);
	if (says == TRIE_MISSES)
		hint &= family->timed;
	for (int i = 0; i < 32 && hint; i++, hint &= hint - 1)
		if (table4_holds(set, lowest_bit(hint), addr, second))
			return 1;
	return 0;
}

/*
 * The address is looked at again after the time, which another entry in its place
 * would have got last.
 */
static __always_inline int line64_holds(const struct tw_line64 *line, __u64 high, __u32 second)
{
#pragma unroll
	for (int i = 0; i < 5; i++)
		if (line->high[i] == high && *(const volatile __u32 *)&line->expires[i] > second &&
		    *(const volatile __u64 *)&line->high[i] == high)
			return 1;
	return 0;
}

/* The time first: who has one has a whole address, and keeps it for as long as `version` stays. */
static __always_inline int slot128_holds(const struct tw_line128 *line, int i, __u64 high,
					 __u64 low, __u32 second)
{
	return *(const volatile __u32 *)&line->expires[i] > second &&
	       *(const volatile __u64 *)&line->high[i] == high &&
	       *(const volatile __u64 *)&line->low[i] == low;
}

static __always_inline int line128_holds(const struct tw_line128 *line, __u64 high, __u64 low,
					 __u32 second)
{
	__u16 version = *(const volatile __u16 *)&line->version;

#pragma unroll
	for (int i = 0; i < 3; i++)
		if (slot128_holds(line, i, high, low, second))
			return *(const volatile __u16 *)&line->version == version ||
			       slot128_holds(line, i, high, low, second);
	return 0;
}

static __always_inline int table6_line_holds(const void *line, __u32 bits, __u64 high, __u64 low,
					     __u32 second)
{
	return bits <= 64 ? line64_holds(line, high, second)
			  : line128_holds(line, high, low, second);
}

static __always_inline __u32 line6_spills(const void *line, __u32 bits)
{
	return bits <= 64 ? ((const struct tw_line64 *)line)->spills
			  : ((const struct tw_line128 *)line)->spills;
}

enum which_line { OWN_LINE, OTHER_LINE };

/* Is it in one of its two lines of this table?  *spills: the other may hold it as well. */
static __always_inline int table6_holds(const struct tw_set *set, __u32 which, __u64 high,
					__u64 low, __u32 second, enum which_line which_line,
					__u32 *spills)
{
	__u64 table = set->family[1].tables[which & (TW_SET_TABLES - 1)], hash;
	__u32 bits = set->family[1].lengths[which & (TW_SET_TABLES - 1)], at;
	const void *line;

	*spills = 0;
	if (!table)
		return 0;
	high &= bits < 64 ? tw_mask64(bits & 63) : ~0ull;
	low &= bits <= 64 ? 0 : tw_mask64((bits - 64) & 127);
	hash = tw_set_hash(set->key, high, low);
	at = which_line == OWN_LINE ? tw_set_line(hash, TW_TABLE_LINES(table))
				    : tw_set_second_line(hash, TW_TABLE_LINES(table));
	line = set_line(set, TW_TABLE_FIRST(table) + at);
	if (!line)
		return 0;
	if (table6_line_holds(line, bits, high, low, second))
		return 1;
	barrier(); /* what leaves this line has been noted first */
	*spills = line6_spills(line, bits);
	return 0;
}

/*
 * The tables from `first` on that an address may stand in.  A set with more than hints
 * have bits for has them share the bits: SET_HAS_MORE.  Host order.
 */
#define SET_HAS_MORE 2
__noinline int set6_holds(__u32 index, __u32 first, __u64 high, __u64 low, __u32 second)
{
	const struct tw_set *set = set_head(index);
	const struct tw_set_family *family;
	__u32 hint;

	if (!set)
		return 0;
	family = &set->family[1];
	if (family->everything > second)
		return 1;
	hint = set_hint(set, family, high);
	for (int i = 0; i < 32 && hint; i++, hint &= hint - 1) {
		__u32 which = first + lowest_bit(hint), spills;

		if (table6_holds(set, which, high, low, second, OWN_LINE, &spills))
			return 1;
		/* what was worked out above is not kept for this: the stack is short */
		barrier_var(which);
		if (spills && table6_holds(set, which, high, low, second, OTHER_LINE, &spills))
			return 1;
	}
	return family->count > first + TW_SET_HINTS ? SET_HAS_MORE : 0;
}

/* From here and not from within: the kernel follows only eight calls. */
static __always_inline int set_holds(__u32 set, const union tw_addr *addr, __u32 family,
				     __u32 second)
{
	int said = SET_HAS_MORE;

	if (!family)
		return set4_holds(set, __builtin_bswap32((__force __u32)addr->words[3]), second);
	for (__u32 first = 0; first < TW_SET_TABLES && said == SET_HAS_MORE; first += TW_SET_HINTS)
		said = set6_holds(set, first, __builtin_bswap64(addr->halves[0]),
				  __builtin_bswap64(addr->halves[1]), second);
	return said & 1;
}

#endif
