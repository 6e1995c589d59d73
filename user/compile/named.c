/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which tiers are used as sets of addresses. */
#include "compile/build.h"

static void note_addresses(const struct config *config, const struct addresses *addresses,
			   bool *named)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];
		const struct tier *tier =
			item->kind == ADDRESS_SET ? config_tier(config, item->set) : NULL;

		if (tier)
			named[tier - config->tiers] = true;
	}
}

static void note_rules(const struct config *config, const struct rules *rules, bool *named)
{
	for (size_t i = 0; i < rules->count; i++) {
		note_addresses(config, &rules->items[i].from, named);
		note_addresses(config, &rules->items[i].to, named);
	}
}

void find_named_tiers(const struct config *config, bool *named)
{
	note_rules(config, &config->guard, named);
	note_rules(config, &config->host, named);
	for (size_t i = 0; i < config->decap_count; i++)
		note_addresses(config, &config->decaps[i].from, named);
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		note_rules(config, &tier->rules, named);
		for (size_t j = 0; j < tier->server_count; j++)
			note_rules(config, &tier->servers[j].rules, named);
	}
	for (size_t i = 0; i < config->service_count; i++)
		note_addresses(config, &config->services[i].from, named);
}
