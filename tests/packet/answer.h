/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What must come back for a rejected frame, written down byte by byte from the RFCs
 * and with checksums of its own: nothing here is shared with the data path.
 */
#ifndef TESTS_PACKET_ANSWER_H
#define TESTS_PACKET_ANSWER_H

#include "frame.h"

enum answer {
	NO_ANSWER,
	RESET,       /* TCP */
	UNREACHABLE, /* ICMP port unreachable */
	EXCEEDED, /* ICMP time exceeded; the step's `out.from`: whose it is, else whoever was asked */
	ECHOED,   /* the reply to a ping: not dropped, but sent back */
	SUPPRESSED, /* rejected, but nothing may come back */
};

void answer_build(struct frame *out, const struct frame *in, const struct packet *packet,
		  const struct variant *variant, enum answer answer, enum party from);

#endif
