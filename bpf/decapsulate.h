/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `decap`: tunnels of the balancers named there that end at this node.  The outer header
 * is taken off before any rule is asked, and what was in it goes on as if it had come so.
 *
 * IP in IP, and GUE: variant 1, which has the packet behind the UDP header at once, or
 * variant 0 with its header of four bytes and no option.  Whatever else comes, a fragment
 * of a tunnel, or from or to somebody else, stays what it is: rules decide about it.  The
 * UDP checksum is not looked at: the packet inside has its own.
 */
#ifndef TIERWALL_BPF_DECAPSULATE_H
#define TIERWALL_BPF_DECAPSULATE_H

#include "firewall.h"
#include "own.h"
#include "parse.h"
#include "tierwall/checksum.h"

#define ECN_MASK 3 /* of a traffic class: congestion was experienced, or nothing is said */
#define ECN_CE   3

/* enum tw_tunnel that the packet looks like, TW_TUNNELS: none. */
static __always_inline __u32 tunnel_form(const struct tw_policy *image, const struct tw_packet *p)
{
	if (p->part != TW_WHOLE)
		return TW_TUNNELS;
	if (p->protocol == IPPROTO_IPIP || p->protocol == IPPROTO_IPV6)
		return TW_TUNNEL_IPIP;
	if (p->protocol == IPPROTO_UDP && p->dport == image->gue_port)
		return TW_TUNNEL_GUE;
	return TW_TUNNELS;
}

static __always_inline int ends_here(struct xdp_md *ctx, const struct path *path,
				     const struct tw_packet *p)
{
	const struct tw_address *address = policy_address(path->policy, &p->daddr);

	if (address && address->kind & TW_ADDRESS_LOCAL)
		return 1;
	return is_for_node(ctx, path, p);
}

/*
 * Where the inner packet begins, and its family; 0: there is none.  `at`: behind the
 * outer IP header.
 */
static __always_inline __u32 find_inner(const struct tw_packet *p, const void *data,
					const void *end, __u32 *family)
{
	__u8 protocol = p->protocol;
	__u32 at = p->l4;
	const __u8 *first;

	if (protocol == IPPROTO_UDP) {
		at += sizeof(struct udphdr);
		first = tw_at(data, end, at, 4);
		if (!first)
			return 0;
		if (first[0] >> 6 == 0) { /* variant 0 */
			protocol = first[1];
			if (first[0] || first[2] || first[3])
				return 0;
			at += 4;
		} else {
			protocol = first[0] >> 4 == 6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
		}
	}
	*family = protocol == IPPROTO_IPV6;
	if (protocol != IPPROTO_IPV6 && protocol != IPPROTO_IPIP)
		return 0;
	first = tw_at(data, end, at, *family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	return first && first[0] >> 4 == (*family ? 6 : 4) ? at : 0;
}

/* Marks the packet as one that met congestion on its way through the tunnel (RFC 6040, 4.2). */
static __always_inline int mark_congestion(void *inner, void *end, __u32 family)
{
	if (family) {
		__u8 *ip = inner;

		if ((void *)(ip + 2) > end || !(ip[1] >> 4 & ECN_MASK))
			return 0;
		ip[1] |= ECN_CE << 4;
	} else {
		struct iphdr *ip = inner;
		__u16 *class = inner, before;

		if ((void *)(ip + 1) > end || !(ip->tos & ECN_MASK))
			return 0;
		before = *class;
		ip->tos |= ECN_CE;
		ip->check = tw_checksum_apply(ip->check, tw_checksum_change16(0, before, *class));
	}
	return 1;
}

/* The Ethernet header to before the inner packet, which is then parsed. */
static __always_inline int strip_outer(struct xdp_md *ctx, __u64 l3, __u32 bytes, __u32 family)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct l2_tags *l2 = data, old;
	__be16 *type;

	if ((void *)(l2 + 1) > end)
		return 0;
	old = *l2;
	if (bpf_xdp_adjust_head(ctx, (int)bytes))
		return 0;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	l2 = data;
	if (l3 > L2_MAX || (void *)(l2 + 1) > end)
		return 0;
	__builtin_memcpy(l2->macs, old.macs, sizeof(old.macs));
	if (l3 > sizeof(struct ethhdr))
		l2->tags[0] = old.tags[0];
	if (l3 == L2_MAX)
		l2->tags[1] = old.tags[1];
	l3 -= sizeof(struct ethhdr); /* of the tags */
	barrier_var(l3);
	type = data + sizeof(l2->macs) + (l3 & 0xf);
	if ((void *)(type + 1) > end)
		return 0;
	*type = __builtin_bswap16(family ? ETH_P_IPV6 : ETH_P_IP);
	return 1;
}

/* -- in global functions, for the verifier to walk each once ------------------------------- */

/* Is the packet a tunnel that ends at this node?  Then work->form is its enum tw_tunnel. */
__noinline int tunnel_here(struct xdp_md *ctx)
{
	struct path path;

	if (!path_resume(&path))
		return 0;
	path.work->form = tunnel_form(path.policy, &path.work->packet);
	return path.work->form != TW_TUNNELS && ends_here(ctx, &path, &path.work->packet);
}

/* Are tunnels of work->form opened that come from there? */
__noinline int tunnel_is_allowed(void)
{
	struct path path;

	if (!path_resume(&path))
		return 0;
	key_fill(&path, &path.work->packet, 0);
	if (list_decide(&path, &path.work->packet, path.policy->decap[path.work->form & 1]).rule ==
	    TW_NONE32)
		return 0;
	trace_step(&path, TW_STAGE_DECAP, TW_SAYS_DECAP, path.work->form);
	return 1;
}

/*
 * Takes the outer header off: enum tw_parsed of what is then the packet.  Without one in
 * it all stays as it is.
 */
__noinline int decapsulate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 inner, family = 0, congested = 0, zero = 0;
	struct work *work = bpf_map_lookup_elem(&works, &zero);
	struct tw_packet *p;
	__u64 l3;
	__u8 *ip;
	int parsed;

	if (!work)
		return TW_PARSED_NOT;
	p = &work->packet;
	l3 = p->l3;
	barrier_var(l3);
	inner = find_inner(p, data, end, &family);
	if (!inner || l3 > L2_MAX || inner < l3)
		return TW_PARSED;
	ip = data + l3;
	if ((void *)(ip + 2) > end)
		return TW_PARSED;
	congested = ((p->family ? ip[1] >> 4 : ip[1]) & ECN_MASK) == ECN_CE;
	if (!strip_outer(ctx, l3, inner - (__u32)l3, family))
		return TW_PARSED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (congested)
		congested = !mark_congestion(data + l3, end, family);
	parsed = parse_all(ctx);
	if (congested)
		tw_fault(p, TW_CHECK_MALFORMED); /* not to be marked: RFC 6040 has it dropped */
	return parsed;
}

#endif
