/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What monitors are told of: the values of the maps `listening` and `heards`, and what a
 * monitor's ring holds.  Part of abi.h.
 */
#ifndef TIERWALL_EVENTS_H
#define TIERWALL_EVENTS_H

#include <linux/types.h>

#define TW_LISTENERS 4    /* monitors at a time */
#define TW_SNAP_MAX  1536 /* bytes of a frame that an event may hold */

/* What one monitor wants. */
struct tw_listener {
	__u64 owner;   /* a number that the monitor made up */
	__u64 reasons; /* bits by enum tw_reason: drops */
	__u32 kinds;   /* TW_EVENT_* */
	__u32 until;   /* second since boot; a dead monitor does not put it off any more */
	__u32 snap;    /* bytes of the frame */
	__u32 gap;     /* nanoseconds between two events of a CPU */
};

/* The one element of `listening`. */
struct tw_listening {
	__u32 slots; /* bits: where a monitor listens */
	__u32 _pad;
	struct tw_listener listeners[TW_LISTENERS];
};

/* Row of the per-CPU map `heards`: what became of the events for one monitor. */
struct tw_heard {
	__u64 full_at; /* when the CPU's share of its rate is whole again, ns since boot */
	__u64 missed;  /* events that it wanted and did not get */
};

/* What a ring holds: this and the frame's first bytes. */
struct tw_event {
	__u64 time; /* CLOCK_MONOTONIC, nanoseconds */
	__u32 ifindex;
	__u32 generation; /* of the policy; 0: dropped before one was asked */
	__u32 rule;       /* counter ids, TW_NONE32: none */
	__u32 service;
	__u32 length;   /* of the frame */
	__u16 captured; /* of it, behind this */
	__u16 server;   /* index, TW_NONE16: none */
	__u8 kind;      /* TW_EVENT_* */
	__u8 action;    /* enum tw_action */
	__u8 reason;    /* enum tw_reason */
	__u8 stage;     /* enum tw_stage: where it was decided */
	__u32 _pad;
};
#define TW_EVENT_DROP 0x1 /* the packet was dropped */
#define TW_EVENT_LOG  0x2 /* a rule with `log` decided */

_Static_assert(sizeof(struct tw_listener) == 32, "listener");
_Static_assert(sizeof(struct tw_event) == 40, "event");

#endif
