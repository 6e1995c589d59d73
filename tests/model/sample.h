/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets for a rule set: inside of a rule at its corners, just outside of it, or at
 * random near what the rules speak of.  "Inside" is of the rule by itself: one before it
 * may match first.
 */
#ifndef TESTS_MODEL_SAMPLE_H
#define TESTS_MODEL_SAMPLE_H

#include <netinet/in.h> /* what packet.h includes gives way to it */

#include "config/config.h"
#include "random.h"
#include "tierwall/packet.h"

#define SAMPLE_FRAME_MAX 2048
#define SAMPLE_DEVICES   3

enum corner { LOWEST, HIGHEST, ANYWHERE };

struct sample {
	struct tw_packet packet; /* addresses, ports, protocol and so on; l3, l4 are not used */
	uint16_t offset;         /* of a later fragment, in units of eight bytes */
	uint8_t device;          /* index in sample_devices */
	uint8_t zeros;
};

/* A list of the configuration and the packets that come to it. */
struct target {
	const struct rules *list;
	const struct tier *tier;     /* of a tier or server; else NULL */
	const struct server *server; /* of a server's own list */
	bool host;
};

struct sampler {
	const struct config *config;
	struct random random;
	union tw_addr node[2];      /* its own address of each family */
	const char *const *devices; /* SAMPLE_DEVICES names */
	const struct target *targets;
	size_t target_count;
};

/* All lists; the caller frees it. */
struct target *targets_of(const struct config *config, size_t *count);

/* False: no packet comes to this list that the rule could match, or none was found. */
bool sample_hit(struct sampler *sampler, const struct target *target, const struct rule *rule,
		enum corner corner, struct sample *out);
/* A hit with one thing changed, as little as it can be. */
bool sample_near(struct sampler *sampler, const struct target *target, const struct rule *rule,
		 struct sample *out);
/* What a list's rules speak of, put together at random. */
void sample_random(struct sampler *sampler, struct sample *out);
/* The next packet of the same flow, or its answer. */
void sample_next(struct sampler *sampler, struct sample *sample);

/* Source and destination change places. */
void sample_turn(struct sample *sample);

/* Writes the frame, at most SAMPLE_FRAME_MAX bytes, and returns its length. */
size_t sample_frame(const struct sample *sample, uint8_t *frame);

#endif
