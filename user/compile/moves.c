/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compares the choice tables of one service in two images.
 *
 * With the same hash key a flow keeps its place between 0 and 1 in both tables, and
 * the tables are compared place by place.  With another key its new place is any.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "compile/moves.h"

#define ITEM(image, type, section, i) \
	(&((const type *)(const void *)((const char *)(image) + (image)->section.offset))[i])

struct table {
	const struct tw_policy *image;
	const struct tw_service *service;
	int family;
	uint32_t slots;
};

static struct table table_of(const struct tw_policy *image, uint32_t service, int family)
{
	const struct tw_service *item = ITEM(image, struct tw_service, services, service);

	return (struct table){image, item, family, item->choices[family]};
}

static const struct tw_server *server_of_member(const struct table *table, uint32_t i)
{
	const struct tw_member *member =
		ITEM(table->image, struct tw_member, members, table->service->member + i);

	return ITEM(table->image, struct tw_server, servers, member->server);
}

/* NULL: no server takes new flows. */
static const union tw_addr *server_in_slot(const struct table *table, uint32_t slot)
{
	uint16_t choice = *ITEM(table->image, uint16_t, choices,
				table->service->choice[table->family] + slot);

	return choice == TW_NONE16 ? NULL : &server_of_member(table, choice)->addr[table->family];
}

static bool is_same(const union tw_addr *a, const union tw_addr *b)
{
	return a && b && !memcmp(a, b, sizeof(*a));
}

/* May a live flow go on to this server? */
static bool keeps(const struct table *next, const union tw_addr *addr)
{
	for (uint32_t i = 0; i < next->service->members; i++) {
		const struct tw_server *server = server_of_member(next, i);

		if (is_same(&server->addr[next->family], addr))
			return server->state != TW_SERVER_DOWN;
	}
	return false;
}

static double share_lost(const struct table *now, const struct table *next)
{
	uint32_t lost = 0;

	for (uint32_t slot = 0; slot < now->slots; slot++) {
		const union tw_addr *addr = server_in_slot(now, slot);

		if (addr && !keeps(next, addr))
			lost++;
	}
	return (double)lost / now->slots;
}

/* Walks both tables at once, in units of 1 / (slots of one * slots of the other). */
static double share_chosen_by_place(const struct table *now, const struct table *next)
{
	uint64_t whole = (uint64_t)now->slots * next->slots, at = 0, moved = 0;
	uint32_t i = 0, j = 0;

	while (at < whole) {
		uint64_t end_now = (uint64_t)(i + 1) * next->slots;
		uint64_t end_next = (uint64_t)(j + 1) * now->slots;
		uint64_t end = end_now < end_next ? end_now : end_next;
		const union tw_addr *addr = server_in_slot(now, i);

		if (addr && !is_same(addr, server_in_slot(next, j)))
			moved += end - at;
		i += end == end_now;
		j += end == end_next;
		at = end;
	}
	return (double)moved / whole;
}

/* The share of the slots that lead to a server. */
static double share_of(const struct table *table, const union tw_addr *addr)
{
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < table->slots; slot++)
		count += is_same(server_in_slot(table, slot), addr);
	return (double)count / table->slots;
}

static double share_chosen_by_chance(const struct table *now, const struct table *next)
{
	double stays = 0;

	for (uint32_t i = 0; i < now->service->members; i++) {
		const union tw_addr *addr = &server_of_member(now, i)->addr[now->family];

		stays += share_of(now, addr) * share_of(next, addr);
	}
	return 1 - stays;
}

static struct moves family_moves(const struct table *now, const struct table *next)
{
	struct moves moves = {.chosen = 1, .lost = share_lost(now, next)};

	if (!next->slots)
		return moves;
	if (!memcmp(now->image->hash_key, next->image->hash_key, sizeof(now->image->hash_key)))
		moves.chosen = share_chosen_by_place(now, next);
	else
		moves.chosen = share_chosen_by_chance(now, next);
	return moves;
}

struct moves service_moves(const struct tw_policy *now, uint32_t now_service,
			   const struct tw_policy *next, uint32_t next_service)
{
	struct moves worst = {};

	for (int family = 0; family < 2; family++) {
		struct table before = table_of(now, now_service, family);
		struct table after = table_of(next, next_service, family);
		struct moves moves;

		if (!before.slots)
			continue;
		moves = family_moves(&before, &after);
		if (moves.chosen > worst.chosen)
			worst.chosen = moves.chosen;
		if (moves.lost > worst.lost)
			worst.lost = moves.lost;
	}
	return worst;
}
