/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules that can never match, because one before them matches whatever they do.
 *
 * Who covers a rule matches its lowest packet, too: the trees lead to all that do, so
 * that not every pair of rules has to be looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"

/* -- does one row cover another? ------------------------------------------------------ */

static bool is_of_family(const struct prefix *prefix, int family)
{
	return (prefix->bits >= 96 && addr_is_ipv4(&prefix->addr)) == !family;
}

static struct prefix prefix_of(const struct row_end *end, int family)
{
	struct prefix prefix = {.addr = end->addr, .bits = end->bits};

	if (!family && prefix.bits < 96) {
		prefix.bits = 96;
		prefix.addr.bytes[10] = prefix.addr.bytes[11] = 0xff;
	}
	return prefix;
}

static bool is_any(const struct row_end *end, int family)
{
	return !end->sets && end->bits <= (family ? 0 : 96);
}

static bool has_set(const struct row_sets *sets, uint16_t set)
{
	for (size_t i = 0; i < sets->set_count; i++)
		if (sets->sets[i] == set)
			return true;
	return false;
}

static bool has_all_sets(const struct row_sets *all, const struct row_sets *some)
{
	if (some->held & ~all->held)
		return false;
	for (size_t i = 0; i < some->set_count; i++)
		if (!has_set(all, some->sets[i]))
			return false;
	return true;
}

/* Is every address that `not` leaves out of the first left out of the second, too? */
static bool leaves_out_no_more(const struct row_sets *first, const struct row_sets *second,
			       int family)
{
	for (size_t i = 0; i < first->prefix_count; i++) {
		bool left_out = !is_of_family(&first->prefixes[i], family);

		for (size_t j = 0; !left_out && j < second->prefix_count; j++)
			left_out = prefix_covers(&second->prefixes[j], &first->prefixes[i]);
		if (!left_out)
			return false;
	}
	return has_all_sets(second, first);
}

static bool is_outside(const struct prefix *prefix, const struct row_sets *sets, int family)
{
	for (size_t i = 0; i < sets->prefix_count; i++)
		if (is_of_family(&sets->prefixes[i], family) &&
		    (prefix_covers(&sets->prefixes[i], prefix) ||
		     prefix_covers(prefix, &sets->prefixes[i])))
			return false;
	return !sets->set_count && !sets->held;
}

static bool end_covers(const struct row_end *wide, const struct row_end *narrow, int family)
{
	struct prefix outer = prefix_of(wide, family), inner = prefix_of(narrow, family);
	static const struct row_sets nothing;

	if (is_any(wide, family))
		return true;
	if (!wide->sets)
		return !narrow->sets && prefix_covers(&outer, &inner);
	if (!wide->sets->negated)
		return narrow->sets && !narrow->sets->negated &&
		       has_all_sets(wide->sets, narrow->sets);
	if (!narrow->sets)
		return is_outside(&inner, wide->sets, family);
	return leaves_out_no_more(wide->sets, narrow->sets->negated ? narrow->sets : &nothing,
				  family);
}

static bool range_covers(const uint16_t wide[2], const uint16_t narrow[2])
{
	return wide[0] <= narrow[0] && wide[1] >= narrow[1];
}

static bool conditions_cover(const struct row *wide, const struct row *narrow)
{
	uint32_t asked = wide->conditions;

	if (asked & ~narrow->conditions)
		return false;
	if (asked & TW_MORE_FLAGS && (wide->flags_mask & ~narrow->flags_mask ||
				      (narrow->flags & wide->flags_mask) != wide->flags))
		return false;
	if (asked & TW_MORE_TTL && (wide->ttl[0] > narrow->ttl[0] || wide->ttl[1] < narrow->ttl[1]))
		return false;
	return (!(asked & TW_MORE_TYPE) || wide->type == narrow->type) &&
	       (!(asked & TW_MORE_CODE) || wide->code == narrow->code) &&
	       (!(asked & TW_MORE_STATE) || !(narrow->state & ~wide->state)) &&
	       (!(asked & TW_MORE_LENGTH) || range_covers(wide->length, narrow->length)) &&
	       (!(asked & TW_MORE_DSCP) || wide->dscp == narrow->dscp) &&
	       (!(asked & TW_MORE_DEVICE) || wide->device == narrow->device);
}

static bool row_covers(const struct row *wide, const struct row *narrow, int family)
{
	if (!(wide->families & (family ? ROW_IPV6 : ROW_IPV4)) || wide->limit != TW_NONE32)
		return false;
	if (wide->has_protocol && (!narrow->has_protocol || wide->protocol != narrow->protocol))
		return false;
	if (wide->has_ports && !narrow->has_ports)
		return false;
	return range_covers(wide->source_port, narrow->source_port) &&
	       range_covers(wide->destination_port, narrow->destination_port) &&
	       conditions_cover(wide, narrow) &&
	       end_covers(&wide->source, &narrow->source, family) &&
	       end_covers(&wide->destination, &narrow->destination, family);
}

/* -- does one rule cover another? ----------------------------------------------------------- */

struct shadows {
	const struct arena *arena;
	const struct rows *rows;
	const __u64 *root;
	struct columns columns[2];
	uint32_t *first; /* row of each rule; one more at the end */
	uint32_t *shadowed_by;
};

static bool is_covered(const struct shadows *shadows, uint32_t by, const struct row *row,
		       int family)
{
	for (uint32_t i = shadows->first[by]; i < shadows->first[by + 1]; i++)
		if (row_covers(&shadows->rows->items[i], row, family))
			return true;
	return false;
}

static bool rule_covers(const struct shadows *shadows, uint32_t by, uint32_t rule)
{
	for (uint32_t i = shadows->first[rule]; i < shadows->first[rule + 1]; i++) {
		const struct row *row = &shadows->rows->items[i];

		for (int family = 0; family < 2; family++)
			if (row->families & (family ? ROW_IPV6 : ROW_IPV4) &&
			    !is_covered(shadows, by, row, family))
				return false;
	}
	return true;
}

/* Notes a rule that the trees lead to. */
static void consider(const struct shadows *shadows, uint32_t rule, uint64_t word)
{
	uint32_t by = TW_RULE_NUMBER(word), *found = &shadows->shadowed_by[rule];

	if (by < rule && (!*found || by + 1 < *found) && rule_covers(shadows, by, rule))
		*found = by + 1;
}

static uint64_t word_at(const struct shadows *shadows, uint32_t at, int family)
{
	const void *place = arena_at(shadows->arena, at);

	return family ? ((const struct tw_rule6 *)place)->word
		      : ((const struct tw_rule4 *)place)->word;
}

static void consider_leaf(const struct shadows *shadows, uint32_t rule, uint64_t leaf, int family)
{
	uint32_t unit = family ? 8 : 4, at = 0, room = TW_TREE_COUNT(leaf) * unit;

	while (at < room) {
		uint64_t word = word_at(shadows, TW_TREE_AT(leaf) + at, family);

		consider(shadows, rule, word);
		at += unit + (family ? (TW_RULE_MORE(word) + 1) / 2 : TW_RULE_MORE(word)) * unit;
	}
}

static void consider_vectors(const struct shadows *shadows, uint32_t rule, uint64_t leaf,
			     int family)
{
	const struct tw_vectors *vectors = arena_at(shadows->arena, TW_TREE_AT(leaf));
	const uint32_t *rule_at = arena_at(shadows->arena, vectors->rule_at);

	for (uint32_t i = 0; i < vectors->rules; i++) {
		uint64_t word = word_at(shadows, rule_at[i], family);

		if (TW_RULE_NUMBER(word) >= rule)
			break;
		consider(shadows, rule, word);
	}
}

static void consider_tree(const struct shadows *shadows, uint32_t rule, uint64_t node, int family)
{
	const struct columns *columns = &shadows->columns[family];

	while (TW_TREE_KIND(node) == TW_TREE_CUT) {
		uint32_t word = TW_TREE_WORD(node);
		uint32_t value = columns->lo[word] ? columns->lo[word][shadows->first[rule]] : 0;
		const uint64_t *nodes = arena_at(shadows->arena, TW_TREE_AT(node));

		node = nodes[value >> TW_TREE_SHIFT(node) & TW_TREE_MASK(node)];
	}
	if (TW_TREE_KIND(node) == TW_TREE_LEAF)
		consider_leaf(shadows, rule, node, family);
	else if (TW_TREE_KIND(node) == TW_TREE_VECTORS)
		consider_vectors(shadows, rule, node, family);
}

static void find_shadow(const struct shadows *shadows, uint32_t rule)
{
	const struct row *row = &shadows->rows->items[shadows->first[rule]];
	int family = !(row->families & ROW_IPV4);
	uint64_t root = shadows->root[family];
	const struct tw_tree *trees = arena_at(shadows->arena, TW_TREE_AT(root));

	if (TW_TREE_KIND(root) != TW_TREE_FOREST) {
		consider_tree(shadows, rule, root, family);
		return;
	}
	for (uint32_t i = 0; i < TW_TREE_COUNT(root) && trees[i].best < rule; i++)
		consider_tree(shadows, rule, trees[i].root, family);
}

static void find_first_rows(struct shadows *shadows, uint32_t rules)
{
	uint32_t row = 0;

	for (uint32_t rule = 0; rule <= rules; rule++) {
		while (row < shadows->rows->count && shadows->rows->items[row].number < rule)
			row++;
		shadows->first[rule] = row;
	}
}

int shadows_find(const struct arena *arena, const struct rows *rows, const __u64 root[2],
		 uint32_t rules, uint32_t *shadowed_by)
{
	struct shadows shadows = {
		.arena = arena,
		.rows = rows,
		.root = root,
		.first = calloc(rules + 1, sizeof(*shadows.first)),
		.shadowed_by = shadowed_by,
	};
	int result = shadows.first ? 0 : -ENOMEM;

	for (int family = 0; !result && family < 2; family++)
		result = columns_fill(&shadows.columns[family], rows, family);
	if (!result)
		find_first_rows(&shadows, rules);
	for (uint32_t rule = 0; !result && rule < rules; rule++)
		if (shadows.first[rule] < shadows.first[rule + 1])
			find_shadow(&shadows, rule);
	for (int family = 0; family < 2; family++)
		columns_free(&shadows.columns[family]);
	free(shadows.first);
	return result;
}
