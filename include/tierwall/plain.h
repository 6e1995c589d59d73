/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Most packets are plain: TCP or UDP, whole, behind IPv4 without options or IPv6 without
 * extension headers, behind no VLAN tag, and nothing is wrong with them.  Those are told
 * with a few looks and written down at once.  What is not plain is no fault: of that
 * tw_parse() says what it is, and of what is plain it says the same.
 *
 * Freestanding, as packet.h is.
 */
#ifndef TIERWALL_PLAIN_H
#define TIERWALL_PLAIN_H

#include "packet.h"

#define TW_PLAIN_IPV4 (sizeof(struct ethhdr) + sizeof(struct iphdr))   /* bytes before */
#define TW_PLAIN_IPV6 (sizeof(struct ethhdr) + sizeof(struct ipv6hdr)) /* the transport header */

typedef __u64 __attribute__((may_alias)) tw_word;

/* What the transport header says; `rest` is what the IP packet holds from there on. */
struct tw_plain {
	__u32 rest;
	__u16 sport, dport;
	__u8 protocol, flags;
};

/* What the IP header says. */
struct tw_plain_network {
	__u16 length, l4, id;
	__u8 family, ttl, dscp, may_fragment;
};

static __always_inline int tw_plain_tcp(struct tw_plain *plain, const struct tw_tcp *tcp)
{
	__u32 header = (tcp->offset >> 4) * 4u;

	plain->sport = tw_host16(tcp->source);
	plain->dport = tw_host16(tcp->dest);
	plain->flags = tcp->flags;
	return header >= sizeof(*tcp) && header <= plain->rest && tw_tcp_flags_valid(tcp->flags);
}

static __always_inline int tw_plain_udp(struct tw_plain *plain, const struct udphdr *udp)
{
	__u32 length = tw_host16(udp->len);

	plain->sport = tw_host16(udp->source);
	plain->dport = tw_host16(udp->dest);
	plain->flags = 0;
	return length >= sizeof(*udp) && length <= plain->rest;
}

static __always_inline int tw_plain_transport(struct tw_plain *plain, const void *header,
					      const void *end)
{
	const struct tw_tcp *tcp = header;
	const struct udphdr *udp = header;

	if (plain->protocol == IPPROTO_TCP)
		return (const void *)(tcp + 1) <= end && tw_plain_tcp(plain, tcp);
	if (plain->protocol == IPPROTO_UDP)
		return (const void *)(udp + 1) <= end && tw_plain_udp(plain, udp);
	return 0;
}

/* Beyond any doubt of tw_is_martian(): some that it lets pass are not plain here. */
static __always_inline int tw_is_plain_pair4(__be32 saddr, __be32 daddr)
{
	__u8 s = (__u8)(__force __u32)saddr, d = (__u8)(__force __u32)daddr;

	return saddr != daddr && s && s < 224 && s != 127 && d && d != 127;
}

static __always_inline int tw_is_plain_pair6(const union tw_addr *s, const union tw_addr *d)
{
	return s->halves[0] && d->halves[0] && s->bytes[0] != 0xff && d->bytes[0] != 0xff &&
	       !tw_addr_equal(s, d);
}

/*
 * All behind the addresses, as it stands in struct tw_packet, in four stores.  `network`: the
 * family and what its header says.
 */
static __always_inline void tw_plain_write(struct tw_packet *p, const struct tw_plain *plain,
					   const struct tw_plain_network *network)
{
	tw_word *words = (tw_word *)p + 4;

	words[0] = (__u64)sizeof(struct ethhdr) << 48 | (__u64)network->length << 32 |
		   (__u64)plain->dport << 16 | plain->sport;
	words[1] = (__u64)network->ttl << 56 | (__u64)plain->flags << 32 |
		   (__u64)plain->protocol << 24 | (__u64)network->family << 16 | network->l4;
	words[2] = (__u64)network->may_fragment << 32 | network->dscp;
	words[3] = network->id;
}

static __always_inline int tw_parse_plain4(struct tw_packet *p, const char *data, const char *end)
{
	const struct iphdr *ip = (const void *)(data + sizeof(struct ethhdr));
	struct tw_plain_network network;
	struct tw_plain plain;
	__u32 total;

	if (data + TW_PLAIN_IPV4 > end || *(const __u8 *)ip != 0x45)
		return 0;
	/* (Numbers are compared, not pointers: 6.1 knows no bounds of what bytes were swapped in.) */
	total = tw_host16(ip->tot_len);
	plain.rest = total - sizeof(*ip);
	plain.protocol = ip->protocol;
	if (total < sizeof(*ip) || sizeof(struct ethhdr) + total > (__u64)(end - data) ||
	    (__force __u16)ip->frag_off & (__force __u16)TW_BE16(0x3fff) ||
	    !tw_plain_transport(&plain, data + TW_PLAIN_IPV4, end) ||
	    !tw_is_plain_pair4(ip->saddr, ip->daddr))
		return 0;
	network = (struct tw_plain_network){
		.length = (__u16)total,
		.l4 = TW_PLAIN_IPV4,
		.id = (__force __u16)ip->id,
		.ttl = ip->ttl,
		.dscp = ip->tos >> 2,
		.may_fragment = !((__force __u16)ip->frag_off & (__force __u16)TW_BE16(0x4000)),
	};
	tw_plain_write(p, &plain, &network);
	tw_addr_from_ipv4(&p->saddr, ip->saddr);
	tw_addr_from_ipv4(&p->daddr, ip->daddr);
	return 1;
}

static __always_inline int tw_parse_plain6(struct tw_packet *p, const char *data, const char *end)
{
	const struct ipv6hdr *ip = (const void *)(data + sizeof(struct ethhdr));
	const union tw_addr *saddr = (const void *)&ip->saddr, *daddr = (const void *)&ip->daddr;
	struct tw_plain_network network;
	struct tw_plain plain;

	if (data + TW_PLAIN_IPV6 > end || ip->version != 6)
		return 0;
	plain.rest = tw_host16(ip->payload_len);
	plain.protocol = ip->nexthdr;
	if (plain.rest > 65535 - sizeof(*ip) || TW_PLAIN_IPV6 + plain.rest > (__u64)(end - data) ||
	    !tw_plain_transport(&plain, data + TW_PLAIN_IPV6, end) ||
	    !tw_is_plain_pair6(saddr, daddr))
		return 0;
	p->saddr = *saddr;
	p->daddr = *daddr;
	network = (struct tw_plain_network){
		.length = (__u16)(plain.rest + sizeof(*ip)),
		.l4 = TW_PLAIN_IPV6,
		.family = 1,
		.ttl = ip->hop_limit,
		.dscp = (__u8)(ip->priority << 2 | ip->flow_lbl[0] >> 6),
	};
	tw_plain_write(p, &plain, &network);
	return 1;
}

/* The packet's fields, or 0: it is not plain, and *p is not to be used. */
static __always_inline int tw_parse_plain(struct tw_packet *p, const void *data, const void *end)
{
	const struct ethhdr *eth = data;

	if ((const void *)(eth + 1) > end)
		return 0;
	if (eth->h_proto == TW_BE16(ETH_P_IP))
		return tw_parse_plain4(p, data, end);
	if (eth->h_proto == TW_BE16(ETH_P_IPV6))
		return tw_parse_plain6(p, data, end);
	return 0;
}

#define TW_STANDS_AT(field, byte) \
	_Static_assert(__builtin_offsetof(struct tw_packet, field) == (byte), #field)
TW_STANDS_AT(sport, 32);
TW_STANDS_AT(dport, 34);
TW_STANDS_AT(length, 36);
TW_STANDS_AT(l3, 38);
TW_STANDS_AT(l4, 40);
TW_STANDS_AT(family, 42);
TW_STANDS_AT(protocol, 43);
TW_STANDS_AT(flags, 44);
TW_STANDS_AT(ttl, 47);
TW_STANDS_AT(dscp, 48);
TW_STANDS_AT(may_fragment, 52);
TW_STANDS_AT(fragment_id, 56);

#endif
