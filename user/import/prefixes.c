/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Spans of addresses as prefixes. */
#include "import/model.h"

#define MAPPED_LOW  ((wide)0xffff << 32)
#define MAPPED_HIGH (MAPPED_LOW | 0xffffffff)

static void set_addr(union tw_addr *addr, wide value)
{
	for (int i = 15; i >= 0; i--, value >>= 8)
		addr->bytes[i] = (uint8_t)value;
}

/* The longest prefix that begins at `low` and does not go beyond `high`. */
static unsigned int free_bits(wide low, wide high)
{
	unsigned int bits = 0;

	while (bits < 128) {
		wide mask = bits == 127 ? ~(wide)0 : (((wide)1 << (bits + 1)) - 1);

		if (low & mask || high - low < mask)
			break;
		bits++;
	}
	return bits;
}

bool prefixes_of(struct import *import, const struct spans *spans, unsigned int family,
		 struct prefix **out, size_t *count, size_t most)
{
	size_t room = 0;

	*out = NULL;
	*count = 0;
	for (size_t i = 0; i < spans->count; i++) {
		wide low = spans->items[i].low, high = spans->items[i].high;

		if (family == FAMILY_IPV4) {
			low = low < MAPPED_LOW ? MAPPED_LOW : low;
			high = high > MAPPED_HIGH ? MAPPED_HIGH : high;
		}
		while (low <= high) {
			unsigned int bits = free_bits(low, high);
			struct prefix *prefix;
			wide last = bits == 128 ? high : low + (((wide)1 << bits) - 1);

			/* No IPv6 packet has an address of this range: it is read as IPv4. */
			if (family == FAMILY_IPV4 || low < MAPPED_LOW || last > MAPPED_HIGH) {
				prefix = import_push(import, out, count, &room, sizeof(*prefix));
				set_addr(&prefix->addr, low);
				prefix->bits = (uint8_t)(128 - bits);
				if (*count > most)
					return false;
			}
			if (last == ~(wide)0)
				break;
			low = last + 1;
		}
	}
	return true;
}
