/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a person needs to see of a difference: the packet, and as few rules as show it. */
#ifndef TESTS_MODEL_REPORT_H
#define TESTS_MODEL_REPORT_H

#include "model/session.h"

/*
 * Prints the difference, writes the configuration into a file, and beside it one with as
 * few rules as the difference remains with.  The session has another configuration then.
 */
void report_difference(struct session *session, const char *text, const char *name,
		       const struct comparison *comparison);

#endif
