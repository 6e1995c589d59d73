/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looking many addresses up in a set of a loaded instance: set_probe.bpf.c in a program. */
#ifndef TESTS_PACKET_SET_PROBE_H
#define TESTS_PACKET_SET_PROBE_H

#include "tierwall/abi.h"

#define SET_PROBE_ADDRESSES 65536

struct set_probe {
	__u32 set;   /* index */
	__u32 count; /* of the addresses that take turns */
	__u32 next;
	__u32 _pad;
	union tw_addr addresses[SET_PROBE_ADDRESSES];
	__u8 families[SET_PROBE_ADDRESSES]; /* 0: IPv4 */
	__u8 held[SET_PROBE_ADDRESSES];     /* what was found */
};

#ifndef __bpf__
#include "node.h"

struct prober {
	struct set_probe *probe; /* the program's memory */
	int look_up, nothing;    /* programs */
	size_t bytes;            /* that the set takes in the kernel */
	void *skeleton;
};

/* Over the maps of the node's instance, which has been loaded. */
void prober_open(struct prober *prober, const struct node *node);
void prober_close(struct prober *prober);
/* Finds the set's place: again after each change that may have moved it. */
void prober_use(struct prober *prober, const struct node *node, const char *name);
/* Looks up the first `count` addresses once. */
void prober_look_up(struct prober *prober, uint32_t count);
/* Nanoseconds a look-up, net, when they take turns: the least of several runs. */
double prober_time(struct prober *prober, uint32_t count);
#endif

#endif
