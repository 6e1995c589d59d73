/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guard: rules that every packet meets first.  To accept is to go on. */
#ifndef TIERWALL_BPF_GUARD_H
#define TIERWALL_BPF_GUARD_H

#include "count.h"
#include "firewall.h"
#include "flow.h"

/* The first of the rules at guard's front whose set holds the source. */
static __always_inline struct decision front_decide(const struct path *path)
{
	const struct tw_policy *image = path->policy;
	const struct tw_packet *p = &path->work->packet;
	struct decision decision = {.rule = TW_NONE32};

	for (__u32 i = 0; i < TW_FRONTS && i < image->fronts; i++) {
		const struct tw_front *front = &image->front[i];

		if (!set_holds(front->set, &p->saddr, p->family, path->second))
			continue;
		decision.rule = front->rule;
		decision.action = front->action;
		decision.flags = front->flags;
		break;
	}
	return decision;
}

/* All of guard's rules, without asking again the sets that do not hold the source. */
static __noinline __u64 guard_classify(const struct path *path)
{
	const struct tw_policy *image = path->policy;
	const struct tw_packet *p = &path->work->packet;
	struct tw_key *key = &path->work->key;
	__u32 state = TW_STATE_NEW;

	if (image->flags & TW_POLICY_GUARD_STATE && flow_find(path, p))
		state = TW_STATE_ESTABLISHED;
	key_fill(path, p, state);
	key->ask_side = 0;
	for (__u32 i = 0; i < TW_FRONTS && i < image->fronts; i++) {
		key->ask_set = image->front[i].set;
		tw_set_learn(key, 0);
	}
	return classify(path, p, image->guard.root[p->family & 1]);
}

/* Whom a packet that guard refused, or that its rule logs, is about. */
static __always_inline void guard_about(const struct path *path, const struct decision *decision)
{
	struct about *about = &path->work->about;

	about->rule = decision->rule;
	about->action = decision->action;
	about->stage = TW_STAGE_GUARD;
	about->log = (decision->flags & TW_VERDICT_LOG) != 0;
	if (path->trace && decision->action != TW_ACCEPT)
		path->trace->rule = decision->rule;
}

static __always_inline void guard_refuse(const struct path *path, const struct decision *decision,
					 __u8 reason)
{
	struct work *work = path->work;

	work->reason = decision->flags & TW_VERDICT_OVER ? TW_REASON_LIMIT : reason;
	work->packet.by_transport = (decision->flags & TW_VERDICT_TRANSPORT) != 0;
}

/* enum tw_action; the reason of what is not accepted is in path->work. */
static __always_inline int guard_decide(struct path *path)
{
	const struct tw_policy *image = path->policy;
	struct decision decision = front_decide(path);
	__u8 reason = TW_REASON_BLOCKED;

	if (decision.rule == TW_NONE32 && image->guard_rest)
		decision = decision_of(guard_classify(path));
	if (decision.rule == TW_NONE32) {
		decision.rule = image->guard.default_rule;
		decision.action = image->guard.default_action;
		reason = TW_REASON_DEFAULT;
	}
	count(path, decision.rule);
	trace_step(path, TW_STAGE_GUARD,
		   decision.action == TW_ACCEPT ? TW_SAYS_ACCEPTED_BY : TW_SAYS_REFUSED_BY,
		   decision.rule);
	if (decision.action != TW_ACCEPT)
		guard_refuse(path, &decision, reason);
	if (decision.action != TW_ACCEPT || decision.flags & TW_VERDICT_LOG)
		guard_about(path, &decision);
	return decision.action;
}

#endif
