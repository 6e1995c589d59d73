/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A `tierwall -j monitor` that runs beside the tests, and what it says. */
#ifndef TESTS_PACKET_LISTENER_H
#define TESTS_PACKET_LISTENER_H

#include <jansson.h>
#include <stdio.h>

#include "node.h"

struct listening {
	pid_t pid;
	FILE *lines, *words; /* what it writes to stdout and stderr */
};

/* Starts it with these words behind `monitor` and waits until it listens. */
void listening_begin(struct listening *out, const char *words);
/* The next event, NULL: none within so many milliseconds.  The caller frees it. */
json_t *listening_next(struct listening *listening, int milliseconds);
/*
 * Of `events` events: how many it says, and how many it says that it missed.  Reads until it
 * has been told of all and says nothing more.
 */
struct listening_sum {
	int64_t got, missed;
};
struct listening_sum listening_sum(struct listening *listening, int64_t events);
/* Ends it as ^C does; returns its exit status.  *words: what it said to stderr, to be freed. */
int listening_end(struct listening *listening, char **words);
/* Ends it as nothing else does. */
void listening_kill(struct listening *listening);

#endif
