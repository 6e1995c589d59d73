/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets that rules know by heart: the servers of tiers, and named sets that are small,
 * whose entries do not expire and that several rules ask for.  Which of them hold an
 * address is one look-up for all (struct tw_ladder), and its answer, the class of the
 * address, is a word of the key that trees and vectors tell packets apart by.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

#define KNOWN_PREFIXES 64 /* of one set */
#define KNOWN_RULES    2  /* that ask for it: with one, it can as well be asked itself */
#define KNOWN_SHARE    8 /* one of so many rules of a list, or the class costs more than it saves */
#define INTERVALS_MAX  4096 /* of a family */

typedef unsigned __int128 wide;

/* -- who asks for it -------------------------------------------------------------------- */

static void count_in_addresses(struct build *build, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct set *set = addresses->items[i].kind == ADDRESS_SET
						? config_set(build->config, addresses->items[i].set)
						: NULL;

		if (set)
			build->known.asking[set - build->config->sets]++;
	}
}

static void count_in_rules(struct build *build, const struct rules *rules, size_t from)
{
	for (size_t i = from; i < rules->count; i++) {
		count_in_addresses(build, &rules->items[i].from);
		count_in_addresses(build, &rules->items[i].to);
	}
}

/* Rules that guard begins with and that ask for a set alone do not count. */
int known_begin(struct build *build)
{
	const struct config *config = build->config;

	build->known.asking = calloc(config->set_count + 1, sizeof(*build->known.asking));
	if (!build->known.asking)
		return -ENOMEM;
	count_in_rules(build, &config->guard, front_rules(&config->guard));
	count_in_rules(build, &config->host, 0);
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		count_in_rules(build, &tier->rules, 0);
		for (size_t j = 0; j < tier->server_count; j++)
			count_in_rules(build, &tier->servers[j].rules, 0);
	}
	return 0;
}

static bool is_asked_often(const struct build *build, const char *name)
{
	const struct set *set = config_set(build->config, name);

	return set && build->known.asking[set - build->config->sets] >= KNOWN_RULES;
}

/* -- which they are ------------------------------------------------------------------------ */

static bool has_expiring(const struct prefix *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].seconds)
			return true;
	return false;
}

void known_add(struct build *build, const struct tw_set_map *row, const struct prefix *items,
	       size_t count)
{
	struct known *known = &build->known;

	if (known->set_count == KNOWN_SETS || count > KNOWN_PREFIXES || row->flags & TW_SET_TIMED ||
	    has_expiring(items, count))
		return;
	if (!(row->flags & TW_SET_TIER) && !is_asked_often(build, row->name))
		return;
	known->sets[known->set_count++] = (struct known_set){row->index, items, count};
}

int known_add_live(struct build *build, const struct tw_set_map *row)
{
	const struct tw_known *all;
	struct prefix *items;
	size_t count = 0;

	if (!(row->flags & TW_SET_KNOWN))
		return 0;
	items = own_prefixes(build, row->entries);
	if (!items)
		return -ENOMEM;
	all = (const void *)((const char *)build->live + build->live->known.offset);
	for (uint32_t i = 0; i < build->live->known.count && count < row->entries; i++) {
		if (all[i].set != row->index)
			continue;
		items[count].addr = all[i].addr;
		items[count++].bits = all[i].bits;
	}
	known_add(build, row, items, count);
	return 0;
}

/* -- intervals --------------------------------------------------------------------------------- */

/* A prefix begins at an address to hold it for a set, or has ended before it. */
struct change {
	wide at;
	uint8_t bit;
	int8_t by;
};

struct interval {
	wide from;
	uint64_t held;
};

struct intervals {
	struct interval *items;
	size_t count;
};

static int compare_changes(const void *a, const void *b)
{
	const struct change *left = a, *right = b;

	return left->at < right->at ? -1 : left->at > right->at;
}

static wide address_of(const struct prefix *prefix)
{
	return (wide)be64toh(prefix->addr.halves[0]) << 64 | be64toh(prefix->addr.halves[1]);
}

static size_t note_changes(struct change *changes, size_t count, const struct prefix *prefix,
			   int family, uint8_t bit)
{
	wide top = family ? ~(wide)0 : UINT32_MAX, first = address_of(prefix) & top;
	uint32_t free_bits = 128u - prefix->bits;
	wide rest = free_bits >= 128 ? ~(wide)0 : ((wide)1 << free_bits) - 1, last;

	first &= ~rest;
	last = (first | rest) & top;
	changes[count++] = (struct change){first & top, bit, 1};
	if (last != top)
		changes[count++] = (struct change){last + 1, bit, -1};
	return count;
}

static bool is_of_family(const struct prefix *prefix, int family)
{
	return (prefix->bits >= 96 && addr_is_ipv4(&prefix->addr)) == !family;
}

/* Returns how many. */
static size_t collect_changes(const struct known *known, int family, struct change *changes)
{
	size_t count = 0;

	for (size_t i = 0; i < known->set_count; i++)
		for (size_t j = 0; j < known->sets[i].count; j++)
			if (is_of_family(&known->sets[i].items[j], family))
				count = note_changes(changes, count, &known->sets[i].items[j],
						     family, (uint8_t)i);
	qsort(changes, count, sizeof(*changes), compare_changes);
	return count;
}

static void sweep(struct intervals *out, const struct change *changes, size_t count)
{
	uint32_t depth[KNOWN_SETS] = {0};
	uint64_t held = 0;

	out->items[0] = (struct interval){0, 0};
	out->count = 1;
	for (size_t i = 0; i < count; i++) {
		struct interval *last = &out->items[out->count - 1];

		depth[changes[i].bit] += (uint32_t)changes[i].by;
		held &= ~(1ull << changes[i].bit);
		held |= (uint64_t)(depth[changes[i].bit] > 0) << changes[i].bit;
		if (i + 1 < count && changes[i + 1].at == changes[i].at)
			continue;
		if (last->from == changes[i].at)
			last->held = held;
		else if (last->held != held)
			out->items[out->count++] = (struct interval){changes[i].at, held};
	}
}

static int find_intervals(const struct known *known, int family, struct intervals *out)
{
	size_t room = 2 * KNOWN_PREFIXES * known->set_count + 1;
	struct change *changes = malloc(room * sizeof(*changes));

	out->items = malloc(room * sizeof(*out->items));
	if (changes && out->items)
		sweep(out, changes, collect_changes(known, family, changes));
	free(changes);
	return changes && out->items ? 0 : -ENOMEM;
}

/* -- classes ------------------------------------------------------------------------------------- */

/* Notes what an interval's addresses are held by.  False: there are too many classes. */
static bool note_class(struct known *known, uint64_t held)
{
	for (uint32_t i = 0; i < known->class_count; i++)
		if (known->held[i] == held)
			return true;
	if (known->class_count == KNOWN_CLASSES)
		return false;
	known->held[known->class_count++] = held;
	return true;
}

static uint8_t class_of(const struct known *known, uint64_t held)
{
	uint32_t i = 0;

	while (known->held[i] != held)
		i++;
	return (uint8_t)i;
}

/* The classes that a set holds should stand side by side: each is followed by the one most like it. */
static void order_classes(struct known *known)
{
	for (uint32_t i = 1; i + 1 < known->class_count; i++) {
		uint32_t best = i;
		int least = 65;

		for (uint32_t j = i; j < known->class_count; j++) {
			int differ = __builtin_popcountll(known->held[i - 1] ^ known->held[j]);

			if (differ < least) {
				least = differ;
				best = j;
			}
		}
		if (best != i) {
			uint64_t held = known->held[i];

			known->held[i] = known->held[best];
			known->held[best] = held;
		}
	}
}

/* Class 0 is what no set holds. */
static bool find_classes(struct known *known, const struct intervals intervals[2])
{
	known->class_count = 0;
	note_class(known, 0);
	for (int family = 0; family < 2; family++) {
		if (intervals[family].count > INTERVALS_MAX)
			return false;
		for (size_t i = 0; i < intervals[family].count; i++)
			if (!note_class(known, intervals[family].items[i].held))
				return false;
	}
	order_classes(known);
	return true;
}

/* -- ladders ---------------------------------------------------------------------------------------- */

static void place_value(void *level, int family, size_t i, wide from)
{
	if (family) {
		struct tw_rung6 *rung = (struct tw_rung6 *)level + i / TW_RUNG6_VALUES;

		rung->from[i % TW_RUNG6_VALUES].high = (uint64_t)(from >> 64);
		rung->from[i % TW_RUNG6_VALUES].low = (uint64_t)from;
	} else {
		((uint32_t *)level)[i] = (uint32_t)from;
	}
}

/* Every `step`th value of the lowest level, which is filled up by the highest there can be. */
static int place_level(struct arena *arena, const struct intervals *intervals, int family,
		       size_t count, size_t step, uint32_t *offset)
{
	size_t size = family ? sizeof(struct tw_rung6) / TW_RUNG6_VALUES : sizeof(uint32_t);
	size_t rung = family ? sizeof(struct tw_rung6) : sizeof(struct tw_rung4);
	int result = arena_alloc(arena, count * size, rung, offset);

	for (size_t i = 0; !result && i < count; i++)
		place_value(arena_at(arena, *offset), family, i,
			    i * step < intervals->count ? intervals->items[i * step].from
							: ~(wide)0);
	return result;
}

static int place_classes(struct arena *arena, const struct known *known,
			 const struct intervals *intervals, size_t count, uint32_t *offset)
{
	int result = arena_alloc(arena, count, 8, offset);
	uint8_t *classes = result ? NULL : arena_at(arena, *offset);

	for (size_t i = 0; classes && i < count; i++) {
		size_t from = i < intervals->count ? i : intervals->count - 1;

		classes[i] = class_of(known, intervals->items[from].held);
	}
	return result;
}

static int place_held(struct arena *arena, const struct known *known, uint32_t *offset)
{
	int result = arena_alloc(arena, KNOWN_CLASSES * sizeof(uint64_t), 64, offset);

	if (!result)
		memcpy(arena_at(arena, *offset), known->held,
		       known->class_count * sizeof(uint64_t));
	return result;
}

static int place_ladder(struct arena *arena, struct known *known, const struct intervals *intervals,
			int family)
{
	struct tw_ladder *ladder = &known->ladder[family];
	size_t values = family ? TW_RUNG6_VALUES : TW_RUNG4_VALUES, count = values, step = 1;
	int result;

	for (ladder->levels = 1; count < intervals->count; ladder->levels++)
		count *= values;
	result = place_classes(arena, known, intervals, count, &ladder->classes);
	if (!result)
		result = place_held(arena, known, &ladder->held);
	for (uint32_t i = ladder->levels; !result && i--; step *= values, count /= values)
		result = place_level(arena, intervals, family, count, step, &ladder->at[i]);
	return result;
}

/* -- all of it ---------------------------------------------------------------------------------------- */

static int find_all_intervals(const struct known *known, struct intervals intervals[2])
{
	int result = find_intervals(known, 0, &intervals[0]);

	return result ? result : find_intervals(known, 1, &intervals[1]);
}

static void free_intervals(struct intervals intervals[2])
{
	free(intervals[0].items);
	free(intervals[1].items);
	memset(intervals, 0, 2 * sizeof(*intervals));
}

/* The set that costs the most intervals is asked by itself again. */
static void drop_largest(struct known *known)
{
	size_t largest = 0;

	for (size_t i = 1; i < known->set_count; i++)
		if (known->sets[i].count >= known->sets[largest].count)
			largest = i;
	known->sets[largest] = known->sets[--known->set_count];
}

static int classify_sets(struct known *known, struct intervals intervals[2])
{
	for (;;) {
		int result = find_all_intervals(known, intervals);

		if (result || find_classes(known, intervals))
			return result;
		free_intervals(intervals);
		drop_largest(known);
	}
}

/* What is known by heart of named sets: an edit of other rules needs it again. */
static int note_contents(struct build *build, const struct tw_set_map *row,
			 const struct known_set *set)
{
	for (size_t i = 0; !(row->flags & TW_SET_TIER) && i < set->count; i++) {
		struct tw_known *place = config_push(&build->known_prefixes,
						     &build->known_prefixes_count, sizeof(*place));

		if (!place)
			return -ENOMEM;
		memset(place, 0, sizeof(*place));
		place->addr = set->items[i].addr;
		place->bits = set->items[i].bits;
		place->set = set->index;
	}
	return 0;
}

static int mark_rows(struct build *build)
{
	struct known *known = &build->known;
	int result = 0;

	for (size_t i = 0; i < build->set_maps_count; i++)
		build->set_maps[i].flags &= ~(uint32_t)TW_SET_KNOWN;
	for (size_t i = 0; i < known->set_count; i++) {
		const struct known_set *set = &known->sets[i];

		known->bit[set->index] = (uint8_t)(i + 1);
		for (size_t j = 0; j < set->count; j++)
			known->families[i] |=
				is_of_family(&set->items[j], 0) ? KNOWN_IPV4 : KNOWN_IPV6;
		for (size_t j = 0; !result && j < build->set_maps_count; j++) {
			if (build->set_maps[j].index != set->index)
				continue;
			build->set_maps[j].flags |= TW_SET_KNOWN;
			result = note_contents(build, &build->set_maps[j], set);
		}
	}
	return result;
}

int known_build(struct build *build)
{
	struct known *known = &build->known;
	struct intervals intervals[2] = {0};
	int result;

	known->class_count = 1;
	result = classify_sets(known, intervals);
	for (int family = 0; !result && known->set_count && family < 2; family++)
		result = place_ladder(&build->out->arena, known, &intervals[family], family);
	free_intervals(intervals);
	memcpy(build->header.ladder, known->ladder, sizeof(known->ladder));
	return result ? result : mark_rows(build);
}

uint64_t known_bit(const struct known *known, uint32_t set)
{
	uint8_t bit = known && set < TW_SET_SLOTS ? known->bit[set] : 0;

	return bit ? 1ull << (bit - 1) : 0;
}

static bool asks_known(const struct build *build, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].kind == ADDRESS_SET &&
		    known_bit(&build->known, build_named_set(build, addresses->items[i].set)))
			return true;
	return false;
}

bool known_pays(const struct build *build, const struct rules *rules)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++)
		count += asks_known(build, &rules->items[i].from) ||
			 asks_known(build, &rules->items[i].to);
	return count * KNOWN_SHARE >= rules->count;
}

uint8_t known_families(const struct known *known, uint64_t held)
{
	uint8_t families = 0;

	for (; held; held &= held - 1)
		families |= known->families[__builtin_ctzll(held)];
	return families;
}
