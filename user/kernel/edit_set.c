/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A live set is edited where it stands.  Before the first store its row in the image
 * says that it is being edited, by a number of entries that cannot be, and after the
 * last one how many there are: who finds that mark knows that a writer was killed,
 * and builds the set anew.  So is a set that rules know by heart, with the rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/image.h"
#include "kernel/sets.h"
#include "kernel/trial.h"

/* The images that packets are judged by: the live one and, during a trial, the one before. */
struct rows {
	struct image images[2];
	struct tw_set_map *rows[2]; /* of the set; NULL: the image has another in its place */
	int count;
};

static struct tw_set_map *rows_of(const struct image *image)
{
	return (struct tw_set_map *)(void *)((char *)image->policy +
					     image->policy->set_maps.offset);
}

static struct tw_set_map *row_of_name(const struct image *image, const char *name)
{
	struct tw_set_map *rows = rows_of(image);

	for (uint32_t i = 0; *name && i < image->policy->set_maps.count; i++)
		if (!strcmp(rows[i].name, name) && !(rows[i].flags & TW_SET_TIER))
			return &rows[i];
	return NULL;
}

static struct tw_set_map *row_at(const struct image *image, uint32_t index)
{
	struct tw_set_map *rows = rows_of(image);

	for (uint32_t i = 0; i < image->policy->set_maps.count; i++)
		if (rows[i].index == index)
			return &rows[i];
	return NULL;
}

static void close_rows(struct rows *rows)
{
	for (int i = 0; i < rows->count; i++)
		image_close(&rows->images[i]);
}

static int open_rows(struct rows *rows, const struct instance *instance, const char *name)
{
	uint32_t slots[2];
	int count = live_slots(instance, slots), result = 0;

	memset(rows, 0, sizeof(*rows));
	if (count < 0)
		return count;
	while (!result && rows->count < count) {
		struct image *image = &rows->images[rows->count];

		result = image_open_bare(image, instance, slots[rows->count]);
		if (result)
			break;
		rows->rows[rows->count] = rows->count ? row_at(image, rows->rows[0]->index)
						      : row_of_name(image, name);
		rows->count++;
		if (!rows->rows[0])
			result = -ENOENT;
	}
	if (result)
		close_rows(rows);
	return result;
}

static void set_rows(struct rows *rows, uint32_t entries, uint64_t content)
{
	for (int i = 0; i < rows->count; i++) {
		if (!rows->rows[i])
			continue;
		rows->rows[i]->content = content;
		__atomic_store_n(&rows->rows[i]->entries, entries, __ATOMIC_RELEASE);
	}
}

/* Rules may hold what is in it, of the live policy or of the one before. */
static bool is_known(const struct rows *rows)
{
	for (int i = 0; i < rows->count; i++)
		if (rows->rows[i] && rows->rows[i]->flags & TW_SET_KNOWN)
			return true;
	return false;
}

/* From now on no rules take over what is in it: that may expire. */
static void note_timed(struct rows *rows, const struct set_edits *edits)
{
	bool is_timed = false;

	for (size_t i = 0; i < edits->added_count; i++)
		is_timed |= edits->added[i].seconds != 0;
	for (int i = 0; is_timed && i < rows->count; i++)
		if (rows->rows[i])
			rows->rows[i]->flags |= TW_SET_TIMED;
}

/* What edits do to a row. */
struct sums {
	uint32_t entries;
	uint64_t content;
};

static void note_entry(struct sums *sums, const struct prefix *prefix, int by)
{
	uint64_t content = prefix_content(prefix);

	sums->entries += (uint32_t)by;
	sums->content += by > 0 ? content : -content;
}

static void delete_all(struct set_memory *memory, const struct set_edits *edits, uint32_t now,
		       struct sums *sums, struct set_tally *tally)
{
	for (size_t i = 0; i < edits->deleted_count; i++) {
		const struct prefix *prefix = &edits->deleted[i];
		bool was_for_good = false;
		int change = set_delete(memory, prefix, now, &was_for_good);

		if (change == SET_UNCHANGED)
			tally->not_there++;
		else
			tally->changes[change]++;
		if (was_for_good)
			note_entry(sums, prefix, -1);
	}
}

static int add_all(struct set_memory *memory, const struct set_edits *edits, uint32_t now,
		   struct sums *sums, struct set_tally *tally)
{
	for (size_t i = 0; i < edits->added_count; i++) {
		const struct prefix *prefix = &edits->added[i];
		int change = set_add(memory, prefix, prefix->seconds, now);

		if (change < 0)
			return change;
		tally->changes[change]++;
		tally->for_good_already += change == SET_UNCHANGED && prefix->seconds;
		if (change == SET_KEPT || (change == SET_ADDED && !prefix->seconds))
			note_entry(sums, prefix, 1);
	}
	return 0;
}

/* New generations: every live flow is judged anew. */
static int judge_anew(const struct instance *instance, struct rows *rows)
{
	struct tw_control *control = control_map(instance);

	if (!control)
		return -errno;
	for (int i = 0; i < rows->count; i++)
		__atomic_store_n(&rows->images[i].policy->generation,
				 __atomic_add_fetch(&control->generation, 1, __ATOMIC_ACQ_REL),
				 __ATOMIC_RELEASE);
	control_unmap(control);
	return 0;
}

/* Is what was chosen for its size still right? */
static bool has_outgrown(const struct set_memory *memory, size_t entries)
{
	const struct tw_set *head = memory->head;

	return head->family[0].count + head->family[1].count > 2 &&
	       entries > 4 * ((size_t)head->built + 64);
}

static int edit(const struct instance *instance, struct rows *rows, const struct set_edits *edits,
		struct set_tally *tally)
{
	const struct tw_set_map *row = rows->rows[0];
	struct sums sums = {row->entries, row->content};
	uint32_t now = seconds_now();
	struct open_set set;
	int result = set_open(&set, instance, row, PROT_READ | PROT_WRITE);

	if (result)
		return result;
	note_timed(rows, edits);
	set_rows(rows, TW_NONE32, row->content);
	delete_all(&set.memory, edits, now, &sums, tally);
	result = has_outgrown(&set.memory, sums.entries + edits->added_count)
			 ? -ENOSPC
			 : add_all(&set.memory, edits, now, &sums, tally);
	if (set.error)
		result = set.error;
	set_close(&set);
	if (result)
		return result;
	set_rows(rows, sums.entries, sums.content);
	return judge_anew(instance, rows);
}

int set_edit_live(const struct instance *instance, const char *name, const struct set_edits *edits,
		  struct set_tally *tally)
{
	struct rows rows;
	int result = open_rows(&rows, instance, name);

	memset(tally, 0, sizeof(*tally));
	if (result)
		return result;
	if (!rows.rows[0] || rows.rows[0]->entries == TW_NONE32)
		result = -ENOSPC;
	else if (is_known(&rows))
		result = -EROFS;
	else
		result = edit(instance, &rows, edits, tally);
	close_rows(&rows);
	return result;
}
