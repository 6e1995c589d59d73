/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that come to every leaf of a compiled list. */
#ifndef TESTS_BENCH_LEAVES_H
#define TESTS_BENCH_LEAVES_H

#include "classify.h"
#include "compile/compile.h"
#include "tierwall/classifier.h"

struct leaves {
	const struct compiled *compiled;
	uint32_t family;
	union tw_addr of_class[256]; /* an address of each class of known sets */
	void (*offer)(void *context, const struct classify_packet *packet);
	void *context;
};

/* Of `own`, or where there is none of `list`; a packet for each leaf, for each rule of one with vectors. */
void leaves_visit(const struct leaves *leaves, __u64 own, __u64 list);

#endif
