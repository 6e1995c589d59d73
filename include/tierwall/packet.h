/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame's headers as the later stages see them, and what is wrong with them.  A fault
 * does not end the parsing as long as what follows can be read: whether it drops the
 * packet is for the policy to say (enum tw_check).
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
	__u8 headless; /* the transport header is not known: no ports */
	__u8 tags;     /* VLAN */
	__u8 may_fragment;
	__u8 faults;          /* bits by enum tw_check */
	__u16 fragment_start; /* what a fragment holds of its datagram, in units of 8 bytes: */
	__u32 fragment_id;    /* as it stands in the packet */
	__u16 fragment_end;   /* the first unit behind it */
	__u8 fragment_last;   /* no more fragments follow it */
	__u8 by_transport;    /* guard refused it for what its transport header says */
};

/* TW_PARSED_OTHER: not IP.  TW_PARSED_NOT: not even addresses can be read; a fault says so. */
enum tw_parsed { TW_PARSED, TW_PARSED_OTHER, TW_PARSED_NOT };

static __always_inline void tw_fault(struct tw_packet *p, enum tw_check check)
{
	p->faults |= 1u << check;
}

/* The reason of the first of `faults`. */
static __always_inline __u8 tw_fault_reason(__u8 faults)
{
#define X(constant, name, meaning)              \
	if (faults & 1u << TW_CHECK_##constant) \
		return TW_REASON_##constant;
	TW_CHECKS(X)
#undef X
	return TW_REASON_NONE;
}

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

/* Constants in network order. */
#define TW_BE16(value) ((__force __be16)__builtin_bswap16(value))
#define TW_BE32(value) ((__force __be32)__builtin_bswap32(value))

static __always_inline void tw_addr_from_ipv4(union tw_addr *addr, __be32 ipv4)
{
	addr->halves[0] = 0;
	addr->halves[1] = (__u64)(__force __u32)ipv4 << 32 | (__force __u32)TW_BE32(0xffff);
}

static __always_inline void tw_addr_copy(union tw_addr *to, const void *from)
{
	__builtin_memcpy(to, from, sizeof(*to));
}

/* Kept as ::ffff:a.b.c.d. */
static __always_inline int tw_addr_is_ipv4(const union tw_addr *addr)
{
	return addr->halves[0] == 0 && addr->words[2] == TW_BE32(0xffff);
}

static __always_inline int tw_addr_is_zero(const union tw_addr *addr)
{
	return !(addr->halves[0] | addr->halves[1]);
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
	const __u64 valid = 1ull << TW_SYN | 1ull << (TW_SYN | TW_URG) | 1ull << (TW_SYN | TW_ACK) |
			    1ull << TW_RST | 1ull << (TW_RST | TW_ACK) | 1ull << (TW_FIN | TW_ACK) |
			    1ull << (TW_FIN | TW_ACK | TW_URG) | 1ull << TW_ACK |
			    1ull << (TW_ACK | TW_URG);

	return valid >> (flags & (TW_FIN | TW_SYN | TW_RST | TW_ACK | TW_URG)) & 1;
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
	if (!tw_is_icmp(p) || p->part == TW_FRAGMENT_LATER || p->headless)
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
 * The transport header cannot be read.  A first fragment that does not hold all of it,
 * or of the headers before it, is made to get past rules.
 */
static __always_inline void tw_hides_transport(struct tw_packet *p)
{
	p->headless = 1;
	tw_fault(p, p->part == TW_FRAGMENT_FIRST ? TW_CHECK_FRAGMENT : TW_CHECK_MALFORMED);
}

static __always_inline void tw_parse_tcp(struct tw_packet *p, const struct tw_tcp *tcp, __u32 rest)
{
	__u32 header = (tcp->offset >> 4) * 4u;

	if (!tw_tcp_flags_valid(tcp->flags))
		tw_fault(p, TW_CHECK_TCP_FLAGS);
	if (header < sizeof(*tcp))
		tw_fault(p, TW_CHECK_MALFORMED);
	else if (header > rest)
		tw_fault(p, p->part == TW_FRAGMENT_FIRST ? TW_CHECK_FRAGMENT : TW_CHECK_MALFORMED);
	p->sport = tw_host16(tcp->source);
	p->dport = tw_host16(tcp->dest);
	p->flags = tcp->flags;
}

static __always_inline void tw_parse_udp(struct tw_packet *p, const struct udphdr *udp, __u32 rest)
{
	__u32 length = tw_host16(udp->len);

	if (length < sizeof(*udp) || (length > rest && p->part == TW_WHOLE))
		tw_fault(p, TW_CHECK_MALFORMED);
	p->sport = tw_host16(udp->source);
	p->dport = tw_host16(udp->dest);
}

static __always_inline void tw_parse_icmp(struct tw_packet *p, const struct tw_icmp *icmp)
{
	p->type = icmp->type;
	p->code = icmp->code;
	if (tw_is_echo(p))
		p->sport = p->dport = tw_host16(icmp->id);
}

/* `rest` is what the IP packet holds from p->l4 on. */
static __always_inline void tw_parse_transport(struct tw_packet *p, const void *data,
					       const void *end, __u32 rest)
{
	if (p->protocol == IPPROTO_TCP) {
		const struct tw_tcp *tcp = tw_at(data, end, p->l4, sizeof(*tcp));

		if (rest < sizeof(*tcp) || !tcp)
			return tw_hides_transport(p);
		tw_parse_tcp(p, tcp, rest);
	} else if (p->protocol == IPPROTO_UDP) {
		const struct udphdr *udp = tw_at(data, end, p->l4, sizeof(*udp));

		if (rest < sizeof(*udp) || !udp)
			return tw_hides_transport(p);
		tw_parse_udp(p, udp, rest);
	} else if (p->protocol == TW_SCTP) {
		const struct tw_ports *ports = tw_at(data, end, p->l4, 12);

		if (rest < 12 || !ports)
			return tw_hides_transport(p);
		p->sport = tw_host16(ports->source);
		p->dport = tw_host16(ports->dest);
	} else if (tw_is_icmp(p)) {
		const struct tw_icmp *icmp = tw_at(data, end, p->l4, sizeof(*icmp));

		if (rest < sizeof(*icmp) || !icmp)
			return tw_hides_transport(p);
		tw_parse_icmp(p, icmp);
	}
}

/* `offset` in bytes of a fragment with `rest` bytes of data, `more` to come. */
static __always_inline void tw_parse_fragment(struct tw_packet *p, __u32 offset, int more,
					      __u32 rest)
{
	if (!offset && !more)
		return; /* an atomic fragment (RFC 6946) is a whole packet */
	p->part = offset ? TW_FRAGMENT_LATER : TW_FRAGMENT_FIRST;
	p->fragment_start = offset / 8;
	p->fragment_end = (offset + rest + 7) / 8;
	p->fragment_last = !more;
	if (!rest || (more && rest % 8) || offset + rest > 65535)
		tw_fault(p, TW_CHECK_FRAGMENT);
	/* the second eight bytes of a TCP header hold its flags */
	if (p->protocol == IPPROTO_TCP && offset && offset < 16)
		tw_fault(p, TW_CHECK_FRAGMENT);
}

static __always_inline enum tw_parsed tw_parse_ipv4(struct tw_packet *p, const void *data,
						    const void *end, __u32 left)
{
	const struct iphdr *ip = tw_at(data, end, p->l3, sizeof(*ip));
	__u32 header, total, fragment;

	if (!ip || ip->version != 4)
		return TW_PARSED_NOT;
	header = ip->ihl * 4u;
	total = tw_host16(ip->tot_len);
	if (total > left) {
		tw_fault(p, TW_CHECK_MALFORMED);
		total = left;
	}
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
	if (header < sizeof(*ip) || total < header) {
		tw_hides_transport(p);
		return TW_PARSED;
	}
	tw_parse_fragment(p, (fragment & 0x1fff) * 8, (fragment & 0x2000) != 0, total - header);
	if (p->part != TW_FRAGMENT_LATER)
		tw_parse_transport(p, data, end, total - header);
	return TW_PARSED;
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

/* The length of one, 0: `left` bytes do not hold it. */
static __always_inline __u32 tw_extension_length(__u8 header, const struct tw_extension *extension,
						 __u32 left)
{
	__u32 length = 8;

	if (!extension || left < sizeof(*extension))
		return 0;
	if (header == TW_AH)
		length = (extension->length + 2u) * 4;
	else if (header != IPPROTO_FRAGMENT)
		length = (extension->length + 1u) * 8;
	return length > left ? 0 : length;
}

/*
 * Follows the chain of extension headers up to the transport header, or to the header
 * of a later fragment: what is behind that is data, whatever its first bytes say.  False:
 * it ends before, or is longer than TW_EXTENSIONS: what is behind it cannot be judged.
 */
static __always_inline int tw_parse_extensions(struct tw_packet *p, const void *data,
					       const void *end, __u32 *rest)
{
	__u32 at = p->l4, left = *rest;
	__u8 header = p->protocol;
	int fragment_headers = 0, i;

	for (i = 0; i < TW_EXTENSIONS && tw_is_extension(header); i++) {
		const struct tw_extension *extension = tw_at(data, end, at, sizeof(*extension));
		__u32 length = tw_extension_length(header, extension, left);

		if (!length)
			return 0;
		left -= length;
		at += length;
		p->protocol = extension->next;
		if (header == IPPROTO_FRAGMENT) {
			__u32 fragment = tw_host16(extension->offset);

			if (fragment_headers++)
				return 0;
			p->fragment_id = (__force __u32)extension->id;
			tw_parse_fragment(p, fragment & 0xfff8, fragment & 1, left);
			if (p->part == TW_FRAGMENT_LATER)
				break;
		}
		header = p->protocol;
	}
	if (at > TW_HEADERS_MAX || (p->part != TW_FRAGMENT_LATER && tw_is_extension(header)))
		return 0;
	p->l4 = at;
	*rest = left;
	return 1;
}

static __always_inline enum tw_parsed tw_parse_ipv6(struct tw_packet *p, const void *data,
						    const void *end, __u32 left)
{
	const struct ipv6hdr *ip = tw_at(data, end, p->l3, sizeof(*ip));
	__u32 payload;

	if (!ip || ip->version != 6)
		return TW_PARSED_NOT;
	payload = tw_host16(ip->payload_len);
	if (payload + sizeof(*ip) > left || payload + sizeof(*ip) > 65535) {
		tw_fault(p, TW_CHECK_MALFORMED);
		payload = (left > 65535 ? 65535 : left) - sizeof(*ip);
	}
	p->family = 1;
	p->length = payload + sizeof(*ip);
	p->protocol = ip->nexthdr;
	p->ttl = ip->hop_limit;
	p->dscp = (__u8)(ip->priority << 2 | ip->flow_lbl[0] >> 6);
	tw_addr_copy(&p->saddr, &ip->saddr);
	tw_addr_copy(&p->daddr, &ip->daddr);
	p->l4 = p->l3 + sizeof(*ip);
	if (!tw_parse_extensions(p, data, end, &payload))
		tw_hides_transport(p);
	else if (p->part != TW_FRAGMENT_LATER)
		tw_parse_transport(p, data, end, payload);
	return TW_PARSED;
}

/*
 * Addresses that no packet on a network has (RFC 1122 3.2.1.3, RFC 4291 2.5, RFC 6890).
 * A host that asks for its address by DHCP may say 0.0.0.0; one that checks its
 * address for duplicates, or reports multicast groups, may say ::.  Reserved and
 * link-local addresses (240.0.0.0/4, 169.254.0.0/16) are in use and none.
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
	if (d->bytes[0] == 0xff && (d->bytes[1] & 0xf) < 2)
		return 1; /* to groups that end within their sender (RFC 4291, 2.7) */
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
 * A tag without a VLAN's number.  Receivers take off any number of them, so that a
 * packet behind more tags than are followed here would get past all rules.
 */
static __always_inline int tw_is_priority_tag(const struct tw_vlan *vlan)
{
	return !(tw_host16(vlan->tci) & 0xfff);
}

/* Parses one frame; p->faults says what is wrong with it. */
static __always_inline enum tw_parsed tw_parse(struct tw_packet *p, const void *data,
					       const void *end, __u32 frame)
{
	const struct ethhdr *eth = tw_at(data, end, 0, sizeof(*eth));
	enum tw_parsed parsed = TW_PARSED_NOT;
	__u32 at = sizeof(*eth);
	int priority = 0, i;
	__u16 type;

	__builtin_memset(p, 0, sizeof(*p));
	if (!eth)
		goto out;
	type = tw_host16(eth->h_proto);
	for (i = 0; i < 2 && (type == ETH_P_8021Q || type == ETH_P_8021AD); i++) {
		const struct tw_vlan *vlan = tw_at(data, end, at, sizeof(*vlan));

		if (!vlan)
			goto out;
		type = tw_host16(vlan->type);
		at += sizeof(*vlan);
		p->tags++;
		priority |= tw_is_priority_tag(vlan);
	}
	if (type == ETH_P_8021Q || type == ETH_P_8021AD) {
		const struct tw_vlan *vlan = tw_at(data, end, at, sizeof(*vlan));

		if (!vlan || priority || tw_is_priority_tag(vlan))
			goto out;
	}
	p->l3 = at;
	/* read back: so the verifier forgets how many tags there were, and the paths meet */
	at = *(const volatile __u16 *)&p->l3;
	if (type == ETH_P_IP)
		parsed = tw_parse_ipv4(p, data, end, frame - at);
	else if (type == ETH_P_IPV6)
		parsed = tw_parse_ipv6(p, data, end, frame - at);
	else
		return TW_PARSED_OTHER;
out:
	if (parsed == TW_PARSED_NOT)
		tw_fault(p, TW_CHECK_MALFORMED);
	else if (tw_is_martian(p))
		tw_fault(p, TW_CHECK_MARTIAN);
	return parsed;
}

_Static_assert(sizeof(struct tw_packet) == 64, "packet");
_Static_assert(sizeof(struct tw_tcp) == 20, "tcp");
_Static_assert(sizeof(struct tw_icmp) == 8, "icmp");

#endif
