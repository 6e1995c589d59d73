/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One row a rule and family: half of each address under a mask, protocol and port. */

#include <stdlib.h>
#include <string.h>

#include "model/glance.h"
#include "model/pool.h"

#define LONG_LIST 64 /* shorter ones are walked rule by rule */

struct row {
	uint64_t source, source_mask;
	uint64_t destination, destination_mask;
	uint16_t low_port, high_port; /* of the destination */
	uint8_t protocol, protocol_mask;
};

struct long_list {
	const struct rules *rules;
	struct row *rows[2]; /* IPv4, IPv6 */
};

struct glances {
	struct long_list *lists;
	size_t count;
};

/* -- rows ------------------------------------------------------------------------------- */

/* The half in which addresses of a family differ most: all of IPv4's, the network of IPv6's. */
static int half_of(int family)
{
	return family ? 0 : 1;
}

/* Anything may match, unless there is but one prefix to compare with. */
static void put_address(const struct addresses *addresses, int family, uint64_t *value,
			uint64_t *mask)
{
	static const union tw_addr zeros, ones = {.halves = {~0ull, ~0ull}};
	const struct prefix *prefix = &addresses->items[0].prefix;
	struct prefix length = {};
	union tw_addr set;

	*value = *mask = 0;
	if (addresses->count != 1 || addresses->negated ||
	    addresses->items[0].kind != ADDRESS_PREFIX)
		return;
	if (addr_is_ipv4(&prefix->addr) != !family) {
		*value = *mask = ~0ull; /* all but no packet's */
		return;
	}
	length.bits = prefix->bits;
	set = prefix_address(&length, &ones); /* zeros where the prefix decides */
	*mask = ~set.halves[half_of(family)];
	*value = prefix_address(prefix, &zeros).halves[half_of(family)];
}

static void put_row(const struct rule *rule, int family, struct row *row)
{
	*row = (struct row){.low_port = 0, .high_port = UINT16_MAX};
	put_address(&rule->from, family, &row->source, &row->source_mask);
	put_address(&rule->to, family, &row->destination, &row->destination_mask);
	if (rule->to_ports.count == 1) {
		row->low_port = rule->to_ports.items[0].low;
		row->high_port = rule->to_ports.items[0].high;
	}
	if (rule->fields & RULE_PROTOCOL) {
		row->protocol = rule->protocol;
		row->protocol_mask = UINT8_MAX;
	}
}

static void add_list(struct glances *glances, const struct rules *rules)
{
	struct long_list *list;

	if (rules->count < LONG_LIST)
		return;
	list = config_push(&glances->lists, &glances->count, sizeof(*list));
	if (!list)
		abort();
	list->rules = rules;
	for (int family = 0; family < 2; family++) {
		list->rows[family] = calloc(rules->count, sizeof(struct row));
		if (!list->rows[family])
			abort();
		for (size_t i = 0; i < rules->count; i++)
			put_row(&rules->items[i], family, &list->rows[family][i]);
	}
}

struct glances *glances_new(const struct config *config)
{
	struct glances *glances = calloc(1, sizeof(*glances));

	if (!glances)
		abort();
	add_list(glances, &config->guard);
	add_list(glances, &config->host);
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		add_list(glances, &tier->rules);
		for (size_t j = 0; j < tier->server_count; j++)
			add_list(glances, &tier->servers[j].rules);
	}
	return glances;
}

void glances_free(struct glances *glances)
{
	for (size_t i = 0; i < glances->count; i++) {
		free(glances->lists[i].rows[0]);
		free(glances->lists[i].rows[1]);
	}
	free(glances->lists);
	free(glances);
}

/* -- looking ------------------------------------------------------------------------------ */

static const struct row *rows_of(const struct glances *glances, const struct rules *list,
				 int family)
{
	for (size_t i = 0; i < glances->count; i++)
		if (glances->lists[i].rules == list)
			return glances->lists[i].rows[family];
	return NULL;
}

static bool may_match(const struct row *row, const struct tw_packet *packet, uint64_t source,
		      uint64_t destination)
{
	uint64_t differs = ((source ^ row->source) & row->source_mask) |
			   ((destination ^ row->destination) & row->destination_mask) |
			   ((packet->protocol ^ row->protocol) & row->protocol_mask);

	return !differs && packet->dport >= row->low_port && packet->dport <= row->high_port;
}

size_t glance(const struct glances *glances, const struct rules *list, size_t from,
	      const struct tw_packet *packet)
{
	int half = half_of(packet->family);
	uint64_t source = packet->saddr.halves[half];
	uint64_t destination = packet->daddr.halves[half];
	const struct row *rows;

	if (list->count < LONG_LIST)
		return from;
	rows = rows_of(glances, list, packet->family);
	while (from < list->count && !may_match(&rows[from], packet, source, destination))
		from++;
	return from;
}
