/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Incremental update of the Internet checksum (RFC 1624, equation 3):
 * HC' = ~(~HC + ~m + m').  Fields go in as they stand in the packet; the byte
 * order does not matter as long as it is one.
 */
#ifndef TIERWALL_CHECKSUM_H
#define TIERWALL_CHECKSUM_H

#include "packet.h"

static __always_inline __u16 tw_checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* What a change of a field adds to a sum; the sum starts at 0 and takes many. */
static __always_inline __u64 tw_checksum_change16(__u64 sum, __u16 from, __u16 to)
{
	return sum + (__u16)~from + to;
}

static __always_inline __u64 tw_checksum_change32(__u64 sum, __be32 from, __be32 to)
{
	return sum + (__u32) ~(__force __u32)from + (__force __u32)to;
}

/* The address's last 32 bits for IPv4, all of it for IPv6. */
static __always_inline __u64 tw_checksum_change_addr(__u64 sum, const union tw_addr *from,
						     const union tw_addr *to, int family)
{
	if (family) {
		sum = tw_checksum_change32(sum, from->words[0], to->words[0]);
		sum = tw_checksum_change32(sum, from->words[1], to->words[1]);
		sum = tw_checksum_change32(sum, from->words[2], to->words[2]);
	}
	return tw_checksum_change32(sum, from->words[3], to->words[3]);
}

static __always_inline __u16 tw_checksum_apply(__u16 check, __u64 sum)
{
	return (__u16)~tw_checksum_fold((__u16)~check + sum);
}

#endif
