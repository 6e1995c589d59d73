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

void prefix_key(struct tw_set_key *key, const struct prefix *prefix)
{
	key->prefixlen = TW_SET_FAMILY_BITS + prefix->bits;
	key->family = !(addr_is_ipv4(&prefix->addr) && prefix->bits >= 96);
	memcpy(key->addr, &prefix->addr, sizeof(key->addr));
}

static const struct tw_set_map *live_set_maps(const struct build *build, size_t *count)
{
	*count = build->live ? build->live->set_maps.count : 0;
	if (!build->live)
		return NULL;
	return (const void *)((const char *)build->live + build->live->set_maps.offset);
}

static const struct tw_set_map *live_set_at(const struct build *build, uint32_t index)
{
	size_t count;
	const struct tw_set_map *maps = live_set_maps(build, &count);

	for (size_t i = 0; i < count; i++)
		if (maps[i].index == index)
			return &maps[i];
	return NULL;
}

/* The live set of that name (empty: of no name) with those contents. */
static const struct tw_set_map *live_set_like(const struct build *build,
					      const struct tw_set_map *wanted)
{
	size_t count;
	const struct tw_set_map *maps = live_set_maps(build, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(maps[i].name, wanted->name) && maps[i].content == wanted->content &&
		    maps[i].entries == wanted->entries)
			return &maps[i];
	return NULL;
}

static int free_index(struct build *build, uint32_t *index)
{
	for (uint32_t i = 0; i < TW_SETS; i++) {
		if (build->set_taken[i])
			continue;
		build->set_taken[i] = 1;
		*index = i;
		return 0;
	}
	return -ENOSPC;
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

/* Room for prefixes that are no set's of the model; the result of the compilation owns it. */
static struct prefix *own_prefixes(struct build *build, size_t count)
{
	struct owned_prefixes *place =
		config_push(&build->out->owned, &build->out->owned_count, sizeof(*place));

	if (!place)
		return NULL;
	place->items = calloc(count + 1, sizeof(*place->items));
	return place->items;
}

/* `items` stay where they are until the image is live. */
static int place_set(struct build *build, const char *name, const struct prefix *items,
		     size_t count, uint32_t *index)
{
	struct tw_set_map map = {.entries = (uint32_t)count};
	const struct tw_set_map *same;
	struct compiled_set *set;
	int result = 0;

	snprintf(map.name, sizeof(map.name), "%s", name);
	for (size_t i = 0; i < count; i++)
		map.content += prefix_content(&items[i]);
	same = live_set_like(build, &map);
	if (same) {
		map.index = same->index;
		*index = map.index;
		return add_set_map(build, &map);
	}
	result = free_index(build, &map.index);
	set = result ? NULL : config_push(&build->out->sets, &build->out->set_count, sizeof(*set));
	if (!set)
		return result ? result : -ENOMEM;
	set->index = map.index;
	set->items = items;
	set->count = count;
	*index = map.index;
	return add_set_map(build, &map);
}

/* A set of a model that was read back and not changed: its entries are not at hand. */
static int keep_set(struct build *build, const struct set *set)
{
	const struct tw_set_map *live = live_set_at(build, set->index);
	struct tw_set_map map;

	if (!live)
		return -ESTALE;
	map = *live;
	memcpy(map.name, set->name, sizeof(map.name));
	return add_set_map(build, &map);
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
	return place_set(build, tier->name, items, count, &tier->set_index);
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
	size_t count;
	const struct tw_set_map *maps = live_set_maps(build, &count);
	int result = 0;

	for (size_t i = 0; i < count; i++)
		if (maps[i].index < TW_SETS)
			build->set_taken[maps[i].index] = 1;
	for (size_t i = 0; !result && i < build->config->set_count; i++) {
		struct set *set = &build->config->sets[i];

		if (set->index != TW_NONE32)
			result = keep_set(build, set);
		else
			result = place_set(build, set->name, set->items, set->count, &set->index);
	}
	return result ? result : place_tiers(build);
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
	return place_set(build, "", items, count, index);
}
