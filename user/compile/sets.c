/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where sets live.  A set whose contents the live policy holds already stays where
 * it is, so that an apply costs what it changes; any other gets a trie of its own,
 * filled before the new image goes live.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "tierwall/hash.h"

uint64_t prefix_content(const struct prefix *prefix)
{
	uint64_t hash = tw_mix(prefix->addr.halves[0] ^ prefix->bits);

	return tw_mix(hash ^ prefix->addr.halves[1]);
}

/* -- the sets of the live image -------------------------------------------------------- */

/* In three orders, for binary search: there may be thousands of them. */
struct live_sets {
	const struct tw_set_map **by_index, **by_name, **by_content;
	size_t count;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_index(const void *a, const void *b)
{
	const struct tw_set_map *const *left = a, *const *right = b;

	return compare_numbers((*left)->index, (*right)->index);
}

static int compare_name(const void *a, const void *b)
{
	const struct tw_set_map *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int compare_content(const void *a, const void *b)
{
	const struct tw_set_map *const *left = a, *const *right = b;
	int difference = compare_numbers((*left)->content, (*right)->content);

	if (!difference)
		difference = compare_numbers((*left)->entries, (*right)->entries);
	return difference ? difference : compare_name(a, b);
}

static const struct tw_set_map **in_order(const struct tw_set_map *maps, size_t count,
					  int (*compare)(const void *a, const void *b))
{
	const struct tw_set_map **order = calloc(count + 1, sizeof(const struct tw_set_map *));

	if (!order)
		return NULL;
	for (size_t i = 0; i < count; i++)
		order[i] = &maps[i];
	qsort(order, count, sizeof(const struct tw_set_map *), compare);
	return order;
}

static int find_live_sets(struct build *build)
{
	struct live_sets *sets = calloc(1, sizeof(*sets));
	const struct tw_set_map *maps;

	build->live_sets = sets;
	if (!sets)
		return -ENOMEM;
	if (!build->live)
		return 0;
	maps = (const void *)((const char *)build->live + build->live->set_maps.offset);
	sets->count = build->live->set_maps.count;
	sets->by_index = in_order(maps, sets->count, compare_index);
	sets->by_name = in_order(maps, sets->count, compare_name);
	sets->by_content = in_order(maps, sets->count, compare_content);
	for (size_t i = 0; i < sets->count; i++)
		if (maps[i].index < TW_SET_SLOTS)
			build->set_taken[maps[i].index] = true;
	return sets->by_index && sets->by_name && sets->by_content ? 0 : -ENOMEM;
}

void build_sets_end(struct build *build)
{
	free(build->known.asking);
	build->known.asking = NULL;
	if (!build->live_sets)
		return;
	free(build->live_sets->by_index);
	free(build->live_sets->by_name);
	free(build->live_sets->by_content);
	free(build->live_sets);
}

static const struct tw_set_map *find_live(const struct live_sets *sets,
					  const struct tw_set_map **order,
					  int (*compare)(const void *a, const void *b),
					  const struct tw_set_map *wanted)
{
	const struct tw_set_map **found =
		sets->count ? bsearch(&wanted, order, sets->count,
				      sizeof(const struct tw_set_map *), compare)
			    : NULL;

	return found ? *found : NULL;
}

static const struct tw_set_map *live_set_at(const struct build *build, uint32_t index)
{
	const struct tw_set_map wanted = {.index = index};

	return find_live(build->live_sets, build->live_sets->by_index, compare_index, &wanted);
}

/* The live set of that name (empty: of no name) with those contents. */
static const struct tw_set_map *live_set_like(const struct build *build,
					      const struct tw_set_map *wanted)
{
	return find_live(build->live_sets, build->live_sets->by_content, compare_content, wanted);
}

/* The live set of that name; a list without a name has none. */
static const struct tw_set_map *live_set_of(const struct build *build, const char *name)
{
	struct tw_set_map wanted = {0};

	if (!*name)
		return NULL;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	return find_live(build->live_sets, build->live_sets->by_name, compare_name, &wanted);
}

/* -- placing ------------------------------------------------------------------------------ */

static int free_index(struct build *build, uint32_t *index)
{
	while (build->set_from < TW_SET_SLOTS && build->set_taken[build->set_from])
		build->set_from++;
	if (build->set_from >= TW_SET_SLOTS)
		return -ENOSPC;
	build->set_taken[build->set_from] = true;
	*index = build->set_from;
	return 0;
}

static int add_set_map(struct build *build, const struct tw_set_map *map)
{
	struct tw_set_map *place =
		config_push(&build->set_maps, &build->set_maps_count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *map;
	return 0;
}

struct prefix *own_prefixes(struct build *build, size_t count)
{
	struct owned_prefixes *place =
		config_push(&build->out->owned, &build->out->owned_count, sizeof(*place));

	if (!place)
		return NULL;
	place->items = calloc(count + 1, sizeof(*place->items));
	return place->items;
}

/* Those that are for good; entries that expire do not make two sets differ. */
static size_t measure(struct tw_set_map *map, const struct prefix *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].seconds)
			continue;
		map->entries++;
		map->content += prefix_content(&items[i]);
	}
	return count - map->entries; /* those that expire */
}

struct wanted_set {
	const char *name;
	const struct prefix *items; /* stay where they are until the image is live */
	size_t count;
	bool shares; /* stays where the live one is if that is the same */
	bool keeps;  /* takes over what expires from the live one */
	bool edited;
	uint32_t flags;
};

static int place_set(struct build *build, const struct wanted_set *wanted, uint32_t *index)
{
	struct tw_set_map map = {.flags = wanted->flags};
	const struct tw_set_map *same, *before;
	struct compiled_set *set;
	size_t expiring;
	int result;

	snprintf(map.name, sizeof(map.name), "%s", wanted->name);
	expiring = measure(&map, wanted->items, wanted->count);
	before = wanted->keeps ? live_set_of(build, wanted->name) : NULL;
	same = expiring || !wanted->shares ? NULL : live_set_like(build, &map);
	if (expiring || (same && same->flags & TW_SET_TIMED) ||
	    (before && before->flags & TW_SET_TIMED))
		map.flags |= TW_SET_TIMED;
	if (same) {
		*index = map.index = same->index;
		map.chunk = same->chunk;
		map.chunks = same->chunks;
		return add_set_map(build, &map);
	}
	result = free_index(build, &map.index);
	if (result)
		return result;
	set = config_push(&build->out->sets, &build->out->set_count, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->index = map.index;
	set->row = (uint32_t)build->set_maps_count;
	set->items = wanted->items;
	set->count = wanted->count;
	set->edited = wanted->edited;
	set->before = before;
	*index = map.index;
	return add_set_map(build, &map);
}

/* A set of a model that was read back and not changed: its entries are not at hand. */
static int keep_set(struct build *build, const struct set *set)
{
	const struct tw_set_map *live = live_set_at(build, set->index);
	struct tw_set_map map;
	int result;

	if (!live)
		return -ESTALE;
	map = *live;
	memcpy(map.name, set->name, sizeof(map.name));
	result = known_add_live(build, &map);
	return result ? result : add_set_map(build, &map);
}

/* Places it, and lets rules know it by heart. */
static int place_and_know(struct build *build, const struct wanted_set *wanted, uint32_t *index)
{
	int result = place_set(build, wanted, index);

	if (!result)
		known_add(build, &build->set_maps[build->set_maps_count - 1], wanted->items,
			  wanted->count);
	return result;
}

static int place_named(struct build *build, struct set *set)
{
	return place_and_know(build,
			      &(struct wanted_set){set->name, set->items, set->count, !set->flushed,
						   !set->flushed, set->edited, 0},
			      &set->index);
}

static int place_tier(struct build *build, struct tier *tier)
{
	struct prefix *items = own_prefixes(build, tier->server_count * 2);
	size_t count = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < tier->server_count; i++)
		for (int family = 0; family < 2; family++) {
			const union tw_addr *addr = &tier->servers[i].addr[family];

			if (addr_is_zero(addr))
				continue;
			items[count].addr = *addr;
			items[count++].bits = 128;
		}
	return place_and_know(
		build,
		&(struct wanted_set){tier->name, items, count, true, false, false, TW_SET_TIER},
		&tier->set_index);
}

/* Only tiers that a rule names are sets too: there may be more tiers than sets. */
static int place_tiers(struct build *build)
{
	struct config *config = build->config;
	bool *named = calloc(config->tier_count + 1, sizeof(*named));
	int result = 0;

	if (!named)
		return -ENOMEM;
	find_named_tiers(config, named);
	for (size_t i = 0; !result && i < config->tier_count; i++) {
		config->tiers[i].set_index = TW_NONE32;
		if (named[i])
			result = place_tier(build, &config->tiers[i]);
	}
	free(named);
	return result;
}

int build_sets(struct build *build)
{
	int result = find_live_sets(build);

	if (!result)
		result = known_begin(build);
	for (size_t i = 0; !result && i < build->config->set_count; i++) {
		struct set *set = &build->config->sets[i];

		if (set->index != TW_NONE32)
			result = keep_set(build, set);
		else
			result = place_named(build, set);
	}
	if (!result)
		result = place_tiers(build);
	return result ? result : known_build(build);
}

uint32_t build_named_set(const struct build *build, const char *name)
{
	const struct set *set = config_set(build->config, name);
	const struct tier *tier = set ? NULL : config_tier(build->config, name);

	if (set)
		return set->index;
	return tier ? tier->set_index : TW_NONE32;
}

int build_address_list(struct build *build, const struct addresses *addresses, uint32_t *index)
{
	struct prefix *items = own_prefixes(build, addresses->count);
	size_t count = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].kind == ADDRESS_PREFIX)
			items[count++] = addresses->items[i].prefix;
	prefixes_merge(items, &count);
	return place_set(build, &(struct wanted_set){"", items, count, true, false, false, 0},
			 index);
}
