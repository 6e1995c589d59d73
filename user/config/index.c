/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets and tiers by name.  There may be thousands, each named by thousands of rules,
 * so the names are hashed at the first look-up, and again when an array has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "config/index.h"
#include "config/lookup.h"

#define FEW 8 /* are compared one by one */

struct name_index {
	const char *items; /* what was hashed: this array, when it had so many */
	size_t count;
	struct lookup names;
};

struct config_index {
	struct name_index sets, tiers;
};

struct config_index *index_new(void)
{
	return calloc(1, sizeof(struct config_index));
}

void index_free(struct config_index *index)
{
	if (!index)
		return;
	lookup_free(&index->sets.names);
	lookup_free(&index->tiers.names);
	free(index);
}

/* An array of structures that begin with their names. */
struct named_items {
	char *items;
	size_t count, size;
};

static bool hash_names(struct name_index *index, const struct named_items *array)
{
	if (index->items == array->items && index->count == array->count)
		return true;
	lookup_free(&index->names);
	index->items = NULL;
	if (lookup_new(&index->names, array->count))
		return false;
	for (size_t i = 0; i < array->count; i++) {
		const char *item = array->items + i * array->size;

		lookup_add_name(&index->names, item, item);
	}
	index->items = array->items;
	index->count = array->count;
	return true;
}

static void *find(struct name_index *index, const struct named_items *array, const char *name)
{
	if (index && array->count > FEW && hash_names(index, array)) {
		const char *item = lookup_find_name(&index->names, name);

		return item ? array->items + (item - array->items) : NULL;
	}
	for (size_t i = 0; i < array->count; i++)
		if (!strcmp(array->items + i * array->size, name))
			return array->items + i * array->size;
	return NULL;
}

_Static_assert(!offsetof(struct set, name) && !offsetof(struct tier, name), "names come first");

struct set *config_set(const struct config *config, const char *name)
{
	struct name_index *index = config->index ? &config->index->sets : NULL;
	const struct named_items array = {(char *)config->sets, config->set_count,
					  sizeof(*config->sets)};

	return find(index, &array, name);
}

struct tier *config_tier(const struct config *config, const char *name)
{
	struct name_index *index = config->index ? &config->index->tiers : NULL;
	const struct named_items array = {(char *)config->tiers, config->tier_count,
					  sizeof(*config->tiers)};

	return find(index, &array, name);
}
