/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* FIRST-LAST: a range of addresses as the fewest prefixes. */
#include <endian.h>
#include <string.h>

#include "config/parse.h"

__extension__ typedef unsigned __int128 uint128;

static uint128 number_of(const union tw_addr *addr)
{
	return (uint128)be64toh(addr->halves[0]) << 64 | be64toh(addr->halves[1]);
}

static struct prefix prefix_of(uint128 number, unsigned int zeros)
{
	struct prefix prefix = {.bits = (uint8_t)(128 - zeros)};

	prefix.addr.halves[0] = htobe64((uint64_t)(number >> 64));
	prefix.addr.halves[1] = htobe64((uint64_t)number);
	return prefix;
}

static uint128 ones(unsigned int count)
{
	return count == 128 ? ~(uint128)0 : ((uint128)1 << count) - 1;
}

/* The most zeros that number ends with, so that number with ones there is not beyond last. */
static unsigned int zeros_within(uint128 number, uint128 last)
{
	unsigned int zeros = 0;

	while (zeros < 128 && !(number & ones(zeros + 1)) && (number | ones(zeros + 1)) <= last)
		zeros++;
	return zeros;
}

const char *range_read(const char *text, size_t length, struct address_range *out)
{
	const char *dash = memchr(text, '-', length);
	size_t first = dash ? (size_t)(dash - text) : length;

	if (!dash || address_read(text, first, &out->first) ||
	    address_read(dash + 1, length - first - 1, &out->last))
		return "is not a range of addresses";
	if (addr_is_ipv4(&out->first) != addr_is_ipv4(&out->last))
		return "is a range from one family into the other";
	if (number_of(&out->first) > number_of(&out->last))
		return "is a range that is reversed: the lower address stands first";
	out->done = false;
	return NULL;
}

/*
 * Within a range of IPv6 the addresses that stand for IPv4 are left out: no packet of
 * IPv6 has one, and as a prefix of its own they would be IPv4's.
 */
bool range_next(struct address_range *range, struct prefix *out)
{
	const bool ipv4 = addr_is_ipv4(&range->last);
	const uint128 last = number_of(&range->last);

	while (!range->done) {
		uint128 number = number_of(&range->first);
		unsigned int zeros = zeros_within(number, last);
		uint128 end = number | ones(zeros);

		*out = prefix_of(number, zeros);
		range->done = end == last;
		range->first = prefix_of(end + 1, 0).addr;
		if (prefix_is_ipv4(out) == ipv4)
			return true;
	}
	return false;
}
