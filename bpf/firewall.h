/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists of rules: guard, host, tier and server.  Rules are tried in order, the first
 * that matches decides.
 */
#ifndef TIERWALL_BPF_FIREWALL_H
#define TIERWALL_BPF_FIREWALL_H

#include "limit.h"
#include "set.h"

struct decision {
	__u32 rule; /* counter id, TW_NONE32: no rule matched */
	__u8 action;
	__u8 flags; /* TW_VERDICT_* */
	__u16 _pad;
};

/* The walk over one list; bpf_loop() hands it to list_step(). */
struct walk {
	const struct tw_policy *policy;
	const struct tw_packet *packet;
	__u32 first; /* row */
	__u32 ingress;
	__u32 state; /* TW_STATE_* bits that are true of the packet */
	__u32 asked; /* the rule whose limit was asked last: once for all its rows */
	struct decision decision;
};

static __always_inline int addr_matches(__u16 set, const union tw_addr *prefix,
					const union tw_addr *mask, const union tw_addr *addr,
					__u32 family, int negated)
{
	if (set != TW_NONE16)
		return set_holds(set, addr, family) != negated;
	return !(((addr->halves[0] ^ prefix->halves[0]) & mask->halves[0]) |
		 ((addr->halves[1] ^ prefix->halves[1]) & mask->halves[1]));
}

static __always_inline int in_range(__u16 value, const __u16 range[2])
{
	return value >= range[0] && value <= range[1];
}

/* Conditions on the transport header; what is headless has none to look at. */
static __always_inline int transport_matches(const struct tw_row *row, const struct tw_packet *p)
{
	__u16 conditions = row->conditions;

	if (conditions & TW_ROW_PORTS) {
		if (!tw_has_ports(p->protocol) || p->headless)
			return 0;
		if (!in_range(p->sport, row->source_port) ||
		    !in_range(p->dport, row->destination_port))
			return 0;
	}
	if (conditions & TW_ROW_FLAGS &&
	    (p->headless || (p->flags & row->flags_mask) != row->flags))
		return 0;
	if (conditions & TW_ROW_TYPE && (p->headless || p->type != row->type))
		return 0;
	if (conditions & TW_ROW_CODE && p->code != row->code)
		return 0;
	return 1;
}

static __always_inline int header_matches(const struct tw_row *row, const struct tw_packet *p,
					  __u32 state, __u32 ingress)
{
	__u16 conditions = row->conditions;

	if (!(conditions & (p->family ? TW_ROW_IPV6 : TW_ROW_IPV4)))
		return 0;
	if (conditions & TW_ROW_PROTOCOL && p->protocol != row->protocol)
		return 0;
	if (conditions & TW_ROW_STATE && !(state & row->state))
		return 0;
	if (conditions & TW_ROW_LENGTH && !in_range(p->length, row->length))
		return 0;
	if (conditions & TW_ROW_TTL && (p->ttl < row->ttl[0] || p->ttl > row->ttl[1]))
		return 0;
	if (conditions & TW_ROW_DSCP && p->dscp != row->dscp)
		return 0;
	if (conditions & TW_ROW_FRAGMENT && p->part == TW_WHOLE)
		return 0;
	return !row->device || row->device == ingress;
}

/* Addresses come last: a set costs more than all the rest. */
static __always_inline int row_matches(const struct tw_row *row, const struct walk *walk)
{
	const struct tw_packet *p = walk->packet;

	if (!header_matches(row, p, walk->state, walk->ingress) || !transport_matches(row, p))
		return 0;
	return addr_matches(row->source_set, &row->source, &row->source_mask, &p->saddr, p->family,
			    (row->negated & TW_ROW_NOT_SOURCE) != 0) &&
	       addr_matches(row->destination_set, &row->destination, &row->destination_mask,
			    &p->daddr, p->family, (row->negated & TW_ROW_NOT_DESTINATION) != 0);
}

static long list_step(__u32 i, void *context)
{
	struct walk *walk = context;
	const struct tw_row *row = POLICY_ITEM(walk->policy, rows, struct tw_row, walk->first + i);

	if (!row)
		return 1;
	if (row->rule == walk->asked || !row_matches(row, walk))
		return 0;
	if (row->limit != TW_NONE32) {
		walk->asked = row->rule;
		if (!limit_admits(walk->policy, walk->packet, row->rule, row->limit))
			return 0;
	}
	walk->decision.rule = row->rule;
	walk->decision.action = row->action;
	walk->decision.flags = row->flags_of_verdict;
	return 1;
}

/* The first rule of [first, first + rows) that matches; decision.rule TW_NONE32: none does. */
static __always_inline struct decision rows_decide(const struct path *path,
						   const struct tw_packet *packet, __u32 first,
						   __u32 rows, __u32 state)
{
	struct walk walk = {
		.policy = path->policy,
		.packet = packet,
		.first = first,
		.ingress = path->ingress,
		.state = state,
		.asked = TW_NONE32,
		.decision = {.rule = TW_NONE32},
	};

	if (rows)
		bpf_loop(rows, list_step, &walk, 0);
	return walk.decision;
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

	outcome->reason = TW_REASON_RULE;
	if (own && own->rows)
		decision = rows_decide(path, packet, own->row, own->rows, state);
	if (decision.rule == TW_NONE32)
		decision = rows_decide(path, packet, list->row, list->rows, state);
	if (decision.rule == TW_NONE32) {
		decision.rule = list->default_rule;
		decision.action = list->default_action;
		outcome->reason = TW_REASON_DEFAULT;
	}
	if (decision.flags & TW_VERDICT_OVER)
		outcome->reason = TW_REASON_LIMIT;
	outcome->rule = decision.rule;
	outcome->action = decision.action;
	path->work->about.stage = stage;
	outcome->log = (decision.flags & TW_VERDICT_LOG) != 0;
	trace_step(path, stage,
		   decision.action == TW_ACCEPT ? TW_SAYS_ACCEPTED_BY : TW_SAYS_REFUSED_BY,
		   decision.rule);
	return decision.action == TW_ACCEPT;
}

#endif
