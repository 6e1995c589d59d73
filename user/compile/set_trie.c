/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The trie of a large set's IPv4 prefixes that are for good: 16, 8 and 8 bits.  A level
 * holds the prefixes that end in it and no others.  So a prefix that covers many is added
 * and deleted without a look at what lies below, and to delete one only the prefixes of
 * its own level are asked about, in the tables.
 */
#include <errno.h>
#include <string.h>

#include "compile/set_memory.h"

#define STORE(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)

static uint32_t address_of(const struct set_key *key)
{
	return (uint32_t)(key->high >> 32);
}

/* -- going down, and making what is missing ---------------------------------------------- */

static uint64_t *word_of(const struct set_memory *memory, uint32_t addr)
{
	return (uint64_t *)set_line_at(memory, memory->head->trie + (addr >> 25)) +
	       (addr >> 22 & 7);
}

static struct tw_trie_group *group_of(const struct set_memory *memory, uint32_t addr)
{
	uint32_t line = memory->head->trie + TW_TRIE_GROUPS_FROM + (addr >> 15);

	return (struct tw_trie_group *)set_line_at(memory, line) + (addr >> 14 & 1);
}

static uint64_t net_of(uint32_t addr)
{
	return 1ull << (addr >> 8 & 63);
}

static uint32_t rank_of(const struct tw_trie_group *group, uint32_t addr)
{
	return (uint32_t)__builtin_popcountll(group->present & (net_of(addr) - 1));
}

static uint32_t *leaf_at(const struct set_memory *memory, uint32_t half)
{
	return (uint32_t *)set_line_at(memory, half / 2) + half % 2 * 8;
}

/* The leaf for the /24 of an address, NULL: there is none. */
static uint32_t *leaf_of(const struct set_memory *memory, uint32_t addr)
{
	const struct tw_trie_group *group = group_of(memory, addr);

	if (!(group->present & net_of(addr)))
		return NULL;
	return leaf_at(memory, group->leaves + rank_of(group, addr));
}

#define LEAF_BYTES (TW_LINE_BYTES / 2)

/* Copies leaves, the last first: they may move up by one. */
static void move_leaves(const struct set_memory *memory, uint32_t from, uint32_t to, uint32_t count)
{
	while (count--)
		memcpy(leaf_at(memory, to + count), leaf_at(memory, from + count), LEAF_BYTES);
}

/* Room for `count` leaves in other lines.  A group that has got one may get more. */
static uint32_t take_leaves(struct set_memory *memory, uint32_t count, uint32_t *room)
{
	uint32_t lines = count / 2 + 1, line = set_take_lines(memory, lines, 1);

	*room = lines * 2;
	return line == TW_NONE32 ? TW_NONE32 : line * 2;
}

/* Readers that come while `version` is odd, or have come before, look elsewhere. */
static int insert_leaf(struct set_memory *memory, struct tw_trie_group *group, uint32_t addr)
{
	uint32_t count = (uint32_t)__builtin_popcountll(group->present);
	uint32_t rank = rank_of(group, addr), room = group->room, leaves = group->leaves;

	if (count == room)
		leaves = take_leaves(memory, count + 1, &room);
	if (leaves == TW_NONE32)
		return -ENOSPC;
	STORE(&group->version, group->version | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	move_leaves(memory, group->leaves + rank, leaves + rank + 1, count - rank);
	if (leaves != group->leaves)
		move_leaves(memory, group->leaves, leaves, rank);
	memset(leaf_at(memory, leaves + rank), 0, LEAF_BYTES);
	STORE(&group->leaves, leaves);
	STORE(&group->present, group->present | net_of(addr));
	group->room = room;
	STORE(&group->version, group->version + 1);
	return 0;
}

static uint32_t *make_leaf(struct set_memory *memory, uint32_t addr)
{
	struct tw_trie_group *group = group_of(memory, addr);

	if (!(group->present & net_of(addr)) && insert_leaf(memory, group, addr))
		return NULL;
	return leaf_of(memory, addr);
}

int trie_place(struct set_memory *memory, const uint64_t *present)
{
	for (uint32_t i = 0; i < 1u << 18; i++) {
		struct tw_trie_group *group = group_of(memory, i << 14);
		uint32_t count = (uint32_t)__builtin_popcountll(present[i]);
		uint32_t lines = (count + 1) / 2, line;

		if (!count)
			continue;
		line = set_take_lines(memory, lines, 1);
		if (line == TW_NONE32)
			return -ENOSPC;
		group->present = present[i];
		group->leaves = line * 2;
		group->room = lines * 2;
	}
	return 0;
}

/* -- a level: cells of `end` bits, for prefixes longer than `start` -------------------------- */

struct level {
	uint8_t start, end;
};

static struct level level_of(uint32_t bits)
{
	if (bits <= 16)
		return (struct level){0, 16};
	return bits <= 24 ? (struct level){16, 24} : (struct level){24, 32};
}

/* Sets or clears the bit of a cell; false: there is none, and none can be made. */
static bool set_cell(struct set_memory *memory, uint32_t addr, struct level level, bool covered)
{
	if (level.end == 32) {
		uint32_t *leaf = covered ? make_leaf(memory, addr) : leaf_of(memory, addr);
		uint32_t bit = 1u << addr % 32, *word = leaf ? leaf + (addr & 0xff) / 32 : NULL;

		if (word)
			STORE(word, covered ? *word | bit : *word & ~bit);
		return leaf != NULL;
	}
	uint64_t *word = level.end == 16 ? word_of(memory, addr)
					 : (uint64_t *)(void *)&group_of(memory, addr)->covered;
	uint64_t bit = level.end == 16 ? 1ull << (addr >> 16 & 63) : net_of(addr);

	STORE(word, covered ? *word | bit : *word & ~bit);
	return true;
}

int trie_add(struct set_memory *memory, const struct set_key *key)
{
	struct level level = level_of(key->bits);
	uint32_t count = 1u << (level.end - key->bits);

	for (uint32_t i = 0; i < count; i++)
		if (!set_cell(memory, address_of(key) + (i << (32 - level.end)), level, true))
			return -ENOSPC;
	return 0;
}

/* -- deleting ---------------------------------------------------------------------------------- */

static bool is_for_good(const struct set_memory *memory, uint32_t addr, uint32_t bits)
{
	struct set_key key = {.bits = (uint8_t)bits};

	key.high = (uint64_t)(addr & (uint32_t)(~0ull << (32 - bits))) << 32;
	return set_find(memory, &key) == TW_FOREVER;
}

/* Does a shorter prefix of the level cover this one? */
static bool is_covered(const struct set_memory *memory, const struct set_key *key,
		       struct level level)
{
	for (uint32_t bits = level.start + 1u; bits < key->bits; bits++)
		if (is_for_good(memory, address_of(key), bits))
			return true;
	return false;
}

/* Marks the cells below a prefix that longer ones of the level cover: a byte each. */
static void mark_longer(const struct set_memory *memory, const struct set_key *key,
			struct level level, unsigned char *covered)
{
	for (uint32_t bits = key->bits + 1u; bits <= level.end; bits++) {
		uint32_t count = 1u << (bits - key->bits), cells = 1u << (level.end - bits);

		if (set_table_of(&memory->head->family[0], bits) == TW_NONE32)
			continue;
		for (uint32_t i = 0; i < count; i++)
			if (is_for_good(memory, address_of(key) + (i << (32 - bits)), bits))
				memset(covered + (size_t)i * cells, 1, cells);
	}
}

void trie_remove(struct set_memory *memory, const struct set_key *key)
{
	struct level level = level_of(key->bits);
	uint32_t count = 1u << (level.end - key->bits);
	static unsigned char covered[65536];

	if (is_covered(memory, key, level))
		return;
	memset(covered, 0, count);
	mark_longer(memory, key, level, covered);
	for (uint32_t i = 0; i < count; i++)
		if (!covered[i])
			set_cell(memory, address_of(key) + (i << (32 - level.end)), level, false);
}
