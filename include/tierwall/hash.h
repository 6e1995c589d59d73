/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hashes that the data path and the compiler share.
 *
 * tw_hash_flow() spreads flows over a service's slots.  It is keyed by the
 * configuration's `hash-key`: nodes with the same key choose alike, and clients
 * who do not know it cannot aim at one server.  A multiply-mix in the manner of
 * MurmurHash3's finalizer, two rounds for IPv4.
 */
#ifndef TIERWALL_HASH_H
#define TIERWALL_HASH_H

#include "packet.h"

static __always_inline __u64 tw_mix(__u64 h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	h ^= h >> 33;
	return h;
}

/* Of what stands last in an address, where addresses of one net differ, all bits depend. */
static __always_inline __u32 tw_hash_addr(const union tw_addr *addr)
{
	__u64 high = __builtin_bswap64(addr->halves[0]), low = __builtin_bswap64(addr->halves[1]);

	return (__u32)((high * 0x9e3779b97f4a7c15ull + low) * 0xc4ceb9fe1a85ec53ull >> 32);
}

/* Takes out of a copy of a packet what a service's hash leaves out. */
static __always_inline void tw_hash_only(struct tw_packet *p, const struct tw_service *service)
{
	const __u64 *mask = service->source_mask[p->family & 1];

	p->saddr.halves[0] &= mask[0];
	p->saddr.halves[1] &= mask[1];
	if (service->hash_off & TW_HASH_SOURCE_PORT)
		p->sport = 0;
	if (service->hash_off & TW_HASH_DESTINATION)
		p->daddr.halves[0] = p->daddr.halves[1] = 0;
	if (service->hash_off & TW_HASH_DESTINATION_PORT)
		p->dport = 0;
	if (service->hash_off & TW_HASH_PROTOCOL)
		p->protocol = 0;
}

/* 32 bits; slot = hash * slots >> 32 */
static __always_inline __u32 tw_hash_flow(const __u64 key[2], const struct tw_packet *p)
{
	__u64 ports = (__u64)p->sport << 32 | (__u64)p->dport << 16 | p->protocol;
	__u64 h = key[0] ^ ports;

	if (p->family) {
		h = tw_mix(h ^ p->saddr.halves[0]);
		h = tw_mix(h ^ p->saddr.halves[1]);
		h = tw_mix(h ^ p->daddr.halves[0] ^ key[1]);
		h = tw_mix(h ^ p->daddr.halves[1]);
	} else {
		h = tw_mix(h ^ ((__u64)p->saddr.words[3] << 8));
		h = tw_mix(h ^ key[1] ^ (__force __u32)p->daddr.words[3] ^
			   ((__u64)p->saddr.words[3] << 32));
	}
	return (__u32)(h >> 32);
}

#endif
