/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench of the classifier and its program share. */
#ifndef TESTS_BENCH_CLASSIFY_H
#define TESTS_BENCH_CLASSIFY_H

#include "tierwall/packet.h"

#define CLASSIFY_PACKETS 65536u

/* A packet and the two lists that are asked about it, one after the other. */
struct classify_packet {
	struct tw_packet packet;
	__u64 own, list; /* roots; own 0: none */
};

struct classify_job {
	__u32 count; /* packets, which take turns */
	__u32 next;
	__u64 instead; /* root that is asked instead of the packets' own; 0: theirs */
	__u64 sum;     /* of the answers, so that no compiler leaves them out */
};

#endif
