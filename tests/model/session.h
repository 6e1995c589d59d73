/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loaded node and the model beside it: what one does with a packet is compared with
 * what the other says, and every counter at the end.
 */
#ifndef TESTS_MODEL_SESSION_H
#define TESTS_MODEL_SESSION_H

#include "kernel/instance.h"
#include "model/oracle.h"
#include "model/sample.h"
#include "packet/node.h"

#define SESSION_ADDRESSES 64

struct session {
	struct node *node;
	struct instance instance; /* once `loaded` */
	bool loaded;
	void *limits, *sources; /* the memory of these maps */
	struct config *config;  /* parsed from what was applied, with the counters' numbers */
	struct oracle *oracle;
	struct sampler sampler;
	struct target *targets;
	struct surroundings surroundings;
	union tw_addr addresses[SESSION_ADDRESSES];
	uint32_t ifindex[SAMPLE_DEVICES];
	uint32_t traced_from; /* device in the map `traces`; 0: not yet */

	uint32_t rows; /* of `counters` that the configuration uses */
	struct tw_counter *before, *expected;
	uint64_t dropped[TW_REASON_COUNT];
	struct tw_counter node_before[TW_NODE_ROWS];
	uint64_t packets, passed;
	uint32_t unforgotten; /* packets since the flow tables were empty */
};

/* What was said of one packet, and what was done. */
struct comparison {
	struct sample sample;
	uint8_t frame[SAMPLE_FRAME_MAX];
	size_t length;
	struct judgement judged;
	uint32_t verdict;      /* of xdp */
	struct tw_trace trace; /* of xdp_trace */
	const char *differs;   /* what, NULL: nothing */
};

/* Both stop the process where the system fails. */
void session_open(struct session *session, struct node *node);
void session_close(struct session *session);

/*
 * Applies a configuration and starts to count from zero.  False: it is refused, by the
 * executable (which has said why) or by the parser here.
 */
bool session_apply(struct session *session, const char *text);
/* The same for what is live already: `text` must be what is. */
bool session_adopt(struct session *session, const char *text);

/* Sends a sample through both programs, and asks the oracle.  False: they differ. */
bool session_send(struct session *session, const struct sample *sample,
		  struct comparison *comparison);
/* Compares all counters, and prints the first that differ. */
bool session_counters_agree(struct session *session);
/* Empties the flow tables here and there. */
void session_forget(struct session *session);

void comparison_print(FILE *out, const struct session *session,
		      const struct comparison *comparison);
/* "guard rule 3 `drop from 192.0.2.0/24`" */
void place_print(FILE *out, const struct config *config, const struct place_of_rule *place);

#endif
