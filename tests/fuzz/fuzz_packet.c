/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The parser on any bytes: it reads nothing beyond them, and what it accepts is
 * within the frame.  The first byte says how much of the frame lies in one piece.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tierwall/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_packet p;
	uint8_t reason, *block, *first;
	size_t piece;

	if (size < 1 || size > 9000)
		return 0;
	piece = (size - 1) * (data[0] ? data[0] : 256u) / 256;
	block = malloc(piece + 2); /* the IP header is aligned as drivers align it */
	if (!block)
		return 0;
	first = block + 2;
	memcpy(first, data + 1, piece);
	switch (tw_parse(&p, first, first + piece, (uint32_t)size - 1, &reason)) {
	case TW_PARSED:
		if (p.l3 + p.length + 0u > size - 1 || p.l4 < p.l3 || p.l4 > p.l3 + p.length)
			abort();
		if (p.protocol == IPPROTO_TCP && p.part == TW_WHOLE && !tw_tcp_flags_valid(p.flags))
			abort();
		break;
	case TW_PARSED_REFUSED:
		if (reason >= TW_REASON_COUNT)
			abort();
		break;
	case TW_PARSED_OTHER:
		break;
	}
	free(block);
	return 0;
}
