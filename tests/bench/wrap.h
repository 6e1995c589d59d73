/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench tells its wrapper program. */
#ifndef TESTS_BENCH_WRAP_H
#define TESTS_BENCH_WRAP_H

#include <linux/types.h>

#define WRAP_BYTES 80 /* of every packet */

struct wrap_job {
	__u64 packet[WRAP_BYTES / 8];
	__u32 flows;     /* how many take turns */
	__u32 flow;      /* the one that was sent last */
	__u32 by_source; /* they differ in the source address alone; at most 65,536 */
};

#endif
