/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pings of a service's address: answered here while the service has a server that takes
 * new flows, and by nobody else (RFC 792, RFC 4443 4.2).  The request is turned into its
 * reply in place: data, DSCP and VLAN tags stay.
 */
#ifndef TIERWALL_BPF_ECHO_H
#define TIERWALL_BPF_ECHO_H

#include "path.h"
#include "tierwall/checksum.h"

#define ECHO_TTL 64

/* With options or extension headers, or in fragments, it is the kernel's. */
static __always_inline int echo_is_plain(const struct tw_packet *p)
{
	const __u32 header = p->family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (!tw_is_icmp(p) || p->headless || p->part != TW_WHOLE)
		return 0;
	if (p->type != (p->family ? TW_ICMP6_ECHO_REQUEST : TW_ICMP_ECHO_REQUEST))
		return 0;
	return p->l4 == p->l3 + header;
}

/* The type and code as they stand in the packet, in one number. */
static __always_inline __u16 echo_word(__u8 type)
{
	return __builtin_bswap16((__u16)(type << 8));
}

static __always_inline void echo_turn_ipv4(struct iphdr *ip, struct tw_icmp *icmp)
{
	__u16 *ttl = (__u16 *)&ip->ttl, before = *ttl;
	__be32 addr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
	ip->ttl = ECHO_TTL;
	ip->check = tw_checksum_apply(ip->check, tw_checksum_change16(0, before, *ttl));
	icmp->type = TW_ICMP_ECHO_REPLY;
	icmp->check = tw_checksum_apply(icmp->check,
					tw_checksum_change16(0, echo_word(TW_ICMP_ECHO_REQUEST),
							     echo_word(TW_ICMP_ECHO_REPLY)));
}

static __always_inline void echo_turn_ipv6(const struct tw_packet *p, struct ipv6hdr *ip,
					   struct tw_icmp *icmp)
{
	__builtin_memcpy(&ip->saddr, &p->daddr, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &p->saddr, sizeof(ip->daddr));
	ip->hop_limit = ECHO_TTL;
	icmp->type = TW_ICMP6_ECHO_REPLY;
	icmp->check = tw_checksum_apply(icmp->check,
					tw_checksum_change16(0, echo_word(TW_ICMP6_ECHO_REQUEST),
							     echo_word(TW_ICMP6_ECHO_REPLY)));
}

/* False: the frame does not hold what was parsed, which cannot be. */
__noinline int echo_turn(struct xdp_md *ctx, const struct tw_packet *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct tw_icmp *icmp;
	__u8 mac[ETH_ALEN];
	__u64 l3;

	if (!p)
		return 0;
	l3 = p->l3;
	barrier_var(l3);
	if (l3 > sizeof(struct ethhdr) + 2 * sizeof(struct tw_vlan))
		return 0;
	if (p->family) {
		struct ipv6hdr *ip = data + l3;

		icmp = (void *)(ip + 1);
		if ((void *)(eth + 1) > end || (void *)(icmp + 1) > end)
			return 0;
		echo_turn_ipv6(p, ip, icmp);
	} else {
		struct iphdr *ip = data + l3;

		icmp = (void *)(ip + 1);
		if ((void *)(eth + 1) > end || (void *)(icmp + 1) > end)
			return 0;
		echo_turn_ipv4(ip, icmp);
	}
	__builtin_memcpy(mac, eth->h_source, sizeof(mac));
	__builtin_memcpy(eth->h_source, eth->h_dest, sizeof(eth->h_source));
	__builtin_memcpy(eth->h_dest, mac, sizeof(eth->h_dest));
	return 1;
}

/* Sent as answers of `reject` are (bpf/reject.h), by the way that it came. */
static __always_inline int echo_answer(struct xdp_md *ctx, const struct path *path)
{
	if (!echo_turn(ctx, &path->work->packet))
		return XDP_PASS;
	trace_step(path, TW_STAGE_ANSWER, TW_SAYS_ECHO, 0);
	return (int)bpf_redirect_map(&devices, path->ingress, XDP_TX);
}

#endif
