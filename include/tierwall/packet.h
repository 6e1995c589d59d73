/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame's headers as the later stages see them, and the sanity of each.
 *
 * Freestanding: the same code is compiled for BPF, for the unit tests and for the
 * fuzzer.  It reads [data, end), the part of the frame that lies in one piece;
 * `frame` is the length of all of it.  Headers must lie in the first piece.
 *
 * Ethernet, up to two VLAN tags (IEEE 802.1Q, 802.1ad), IPv4 with options (RFC 791),
 * IPv6 with extension headers (RFC 8200), TCP (RFC 9293), UDP (RFC 768), SCTP,
 * ICMP (RFC 792) and ICMPv6 (RFC 4443).  Fragments: RFC 1858, RFC 3128, RFC 5722.
 */
#ifndef TIERWALL_PACKET_H
#define TIERWALL_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <linux/types.h>

#include "abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define TW_SCTP     132
#define TW_AH       51
#define TW_MOBILITY 135
#define TW_HIP      139
#define TW_SHIM6    140

#define TW_FIN 0x01
#define TW_SYN 0x02
#define TW_RST 0x04
#define TW_PSH 0x08
#define TW_ACK 0x10
#define TW_URG 0x20

#define TW_EXTENSIONS  8     /* IPv6 extension headers that are followed */
#define TW_HEADERS_MAX 1024u /* bytes before the transport header */

/* Ports of a header that all transport protocols with ports begin with. */
struct tw_ports {
	__be16 source, dest;
};

struct tw_tcp { /* RFC 9293, 3.1 */
	__be16 source, dest;
	__be32 seq, ack;
	__u8 offset; /* upper four bits: length in words */
	__u8 flags;
	__be16 window;
	__u16 check;
	__be16 urgent;
};

/* linux/icmp.h would bring in the C library's headers. */
struct tw_icmp { /* RFC 792, RFC 4443 */
	__u8 type, code;
	__u16 check;
	__be16 id, sequence; /* of an echo; other messages: something else */
};

#define TW_ICMP_ECHO_REPLY           0
#define TW_ICMP_UNREACHABLE          3
#define TW_ICMP_SOURCE_QUENCH        4
#define TW_ICMP_REDIRECT             5
#define TW_ICMP_ECHO_REQUEST         8
#define TW_ICMP_TIME_EXCEEDED        11
#define TW_ICMP_PARAMETER_PROBLEM    12
#define TW_ICMP_TYPE_MAX             18 /* what is in use; beyond it nothing is known */
#define TW_ICMP6_ECHO_REQUEST        128
#define TW_ICMP6_ECHO_REPLY          129
#define TW_ICMP6_ROUTER_SOLICITATION 133
#define TW_ICMP6_REDIRECT            137

enum tw_fragment_part { TW_WHOLE, TW_FRAGMENT_FIRST, TW_FRAGMENT_LATER };

struct tw_packet {
	union tw_addr saddr, daddr;
	__u16 sport, dport; /* host order; ICMP echo: both its identifier; else 0 */
	__u16 length;       /* of the IP packet */
	__u16 l3, l4;       /* where the headers start; l4 of a later fragment: its data */
	__u8 family;        /* 0: IPv4, 1: IPv6: index of addr[], choice[] ... */
	__u8 protocol;
	__u8 flags; /* TCP */
	__u8 type, code;
	__u8 ttl;
	__u8 dscp;
	__u8 part;     /* enum tw_fragment_part */
	__u8 headless; /* a later fragment whose first one is not known: no ports */
	__u8 tags;     /* VLAN */
	__u8 may_fragment;
	__u8 _pad;
	__u32 fragment_id; /* as it stands in the packet */
};

enum tw_parsed { TW_PARSED, TW_PARSED_OTHER, TW_PARSED_REFUSED };

/* `size` bytes at offset `at`, or NULL where the frame's first piece ends before. */
static __always_inline const void *tw_at(const void *data, const void *end, __u32 at, __u32 size)
{
	if (at > TW_HEADERS_MAX)
		return 0;
	if ((const char *)data + at + size > (const char *)end)
		return 0;
	return (const char *)data + at;
}

static __always_inline __u16 tw_host16(__be16 value)
{
	return __builtin_bswap16((__force __u16)value);
}

/* A constant in network order. */
#define TW_BE32(value) ((__force __be32)__builtin_bswap32(value))

static __always_inline void tw_addr_from_ipv4(union tw_addr *addr, __be32 ipv4)
{
	addr->halves[0] = 0;
	addr->words[2] = TW_BE32(0xffff);
	addr->words[3] = ipv4;
}

static __always_inline void tw_addr_copy(union tw_addr *to, const void *from)
{
	__builtin_memcpy(to, from, sizeof(*to));
}

static __always_inline int tw_addr_equal(const union tw_addr *a, const union tw_addr *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

/*
 * The combinations that a TCP may send; PSH, ECE and CWR go with any of them.
 * A SYN with FIN or RST, a FIN without ACK and no flag at all are no one's.
 */
static __always_inline int tw_tcp_flags_valid(__u8 flags)
{
	switch (flags & (TW_FIN | TW_SYN | TW_RST | TW_ACK | TW_URG)) {
	case TW_SYN:
	case TW_SYN | TW_URG:
	case TW_SYN | TW_ACK:
	case TW_RST:
	case TW_RST | TW_ACK:
	case TW_FIN | TW_ACK:
	case TW_FIN | TW_ACK | TW_URG:
	case TW_ACK:
	case TW_ACK | TW_URG:
		return 1;
	}
	return 0;
}

static __always_inline int tw_is_icmp(const struct tw_packet *p)
{
	return p->family ? p->protocol == IPPROTO_ICMPV6 : p->protocol == IPPROTO_ICMP;
}

static __always_inline int tw_is_echo(const struct tw_packet *p)
{
	if (p->family)
		return p->type == TW_ICMP6_ECHO_REQUEST || p->type == TW_ICMP6_ECHO_REPLY;
	return p->type == TW_ICMP_ECHO_REQUEST || p->type == TW_ICMP_ECHO_REPLY;
}

/* An error message quotes the packet that it is about. */
static __always_inline int tw_is_icmp_error(const struct tw_packet *p)
{
	if (!tw_is_icmp(p) || p->part == TW_FRAGMENT_LATER)
		return 0;
	if (p->family)
		return p->type < 128;
	return p->type == TW_ICMP_UNREACHABLE || p->type == TW_ICMP_SOURCE_QUENCH ||
	       p->type == TW_ICMP_TIME_EXCEEDED || p->type == TW_ICMP_PARAMETER_PROBLEM;
}

/* Router and neighbour solicitation, advertisement and redirect (RFC 4861): never ours to judge. */
static __always_inline int tw_is_neighbour_discovery(const struct tw_packet *p)
{
	return p->family && p->protocol == IPPROTO_ICMPV6 && p->part == TW_WHOLE && p->ttl == 255 &&
	       p->type >= TW_ICMP6_ROUTER_SOLICITATION && p->type <= TW_ICMP6_REDIRECT;
}

static __always_inline int tw_has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == TW_SCTP;
}

static __always_inline int tw_is_syn(const struct tw_packet *p)
{
	return p->protocol == IPPROTO_TCP && p->part != TW_FRAGMENT_LATER &&
	       (p->flags & (TW_SYN | TW_ACK)) == TW_SYN;
}

/*
 * The transport header.  `rest` is what the IP packet holds from p->l4 on.  A
 * first fragment that does not hold all of the header is made to get past rules.
 */
static __always_inline int tw_parse_transport(struct tw_packet *p, const void *data,
					      const void *end, __u32 rest)
{
	const int short_reason =
		p->part == TW_FRAGMENT_FIRST ? TW_REASON_FRAGMENT : TW_REASON_MALFORMED;

	if (p->protocol == IPPROTO_TCP) {
		const struct tw_tcp *tcp = tw_at(data, end, p->l4, sizeof(*tcp));

		if (rest < sizeof(*tcp) || !tcp)
			return short_reason;
		if ((tcp->offset >> 4) < 5 || !tw_tcp_flags_valid(tcp->flags))
			return TW_REASON_MALFORMED;
		if ((__u32)(tcp->offset >> 4) * 4 > rest)
			return short_reason;
		p->sport = tw_host16(tcp->source);
		p->dport = tw_host16(tcp->dest);
		p->flags = tcp->flags;
	} else if (p->protocol == IPPROTO_UDP) {
		const struct udphdr *udp = tw_at(data, end, p->l4, sizeof(*udp));
		__u32 length;

		if (rest < sizeof(*udp) || !udp)
			return short_reason;
		length = tw_host16(udp->len);
		if (length < sizeof(*udp) || (length > rest && p->part == TW_WHOLE))
			return TW_REASON_MALFORMED;
		p->sport = tw_host16(udp->source);
		p->dport = tw_host16(udp->dest);
	} else if (p->protocol == TW_SCTP) {
		const struct tw_ports *ports = tw_at(data, end, p->l4, 12);

		if (rest < 12 || !ports)
			return short_reason;
		p->sport = tw_host16(ports->source);
		p->dport = tw_host16(ports->dest);
	} else if (tw_is_icmp(p)) {
		const struct tw_icmp *icmp = tw_at(data, end, p->l4, sizeof(*icmp));

		if (rest < sizeof(*icmp) || !icmp)
			return short_reason;
		p->type = icmp->type;
		p->code = icmp->code;
		if (tw_is_echo(p))
			p->sport = p->dport = tw_host16(icmp->id);
	}
	return TW_REASON_NONE;
}

/* `offset` in bytes of a fragment with `rest` bytes of data, `more` to come. */
static __always_inline int tw_check_fragment(struct tw_packet *p, __u32 offset, int more,
					     __u32 rest)
{
	if (!offset && !more)
		return TW_REASON_NONE; /* an atomic fragment (RFC 6946) is a whole packet */
	p->part = offset ? TW_FRAGMENT_LATER : TW_FRAGMENT_FIRST;
	if (!rest || (more && rest % 8) || offset + rest > 65535)
		return TW_REASON_FRAGMENT;
	/* the second eight bytes of a TCP header hold its flags */
	if (p->protocol == IPPROTO_TCP && offset && offset < 16)
		return TW_REASON_FRAGMENT;
	return TW_REASON_NONE;
}

static __always_inline int tw_parse_ipv4(struct tw_packet *p, const void *data, const void *end,
					 __u32 left)
{
	const struct iphdr *ip = tw_at(data, end, p->l3, sizeof(*ip));
	__u32 header, total, fragment;
	int reason;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return TW_REASON_MALFORMED;
	header = ip->ihl * 4u;
	total = tw_host16(ip->tot_len);
	if (total < header || total > left)
		return TW_REASON_MALFORMED;
	p->length = total;
	p->protocol = ip->protocol;
	p->ttl = ip->ttl;
	p->dscp = ip->tos >> 2;
	tw_addr_from_ipv4(&p->saddr, ip->saddr);
	tw_addr_from_ipv4(&p->daddr, ip->daddr);
	fragment = tw_host16(ip->frag_off);
	p->may_fragment = !(fragment & 0x4000);
	p->fragment_id = (__force __u16)ip->id;
	p->l4 = p->l3 + header;
	reason = tw_check_fragment(p, (fragment & 0x1fff) * 8, (fragment & 0x2000) != 0,
				   total - header);
	if (reason != TW_REASON_NONE || p->part == TW_FRAGMENT_LATER)
		return reason;
	return tw_parse_transport(p, data, end, total - header);
}

/* One of the headers that a chain goes on behind; their second byte is a length. */
static __always_inline int tw_is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_DSTOPTS || header == IPPROTO_FRAGMENT || header == TW_AH ||
	       header == TW_MOBILITY || header == TW_HIP || header == TW_SHIM6;
}

struct tw_extension {
	__u8 next, length;
	__be16 offset; /* fragment header: offset in the upper 13 bits, M in the lowest */
	__be32 id;
};

/*
 * Follows the chain of extension headers up to the transport header.  A chain of
 * more than TW_EXTENSIONS is refused: what is behind it could not be judged.
 */
static __always_inline int tw_parse_extensions(struct tw_packet *p, const void *data,
					       const void *end, __u32 *rest)
{
	__u32 at = p->l4, left = *rest;
	__u8 header = p->protocol;
	int fragment_headers = 0, i;

	for (i = 0; i < TW_EXTENSIONS && tw_is_extension(header); i++) {
		const struct tw_extension *extension = tw_at(data, end, at, sizeof(*extension));
		__u32 length;
		int reason;

		if (!extension || left < sizeof(*extension))
			return TW_REASON_MALFORMED;
		if (header == IPPROTO_FRAGMENT)
			length = 8;
		else if (header == TW_AH)
			length = (extension->length + 2u) * 4;
		else
			length = (extension->length + 1u) * 8;
		if (length > left)
			return TW_REASON_MALFORMED;
		left -= length;
		at += length;
		p->protocol = extension->next;
		if (header == IPPROTO_FRAGMENT) {
			__u32 fragment = tw_host16(extension->offset);

			if (fragment_headers++)
				return TW_REASON_MALFORMED;
			p->fragment_id = (__force __u32)extension->id;
			reason = tw_check_fragment(p, fragment & 0xfff8, fragment & 1, left);
			if (reason != TW_REASON_NONE)
				return reason;
			if (p->part == TW_FRAGMENT_LATER)
				break;
		}
		header = p->protocol;
	}
	/* behind a later fragment's header is data, whatever its first bytes say */
	if (p->part != TW_FRAGMENT_LATER && tw_is_extension(header))
		return TW_REASON_MALFORMED;
	if (at > TW_HEADERS_MAX)
		return TW_REASON_MALFORMED;
	p->l4 = at;
	*rest = left;
	return TW_REASON_NONE;
}

static __always_inline int tw_parse_ipv6(struct tw_packet *p, const void *data, const void *end,
					 __u32 left)
{
	const struct ipv6hdr *ip = tw_at(data, end, p->l3, sizeof(*ip));
	__u32 payload;
	int reason;

	if (!ip || ip->version != 6)
		return TW_REASON_MALFORMED;
	payload = tw_host16(ip->payload_len);
	if (payload + sizeof(*ip) > left || payload + sizeof(*ip) > 65535)
		return TW_REASON_MALFORMED;
	p->family = 1;
	p->length = payload + sizeof(*ip);
	p->protocol = ip->nexthdr;
	p->ttl = ip->hop_limit;
	p->dscp = (__u8)(ip->priority << 2 | ip->flow_lbl[0] >> 6);
	tw_addr_copy(&p->saddr, &ip->saddr);
	tw_addr_copy(&p->daddr, &ip->daddr);
	p->l4 = p->l3 + sizeof(*ip);
	reason = tw_parse_extensions(p, data, end, &payload);
	if (reason != TW_REASON_NONE || p->part == TW_FRAGMENT_LATER)
		return reason;
	return tw_parse_transport(p, data, end, payload);
}

/*
 * Addresses that no packet on a network has (RFC 1122 3.2.1.3, RFC 4291 2.5, RFC 6890).
 * A host that asks for its address by DHCP may say 0.0.0.0; one that checks its
 * address for duplicates, or reports multicast groups, may say ::.
 */
static __always_inline int tw_is_martian(const struct tw_packet *p)
{
	const union tw_addr *s = &p->saddr, *d = &p->daddr;

	if (tw_addr_equal(s, d))
		return 1;
	if (!p->family) {
		if (s->bytes[12] == 127 || d->bytes[12] == 127)
			return 1;
		if ((s->bytes[12] & 0xf0) == 224 || s->words[3] == TW_BE32(0xffffffff))
			return 1;
		if (d->bytes[12] == 0)
			return 1;
		if (s->bytes[12] == 0)
			return !(s->words[3] == 0 && p->protocol == IPPROTO_UDP && p->sport == 68 &&
				 p->dport == 67);
		return 0;
	}
	if (s->bytes[0] == 0xff)
		return 1;
	if (s->halves[0] == 0) {
		if (s->words[2] == 0 && s->words[3] == 0)
			return p->protocol != IPPROTO_ICMPV6;
		if (s->words[2] == 0 && s->words[3] == TW_BE32(1))
			return 1;
		if (s->words[2] == TW_BE32(0xffff))
			return 1; /* IPv4-mapped: our own form, not to be forged */
	}
	if (d->halves[0] == 0 &&
	    ((d->words[2] == 0 && (d->words[3] == 0 || d->words[3] == TW_BE32(1))) ||
	     d->words[2] == TW_BE32(0xffff)))
		return 1;
	return 0;
}

struct tw_vlan {
	__be16 tci, type;
};

/*
 * Parses one frame.  TW_PARSED_OTHER: not IP, nothing else is known of it.
 * TW_PARSED_REFUSED: *reason says why; addresses may be there or not.
 */
static __always_inline enum tw_parsed tw_parse(struct tw_packet *p, const void *data,
					       const void *end, __u32 frame, __u8 *reason)
{
	const struct ethhdr *eth = tw_at(data, end, 0, sizeof(*eth));
	__u32 at = sizeof(*eth);
	__u16 type;
	int i;

	__builtin_memset(p, 0, sizeof(*p));
	*reason = TW_REASON_MALFORMED;
	if (!eth)
		return TW_PARSED_REFUSED;
	type = tw_host16(eth->h_proto);
	for (i = 0; i < 2 && (type == ETH_P_8021Q || type == ETH_P_8021AD); i++) {
		const struct tw_vlan *vlan = tw_at(data, end, at, sizeof(*vlan));

		if (!vlan)
			return TW_PARSED_REFUSED;
		type = tw_host16(vlan->type);
		at += sizeof(*vlan);
		p->tags++;
	}
	p->l3 = at;
	if (type == ETH_P_IP)
		*reason = tw_parse_ipv4(p, data, end, frame - at);
	else if (type == ETH_P_IPV6)
		*reason = tw_parse_ipv6(p, data, end, frame - at);
	else
		return TW_PARSED_OTHER;
	if (*reason == TW_REASON_NONE && tw_is_martian(p))
		*reason = TW_REASON_MARTIAN;
	return *reason == TW_REASON_NONE ? TW_PARSED : TW_PARSED_REFUSED;
}

_Static_assert(sizeof(struct tw_packet) == 64, "packet");
_Static_assert(sizeof(struct tw_tcp) == 20, "tcp");
_Static_assert(sizeof(struct tw_icmp) == 8, "icmp");

#endif
