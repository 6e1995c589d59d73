/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the stages hand on to each other, and the steps that a trace records.
 *
 * Every stage gets a struct path.  `trace` is NULL in the program that is attached;
 * where it is not, the packet is a copy: nothing is counted and no state changes.
 */
#ifndef TIERWALL_BPF_PATH_H
#define TIERWALL_BPF_PATH_H

#include "maps.h"
#include "tierwall/classifier.h"
#include "tierwall/packet.h"

/* Set by the loader before the verifier reads the program, from then on constants. */
const volatile __u32 hz = 250; /* jiffies a second */

/* What a packet without a valid flow entry deserves: the answer of judge(). */
struct outcome {
	union tw_addr addr; /* of the server, balanced only */
	union tw_addr from; /* full-nat: what its source becomes */
	__u32 rule;         /* counter ids */
	__u32 service;
	__u32 member;
	__u16 server; /* index, TW_NONE16: none */
	__u16 port;   /* of the server, balanced only */
	__u8 kind;    /* enum outcome_kind */
	__u8 reason;  /* enum tw_reason where refused */
	__u8 forward; /* enum tw_forward, balanced only */
	__u8 flags;   /* TW_FLOW_* */
	__u8 action;  /* enum tw_action of the rule or default that decided */
	__u8 log;     /* that rule asks for it */
	__u16 from_port;
	__u16 service_index; /* in `services`, balanced only */
	__u16 _pad;
};

enum outcome_kind {
	OUTCOME_NOT_OURS, /* the kernel's, and no flow of ours */
	OUTCOME_REFUSED,
	OUTCOME_KERNEL, /* accepted; the kernel routes or receives it */
	OUTCOME_BALANCED,
	OUTCOME_ECHO, /* a ping of a service, answered here */
};

/* The flow that is asked about again; `live` 0: none. */
struct kept {
	union tw_addr addr; /* of its server */
	__u8 live;
	__u8 flags; /* TW_FLOW_* */
};

/* How a balanced packet leaves. */
struct departure {
	union tw_addr addr; /* nat: the new destination, or source of a reply */
	__u16 port;
	__u16 server; /* index, TW_NONE16 */
	__u8 forward; /* enum tw_forward */
	__u8 reply;
};

/* What an event says of the packet besides its frame. */
struct about {
	__u32 rule, service; /* counter ids */
	__u16 server;        /* index */
	__u8 stage;          /* enum tw_stage */
	__u8 action;         /* enum tw_action, once refused */
	__u8 log;            /* the rule asks for it */
	__u8 _pad[3];
};

/*
 * One packet's working memory, a row for each CPU.  Not on the stack: what the
 * verifier knows of a stack slot makes one state each, of a map's value none, and
 * so the paths through the stages meet again.
 */
struct work {
	struct tw_packet packet; /* as it came in */
	__u32 bytes;             /* of the frame */
	__u32 is_trace;          /* what has an effect beyond this packet is left undone */
	struct about about;
	__u32 is_known,
		is_reply;        /* `known` is the flow's; the packet is of the one who was asked */
	struct tw_packet asked;  /* what the side that began the flow would send */
	struct tw_packet judged; /* as it will reach the server */
	struct tw_packet opposite; /* of a flow's other direction */
	struct tw_flow known;
	struct tw_flow flow, reply; /* to be written */
	struct outcome outcome;
	struct kept kept;
	struct departure departure;
	struct departure other; /* full-nat: of the packet's other side */
	union tw_addr known_source;
	struct tw_next_hop hop;
	struct tw_fragment datagram;
	struct tw_key key; /* the packet that rules are asked about */
	__u32 reason;      /* enum tw_reason, once refused */
	__u32 ingress;     /* ifindex */
	__u32 form;        /* enum tw_tunnel, where it is one */
	int parsed;        /* enum tw_parsed */
	__u32 slot;        /* of the policy that it is judged by */
	__u32 fits;        /* of what is too big: the MTU that its sender is to be told */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct work);
} works SEC(".maps");

#define VERDICT_REJECT  0x100 /* within the path: dropped, and the sender is told */
#define VERDICT_FORWARD 0x200 /* within the path: goes where work->departure says */
#define VERDICT_ANSWER  0x400 /* within the path: the kernel's, of a service with `mss` */
#define VERDICT_UNKNOWN 0x300 /* within the path: of no known flow, to be judged */

#define L2_MAX (sizeof(struct ethhdr) + 2 * sizeof(struct tw_vlan))

/* The Ethernet header by what it may hold: no tags, one or two, then the type. */
struct l2_tags {
	__u8 macs[2 * ETH_ALEN];
	__be32 tags[2]; /* TPID and TCI each */
};

/* On the stack, of which kernels before 6.8 make more than it is: no larger than it must. */
struct path {
	const struct tw_policy *policy;
	struct tw_trace *trace;
	struct work *work;
	__u32 ingress; /* ifindex */
	__u32 second;  /* since boot */
};

static __always_inline void trace_step(const struct path *path, enum tw_stage stage,
				       enum tw_says says, __u32 value)
{
	struct tw_trace *trace = path->trace;
	__u32 i;

	if (!trace)
		return;
	i = *(const volatile __u32 *)&trace
		     ->steps; /* what was just stored is read and bounded anew */
	if (i >= TW_TRACE_STEPS)
		return;
	trace->step[i].stage = stage;
	trace->step[i].says = says;
	trace->step[i].value = value;
	trace->steps = i + 1;
}

/* Seconds since boot, by the clock that costs nothing; jiffies begin five minutes before 2^32. */
static __always_inline __u32 second_now(void)
{
	return (__u32)((bpf_jiffies64() - (__u32)(-300 * (int)hz)) / hz);
}

#endif
