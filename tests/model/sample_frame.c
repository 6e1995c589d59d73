/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A sample as a frame.  It is what the headers say that counts here; checksums, which
 * nobody reads, are zero.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <string.h>

#include "model/sample.h"

#define FRAGMENT_HEADER 8

static size_t put_ipv4(const struct sample *sample, uint8_t *at)
{
	const struct tw_packet *p = &sample->packet;
	uint16_t fragment = sample->offset;

	if (p->part == TW_FRAGMENT_FIRST)
		fragment |= 0x2000;
	*(struct iphdr *)at = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = (uint8_t)(p->dscp << 2),
		.tot_len = htons(p->length),
		.id = (__force __be16)(uint16_t)p->fragment_id,
		.frag_off = htons(fragment),
		.ttl = p->ttl,
		.protocol = p->protocol,
		.saddr = p->saddr.words[3],
		.daddr = p->daddr.words[3],
	};
	return sizeof(struct iphdr);
}

static size_t put_ipv6(const struct sample *sample, uint8_t *at)
{
	const struct tw_packet *p = &sample->packet;
	struct ipv6hdr *ip = (struct ipv6hdr *)at;
	__be16 fragment = htons((uint16_t)(sample->offset << 3 | (p->part == TW_FRAGMENT_FIRST)));
	uint8_t *extension = at + sizeof(*ip);

	*ip = (struct ipv6hdr){
		.version = 6,
		.priority = p->dscp >> 2,
		.flow_lbl = {(uint8_t)(p->dscp << 6)},
		.payload_len = htons((uint16_t)(p->length - sizeof(*ip))),
		.nexthdr = p->protocol,
		.hop_limit = p->ttl,
	};
	memcpy(&ip->saddr, &p->saddr, 16);
	memcpy(&ip->daddr, &p->daddr, 16);
	if (p->part == TW_WHOLE)
		return sizeof(*ip);
	ip->nexthdr = IPPROTO_FRAGMENT;
	extension[0] = p->protocol;
	memcpy(extension + 2, &fragment, 2);
	memcpy(extension + 4, &p->fragment_id, 4);
	return sizeof(*ip) + FRAGMENT_HEADER;
}

static void put_transport(const struct tw_packet *p, uint8_t *at, size_t rest)
{
	struct tw_icmp *icmp = (struct tw_icmp *)at;

	if (p->protocol == IPPROTO_TCP) {
		*(struct tw_tcp *)at = (struct tw_tcp){
			.source = htons(p->sport),
			.dest = htons(p->dport),
			.offset = 5 << 4,
			.flags = p->flags,
		};
	} else if (p->protocol == IPPROTO_UDP) {
		*(struct udphdr *)at = (struct udphdr){
			.source = htons(p->sport),
			.dest = htons(p->dport),
			.len = htons((uint16_t)rest),
		};
	} else if (p->protocol == TW_SCTP) {
		*(struct tw_ports *)at = (struct tw_ports){htons(p->sport), htons(p->dport)};
	} else if (tw_is_icmp(p)) {
		icmp->type = p->type;
		icmp->code = p->code;
		icmp->id = htons(p->sport);
	}
}

size_t sample_frame(const struct sample *sample, uint8_t *frame)
{
	const struct tw_packet *p = &sample->packet;
	struct ethhdr *ethernet = (struct ethhdr *)frame;
	size_t at = sizeof(*ethernet), length = at + p->length;

	memset(frame, 0, length < ETH_ZLEN ? ETH_ZLEN : length);
	*ethernet = (struct ethhdr){
		.h_dest = {0x02, 0, 0, 0, 0, 1},
		.h_source = {0x02, 0, 0, 0, 0, 2},
		.h_proto = htons(p->family ? ETH_P_IPV6 : ETH_P_IP),
	};
	at += p->family ? put_ipv6(sample, frame + at) : put_ipv4(sample, frame + at);
	if (p->part != TW_FRAGMENT_LATER)
		put_transport(p, frame + at, length - at);
	return length < ETH_ZLEN ? ETH_ZLEN : length;
}
