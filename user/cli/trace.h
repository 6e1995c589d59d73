/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall trace`: one packet from its words to a frame, through the live data path
 * without effects, and back to words.
 */
#ifndef TIERWALL_USER_TRACE_H
#define TIERWALL_USER_TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/resolve.h"
#include "config/config.h"
#include "tierwall/abi.h"

#define TRACE_FRAME_MAX   9234  /* 9,216 bytes of IP and what stands before them */
#define TRACE_FRAME_MIN   14    /* the kernel runs no less than an Ethernet header */
#define TRACE_SOURCE_PORT 40000 /* where none is said */

struct trace_frame {
	bool is_made; /* from words: its link addresses are made up */
	size_t length;
	uint8_t pad[2]; /* so that what stands behind the Ethernet header is aligned */
	uint8_t bytes[TRACE_FRAME_MAX];
};

/*
 * The packet as a whole frame with right checksums.  What is not said: flags syn,
 * type echo-request, source port 40000.
 */
void trace_frame_build(struct trace_frame *out, const struct packet_words *packet);

#define TRACE_OUT_MAX 4096 /* the data path may put headers before it */

struct trace_run {
	struct tw_trace trace; /* ifindex and policy are asked, the rest is answered */
	struct trace_frame in;
	uint8_t out[TRACE_OUT_MAX];
	size_t out_length;
};

struct instance;
/* The instance is locked: two traces at a time would read each other's answer.  Complains. */
int trace_run(struct trace_run *run, const struct instance *instance);

/* What came out, and the configuration that gives the numbers in it their names. */
struct trace_result {
	const struct tw_trace *trace;
	const struct config *config;
	const struct trace_frame *in;
	const uint8_t *out; /* the frame as it would leave */
	size_t out_length;
	bool verbose; /* all bytes of it, too */
};

/* The word for an enum tw_stage. */
const char *stage_name(uint32_t stage);

/* 0 or a negative errno. */
int trace_print_text(FILE *out, const struct trace_result *result);
int trace_print_json(FILE *out, const struct trace_result *result);
/* In one line, as one of many; `number` from 1. */
int trace_print_line(FILE *out, const struct trace_result *result, const struct names *names,
		     uint32_t number);
int trace_print_json_line(FILE *out, const struct trace_result *result, const struct names *names,
			  uint32_t number);

/* -- trace_packet.c: the frame as it would leave ------------------------------------- */

void trace_packet_print(FILE *out, const struct trace_result *result);
/* NULL: it does not leave, or no memory. */
json_t *trace_packet_json(const struct trace_result *result);

/*
 * A frame in hexadecimal digits, blanks and colons between them ignored.  False: a
 * character is none of these, a digit is missing, or it is too short or too long.
 */
bool trace_frame_read(struct trace_frame *out, const char *digits);

#endif
