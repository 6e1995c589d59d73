/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules into rows.  A short list of prefixes is a row for each, so that the classifier
 * can tell packets apart by them; a long one stands in one set without a name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/rows.h"
#include "tierwall/packet.h"

#define PREFIX_ROWS  16 /* prefixes of a list that are rows of their own */
#define NOT_PREFIXES 4  /* prefixes behind `not` that need no set */
#define RULE_ROWS    64 /* beyond, lists of prefixes become sets */
#define NOT_SETS     (2 * TW_MORE_SETS_MAX)

/* One side of a rule: prefixes, or sets, or all that is in neither. */
struct side {
	struct prefix *prefixes;
	size_t prefix_count;
	uint16_t *sets;
	size_t set_count;
	uint64_t held; /* bits of sets that are known by heart */
	bool unparted; /* trees do not part packets by their classes */
	bool negated;
	bool any;
};

static void side_free(struct side *side)
{
	free(side->prefixes);
	free(side->sets);
}

/* -- prefixes --------------------------------------------------------------------- */

static bool is_ipv4(const struct prefix *prefix)
{
	return prefix->bits >= 96 && addr_is_ipv4(&prefix->addr);
}

/* An IPv6 prefix holds no IPv4 address, not even ::/0. */
bool prefix_covers(const struct prefix *wide, const struct prefix *narrow)
{
	uint8_t bits = wide->bits;

	if (is_ipv4(wide) != is_ipv4(narrow))
		return false;
	if (bits > narrow->bits || memcmp(&wide->addr, &narrow->addr, bits / 8) != 0)
		return false;
	return !(bits % 8) ||
	       !((wide->addr.bytes[bits / 8] ^ narrow->addr.bytes[bits / 8]) >> (8 - bits % 8));
}

/* Two halves of one prefix become that prefix. */
static bool join_halves(struct prefix *first, const struct prefix *second)
{
	struct prefix whole = *first;

	if (first->bits != second->bits || !first->bits || (is_ipv4(first) && first->bits == 96))
		return false;
	whole.bits--;
	whole.addr.bytes[whole.bits / 8] &= (uint8_t) ~(0x80 >> whole.bits % 8);
	if (!prefix_covers(&whole, second))
		return false;
	*first = whole;
	return true;
}

/* Drops a prefix that another holds, or joins two.  False: there is nothing to be done. */
static bool simplify_one(struct prefix *items, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		for (size_t j = 0; j < *count; j++) {
			if (i == j || (!prefix_covers(&items[i], &items[j]) &&
				       !join_halves(&items[i], &items[j])))
				continue;
			items[j] = items[--*count];
			return true;
		}
	return false;
}

/* The same addresses in as few prefixes as there can be.  They are few already. */
static void simplify_prefixes(struct prefix *items, size_t *count)
{
	while (simplify_one(items, count))
		;
}

/* -- sides --------------------------------------------------------------------------- */

/* The set of a list, which may be one that another rule has, too. */
static int place_list(struct build *build, const struct addresses *addresses, uint32_t *index)
{
	struct placed_list list = {.count = addresses->count}, *place;
	int result;

	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].kind == ADDRESS_PREFIX)
			list.content += prefix_content(&addresses->items[i].prefix);
	for (size_t i = 0; i < build->list_count; i++) {
		if (build->lists[i].content != list.content || build->lists[i].count != list.count)
			continue;
		*index = build->lists[i].index;
		return 0;
	}
	result = build_address_list(build, addresses, index);
	if (result)
		return result;
	list.index = *index;
	place = config_push(&build->lists, &build->list_count, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = list;
	return 0;
}

static int prefixes_into_set(struct build *build, struct side *side,
			     const struct addresses *addresses)
{
	uint16_t *sets;
	uint32_t index;
	int result;

	if (!side->prefix_count)
		return 0;
	result = place_list(build, addresses, &index);
	if (result)
		return result;
	sets = realloc(side->sets, (side->set_count + 1) * sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	side->sets = sets;
	side->sets[side->set_count++] = (uint16_t)index;
	side->prefix_count = 0;
	return 0;
}

static void note_set(struct side *side, const struct build *build, const struct known *known,
		     const char *name)
{
	uint32_t index = build_named_set(build, name);
	uint64_t bit = known_bit(known, index);

	side->held |= bit;
	if (!bit)
		side->sets[side->set_count++] = (uint16_t)index;
}

static int read_side(struct side *side, struct build *build, const struct known *known,
		     const struct addresses *addresses)
{
	size_t room = addresses->count + 1;

	side->any = !addresses->count;
	side->negated = addresses->negated;
	side->prefixes = calloc(room, sizeof(*side->prefixes));
	side->sets = calloc(room, sizeof(*side->sets));
	if (!side->prefixes || !side->sets)
		return -ENOMEM;
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_PREFIX)
			side->prefixes[side->prefix_count++] = item->prefix;
		else
			note_set(side, build, known, item->set);
	}
	if (side->prefix_count <= PREFIX_ROWS)
		simplify_prefixes(side->prefixes, &side->prefix_count);
	if (side->prefix_count > (side->negated ? NOT_PREFIXES : PREFIX_ROWS))
		return prefixes_into_set(build, side, addresses);
	return 0;
}

static struct row_sets *add_sets(struct rows *rows, const struct side *side, size_t first,
				 size_t count)
{
	struct owned_sets *place = config_push(&rows->owned, &rows->owned_count, sizeof(*place));
	struct row_sets *sets = place ? calloc(1, sizeof(*sets)) : NULL;

	if (!sets)
		return NULL;
	place->sets = sets;
	sets->negated = side->negated;
	if (side->negated || !count)
		sets->held = side->held;
	sets->sets = malloc((count + 1) * sizeof(*sets->sets));
	sets->prefixes = malloc((side->prefix_count + 1) * sizeof(*sets->prefixes));
	if (!sets->sets || !sets->prefixes)
		return NULL;
	memcpy(sets->sets, side->sets + first, count * sizeof(*sets->sets));
	sets->set_count = count;
	if (side->negated) {
		memcpy(sets->prefixes, side->prefixes,
		       side->prefix_count * sizeof(*sets->prefixes));
		sets->prefix_count = side->prefix_count;
	}
	return sets;
}

struct ends {
	struct row_end *items;
	size_t count;
};

/* A run of classes, each of which one of the known sets holds, from *at on.  False: none is left. */
static bool next_run(const struct known *known, uint64_t held, uint32_t *at, uint8_t run[2])
{
	uint32_t i = *at;

	while (i < known->class_count && !(known->held[i] & held))
		i++;
	if (i == known->class_count)
		return false;
	run[0] = (uint8_t)i;
	while (i < known->class_count && known->held[i] & held)
		i++;
	run[1] = (uint8_t)(i - 1);
	*at = i;
	return true;
}

/* How many ends the known sets of a side are. */
static size_t held_ends(const struct rows *rows, const struct side *side)
{
	uint8_t run[2];
	uint32_t at = 0;
	size_t count = 0;

	if (side->negated || !side->held)
		return 0;
	if (!rows->by_class || side->unparted)
		return 1;
	while (next_run(rows->known, side->held, &at, run))
		count++;
	return count;
}

/* An end for each run of their classes, so that trees can part packets by them. */
static int add_known_ends(struct rows *rows, const struct side *side, struct ends *ends)
{
	struct row_end end = {.has_classes = true};
	uint32_t at = 0;

	if (side->negated || !side->held)
		return 0;
	end.families = known_families(rows->known, side->held);
	end.sets = add_sets(rows, side, 0, 0);
	if (!end.sets)
		return -ENOMEM;
	if (!rows->by_class || side->unparted) {
		end.has_classes = false;
		ends->items[ends->count++] = end;
		return 0;
	}
	while (next_run(rows->known, side->held, &at, end.classes))
		ends->items[ends->count++] = end;
	return 0;
}

/* Every way to match a side. */
static int side_ends(struct rows *rows, const struct side *side, struct ends *ends)
{
	size_t step = side->negated ? side->set_count + 1 : TW_MORE_SETS_MAX;
	int result;

	ends->items = calloc(side->prefix_count + side->set_count + held_ends(rows, side) + 1,
			     sizeof(*ends->items));
	if (!ends->items)
		return -ENOMEM;
	if (side->any) {
		ends->items[ends->count++].families = ROW_IPV4 | ROW_IPV6;
		return 0;
	}
	for (size_t i = 0; !side->negated && i < side->prefix_count; i++)
		ends->items[ends->count++] = (struct row_end){
			.addr = side->prefixes[i].addr,
			.bits = side->prefixes[i].bits,
			.families = is_ipv4(&side->prefixes[i]) ? ROW_IPV4 : ROW_IPV6,
		};
	result = add_known_ends(rows, side, ends);
	if (result)
		return result;
	for (size_t i = 0; i < side->set_count + side->negated; i += step) {
		size_t left = side->set_count - i;
		struct row_end *end = &ends->items[ends->count++];

		end->families = ROW_IPV4 | ROW_IPV6;
		end->sets = add_sets(rows, side, i, left < step ? left : step);
		if (!end->sets)
			return -ENOMEM;
	}
	return 0;
}

/* -- ports ------------------------------------------------------------------------------ */

static int compare_ranges(const void *a, const void *b)
{
	const struct port_range *left = a, *right = b;

	return (int)left->low - (int)right->low;
}

/* The ranges of a list, in order, none that touches another. */
static int read_ports(struct ports *out, const struct ports *ports)
{
	size_t count = 0;

	out->items = malloc((ports->count + 1) * sizeof(*out->items));
	if (!out->items)
		return -ENOMEM;
	out->items[0] = (struct port_range){0, 65535};
	out->count = 1;
	if (!ports->count)
		return 0;
	memcpy(out->items, ports->items, ports->count * sizeof(*out->items));
	qsort(out->items, ports->count, sizeof(*out->items), compare_ranges);
	for (size_t i = 1; i < ports->count; i++) {
		if (out->items[i].low <= (uint32_t)out->items[count].high + 1) {
			if (out->items[i].high > out->items[count].high)
				out->items[count].high = out->items[i].high;
		} else {
			out->items[++count] = out->items[i];
		}
	}
	out->count = count + 1;
	return 0;
}

/* -- rows --------------------------------------------------------------------------------- */

static void row_from_rule(struct row *row, const struct rule *rule)
{
	static const struct {
		uint32_t field;
		uint32_t condition;
	} conditions[] = {
		{RULE_FLAGS, TW_MORE_FLAGS},   {RULE_TYPE, TW_MORE_TYPE},
		{RULE_CODE, TW_MORE_CODE},     {RULE_STATE, TW_MORE_STATE},
		{RULE_LENGTH, TW_MORE_LENGTH}, {RULE_TTL, TW_MORE_TTL},
		{RULE_DSCP, TW_MORE_DSCP},     {RULE_FRAGMENT, TW_MORE_FRAGMENT},
		{RULE_DEVICE, TW_MORE_DEVICE},
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (rule->fields & conditions[i].field)
			row->conditions |= conditions[i].condition;
	row->counter = rule->id;
	row->limit = TW_NONE32;
	if (rule->fields & RULE_LOG)
		row->verdict |= TW_VERDICT_LOG;
	if (rule->fields & RULE_LIMIT && rule->limit.over)
		row->verdict |= TW_VERDICT_OVER;
	if (row->conditions & (TW_MORE_FLAGS | TW_MORE_TYPE | TW_MORE_CODE) ||
	    rule->from_ports.count || rule->to_ports.count)
		row->verdict |= TW_VERDICT_TRANSPORT;
	row->action = rule->action;
	row->has_protocol = rule->fields & (RULE_PROTOCOL | RULE_FLAGS);
	row->protocol = rule->fields & RULE_FLAGS ? IPPROTO_TCP : rule->protocol;
	row->has_ports = rule->from_ports.count || rule->to_ports.count;
	row->flags_mask = rule->flags_mask;
	row->flags = rule->flags;
	row->type = rule->type;
	row->code = rule->code;
	row->state = rule->state;
	row->dscp = rule->dscp;
	memcpy(row->ttl, rule->ttl, sizeof(row->ttl));
	memcpy(row->length, rule->length, sizeof(row->length));
	/* ICMP is IPv4's and ICMPv6 is IPv6's; any other protocol is both's */
	row->families = ROW_IPV4 | ROW_IPV6;
	if (row->has_protocol && row->protocol == IPPROTO_ICMP)
		row->families = ROW_IPV4;
	if (row->has_protocol && row->protocol == IPPROTO_ICMPV6)
		row->families = ROW_IPV6;
}

static int add_row(struct rows *rows, const struct row *row)
{
	struct row *place = config_push(&rows->items, &rows->count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *row;
	return 0;
}

/* Every pair of ranges for one pair of ends. */
static int add_port_rows(struct rows *rows, struct row *row, const struct ports *from,
			 const struct ports *to)
{
	int result = 0;

	for (size_t i = 0; !result && i < from->count; i++)
		for (size_t j = 0; !result && j < to->count; j++) {
			row->source_port[0] = from->items[i].low;
			row->source_port[1] = from->items[i].high;
			row->destination_port[0] = to->items[j].low;
			row->destination_port[1] = to->items[j].high;
			result = add_row(rows, row);
		}
	return result;
}

static int add_rows(struct rows *rows, const struct row *like, const struct ends *sources,
		    const struct ends *destinations, const struct ports *from,
		    const struct ports *to)
{
	int result = 0;

	for (size_t i = 0; !result && i < sources->count; i++)
		for (size_t j = 0; !result && j < destinations->count; j++) {
			struct row row = *like;

			row.source = sources->items[i];
			row.destination = destinations->items[j];
			row.families &= row.source.families & row.destination.families;
			if (row.families)
				result = add_port_rows(rows, &row, from, to);
		}
	return result;
}

/* What a rule says beside its conditions, while it is made into rows. */
struct parts {
	struct side from, to;
	struct ports from_ports, to_ports;
	struct ends sources, destinations;
};

static void parts_free(struct parts *parts)
{
	side_free(&parts->from);
	side_free(&parts->to);
	free(parts->from_ports.items);
	free(parts->to_ports.items);
	free(parts->sources.items);
	free(parts->destinations.items);
}

static size_t ways(const struct rows *rows, const struct side *side)
{
	if (side->any || side->negated)
		return 1;
	return side->prefix_count + (side->set_count > 0) + held_ends(rows, side);
}

/* Lists that multiply to too many rows become sets, the longer one first; classes one row. */
static int bound_rows(struct parts *parts, const struct rows *rows, struct build *build,
		      const struct rule *rule)
{
	size_t ports = parts->from_ports.count * parts->to_ports.count;

	for (int i = 0; i < 4; i++) {
		size_t from = ways(rows, &parts->from), to = ways(rows, &parts->to);
		struct side *longer = from > to ? &parts->from : &parts->to;
		int result = 0;

		if (from * to * ports <= RULE_ROWS || (from == 1 && to == 1))
			return 0;
		if (held_ends(rows, longer) > 1)
			longer->unparted = true;
		else
			result = prefixes_into_set(build, longer,
						   from > to ? &rule->from : &rule->to);
		if (result)
			return result;
	}
	return 0;
}

static int read_parts(struct parts *parts, struct rows *rows, struct build *build,
		      const struct rule *rule)
{
	int result = read_ports(&parts->from_ports, &rule->from_ports);

	if (!result)
		result = read_ports(&parts->to_ports, &rule->to_ports);
	if (!result)
		result = read_side(&parts->from, build, rows->known, &rule->from);
	if (!result)
		result = read_side(&parts->to, build, rows->known, &rule->to);
	if (!result)
		result = bound_rows(parts, rows, build, rule);
	if (!result && ((parts->from.negated && parts->from.set_count > NOT_SETS) ||
			(parts->to.negated && parts->to.set_count > NOT_SETS)))
		return config_mistake(build->config, rule->at, build->diagnostic,
				      "more than %d sets behind `not`: one set with the addresses "
				      "of all of them does the same",
				      NOT_SETS);
	if (!result)
		result = side_ends(rows, &parts->from, &parts->sources);
	if (!result)
		result = side_ends(rows, &parts->to, &parts->destinations);
	return result;
}

int rows_add_rule(struct rows *rows, struct build *build, const struct rule *rule, uint32_t number)
{
	struct parts parts = {0};
	struct row row = {.number = number};
	int result;

	row_from_rule(&row, rule);
	if (rule->fields & RULE_DEVICE) {
		const struct device_fact *fact = facts_device(build->facts, rule->device);

		if (!fact)
			return config_mistake(build->config, rule->at, build->diagnostic,
					      "there is no device `%s` on this node", rule->device);
		row.device = fact->ifindex;
	}
	result = read_parts(&parts, rows, build, rule);
	if (!result && rule->fields & RULE_LIMIT)
		result = build_limit(build, rule, &row.limit);
	if (!result)
		result = add_rows(rows, &row, &parts.sources, &parts.destinations,
				  &parts.from_ports, &parts.to_ports);
	parts_free(&parts);
	if (result == -ENOSPC)
		return config_mistake(build->config, rule->at, build->diagnostic,
				      "more than %u sets, tiers and address lists", TW_SETS);
	return result;
}

void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->owned_count; i++) {
		struct row_sets *sets = rows->owned[i].sets;

		if (!sets)
			continue;
		free(sets->sets);
		free(sets->prefixes);
		free(sets);
	}
	free(rows->owned);
	free(rows->items);
}
