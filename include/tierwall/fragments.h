/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which bytes of a datagram have come, as ranges that do not touch each other.
 * Freestanding: the data path and the unit test compile the same code.
 *
 * What writes over bytes that came before could change what rules have seen, or what
 * is behind the firewall could put together something else (RFC 1858, RFC 5722).
 */
#ifndef TIERWALL_FRAGMENTS_H
#define TIERWALL_FRAGMENTS_H

#include "packet.h"

static __always_inline int tw_fragment_overlaps(const struct tw_fragment *datagram, __u32 start,
						__u32 end)
{
	__u32 overlaps = 0;

	/* the borrow of both differences: no branches, which the verifier would multiply */
	for (int i = 0; i < TW_FRAGMENT_RANGES; i++)
		overlaps |= (start - datagram->range[i].end) & (datagram->range[i].start - end);
	return overlaps >> 31;
}

/* Can what [start, end) holds be noted, in an empty place or beside another range? */
static __always_inline int tw_fragment_has_room(const struct tw_fragment *datagram, __u32 start,
						__u32 end)
{
	__u32 room = 0;

	/* x - 1 borrows where x is 0 */
	for (int i = 0; i < TW_FRAGMENT_RANGES; i++)
		room |= (datagram->range[i].end - 1u) | ((datagram->range[i].end ^ start) - 1) |
			((datagram->range[i].start ^ end) - 1);
	return room >> 31;
}

/* [start, end) overlaps none.  False: there is no room for one more range. */
static __always_inline int tw_fragment_add(struct tw_fragment *datagram, __u32 start, __u32 end)
{
	for (int i = 0; i < TW_FRAGMENT_RANGES; i++) {
		struct tw_fragment_range *range = &datagram->range[i];

		if (!range->end)
			continue;
		if (range->end == start)
			start = range->start;
		else if (range->start == end)
			end = range->end;
		else
			continue;
		range->start = range->end = 0;
	}
	for (int i = 0; i < TW_FRAGMENT_RANGES; i++) {
		struct tw_fragment_range *range = &datagram->range[i];

		if (range->end)
			continue;
		range->start = (__u16)start;
		range->end = (__u16)end;
		return 1;
	}
	return 0;
}

/* Is all of it here?  Then the next fragment with its id is of another datagram. */
static __always_inline int tw_fragment_is_complete(const struct tw_fragment *datagram)
{
	int complete = 0;

	for (int i = 0; i < TW_FRAGMENT_RANGES; i++)
		complete |= datagram->end && !datagram->range[i].start &&
			    datagram->range[i].end == datagram->end;
	return complete;
}

#endif
