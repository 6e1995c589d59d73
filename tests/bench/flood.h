/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench tells the program that makes frames. */
#ifndef TESTS_BENCH_FLOOD_H
#define TESTS_BENCH_FLOOD_H

#include <linux/types.h>

#define FLOOD_BYTES   64 /* of every frame: UDP over IPv4 */
#define FLOOD_PACKETS 16384u

struct flood_packet { /* in network byte order */
	__be32 source, destination;
	__be16 port;
	__u16 _pad;
};

struct flood_job {
	__u32 device; /* whose far end the frames come out of */
	__u32 count;  /* of the packets that take turns, at most FLOOD_PACKETS */
	__u32 next;
};

#endif
