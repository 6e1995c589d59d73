/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set from its prefixes: first what it takes, then filling that.  What is asked often
 * comes first: tables in the order of how many entries they have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/set_memory.h"
#include "tierwall/set.h"

/* A trie pays where an address would otherwise be looked for in more tables than this. */
#define TRIE_FROM_TABLES  2
#define TRIE_FROM_ENTRIES 8192u /* it takes 8 MB, however few */

/* Finding a hint, in tables. */
#define HINT_COST 0.4

#define NET_WORDS (1u << 18)

#define SAMPLE_BITS 16
#define SAMPLES     (1u << SAMPLE_BITS)

/* What is counted before anything is placed. */
struct census {
	const struct set_source *sources;
	size_t entries[2][129]; /* by family and length */
	size_t timed[2][129];
	size_t all[2];
	uint64_t *nets; /* bits: IPv4 nets of 24 bits that hold longer prefixes that are for good */
	struct sample *sample;
};

/* Of the addresses whose first bits fall into it. */
struct sample {
	uint32_t hint;
	uint32_t entries;
};

static void count_one(struct census *census, const struct prefix *prefix)
{
	struct set_key key;
	uint32_t net;

	set_key_of(&key, prefix);
	census->entries[key.family][key.bits]++;
	census->all[key.family]++;
	if (prefix->seconds) {
		census->timed[key.family][key.bits]++;
		return;
	}
	if (key.family || key.bits <= 24)
		return;
	net = (uint32_t)(key.high >> 40);
	census->nets[net / 64] |= 1ull << net % 64;
}

static void count_all(struct census *census)
{
	for (int i = 0; i < SET_SOURCES; i++)
		for (size_t j = 0; j < census->sources[i].count; j++)
			count_one(census, &census->sources[i].items[j]);
}

/* -- the order of the tables ------------------------------------------------------------ */

static void order_tables(const struct census *census, uint32_t of, struct tw_set_family *family)
{
	for (uint32_t bits = 1; bits <= 128; bits++) {
		size_t entries = census->entries[of][bits];
		uint32_t at = family->count;

		if (!entries)
			continue;
		for (; at && census->entries[of][family->lengths[at - 1]] < entries; at--)
			family->lengths[at] = family->lengths[at - 1];
		family->lengths[at] = (uint8_t)bits;
		family->count++;
	}
}

/* -- hints --------------------------------------------------------------------------------- */

/* What hints found by `length` bits cost: tables that an address is looked for in. */
struct hint_cost {
	double tables;
	size_t distinct; /* first bits that are in use, about */
	uint8_t bits;    /* log2 of the number of hints */
};

static void sample_one(const struct census *census, const struct set_key *key,
		       const uint8_t rank[129], uint32_t length, uint32_t dropped)
{
	uint64_t hash = tw_set_hash(0, tw_first_bits(key->high, length), 0);
	struct sample *sample = &census->sample[hash >> (64 - SAMPLE_BITS)];

	if (key->bits < length || (hash >> (64 - SAMPLE_BITS - 12) & ((1u << dropped) - 1)))
		return;
	sample->hint |= 1u << rank[key->bits] % TW_SET_HINTS;
	sample->entries++;
}

/* log2 of how many hints so many first bits get: no more than two an entry. */
static uint8_t hint_bits(size_t distinct, size_t entries, uint32_t most)
{
	uint32_t bits = 4;

	while (most > 4 && (1ull << most) > 2 * entries)
		most--;
	while (bits < most && (1ull << bits) < distinct * 4)
		bits++;
	return (uint8_t)bits;
}

/* One in 1 << dropped of the first bits that occur is looked at, but with all of its entries. */
static struct hint_cost cost_of_hints(const struct census *census, uint32_t of,
				      const struct tw_set_family *family, uint32_t length)
{
	struct hint_cost cost = {0};
	double seen = 0, found = 0;
	size_t any = 0;
	uint32_t dropped = 0;
	uint8_t rank[129] = {0};

	while (dropped < 12 && census->all[of] >> dropped > SAMPLES / 4)
		dropped++;
	for (uint32_t i = 0; i < family->count; i++) {
		rank[family->lengths[i]] = (uint8_t)i;
		cost.tables += family->lengths[i] < length;
	}
	memset(census->sample, 0, SAMPLES * sizeof(*census->sample));
	for (int i = 0; i < SET_SOURCES; i++)
		for (size_t j = 0; j < census->sources[i].count; j++) {
			struct set_key key;

			set_key_of(&key, &census->sources[i].items[j]);
			if (key.family == of)
				sample_one(census, &key, rank, length, dropped);
		}
	for (uint32_t i = 0; i < SAMPLES; i++) {
		const struct sample *sample = &census->sample[i];

		cost.distinct += sample->hint != 0;
		seen += sample->entries;
		found += (double)sample->entries * __builtin_popcount(sample->hint);
		any += (size_t)__builtin_popcount(sample->hint);
	}
	cost.distinct <<= dropped;
	/* half of the addresses are like those of entries, half are any */
	cost.bits = hint_bits(cost.distinct, census->all[of], of ? 20 : length < 16 ? length : 16);
	if (seen > 0)
		cost.tables += found / seen / 2 + (double)(any << dropped) / (1u << cost.bits) / 2;
	return cost;
}

/* Which of the lengths in use finds hints best; returns the cost without hints or with the best. */
static double choose_hints(const struct census *census, uint32_t of, struct tw_set_family *family)
{
	double best = family->count;

	family->hint_length = 0;
	if (family->count <= 1)
		return best;
	for (uint32_t length = 8; length <= (of ? 64 : 16); length += of ? 8 : 4) {
		struct hint_cost cost;

		cost = cost_of_hints(census, of, family, length);
		/* a hint is one more line to wait for */
		if (cost.tables + HINT_COST >= best)
			continue;
		best = cost.tables + HINT_COST;
		family->hint_length = (uint8_t)length;
		family->hint_bits = cost.bits;
		family->hint_bytes = family->count <= 8 ? 1 : 4;
	}
	return best;
}

/* -- the plan --------------------------------------------------------------------------------- */

static uint32_t hint_lines(const struct tw_set_family *family)
{
	/* at least 16 of one byte */
	return family->hint_length
		       ? ((1u << family->hint_bits) * family->hint_bytes + TW_LINE_BYTES - 1) /
				 TW_LINE_BYTES
		       : 0;
}

static uint32_t family_lines(const struct census *census, uint32_t of,
			     const struct tw_set_family *family)
{
	uint32_t lines = hint_lines(family);

	for (uint32_t i = 0; i < family->count; i++)
		lines += set_table_lines(census->entries[of][family->lengths[i]], of,
					 family->lengths[i]);
	return lines;
}

static bool wants_trie(const struct census *census, double tables)
{
	size_t for_good = census->all[0];

	for (uint32_t bits = 0; bits <= 32; bits++)
		for_good -= census->timed[0][bits];
	return for_good >= TRIE_FROM_ENTRIES && tables > TRIE_FROM_TABLES;
}

static int plan_lines(struct set_plan *plan, const struct census *census, bool trie)
{
	struct tw_set *head = &plan->head;
	uint64_t lines = family_lines(census, 0, &head->family[0]) +
			 family_lines(census, 1, &head->family[1]);

	head->chunk = TW_NONE32;
	if (!trie && lines <= TW_SET_BYTES / TW_LINE_BYTES - TW_SET_HEAD_LINES) {
		head->used = TW_SET_HEAD_LINES;
		head->lines = TW_SET_BYTES / TW_LINE_BYTES;
		return 0;
	}
	if (trie) {
		head->trie = 1; /* that there is one; where, is said when it is built */
		lines += TW_TRIE_LINES;
		for (uint32_t i = 0; i < NET_WORDS; i++)
			lines += ((uint32_t)__builtin_popcountll(census->nets[i]) + 1) / 2;
	}
	lines += lines / 8 + 256; /* so that edits find room */
	plan->chunks = (uint32_t)((lines + TW_LINES_OF_CHUNK - 1) / TW_LINES_OF_CHUNK);
	head->chunk = 0;
	head->used = 1;
	head->lines = plan->chunks * TW_LINES_OF_CHUNK;
	return plan->chunks > TW_CHUNKS / 4 ? -E2BIG : 0;
}

static int plan_census(struct set_plan *plan, struct census *census)
{
	double tables;
	bool trie;

	count_all(census);
	for (uint32_t of = 0; of < 2; of++)
		order_tables(census, of, &plan->head.family[of]);
	tables = choose_hints(census, 0, &plan->head.family[0]);
	choose_hints(census, 1, &plan->head.family[1]);
	trie = wants_trie(census, tables);
	plan->head.built = (uint32_t)(census->all[0] + census->all[1]);
	memcpy(plan->entries, census->entries, sizeof(plan->entries));
	return plan_lines(plan, census, trie);
}

int set_plan(struct set_plan *plan, const struct set_source *sources, uint64_t key)
{
	struct census *census = calloc(1, sizeof(*census));
	int result = -ENOMEM;

	memset(plan, 0, sizeof(*plan));
	plan->sources = sources;
	plan->head.key = key;
	if (!census)
		return -ENOMEM;
	census->sources = sources;
	census->nets = plan->leaves = calloc(NET_WORDS, sizeof(*plan->leaves));
	census->sample = calloc(SAMPLES, sizeof(*census->sample));
	if (census->nets && census->sample)
		result = plan_census(plan, census);
	if (result)
		set_plan_end(plan);
	free(census->sample);
	free(census);
	return result;
}

void set_plan_end(struct set_plan *plan)
{
	free(plan->leaves);
	plan->leaves = NULL;
}

/* -- filling -------------------------------------------------------------------------------------- */

static int place_tables(const struct set_plan *plan, struct set_memory *memory)
{
	for (uint32_t of = 0; of < 2; of++) {
		struct tw_set_family *family = &memory->head->family[of];

		if (family->hint_length)
			family->hints = set_take_lines(memory, hint_lines(family), 1);
		for (uint32_t i = 0; i < family->count; i++) {
			uint32_t bits = family->lengths[i];
			uint32_t lines = set_table_lines(plan->entries[of][bits], of, bits);

			family->tables[i] = TW_TABLE(set_take_lines(memory, lines, 1), lines);
		}
	}
	if (!memory->head->trie)
		return 0;
	memory->head->trie = set_take_lines(memory, TW_TRIE_LINES, 1);
	return trie_place(memory, plan->leaves);
}

static int add_one(struct set_memory *memory, const struct set_key *key, uint32_t expires)
{
	int result = 0;

	if (!key->bits) {
		memory->head->family[key->family].everything = expires;
		return 0;
	}
	if (memory->head->trie && !key->family && expires == TW_FOREVER)
		result = trie_add(memory, key);
	if (expires != TW_FOREVER)
		memory->head->timed++;
	return result ? result : set_fill(memory, key, expires);
}

static int fill_from(const struct set_source *source, struct set_memory *memory, bool may_be_there)
{
	int result = 0;

	for (size_t i = 0; !result && i < source->count; i++) {
		const struct prefix *prefix = &source->items[i];
		uint32_t expires, there;
		struct set_key key;

		set_key_of(&key, prefix);
		expires = prefix->seconds ? source->base + prefix->seconds : TW_FOREVER;
		there = may_be_there ? set_find(memory, &key) : 0;
		if (!there)
			result = add_one(memory, &key, expires);
		else if (there != TW_FOREVER && source->wins)
			result = set_put(memory, &key, expires, 0);
	}
	return result;
}

int set_build(const struct set_plan *plan, struct set_memory *memory)
{
	int result;

	memcpy(memory->head, &plan->head, sizeof(plan->head));
	result = place_tables(plan, memory);
	for (int i = 0; !result && i < SET_SOURCES; i++)
		result = fill_from(&plan->sources[i], memory, i > 0);
	return result;
}
