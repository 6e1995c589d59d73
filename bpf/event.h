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
	__u32 captured; /* bytes of it; a monitor may want fewer */
	__u32 _pad;
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

enum event_answer { EVENT_UNWANTED, EVENT_DUE, EVENT_MISSED };

/* Does the monitor in a slot get the event?  A function of its own for the verifier's sake. */
__noinline int event_ask(__u32 slot, __u32 kind, __u32 reason)
{
	__u64 now = (bpf_jiffies64() - (__u32)(-300 * (int)hz)) * jiffy_ns;
	__u32 zero = 0, key = slot;
	struct tw_listening *all = bpf_map_lookup_elem(&listening, &zero);
	struct tw_heard *heard = bpf_map_lookup_elem(&heards, &key);
	const struct tw_listener *listener;

	if (!all || !heard || slot >= TW_LISTENERS || !(all->slots & 1u << slot))
		return EVENT_UNWANTED;
	listener = &all->listeners[slot];
	if ((__s32)(listener->until - second_now()) < 0) {
		/* it was killed; a monitor that lives says so again in its next breath */
		__sync_fetch_and_and(&all->slots, ~(1u << slot));
		return EVENT_UNWANTED;
	}
	if (!event_is_wanted(listener, kind, reason))
		return EVENT_UNWANTED;
	if (event_is_due(heard, listener, now))
		return EVENT_DUE;
	heard->missed++;
	return EVENT_MISSED;
}

static __always_inline void event_describe(struct xdp_md *ctx, struct event_draft *draft,
					   const struct work *work, __u8 kind, __u32 generation)
{
	struct tw_event *event = &draft->event;
	__u64 length = bpf_xdp_get_buff_len(ctx), captured = length;

	barrier_var(captured); /* what is checked is what is used */
	if (captured > TW_SNAP_MAX)
		captured = TW_SNAP_MAX;
	/* (6.1 learns no lower bound from a comparison with zero.) */
	if (captured < sizeof(struct ethhdr) ||
	    bpf_xdp_load_bytes(ctx, 0, draft->frame, (__u32)captured))
		captured = 0;
	event->time = bpf_ktime_get_ns();
	event->ifindex = ctx->ingress_ifindex;
	event->generation = generation;
	event->rule = work->about.rule;
	event->service = work->about.service;
	event->server = work->about.server;
	event->length = (__u32)length;
	draft->captured = (__u32)captured;
	event->kind = kind;
	event->action = kind & TW_EVENT_DROP ? work->about.action : TW_ACCEPT;
	event->reason = kind & TW_EVENT_DROP ? work->reason : TW_REASON_NONE;
	event->stage = work->about.stage;
}

/* Gives the drafted event to the monitor in a slot; 0: there was no room. */
__noinline int event_give(__u32 slot)
{
	__u32 zero = 0, key = slot, size = sizeof(struct tw_event), captured;
	struct tw_listening *all = bpf_map_lookup_elem(&listening, &zero);
	struct event_draft *draft = bpf_map_lookup_elem(&drafts, &zero);
	struct tw_heard *heard = bpf_map_lookup_elem(&heards, &key);
	void *ring = bpf_map_lookup_elem(&listeners, &key);

	if (!all || !draft || !heard || !ring || slot >= TW_LISTENERS)
		return 0;
	captured = draft->captured;
	if (captured > all->listeners[slot].snap)
		captured = all->listeners[slot].snap;
	size += captured;
	if (size > sizeof(draft->event) + sizeof(draft->frame))
		return 0;
	draft->event.captured = captured;
	if (!bpf_ringbuf_output(ring, &draft->event, size, 0))
		return 1;
	heard->missed++;
	return 0;
}

static __always_inline void event_count(__u32 row)
{
	struct tw_counter *counter = bpf_map_lookup_elem(&node, &row);

	if (counter)
		counter->packets++;
}

/* Tells those who listen of the packet that path->work speaks of. */
__noinline int event_tell(struct xdp_md *ctx, __u32 kind, __u32 generation)
{
	__u32 zero = 0, given = 0, wanted = 0;
	struct event_draft *draft = bpf_map_lookup_elem(&drafts, &zero);
	const struct work *work = bpf_map_lookup_elem(&works, &zero);
	int drafted = 0;

	if (!draft || !work)
		return 0; /* cannot be */
	for (__u32 slot = 0; slot < TW_LISTENERS; slot++) {
		int answer = event_ask(slot, kind, work->reason);

		wanted |= answer != EVENT_UNWANTED;
		if (answer != EVENT_DUE)
			continue;
		if (!drafted)
			event_describe(ctx, draft, work, kind, generation);
		drafted = 1;
		given |= event_give(slot);
	}
	if (given)
		event_count(TW_NODE_LOGGED);
	else if (wanted)
		event_count(TW_NODE_UNLOGGED);
	return 0;
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
