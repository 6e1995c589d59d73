/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lists of prefixes in order and without duplicates, a million in a tenth of a second. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

static int compare(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;
	bool a_ipv4 = prefix_is_ipv4(a), b_ipv4 = prefix_is_ipv4(b);

	if (a_ipv4 != b_ipv4)
		return b_ipv4 - a_ipv4;
	for (int i = 0; i < 2; i++)
		if (a->addr.halves[i] != b->addr.halves[i])
			return be64toh(a->addr.halves[i]) < be64toh(b->addr.halves[i]) ? -1 : 1;
	return a->bits - b->bits;
}

/* The digits of a prefix from the lowest: its length, then its address from the end on. */
#define DIGITS 17

static unsigned int digit_of(const struct prefix *prefix, int digit)
{
	return digit ? prefix->addr.bytes[16 - digit] : prefix->bits;
}

/*
 * Comparing is slow where the order is random, because no branch is foreseen; so
 * large lists are sorted digit by digit.  False: no memory for it.
 */
static bool radix_sort(struct prefix *items, size_t count)
{
	size_t(*counts)[256] = calloc(DIGITS, sizeof(*counts));
	struct prefix *spare = reallocarray(NULL, count, sizeof(*spare)), *from = items,
		      *to = spare;
	bool done = counts && spare;

	for (size_t i = 0; done && i < count; i++)
		for (int digit = 0; digit < DIGITS; digit++)
			counts[digit][digit_of(&items[i], digit)]++;
	for (int digit = 0; done && digit < DIGITS; digit++) {
		struct prefix *swap = from;
		size_t next = 0;

		if (counts[digit][digit_of(&from[0], digit)] == count)
			continue;
		for (int value = 0; value < 256; value++) {
			size_t here = counts[digit][value];

			counts[digit][value] = next;
			next += here;
		}
		for (size_t i = 0; i < count; i++)
			to[counts[digit][digit_of(&from[i], digit)]++] = from[i];
		from = to;
		to = swap;
	}
	if (done && from != items)
		memcpy(items, from, count * sizeof(*items));
	free(counts);
	free(spare);
	return done;
}

static void keep_longest(struct prefix *kept, const struct prefix *other)
{
	if (!other->seconds)
		kept->seconds = 0;
	else if (kept->seconds && other->seconds > kept->seconds)
		kept->seconds = other->seconds;
}

/* Brings IPv4 to the front; returns how many there are. */
static size_t part_families(struct prefix *items, size_t count)
{
	size_t ipv4 = 0, rest = count;

	while (ipv4 < rest) {
		struct prefix swap = items[ipv4];

		if (prefix_is_ipv4(&swap)) {
			ipv4++;
			continue;
		}
		items[ipv4] = items[--rest];
		items[rest] = swap;
	}
	return ipv4;
}

#define SMALL 1024

static void sort_family(struct prefix *items, size_t count)
{
	if (count < SMALL || !radix_sort(items, count))
		qsort(items, count, sizeof(*items), compare);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	return compare(a, b);
}

void prefixes_merge(struct prefix *items, size_t *count)
{
	size_t kept = 0, sorted = 1, ipv4;

	/* What `show config` prints and what tools make is in order already. */
	while (sorted < *count && compare(&items[sorted - 1], &items[sorted]) < 0)
		sorted++;
	if (sorted >= *count)
		return;
	ipv4 = part_families(items, *count);
	sort_family(items, ipv4);
	sort_family(items + ipv4, *count - ipv4);
	for (size_t i = 0; i < *count; i++)
		if (!kept || compare(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
		else
			keep_longest(&items[kept - 1], &items[i]);
	*count = kept;
}
