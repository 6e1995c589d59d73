/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tiers and their servers, and the services that they stand behind. */
#include <errno.h>
#include <string.h>

#include "compile/build.h"
#include "tierwall/packet.h"

static int build_next_hop(struct build *build, struct tw_server *place, const struct server *server)
{
	const struct device_fact *fact;

	place->has_mac = server->has_mac;
	memcpy(place->mac, server->mac, sizeof(place->mac));
	if (!server->device[0])
		return 0;
	fact = facts_device(build->facts, server->device);
	if (!fact)
		return config_mistake(build->config, server->device_at, build->diagnostic,
				      "there is no device `%s` on this node", server->device);
	place->has_device = 1;
	place->device = fact->ifindex;
	memcpy(place->smac, fact->mac, sizeof(place->smac));
	return 0;
}

static int build_server(struct build *build, const struct server *server, uint16_t tier)
{
	struct tw_server *place =
		config_push(&build->servers, &build->servers_count, sizeof(*place));
	int result;

	if (!place)
		return -ENOMEM;
	memcpy(place->addr, server->addr, sizeof(place->addr));
	place->tier = tier;
	place->state = server->state;
	result = build_next_hop(build, place, server);
	return result ? result : build_list(build, &place->rules, &server->rules);
}

int build_tiers(struct build *build)
{
	for (size_t i = 0; i < build->config->tier_count; i++) {
		const struct tier *tier = &build->config->tiers[i];
		struct tw_tier *place =
			config_push(&build->tiers, &build->tiers_count, sizeof(*place));
		int result;

		if (!place)
			return -ENOMEM;
		result = build_list(build, &place->rules, &tier->rules);
		for (size_t j = 0; !result && j < tier->server_count; j++)
			result = build_server(build, &tier->servers[j], (uint16_t)i);
		if (result)
			return result;
	}
	return 0;
}

/* Index of a tier's first server in the section `servers`. */
static uint32_t first_server(const struct config *config, const struct tier *tier)
{
	uint32_t first = 0;

	for (const struct tier *before = config->tiers; before < tier; before++)
		first += (uint32_t)before->server_count;
	return first;
}

static int build_members(struct build *build, struct tw_service *place,
			 const struct service *service, const struct tier *tier)
{
	uint32_t first = first_server(build->config, tier);

	place->member = (uint32_t)build->members_count;
	place->members = (uint32_t)tier->server_count;
	for (size_t i = 0; i < tier->server_count; i++) {
		struct tw_member *member =
			config_push(&build->members, &build->members_count, sizeof(*member));

		if (!member)
			return -ENOMEM;
		member->id = service->member_ids[i];
		member->server = (uint16_t)(first + i);
		if (forward_is_tunnel(service->forward)) {
			int result = build_server_source(build, service, &build->servers[first + i],
							 &tier->servers[i]);

			if (result)
				return result;
		}
	}
	return 0;
}

/* The first `bits` of an address, as masks of its halves. */
static void make_mask(__u64 mask[2], unsigned int bits)
{
	unsigned char *bytes = (unsigned char *)mask;

	memset(bytes, 0, 2 * sizeof(*mask));
	memset(bytes, 0xff, bits / 8);
	if (bits % 8)
		bytes[bits / 8] = (unsigned char)(0xff << (8 - bits % 8));
}

void service_hash_compile(struct tw_service *place, const struct service *service)
{
	unsigned int bits =
		service->affinity && service->affinity_bits ? service->affinity_bits : 128;

	place->hash_off = service->hash_off;
	if (service->affinity)
		place->hash_off = TW_HASH_SOURCE_PORT | TW_HASH_DESTINATION |
				  TW_HASH_DESTINATION_PORT | TW_HASH_PROTOCOL;
	if (bits < 128)
		place->hash_off |= TW_HASH_SOURCE;
	if (service->hash_off & TW_HASH_SOURCE)
		bits = 0;
	make_mask(place->source_mask[0], 96 + (bits < 32 ? bits : 32));
	make_mask(place->source_mask[1], bits);
}

/* -- full-nat ------------------------------------------------------------------------ */

static int add_source(struct build *build, struct tw_service *place, int family,
		      const union tw_addr *addr)
{
	union tw_addr *source = config_push(&build->pools, &build->pools_count, sizeof(*source));

	if (!source)
		return -ENOMEM;
	*source = *addr;
	place->pool_count[family]++;
	return 0;
}

/* Loopback and link-local addresses, which no server answers to. */
static bool address_is_local_only(const union tw_addr *addr)
{
	if (addr_is_ipv4(addr))
		return addr->bytes[12] == 127 || (addr->bytes[12] == 169 && addr->bytes[13] == 254);
	return (addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80) ||
	       (!addr->halves[0] && !addr->words[2] && addr->words[3] == TW_BE32(1));
}

/* How many bits two addresses begin with alike. */
static int common_bits(const union tw_addr *a, const union tw_addr *b)
{
	int bits = 0;

	for (size_t i = 0; i < sizeof(a->bytes); i++) {
		uint8_t differing = a->bytes[i] ^ b->bytes[i];

		if (differing)
			return bits + __builtin_clz(differing) - 24;
		bits += 8;
	}
	return bits;
}

/* The node's address that is most like the servers': mostly the one in their network. */
static const union tw_addr *own_source(const struct build *build, const struct tier *tier,
				       int family)
{
	const union tw_addr *best = NULL;
	int best_bits = -1;

	for (size_t i = 0; i < tier->server_count; i++)
		for (size_t j = 0; j < build->facts->address_count; j++) {
			const union tw_addr *own = &build->facts->addresses[j];
			int bits;

			if (addr_is_zero(&tier->servers[i].addr[family]) ||
			    addr_is_ipv4(own) != !family || address_is_local_only(own))
				continue;
			bits = common_bits(own, &tier->servers[i].addr[family]);
			if (bits > best_bits) {
				best_bits = bits;
				best = own;
			}
		}
	return best;
}

static bool listens_on(const struct service *service, int family)
{
	for (size_t i = 0; i < service->listen_count; i++)
		if (addr_is_ipv4(&service->listens[i].addr) == !family)
			return true;
	return false;
}

static int build_pool(struct build *build, struct tw_service *place, const struct service *service,
		      const struct tier *tier, int family)
{
	const union tw_addr *own;
	int result = 0;

	if (service->forward != TW_FORWARD_FULL_NAT)
		return 0;
	place->pool_low = service->pool_ports[0] ? service->pool_ports[0] : POOL_PORT_LOW;
	place->pool_high = service->pool_ports[0] ? service->pool_ports[1] : POOL_PORT_HIGH;
	place->pool[family] = (uint32_t)build->pools_count;
	for (size_t i = 0; !result && i < service->pool_count; i++)
		if (addr_is_ipv4(&service->pool[i]) == !family)
			result = add_source(build, place, family, &service->pool[i]);
	if (result || service->pool_count || !listens_on(service, family))
		return result;
	own = own_source(build, tier, family);
	if (!own)
		return config_mistake(build->config, service->forward_at, build->diagnostic,
				      "this node has no %s address for `full-nat` to send from: "
				      "give it one, or name some as in `pool 10.0.1.2`",
				      family ? "IPv6" : "IPv4");
	return add_source(build, place, family, own);
}

int build_services(struct build *build)
{
	int result = 0;

	for (size_t i = 0; !result && i < build->config->service_count; i++) {
		const struct service *service = &build->config->services[i];
		const struct tier *tier = config_tier(build->config, service->tier);
		struct tw_service *place =
			config_push(&build->services, &build->services_count, sizeof(*place));

		if (!place)
			return -ENOMEM;
		place->id = service->id;
		place->tier = (uint16_t)(tier - build->config->tiers);
		place->port = service->port;
		place->forward = service->forward;
		place->on_down = service->on_down;
		place->no_server = service->rejects ? TW_REJECT : TW_DROP;
		service_hash_compile(place, service);
		place->mss = service->mss;
		result = build_sources(build, place, &service->from);
		if (!result)
			result = build_members(build, place, service, tier);
		if (!result)
			result = build_choices(build, place, tier);
		for (int family = 0; !result && family < 2; family++)
			result = build_pool(build, place, service, tier, family);
	}
	return result;
}
