/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A decision tree.  A cut takes the next bits of one word: the word and the number of
 * bits that part the rows best, as long as few rows have to stand on several sides.
 *
 * A leaf holds whole rows, so a cut may leave out the upper bits in which all rows that
 * ask are alike: packets with others come to some leaf and match what is right there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"
#include "tierwall/hash.h"

#define CUT_BITS    8
#define LEAF_WANTED 12 /* rows: no cut below that */
#define GAIN        75 /* percent: a cut leaves so much of the rows, or less */

/* The part of the key's values that come to a node, word by word: 2^bits from `base`. */
struct region {
	uint32_t base[TW_KEY_USED];
	uint8_t bits[TW_KEY_USED];
};

struct cut {
	uint32_t word;
	uint32_t base; /* of the values that it tells apart */
	uint8_t width; /* 2^width of them */
	uint8_t bits;
	uint32_t total;  /* rows of all children */
	double expected; /* rows of the child that a packet of some row comes to */
};

/* -- the choice of a cut --------------------------------------------------------------- */

struct span {
	uint32_t lo, hi;
	bool whole; /* of the region: the row stands on every side */
};

static struct span span_of(const struct columns *columns, uint32_t word, uint32_t row,
			   const struct region *region)
{
	uint32_t first = region->base[word];
	uint32_t last = first + (uint32_t)((1ull << region->bits[word]) - 1);
	struct span span = {columns->lo[word][row], columns->hi[word][row], false};

	if (span.lo < first)
		span.lo = first;
	if (span.hi > last)
		span.hi = last;
	span.whole = span.lo == first && span.hi == last;
	return span;
}

/* The smallest block that holds whatever is not the whole region.  False: there is nothing. */
static bool find_block(struct cut *cut, const struct columns *columns, const uint32_t *items,
		       uint32_t count, const struct region *region)
{
	uint32_t least = UINT32_MAX, most = 0, differ;

	for (uint32_t i = 0; i < count; i++) {
		struct span span = span_of(columns, cut->word, items[i], region);

		if (span.whole)
			continue;
		if (span.lo < least)
			least = span.lo;
		if (span.hi > most)
			most = span.hi;
	}
	if (least > most)
		return false;
	differ = least ^ most;
	cut->width = differ ? (uint8_t)(32 - __builtin_clz(differ)) : 0;
	cut->base = cut->width < 32 ? least >> cut->width << cut->width : 0;
	return cut->width > 0;
}

/* How rows lie over the parts of a block. */
struct profile {
	uint32_t begin[1 << CUT_BITS], end[1 << CUT_BITS]; /* rows that do in this part */
	uint32_t whole;                                    /* rows that lie over all of it */
};

static void take_profile(struct profile *profile, const struct cut *cut, uint32_t bits,
			 const struct columns *columns, const uint32_t *items, uint32_t count,
			 const struct region *region)
{
	uint32_t shift = cut->width - bits;
	uint32_t last = cut->base + (uint32_t)((1ull << cut->width) - 1);

	memset(profile, 0, sizeof(*profile));
	for (uint32_t i = 0; i < count; i++) {
		struct span span = span_of(columns, cut->word, items[i], region);

		if (span.whole || (span.lo <= cut->base && span.hi >= last)) {
			profile->whole++;
			continue;
		}
		profile->begin[(span.lo - cut->base) >> shift]++;
		profile->end[(span.hi - cut->base) >> shift]++;
	}
}

/* Neighbouring parts with the same rows are one child; so are all with the `whole` only. */
static void judge_cut(struct cut *cut, const struct profile *profile, uint32_t parts)
{
	uint64_t total = 0, squares = 0;
	uint32_t active = 0, ended = 0;
	bool has_bare = false;

	for (uint32_t i = 0; i < parts; i++) {
		uint64_t rows;

		active += profile->begin[i];
		rows = active + profile->whole;
		if (!active) {
			if (!has_bare)
				total += rows, squares += rows * rows;
			has_bare = true;
		} else if (!i || profile->begin[i] || ended) {
			total += rows, squares += rows * rows;
		}
		ended = profile->end[i];
		active -= ended;
	}
	cut->total = (uint32_t)(total < UINT32_MAX ? total : UINT32_MAX);
	cut->expected = total ? (double)squares / (double)total : 0;
}

/* The profile of half as many parts. */
static void halve_profile(struct profile *profile, uint32_t parts)
{
	for (uint32_t i = 0; i < parts / 2; i++) {
		profile->begin[i] = profile->begin[2 * i] + profile->begin[2 * i + 1];
		profile->end[i] = profile->end[2 * i] + profile->end[2 * i + 1];
	}
}

static void try_word(struct cut *best, uint32_t word, const struct tree_build *build,
		     const uint32_t *items, uint32_t count, const struct region *region)
{
	const struct columns *columns = build->columns;
	struct cut cut = {.word = word};
	struct profile profile;

	if (!columns->lo[word] || !region->bits[word] ||
	    !find_block(&cut, columns, items, count, region))
		return;
	cut.bits = cut.width < CUT_BITS ? cut.width : CUT_BITS;
	take_profile(&profile, &cut, cut.bits, columns, items, count, region);
	for (; cut.bits; halve_profile(&profile, 1u << cut.bits), cut.bits--) {
		if (cut.bits > 2 && 1u << cut.bits > 2 * count)
			continue;
		judge_cut(&cut, &profile, 1u << cut.bits);
		if ((uint64_t)cut.total * 10 > (uint64_t)count * build->copies + 20 ||
		    cut.expected * 100 > (double)count * GAIN)
			continue;
		if (!best->bits || cut.expected < best->expected)
			*best = cut;
	}
}

/* best.bits 0: no cut is worth it. */
static struct cut find_cut(const struct tree_build *build, const uint32_t *items, uint32_t count,
			   const struct region *region)
{
	struct cut best = {0};

	for (uint32_t word = 0; word < TW_KEY_USED; word++)
		try_word(&best, word, build, items, count, region);
	return best;
}

/* -- children ---------------------------------------------------------------------------- */

/* Which child each part is, and the rows of each child, one behind the other. */
struct children {
	uint32_t child_of[1 << CUT_BITS];
	uint32_t parts_of[1 << CUT_BITS]; /* how many parts a child is */
	uint32_t first[(1 << CUT_BITS) + 1];
	uint32_t count;
	uint32_t *items;
};

static void number_children(struct children *children, const struct profile *profile,
			    uint32_t parts)
{
	uint32_t active = 0, ended = 0, bare = UINT32_MAX;

	for (uint32_t i = 0; i < parts; i++) {
		bool begins = !i || profile->begin[i] || ended;

		active += profile->begin[i];
		if (!active && bare == UINT32_MAX)
			bare = children->count++;
		else if (active && begins)
			children->count++;
		children->child_of[i] = active ? children->count - 1 : bare;
		if (active && !begins)
			children->child_of[i] = children->child_of[i - 1];
		children->parts_of[children->child_of[i]]++;
		ended = profile->end[i];
		active -= ended;
	}
}

/* Calls for every child of a row; a child is not called twice in a row. */
static void place_row(struct children *children, const struct span *span, const struct cut *cut,
		      uint32_t row, uint32_t *fill)
{
	uint32_t shift = cut->width - cut->bits, before = UINT32_MAX;
	uint32_t last = cut->base + (uint32_t)((1ull << cut->width) - 1);
	uint32_t lo = span->lo < cut->base ? cut->base : span->lo;
	uint32_t hi = span->hi > last ? last : span->hi;

	if (span->whole || (span->lo <= cut->base && span->hi >= last)) {
		for (uint32_t child = 0; child < children->count; child++) {
			if (children->items)
				children->items[fill[child]] = row;
			fill[child]++;
		}
		return;
	}
	for (uint32_t i = (lo - cut->base) >> shift; i <= (hi - cut->base) >> shift; i++) {
		uint32_t child = children->child_of[i];

		if (child == before)
			continue;
		before = child;
		if (children->items)
			children->items[fill[child]] = row;
		fill[child]++;
	}
}

static void place_rows(struct children *children, const struct cut *cut,
		       const struct columns *columns, const uint32_t *items, uint32_t count,
		       const struct region *region, uint32_t *fill)
{
	for (uint32_t i = 0; i < count; i++) {
		struct span span = span_of(columns, cut->word, items[i], region);

		place_row(children, &span, cut, items[i], fill);
	}
}

/* Counts first, then places. */
static int find_children(struct children *children, const struct cut *cut,
			 const struct columns *columns, const uint32_t *items, uint32_t count,
			 const struct region *region)
{
	uint32_t fill[1 << CUT_BITS] = {0};
	struct profile profile;

	memset(children, 0, sizeof(*children));
	take_profile(&profile, cut, cut->bits, columns, items, count, region);
	number_children(children, &profile, 1u << cut->bits);
	place_rows(children, cut, columns, items, count, region, fill);
	for (uint32_t i = 0; i < children->count; i++) {
		children->first[i + 1] = children->first[i] + fill[i];
		fill[i] = children->first[i];
	}
	children->items = malloc((children->first[children->count] + 1) * sizeof(*items));
	if (!children->items)
		return -ENOMEM;
	place_rows(children, cut, columns, items, count, region, fill);
	return 0;
}

/* What comes to a child that is one part; several together keep the whole block. */
static void narrow(struct region *region, const struct children *children, const struct cut *cut,
		   uint32_t part)
{
	uint32_t shift = cut->width - cut->bits;

	region->base[cut->word] = cut->base;
	region->bits[cut->word] = cut->width;
	if (children->parts_of[children->child_of[part]] > 1)
		return;
	region->base[cut->word] = cut->base + (uint32_t)((uint64_t)part << shift);
	region->bits[cut->word] = (uint8_t)shift;
}

/* -- nodes ------------------------------------------------------------------------------------ */

void work_raise(struct list_work *work, const struct list_work *leaf)
{
	if (leaf->steps > work->steps)
		work->steps = leaf->steps;
	if (leaf->compares > work->compares)
		work->compares = leaf->compares;
	if (leaf->words > work->words)
		work->words = leaf->words;
	if (leaf->sets > work->sets)
		work->sets = leaf->sets;
}

static uint64_t hash_leaf(const void *at, size_t bytes)
{
	const uint64_t *words = at;
	uint64_t hash = bytes;

	for (size_t i = 0; i < bytes / 8; i++)
		hash = tw_mix(hash ^ words[i]);
	return hash;
}

static int make_room(struct tree_build *build, size_t unit)
{
	struct leaves *leaves = &build->leaves;
	struct leaves larger = {.room = leaves->room ? 2 * leaves->room : 256};

	if (2 * leaves->count < leaves->room)
		return 0;
	larger.nodes = calloc(larger.room, sizeof(*larger.nodes));
	if (!larger.nodes)
		return -ENOMEM;
	larger.count = leaves->count;
	for (uint32_t i = 0; i < leaves->room; i++) {
		uint64_t node = leaves->nodes[i];
		uint32_t slot;

		if (!node)
			continue;
		slot = (uint32_t)hash_leaf(arena_at(build->arena, TW_TREE_AT(node)),
					   TW_TREE_COUNT(node) * unit);
		while (larger.nodes[slot & (larger.room - 1)])
			slot++;
		larger.nodes[slot & (larger.room - 1)] = node;
	}
	free(leaves->nodes);
	*leaves = larger;
	return 0;
}

/* An equal leaf in the place of the last that was made. */
static int share_leaf(struct tree_build *build, size_t before, size_t unit, uint64_t *node)
{
	struct leaves *leaves = &build->leaves;
	int result = make_room(build, unit);
	const void *at = arena_at(build->arena, TW_TREE_AT(*node));
	size_t bytes = TW_TREE_COUNT(*node) * unit;
	uint32_t slot;

	if (result)
		return result;
	for (slot = (uint32_t)hash_leaf(at, bytes) & (leaves->room - 1); leaves->nodes[slot];
	     slot = (slot + 1) & (leaves->room - 1)) {
		uint64_t other = leaves->nodes[slot];

		if (TW_TREE_COUNT(other) != TW_TREE_COUNT(*node) ||
		    memcmp(arena_at(build->arena, TW_TREE_AT(other)), at, bytes) != 0)
			continue;
		*node = other;
		arena_cut(build->arena, before);
		return 0;
	}
	leaves->nodes[slot] = *node;
	leaves->count++;
	return 0;
}

static int build_leaf(struct tree_build *build, const uint32_t *items, uint32_t count,
		      uint32_t depth, uint64_t *out)
{
	const struct row *rows = build->columns->rows;
	int family = build->columns->family;
	struct list_work work = {.steps = depth, .compares = count};
	size_t before = build->arena->length, bytes = 0;
	size_t unit = family ? sizeof(struct tw_rule6) : sizeof(struct tw_rule4);
	uint32_t offset;
	char *at;
	int result;

	for (uint32_t i = 0; i < count; i++) {
		bytes += pack_row(NULL, &rows[items[i]], family);
		work.sets += row_set_lookups(&rows[items[i]]);
	}
	work_raise(&build->work, &work);
	*out = TW_TREE_EMPTY;
	if (!count)
		return 0;
	result = arena_alloc(build->arena, bytes, unit, &offset);
	if (result)
		return result;
	at = arena_at(build->arena, offset);
	for (uint32_t i = 0; i < count; i++)
		at += pack_row(at, &rows[items[i]], family);
	*out = (uint64_t)offset << 32 | (uint64_t)(bytes / unit) << 8 | TW_TREE_LEAF;
	return share_leaf(build, before, unit, out);
}

static int grow(struct tree_build *build, const uint32_t *items, uint32_t count,
		const struct region *region, uint32_t depth, uint64_t *out);

static int grow_children(struct tree_build *build, const struct children *children,
			 const struct cut *cut, const struct region *region, uint32_t depth,
			 uint32_t offset)
{
	uint64_t made[1 << CUT_BITS] = {0};
	bool is_made[1 << CUT_BITS] = {0};

	for (uint32_t part = 0; part < 1u << cut->bits; part++) {
		uint32_t child = children->child_of[part], first = children->first[child];
		struct region narrower = *region;
		int result = 0;

		if (!is_made[child]) {
			narrow(&narrower, children, cut, part);
			result = grow(build, children->items + first,
				      children->first[child + 1] - first, &narrower, depth + 1,
				      &made[child]);
			is_made[child] = true;
		}
		if (result)
			return result;
		((uint64_t *)arena_at(build->arena, offset))[part] = made[child];
	}
	return 0;
}

static int grow_cut(struct tree_build *build, const uint32_t *items, uint32_t count,
		    const struct cut *cut, const struct region *region, uint32_t depth,
		    uint64_t *out)
{
	struct children *children = malloc(sizeof(*children));
	uint32_t offset;
	int result;

	if (!children)
		return -ENOMEM;
	result = find_children(children, cut, build->columns, items, count, region);
	if (!result)
		result = arena_alloc(build->arena, sizeof(uint64_t) << cut->bits, 8, &offset);
	if (!result)
		result = grow_children(build, children, cut, region, depth, offset);
	if (!result)
		*out = (uint64_t)offset << 32 | ((1ull << cut->bits) - 1) << 13 |
		       (uint64_t)(cut->width - cut->bits) << 8 | (uint64_t)cut->word << 3 |
		       TW_TREE_CUT;
	free(children->items);
	free(children);
	return result;
}

static int grow(struct tree_build *build, const uint32_t *items, uint32_t count,
		const struct region *region, uint32_t depth, uint64_t *out)
{
	struct cut cut = {0};

	if (count > LEAF_WANTED && depth < TW_TREE_DEPTH)
		cut = find_cut(build, items, count, region);
	if (cut.bits)
		return grow_cut(build, items, count, &cut, region, depth, out);
	if (count < TW_LEAF_RULES)
		return build_leaf(build, items, count, depth, out);
	return vectors_build(build, items, count, depth, out);
}

int tree_grow(struct tree_build *build, const uint32_t *items, uint32_t count, uint64_t *root)
{
	struct region region = {0};
	int result;

	for (uint32_t word = 0; word < TW_KEY_USED; word++)
		region.bits[word] = (uint8_t)key_word_bits(word);
	result = count <= PLAIN_ROWS ? build_leaf(build, items, count, 0, root)
				     : grow(build, items, count, &region, 0, root);
	free(build->leaves.nodes);
	build->leaves = (struct leaves){0};
	return result;
}
