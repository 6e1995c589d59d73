/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which server gets which slots of a service's table.
 *
 * The table is Maglev's (Eisenbud et al., "Maglev: A Fast and Reliable Software
 * Network Load Balancer", NSDI 2016), made from the servers as they are configured,
 * up or not, with exact weights: each gets its share of the slots to within one.
 * Seeds come from addresses, so that every node with the same file has the same.
 *
 * Slots of a server that takes no flows are then given to those that do, each by
 * weighted rendezvous (Thaler and Ravishankar 1998; weights after Schindelhauer and
 * Schomaker 2005).  A failure moves no flow of another server, and the server's
 * return restores the table that was.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "tierwall/hash.h"

/* So many slots for each unit of the smallest share: a share is then right to 1 %. */
#define SLOTS_FOR_SHARE 101

static const uint32_t primes[] = {1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071, 262139};

uint32_t choice_slots(const struct candidate *candidates, size_t count)
{
	const size_t largest = sizeof(primes) / sizeof(primes[0]) - 1;
	uint32_t smallest = 0;
	uint64_t sum = 0, wanted;
	size_t i;

	for (i = 0; i < count; i++) {
		sum += candidates[i].weight;
		if (candidates[i].weight && (!smallest || candidates[i].weight < smallest))
			smallest = candidates[i].weight;
	}
	wanted = smallest ? SLOTS_FOR_SHARE * ((sum + smallest - 1) / smallest) : 0;
	for (i = 0; i < largest && primes[i] < wanted; i++)
		;
	return primes[i];
}

struct turn {
	uint32_t offset, skip; /* of its permutation of the slots */
	uint32_t next;         /* place in the permutation */
	uint32_t left;         /* slots that it still gets */
	uint64_t credit;
};

/* Slots in proportion to the weights; what rounding leaves over goes round by remainder. */
static void share_slots(struct turn *turns, uint32_t slot_count, const struct candidate *candidates,
			size_t count, uint64_t sum)
{
	uint32_t given = 0;

	for (size_t i = 0; i < count; i++) {
		turns[i].left = (uint32_t)((uint64_t)slot_count * candidates[i].weight / sum);
		turns[i].credit = (uint64_t)slot_count * candidates[i].weight % sum;
		given += turns[i].left;
	}
	while (given < slot_count) {
		size_t best = 0;

		for (size_t i = 1; i < count; i++)
			if (turns[i].credit > turns[best].credit)
				best = i;
		turns[best].left++;
		turns[best].credit = 0;
		given++;
	}
}

static void take_slot(uint16_t *slots, uint32_t slot_count, struct turn *turn, uint16_t owner)
{
	uint32_t slot;

	do {
		slot = (uint32_t)((turn->offset + (uint64_t)turn->next * turn->skip) % slot_count);
		turn->next++;
	} while (slots[slot] != TW_NONE16);
	slots[slot] = owner;
	turn->left--;
}

static int fill_configured(uint16_t *slots, uint32_t slot_count, const struct candidate *candidates,
			   size_t count, uint64_t sum, uint32_t heaviest)
{
	struct turn *turns = calloc(count, sizeof(*turns));
	uint32_t filled = 0;

	if (!turns)
		return -ENOMEM;
	assert(sum && slot_count > 1); /* choice_fill() sees to that */
	share_slots(turns, slot_count, candidates, count, sum);
	for (size_t i = 0; i < count; i++) {
		turns[i].offset = (uint32_t)(tw_mix(candidates[i].seed) % slot_count);
		turns[i].skip = (uint32_t)(tw_mix(~candidates[i].seed) % (slot_count - 1)) + 1;
		turns[i].credit = 0;
	}
	while (filled < slot_count) {
		for (size_t i = 0; i < count; i++) {
			turns[i].credit += candidates[i].weight;
			if (turns[i].credit < heaviest || !turns[i].left)
				continue;
			turns[i].credit -= heaviest;
			take_slot(slots, slot_count, &turns[i], (uint16_t)i);
			filled++;
		}
	}
	free(turns);
	return 0;
}

/* Rendezvous score of a candidate for a slot; the highest wins. */
static double score(const struct candidate *candidate, uint32_t slot)
{
	uint64_t hash = tw_mix(candidate->seed ^ tw_mix(slot + 1));
	double uniform = ((double)(hash >> 11) + 0.5) / 9007199254740992.0; /* in (0, 1) */

	return candidate->weight / -log(uniform);
}

static uint16_t stand_in(const struct candidate *candidates, size_t count, uint32_t slot)
{
	uint16_t best = TW_NONE16;
	double best_score = 0;

	for (size_t i = 0; i < count; i++) {
		double its_score;

		if (!candidates[i].takes_flows || !candidates[i].weight)
			continue;
		its_score = score(&candidates[i], slot);
		if (best == TW_NONE16 || its_score > best_score) {
			best = (uint16_t)i;
			best_score = its_score;
		}
	}
	return best;
}

int choice_fill(uint16_t *slots, uint32_t slot_count, const struct candidate *candidates,
		size_t count)
{
	uint32_t heaviest = 0;
	uint64_t sum = 0;
	int result;

	for (uint32_t slot = 0; slot < slot_count; slot++)
		slots[slot] = TW_NONE16;
	for (size_t i = 0; i < count; i++) {
		sum += candidates[i].weight;
		if (candidates[i].weight > heaviest)
			heaviest = candidates[i].weight;
	}
	if (!sum)
		return 0;
	result = fill_configured(slots, slot_count, candidates, count, sum, heaviest);
	if (result)
		return result;
	for (uint32_t slot = 0; slot < slot_count; slot++)
		if (!candidates[slots[slot]].takes_flows)
			slots[slot] = stand_in(candidates, count, slot);
	return 0;
}
