/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guard: rules that every packet meets first.  To accept is to go on. */
#ifndef TIERWALL_BPF_GUARD_H
#define TIERWALL_BPF_GUARD_H

#include "count.h"
#include "firewall.h"
#include "flow.h"

/* enum tw_action; the reason of what is not accepted is in path->work. */
static __noinline int guard_decide(struct path *path)
{
	const struct tw_policy *image = path->policy;
	__u32 state = TW_STATE_NEW;
	struct work *work = path->work;
	struct about *about = &work->about;
	struct decision decision;

	if (image->flags & TW_POLICY_GUARD_STATE && flow_find(path, &work->packet))
		state = TW_STATE_ESTABLISHED;
	key_fill(path, &work->packet, state);
	decision = list_decide(path, &work->packet, image->guard.root);
	if (decision.rule == TW_NONE32) {
		decision.rule = image->guard.default_rule;
		decision.action = image->guard.default_action;
		work->reason = TW_REASON_DEFAULT;
	} else {
		work->reason =
			decision.flags & TW_VERDICT_OVER ? TW_REASON_LIMIT : TW_REASON_BLOCKED;
	}
	work->packet.by_transport =
		decision.action != TW_ACCEPT && decision.flags & TW_VERDICT_TRANSPORT;
	count(path, decision.rule);
	trace_step(path, TW_STAGE_GUARD,
		   decision.action == TW_ACCEPT ? TW_SAYS_ACCEPTED_BY : TW_SAYS_REFUSED_BY,
		   decision.rule);
	about->log = (decision.flags & TW_VERDICT_LOG) != 0;
	if (decision.action != TW_ACCEPT || about->log) {
		about->rule = decision.rule;
		about->action = decision.action;
		about->stage = TW_STAGE_GUARD;
	}
	if (path->trace && decision.action != TW_ACCEPT)
		path->trace->rule = decision.rule;
	return decision.action;
}

#endif
