/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The lines that tell two configurations apart, each below the blocks it stands in.
 *
 * Myers' greedy algorithm ("An O(ND) difference algorithm and its variations", 1986)
 * on what is left between the first and the last difference.  Texts that differ in
 * more than DISTANCE_MAX lines there count as different all through: correct, and
 * bounded in time and memory.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define DISTANCE_MAX 1000
#define NO_LINE      SIZE_MAX

struct line {
	const char *start;
	size_t length;
	uint64_t hash;
	size_t block; /* the line that opens the block around this one, or NO_LINE */
	bool changed;
};

struct text {
	struct line *lines;
	size_t count;
};

/* -- lines ------------------------------------------------------------------------- */

static uint64_t hash_line(const char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001b3u;
	return hash;
}

static bool lines_equal(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->length == b->length &&
	       !memcmp(a->start, b->start, a->length);
}

static bool closes_block(const struct line *line)
{
	size_t blank = strspn(line->start, " \t");

	return blank < line->length && line->start[blank] == '}';
}

static bool opens_block(const struct line *line)
{
	return line->length && line->start[line->length - 1] == '{';
}

static int text_split(struct text *out, const char *text)
{
	size_t count = 0, block = NO_LINE;

	for (const char *at = text; *at; at = strchrnul(at, '\n'), at += *at == '\n')
		count++;
	out->lines = calloc(count ? count : 1, sizeof(*out->lines));
	if (!out->lines)
		return -ENOMEM;
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		struct line *line = &out->lines[i];

		line->start = text;
		line->length = strcspn(text, "\n");
		line->hash = hash_line(text, line->length);
		text += line->length + (text[line->length] == '\n');
		if (closes_block(line) && block != NO_LINE)
			block = out->lines[block].block;
		line->block = block;
		if (opens_block(line))
			block = i;
	}
	return 0;
}

/* -- which lines changed -------------------------------------------------------------- */

/*
 * The middles of both texts.  Row d of `reach` holds, for each diagonal k from -d to d
 * (k = x - y), how far in the old text d changed lines can lead.
 */
struct search {
	struct line *old_lines, *new_lines;
	int old_count, new_count;
	int *reach[DISTANCE_MAX + 1];
	int distance; /* rows that are there */
};

static int reach_of(const struct search *search, int distance, int k)
{
	if (distance < 0 || k < -distance || k > distance)
		return -1;
	return search->reach[distance][k + distance];
}

/* Is diagonal k reached by a line of the new text (else: without one of the old)? */
static bool comes_from_above(const struct search *search, int distance, int k)
{
	return k == -distance || (k != distance && reach_of(search, distance - 1, k - 1) <
							   reach_of(search, distance - 1, k + 1));
}

static int step_into(const struct search *search, int distance, int k)
{
	if (distance == 0)
		return 0;
	if (comes_from_above(search, distance, k))
		return reach_of(search, distance - 1, k + 1);
	return reach_of(search, distance - 1, k - 1) + 1;
}

/* 1: the ends meet at this distance, 0: not yet. */
static int extend(struct search *search, int distance)
{
	int *row = calloc(2 * distance + 1, sizeof(*row));

	if (!row)
		return -ENOMEM;
	search->reach[distance] = row;
	search->distance = distance + 1;
	for (int k = -distance; k <= distance; k += 2) {
		int x = step_into(search, distance, k);

		while (x < search->old_count && x - k < search->new_count && x - k >= 0 &&
		       lines_equal(&search->old_lines[x], &search->new_lines[x - k]))
			x++;
		row[k + distance] = x;
		if (x >= search->old_count && x - k >= search->new_count)
			return 1;
	}
	return 0;
}

static void mark_path(struct search *search, int distance)
{
	int x = search->old_count, y = search->new_count;

	for (; distance > 0; distance--) {
		int k = x - y;

		if (comes_from_above(search, distance, k)) {
			x = reach_of(search, distance - 1, k + 1);
			y = x - (k + 1);
			search->new_lines[y].changed = true;
		} else {
			x = reach_of(search, distance - 1, k - 1);
			y = x - (k - 1);
			search->old_lines[x].changed = true;
		}
	}
}

static void mark_all(struct search *search)
{
	for (int i = 0; i < search->old_count; i++)
		search->old_lines[i].changed = true;
	for (int i = 0; i < search->new_count; i++)
		search->new_lines[i].changed = true;
}

static int mark_middle(struct search *search)
{
	int result = 0, distance;

	for (distance = 0; distance <= DISTANCE_MAX; distance++) {
		result = extend(search, distance);
		if (result)
			break;
	}
	if (result > 0)
		mark_path(search, distance);
	else if (result == 0)
		mark_all(search);
	for (int i = 0; i < search->distance; i++)
		free(search->reach[i]);
	return result < 0 ? result : 0;
}

/* 1: some lines changed, 0: none did. */
static int mark_changes(struct text *old, struct text *new)
{
	struct search search = {};
	size_t head = 0, tail = 0, shorter = old->count < new->count ? old->count : new->count;
	int result;

	while (head < shorter && lines_equal(&old->lines[head], &new->lines[head]))
		head++;
	while (tail < shorter - head &&
	       lines_equal(&old->lines[old->count - 1 - tail], &new->lines[new->count - 1 - tail]))
		tail++;
	if (old->count == new->count && head == old->count)
		return 0;
	search.old_lines = &old->lines[head];
	search.new_lines = &new->lines[head];
	search.old_count = old->count - head - tail;
	search.new_count = new->count - head - tail;
	result = mark_middle(&search);
	return result ? result : 1;
}

/* -- output ------------------------------------------------------------------------------ */

struct printer {
	FILE *out;
	const struct line *block; /* the innermost that the reader knows of */
};

static const struct line *block_of(const struct text *text, const struct line *line)
{
	return line->block == NO_LINE ? NULL : &text->lines[line->block];
}

/* Is it the same block, be it in the old or in the new text? */
static bool blocks_equal(const struct line *a, const struct line *b)
{
	return a == b || (a && b && lines_equal(a, b));
}

/* The blocks around a change, but for those that the reader knows or that changed themselves. */
static void print_blocks(const struct printer *printer, const struct text *text,
			 const struct line *block)
{
	if (!block || blocks_equal(block, printer->block))
		return;
	print_blocks(printer, text, block_of(text, block));
	if (!block->changed)
		fprintf(printer->out, "  %.*s\n", (int)block->length, block->start);
}

static void print_change(struct printer *printer, const struct text *text, const struct line *line,
			 char sign)
{
	const struct line *block = block_of(text, line);

	print_blocks(printer, text, block);
	printer->block = block;
	fprintf(printer->out, "%c %.*s\n", sign, (int)line->length, line->start);
}

static void print_changes(FILE *out, const struct text *old, const struct text *new)
{
	struct printer printer = {.out = out};
	size_t i = 0, j = 0;

	while (i < old->count || j < new->count) {
		if (i < old->count && old->lines[i].changed) {
			print_change(&printer, old, &old->lines[i++], '-');
		} else if (j < new->count &&new->lines[j].changed) {
			print_change(&printer, new, &new->lines[j++], '+');
		} else {
			/* another block of the same first line is another block */
			if (blocks_equal(&old->lines[i], printer.block))
				printer.block = NULL;
			i++;
			j++;
		}
	}
}

int print_difference(FILE *out, const char *old_text, const char *new_text)
{
	struct text old = {}, new = {};
	int result = text_split(&old, old_text);

	if (!result)
		result = text_split(&new, new_text);
	if (!result)
		result = mark_changes(&old, &new);
	if (result > 0)
		print_changes(out, &old, &new);
	free(old.lines);
	free(new.lines);
	return result;
}
