/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One row as the data path reads it. */
#include <endian.h>
#include <string.h>

#include "compile/classifier.h"

/* Has the class of the address been found when the rule is looked at? */
static bool is_held(const struct row_end *end)
{
	return end->has_classes;
}

static uint64_t row_word(const struct row *row, uint32_t more)
{
	uint64_t word = TW_RULE_VALID | (row->has_protocol ? TW_RULE_PROTOCOL | row->protocol : 0);

	if (row->has_ports)
		word |= TW_RULE_PORTS;
	if (is_held(&row->source))
		word |= TW_RULE_HELD(0);
	if (is_held(&row->destination))
		word |= TW_RULE_HELD(1);
	if (row->limit != TW_NONE32)
		word |= TW_RULE_LIMIT;
	word |= (uint64_t)row->action << TW_RULE_ACTION_SHIFT;
	word |= (uint64_t)row->verdict << TW_RULE_VERDICT_SHIFT;
	word |= (uint64_t)more << TW_RULE_MORE_SHIFT;
	word |= (uint64_t)(row->counter & TW_RULE_COUNTER_MAX) << TW_RULE_COUNTER_SHIFT;
	return word | (uint64_t)row->number << TW_RULE_NUMBER_SHIFT;
}

/* -- struct tw_more ------------------------------------------------------------------- */

static struct tw_more *next_more(struct tw_more *more, uint32_t *count, enum tw_more_kind kind,
				 uint8_t side)
{
	struct tw_more *place = &more[(*count)++];

	memset(place, 0, sizeof(*place));
	place->kind = kind;
	place->side = side;
	return place;
}

/* How far to shift a half of an address so that its first `bits` remain. */
static void set_shift(uint8_t shift[2], uint32_t bits)
{
	uint32_t rest = bits < 64 ? 64 - bits : 0;

	shift[0] = (uint8_t)(rest / 2);
	shift[1] = (uint8_t)(rest - rest / 2);
}

static void set_prefix(uint64_t halves[2], uint8_t shift[2][2], const union tw_addr *addr,
		       uint8_t bits)
{
	halves[0] = be64toh(addr->halves[0]);
	halves[1] = be64toh(addr->halves[1]);
	set_shift(shift[0], bits);
	set_shift(shift[1], bits > 64 ? bits - 64 : 0);
}

static void add_sets(struct tw_more *more, uint32_t *count, const struct row_sets *sets,
		     uint8_t side)
{
	for (size_t i = 0; i < sets->set_count; i += TW_MORE_SETS_MAX) {
		struct tw_more *place = next_more(more, count, TW_MORE_SETS, side);
		size_t left = sets->set_count - i;

		place->negated = sets->negated;
		place->count = (uint8_t)(left < TW_MORE_SETS_MAX ? left : TW_MORE_SETS_MAX);
		memcpy(place->sets, sets->sets + i, place->count * sizeof(*place->sets));
	}
}

static void add_held(struct tw_more *more, uint32_t *count, const struct row_end *end, uint8_t side)
{
	struct tw_more *place;

	if (!end->sets || !end->sets->held || is_held(end)) /* then the rule itself says it */
		return;
	place = next_more(more, count, TW_MORE_HELD, side);
	place->negated = end->sets->negated;
	place->held = end->sets->held;
}

static void add_not_prefixes(struct tw_more *more, uint32_t *count, const struct row_sets *sets,
			     uint8_t side, int family)
{
	for (size_t i = 0; i < sets->prefix_count; i++) {
		const struct prefix *prefix = &sets->prefixes[i];
		struct tw_more *place;

		if ((prefix->bits >= 96 && addr_is_ipv4(&prefix->addr)) == family)
			continue; /* no address of this family is in it */
		place = next_more(more, count, TW_MORE_NOT_PREFIX, side);
		set_prefix((uint64_t *)place->prefix, place->shift, &prefix->addr, prefix->bits);
	}
}

static void add_conditions(struct tw_more *more, uint32_t *count, const struct row *row)
{
	struct tw_more *place;

	if (!row->conditions && row->limit == TW_NONE32)
		return;
	place = next_more(more, count, TW_MORE_CONDITIONS, 0);
	place->conditions = row->conditions;
	memcpy(place->length, row->length, sizeof(place->length));
	memcpy(place->ttl, row->ttl, sizeof(place->ttl));
	place->flags_mask = row->flags_mask;
	place->flags = row->flags;
	place->type = row->type;
	place->code = row->code;
	place->dscp = row->dscp;
	place->state = row->state;
	place->device = row->device;
	place->limit = row->limit;
}

/* Sets come last: one costs more than all the rest. */
static uint32_t pack_more(struct tw_more *more, const struct row *row, int family)
{
	uint32_t count = 0;

	add_conditions(more, &count, row);
	add_held(more, &count, &row->source, 0);
	add_held(more, &count, &row->destination, 1);
	if (row->source.sets)
		add_not_prefixes(more, &count, row->source.sets, 0, family);
	if (row->destination.sets)
		add_not_prefixes(more, &count, row->destination.sets, 1, family);
	if (row->source.sets)
		add_sets(more, &count, row->source.sets, 0);
	if (row->destination.sets)
		add_sets(more, &count, row->destination.sets, 1);
	return count;
}

/* -- the row --------------------------------------------------------------------------- */

static uint32_t mask4(uint8_t bits)
{
	return bits > 96 ? ~0u << (128 - bits) : 0;
}

static void pack4(struct tw_rule4 *rule, const struct row *row, uint32_t more)
{
	rule->source_mask = mask4(row->source.bits);
	rule->destination_mask = mask4(row->destination.bits);
	rule->source = be32toh((__force uint32_t)row->source.addr.words[3]) & rule->source_mask;
	rule->destination =
		be32toh((__force uint32_t)row->destination.addr.words[3]) & rule->destination_mask;
	if (is_held(&row->source))
		rule->source_held = row->source.sets->held;
	if (is_held(&row->destination))
		rule->destination_held = row->destination.sets->held;
	memcpy(rule->source_port, row->source_port, sizeof(rule->source_port));
	memcpy(rule->destination_port, row->destination_port, sizeof(rule->destination_port));
	rule->word = row_word(row, more);
}

static void pack6(struct tw_rule6 *rule, const struct row *row, uint32_t more)
{
	set_prefix((uint64_t *)rule->source, rule->source_shift, &row->source.addr,
		   row->source.bits);
	set_prefix((uint64_t *)rule->destination, rule->destination_shift, &row->destination.addr,
		   row->destination.bits);
	if (is_held(&row->source))
		rule->source[0] = row->source.sets->held;
	if (is_held(&row->destination))
		rule->destination[0] = row->destination.sets->held;
	memcpy(rule->source_port, row->source_port, sizeof(rule->source_port));
	memcpy(rule->destination_port, row->destination_port, sizeof(rule->destination_port));
	rule->word = row_word(row, more);
	rule->_pad = 0;
}

size_t pack_row(void *at, const struct row *row, int family)
{
	struct tw_more more[TW_RULE_MORE_MAX];
	uint32_t count = pack_more(more, row, family);
	size_t head = family ? sizeof(struct tw_rule6) : sizeof(struct tw_rule4);

	if (at && family)
		pack6(at, row, count);
	else if (at)
		pack4(at, row, count);
	if (at)
		memcpy((char *)at + head, more, count * sizeof(*more));
	head += count * sizeof(*more);
	return family ? (head + 63) & ~(size_t)63 : head;
}

uint32_t row_set_lookups(const struct row *row)
{
	uint32_t count = 0;

	if (row->source.sets)
		count += (uint32_t)row->source.sets->set_count;
	if (row->destination.sets)
		count += (uint32_t)row->destination.sets->set_count;
	return count;
}
