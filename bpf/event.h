/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events: packets that monitors are told of.  Each monitor has a ring of its own and
 * says in `listening` what it wants, how much, and until when it lives.  Where none
 * listens an event costs one load.
 */
#ifndef TIERWALL_BPF_EVENT_H
#define TIERWALL_BPF_EVENT_H

#include "count.h"
#include "limit.h"

#define EVENT_BURST_NS 100000000ull /* a monitor's rate is kept to over such a time */

/* An event while it is put together: a row for each CPU. */
struct event_draft {
	struct tw_event event;
	__u8 frame[TW_SNAP_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_draft);
} drafts SEC(".maps");

static __always_inline int event_is_wanted(const struct tw_listener *listener, __u8 kind,
					   __u32 reason)
{
	if (kind & TW_EVENT_LOG && listener->kinds & TW_EVENT_LOG)
		return 1;
	return kind & TW_EVENT_DROP && listener->kinds & TW_EVENT_DROP &&
	       listener->reasons >> (reason & 63) & 1;
}

/* A token of this CPU's share. */
static __always_inline int event_is_due(struct tw_heard *heard, const struct tw_listener *listener,
					__u64 now)
{
	__u64 gap = listener->gap, from = heard->full_at > now ? heard->full_at : now;
	__u64 tolerance = gap < EVENT_BURST_NS ? EVENT_BURST_NS - gap : 0;

	if (from - now > tolerance)
		return 0;
	heard->full_at = from + gap;
	return 1;
}

/* Which monitors get the event, as bits, and *snap: how much of the frame they want. */
static __always_inline __u32 event_receivers(struct tw_listening *all, __u8 kind, __u32 reason,
					     __u32 *snap, __u32 *missed)
{
	__u64 now = (bpf_jiffies64() - (__u32)(-300 * (int)hz)) * jiffy_ns;
	__u32 slots = all->slots, second = second_now(), receivers = 0;

	for (__u32 slot = 0; slot < TW_LISTENERS; slot++) {
		const struct tw_listener *listener = &all->listeners[slot];
		struct tw_heard *heard;
		__u32 key = slot;

		if (!(slots & 1u << slot))
			continue;
		if ((__s32)(listener->until - second) < 0) {
			/* it was killed; a monitor that lives says so again in its next breath */
			__sync_fetch_and_and(&all->slots, ~(1u << slot));
			continue;
		}
		heard = bpf_map_lookup_elem(&heards, &key);
		if (!heard || !event_is_wanted(listener, kind, reason))
			continue;
		if (!event_is_due(heard, listener, now)) {
			heard->missed++;
			*missed = 1;
			continue;
		}
		receivers |= 1u << slot;
		if (listener->snap > *snap)
			*snap = listener->snap;
	}
	return receivers;
}

static __always_inline void event_describe(struct xdp_md *ctx, struct event_draft *draft,
					   const struct work *work, __u8 kind, __u32 generation,
					   __u32 snap)
{
	struct tw_event *event = &draft->event;
	__u32 length = bpf_xdp_get_buff_len(ctx), captured = length < snap ? length : snap;

	if (captured > TW_SNAP_MAX)
		captured = TW_SNAP_MAX;
	if (captured && bpf_xdp_load_bytes(ctx, 0, draft->frame, captured))
		captured = 0;
	event->time = bpf_ktime_get_ns();
	event->ifindex = ctx->ingress_ifindex;
	event->generation = generation;
	event->rule = work->about.rule;
	event->service = work->about.service;
	event->server = work->about.server;
	event->length = length;
	event->captured = captured;
	event->kind = kind;
	event->action = kind & TW_EVENT_DROP ? work->about.action : TW_ACCEPT;
	event->reason = kind & TW_EVENT_DROP ? work->reason : TW_REASON_NONE;
	event->stage = work->about.stage;
}

static __always_inline int event_give(struct event_draft *draft, __u32 slot, __u32 captured)
{
	__u32 size = sizeof(struct tw_event) + captured;
	void *ring = bpf_map_lookup_elem(&listeners, &slot);

	if (!ring || size > sizeof(*draft))
		return 0;
	draft->event.captured = captured;
	return !bpf_ringbuf_output(ring, draft, size, 0);
}

/* Tells those who listen of the packet that path->work speaks of.  Returns to how many. */
__noinline int event_tell(struct xdp_md *ctx, __u32 kind, __u32 generation)
{
	__u32 zero = 0, snap = 0, missed = 0, receivers, captured, given = 0;
	struct tw_listening *all = bpf_map_lookup_elem(&listening, &zero);
	struct event_draft *draft = bpf_map_lookup_elem(&drafts, &zero);
	const struct work *work = bpf_map_lookup_elem(&works, &zero);

	if (!all || !draft || !work)
		return 0; /* cannot be */
	receivers = event_receivers(all, kind, work->reason, &snap, &missed);
	if (receivers)
		event_describe(ctx, draft, work, kind, generation, snap);
	captured = draft->event.captured;
	for (__u32 slot = 0; slot < TW_LISTENERS; slot++) {
		__u32 wanted = all->listeners[slot].snap;
		struct tw_heard *heard;
		__u32 key = slot;

		if (!(receivers & 1u << slot))
			continue;
		heard = bpf_map_lookup_elem(&heards, &key);
		if (wanted > captured)
			wanted = captured;
		if (event_give(draft, slot, wanted))
			given++;
		else if (heard)
			heard->missed++;
	}
	if (given || receivers || missed) {
		__u32 row = given ? TW_NODE_LOGGED : TW_NODE_UNLOGGED;
		struct tw_counter *counter = bpf_map_lookup_elem(&node, &row);

		if (counter)
			counter->packets++;
	}
	return given;
}

static __always_inline void event(struct xdp_md *ctx, const struct path *path, __u8 kind)
{
	const struct tw_listening *all;
	__u32 zero = 0;

	if (path->trace)
		return;
	all = bpf_map_lookup_elem(&listening, &zero);
	if (all && *(const volatile __u32 *)&all->slots)
		event_tell(ctx, kind, path->policy ? path->policy->generation : 0);
}

/* As a packet comes in. */
static __always_inline void about_nothing(const struct path *path)
{
	path->work->about = (struct about){
		.rule = TW_NONE32,
		.service = TW_NONE32,
		.server = TW_NONE16,
		.stage = TW_STAGE_PARSE,
		.action = TW_DROP,
	};
}

/* Whom the verdict speaks of; `server` is its index. */
static __always_inline void about(const struct path *path, __u32 rule, __u32 service, __u16 server)
{
	struct about *what = &path->work->about;

	what->rule = rule;
	what->service = service;
	what->server = server;
	if (path->trace) {
		path->trace->rule = rule;
		path->trace->server = server;
	}
}

#endif
