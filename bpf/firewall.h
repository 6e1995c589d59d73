/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists of rules: guard, host, tier and server.  The first rule of a list that matches
 * decides.
 */
#ifndef TIERWALL_BPF_FIREWALL_H
#define TIERWALL_BPF_FIREWALL_H

#include "classify.h"

struct decision {
	__u32 rule; /* counter id, TW_NONE32: no rule matched */
	__u8 action;
	__u8 flags; /* TW_VERDICT_* */
	__u16 _pad;
};

/* Before the first list is asked about a packet.  `state`: TW_STATE_* that are true of it. */
static __always_inline void key_fill(const struct path *path, const struct tw_packet *packet,
				     __u32 state)
{
	tw_key_fill(&path->work->key, packet, state, path->ingress, path->second);
}

/* What classify() found; decision.rule TW_NONE32: nothing. */
static __always_inline struct decision decision_of(__u64 word)
{
	struct decision decision = {.rule = TW_NONE32};

	if (!word)
		return decision;
	decision.rule = TW_RULE_COUNTER(word);
	decision.action = TW_RULE_ACTION(word);
	decision.flags = TW_RULE_VERDICT(word);
	return decision;
}

/* The first rule that matches. */
static __always_inline struct decision
list_decide(const struct path *path, const struct tw_packet *packet, const __u64 root[2])
{
	return decision_of(classify(path, packet, packet->family ? root[1] : root[0]));
}

/*
 * Asks `own` (may be NULL), then `list` with its default.  The reason where it is
 * refused: `rule` by a rule, `limit` by one with `limit over`, `default` at the end.
 */
static __always_inline int lists_accept(struct path *path, const struct tw_packet *packet,
					const struct tw_list *own, const struct tw_list *list,
					__u32 state, enum tw_stage stage, struct outcome *outcome)
{
	struct decision decision = {.rule = TW_NONE32};

	key_fill(path, packet, state);
	outcome->reason = TW_REASON_RULE;
	if (own)
		decision = list_decide(path, packet, own->root);
	if (decision.rule == TW_NONE32)
		decision = list_decide(path, packet, list->root);
	if (decision.rule == TW_NONE32) {
		decision.rule = list->default_rule;
		decision.action = list->default_action;
		outcome->reason = TW_REASON_DEFAULT;
	}
	if (decision.flags & TW_VERDICT_OVER)
		outcome->reason = TW_REASON_LIMIT;
	outcome->rule = decision.rule;
	outcome->action = decision.action;
	outcome->log = (decision.flags & TW_VERDICT_LOG) != 0;
	path->work->about.stage = stage;
	trace_step(path, stage,
		   decision.action == TW_ACCEPT ? TW_SAYS_ACCEPTED_BY : TW_SAYS_REFUSED_BY,
		   decision.rule);
	return decision.action == TW_ACCEPT;
}

/* May the source use the service?  `from` is a list without a default. */
static __always_inline int source_is_accepted(const struct path *path,
					      const struct tw_packet *packet,
					      const struct tw_service *service)
{
	key_fill(path, packet, 0);
	return list_decide(path, packet, service->from).rule != TW_NONE32;
}

#endif
