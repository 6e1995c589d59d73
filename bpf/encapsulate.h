/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `forward ipip` and `forward gue`: the client's packet goes to the server as it is, in
 * another IP packet (RFC 2003, 4213, 2473), or in UDP in another: GUE of variant 1, in
 * which the packet follows the UDP header at once (draft-ietf-intarea-gue).
 *
 * The outer header has the traffic class of the inner one (RFC 6040), a TTL of its own,
 * is never fragmented (so its id may be 0, RFC 6864), and carries the flow's hash, by
 * which networks and NICs spread what is otherwise between the same two addresses.
 *
 * Nothing here can be left to the kernel: it takes no packet from its own address.  So
 * what does not fit is not fragmented, and its sender hears of it.
 */
#ifndef TIERWALL_BPF_ENCAPSULATE_H
#define TIERWALL_BPF_ENCAPSULATE_H

#include "forward.h"
#include "service.h"

#define OUTER_TTL      64
#define GUE_PORTS_FROM 0xc000 /* dynamic ports: a source tells nothing but the flow */

struct outer {
	const struct tw_server *server;
	__u32 family; /* of the outer header */
	__u32 bytes;  /* that are added */
	__u32 hash;   /* of the flow */
	__u32 tags;   /* VLAN tags that stay */
	__u8 class;   /* the inner header's traffic class, with ECN */
	__u8 gue;
};

/* Only what leaves by the same device keeps its VLAN tags: they mean nothing on another. */
static __always_inline __u32 tags_kept(const struct path *path)
{
	return path->work->hop.ifindex == path->ingress ? path->work->packet.tags : 0;
}

static __always_inline int tunnel_is_direct(const struct path *path, const struct tw_next_hop *hop)
{
	__u32 ifindex = hop->ifindex;

	return ifindex == path->ingress || bpf_map_lookup_elem(&devices, &ifindex) != NULL;
}

/* How long a packet may be that goes to the next hop. */
static __always_inline __u32 hop_mtu(struct xdp_md *ctx, const struct tw_next_hop *hop)
{
	__u32 mtu = 0;

	if (hop->mtu)
		return hop->mtu;
	bpf_check_mtu(ctx, hop->ifindex, &mtu, 0, 0); /* a fixed one: the device's */
	return mtu;
}

static __always_inline __u32 outer_bytes(__u32 family, int gue)
{
	return (family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
	       (gue ? sizeof(struct udphdr) : 0);
}

/* The bits behind the prefix that `source` may be come from the flow's hash. */
static __always_inline __be32 source_word(const struct path *path, const struct outer *outer)
{
	return outer->server->source[outer->family & 1].words[3] |
	       (__builtin_bswap32(outer->hash) & path->policy->spread[outer->family & 1]);
}

static __always_inline void put_outer_udp(const struct path *path, struct udphdr *udp,
					  const struct outer *outer, __u32 length)
{
	udp->source = __builtin_bswap16((__u16)(GUE_PORTS_FROM | (outer->hash & 0x3fff)));
	udp->dest = __builtin_bswap16(path->policy->gue_port);
	udp->len = __builtin_bswap16((__u16)length);
	udp->check = 0; /* for IPv6 as RFC 6935 and 6936 allow it for tunnels */
}

static __always_inline int put_outer4(const struct path *path, void *at, void *end,
				      const struct outer *outer)
{
	__u32 total = path->work->packet.length + outer->bytes;
	struct iphdr *ip = at;
	__u64 sum;

	if ((void *)(ip + 1) > end)
		return 0;
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = outer->class;
	ip->tot_len = __builtin_bswap16((__u16)total);
	ip->id = 0;
	ip->frag_off = __builtin_bswap16(0x4000); /* not to be fragmented */
	ip->ttl = OUTER_TTL;
	ip->protocol = outer->gue                  ? IPPROTO_UDP
		       : path->work->packet.family ? IPPROTO_IPV6
						   : IPPROTO_IPIP;
	ip->saddr = source_word(path, outer);
	ip->daddr = outer->server->addr[0].words[3];
	sum = (__u64)__builtin_bswap16((__u16)(0x4500 | outer->class)) + ip->tot_len +
	      ip->frag_off + __builtin_bswap16((__u16)(OUTER_TTL << 8 | ip->protocol)) + ip->saddr +
	      ip->daddr;
	ip->check = (__u16)~tw_checksum_fold(sum);
	if (!outer->gue)
		return 1;
	if ((void *)(ip + 1) + sizeof(struct udphdr) > end)
		return 0;
	put_outer_udp(path, (void *)(ip + 1), outer, total - sizeof(*ip));
	return 1;
}

static __always_inline int put_outer6(const struct path *path, void *at, void *end,
				      const struct outer *outer)
{
	__u32 payload = path->work->packet.length + outer->bytes - sizeof(struct ipv6hdr);
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > end)
		return 0;
	*(__be32 *)ip =
		__builtin_bswap32(6u << 28 | (__u32)outer->class << 20 | (outer->hash & 0xfffff));
	ip->payload_len = __builtin_bswap16((__u16)payload);
	ip->nexthdr = outer->gue                  ? IPPROTO_UDP
		      : path->work->packet.family ? IPPROTO_IPV6
						  : IPPROTO_IPIP;
	ip->hop_limit = OUTER_TTL;
	__builtin_memcpy(&ip->saddr, &outer->server->source[1], sizeof(ip->saddr));
	ip->saddr.in6_u.u6_addr32[3] = source_word(path, outer);
	__builtin_memcpy(&ip->daddr, &outer->server->addr[1], sizeof(ip->daddr));
	if (!outer->gue)
		return 1;
	if ((void *)(ip + 1) + sizeof(struct udphdr) > end)
		return 0;
	put_outer_udp(path, (void *)(ip + 1), outer, payload);
	return 1;
}

/* The inner header's traffic class; 0 where there is no header to read. */
static __always_inline __u8 class_of(const struct tw_packet *p, void *data, void *end)
{
	__u64 l3 = p->l3;
	__u8 *ip;

	barrier_var(l3);
	if (l3 > L2_MAX)
		return 0;
	ip = data + l3;
	if ((void *)(ip + 2) > end)
		return 0;
	return p->family ? (__u8)(ip[0] << 4 | ip[1] >> 4) : ip[1];
}

/* Makes room for the outer header, and puts it there behind the Ethernet header. */
static __always_inline int put_outer(struct xdp_md *ctx, const struct path *path,
				     struct outer *outer)
{
	const struct tw_packet *p = &path->work->packet;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct l2_tags *l2 = data;
	__be32 tags[2] = {};
	__u64 tag_bytes;
	__be16 *type;

	if ((void *)(l2 + 1) > end)
		return 0;
	outer->class = class_of(p, data, end);
	tags[0] = l2->tags[0];
	tags[1] = l2->tags[1];
	if (bpf_xdp_adjust_head(ctx, -(int)(outer->bytes - 4 * (p->tags - outer->tags))))
		return 0; /* the driver leaves no head room */
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	l2 = data;
	tag_bytes = 4 * outer->tags;
	barrier_var(tag_bytes);
	if (tag_bytes > sizeof(l2->tags) || (void *)(l2 + 1) > end)
		return 0;
	l2->tags[0] = tags[0];
	l2->tags[1] = tags[1];
	type = data + sizeof(l2->macs) + tag_bytes;
	if ((void *)(type + 1) > end)
		return 0;
	*type = __builtin_bswap16(outer->family ? ETH_P_IPV6 : ETH_P_IP);
	return outer->family ? put_outer6(path, type + 1, end, outer)
			     : put_outer4(path, type + 1, end, outer);
}

static __always_inline int put_and_send(struct xdp_md *ctx, struct path *path)
{
	const struct departure *departure = &path->work->departure;
	const struct tw_packet *p = &path->work->packet;
	struct tw_next_hop *hop = &path->work->hop;
	struct outer outer = {.gue = departure->forward == TW_FORWARD_GUE};
	int result = 0;
	__u32 mtu;

	outer.server = POLICY_ITEM(path->policy, servers, struct tw_server, departure->server);
	if (!outer.server)
		return refuse_departure(path, TW_REASON_NO_SERVER);
	outer.family = server_family(outer.server, departure->forward, p->family);
	if (!hop_is_fixed(path, outer.server, ctx, hop))
		result = next_hop_find(ctx, path, &outer.server->addr[outer.family], hop);
	if (result != BPF_FIB_LKUP_RET_SUCCESS || !tunnel_is_direct(path, hop))
		return refuse_departure(path, TW_REASON_NO_ROUTE);
	outer.bytes = outer_bytes(outer.family, outer.gue);
	mtu = hop_mtu(ctx, hop);
	if (p->length + outer.bytes > mtu)
		return refuse_length(path, mtu > outer.bytes ? mtu - outer.bytes : 1);
	outer.tags = tags_kept(path);
	outer.hash = tw_hash_flow(path->policy->hash_key, p);
	if (!put_outer(ctx, path, &outer))
		return refuse_departure(path, TW_REASON_NO_ROUTE);
	return send(ctx, path, hop);
}

/*
 * Sends what work->departure says to its server, in a tunnel.  A global function, for the
 * verifier to walk once.
 */
__noinline int encapsulate(struct xdp_md *ctx)
{
	struct path path;

	return path_resume(&path) ? put_and_send(ctx, &path) : XDP_DROP;
}

#endif
