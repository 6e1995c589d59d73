/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A veth pair to measure receivers on: frames come from CPU 0, the receiver's NAPI is a
 * thread on CPU 1, whose time, as the scheduler counts it, is divided by the packets that
 * it took.  So all is in it that a packet costs its receiver, and nothing of the sender.
 */
#ifndef TESTS_BENCH_LINK_H
#define TESTS_BENCH_LINK_H

#include <stdint.h>
#include <sys/types.h>

#include "bench/flood.h"
#include "flood.skel.h"

#define LINK_DEVICE      "wan" /* the receiver; the sender is its -peer */
#define LINK_THREADS_MAX 16

struct link {
	struct flood_bpf *flood;
	char sys[192]; /* this namespace's sysfs */
	pid_t threads[LINK_THREADS_MAX];
	size_t thread_count;
	uint8_t frame[FLOOD_BYTES];
};

/* Both stop the process with a message where the system fails. */
void link_up(struct link *link, const char *folder);
/* The first `count` of link->flood->bss->packets take turns, shuffled. */
void link_packets(struct link *link, uint32_t count);
/* Nanoseconds of the receiver a packet, the least of a few runs, and what it took in all. */
double link_measure(struct link *link, uint64_t *packets);

#endif
