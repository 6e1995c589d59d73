/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rewriting and sending.  `nat` exchanges addresses and ports and acts as a router
 * does (TTL, checksums); `full-nat` does so on both sides of the packet; `l2` changes nothing but the Ethernet addresses.
 *
 * What XDP cannot send itself (no neighbour yet, a device that takes no redirected
 * frames, a VLAN of another device) goes to the kernel, rewritten, which routes it.
 */
#ifndef TIERWALL_BPF_FORWARD_H
#define TIERWALL_BPF_FORWARD_H

#include "next_hop.h"
#include "policy.h"
#include "tierwall/checksum.h"
#include "translation.h"

/* The transport checksum's place, NULL: the protocol has none that covers the addresses. */
static __always_inline __u16 *transport_checksum(void *transport, void *end, __u8 protocol)
{
	if (protocol == IPPROTO_TCP) {
		struct tw_tcp *tcp = transport;

		return (void *)(tcp + 1) > end ? NULL : &tcp->check;
	}
	if (protocol == IPPROTO_UDP) {
		struct udphdr *udp = transport;

		return (void *)(udp + 1) > end ? NULL : (__u16 *)&udp->check;
	}
	return NULL;
}

static __always_inline void rewrite_transport(const struct tw_packet *p, void *transport, void *end,
					      const struct departure *departure, __u64 change)
{
	struct tw_ports *ports = transport;
	__be16 port = __builtin_bswap16(departure->port), *place;
	__u16 *check;

	if ((void *)(ports + 1) > end)
		return;
	place = departure->reply ? &ports->source : &ports->dest;
	change = tw_checksum_change16(change, *place, port);
	*place = port;
	check = transport_checksum(transport, end, p->protocol);
	if (!check || (p->protocol == IPPROTO_UDP && !*check))
		return; /* UDP over IPv4 may go without */
	*check = tw_checksum_apply(*check, change);
	if (p->protocol == IPPROTO_UDP && !*check)
		*check = 0xffff;
}

static __always_inline int rewrite_ipv4(const struct tw_packet *p, void *ip_header, void *transport,
					void *end, const struct departure *departure, int route)
{
	struct iphdr *ip = ip_header;
	__be32 addr = departure->addr.words[3], *place;
	__u64 change;

	if ((void *)(ip + 1) > end)
		return 0;
	place = departure->reply ? &ip->saddr : &ip->daddr;
	change = tw_checksum_change32(0, *place, addr);
	*place = addr;
	if (p->part != TW_FRAGMENT_LATER && tw_has_ports(p->protocol))
		rewrite_transport(p, transport, end, departure, change);
	if (route) {
		__u16 *ttl = (__u16 *)&ip->ttl, before = *ttl;

		ip->ttl--;
		change = tw_checksum_change16(change, before, *ttl);
	}
	ip->check = tw_checksum_apply(ip->check, change);
	return 1;
}

static __always_inline int rewrite_ipv6(const struct tw_packet *p, void *ip_header, void *transport,
					void *end, const struct departure *departure, int route)
{
	struct ipv6hdr *ip = ip_header;
	const union tw_addr *before = departure->reply ? &p->saddr : &p->daddr;
	void *place;
	__u64 change;

	if ((void *)(ip + 1) > end)
		return 0;
	place = departure->reply ? &ip->saddr : &ip->daddr;
	__builtin_memcpy(place, &departure->addr, sizeof(departure->addr));
	change = tw_checksum_change_addr(0, before, &departure->addr, 1);
	if (p->part != TW_FRAGMENT_LATER && tw_has_ports(p->protocol))
		rewrite_transport(p, transport, end, departure, change);
	if (route)
		ip->hop_limit--;
	return 1;
}

/* The parser bounds both offsets; said again for the verifier, which has forgotten. */
__noinline int rewrite(struct xdp_md *ctx, const struct tw_packet *p,
		       const struct departure *departure, int route)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 l3, l4;

	if (!p || !departure)
		return 0;
	l3 = p->l3;
	l4 = p->l4;
	barrier_var(l3);
	barrier_var(l4);
	if (l3 > sizeof(struct ethhdr) + 2 * sizeof(struct tw_vlan) || l4 > TW_HEADERS_MAX)
		return 0;
	return p->family ? rewrite_ipv6(p, data + l3, data + l4, end, departure, route)
			 : rewrite_ipv4(p, data + l3, data + l4, end, departure, route);
}

/* `full-nat`: what is the source in one half is the destination in the other. */
static __always_inline int translate(struct xdp_md *ctx, const struct path *path, int route)
{
	const struct departure *departure = &path->work->departure;
	const struct tw_packet *p = &path->work->packet;

	if (departure->forward == TW_FORWARD_FULL_NAT && !rewrite(ctx, p, &path->work->other, 0))
		return 0;
	return rewrite(ctx, p, departure, route);
}

static __always_inline int refuse_departure(struct path *path, __u8 reason)
{
	path->work->reason = reason;
	path->work->about.stage = TW_STAGE_FORWARD;
	path->work->about.action = TW_DROP;
	trace_step(path, TW_STAGE_FORWARD, TW_SAYS_REASON, reason);
	return XDP_DROP;
}

/* Its TTL ran out here, as it does at a router, and the sender hears of it (bpf/reject.h). */
static __always_inline int refuse_ttl(struct path *path)
{
	refuse_departure(path, TW_REASON_TTL);
	return VERDICT_REJECT;
}

/* Does not fit, and its sender hears what would. */
static __always_inline int refuse_length(struct path *path, __u32 fits)
{
	refuse_departure(path, TW_REASON_TOO_BIG);
	path->work->fits = fits;
	return VERDICT_REJECT;
}

/* Ethernet addresses, then out of the device that the packet came in by, or another. */
static __always_inline int send(struct xdp_md *ctx, struct path *path,
				const struct tw_next_hop *hop)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return refuse_departure(path, TW_REASON_MALFORMED);
	__builtin_memcpy(eth->h_dest, hop->dmac, sizeof(eth->h_dest));
	__builtin_memcpy(eth->h_source, hop->smac, sizeof(eth->h_source));
	trace_step(path, TW_STAGE_FORWARD, TW_SAYS_TO_DEVICE, hop->ifindex);
	if (hop->ifindex == path->ingress)
		return XDP_TX;
	return (int)bpf_redirect_map(&devices, hop->ifindex, XDP_PASS);
}

/* A server with `mac` or `device` in its line: no route is asked. */
static __always_inline int hop_is_fixed(const struct path *path, const struct tw_server *server,
					struct xdp_md *ctx, struct tw_next_hop *hop)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;

	if (!server || !server->has_mac || (const void *)(eth + 1) > end)
		return 0;
	hop->ifindex = server->has_device ? server->device : path->ingress;
	hop->mtu = 0;
	__builtin_memcpy(hop->dmac, server->mac, sizeof(hop->dmac));
	if (hop->ifindex == path->ingress)
		__builtin_memcpy(hop->smac, eth->h_dest, sizeof(hop->smac));
	else
		__builtin_memcpy(hop->smac, server->smac, sizeof(hop->smac));
	return 1;
}

/* Can XDP send it there?  Else the kernel must. */
static __always_inline int hop_is_direct(const struct path *path, const struct tw_next_hop *hop)
{
	__u32 ifindex = hop->ifindex;

	if (ifindex == path->ingress)
		return 1;
	return !path->work->packet.tags && bpf_map_lookup_elem(&devices, &ifindex) != NULL;
}

/* Where to: a server, or the client whose answer it is. */
static __always_inline const union tw_addr *destination_of(const struct path *path)
{
	const struct departure *departure = &path->work->departure;

	if (!departure->reply)
		return &departure->addr;
	return departure->forward == TW_FORWARD_FULL_NAT ? &path->work->other.addr
							 : &path->work->packet.daddr;
}

/*
 * Will the kernel find a way?  Of a destination that it does not forward to, the route
 * look-up does not tell whether it is the node itself or nowhere.
 */
static __always_inline int kernel_can_route(const struct path *path, int result)
{
	const struct tw_address *address;

	if (result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH ||
	    result == BPF_FIB_LKUP_RET_UNSUPP_LWT)
		return 1;
	if (result != BPF_FIB_LKUP_RET_NOT_FWDED)
		return 0;
	address = policy_address(path->policy, destination_of(path));
	return address && address->kind & TW_ADDRESS_LOCAL;
}

/* Is the server this node itself? */
static __always_inline int is_own_server(const struct path *path)
{
	const struct departure *departure = &path->work->departure;
	const struct tw_address *address;

	if (departure->reply)
		return 0;
	address = policy_address(path->policy, &departure->addr);
	return address && address->kind & TW_ADDRESS_LOCAL;
}

/* The node has the service's address, too, where the packet is not translated. */
static __always_inline int pass_to_own(struct xdp_md *ctx, struct path *path)
{
	if (is_translated(path->work->departure.forward) && !translate(ctx, path, 0))
		return refuse_departure(path, TW_REASON_MALFORMED);
	trace_step(path, TW_STAGE_FORWARD, TW_SAYS_LOCAL, 0);
	return XDP_PASS;
}

static __always_inline int leave_to_kernel(struct xdp_md *ctx, struct path *path, int result)
{
	const struct departure *departure = &path->work->departure;

	if (is_own_server(path))
		return pass_to_own(ctx, path);
	/* only a translated packet has an address by which the kernel finds its way */
	if (!is_translated(departure->forward) || !kernel_can_route(path, result))
		return refuse_departure(path, TW_REASON_NO_ROUTE);
	if (!translate(ctx, path, 0))
		return refuse_departure(path, TW_REASON_MALFORMED);
	trace_step(path, TW_STAGE_FORWARD, TW_SAYS_KERNEL_ROUTES, result);
	return XDP_PASS;
}

/*
 * Longer than the device takes that it came in by: no packet of the network, but many
 * that the kernel or the NIC has put together (GRO, TSO) and will take apart again.
 */
static __always_inline int is_aggregate(struct xdp_md *ctx, const struct path *path)
{
	__u32 mtu = 0;

	return bpf_check_mtu(ctx, path->ingress, &mtu, 0, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED;
}

static __always_inline int exceeds_mtu(struct xdp_md *ctx, struct path *path)
{
	const struct tw_packet *p = &path->work->packet;

	if ((!p->family && p->may_fragment) || is_aggregate(ctx, path))
		return leave_to_kernel(ctx, path, BPF_FIB_LKUP_RET_SUCCESS);
	return refuse_departure(path, TW_REASON_TOO_BIG);
}

/* Sends what path->work->departure says. */
static __noinline int forward(struct xdp_md *ctx, struct path *path)
{
	const struct departure *departure = &path->work->departure;
	const struct tw_packet *p = &path->work->packet;
	struct tw_next_hop *hop = &path->work->hop;
	int nat = is_translated(departure->forward), result = 0;
	const struct tw_server *server = NULL;

	if (nat && p->ttl <= 1)
		return refuse_ttl(path);
	if (!departure->reply)
		server = POLICY_ITEM(path->policy, servers, struct tw_server, departure->server);
	if (!hop_is_fixed(path, server, ctx, hop))
		result = next_hop_find(ctx, path, destination_of(path), hop);
	if (result != BPF_FIB_LKUP_RET_SUCCESS || !hop_is_direct(path, hop))
		return leave_to_kernel(ctx, path, result);
	if (hop->mtu && p->length > hop->mtu)
		return nat ? exceeds_mtu(ctx, path) : refuse_departure(path, TW_REASON_TOO_BIG);
	if (nat && !translate(ctx, path, 1))
		return refuse_departure(path, TW_REASON_MALFORMED);
	return send(ctx, path, hop);
}

#endif
