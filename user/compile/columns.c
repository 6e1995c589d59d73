/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rows ask of each word of the key, as intervals. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"
#include "tierwall/packet.h"

uint32_t key_word_bits(uint32_t word)
{
	static const uint8_t bits[TW_KEY_USED] = {
		[TW_KEY_SOURCE] = 32,
		[TW_KEY_SOURCE + 1] = 32,
		[TW_KEY_SOURCE + 2] = 32,
		[TW_KEY_SOURCE + 3] = 32,
		[TW_KEY_DESTINATION] = 32,
		[TW_KEY_DESTINATION + 1] = 32,
		[TW_KEY_DESTINATION + 2] = 32,
		[TW_KEY_DESTINATION + 3] = 32,
		[TW_KEY_SOURCE_PORT] = 16,
		[TW_KEY_DESTINATION_PORT] = 16,
		[TW_KEY_PROTOCOL] = 8,
		[TW_KEY_FLAGS] = 9,
		[TW_KEY_TYPE] = 17,
		[TW_KEY_LENGTH] = 16,
		[TW_KEY_TTL] = 8,
		[TW_KEY_DSCP] = 6,
		[TW_KEY_STATE] = 2,
		[TW_KEY_PART] = 2,
		[TW_KEY_DEVICE] = 32,
		[TW_KEY_SOURCE_CLASS] = 8,
		[TW_KEY_DESTINATION_CLASS] = 8,
	};

	return bits[word];
}

/* An interval of one word; [0, top] where the row does not ask. */
struct interval {
	uint32_t lo, hi;
};

static void address_intervals(struct interval words[4], const struct row_end *end)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t bits = end->bits > 32 * i ? end->bits - 32 * i : 0;
		uint32_t mask = bits >= 32 ? ~0u : bits ? ~0u << (32 - bits) : 0;

		words[i].lo = be32toh((__force uint32_t)end->addr.words[i]) & mask;
		words[i].hi = words[i].lo | ~mask;
	}
}

/* The type, and the code where it is asked. */
static void type_interval(struct interval *words, const struct row *row)
{
	struct interval *type = &words[TW_KEY_TYPE];

	if (!(row->conditions & TW_MORE_TYPE))
		return;
	type->lo = (uint32_t)row->type << 8;
	type->hi = type->lo | 0xff;
	if (row->conditions & TW_MORE_CODE)
		type->lo = type->hi = type->lo | row->code;
}

static void condition_intervals(struct interval *words, const struct row *row)
{
	uint32_t asked = row->conditions;

	if (asked & TW_MORE_FLAGS)
		words[TW_KEY_FLAGS] = (struct interval){
			row->flags, (row->flags | ~(uint32_t)row->flags_mask) & 0xff};
	type_interval(words, row);
	if (asked & TW_MORE_LENGTH)
		words[TW_KEY_LENGTH] = (struct interval){row->length[0], row->length[1]};
	if (asked & TW_MORE_TTL)
		words[TW_KEY_TTL] = (struct interval){row->ttl[0], row->ttl[1]};
	if (asked & TW_MORE_DSCP)
		words[TW_KEY_DSCP] = (struct interval){row->dscp, row->dscp};
	if (asked & TW_MORE_STATE) /* any value with one of the bits */
		words[TW_KEY_STATE] = (struct interval){row->state & -row->state,
							TW_STATE_NEW | TW_STATE_ESTABLISHED};
	if (asked & TW_MORE_FRAGMENT)
		words[TW_KEY_PART] = (struct interval){TW_FRAGMENT_FIRST, TW_FRAGMENT_LATER};
	if (asked & TW_MORE_DEVICE)
		words[TW_KEY_DEVICE] = (struct interval){row->device, row->device};
}

static void row_intervals(struct interval *words, const struct row *row, const uint32_t *top)
{
	for (uint32_t i = 0; i < TW_KEY_USED; i++)
		words[i] = (struct interval){0, top[i]};
	if (row->source.has_classes)
		words[TW_KEY_SOURCE_CLASS] =
			(struct interval){row->source.classes[0], row->source.classes[1]};
	if (row->destination.has_classes)
		words[TW_KEY_DESTINATION_CLASS] =
			(struct interval){row->destination.classes[0], row->destination.classes[1]};
	if (!row->source.sets)
		address_intervals(&words[TW_KEY_SOURCE], &row->source);
	if (!row->destination.sets)
		address_intervals(&words[TW_KEY_DESTINATION], &row->destination);
	words[TW_KEY_SOURCE_PORT] = (struct interval){row->source_port[0], row->source_port[1]};
	words[TW_KEY_DESTINATION_PORT] =
		(struct interval){row->destination_port[0], row->destination_port[1]};
	if (row->has_protocol)
		words[TW_KEY_PROTOCOL] = (struct interval){row->protocol, row->protocol};
	condition_intervals(words, row);
}

/* IPv4 has one word of an address; the others say nothing. */
static bool word_is_of(uint32_t word, int family)
{
	return family || word >= TW_KEY_SOURCE_PORT || word % 4 == 3;
}

static int note(struct columns *columns, size_t count, size_t row, uint32_t word,
		const struct interval *interval)
{
	uint32_t **lo = &columns->lo[word], **hi = &columns->hi[word];

	if (!*lo) {
		if (!interval->lo && interval->hi == columns->top[word])
			return 0;
		*lo = calloc(count, sizeof(**lo));
		*hi = malloc(count * sizeof(**hi));
		if (!*lo || !*hi)
			return -ENOMEM;
		for (size_t i = 0; i < count; i++)
			(*hi)[i] = columns->top[word];
	}
	(*lo)[row] = interval->lo;
	(*hi)[row] = interval->hi;
	return 0;
}

int columns_fill(struct columns *columns, const struct rows *rows, int family)
{
	struct interval words[TW_KEY_USED];

	memset(columns, 0, sizeof(*columns));
	columns->rows = rows->items;
	columns->family = family;
	for (uint32_t word = 0; word < TW_KEY_USED; word++)
		columns->top[word] = (uint32_t)((1ull << key_word_bits(word)) - 1);
	for (size_t i = 0; i < rows->count; i++) {
		if (!(rows->items[i].families & (family ? ROW_IPV6 : ROW_IPV4)))
			continue;
		row_intervals(words, &rows->items[i], columns->top);
		for (uint32_t word = 0; word < TW_KEY_USED; word++) {
			int result = word_is_of(word, family)
					     ? note(columns, rows->count, i, word, &words[word])
					     : 0;

			if (result)
				return result;
		}
	}
	return 0;
}

void columns_free(struct columns *columns)
{
	for (uint32_t word = 0; word < TW_KEY_USED; word++) {
		free(columns->lo[word]);
		free(columns->hi[word]);
	}
}
