/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The parser on any bytes: it reads nothing beyond them, and what it finds is within
 * the frame, whatever faults it has noted.  The first byte says how much of the frame lies
 * in one piece.  What is plain is so for both parsers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tierwall/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parsed(const struct tw_packet *p, size_t frame)
{
	int fragment = 1 << TW_CHECK_FRAGMENT, flags = 1 << TW_CHECK_TCP_FLAGS;

	if (p->l3 + p->length + 0u > frame || p->l4 < p->l3)
		abort();
	if (!p->faults && p->l4 > p->l3 + p->length)
		abort();
	if (p->headless && !p->faults)
		abort();
	if (p->headless && (p->sport || p->dport || p->flags))
		abort();
	if (p->protocol == IPPROTO_TCP && p->part != TW_FRAGMENT_LATER && !p->headless &&
	    !tw_tcp_flags_valid(p->flags) != !!(p->faults & flags))
		abort();
	if (p->part != TW_WHOLE && p->fragment_start >= p->fragment_end && !(p->faults & fragment))
		abort();
}

static void check_plain(const struct tw_packet *p, enum tw_parsed parsed, const uint8_t *first,
			const uint8_t *end)
{
	struct tw_packet plain;

	memset(&plain, 0xa5, sizeof(plain));
	if (!tw_parse_plain(&plain, first, end))
		return;
	if (parsed != TW_PARSED || p->faults || memcmp(&plain, p, sizeof(plain)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tw_parsed parsed;
	struct tw_packet p;
	uint8_t *block, *first;
	size_t piece;

	if (size < 1 || size > 9000)
		return 0;
	piece = (size - 1) * (data[0] ? data[0] : 256u) / 256;
	block = malloc(piece + 2); /* the IP header is aligned as drivers align it */
	if (!block)
		return 0;
	first = block + 2;
	memcpy(first, data + 1, piece);
	parsed = tw_parse(&p, first, first + piece, (uint32_t)size - 1);
	check_plain(&p, parsed, first, first + piece);
	switch (parsed) {
	case TW_PARSED:
		check_parsed(&p, size - 1);
		break;
	case TW_PARSED_NOT:
		if (tw_fault_reason(p.faults) != TW_REASON_MALFORMED)
			abort();
		break;
	case TW_PARSED_OTHER:
		if (p.faults)
			abort();
		break;
	}
	free(block);
	return 0;
}
