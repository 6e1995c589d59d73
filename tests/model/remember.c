/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hash of flows and a list of fragments. */
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

static struct fragment_name fragment_name_of(const struct tw_packet *packet)
{
	return (struct fragment_name){
		.source = packet->saddr,
		.destination = packet->daddr,
		.id = packet->fragment_id,
		.protocol = packet->protocol,
	};
}

/* The last one counts: a list from its end. */
const struct fragment_ports *memory_fragment(const struct memory *memory,
					     const struct tw_packet *packet)
{
	struct fragment_name name = fragment_name_of(packet);

	for (size_t i = memory->fragment_count; i-- > 0;)
		if (!memcmp(&memory->fragments[i].name, &name, sizeof(name)))
			return &memory->fragments[i];
	return NULL;
}

void memory_put_fragment(struct memory *memory, const struct tw_packet *packet)
{
	struct fragment_ports *place =
		config_push(&memory->fragments, &memory->fragment_count, sizeof(*place));

	if (!place)
		abort();
	*place = (struct fragment_ports){
		.name = fragment_name_of(packet),
		.source_port = packet->sport,
		.destination_port = packet->dport,
	};
}

void memory_clear(struct memory *memory)
{
	free(memory->flows);
	free(memory->fragments);
	*memory = (struct memory){0};
}
