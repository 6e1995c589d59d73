/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compares the tables that choose a server in two configurations.
 *
 * With the same hash a flow keeps its place between 0 and 1 in both tables, and the
 * tables are compared place by place.  With another its new place is any.
 */
#include "compile/moves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"

/* One family of a service's tier, in both configurations. */
struct comparison {
	const struct tier *now, *next;
	int family;
	bool keeps_down; /* `on-down keep` */
	bool same_hash;
	struct choice_table before, after;
	uint16_t *heir; /* by index in now->servers: the same machine's in next->servers */
	uint32_t *before_slots, *after_slots; /* by index: how many slots it has */
};

/* -- which server is which ------------------------------------------------------------ */

static uint16_t find_heir(const struct comparison *compared, const struct server *server)
{
	const union tw_addr *addr = &server->addr[compared->family];

	for (size_t i = 0; i < compared->next->server_count && !addr_is_zero(addr); i++)
		if (!memcmp(&compared->next->servers[i].addr[compared->family], addr,
			    sizeof(*addr)))
			return (uint16_t)i;
	return TW_NONE16;
}

static void find_heirs(struct comparison *compared)
{
	for (size_t i = 0; i < compared->now->server_count; i++)
		compared->heir[i] = find_heir(compared, &compared->now->servers[i]);
}

/* May a live flow of this server go on? */
static bool keeps(const struct comparison *compared, uint16_t server)
{
	uint16_t heir = compared->heir[server];

	return heir != TW_NONE16 &&
	       (compared->next->servers[heir].state != TW_SERVER_DOWN || compared->keeps_down);
}

/* -- shares ------------------------------------------------------------------------------ */

static void count_slots(uint32_t *counts, const struct choice_table *table)
{
	for (uint32_t slot = 0; slot < table->count; slot++)
		if (table->slots[slot] != TW_NONE16)
			counts[table->slots[slot]]++;
}

static double share_lost(const struct comparison *compared)
{
	uint32_t lost = 0;

	for (size_t i = 0; i < compared->now->server_count; i++)
		if (!keeps(compared, (uint16_t)i))
			lost += compared->before_slots[i];
	return (double)lost / compared->before.count;
}

/* Both sizes are powers of two. */
static double share_chosen_by_place(const struct comparison *compared)
{
	const struct choice_table *before = &compared->before, *after = &compared->after;
	uint32_t places = before->count > after->count ? before->count : after->count, moved = 0;

	for (uint32_t place = 0; place < places; place++) {
		uint16_t was = before->slots[place / (places / before->count)];
		uint16_t is = after->slots[place / (places / after->count)];

		if (was != TW_NONE16)
			moved += is == TW_NONE16 || compared->heir[was] != is;
	}
	return (double)moved / places;
}

static double share_chosen_by_chance(const struct comparison *compared)
{
	double stays = 0;
	uint32_t without = compared->before.count;

	for (size_t i = 0; i < compared->now->server_count; i++) {
		uint16_t heir = compared->heir[i];

		without -= compared->before_slots[i];
		if (heir != TW_NONE16)
			stays += (double)compared->before_slots[i] / compared->before.count *
				 compared->after_slots[heir] / compared->after.count;
	}
	return 1 - (double)without / compared->before.count - stays;
}

/* -- the whole -------------------------------------------------------------------------------- */

static bool has_same_hash(const struct service *now, const struct service *next, int family)
{
	struct tw_service hash[2] = {};

	service_hash_compile(&hash[0], now);
	service_hash_compile(&hash[1], next);
	return (hash[0].hash_off & ~TW_HASH_SOURCE) == (hash[1].hash_off & ~TW_HASH_SOURCE) &&
	       !memcmp(hash[0].source_mask[family], hash[1].source_mask[family],
		       sizeof(hash[0].source_mask[family]));
}

static int open_comparison(struct comparison *compared)
{
	int result = choice_table(&compared->before, compared->now, compared->family);

	if (!result)
		result = choice_table(&compared->after, compared->next, compared->family);
	if (result)
		return result;
	compared->heir = calloc(compared->now->server_count + 1, sizeof(*compared->heir));
	compared->before_slots =
		calloc(compared->now->server_count + 1, sizeof(*compared->before_slots));
	compared->after_slots =
		calloc(compared->next->server_count + 1, sizeof(*compared->after_slots));
	if (!compared->heir || !compared->before_slots || !compared->after_slots)
		return -ENOMEM;
	find_heirs(compared);
	count_slots(compared->before_slots, &compared->before);
	count_slots(compared->after_slots, &compared->after);
	return 0;
}

static void close_comparison(struct comparison *compared)
{
	free(compared->before.slots);
	free(compared->after.slots);
	free(compared->heir);
	free(compared->before_slots);
	free(compared->after_slots);
}

static int family_moves(struct moves *worst, struct comparison *compared)
{
	int result = open_comparison(compared);
	double chosen = 1, lost;

	if (!result && compared->before.count) {
		lost = share_lost(compared);
		if (compared->after.count)
			chosen = compared->same_hash ? share_chosen_by_place(compared)
						     : share_chosen_by_chance(compared);
		if (chosen > worst->chosen)
			worst->chosen = chosen;
		if (lost > worst->lost)
			worst->lost = lost;
	}
	close_comparison(compared);
	return result;
}

int service_moves(struct moves *out, const struct config *now, const struct config *next,
		  const char *name)
{
	const struct service *service = config_service(now, name);
	const struct service *later = config_service(next, name);
	bool same_key = !memcmp(now->hash_key, next->hash_key, sizeof(now->hash_key));
	int result = 0;

	memset(out, 0, sizeof(*out));
	for (int family = 0; family < 2 && !result; family++) {
		struct comparison compared = {
			.now = config_tier(now, service->tier),
			.next = config_tier(next, later->tier),
			.family = family,
			.keeps_down = later->on_down == TW_ON_DOWN_KEEP,
			.same_hash = same_key && has_same_hash(service, later, family),
		};

		result = family_moves(out, &compared);
	}
	return result;
}
