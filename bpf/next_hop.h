/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a packet goes next: the kernel's routes and neighbours, asked every ten
 * milliseconds (or at each tick of the clock, where that is longer) for each address and CPU.
 */
#ifndef TIERWALL_BPF_NEXT_HOP_H
#define TIERWALL_BPF_NEXT_HOP_H

#include "path.h"
#include "tierwall/hash.h"

#define ADDRESS_FAMILY_INET  2
#define ADDRESS_FAMILY_INET6 10

static __always_inline long next_hop_ask(struct xdp_md *ctx, const struct path *path,
					 const union tw_addr *to, struct bpf_fib_lookup *fib)
{
	const struct tw_packet *p = &path->work->packet;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = path->ingress;
	fib->l4_protocol = p->protocol;
	fib->tot_len = 1; /* asks for the MTU, which comes back in its place */
	/* a tunnel may lead over the other family, in which the sender has no address */
	if (!tw_addr_is_ipv4(to)) {
		fib->family = ADDRESS_FAMILY_INET6;
		if (p->family)
			__builtin_memcpy(fib->ipv6_src, &p->saddr, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, to, sizeof(fib->ipv6_dst));
	} else {
		fib->family = ADDRESS_FAMILY_INET;
		if (!p->family)
			fib->ipv4_src = p->saddr.words[3];
		fib->ipv4_dst = to->words[3];
	}
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

/* (No address is zero, so a row that was never filled is none of them.) */
static __always_inline int next_hop_is_known(const struct tw_next_hop *cached,
					     const struct path *path, const union tw_addr *to,
					     __u32 now)
{
	__u32 good = hz * TW_NEXT_HOP_MS / 1000;

	return now - cached->asked < (good ? good : 1) && cached->ingress == path->ingress &&
	       tw_addr_equal(&cached->addr, to);
}

/*
 * The next hop towards `to`: 0 and *hop, or what bpf_fib_lookup() said (the kernel
 * does not forward, has no route, has no neighbour yet).
 */
static __noinline int next_hop_find(struct xdp_md *ctx, const struct path *path,
				    const union tw_addr *to, struct tw_next_hop *hop)
{
	__u32 row = tw_hash_addr(to) % TW_NEXT_HOPS, now = (__u32)bpf_jiffies64();
	struct tw_next_hop *cached = bpf_map_lookup_elem(&next_hops, &row);
	struct bpf_fib_lookup fib;
	long result;

	if (!cached)
		return -1;
	if (next_hop_is_known(cached, path, to, now)) {
		*hop = *cached;
		return 0;
	}
	result = next_hop_ask(ctx, path, to, &fib);
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return (int)result;
	hop->addr = *to;
	hop->ingress = path->ingress;
	hop->asked = now;
	hop->ifindex = fib.ifindex;
	hop->mtu = fib.mtu_result;
	__builtin_memcpy(hop->dmac, fib.dmac, sizeof(hop->dmac));
	__builtin_memcpy(hop->smac, fib.smac, sizeof(hop->smac));
	hop->_pad = 0;
	if (!path->trace)
		*cached = *hop;
	return 0;
}

/*
 * Does the way back to `addr` lead through the device that this packet came in by?
 * Without that check a stranger could open flows in a server's name.
 */
static __noinline int next_hop_is_ingress(struct xdp_md *ctx, const struct path *path,
					  const union tw_addr *addr)
{
	struct bpf_fib_lookup fib;
	long result = next_hop_ask(ctx, path, addr, &fib);

	if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
		return 0;
	return fib.ifindex == path->ingress;
}

#endif
