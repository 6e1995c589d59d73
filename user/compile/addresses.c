/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table that tells what an address is: it has services, is a server's, is the
 * node's own.  Open addressing with at most TW_ADDRESS_PROBES steps; it grows until
 * that holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "tierwall/hash.h"

struct addressed_listen {
	const union tw_addr *addr;
	struct tw_listen listen;
};

/* In the order in which the data path searches those of an address. */
static int compare_listens(const void *a, const void *b)
{
	const struct addressed_listen *left = a, *right = b;
	int difference = memcmp(left->addr, right->addr, sizeof(*left->addr));

	if (!difference)
		difference = (int)left->listen.protocol - (int)right->listen.protocol;
	if (difference)
		return difference;
	return (int)left->listen.port_low - (int)right->listen.port_low;
}

/* Has the service a server that takes new flows of the address's family? */
static bool is_live(const struct config *config, const struct service *service,
		    const union tw_addr *addr)
{
	const struct tier *tier = config_tier(config, service->tier);
	int family = addr_is_ipv4(addr) ? 0 : 1;

	for (size_t i = 0; i < tier->server_count; i++) {
		const struct server *server = &tier->servers[i];

		if (server->state == TW_SERVER_UP && server->weight &&
		    !addr_is_zero(&server->addr[family]))
			return true;
	}
	return false;
}

static bool has_from(const struct service *service)
{
	return service->from.count || service->from.negated;
}

/* Pings are answered by the first live service of the address that anybody may use, or the first. */
static void choose_echo(const struct build *build, struct tw_address *bucket, uint16_t service)
{
	const struct service *candidate = &build->config->services[service];
	const struct service *chosen =
		bucket->echo == TW_NONE32 ? NULL : &build->config->services[bucket->echo];

	if (!is_live(build->config, candidate, &bucket->addr))
		return;
	if (!chosen || (has_from(chosen) && !has_from(candidate)))
		bucket->echo = service;
}

static const struct port_range any_port = {0, 65535};

static int add_listen(struct addressed_listen **all, size_t *count, const struct listen *listen,
		      uint16_t service)
{
	size_t ranges = listen->ports.count ? listen->ports.count : 1;

	for (size_t i = 0; i < ranges; i++) {
		const struct port_range *range =
			listen->ports.count ? &listen->ports.items[i] : &any_port;
		struct addressed_listen *place = config_push(all, count, sizeof(*place));

		if (!place)
			return -ENOMEM;
		place->addr = &listen->addr;
		place->listen.port_low = range->low;
		place->listen.port_high = range->high;
		place->listen.service = service;
		place->listen.protocol = listen->protocol;
	}
	return 0;
}

/* The bucket of an address: its own, or the empty one where it would stand; NULL: too far. */
static struct tw_address *bucket_of(struct tw_address *table, uint32_t buckets,
				    const union tw_addr *addr)
{
	uint32_t hash = tw_hash_addr(addr);

	for (uint32_t i = 0; i < TW_ADDRESS_PROBES; i++) {
		struct tw_address *bucket = &table[(hash + i) & (buckets - 1)];

		if (!bucket->kind || tw_addr_equal(&bucket->addr, addr))
			return bucket;
	}
	return NULL;
}

static struct tw_address *take_bucket(struct tw_address *table, uint32_t buckets,
				      const union tw_addr *addr)
{
	struct tw_address *bucket = bucket_of(table, buckets, addr);

	if (bucket && !bucket->kind) {
		bucket->kind = TW_ADDRESS_USED;
		bucket->addr = *addr;
		bucket->server = TW_NONE16;
		bucket->echo = TW_NONE32;
	}
	return bucket;
}

static bool fill_servers(const struct build *build, struct tw_address *table, uint32_t buckets)
{
	for (size_t i = 0; i < build->servers_count; i++)
		for (int family = 0; family < 2; family++) {
			const union tw_addr *addr = &build->servers[i].addr[family];
			struct tw_address *bucket;

			if (addr_is_zero(addr))
				continue;
			bucket = take_bucket(table, buckets, addr);
			if (!bucket)
				return false;
			bucket->server = (uint16_t)i;
		}
	return true;
}

static bool fill(const struct build *build, struct tw_address *table, uint32_t buckets,
		 const struct addressed_listen *listens, size_t listen_count)
{
	struct tw_address *bucket;

	for (size_t i = 0; i < listen_count; i++) {
		bucket = take_bucket(table, buckets, listens[i].addr);
		if (!bucket)
			return false;
		if (!bucket->listens)
			bucket->listen = (uint32_t)i;
		bucket->listens++;
		choose_echo(build, bucket, listens[i].listen.service);
	}
	if (!fill_servers(build, table, buckets))
		return false;
	for (size_t i = 0; i < build->facts->address_count; i++) {
		bucket = take_bucket(table, buckets, &build->facts->addresses[i]);
		if (!bucket)
			return false;
		bucket->kind |= TW_ADDRESS_LOCAL;
	}
	for (size_t i = 0; i < build->facts->broadcast_count; i++) {
		bucket = take_bucket(table, buckets, &build->facts->broadcasts[i]);
		if (!bucket)
			return false;
		bucket->kind |= TW_ADDRESS_ALL;
	}
	return true;
}

static int fill_growing(struct build *build, const struct addressed_listen *listens,
			size_t listen_count)
{
	size_t wanted = 2 * (listen_count + 2 * build->servers_count + build->facts->address_count +
			     build->facts->broadcast_count);
	uint32_t buckets = 16;

	while (buckets < wanted)
		buckets *= 2;
	for (; buckets * sizeof(struct tw_address) <= TW_IMAGE_BYTES; buckets *= 2) {
		struct tw_address *table = calloc(buckets, sizeof(*table));

		if (!table)
			return -ENOMEM;
		if (fill(build, table, buckets, listens, listen_count)) {
			build->addresses = table;
			build->addresses_count = buckets;
			return 0;
		}
		free(table);
	}
	return -ENOSPC;
}

int build_addresses(struct build *build)
{
	struct addressed_listen *all = NULL;
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; !result && i < build->config->service_count; i++) {
		const struct service *service = &build->config->services[i];

		for (size_t j = 0; !result && j < service->listen_count; j++)
			result = add_listen(&all, &count, &service->listens[j], (uint16_t)i);
	}
	if (!result && count)
		qsort(all, count, sizeof(*all), compare_listens);
	for (size_t i = 0; !result && i < count; i++) {
		struct tw_listen *place =
			config_push(&build->listens, &build->listens_count, sizeof(*place));

		if (!place)
			result = -ENOMEM;
		else
			*place = all[i].listen;
	}
	if (!result)
		result = fill_growing(build, all, count);
	free(all);
	return result;
}
