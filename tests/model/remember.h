/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flows, fragments and limits that the oracle keeps.  Part of oracle.h. */
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

struct datagram_name {
	union tw_addr source, destination;
	uint32_t id;
	uint8_t protocol, zero[3]; /* 0 for IPv6 */
};

/* What has come of one in fragments. */
struct datagram {
	struct datagram_name name;
	bool has_first, refused;
	struct tw_packet first;
	uint32_t end; /* in units of eight bytes, 0: not known yet */
	bool *units;  /* TW_UNITS */
};
#define TW_UNITS 8193

/* What a rule with `limit` has let through, of one source or of all. */
struct bucket {
	const struct rule *rule;
	union tw_addr source; /* zero: of all */
	uint32_t taken;
};

struct buckets {
	struct bucket *items;
	size_t count;
};

struct memory {
	struct flow *flows; /* hashed, at most half full */
	size_t flow_count, flow_room;
	struct datagram *datagrams;
	size_t datagram_count;
};

struct flow_name flow_name_of(const struct tw_packet *packet);
struct flow_name flow_name_back(const struct flow_name *name);
/* NULL: not known.  A pointer holds until the next flow is put. */
struct flow *memory_flow(const struct memory *memory, const struct flow_name *name);
/* Replaces what there is of that name. */
void memory_put_flow(struct memory *memory, const struct flow *flow);

/*
 * A fragment meets what came before it: a later one becomes headless or gets the first
 * one's header.  TW_REASON_NONE: it may go on.
 */
uint8_t memory_meet(const struct memory *memory, struct tw_packet *packet);
/* What became of it. */
void memory_accept(struct memory *memory, const struct tw_packet *packet);
/* `hides`: the rule that refused it could not know the rest of the datagram. */
void memory_refuse(struct memory *memory, const struct tw_packet *packet, bool hides);

/*
 * Is there a token left of the rule's burst?  Takes it.  Time brings none back here: rates
 * must be so low that a test is over before.
 */
bool bucket_take(struct buckets *buckets, const struct rule *rule, const union tw_addr *source);

void memory_clear(struct memory *memory);

#endif
