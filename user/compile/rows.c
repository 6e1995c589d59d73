/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules into rows.  A row has one source, one destination, one range of each port;
 * a rule with lists becomes a row for each combination, all under its counter.
 * Prefixes of a list stand together in one set without a name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "tierwall/packet.h"

/* One way to say where a packet comes from or goes to. */
struct end {
	uint32_t set; /* TW_NONE32: the prefix */
	struct prefix prefix;
	uint8_t families; /* TW_ROW_IPV4 | TW_ROW_IPV6 */
	bool negated;     /* the set must not hold the address */
};

struct ends {
	struct end *items;
	size_t count;
};

static void prefix_mask(union tw_addr *mask, uint8_t bits)
{
	memset(mask, 0, sizeof(*mask));
	memset(mask, 0xff, bits / 8);
	if (bits % 8)
		mask->bytes[bits / 8] = (uint8_t)(0xff << (8 - bits % 8));
}

static int add_end(struct ends *ends, const struct end *end)
{
	struct end *place = config_push(&ends->items, &ends->count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *end;
	return 0;
}

static uint8_t families_of(const struct prefix *prefix)
{
	return addr_is_ipv4(&prefix->addr) && prefix->bits >= 96 ? TW_ROW_IPV4 : TW_ROW_IPV6;
}

/*
 * `any` is one end; a lone prefix is one; several prefixes share a set; each @SET is
 * one.  Only sets can be negated: there a lone prefix is a set too.
 */
static int list_ends(struct build *build, const struct addresses *addresses, struct ends *ends)
{
	struct end end = {
		.set = TW_NONE32,
		.families = TW_ROW_IPV4 | TW_ROW_IPV6,
		.negated = addresses->negated,
	};
	size_t prefixes = 0;
	int result = 0;

	if (!addresses->count)
		return add_end(ends, &end);
	for (size_t i = 0; !result && i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_PREFIX) {
			end.prefix = item->prefix;
			prefixes++;
			continue;
		}
		result = add_end(ends, &(struct end){
					       .set = build_named_set(build, item->set),
					       .families = TW_ROW_IPV4 | TW_ROW_IPV6,
					       .negated = addresses->negated,
				       });
	}
	if (result || !prefixes)
		return result;
	if (prefixes == 1 && !addresses->negated)
		end.families = families_of(&end.prefix);
	else
		result = build_address_list(build, addresses, &end.set);
	return result ? result : add_end(ends, &end);
}

static void row_from_rule(struct tw_row *row, const struct rule *rule, uint32_t device,
			  uint32_t limit)
{
	static const struct {
		uint32_t field;
		uint16_t condition;
	} conditions[] = {
		{RULE_PROTOCOL, TW_ROW_PROTOCOL}, {RULE_FLAGS, TW_ROW_FLAGS},
		{RULE_TYPE, TW_ROW_TYPE},         {RULE_CODE, TW_ROW_CODE},
		{RULE_STATE, TW_ROW_STATE},       {RULE_LENGTH, TW_ROW_LENGTH},
		{RULE_TTL, TW_ROW_TTL},           {RULE_DSCP, TW_ROW_DSCP},
		{RULE_FRAGMENT, TW_ROW_FRAGMENT},
	};

	memset(row, 0, sizeof(*row));
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (rule->fields & conditions[i].field)
			row->conditions |= conditions[i].condition;
	if (rule->from_ports.count || rule->to_ports.count)
		row->conditions |= TW_ROW_PORTS;
	row->rule = rule->id;
	row->limit = limit;
	if (rule->fields & RULE_LOG)
		row->flags_of_verdict |= TW_VERDICT_LOG;
	if (rule->fields & RULE_LIMIT && rule->limit.over)
		row->flags_of_verdict |= TW_VERDICT_OVER;
	if (row->conditions & (TW_ROW_PORTS | TW_ROW_FLAGS | TW_ROW_TYPE | TW_ROW_CODE))
		row->flags_of_verdict |= TW_VERDICT_TRANSPORT;
	row->action = rule->action;
	row->protocol = rule->protocol;
	row->flags_mask = rule->flags_mask;
	row->flags = rule->flags;
	row->type = rule->type;
	row->code = rule->code;
	row->state = rule->state;
	row->dscp = rule->dscp;
	row->device = device;
	memcpy(row->ttl, rule->ttl, sizeof(row->ttl));
	memcpy(row->length, rule->length, sizeof(row->length));
	if (rule->fields & RULE_FLAGS) {
		row->conditions |= TW_ROW_PROTOCOL;
		row->protocol = IPPROTO_TCP;
	}
}

/* ICMP is IPv4's and ICMPv6 is IPv6's; any other protocol is both's. */
static uint8_t families_of_protocol(const struct rule *rule)
{
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMP)
		return TW_ROW_IPV4;
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMPV6)
		return TW_ROW_IPV6;
	return TW_ROW_IPV4 | TW_ROW_IPV6;
}

static void set_end(union tw_addr *addr, union tw_addr *mask, uint16_t *set, const struct end *end)
{
	*set = end->set == TW_NONE32 ? TW_NONE16 : (uint16_t)end->set;
	*addr = end->prefix.addr;
	prefix_mask(mask, end->prefix.bits);
}

static int add_row(struct build *build, const struct tw_row *row)
{
	struct tw_row *place = config_push(&build->rows, &build->rows_count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *row;
	return 0;
}

static const struct port_range any_port = {0, 65535};

/* The rows of one pair of ends: every pair of port ranges. */
static int add_port_rows(struct build *build, struct tw_row *row, const struct rule *rule)
{
	size_t from_count = rule->from_ports.count ? rule->from_ports.count : 1;
	size_t to_count = rule->to_ports.count ? rule->to_ports.count : 1;
	int result = 0;

	for (size_t i = 0; !result && i < from_count; i++)
		for (size_t j = 0; !result && j < to_count; j++) {
			const struct port_range *from =
				rule->from_ports.count ? &rule->from_ports.items[i] : &any_port;
			const struct port_range *to =
				rule->to_ports.count ? &rule->to_ports.items[j] : &any_port;

			row->source_port[0] = from->low;
			row->source_port[1] = from->high;
			row->destination_port[0] = to->low;
			row->destination_port[1] = to->high;
			result = add_row(build, row);
		}
	return result;
}

static int add_rule_rows(struct build *build, const struct rule *rule, uint32_t device,
			 const struct ends *sources, const struct ends *destinations)
{
	const uint8_t families = families_of_protocol(rule);
	uint32_t limit = TW_NONE32;
	struct tw_row row;
	int result = 0;

	if (rule->fields & RULE_LIMIT)
		result = build_limit(build, rule, &limit);
	row_from_rule(&row, rule, device, limit);
	for (size_t i = 0; !result && i < sources->count; i++)
		for (size_t j = 0; !result && j < destinations->count; j++) {
			const struct end *from = &sources->items[i], *to = &destinations->items[j];
			uint8_t both = from->families & to->families & families;

			if (!both)
				continue;
			row.conditions &= (uint16_t) ~(TW_ROW_IPV4 | TW_ROW_IPV6);
			row.conditions |= both;
			set_end(&row.source, &row.source_mask, &row.source_set, from);
			set_end(&row.destination, &row.destination_mask, &row.destination_set, to);
			row.negated = (from->negated ? TW_ROW_NOT_SOURCE : 0) |
				      (to->negated ? TW_ROW_NOT_DESTINATION : 0);
			result = add_port_rows(build, &row, rule);
		}
	return result;
}

static int build_rule(struct build *build, const struct rule *rule)
{
	struct ends sources = {0}, destinations = {0};
	uint32_t device = 0;
	int result;

	if (rule->fields & RULE_DEVICE) {
		const struct device_fact *fact = facts_device(build->facts, rule->device);

		if (!fact)
			return config_mistake(build->config, rule->at, build->diagnostic,
					      "there is no device `%s` on this node", rule->device);
		device = fact->ifindex;
	}
	result = list_ends(build, &rule->from, &sources);
	if (!result)
		result = list_ends(build, &rule->to, &destinations);
	if (!result)
		result = add_rule_rows(build, rule, device, &sources, &destinations);
	free(sources.items);
	free(destinations.items);
	if (result == -ENOSPC)
		return config_mistake(build->config, rule->at, build->diagnostic,
				      "more than %u sets, tiers and address lists", TW_SETS);
	return result;
}

int build_list(struct build *build, struct tw_list *list, const struct rules *rules)
{
	int result = 0;

	list->row = (uint32_t)build->rows_count;
	for (size_t i = 0; !result && i < rules->count; i++)
		result = build_rule(build, &rules->items[i]);
	list->rows = (uint32_t)build->rows_count - list->row;
	list->default_rule = rules->default_id;
	list->default_action = rules->default_action;
	list->strict = rules->strict;
	return result;
}

int build_sources(struct build *build, uint32_t *row, uint32_t *rows, const struct addresses *from)
{
	struct rule rule = {.action = TW_ACCEPT, .from = *from, .id = TW_NONE32};
	int result;

	*row = (uint32_t)build->rows_count;
	*rows = 0;
	if (!from->count)
		return 0;
	rule.at = from->items[0].at;
	rule.id = 0; /* any but TW_NONE32, which means that no row matched; never counted */
	result = build_rule(build, &rule);
	*rows = (uint32_t)build->rows_count - *row;
	return result;
}
