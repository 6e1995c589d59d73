/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: both directions of every accepted flow, keyed by the packet as it
 * comes in.  An entry is good for the generation of the policy that judged it; with
 * another one the rules are asked again.
 *
 * Two LRU hashes, IPv4 and IPv6.  Entries are replaced whole; what is written in
 * place (seen, state) may race between CPUs without harm.
 */
#ifndef TIERWALL_BPF_FLOW_H
#define TIERWALL_BPF_FLOW_H

#include "count.h"
#include "tierwall/flow_time.h"
#include "translation.h"

static __always_inline void flow_key4(struct tw_flow_key4 *key, const struct tw_packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = p->saddr.words[3];
	key->daddr = p->daddr.words[3];
	key->sport = p->sport;
	key->dport = p->dport;
	key->protocol = p->protocol;
}

/* Flows are told by addresses, ports and protocol; of ICMP only echoes have ports (their id). */
static __always_inline int flow_is_tracked(const struct tw_packet *p)
{
	if (p->headless)
		return 0;
	return !tw_is_icmp(p) || tw_is_echo(p);
}

/* The live entry for a packet, NULL: none, or idle for too long. */
static __always_inline struct tw_flow *flow_find(const struct path *path, const struct tw_packet *p)
{
	struct tw_flow *flow;

	if (p->family) {
		struct tw_flow_key6 key;

		flow_key6(&key, p);
		flow = bpf_map_lookup_elem(&flows6, &key);
	} else {
		struct tw_flow_key4 key;

		flow_key4(&key, p);
		flow = bpf_map_lookup_elem(&flows4, &key);
	}
	if (flow && tw_flow_is_idle(flow, p->protocol, path->second))
		return NULL;
	return flow;
}

static __always_inline long flow_write(const struct path *path, const struct tw_packet *p,
				       const struct tw_flow *flow)
{
	if (path->trace)
		return 0;
	if (p->family) {
		struct tw_flow_key6 key;

		flow_key6(&key, p);
		return bpf_map_update_elem(&flows6, &key, flow, BPF_ANY);
	} else {
		struct tw_flow_key4 key;

		flow_key4(&key, p);
		return bpf_map_update_elem(&flows4, &key, flow, BPF_ANY);
	}
}

/*
 * The packet that the other side of `flow` sends, as it comes in here: addresses
 * and ports exchanged, after the translation that this direction gets.
 */
static __always_inline void flow_opposite(struct tw_packet *opposite, const struct tw_packet *p,
					  const struct tw_flow *flow)
{
	int translated = flow->flags & TW_FLOW_BALANCED && is_translated(flow->forward);
	const struct tw_translation *other = NULL;

	opposite->saddr = p->daddr;
	opposite->daddr = p->saddr;
	opposite->sport = p->dport;
	opposite->dport = p->sport;
	opposite->protocol = p->protocol;
	opposite->family = p->family;
	if (!translated)
		return;
	if (flow->forward == TW_FORWARD_FULL_NAT)
		other = translation_find(p);
	if (flow->flags & TW_FLOW_REPLY) {
		opposite->daddr = flow->addr;
		opposite->dport = flow->port;
		if (other) {
			opposite->saddr = other->addr;
			opposite->sport = other->port;
		}
	} else {
		opposite->saddr = flow->addr;
		opposite->sport = flow->port;
		if (other) {
			opposite->daddr = other->addr;
			opposite->dport = other->port;
		}
	}
}

/* A FIN or RST of either side ends both directions soon. */
static __always_inline void flow_close(const struct path *path, const struct tw_packet *p,
				       struct tw_flow *flow)
{
	struct tw_packet *opposite = &path->work->opposite;
	struct tw_flow *other;

	flow->state = TW_FLOW_CLOSING;
	flow_opposite(opposite, p, flow);
	other = flow_find(path, opposite);
	if (other)
		other->state = TW_FLOW_CLOSING;
}

/* Notes a packet on its entry. */
static __always_inline void flow_touch(const struct path *path, const struct tw_packet *p,
				       struct tw_flow *flow)
{
	if (path->trace)
		return;
	if (flow->seen != path->second)
		flow->seen = path->second;
	if (p->protocol != IPPROTO_TCP || p->part == TW_FRAGMENT_LATER)
		return;
	if (p->flags & (TW_FIN | TW_RST)) {
		if (flow->state != TW_FLOW_CLOSING)
			flow_close(path, p, flow);
	} else if (!(p->flags & TW_SYN) && flow->state == TW_FLOW_NEW) {
		flow->state = TW_FLOW_ESTABLISHED;
	}
}

/* Does the answer of another flow come in with the same addresses and ports? */
static __always_inline int flow_is_in_the_way(const struct path *path,
					      const struct tw_packet *opposite,
					      const struct tw_flow *reply)
{
	const struct tw_flow *other = flow_find(path, opposite);

	if (!other || other->state == TW_FLOW_CLOSING || other->flags & TW_FLOW_REFUSED)
		return 0;
	return other->flags & TW_FLOW_BALANCED &&
	       (!tw_addr_equal(&other->addr, &reply->addr) || other->port != reply->port);
}

static __always_inline int flow_ends_with(const struct tw_packet *p)
{
	return p->protocol == IPPROTO_TCP && p->part != TW_FRAGMENT_LATER &&
	       p->flags & (TW_FIN | TW_RST);
}

/*
 * Writes both directions of what was judged.  `p` is from the one who asks.  False:
 * no room, or translated answers could not be told from another flow's.
 */
static __noinline int flow_record(const struct path *path, const struct tw_packet *p,
				  const struct outcome *outcome, __u32 state)
{
	struct tw_packet *opposite = &path->work->opposite;
	struct tw_flow *flow = &path->work->flow, *reply = &path->work->reply;

	flow->generation = path->policy->generation;
	flow->seen = path->second;
	flow->rule = outcome->rule;
	flow->service = outcome->service;
	flow->member = outcome->member;
	flow->server = outcome->server;
	/* its first packet since the policy changed may be its last */
	flow->state = flow_ends_with(&path->work->packet) ? TW_FLOW_CLOSING : state;
	flow->flags = outcome->flags;
	flow->addr = outcome->addr;
	flow->port = outcome->port;
	flow->forward = outcome->forward;
	flow->reason = outcome->reason;
	flow->action = outcome->action;
	__builtin_memset(flow->_pad, 0, sizeof(flow->_pad));
	*reply = *flow;
	reply->flags |= TW_FLOW_REPLY;
	reply->addr = p->daddr;
	reply->port = p->dport;
	flow_opposite(opposite, p, flow);
	if (outcome->forward == TW_FORWARD_FULL_NAT && outcome->flags & TW_FLOW_BALANCED) {
		opposite->daddr = outcome->from;
		opposite->dport = outcome->from_port;
	}
	if (flow_is_in_the_way(path, opposite, reply))
		return 0;
	if (flow_write(path, p, flow))
		return 0;
	if (flow->flags & TW_FLOW_LOCAL)
		return 1;
	return flow_write(path, opposite, reply) == 0;
}

#endif
