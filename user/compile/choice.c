/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which server gets which slots of a table.
 *
 * The table is made from the servers as they are configured, up or not, with exact
 * weights: each gets its share of the slots to within one.  As in Maglev (Eisenbud et
 * al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016) the
 * servers take turns, each in an order of its own.  Unlike there, whoever finds a place
 * taken passes, so that what is taken first depends on no other server's luck: fewer
 * slots move when one is added or changes its weight.  A turn takes a whole block, and
 * all tables have the same blocks: larger tables divide them into more slots, and a
 * table that grows with its tier is still much the same.
 *
 * Slots of a server that takes no flows are given to those that do: each slot asks, in
 * an order of its own, who has that slot of the table, and so on.  A failure moves no
 * flow of another server, and the server's return restores the table that was.
 *
 * Backup servers have no slots of their own.  While they take flows, the slots that are
 * free are divided between them and the others by weighted rendezvous (Thaler and
 * Ravishankar 1998; weights after Schindelhauer and Schomaker 2005).
 *
 * Seeds come from addresses: every node with the same file has the same table, and the
 * order of the file is of no account.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "tierwall/hash.h"

/* So many slots for each unit of the smallest share: a share is then right to 1 %. */
#define SLOTS_FOR_SHARE 101

#define BLOCKS    16384u
#define SLOTS_MAX (256 * BLOCKS)
#define ASKS      32 /* of a free slot, before all servers are compared */
#define GOLDEN    0x9e3779b97f4a7c15ull

struct table {
	const struct candidate *candidates;
	size_t count;
	bool backups_only; /* no other server is configured: they have slots like any */
	uint16_t *slots;
	uint32_t slot_count;
};

/* What it has a right to where all servers take flows. */
static uint32_t share_of(const struct table *table, size_t i)
{
	const struct candidate *candidate = &table->candidates[i];

	return candidate->is_backup && !table->backups_only ? 0 : candidate->weight;
}

static bool has_backups_only(const struct candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].weight && !candidates[i].is_backup)
			return false;
	return true;
}

uint32_t choice_slots(const struct candidate *candidates, size_t count)
{
	const struct table table = {
		.candidates = candidates,
		.count = count,
		.backups_only = has_backups_only(candidates, count),
	};
	uint32_t smallest = 0, slots = BLOCKS;
	uint64_t sum = 0, wanted;
	size_t any = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t share = share_of(&table, i);

		any += candidates[i].weight != 0;
		sum += share;
		if (share && (!smallest || share < smallest))
			smallest = share;
	}
	if (any < 2 || !smallest)
		return 1;
	wanted = SLOTS_FOR_SHARE * ((sum + smallest - 1) / smallest);
	while (slots < wanted && slots < SLOTS_MAX)
		slots *= 2;
	return slots;
}

/* -- the servers as they are configured --------------------------------------------- */

struct turn {
	uint64_t seed;
	uint64_t next; /* place in its order of the blocks */
	uint64_t credit;
	uint32_t share;
	uint32_t left; /* slots that it still gets */
	uint16_t owner;
};

static int by_credit(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->credit != y->credit)
		return x->credit > y->credit ? -1 : 1;
	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static int by_seed(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

/* Slots in proportion to the shares; what rounding leaves over goes round by remainder. */
static void share_slots(struct turn *turns, size_t count, uint32_t slot_count, uint64_t sum)
{
	uint32_t given = 0;

	assert(sum); /* only shares take turns */
	for (size_t i = 0; i < count; i++) {
		turns[i].left = (uint32_t)((uint64_t)slot_count * turns[i].share / sum);
		turns[i].credit = (uint64_t)slot_count * turns[i].share % sum;
		given += turns[i].left;
	}
	qsort(turns, count, sizeof(*turns), by_credit);
	for (size_t i = 0; given < slot_count; i++, given++)
		turns[i].left++;
	for (size_t i = 0; i < count; i++)
		turns[i].credit = 0;
	qsort(turns, count, sizeof(*turns), by_seed);
}

/* Those that get slots.  Returns how many. */
static size_t begin_turns(struct turn *turns, const struct table *table)
{
	uint64_t sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++) {
		uint32_t share = share_of(table, i);

		if (!share)
			continue;
		turns[count++] = (struct turn){
			.seed = table->candidates[i].seed,
			.share = share,
			.owner = (uint16_t)i,
		};
		sum += share;
	}
	if (count)
		share_slots(turns, count, table->slot_count, sum);
	return count;
}

/* What is left of one block, or as much as the server still gets. */
static void take_turn(const struct table *table, struct turn *turn, uint16_t *taken,
		      uint32_t blocks)
{
	uint32_t in_block = table->slot_count / blocks;
	uint64_t hash = tw_mix(turn->seed + ++turn->next * GOLDEN);
	uint32_t block = (uint32_t)((hash >> 32) * blocks >> 32);

	while (turn->left && taken[block] < in_block) {
		table->slots[block * in_block + taken[block]++] = turn->owner;
		turn->left--;
	}
}

static uint32_t largest_share(const struct turn *turns, size_t count)
{
	uint32_t largest = 0;

	for (size_t i = 0; i < count; i++)
		if (turns[i].share > largest)
			largest = turns[i].share;
	return largest;
}

/* A round: the largest share takes a turn, the others in proportion.  Returns who is left. */
static size_t take_round(const struct table *table, struct turn *turns, size_t count,
			 uint16_t *taken, uint32_t largest)
{
	uint32_t blocks = table->slot_count < BLOCKS ? table->slot_count : BLOCKS;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		turns[i].credit += turns[i].share;
		if (turns[i].credit >= largest) {
			turns[i].credit -= largest;
			take_turn(table, &turns[i], taken, blocks);
		}
		if (!turns[i].left)
			continue;
		if (kept != i)
			turns[kept] = turns[i];
		kept++;
	}
	return kept;
}

static void take_turns(const struct table *table, struct turn *turns, size_t count, uint16_t *taken)
{
	uint32_t largest = largest_share(turns, count);

	while (count) {
		size_t kept = take_round(table, turns, count, taken, largest);
		uint32_t before = largest;

		if (kept == count)
			continue;
		count = kept;
		largest = largest_share(turns, count);
		/* with the largest gone, rounds are longer: part of a turn is what it was */
		for (size_t i = 0; i < count && largest != before; i++)
			turns[i].credit = turns[i].credit * largest / before;
	}
}

static int fill_configured(const struct table *table)
{
	struct turn *turns = calloc(table->count + 1, sizeof(*turns));
	uint16_t *taken = calloc(BLOCKS, sizeof(*taken));
	int result = 0;

	if (turns && taken)
		take_turns(table, turns, begin_turns(turns, table), taken);
	else
		result = -ENOMEM;
	free(turns);
	free(taken);
	return result;
}

/* -- those that take flows, in place of those that do not ------------------------------ */

/* Rendezvous score at a place; the highest wins. */
static double score(uint64_t seed, uint64_t weight, uint32_t place)
{
	uint64_t hash = tw_mix(seed ^ tw_mix(place + 1));
	double uniform = ((double)(hash >> 11) + 0.5) / 9007199254740992.0; /* in (0, 1) */

	return (double)weight / -log(uniform);
}

/* Who takes flows now. */
struct live {
	const uint16_t *configured; /* the table as it is where all of them do */
	uint16_t *servers;          /* no backups */
	size_t server_count;
	uint64_t weight; /* of those */
	uint16_t *backups;
	size_t backup_count;
};

/* By rendezvous; `best` is the score to beat. */
static uint16_t best_of(const struct table *table, const uint16_t *among, size_t count,
			uint32_t place, double best)
{
	uint16_t winner = TW_NONE16;

	for (size_t i = 0; i < count; i++) {
		const struct candidate *candidate = &table->candidates[among[i]];
		double its_score = score(candidate->seed, candidate->weight, place);

		if (its_score > best) {
			winner = among[i];
			best = its_score;
		}
	}
	return winner;
}

/*
 * Who has the slot in place of its owner.  The table itself is asked, since whom a random
 * slot of it names is a choice by weight; seldom, when next to all are down, nobody is
 * found that way.
 */
static uint16_t stand_in(const struct table *table, const struct live *live, uint32_t slot)
{
	uint32_t place = slot * (SLOTS_MAX / table->slot_count); /* the same in every size */
	uint64_t seed = tw_mix(place + 1);

	if (live->backup_count) {
		double others = live->weight ? score(0, live->weight, place) : 0;
		uint16_t backup = best_of(table, live->backups, live->backup_count, place, others);

		if (backup != TW_NONE16)
			return backup;
	}
	for (uint32_t i = 1; live->server_count && i <= ASKS; i++) {
		uint64_t hash = tw_mix(seed + i * GOLDEN);
		uint16_t owner = live->configured[(hash >> 32) * table->slot_count >> 32];

		if (table->candidates[owner].takes_flows)
			return owner;
	}
	return best_of(table, live->servers, live->server_count, place, 0);
}

/* Both lists have room for all candidates. */
static void find_live(struct live *live, const struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct candidate *candidate = &table->candidates[i];

		if (!candidate->takes_flows || !candidate->weight)
			continue;
		if (candidate->is_backup) {
			live->backups[live->backup_count++] = (uint16_t)i;
		} else {
			live->servers[live->server_count++] = (uint16_t)i;
			live->weight += candidate->weight;
		}
	}
}

static bool takes_flows(const struct table *table, uint32_t slot)
{
	return table->candidates[table->slots[slot]].takes_flows;
}

static int fill_free(const struct table *table)
{
	const size_t bytes = table->slot_count * sizeof(*table->slots);
	uint16_t *lists = calloc(2 * table->count, sizeof(*lists));
	uint16_t *configured = malloc(bytes);
	struct live live = {
		.configured = configured,
	};

	if (lists && configured) {
		live.servers = lists;
		live.backups = lists + table->count;
		memcpy(configured, table->slots, bytes);
		find_live(&live, table);
		for (uint32_t slot = 0; slot < table->slot_count; slot++)
			if (!takes_flows(table, slot))
				table->slots[slot] = stand_in(table, &live, slot);
	}
	free(lists);
	free(configured);
	return lists && configured ? 0 : -ENOMEM;
}

static bool all_take_flows(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (share_of(table, i) && !table->candidates[i].takes_flows)
			return false;
	return true;
}

int choice_fill(uint16_t *slots, uint32_t slot_count, const struct candidate *candidates,
		size_t count)
{
	const struct table table = {
		.candidates = candidates,
		.count = count,
		.backups_only = has_backups_only(candidates, count),
		.slots = slots,
		.slot_count = slot_count,
	};
	bool any = false;
	int result;

	for (uint32_t slot = 0; slot < slot_count; slot++)
		slots[slot] = TW_NONE16;
	for (size_t i = 0; i < count; i++)
		any = any || candidates[i].weight;
	if (!any)
		return 0;
	assert(slot_count && SLOTS_MAX % slot_count == 0); /* of choice_slots() */
	result = fill_configured(&table);
	return result || all_take_flows(&table) ? result : fill_free(&table);
}
