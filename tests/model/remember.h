/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flows and fragments that the oracle has seen.  Part of oracle.h. */
#ifndef TESTS_MODEL_REMEMBER_H
#define TESTS_MODEL_REMEMBER_H

#include "model/oracle.h"

struct flow_name {
	union tw_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol, family;
	uint16_t zero;
};

/* One direction of a flow. */
struct flow {
	struct flow_name name;
	uint8_t state; /* enum tw_flow_state */
	bool used;
	struct place_of_rule rule;
};

struct fragment_name {
	union tw_addr source, destination;
	uint32_t id;
	uint8_t protocol, zero[3];
};

struct fragment_ports {
	struct fragment_name name;
	uint16_t source_port, destination_port;
};

struct memory {
	struct flow *flows; /* hashed, at most half full */
	size_t flow_count, flow_room;
	struct fragment_ports *fragments;
	size_t fragment_count;
};

struct flow_name flow_name_of(const struct tw_packet *packet);
struct flow_name flow_name_back(const struct flow_name *name);
/* NULL: not known.  A pointer holds until the next flow is put. */
struct flow *memory_flow(const struct memory *memory, const struct flow_name *name);
/* Replaces what there is of that name. */
void memory_put_flow(struct memory *memory, const struct flow *flow);

const struct fragment_ports *memory_fragment(const struct memory *memory,
					     const struct tw_packet *packet);
void memory_put_fragment(struct memory *memory, const struct tw_packet *packet);

void memory_clear(struct memory *memory);

#endif
