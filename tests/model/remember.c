/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hash of flows and a list of datagrams in fragments. */
#include <stdlib.h>
#include <string.h>

#include "model/remember.h"

struct flow_name flow_name_of(const struct tw_packet *packet)
{
	return (struct flow_name){
		.source = packet->saddr,
		.destination = packet->daddr,
		.source_port = packet->sport,
		.destination_port = packet->dport,
		.protocol = packet->protocol,
		.family = packet->family,
	};
}

struct flow_name flow_name_back(const struct flow_name *name)
{
	struct flow_name back = *name;

	back.source = name->destination;
	back.destination = name->source;
	back.source_port = name->destination_port;
	back.destination_port = name->source_port;
	return back;
}

static size_t hash_name(const struct flow_name *name)
{
	const uint8_t *bytes = (const uint8_t *)name;
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < sizeof(*name); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return (size_t)(hash ^ hash >> 32);
}

/* The flow of that name, or the free place where it would be. */
static struct flow *place_of(struct flow *flows, size_t room, const struct flow_name *name)
{
	for (size_t i = hash_name(name);; i++) {
		struct flow *flow = &flows[i & (room - 1)];

		if (!flow->used || !memcmp(&flow->name, name, sizeof(*name)))
			return flow;
	}
}

struct flow *memory_flow(const struct memory *memory, const struct flow_name *name)
{
	struct flow *flow;

	if (!memory->flow_count)
		return NULL;
	flow = place_of(memory->flows, memory->flow_room, name);
	return flow->used ? flow : NULL;
}

static void grow(struct memory *memory)
{
	size_t room = memory->flow_room ? 2 * memory->flow_room : 1024;
	struct flow *flows = calloc(room, sizeof(*flows));

	if (!flows)
		abort();
	for (size_t i = 0; i < memory->flow_room; i++)
		if (memory->flows[i].used)
			*place_of(flows, room, &memory->flows[i].name) = memory->flows[i];
	free(memory->flows);
	memory->flows = flows;
	memory->flow_room = room;
}

void memory_put_flow(struct memory *memory, const struct flow *flow)
{
	struct flow *place;

	if (memory->flow_count * 2 >= memory->flow_room)
		grow(memory);
	place = place_of(memory->flows, memory->flow_room, &flow->name);
	memory->flow_count += !place->used;
	*place = *flow;
	place->used = true;
}

static struct datagram *find_datagram(const struct memory *memory, const struct tw_packet *packet)
{
	struct datagram_name name = {
		.source = packet->saddr,
		.destination = packet->daddr,
		.id = packet->fragment_id,
		.protocol = packet->family ? 0 : packet->protocol,
	};

	for (size_t i = 0; i < memory->datagram_count; i++)
		if (!memcmp(&memory->datagrams[i].name, &name, sizeof(name)))
			return &memory->datagrams[i];
	return NULL;
}

static struct datagram *new_datagram(struct memory *memory, const struct tw_packet *packet)
{
	struct datagram *datagram =
		config_push(&memory->datagrams, &memory->datagram_count, sizeof(*datagram));

	if (!datagram)
		abort();
	*datagram = (struct datagram){
		.name = {.source = packet->saddr,
			 .destination = packet->daddr,
			 .id = packet->fragment_id,
			 .protocol = packet->family ? 0 : packet->protocol},
		.units = calloc(TW_UNITS, sizeof(bool)),
	};
	if (!datagram->units)
		abort();
	return datagram;
}

static void forget_datagram(struct memory *memory, struct datagram *datagram)
{
	free(datagram->units);
	*datagram = memory->datagrams[--memory->datagram_count];
}

static bool writes_over(const struct datagram *datagram, const struct tw_packet *packet)
{
	for (uint32_t i = packet->fragment_start; i < packet->fragment_end; i++)
		if (datagram->units[i])
			return true;
	return false;
}

uint8_t memory_meet(const struct memory *memory, struct tw_packet *packet)
{
	const struct datagram *datagram = find_datagram(memory, packet);
	bool later = packet->part == TW_FRAGMENT_LATER;

	if (datagram && writes_over(datagram, packet))
		return TW_REASON_OVERLAP;
	if (datagram && later && datagram->refused)
		return TW_REASON_FRAGMENT;
	if (!later)
		return TW_REASON_NONE;
	if (!datagram || !datagram->has_first) {
		packet->headless = 1;
		return TW_REASON_NONE;
	}
	packet->sport = datagram->first.sport;
	packet->dport = datagram->first.dport;
	packet->protocol = datagram->first.protocol;
	packet->flags = datagram->first.flags;
	packet->type = datagram->first.type;
	packet->code = datagram->first.code;
	return TW_REASON_NONE;
}

static bool is_complete(const struct datagram *datagram)
{
	for (uint32_t i = 0; i < datagram->end; i++)
		if (!datagram->units[i])
			return false;
	return datagram->end > 0;
}

void memory_accept(struct memory *memory, const struct tw_packet *packet)
{
	struct datagram *datagram = find_datagram(memory, packet);

	if (!datagram)
		datagram = new_datagram(memory, packet);
	if (packet->part == TW_FRAGMENT_FIRST) {
		datagram->has_first = true;
		datagram->refused = false;
		datagram->first = *packet;
	}
	for (uint32_t i = packet->fragment_start; i < packet->fragment_end; i++)
		datagram->units[i] = true;
	if (packet->fragment_last)
		datagram->end = packet->fragment_end;
	if (is_complete(datagram))
		forget_datagram(memory, datagram);
}

void memory_refuse(struct memory *memory, const struct tw_packet *packet, bool hides)
{
	struct datagram *datagram = find_datagram(memory, packet);

	if (packet->part != TW_FRAGMENT_FIRST || (!datagram && !hides))
		return;
	if (datagram)
		forget_datagram(memory, datagram);
	new_datagram(memory, packet)->refused = true;
}

bool bucket_take(struct buckets *buckets, const struct rule *rule, const union tw_addr *source)
{
	static const union tw_addr all;
	struct bucket *bucket = NULL;

	if (!rule->limit.per_source)
		source = &all;
	for (size_t i = 0; i < buckets->count && !bucket; i++)
		if (buckets->items[i].rule == rule &&
		    tw_addr_equal(&buckets->items[i].source, source))
			bucket = &buckets->items[i];
	if (!bucket) {
		bucket = config_push(&buckets->items, &buckets->count, sizeof(*bucket));
		if (!bucket)
			abort();
		*bucket = (struct bucket){.rule = rule, .source = *source};
	}
	if (bucket->taken >= rule->limit.burst)
		return false;
	bucket->taken++;
	return true;
}

void memory_clear(struct memory *memory)
{
	for (size_t i = 0; i < memory->datagram_count; i++)
		free(memory->datagrams[i].units);
	free(memory->datagrams);
	free(memory->flows);
	*memory = (struct memory){0};
}
