/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tunnels behind tunnel.h. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel.h"

static void put_address(uint8_t *at, int family, const char *text)
{
	if (inet_pton(family, text, at) != 1)
		abort();
}

/* Returns the length of the header. */
static size_t put_ipv4(uint8_t *ip, const struct outside *outside, uint8_t protocol, size_t payload)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = outside->class;
	set16(ip + 2, 20 + payload);
	ip[6] = 0x40;
	ip[8] = outside->ttl ? outside->ttl : 64;
	ip[9] = protocol;
	put_address(ip + 12, AF_INET, outside->source);
	put_address(ip + 16, AF_INET, outside->destination);
	set16(ip + 10, checksum(ip, 20, 0));
	return 20;
}

static size_t put_ipv6(uint8_t *ip, const struct outside *outside, uint8_t protocol, size_t payload)
{
	memset(ip, 0, 40);
	set16(ip, 6 << 12 | outside->class << 4 | outside->flow_label >> 16);
	set16(ip + 2, outside->flow_label);
	set16(ip + 4, payload);
	ip[6] = protocol;
	ip[7] = outside->ttl ? outside->ttl : 64;
	put_address(ip + 8, AF_INET6, outside->source);
	put_address(ip + 24, AF_INET6, outside->destination);
	return 40;
}

void tunnel_build(struct frame *out, const struct frame *inner, const struct outside *outside)
{
	size_t l3 = inner->network, length = inner->length - l3, packet = length - outside->padding;
	uint8_t number = inner->bytes[l3] >> 4 == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	size_t between = outside->gue ? 8 + (outside->gue_header ? 4 : 0) : 0;
	uint8_t protocol = outside->gue ? IPPROTO_UDP : number, *at;

	*out = *inner;
	set16(out->bytes + l3 - 2, outside->family == IPV4 ? ETH_P_IP : ETH_P_IPV6);
	at = out->bytes + l3;
	if (outside->family == IPV4)
		at += put_ipv4(at, outside, protocol, packet + between);
	else
		at += put_ipv6(at, outside, protocol, packet + between);
	out->transport = (size_t)(at - out->bytes);
	if (outside->gue) {
		memset(at, 0, between);
		set16(at, outside->from_port);
		set16(at + 2, outside->to_port ? outside->to_port : 6080);
		set16(at + 4, packet + between);
		if (outside->gue_header)
			at[9] = number;
		at += between;
	}
	memcpy(at, inner->bytes + l3, length);
	out->length = (size_t)(at - out->bytes) + length;
	out->linear = out->length;
}
