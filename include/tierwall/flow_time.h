/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When a flow entry is no longer good.  The data path treats an idle entry as absent;
 * user space leaves it out where it lists or counts flows.
 */
#ifndef TIERWALL_FLOW_TIME_H
#define TIERWALL_FLOW_TIME_H

#include "packet.h"

/* Seconds.  A FIN or RST shortens the time, so that ports can be used again. */
#define TW_IDLE_TCP_NEW         60
#define TW_IDLE_TCP_ESTABLISHED 432000 /* five days: pools of database connections idle for long */
#define TW_IDLE_CLOSING         120
#define TW_IDLE_UDP             180
#define TW_IDLE_ICMP            30
#define TW_IDLE_OTHER           600

static __always_inline __u32 tw_flow_idle_time(const struct tw_flow *flow, __u8 protocol)
{
	if (flow->state == TW_FLOW_CLOSING)
		return TW_IDLE_CLOSING;
	if (protocol == IPPROTO_TCP)
		return flow->state == TW_FLOW_NEW ? TW_IDLE_TCP_NEW : TW_IDLE_TCP_ESTABLISHED;
	if (protocol == IPPROTO_UDP)
		return TW_IDLE_UDP;
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return TW_IDLE_ICMP;
	return TW_IDLE_OTHER;
}

/* `second`: now, in seconds since boot (CLOCK_MONOTONIC). */
static __always_inline int tw_flow_is_idle(const struct tw_flow *flow, __u8 protocol, __u32 second)
{
	/* user space and jiffies may differ by a second: an entry is never idle before its time */
	return (__s32)(second - flow->seen) > (__s32)tw_flow_idle_time(flow, protocol);
}

#endif
