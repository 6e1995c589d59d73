/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A part of the ABI (abi.h): what `xdp_trace` is asked and what it answers.  Numbers of
 * stages and of what they say are told to users by name only (user/cli/trace_text.c).
 */
#ifndef TIERWALL_TRACE_H
#define TIERWALL_TRACE_H

#include <linux/types.h>

/* -- trace: what `xdp_trace` writes for one packet --------------------------- */
enum tw_stage {
	TW_STAGE_PARSE,
	TW_STAGE_GUARD,
	TW_STAGE_FLOW,
	TW_STAGE_SERVICE,
	TW_STAGE_SERVER,
	TW_STAGE_HOST,
	TW_STAGE_FIREWALL,
	TW_STAGE_FORWARD,
	TW_STAGE_ANSWER,
	TW_STAGE_DECAP,
	TW_STAGE_COUNT,
};

enum tw_says {
	TW_SAYS_NOT_IP,    /* left to the kernel */
	TW_SAYS_NEIGHBOUR, /* neighbour discovery always passes */
	TW_SAYS_PARSED,
	TW_SAYS_REASON,      /* value: enum tw_reason */
	TW_SAYS_ACCEPTED_BY, /* value: counter id of a rule or default */
	TW_SAYS_REFUSED_BY,  /* value: counter id of a rule or default */
	TW_SAYS_NO_RULES,
	TW_SAYS_FLOW_KNOWN, /* value: enum tw_flow_state */
	TW_SAYS_FLOW_STALE, /* accepted by an older policy: the rules are asked again */
	TW_SAYS_FLOW_UNKNOWN,
	TW_SAYS_SERVICE,     /* value: counter id */
	TW_SAYS_SERVER,      /* value: index in `servers`: the packet is for it, or chosen */
	TW_SAYS_SERVER_KEPT, /* value: index in `servers` */
	TW_SAYS_LOCAL,       /* for this node */
	TW_SAYS_SOCKET,      /* a socket of this node has it open */
	TW_SAYS_OUTGOING,    /* value: index in `servers`: it began this */
	TW_SAYS_RELATED,     /* an ICMP error about a known flow */
	TW_SAYS_NOT_OURS,
	TW_SAYS_TO_KERNEL,
	TW_SAYS_KERNEL_ROUTES, /* rewritten, but the kernel must send it. value: result of the route look-up */
	TW_SAYS_TO_DEVICE,   /* value: ifindex */
	TW_SAYS_RESET,       /* rejected: what goes back to the sender */
	TW_SAYS_UNREACHABLE, /* the same, ICMP */
	TW_SAYS_UNREADABLE,  /* what nobody can judge is the kernel's: its check is off */
	/* rejected, but the sender is not told.  value: 0: never, 1: too many were */
	TW_SAYS_UNANSWERED,
	TW_SAYS_ECHO,     /* a ping of a service: its answer goes back */
	TW_SAYS_EXCEEDED, /* dropped: ICMP tells the sender that its TTL ran out */
	TW_SAYS_DECAP,    /* value: enum tw_tunnel */
	TW_SAYS_TOO_BIG,  /* dropped: ICMP tells the sender what would fit.  value: that MTU */
	TW_SAYS_COUNT,
};

struct tw_trace_step {
	__u16 stage;
	__u16 says;
	__u32 value;
};

#define TW_TRACE_STEPS 16
struct tw_trace {
	__u32 ifindex; /* in: pretend that the packet came in here */
	__u32 steps;   /* how many of step[] are written */
	__u32 verdict; /* enum xdp_action */
	__u32 reason;  /* enum tw_reason */
	__u32 rule;    /* counter ids, TW_NONE32: none */
	__u32 service;
	__u32 server; /* index */
	__u32 generation;
	__u32 policy; /* in: judge by this slot of `policy`, counted from 1; 0: by the live one */
	struct tw_trace_step step[TW_TRACE_STEPS];
};

#endif
