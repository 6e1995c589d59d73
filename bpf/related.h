/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors.  An error that quotes a packet of an accepted flow, or of a connection
 * that this node holds, belongs to it and needs no rule: path MTU discovery and
 * quick refusals depend on that.  Of a balanced flow it goes to the flow's server, or from
 * the server's side to the client, with the quote as its receiver knows it (RFC 5508).
 */
#ifndef TIERWALL_BPF_RELATED_H
#define TIERWALL_BPF_RELATED_H

#include <stddef.h>

#include "flow.h"
#include "policy.h"
#include "socket.h"
#include "tierwall/checksum.h"

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

/* -- the quote of a translated flow ------------------------------------------------ */

/* Where a quote's parts stand in the frame. */
struct quote {
	__u64 ip, transport;
	__u64 end; /* of what is quoted */
};

static __always_inline int quote_place(struct quote *quote, const struct tw_packet *p,
				       const void *data, const void *end)
{
	__u32 at = p->l4 + sizeof(struct tw_icmp);

	barrier_var(at); /* what tw_at() checks is what is added */
	quote->ip = at;
	quote->end = (__u64)p->l3 + p->length;
	if (p->family) {
		quote->transport = quote->ip + sizeof(struct ipv6hdr);
	} else {
		const struct iphdr *ip = tw_at(data, end, at, sizeof(*ip));

		if (!ip)
			return 0;
		quote->transport = quote->ip + ip->ihl * 4u;
	}
	barrier_var(quote->ip);
	barrier_var(quote->transport);
	return quote->ip <= TW_HEADERS_MAX && quote->transport <= TW_HEADERS_MAX;
}

/* Changes a checksum by `change` and returns what that changes in a sum over it. */
static __always_inline __u64 quote_checksum(__u16 *check, __u64 change)
{
	__u16 before = *check;

	*check = tw_checksum_apply(before, change);
	return tw_checksum_change16(0, before, *check);
}

/*
 * The transport header, as far as it is quoted: of TCP the checksum mostly is not.
 * `change` is that of the addresses.  Returns what the ICMP checksum changes by.
 */
static __always_inline __u64 quote_rewrite_transport(struct xdp_md *ctx, const struct quote *quote,
						     __u8 protocol,
						     const struct departure *departure,
						     __u64 change)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tw_ports *ports = data + quote->transport;
	__be16 port = __builtin_bswap16(departure->port), *place;
	__u64 at = quote->transport, ports_change;
	__u16 *check;

	if ((void *)(ports + 1) > end)
		return 0;
	place = departure->reply ? &ports->dest : &ports->source;
	ports_change = tw_checksum_change16(0, *place, port);
	*place = port;
	if (protocol == IPPROTO_TCP)
		at += offsetof(struct tw_tcp, check);
	else if (protocol == IPPROTO_UDP)
		at += offsetof(struct udphdr, check);
	else
		return ports_change;
	check = data + at;
	if (at + sizeof(*check) > quote->end || (void *)(check + 1) > end)
		return ports_change;
	if (protocol == IPPROTO_UDP && !*check)
		return ports_change;
	return ports_change + quote_checksum(check, change + ports_change);
}

static __always_inline __u64 quote_rewrite_ipv4(struct xdp_md *ctx, const struct quote *quote,
						const struct departure *departure)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + quote->ip;
	__be32 addr = departure->addr.words[3], *place;
	__u64 change, sum;

	if ((void *)(ip + 1) > end)
		return 0;
	place = departure->reply ? &ip->daddr : &ip->saddr;
	change = tw_checksum_change32(0, *place, addr);
	*place = addr;
	sum = change + quote_checksum(&ip->check, change);
	return sum + quote_rewrite_transport(ctx, quote, ip->protocol, departure, change);
}

/* The checksum of ICMPv6 is over its own addresses, too, which forward() will exchange. */
static __always_inline __u64 quote_rewrite_ipv6(struct xdp_md *ctx, const struct quote *quote,
						const struct tw_packet *p,
						const struct departure *departure)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = data + quote->ip;
	const union tw_addr *outside = departure->reply ? &p->saddr : &p->daddr;
	union tw_addr before;
	__u64 change, sum;
	void *place;

	if ((void *)(ip + 1) > end)
		return 0;
	place = departure->reply ? &ip->daddr : &ip->saddr;
	tw_addr_copy(&before, place);
	__builtin_memcpy(place, &departure->addr, sizeof(departure->addr));
	change = tw_checksum_change_addr(0, &before, &departure->addr, 1);
	sum = tw_checksum_change_addr(change, outside, &departure->addr, 1);
	return sum + quote_rewrite_transport(ctx, quote, ip->nexthdr, departure, change);
}

/*
 * Gives the quote the addresses and ports that its sender knows.  What is around the
 * quote forward() translates as it does any packet.
 */
__noinline int quote_rewrite(struct xdp_md *ctx, const struct tw_packet *p,
			     const struct departure *departure)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tw_icmp *icmp;
	struct quote quote;
	__u64 l4, change;

	if (!p || !departure)
		return 0;
	l4 = p->l4;
	if (!quote_place(&quote, p, data, end))
		return 0;
	if (p->family)
		change = quote_rewrite_ipv6(ctx, &quote, p, departure);
	else
		change = quote_rewrite_ipv4(ctx, &quote, departure);
	barrier_var(l4);
	icmp = data + l4;
	if (l4 > TW_HEADERS_MAX || (void *)(icmp + 1) > end)
		return 0;
	icmp->check = tw_checksum_apply(icmp->check, change);
	return 1;
}

/* -- the whole --------------------------------------------------------------------- */

enum related {
	RELATED_NOT,
	RELATED_KERNEL,   /* accepted; the kernel routes or receives it */
	RELATED_BALANCED, /* to be sent as work->departure says */
	RELATED_LOST,     /* its flow's server is gone */
};

/* An entry may be of an older policy: which server has the address today? */
static __always_inline __u16 server_now(const struct path *path, const struct tw_flow *flow)
{
	const struct tw_address *address = policy_address(path->policy, &flow->addr);
	const struct tw_server *server;

	if (!address || address->server == TW_NONE16)
		return TW_NONE16;
	server = POLICY_ITEM(path->policy, servers, struct tw_server, address->server);
	return server && server->state != TW_SERVER_DOWN ? address->server : TW_NONE16;
}

/* Goes where the flow's packets go: to the server, or in an answer's stead to the client. */
static __always_inline enum related related_depart(struct xdp_md *ctx, struct path *path,
						   const struct tw_flow *flow)
{
	struct departure *departure = &path->work->departure;

	departure->addr = flow->addr;
	departure->port = flow->port;
	departure->forward = flow->forward;
	departure->reply = (flow->flags & TW_FLOW_REPLY) != 0;
	departure->server = departure->reply ? TW_NONE16 : server_now(path, flow);
	if (!departure->reply && departure->server == TW_NONE16)
		return RELATED_LOST;
	if (!depart_known(path, &path->work->opposite))
		return RELATED_LOST;
	if (departure->forward == TW_FORWARD_FULL_NAT &&
	    !quote_rewrite(ctx, &path->work->packet, &path->work->other))
		return RELATED_NOT;
	if (is_translated(departure->forward) &&
	    !quote_rewrite(ctx, &path->work->packet, departure))
		return RELATED_NOT;
	return RELATED_BALANCED;
}

static __noinline int related(struct xdp_md *ctx, struct path *path)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tw_packet *opposite = &path->work->opposite;
	const struct tw_packet *p = &path->work->packet;
	const struct tw_flow *flow;

	__builtin_memset(opposite, 0, sizeof(*opposite));
	if (!quoted_opposite(opposite, p, data, end))
		return RELATED_NOT;
	if (!tw_addr_equal(&opposite->daddr, &p->daddr))
		return RELATED_NOT; /* quotes somebody else's packet */
	flow = flow_find(path, opposite);
	if (!flow)
		return socket_holds(ctx, opposite) ? RELATED_KERNEL : RELATED_NOT;
	if (flow->flags & TW_FLOW_REFUSED)
		return RELATED_NOT;
	about(path, flow->rule, flow->service, flow->server);
	if (!(flow->flags & TW_FLOW_BALANCED) ||
	    (flow->flags & TW_FLOW_REPLY && !is_translated(flow->forward)))
		return RELATED_KERNEL;
	return related_depart(ctx, path, flow);
}

#endif
