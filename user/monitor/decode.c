/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame's headers for people.  Unlike the data path's parser it judges nothing: what
 * was dropped as malformed is to be shown, as far as it goes.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "monitor/monitor.h"
#include "tierwall/packet.h"

struct cursor {
	const uint8_t *at;
	size_t left;
};

/* `size` bytes, and on behind them; NULL: they are not there. */
static const uint8_t *take(struct cursor *cursor, size_t size)
{
	const uint8_t *at = cursor->at;

	if (cursor->left < size)
		return NULL;
	cursor->at += size;
	cursor->left -= size;
	return at;
}

static uint16_t number16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void decode_transport(struct decoded *out, struct cursor cursor)
{
	const uint8_t *header;

	if (out->fragment_offset)
		return; /* there is none */
	switch (out->protocol) {
	case IPPROTO_TCP:
		if (cursor.left >= 14) {
			out->has_flags = true;
			out->flags = cursor.at[13];
		}
		/* fall through */
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		header = take(&cursor, 4);
		out->has_ports = header != NULL;
		if (header) {
			out->source_port = number16(header);
			out->destination_port = number16(header + 2);
		}
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		header = take(&cursor, 2);
		out->has_type = header != NULL;
		if (header) {
			out->type = header[0];
			out->code = header[1];
		}
		break;
	}
}

static void decode_ipv4(struct decoded *out, struct cursor cursor)
{
	const uint8_t *header = take(&cursor, 20);
	size_t options;

	if (!header || header[0] >> 4 != 4)
		return;
	out->has_addresses = true;
	out->length = number16(header + 2);
	out->fragment_offset = (uint16_t)((number16(header + 6) & 0x1fff) * 8);
	out->protocol = header[9];
	out->source.bytes[10] = out->source.bytes[11] = 0xff;
	out->destination.bytes[10] = out->destination.bytes[11] = 0xff;
	memcpy(&out->source.bytes[12], header + 12, 4);
	memcpy(&out->destination.bytes[12], header + 16, 4);
	options = (header[0] & 15u) * 4;
	if (options >= 20 && take(&cursor, options - 20))
		decode_transport(out, cursor);
}

/* Goes on behind an extension header; false: `next` is none, or it is cut off. */
static bool skip_extension(struct decoded *out, struct cursor *cursor, uint8_t *next)
{
	const uint8_t *header = cursor->at;
	size_t size;

	if (cursor->left < 8)
		return false;
	switch (*next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case TW_MOBILITY:
	case TW_HIP:
	case TW_SHIM6:
		size = (header[1] + 1u) * 8;
		break;
	case TW_AH:
		size = (header[1] + 2u) * 4;
		break;
	case IPPROTO_FRAGMENT:
		out->fragment_offset = number16(header + 2) & 0xfff8;
		size = 8;
		break;
	default:
		return false;
	}
	*next = header[0];
	return take(cursor, size) != NULL;
}

static void decode_ipv6(struct decoded *out, struct cursor cursor)
{
	const uint8_t *header = take(&cursor, 40);

	if (!header || header[0] >> 4 != 6)
		return;
	out->has_addresses = true;
	out->length = number16(header + 4) + 40u;
	memcpy(&out->source, header + 8, 16);
	memcpy(&out->destination, header + 24, 16);
	out->protocol = header[6];
	while (!out->fragment_offset && skip_extension(out, &cursor, &out->protocol))
		;
	decode_transport(out, cursor);
}

void frame_decode(struct decoded *out, const uint8_t *bytes, size_t length)
{
	struct cursor cursor = {bytes, length};
	const uint8_t *type;

	memset(out, 0, sizeof(*out));
	if (!take(&cursor, 12))
		return;
	for (type = take(&cursor, 2); type; type = take(&cursor, 2)) {
		out->has_ethertype = true;
		out->ethertype = number16(type);
		if (out->ethertype != ETH_P_8021Q && out->ethertype != ETH_P_8021AD)
			break;
		if (!take(&cursor, 2))
			return;
	}
	if (out->ethertype == ETH_P_IP)
		decode_ipv4(out, cursor);
	else if (out->ethertype == ETH_P_IPV6)
		decode_ipv6(out, cursor);
}
