/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rule sets that look like real ones, the same for the same recipe on every machine.
 *
 *   acl   access lists of routers: sources and destinations nest in each other, ports
 *         are exact or ranges, few protocols, few wildcards, the specific rules first
 *   fw    lists of packet filters: wildcards in source or destination, ranges of ports,
 *         any protocol, TCP flags
 *   tier  policies of server tiers: sets, tiers with servers and rules of their own,
 *         host and guard, and everything else that a rule can ask
 */
#ifndef TESTS_MODEL_GENERATE_H
#define TESTS_MODEL_GENERATE_H

#include "config/config.h"
#include "random.h"

enum shape { SHAPE_ACL, SHAPE_FW, SHAPE_TIER, SHAPE_COUNT };
enum versions { VERSIONS_V4, VERSIONS_V6, VERSIONS_MIXED, VERSIONS_COUNT };

/* Words of the grammar that a recipe has to ask for. */
enum extras {
	EXTRA_NOT = 1 << 0,
	EXTRA_REJECT = 1 << 1,
	EXTRA_LOG = 1 << 2,
	EXTRA_LIMIT = 1 << 5,   /* so few an hour that time brings none back in a test */
	EXTRA_DEVICES = 1 << 3, /* `in`: wan, lan and dmz are there */
	EXTRA_SERVICES =
		1 << 4, /* tier: services, and servers that tests/packet/topology.h reaches */
};

struct recipe {
	enum shape shape;
	enum versions versions;
	uint32_t rules;
	uint64_t seed;
	uint32_t extras; /* enum extras */
};

extern const char *const shape_names[SHAPE_COUNT];
extern const char *const versions_names[VERSIONS_COUNT];

/* Writes a configuration with exactly recipe->rules rules in all lists together. */
void generate(FILE *out, const struct recipe *recipe);
/* The same, allocated. */
char *generate_text(const struct recipe *recipe);
/* The same as a checked model; NULL: this version refuses it, and the message is printed. */
struct config *generate_config(const struct recipe *recipe);

#endif
