/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The answers behind answer.h: RFC 9293 3.5.2, RFC 792 and 1812, RFC 4443. */
#include <string.h>

#include "answer.h"

#define MAC_BYTES  6
#define TCP_BYTES  20
#define ICMP_BYTES 8

static size_t ip_bytes(enum family family)
{
	return family == IPV4 ? 20 : 40;
}

static void set32(uint8_t *at, uint32_t value)
{
	set16(at, value >> 16);
	set16(at + 2, value);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_words(const uint8_t *at, size_t length)
{
	uint32_t sum = 0;

	for (; length > 1; length -= 2, at += 2)
		sum += get16(at);
	return sum;
}

/* Ethernet with the addresses exchanged; VLAN tags stay. */
static void put_ethernet(struct frame *out, const struct frame *in)
{
	memcpy(out->bytes, in->bytes, in->network);
	memcpy(out->bytes, in->bytes + MAC_BYTES, MAC_BYTES);
	memcpy(out->bytes + MAC_BYTES, in->bytes, MAC_BYTES);
	out->device = in->device;
	out->network = in->network;
}

/* The IP header for `length` bytes behind it; returns the sum of its addresses. */
static uint32_t put_ip(struct frame *out, const struct frame *in, enum family family,
		       uint8_t protocol, size_t length, uint8_t tos)
{
	uint8_t *ip = out->bytes + out->network;
	const uint8_t *asked = in->bytes + in->network;

	memset(ip, 0, ip_bytes(family));
	out->transport = out->network + ip_bytes(family);
	out->length = out->transport + length;
	if (family == IPV6) {
		ip[0] = 0x60;
		set16(ip + 4, length);
		ip[6] = protocol;
		ip[7] = 64;
		memcpy(ip + 8, asked + 24, 16);
		memcpy(ip + 24, asked + 8, 16);
		return sum_words(ip + 8, 32);
	}
	ip[0] = 0x45;
	ip[1] = tos;
	set16(ip + 2, 20 + length);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, asked + 16, 4);
	memcpy(ip + 16, asked + 12, 4);
	set16(ip + 10, checksum(ip, 20, 0));
	return sum_words(ip + 12, 8);
}

static void put_reset(struct frame *out, const struct frame *in, const struct packet *packet,
		      enum family family)
{
	uint32_t pseudo = put_ip(out, in, family, IPPROTO_TCP, TCP_BYTES, 0);
	const uint8_t *asked = in->bytes + in->transport;
	uint8_t *tcp = out->bytes + out->transport;
	uint32_t got = packet->payload + !!(packet->flags & SYN) + !!(packet->flags & FIN);

	memset(tcp, 0, TCP_BYTES);
	memcpy(tcp, asked + 2, 2);
	memcpy(tcp + 2, asked, 2);
	tcp[12] = 0x50;
	if (packet->flags & ACK) {
		memcpy(tcp + 4, asked + 8, 4);
		tcp[13] = RST;
	} else {
		set32(tcp + 8, get32(asked + 4) + got);
		tcp[13] = RST | ACK;
	}
	set16(tcp + 16, checksum(tcp, TCP_BYTES, pseudo + IPPROTO_TCP + TCP_BYTES));
}

static void put_error(struct frame *out, const struct frame *in, const struct packet *packet,
		      enum family family, uint8_t type, uint8_t code)
{
	size_t most = (family == IPV4 ? 576 : 1280) - ip_bytes(family) - ICMP_BYTES;
	size_t quote = in->length - packet->padding - in->network;
	uint8_t protocol = family == IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, *icmp;

	if (quote > most)
		quote = most;
	put_ip(out, in, family, protocol, ICMP_BYTES + quote, 0xc0);
	icmp = out->bytes + out->transport;
	memset(icmp, 0, ICMP_BYTES);
	icmp[0] = type;
	icmp[1] = code;
	memcpy(icmp + ICMP_BYTES, in->bytes + in->network, quote);
}

static void put_echo(struct frame *out, const struct frame *in, const struct packet *packet,
		     enum family family)
{
	size_t length = in->length - packet->padding - in->transport;
	uint8_t *ip = out->bytes + out->network;

	put_ip(out, in, family, family == IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, length, 0);
	if (family == IPV6) {
		memcpy(ip, in->bytes + in->network, 4); /* DSCP and flow label */
	} else {
		memcpy(ip + 1, in->bytes + in->network + 1, 7); /* DSCP, length, id, flags */
	}
	memcpy(out->bytes + out->transport, in->bytes + in->transport, length + packet->padding);
	out->bytes[out->transport] = family == IPV4 ? 0 : 129;
}

/* Both checksums of an ICMP message, which has all else. */
static void finish_icmp(struct frame *out, enum family family)
{
	uint8_t *ip = out->bytes + out->network, *icmp = out->bytes + out->transport;
	size_t length = out->length - out->transport;
	uint32_t pseudo = sum_words(ip + 8, 32) + IPPROTO_ICMPV6 + length;

	set16(icmp + 2, 0);
	set16(icmp + 2, checksum(icmp, length, family == IPV4 ? 0 : pseudo));
	if (family == IPV4) {
		set16(ip + 10, 0);
		set16(ip + 10, checksum(ip, 20, 0));
	}
}

void answer_build(struct frame *out, const struct frame *in, const struct packet *packet,
		  const struct variant *variant, enum answer answer, enum party from)
{
	enum family family = variant->family;
	bool v4 = family == IPV4;

	put_ethernet(out, in);
	if (answer == RESET) {
		put_reset(out, in, packet, family);
		return;
	}
	if (answer == UNREACHABLE)
		put_error(out, in, packet, family, v4 ? 3 : 1, v4 ? 3 : 4);
	else if (answer == EXCEEDED)
		put_error(out, in, packet, family, v4 ? 11 : 3, 0);
	else
		put_echo(out, in, packet, family);
	if (from)
		party_address(from, family, variant->run,
			      out->bytes + out->network + (v4 ? 12 : 8));
	finish_icmp(out, family);
	if (answer == ECHOED)
		out->length += packet->padding;
}
