/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tierwall must do with a packet, by the words of docs/grammar.md alone: every list
 * is walked rule by rule over the parsed model.  Plain on purpose; nothing of user/compile
 * or bpf/ is used, and what makes long lists quick (glance.h) only skips what cannot match.  Services are not part of it: a configuration with
 * services has other tests.
 */
#ifndef TESTS_MODEL_ORACLE_H
#define TESTS_MODEL_ORACLE_H

#include <netinet/in.h> /* what packet.h includes gives way to it */

#include "config/config.h"
#include "tierwall/packet.h"

/* What the node is, besides its configuration. */
struct surroundings {
	const union tw_addr *addresses; /* its own */
	size_t address_count;
	const char *way_out; /* the device towards all addresses of servers */
};

/* Where a list said something. */
struct place_of_rule {
	const struct rules *list; /* NULL: none was asked */
	uint32_t number;          /* from 1; 0: its default */
};

struct judgement {
	bool accepted;
	uint8_t reason; /* enum tw_reason where it is not */
	uint8_t action; /* enum tw_action of what decided */
	bool known;     /* of a flow that was accepted before: no rule was asked after guard */
	bool begins;    /* a new flow, counted for the rule that accepts it */
	struct place_of_rule guard, firewall;
	struct tw_packet packet; /* as it was understood */
};

struct oracle;

/* The configuration must stay as it is for as long as the oracle lives. */
struct oracle *oracle_new(const struct config *config, const struct surroundings *surroundings);
void oracle_free(struct oracle *oracle);
/* Judges one frame that came in by `device`, and remembers the flow that it begins. */
void oracle_judge(struct oracle *oracle, const uint8_t *frame, size_t length, const char *device,
		  struct judgement *out);
/* Forgets flows and fragments, but not what was taken of limits. */
void oracle_forget(struct oracle *oracle);
/* How many limits, or sources of one, something was taken of; and gives all of it back. */
size_t oracle_buckets(const struct oracle *oracle);
void oracle_refill(struct oracle *oracle);

/* Do these addresses hold one? */
bool addresses_hold(const struct config *config, const struct addresses *addresses,
		    const union tw_addr *addr);

#endif
