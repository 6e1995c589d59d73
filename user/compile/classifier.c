/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A list of rows into a forest: rows that are specific in their destination, those that
 * are in their source only, and the others are parted, since a tree that cut by
 * addresses would have to repeat the last in every leaf.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"

#define SPECIFIC_IPV4 (96 + 8) /* bits of a prefix */
#define SPECIFIC_IPV6 32
#define CLASS_ROWS    16 /* fewer do not get a tree of their own */

/* Rows may stand in so many children of a cut, in tenths; less where that takes too much. */
#define COPIES_WANTED  20
#define COPIES_THRIFTY 13
#define ROW_BYTES_IPV4 256
#define ROW_BYTES_IPV6 512

enum row_class { BY_DESTINATION, BY_SOURCE, BY_NEITHER, CLASSES };

struct class
{
	uint32_t *items;
	uint32_t count;
};

struct forest {
	struct tree_build build;
	struct tw_tree trees[TW_FOREST_TREES];
	uint32_t count;
	struct list_work work;
};

/* -- classes ------------------------------------------------------------------------------ */

static bool is_specific(const struct row_end *end, int family)
{
	return !end->sets && end->bits >= (family ? SPECIFIC_IPV6 : SPECIFIC_IPV4);
}

static enum row_class class_of(const struct row *row, int family)
{
	if (is_specific(&row->destination, family))
		return BY_DESTINATION;
	return is_specific(&row->source, family) ? BY_SOURCE : BY_NEITHER;
}

/* Two ascending lists into the second. */
static int merge_classes(struct class *from, struct class *to)
{
	uint32_t *items = malloc((from->count + to->count + 1) * sizeof(*items));
	uint32_t i = 0, j = 0, count = 0;

	if (!items)
		return -ENOMEM;
	while (i < from->count || j < to->count)
		if (j == to->count || (i < from->count && from->items[i] < to->items[j]))
			items[count++] = from->items[i++];
		else
			items[count++] = to->items[j++];
	free(to->items);
	to->items = items;
	to->count = count;
	from->count = 0;
	return 0;
}

static int find_classes(struct class *classes, const struct rows *rows, int family)
{
	for (int i = 0; i < CLASSES; i++) {
		classes[i].items = malloc((rows->count + 1) * sizeof(*classes[i].items));
		if (!classes[i].items)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];
		struct class *class = &classes[class_of(row, family)];

		assert(class->items);
		if (row->families & (family ? ROW_IPV6 : ROW_IPV4))
			class->items[class->count++] = i;
	}
	return 0;
}

/* A tree costs more than a few rows more in another. */
static int merge_small_classes(struct class *classes)
{
	for (int i = 0; i < CLASSES; i++) {
		struct class *to = NULL;
		int result;

		if (!classes[i].count || classes[i].count >= CLASS_ROWS)
			continue;
		for (int j = CLASSES - 1; j >= 0; j--)
			if (j != i && classes[j].count && (!to || classes[j].count < to->count))
				to = &classes[j];
		result = to ? merge_classes(&classes[i], to) : 0;
		if (result)
			return result;
	}
	return 0;
}

/* -- trees ---------------------------------------------------------------------------------- */

/* TW_TREE_ASKS(): of whose addresses the rows ask the class. */
static uint64_t asked_classes(const struct columns *columns, const uint32_t *items, uint32_t count)
{
	uint64_t asks = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct row *row = &columns->rows[items[i]];

		if (row->source.has_classes)
			asks |= TW_TREE_ASKS(0);
		if (row->destination.has_classes)
			asks |= TW_TREE_ASKS(1);
	}
	return asks;
}

/*
 * Rows that cuts do not part are too many for the vectors of one leaf: then the first
 * half of the rows gets a tree, and the second.
 */
static int add_tree(struct forest *forest, const uint32_t *items, uint32_t count)
{
	struct arena *arena = forest->build.arena;
	struct tw_tree *tree = &forest->trees[forest->count];
	size_t before = arena->length;
	uint64_t root;
	int result;

	if (!count)
		return 0;
	if (forest->count == TW_FOREST_TREES)
		return -E2BIG;
	forest->build.work = (struct list_work){0};
	result = tree_grow(&forest->build, items, count, &root);
	if (result == -E2BIG) {
		arena_cut(arena, before);
		result = add_tree(forest, items, count / 2);
		return result ? result : add_tree(forest, items + count / 2, count - count / 2);
	}
	tree->root = root | asked_classes(forest->build.columns, items, count);
	tree->best = forest->build.columns->rows[items[0]].number;
	forest->count++;
	forest->work.steps += forest->build.work.steps;
	forest->work.compares += forest->build.work.compares;
	forest->work.words += forest->build.work.words;
	forest->work.sets += forest->build.work.sets;
	return result;
}

static int compare_trees(const void *a, const void *b)
{
	const struct tw_tree *left = a, *right = b;

	return left->best < right->best ? -1 : left->best > right->best;
}

static int place_forest(struct forest *forest, uint64_t *root)
{
	size_t bytes = forest->count * sizeof(*forest->trees);
	uint32_t offset;
	int result;

	*root = forest->count ? forest->trees[0].root : TW_TREE_EMPTY;
	if (forest->count < 2)
		return 0;
	qsort(forest->trees, forest->count, sizeof(*forest->trees), compare_trees);
	result = arena_alloc(forest->build.arena, bytes, sizeof(*forest->trees), &offset);
	if (result)
		return result;
	memcpy(arena_at(forest->build.arena, offset), forest->trees, bytes);
	*root = (uint64_t)offset << 32 | (uint64_t)forest->count << 8 | TW_TREE_FOREST;
	return 0;
}

static uint32_t count_all(const struct class *classes)
{
	uint32_t count = 0;

	for (int i = 0; i < CLASSES; i++)
		count += classes[i].count;
	return count;
}

/* All rows in one class where they are few. */
static int gather(struct class *classes)
{
	int result = 0;

	for (int i = 0; !result && i < CLASSES - 1; i++)
		result = merge_classes(&classes[i], &classes[CLASSES - 1]);
	return result;
}

static int build_forest(struct forest *forest, const struct rows *rows, int family, uint64_t *root)
{
	struct class classes[CLASSES] = {0};
	int result = find_classes(classes, rows, family);

	if (!result)
		result = count_all(classes) <= PLAIN_ROWS ? gather(classes)
							  : merge_small_classes(classes);
	for (int i = 0; !result && i < CLASSES; i++)
		result = add_tree(forest, classes[i].items, classes[i].count);
	if (!result)
		result = place_forest(forest, root);
	for (int i = 0; i < CLASSES; i++)
		free(classes[i].items);
	return result;
}

/* What a list is in one family. */
struct built {
	uint64_t root;
	uint32_t trees;
	struct list_work work;
};

/* -- sets ------------------------------------------------------------------------------------ */

struct asked_sets {
	uint32_t memo[2][TW_MEMO]; /* set + 1 */
	uint32_t count;
	bool forgets; /* two that share a place in the packet's memory */
};

static void note_sets(struct asked_sets *asked, const struct row_end *end, int side)
{
	for (size_t i = 0; end->sets && i < end->sets->set_count; i++) {
		uint32_t set = end->sets->sets[i], *memo = &asked->memo[side][set % TW_MEMO];

		if (*memo == set + 1)
			continue;
		asked->forgets |= *memo != 0;
		*memo = set + 1;
		asked->count++;
	}
}

/* The most that a packet makes the data path ask, which remembers the answers. */
static uint32_t bound_sets(const struct rows *rows, uint32_t sum)
{
	struct asked_sets asked = {0};

	for (size_t i = 0; i < rows->count; i++) {
		note_sets(&asked, &rows->items[i].source, 0);
		note_sets(&asked, &rows->items[i].destination, 1);
	}
	return asked.forgets || sum < asked.count ? sum : asked.count;
}

/* The class of each address is looked for once. */
static uint32_t ladder_steps(const struct rows *rows, int family)
{
	uint32_t sides = 0;

	for (size_t i = 0; i < rows->count && sides < 3; i++) {
		const struct row_sets *source = rows->items[i].source.sets;
		const struct row_sets *destination = rows->items[i].destination.sets;

		sides |= source && source->held ? 1 : 0;
		sides |= destination && destination->held ? 2 : 0;
	}
	return sides ? (sides == 3 ? 2 : 1) * rows->known->ladder[family].levels : 0;
}

static int build_family(struct arena *arena, const struct rows *rows, int family, uint32_t copies,
			struct built *built)
{
	struct columns columns;
	struct forest *forest = calloc(1, sizeof(*forest));
	int result = columns_fill(&columns, rows, family);

	if (!forest) {
		columns_free(&columns);
		return -ENOMEM;
	}
	forest->build.columns = &columns;
	forest->build.known = rows->known;
	forest->build.arena = arena;
	forest->build.copies = copies;
	if (!result)
		result = build_forest(forest, rows, family, &built->root);
	built->trees = forest->count;
	built->work = forest->work;
	built->work.steps += ladder_steps(rows, family);
	built->work.sets = bound_sets(rows, forest->work.sets);
	columns_free(&columns);
	free(forest);
	return result;
}

/* Once more with fewer copies where they take too much. */
static int build_thriftily(struct arena *arena, const struct rows *rows, int family,
			   struct built *built)
{
	size_t before = arena->length;
	size_t most = rows->count * (family ? ROW_BYTES_IPV6 : ROW_BYTES_IPV4) + TW_CHUNK_BYTES;
	int result = build_family(arena, rows, family, COPIES_WANTED, built);

	if (result != -ENOSPC && (result || arena->length - before <= most))
		return result;
	arena_cut(arena, before);
	return build_family(arena, rows, family, COPIES_THRIFTY, built);
}

static uint32_t count_limits(const struct rows *rows)
{
	uint32_t count = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->items[i].limit != TW_NONE32 &&
		    (!i || rows->items[i - 1].number != rows->items[i].number))
			count++;
	return count;
}

int classifier_build(struct arena *arena, const struct rows *rows, __u64 root[2],
		     struct list_bound *bound)
{
	size_t before = arena->length;
	int result = 0;

	memset(bound, 0, sizeof(*bound));
	bound->rows = (uint32_t)rows->count;
	bound->limits = count_limits(rows);
	for (int family = 0; !result && family < 2; family++) {
		struct built built = {0};

		result = build_thriftily(arena, rows, family, &built);
		root[family] = built.root;
		bound->trees[family] = built.trees;
		bound->work[family] = built.work;
	}
	bound->bytes = arena->length - before;
	return result;
}
