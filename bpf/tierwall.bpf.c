/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a packet, from top to bottom.  Each stage may end it; one exit counts it.
 *
 *   parse -> guard -> flow -- known ---------------------------> forward
 *                      `---- unknown -> service -> firewall -> record
 */
#include "decapsulate.h"
#include "encapsulate.h"
#include "event.h"
#include "forward.h"
#include "fragment.h"
#include "full_nat.h"
#include "guard.h"
#include "judge.h"
#include "mss.h"
#include "named.h"
#include "reject.h"
#include "related.h"
#include "tierwall/plain.h"

/* Counts what an accepted packet belongs to. */
static __always_inline void count_accepted(const struct path *path, __u32 rule, __u32 service,
					   __u32 member)
{
	count(path, rule);
	if (service != TW_NONE32) {
		count(path, service);
		count(path, member);
	}
}

static __always_inline int refused(struct path *path, __u8 reason, __u32 rule, __u8 action)
{
	path->work->reason = reason;
	path->work->about.rule = rule;
	path->work->about.action = action == TW_REJECT ? TW_REJECT : TW_DROP;
	count(path, rule);
	if (path->trace)
		path->trace->rule = rule;
	return action == TW_REJECT ? VERDICT_REJECT : XDP_DROP;
}

/* What path->work->departure says. */
static __noinline int leave(struct xdp_md *ctx, struct path *path)
{
	const struct departure *departure = &path->work->departure;

	if (path->policy->flags & TW_POLICY_MSS)
		mss_leave(ctx);
	return is_tunnel(departure->forward) ? encapsulate(ctx) : forward(ctx, path);
}

/* A packet of a flow that the live policy has judged. */
static __always_inline int follow(struct path *path, struct tw_flow *flow)
{
	struct departure *departure = &path->work->departure;

	flow_touch(path, &path->work->packet, flow);
	about(path, flow->rule, flow->service, flow->server);
	path->work->about.stage = TW_STAGE_FLOW;
	if (flow->flags & TW_FLOW_REFUSED)
		return refused(path, flow->reason, flow->rule, flow->action);
	count_accepted(path, flow->rule, flow->service, flow->member);
	if (path->trace)
		path->trace->service = flow->service;
	if (!(flow->flags & TW_FLOW_BALANCED) ||
	    (flow->flags & TW_FLOW_REPLY && !is_translated(flow->forward))) {
		departure->forward = flow->forward;
		departure->server = flow->server;
		trace_step(path, TW_STAGE_FORWARD, TW_SAYS_TO_KERNEL, 0);
		return path->policy->flags & TW_POLICY_MSS ? VERDICT_ANSWER : XDP_PASS;
	}
	departure->addr = flow->addr;
	departure->port = flow->port;
	departure->forward = flow->forward;
	departure->reply = (flow->flags & TW_FLOW_REPLY) != 0;
	departure->server = flow->server;
	if (!depart_known(path, &path->work->packet))
		return refused(path, TW_REASON_PORTS, TW_NONE32, TW_DROP);
	return VERDICT_FORWARD;
}

/* A live flow that a later policy refuses stays known as refused: no socket brings it back. */
static __always_inline void remember_refusal(const struct path *path, const struct tw_packet *asked,
					     const struct tw_flow *known)
{
	struct outcome *refusal = &path->work->outcome;
	const struct tw_translation *other;

	refusal->flags = (known->flags & ~TW_FLOW_REPLY) | TW_FLOW_REFUSED;
	refusal->addr = known->addr;
	refusal->port = known->port;
	refusal->forward = known->forward;
	other = refusal->forward == TW_FORWARD_FULL_NAT ? translation_find(asked) : NULL;
	if (other) {
		refusal->from = other->addr;
		refusal->from_port = other->port;
	}
	/* one that was reset is over: its next SYN begins another */
	flow_record(path, asked, refusal,
		    refusal->reason == TW_REASON_SERVER_DOWN ? TW_FLOW_CLOSING : known->state);
}

/* Is it a flow that the counters do not hold yet, on this server? */
static __always_inline int is_new_flow(const struct work *work, const struct outcome *outcome)
{
	const struct tw_flow *known = &work->known;

	return !work->is_known || known->state == TW_FLOW_CLOSING ||
	       known->flags & TW_FLOW_REFUSED || known->member != outcome->member;
}

static __always_inline int is_full_nat(const struct outcome *outcome)
{
	return outcome->kind == OUTCOME_BALANCED && outcome->forward == TW_FORWARD_FULL_NAT;
}

/* Accepted, but there is no place for the flow. */
static __always_inline __u8 no_room(struct path *path, struct outcome *outcome, __u8 reason)
{
	outcome->kind = OUTCOME_REFUSED;
	outcome->reason = reason;
	outcome->action = TW_DROP;
	path->work->about.stage = TW_STAGE_FLOW;
	trace_step(path, TW_STAGE_FLOW, TW_SAYS_REASON, reason);
	return OUTCOME_REFUSED;
}

/*
 * Judges path->work->asked, a packet of the side that began the flow, into path->work->outcome
 * and records the answer for both directions.  `known`: the entry that the flow has, of an
 * older policy or one that a SYN begins anew.  Returns the outcome's kind.
 *
 * What differs from packet to packet stands in path->work, where the verifier does not see
 * it: so it walks this once, not once for each way here.
 */
static __noinline __u8 settle(struct xdp_md *ctx, struct path *path)
{
	struct work *work = path->work;
	const struct tw_packet *asked = &work->asked;
	const struct tw_flow *known = &work->known;
	struct outcome *outcome = &work->outcome;
	struct kept *kept = &work->kept;
	__u32 state;
	__u8 kind;
	int is_new;

	kept->live = work->is_known &&
		     !(tw_is_syn(&work->packet) && known->state != TW_FLOW_ESTABLISHED);
	kept->flags = kept->live ? known->flags : 0;
	if (kept->live)
		kept->addr = known->addr;
	kind = judge(ctx, path, asked, kept, outcome);
	if (kind == OUTCOME_NOT_OURS || kind == OUTCOME_ECHO || !flow_is_tracked(asked))
		return kind;
	if (!work->is_known && asked->part == TW_FRAGMENT_LATER) /* flows begin with a header */
		return is_full_nat(outcome) ? no_room(path, outcome, TW_REASON_FRAGMENT) : kind;
	if (kind == OUTCOME_REFUSED) {
		if (kept->live)
			remember_refusal(path, asked, known);
		return kind;
	}
	/* The end of a flow that nobody knows is not the start of another. */
	if (!work->is_known && asked->protocol == IPPROTO_TCP && asked->flags & (TW_FIN | TW_RST))
		return is_full_nat(outcome) ? no_room(path, outcome, TW_REASON_INVALID_STATE)
					    : kind;
	is_new = is_new_flow(work, outcome);
	state = tw_is_syn(asked) ? TW_FLOW_NEW : TW_FLOW_ESTABLISHED;
	if (kept->live)
		state = known->state;
	if (is_full_nat(outcome) && !full_nat_source(path, asked, outcome))
		return no_room(path, outcome, TW_REASON_PORTS);
	if (!flow_record(path, asked, outcome, state))
		return no_room(path, outcome, TW_REASON_TABLE_FULL);
	if (is_new && !path->trace)
		count_flow(outcome);
	return kind;
}

static __always_inline void about_outcome(const struct path *path, const struct outcome *outcome)
{
	about(path, outcome->rule, outcome->service, outcome->server);
	path->work->about.log = outcome->log;
}

/* What path->work->outcome says, in the direction of the one who began the flow. */
static __noinline int depart(struct xdp_md *ctx, struct path *path)
{
	const struct outcome *outcome = &path->work->outcome;
	struct departure *departure = &path->work->departure;

	about_outcome(path, outcome);
	if (outcome->kind == OUTCOME_REFUSED)
		return refused(path, outcome->reason, outcome->rule, outcome->action);
	count_accepted(path, outcome->rule, outcome->service, outcome->member);
	if (outcome->log)
		event(ctx, path, TW_EVENT_LOG);
	path->work->about.log = 0;
	if (outcome->kind == OUTCOME_ECHO)
		return echo_answer(ctx, path);
	if (outcome->kind != OUTCOME_BALANCED) {
		trace_step(path, TW_STAGE_FORWARD, TW_SAYS_TO_KERNEL, 0);
		return XDP_PASS;
	}
	departure->addr = outcome->addr;
	departure->port = outcome->port;
	departure->forward = outcome->forward;
	departure->reply = 0;
	departure->server = outcome->server;
	depart_other(path, &outcome->from, outcome->from_port);
	return VERDICT_FORWARD;
}

/* The first packet of a flow as it would be sent today: rules saw that one, too. */
static __always_inline void as_first_packet(struct tw_packet *p)
{
	p->part = TW_WHOLE;
	if (p->protocol == IPPROTO_TCP)
		p->flags = TW_SYN;
	else if (tw_is_icmp(p))
		p->type = p->family ? TW_ICMP6_ECHO_REQUEST : TW_ICMP_ECHO_REQUEST;
}

/* A server's reply to what was judged just now, on its way back to the client. */
static __noinline int answer(struct xdp_md *ctx, struct path *path)
{
	const struct outcome *outcome = &path->work->outcome;
	struct departure *departure = &path->work->departure;
	int balanced = (path->work->known.flags & TW_FLOW_BALANCED) != 0;

	about_outcome(path, outcome);
	if (outcome->kind == OUTCOME_REFUSED)
		return refused(path, outcome->reason, outcome->rule, outcome->action);
	if (balanced && outcome->kind != OUTCOME_BALANCED)
		return refused(path, TW_REASON_NO_SERVER, TW_NONE32,
			       TW_DROP); /* the service is gone */
	if (balanced && is_translated(outcome->forward) &&
	    !tw_addr_equal(&outcome->addr, &path->work->packet.saddr))
		return refused(path, TW_REASON_NO_SERVER, TW_NONE32,
			       TW_DROP); /* it has another now */
	count_accepted(path, outcome->rule, outcome->service, outcome->member);
	if (outcome->log)
		event(ctx, path, TW_EVENT_LOG);
	path->work->about.log = 0;
	if (!balanced || !is_translated(outcome->forward)) {
		trace_step(path, TW_STAGE_FORWARD, TW_SAYS_TO_KERNEL, 0);
		return XDP_PASS;
	}
	departure->addr = path->work->asked.daddr;
	departure->port = path->work->asked.dport;
	departure->forward = outcome->forward;
	departure->reply = 1;
	departure->server = TW_NONE16;
	depart_other(path, &path->work->asked.saddr, path->work->asked.sport);
	return VERDICT_FORWARD;
}

/* A packet of no known flow, or a SYN that begins one anew. */
static __always_inline void ask_about_packet(struct work *work, const struct tw_flow *known)
{
	work->asked = work->packet;
	work->is_reply = 0;
	work->is_known = known != NULL;
	if (known)
		work->known = *known;
}

/* A live flow at its first packet since the policy changed. */
static __always_inline void ask_about_flow(struct work *work, const struct tw_flow *flow)
{
	struct tw_packet *asked = &work->asked;
	struct tw_flow *known = &work->known;

	*asked = work->packet;
	*known = *flow;
	work->is_known = 1;
	work->is_reply = flow->flags & TW_FLOW_REPLY;
	as_first_packet(asked);
	if (flow->flags & TW_FLOW_REPLY) {
		flow_opposite(asked, &work->packet, flow);
		known->flags &= ~TW_FLOW_REPLY;
		known->addr = work->packet.saddr;
		known->port = work->packet.sport;
	}
}

static __always_inline int ask(struct xdp_md *ctx, struct path *path)
{
	path->work->outcome.kind = settle(ctx, path);
	return path->work->is_reply ? answer(ctx, path) : depart(ctx, path);
}

static __always_inline int pass(const struct path *path, enum tw_stage stage, enum tw_says says)
{
	trace_step(path, stage, says, 0);
	return XDP_PASS;
}

/* An ICMP error that may belong to a flow; VERDICT_UNKNOWN: to none. */
static __always_inline int flow_error(struct xdp_md *ctx, struct path *path)
{
	switch (related(ctx, path)) {
	case RELATED_KERNEL:
		return pass(path, TW_STAGE_FLOW, TW_SAYS_RELATED);
	case RELATED_BALANCED:
		trace_step(path, TW_STAGE_FLOW, TW_SAYS_RELATED, 0);
		return VERDICT_FORWARD;
	case RELATED_LOST:
		trace_step(path, TW_STAGE_FLOW, TW_SAYS_RELATED, 0);
		path->work->about.stage = TW_STAGE_SERVER;
		trace_step(path, TW_STAGE_SERVER, TW_SAYS_REASON, TW_REASON_NO_SERVER);
		return refused(path, TW_REASON_NO_SERVER, TW_NONE32, TW_DROP);
	}
	return VERDICT_UNKNOWN;
}

/* A known flow goes on without a rule, unless the policy changed or a SYN begins it anew. */
static __always_inline int flow_go_on(struct path *path, struct tw_flow *flow)
{
	trace_step(path, TW_STAGE_FLOW, TW_SAYS_FLOW_KNOWN, flow->state);
	if (tw_is_syn(&path->work->packet) && flow->state != TW_FLOW_ESTABLISHED) {
		ask_about_packet(path->work, flow);
		return VERDICT_UNKNOWN;
	}
	if (flow->generation == path->policy->generation)
		return follow(path, flow);
	trace_step(path, TW_STAGE_FLOW, TW_SAYS_FLOW_STALE, 0);
	ask_about_flow(path->work, flow);
	return VERDICT_UNKNOWN;
}

/* The verdict on what belongs to a flow; VERDICT_UNKNOWN: path->work->asked is to be judged. */
static __always_inline int flow_find_and_go_on(struct xdp_md *ctx, struct path *path)
{
	const struct tw_packet *p = &path->work->packet;
	int verdict = VERDICT_UNKNOWN;
	struct tw_flow *flow;

	if (flow_is_tracked(p)) {
		flow = flow_find(path, p);
		if (flow)
			return flow_go_on(path, flow);
		trace_step(path, TW_STAGE_FLOW, TW_SAYS_FLOW_UNKNOWN, 0);
	} else if (tw_is_icmp_error(p)) {
		verdict = flow_error(ctx, path);
	}
	if (verdict == VERDICT_UNKNOWN)
		ask_about_packet(path->work, NULL);
	return verdict;
}

/* Known flows go on; the rest is judged. */
static __always_inline int flow_stage(struct xdp_md *ctx, struct path *path)
{
	const struct tw_packet *p = &path->work->packet;
	int verdict;

	if (flow_is_tracked(p) && is_nobodys(path, p)) {
		trace_step(path, TW_STAGE_FLOW, TW_SAYS_FLOW_UNKNOWN, 0);
		trace_step(path, TW_STAGE_FIREWALL, TW_SAYS_NOT_OURS, 0);
		return pass(path, TW_STAGE_FORWARD, TW_SAYS_TO_KERNEL);
	}
	verdict = flow_find_and_go_on(ctx, path);
	return verdict == VERDICT_UNKNOWN ? ask(ctx, path) : verdict;
}

static __always_inline int refused_early(const struct path *path, __u8 reason)
{
	path->work->reason = reason;
	trace_step(path, TW_STAGE_PARSE, TW_SAYS_REASON, reason);
	return XDP_DROP;
}

/* A packet with faults: the first one whose check is not switched off drops it. */
static __noinline __u8 fault_reason(const struct path *path)
{
	return tw_fault_reason(path->work->packet.faults &
			       ~(path->policy->flags >> TW_POLICY_CHECKS_SHIFT));
}

static __always_inline int guard_stage(struct xdp_md *ctx, struct path *path)
{
	if (path->policy->flags & TW_POLICY_GUARD) {
		int action = guard_decide(path);

		if (action != TW_ACCEPT)
			return action == TW_REJECT ? VERDICT_REJECT : XDP_DROP;
		if (path->work->about.log) {
			event(ctx, path, TW_EVENT_LOG);
			path->work->about.log = 0;
		}
	}
	return flow_stage(ctx, path);
}

static __always_inline int parse(struct xdp_md *ctx, const struct path *path)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (tw_parse_plain(&path->work->packet, data, end))
		return TW_PARSED;
	return parse_all(ctx);
}

/* Opens a tunnel that ends here, of somebody whose tunnels are opened. */
static __always_inline void tunnel_open(struct xdp_md *ctx, struct work *work)
{
	if (tunnel_here(ctx) && tunnel_is_allowed())
		work->parsed = decapsulate(ctx);
}

static __always_inline int walk_path(struct xdp_md *ctx, struct path *path)
{
	struct tw_packet *p = &path->work->packet;
	int verdict;
	__u8 reason;

	path->work->parsed = parse(ctx, path);
	if (path->work->parsed == TW_PARSED_OTHER)
		return pass(path, TW_STAGE_PARSE, TW_SAYS_NOT_IP);
	path->policy = policy_live(path);
	if (!path->policy)
		return pass(path, TW_STAGE_GUARD, TW_SAYS_NO_RULES);
	path->second = second_now();
	if (path->policy->flags & TW_POLICY_DECAP && !p->faults)
		tunnel_open(ctx, path->work);
	if (p->faults) {
		reason = fault_reason(path);
		if (reason != TW_REASON_NONE)
			return refused_early(path, reason);
		if (path->work->parsed == TW_PARSED_NOT)
			return pass(path, TW_STAGE_PARSE, TW_SAYS_UNREADABLE);
	}
	if (tw_is_neighbour_discovery(p))
		return pass(path, TW_STAGE_PARSE, TW_SAYS_NEIGHBOUR);
	trace_step(path, TW_STAGE_PARSE, TW_SAYS_PARSED, p->family);
	if (p->part != TW_WHOLE) {
		reason = fragment_meet(p, path->second, path->policy->flags);
		if (reason != TW_REASON_NONE)
			return refused_early(path, reason);
	}
	verdict = guard_stage(ctx, path);
	if (verdict == VERDICT_ANSWER)
		return mss_answer(ctx);
	return verdict == VERDICT_FORWARD ? leave(ctx, path) : verdict;
}

/* The one exit: every frame is counted once, by its verdict and, if dropped, its reason. */
static __always_inline int finish(struct xdp_md *ctx, const struct path *path, int verdict)
{
	__u32 row = TW_NODE_PASSED;

	if (verdict == XDP_DROP || verdict == VERDICT_REJECT)
		row = TW_NODE_DROPS + path->work->reason;
	else if (verdict == XDP_TX)
		row = TW_NODE_TRANSMITTED;
	else if (verdict == XDP_REDIRECT)
		row = TW_NODE_REDIRECTED;
	count_node(path, row);
	if (row >= TW_NODE_DROPS)
		event(ctx, path,
		      path->work->about.log ? TW_EVENT_DROP | TW_EVENT_LOG : TW_EVENT_DROP);
	if (path->work->packet.part != TW_WHOLE)
		fragment_note(&path->work->packet, path->second, row < TW_NODE_DROPS);
	return verdict == VERDICT_REJECT ? reject(ctx, path) : verdict;
}

SEC("xdp.frags")
int xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct path path = {
		.work = bpf_map_lookup_elem(&works, &zero),
		.ingress = ctx->ingress_ifindex,
	};

	if (!path.work)
		return XDP_PASS; /* cannot be: the array has its one row */
	path.work->is_trace = 0;
	path.work->bytes = bpf_xdp_get_buff_len(ctx);
	about_nothing(&path);
	return finish(ctx, &path, walk_path(ctx, &path));
}

/* The same path for a packet that `tierwall trace` made up: run on a copy, without effects. */
SEC("xdp.frags")
int xdp_trace(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct path path = {
		.trace = bpf_map_lookup_elem(&traces, &zero),
		.work = bpf_map_lookup_elem(&works, &zero),
	};
	int verdict;

	if (!path.trace || !path.work)
		return XDP_PASS;
	path.ingress = path.trace->ifindex;
	path.work->is_trace = 1;
	path.work->bytes = bpf_xdp_get_buff_len(ctx);
	about_nothing(&path);
	path.trace->steps = 0;
	path.trace->reason = TW_REASON_NONE;
	path.trace->rule = path.trace->service = path.trace->server = TW_NONE32;
	verdict = walk_path(ctx, &path);
	if (verdict == XDP_DROP || verdict == VERDICT_REJECT)
		path.trace->reason = path.work->reason;
	if (path.policy)
		path.trace->generation = path.policy->generation;
	if (verdict == VERDICT_REJECT)
		verdict = reject(ctx, &path);
	path.trace->verdict = verdict;
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
