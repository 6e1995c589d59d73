/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors.  An error that quotes a packet of an accepted flow, or of a connection
 * that this node holds, belongs to it and needs no rule: path MTU discovery and
 * quick refusals depend on that.
 */
#ifndef TIERWALL_BPF_RELATED_H
#define TIERWALL_BPF_RELATED_H

#include "flow.h"
#include "socket.h"

/* The first eight bytes of a transport header, all that RFC 792 promises. */
struct quoted_transport {
	__be16 source, dest; /* of an ICMP message: type and code, checksum */
	__be16 id, rest;
};

/*
 * What the receiver of the quoted packet would send back, which is how the flow's
 * other direction comes in here.  0: the quote is of no use.
 */
static __always_inline int quoted_opposite(struct tw_packet *opposite, const struct tw_packet *p,
					   const void *data, const void *end)
{
	__u32 at = p->l4 + sizeof(struct tw_icmp);
	const struct quoted_transport *transport;

	barrier_var(at); /* what tw_at() checks is what is added, not p->l4 */
	opposite->family = p->family;
	if (p->family) {
		const struct ipv6hdr *ip = tw_at(data, end, at, sizeof(*ip));

		if (!ip || ip->version != 6)
			return 0;
		tw_addr_copy(&opposite->saddr, &ip->daddr);
		tw_addr_copy(&opposite->daddr, &ip->saddr);
		opposite->protocol = ip->nexthdr;
		at += sizeof(*ip);
	} else {
		const struct iphdr *ip = tw_at(data, end, at, sizeof(*ip));

		if (!ip || ip->version != 4 || ip->ihl < 5 || ip->frag_off & 0xff1f)
			return 0;
		tw_addr_from_ipv4(&opposite->saddr, ip->daddr);
		tw_addr_from_ipv4(&opposite->daddr, ip->saddr);
		opposite->protocol = ip->protocol;
		at += ip->ihl * 4u;
	}
	transport = tw_at(data, end, at, sizeof(*transport));
	if (!transport)
		return 0;
	if (tw_has_ports(opposite->protocol)) {
		opposite->sport = tw_host16(transport->dest);
		opposite->dport = tw_host16(transport->source);
	} else if (tw_is_icmp(opposite)) {
		opposite->sport = opposite->dport = tw_host16(transport->id);
	}
	return 1;
}

static __noinline int is_related(struct xdp_md *ctx, const struct path *path)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tw_packet *opposite = &path->work->opposite;
	const struct tw_packet *p = &path->work->packet;
	const struct tw_flow *flow;

	__builtin_memset(opposite, 0, sizeof(*opposite));
	if (!quoted_opposite(opposite, p, data, end))
		return 0;
	if (!tw_addr_equal(&opposite->daddr, &p->daddr))
		return 0; /* quotes somebody else's packet */
	flow = flow_find(path, opposite);
	if (flow)
		return !(flow->flags & TW_FLOW_REFUSED);
	return socket_holds(ctx, opposite);
}

#endif
