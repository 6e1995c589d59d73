/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall trace`: one packet from its words to a frame, through the live data path
 * without effects, and back to words.
 */
#ifndef TIERWALL_USER_TRACE_H
#define TIERWALL_USER_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "tierwall/abi.h"

#define TRACE_FRAME_MAX   256
#define TRACE_SOURCE_PORT 40000 /* where none is said */

struct trace_frame {
	size_t length;
	uint8_t pad[2]; /* so that what stands behind the Ethernet header is aligned */
	uint8_t bytes[TRACE_FRAME_MAX];
};

/*
 * The packet as a whole frame with right checksums.  What is not said: flags syn,
 * type echo-request, source port 40000.
 */
void trace_frame_build(struct trace_frame *out, const struct packet_words *packet);

/* What came out, and the configuration that gives the numbers in it their names. */
struct trace_result {
	const struct tw_trace *trace;
	const struct config *config;
	const struct trace_frame *in;
	const uint8_t *out; /* the frame as it would leave */
	size_t out_length;
};

/* The word for an enum tw_stage. */
const char *stage_name(uint32_t stage);

/* 0 or a negative errno. */
int trace_print_text(FILE *out, const struct trace_result *result);
int trace_print_json(FILE *out, const struct trace_result *result);

#endif
