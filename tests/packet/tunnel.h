/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets in tunnels, byte by byte from RFC 2003, 2473, 4213 and 768: nothing here is
 * shared with the data path.
 */
#ifndef TESTS_PACKET_TUNNEL_H
#define TESTS_PACKET_TUNNEL_H

#include "frame.h"

struct outside {
	enum family family;
	bool gue;
	bool gue_header; /* of variant 0 */
	const char *source, *destination;
	uint8_t class;
	uint8_t ttl;         /* 0: 64 */
	uint16_t from_port;  /* of gue */
	uint16_t to_port;    /* 0: 6080 */
	uint32_t flow_label; /* of IPv6 */
	uint8_t padding;     /* bytes behind the inner packet */
};

/* Puts the IP packet of `inner` into another; the Ethernet header stays, but for its type. */
void tunnel_build(struct frame *out, const struct frame *inner, const struct outside *outside);

#endif
