/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is a packet for this node, though its destination is none of the addresses that the
 * policy was compiled with?  The node may have got it since: by DHCP, by a router's
 * advertisement, at boot.  Asked only where there are rules of `host` to ask.
 *
 * What the kernel does not forward it receives, or it throws it away.  Others on the same
 * wire, behind a bridge or a macvlan of this node, have link addresses of their own.
 */
#ifndef TIERWALL_BPF_OWN_H
#define TIERWALL_BPF_OWN_H

#include "next_hop.h"

/* To a group: 224.0.0.0/3, which holds the broadcast of DHCP, and ff00::/8. */
static __always_inline int is_group(const struct tw_packet *p)
{
	return p->family ? p->daddr.bytes[0] == 0xff : p->daddr.bytes[12] >= 0xe0;
}

/* Does the frame come to this node, or to all on its wire? */
static __always_inline int frame_is_own(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	__u64 mac = 0;

	if ((const void *)(eth + 1) > end)
		return 0;
	if (eth->h_dest[0] & 1)
		return 1;
	__builtin_memcpy(&mac, eth->h_dest, sizeof(eth->h_dest));
	return bpf_map_lookup_elem(&own_macs, &mac) != NULL;
}

/* What the kernel does with this address; asked once a second for each one and CPU. */
static __always_inline int is_received(struct xdp_md *ctx, const struct path *path,
				       const union tw_addr *addr)
{
	__u32 row = tw_hash_addr(addr) % TW_OWN_ANSWERS;
	struct tw_own_answer *answer = bpf_map_lookup_elem(&own_answers, &row);
	struct bpf_fib_lookup fib;
	long result;
	int is_own;

	if (!answer)
		return 1;
	if (answer->second == path->second && answer->ingress == path->ingress &&
	    tw_addr_equal(&answer->addr, addr))
		return answer->is_own != 0;
	result = next_hop_ask(ctx, path, addr, &fib);
	is_own = result == BPF_FIB_LKUP_RET_NOT_FWDED || result == BPF_FIB_LKUP_RET_FWD_DISABLED;
	if (!path->trace) {
		answer->addr = *addr;
		answer->ingress = path->ingress;
		answer->second = path->second;
		answer->is_own = is_own;
	}
	return is_own;
}

static __noinline int is_for_node(struct xdp_md *ctx, const struct path *path,
				  const struct tw_packet *p)
{
	/* of an answer, `p` is not the packet that came in */
	if (is_group(p) || !tw_addr_equal(&p->daddr, &path->work->packet.daddr) ||
	    !frame_is_own(ctx))
		return 0;
	return is_received(ctx, path, &p->daddr);
}

#endif
