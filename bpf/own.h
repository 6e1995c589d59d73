/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is a packet for this node, though its destination is none of the addresses that the
 * policy was compiled with?  The node may have got it since: by DHCP, by a router's
 * advertisement, at boot.  Asked only where there are rules of `host` to ask.
 *
 * Others on the same wire, behind a bridge or a macvlan of this node, have link addresses
 * of their own: what comes to those is none of the node's, whatever its routes say.
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

/* Has the kernel a route to the address that differs in these bits of the last byte? */
static __always_inline int is_routed(struct xdp_md *ctx, const struct path *path,
				     const union tw_addr *addr, __u8 bits)
{
	union tw_addr near = *addr;
	struct bpf_fib_lookup fib;
	long result;

	near.bytes[15] ^= bits;
	result = next_hop_ask(ctx, path, &near, &fib);
	return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/*
 * Does the kernel receive what is for this address?  The look-up says of the node's own
 * addresses what it says of those without a route: not forwarded.  But where the addresses
 * around it have one, so has this, and then it is the node's own, or its net's broadcast.
 * One neighbour may have a route to itself, or be the broadcast: two of three decide.
 */
static __noinline int is_received(struct xdp_md *ctx, const struct path *path,
				  const union tw_addr *addr)
{
	struct bpf_fib_lookup fib;
	long result = next_hop_ask(ctx, path, addr, &fib);
	int routed;

	if (result == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return 1; /* what is not received is thrown away */
	if (result != BPF_FIB_LKUP_RET_NOT_FWDED)
		return 0;
	routed = is_routed(ctx, path, addr, 1) + is_routed(ctx, path, addr, 2);
	return routed == 2 || (routed && is_routed(ctx, path, addr, 4));
}

static __always_inline struct tw_own_answer *own_answer(const union tw_addr *addr)
{
	__u32 row = tw_hash_addr(addr) % TW_OWN_ANSWERS;

	return bpf_map_lookup_elem(&own_answers, &row);
}

static __always_inline int own_answer_is_for(const struct tw_own_answer *answer,
					     const struct path *path, const union tw_addr *addr)
{
	return answer->second == path->second && answer->ingress == path->ingress &&
	       tw_addr_equal(&answer->addr, addr);
}

/* is_received(), asked once a second for each address and CPU. */
static __always_inline int is_own(struct xdp_md *ctx, const struct path *path,
				  const union tw_addr *addr)
{
	struct tw_own_answer *answer = own_answer(addr);
	int own;

	if (!answer)
		return 1;
	if (own_answer_is_for(answer, path, addr))
		return answer->is_own != 0;
	own = is_received(ctx, path, addr);
	if (!path->trace) {
		answer->addr = *addr;
		answer->ingress = path->ingress;
		answer->second = path->second;
		answer->is_own = own;
	}
	return own;
}

static __noinline int is_for_node(struct xdp_md *ctx, const struct path *path,
				  const struct tw_packet *p)
{
	/* of an answer, `p` is not the packet that came in */
	if (is_group(p) || !tw_addr_equal(&p->daddr, &path->work->packet.daddr) ||
	    !frame_is_own(ctx))
		return 0;
	return is_own(ctx, path, &p->daddr);
}

/* Is it told, without asking the kernel, that is_for_node() says no? */
static __always_inline int is_surely_not_own(const struct path *path, const struct tw_packet *p)
{
	const struct tw_own_answer *answer;

	if (is_group(p))
		return 1;
	answer = own_answer(&p->daddr);
	return answer && own_answer_is_for(answer, path, &p->daddr) && !answer->is_own;
}

#endif
