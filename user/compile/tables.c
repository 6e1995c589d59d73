/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables that choose a server of a tier; its services share them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "tierwall/hash.h"

static bool has_family(const struct server *server, int family)
{
	if (family == EITHER_FAMILY)
		return true;
	return !addr_is_zero(&server->addr[family]);
}

/* Of its IPv4 address where it has one, so that both families may choose alike. */
static uint64_t seed_of(const struct server *server)
{
	const union tw_addr *addr = &server->addr[has_family(server, 0) ? 0 : 1];

	return tw_mix(tw_mix(addr->halves[0]) ^ addr->halves[1]);
}

bool choice_is_shared(const struct tier *tier)
{
	for (size_t i = 0; i < tier->server_count; i++)
		if (!has_family(&tier->servers[i], 0) || !has_family(&tier->servers[i], 1))
			return false;
	return true;
}

static bool is_up(const struct server *server, int family)
{
	return has_family(server, family) && server->weight && server->state == TW_SERVER_UP;
}

/* Do so few servers take flows that backups do, too? */
static bool backups_are_needed(const struct tier *tier, int family)
{
	uint32_t up = 0;

	for (size_t i = 0; i < tier->server_count; i++)
		up += !tier->servers[i].is_backup && is_up(&tier->servers[i], family);
	return up < (tier->backup_below ? tier->backup_below : 1);
}

/* False: no server has an address of that family. */
static bool make_candidates(struct candidate *candidates, const struct tier *tier, int family)
{
	bool backups = backups_are_needed(tier, family), any = false;

	for (size_t i = 0; i < tier->server_count; i++) {
		const struct server *server = &tier->servers[i];

		if (!has_family(server, family))
			continue;
		any = true;
		candidates[i].seed = seed_of(server);
		candidates[i].weight = server->weight;
		candidates[i].is_backup = server->is_backup;
		candidates[i].takes_flows =
			server->state == TW_SERVER_UP && (backups || !server->is_backup);
	}
	return any;
}

int choice_table(struct choice_table *out, const struct tier *tier, int family)
{
	struct candidate *candidates = calloc(tier->server_count + 1, sizeof(*candidates));
	int result = 0;

	memset(out, 0, sizeof(*out));
	if (!candidates)
		return -ENOMEM;
	if (make_candidates(candidates, tier, family)) {
		out->count = choice_slots(candidates, tier->server_count);
		out->slots = malloc(out->count * sizeof(*out->slots));
		result = out->slots ? choice_fill(out->slots, out->count, candidates,
						  tier->server_count)
				    : -ENOMEM;
	}
	free(candidates);
	if (result)
		free(out->slots);
	return result;
}

static int place_table(struct build *build, struct placed_table *place, const struct tier *tier,
		       int family)
{
	struct choice_table table;
	int result = choice_table(&table, tier, family);
	size_t bytes = table.count * sizeof(*table.slots);

	if (result)
		return result;
	place->count = table.count;
	if (table.count)
		result = arena_alloc(&build->out->arena, bytes, TW_LINE_BYTES, &place->offset);
	if (result == -ENOSPC)
		result = config_mistake(build->config, tier->at, build->diagnostic,
					"the configuration takes more than %u MB in the data path: "
					"fewer tiers behind services, or fewer rules",
					TW_POLICY_CHUNKS * (TW_CHUNK_BYTES >> 20));
	else if (!result && table.count)
		memcpy(arena_at(&build->out->arena, place->offset), table.slots, bytes);
	free(table.slots);
	return result;
}

/* Tunnels reach a server by whichever address it has, so both families have one table. */
static int build_tunnel_choices(struct build *build, struct tw_service *service,
				const struct tier *tier)
{
	struct placed_table *placed = build->tables[service->tier];
	int family = choice_is_shared(tier) ? 0 : EITHER_FAMILY, result = 0;

	if (!placed[family].count)
		result = place_table(build, &placed[family], tier, family);
	for (int i = 0; i < 2; i++) {
		service->choice[i] = placed[family].offset;
		service->choices[i] = placed[family].count;
	}
	return result;
}

int build_choices(struct build *build, struct tw_service *service, const struct tier *tier)
{
	struct placed_table *placed;

	if (!build->tables)
		build->tables = calloc(build->config->tier_count, sizeof(*build->tables));
	if (!build->tables)
		return -ENOMEM;
	if (forward_is_tunnel(service->forward))
		return build_tunnel_choices(build, service, tier);
	placed = build->tables[service->tier];
	for (int family = 0; family < 2; family++) {
		int result = 0;

		if (!placed[family].count && family && choice_is_shared(tier))
			placed[family] = placed[0];
		else if (!placed[family].count)
			result = place_table(build, &placed[family], tier, family);
		if (result)
			return result;
		service->choice[family] = placed[family].offset;
		service->choices[family] = placed[family].count;
	}
	return 0;
}
