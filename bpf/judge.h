/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet that no valid flow entry answers for: is it for a service,
 * a server, this node, or not ours; does the firewall there accept it; which server
 * gets it.  The same questions for a new flow and for a live one whose entry is of an
 * older policy (`kept`).
 */
#ifndef TIERWALL_BPF_JUDGE_H
#define TIERWALL_BPF_JUDGE_H

#include "echo.h"
#include "firewall.h"
#include "flow.h"
#include "own.h"
#include "service.h"
#include "socket.h"

static __always_inline int refuse(struct path *path, enum tw_stage stage, struct outcome *outcome,
				  __u8 reason)
{
	outcome->kind = OUTCOME_REFUSED;
	outcome->reason = reason;
	outcome->action = TW_DROP;
	path->work->about.stage = stage;
	trace_step(path, stage, TW_SAYS_REASON, reason);
	return 0;
}

/* The state that rules see: a live flow is asked about as its first packet would be. */
static __always_inline __u32 state_of(const struct kept *kept)
{
	return kept->live ? TW_STATE_NEW | TW_STATE_ESTABLISHED : TW_STATE_NEW;
}

/* Could anything here refuse what comes for one of the node's own addresses? */
static __always_inline int is_guarded(const struct path *path, const struct tw_address *address)
{
	return address->listens || address->server != TW_NONE16 ||
	       (address->kind & TW_ADDRESS_LOCAL && path->policy->flags & TW_POLICY_HOST);
}

/*
 * Is the packet part of a connection that this node holds?  Not asked for flows that
 * rules once accepted: those end when the rules say so.  The socket is asked every
 * time, so that what it held is not open for longer than it lives.
 */
static __always_inline int socket_accepts(struct xdp_md *ctx, struct path *path,
					  const struct tw_packet *p, const struct kept *kept,
					  struct outcome *outcome)
{
	if (kept->live || tw_is_syn(p))
		return 0;
	if (!socket_holds(ctx, p))
		return 0;
	outcome->kind = OUTCOME_NOT_OURS;
	trace_step(path, TW_STAGE_HOST, TW_SAYS_SOCKET, 0);
	return 1;
}

/* `strict`: TCP that begins in its middle is nobody's. */
static __always_inline int is_invalid_state(const struct tw_list *list, const struct tw_packet *p,
					    const struct kept *kept)
{
	return list->strict && p->protocol == IPPROTO_TCP && !tw_is_syn(p) && !kept->live;
}

/* The server's rules, then its tier's. */
static __always_inline int server_accepts(struct path *path, const struct tw_packet *p,
					  const struct tw_server *server, const struct kept *kept,
					  struct outcome *outcome)
{
	const struct tw_tier *tier = POLICY_ITEM(path->policy, tiers, struct tw_tier, server->tier);

	if (!tier)
		return refuse(path, TW_STAGE_FIREWALL, outcome, TW_REASON_DEFAULT);
	if (is_invalid_state(&tier->rules, p, kept))
		return refuse(path, TW_STAGE_FIREWALL, outcome, TW_REASON_INVALID_STATE);
	if (lists_accept(path, p, &server->rules, &tier->rules, state_of(kept), TW_STAGE_FIREWALL,
			 outcome))
		return 1;
	outcome->kind = OUTCOME_REFUSED;
	return 0;
}

/* TCP whose server went and is not to be moved: both ends are told, each at its next packet. */
static __always_inline int is_reset(const struct tw_service *service, const struct tw_packet *p,
				    const struct kept *kept)
{
	return service->on_down == TW_ON_DOWN_RESET && p->protocol == IPPROTO_TCP && kept->live &&
	       kept->flags & TW_FLOW_BALANCED;
}

static __always_inline void judge_service(struct path *path, const struct tw_packet *p, __u32 i,
					  const struct kept *kept, struct outcome *outcome)
{
	const struct tw_service *service =
		POLICY_ITEM(path->policy, services, struct tw_service, i);
	const struct tw_server *server = NULL;
	struct tw_packet *judged = &path->work->judged;
	__u32 family;

	if (!service)
		return;
	trace_step(path, TW_STAGE_SERVICE, TW_SAYS_SERVICE, service->id);
	if (path->trace)
		path->trace->service = service->id;
	outcome->service = service->id;
	outcome->service_index = (__u16)i;
	outcome->forward = service->forward;
	outcome->flags = TW_FLOW_BALANCED;
	if (service->has_from && !source_is_accepted(path, p, service)) {
		refuse(path, TW_STAGE_SERVICE, outcome, TW_REASON_SOURCE);
		return;
	}
	if (kept->live && kept->flags & TW_FLOW_BALANCED)
		server = service_keep(path, service, p, &kept->addr, outcome);
	if (server) {
		trace_step(path, TW_STAGE_SERVER, TW_SAYS_SERVER_KEPT, outcome->server);
	} else {
		outcome->member = TW_NONE32;
		outcome->server = TW_NONE16;
		if (is_reset(service, p, kept)) {
			refuse(path, TW_STAGE_SERVER, outcome, TW_REASON_SERVER_DOWN);
			outcome->action = TW_REJECT;
			return;
		}
		server = service_choose(path, service, p, outcome);
		if (!server) {
			refuse(path, TW_STAGE_SERVER, outcome, TW_REASON_NO_SERVER);
			outcome->action = service->no_server;
			return;
		}
		trace_step(path, TW_STAGE_SERVER, TW_SAYS_SERVER, outcome->server);
	}
	family = server_family(server, service->forward, p->family);
	outcome->addr = server->addr[family];
	outcome->port = service->port ? service->port : p->dport;
	*judged = *p;
	if (family == p->family) /* else no rule could name it for this packet */
		judged->daddr = outcome->addr;
	judged->dport = outcome->port;
	if (server_accepts(path, judged, server, kept, outcome))
		outcome->kind = OUTCOME_BALANCED;
}

/* A reply to a DHCP client on this node: a lease that is lost locks everybody out. */
static __always_inline int is_dhcp_reply(const struct tw_packet *p)
{
	if (p->protocol != IPPROTO_UDP)
		return 0;
	return p->family ? p->sport == 547 && p->dport == 546 : p->sport == 67 && p->dport == 68;
}

static __always_inline void judge_host(struct path *path, const struct tw_packet *p,
				       const struct kept *kept, struct outcome *outcome)
{
	const struct tw_list *host = &path->policy->host;

	outcome->flags = TW_FLOW_LOCAL;
	if (is_dhcp_reply(p)) {
		trace_step(path, TW_STAGE_HOST, TW_SAYS_SOCKET, 0);
		return;
	}
	if (is_invalid_state(host, p, kept)) {
		refuse(path, TW_STAGE_HOST, outcome, TW_REASON_INVALID_STATE);
		return;
	}
	outcome->kind = lists_accept(path, p, NULL, host, state_of(kept), TW_STAGE_HOST, outcome)
				? OUTCOME_KERNEL
				: OUTCOME_REFUSED;
}

/* A server of ours speaks to somebody else: the answers may come in. */
static __always_inline void judge_outgoing(struct xdp_md *ctx, struct path *path,
					   const struct tw_packet *p, const struct kept *kept,
					   struct outcome *outcome)
{
	const struct tw_address *source = policy_address(path->policy, &p->saddr);
	const struct tw_server *server = NULL;
	int from_its_device;

	if (source && source->server != TW_NONE16)
		server = POLICY_ITEM(path->policy, servers, struct tw_server, source->server);
	if (!server) {
		trace_step(path, TW_STAGE_FIREWALL, TW_SAYS_NOT_OURS, 0);
		return;
	}
	if (kept->live && kept->flags & TW_FLOW_OUTGOING)
		from_its_device = 1; /* it was when it began; this may be the answer */
	else if (server->has_device)
		from_its_device = server->device == path->ingress;
	else
		from_its_device = next_hop_is_ingress(ctx, path, &p->saddr);
	if (!from_its_device) {
		trace_step(path, TW_STAGE_FIREWALL, TW_SAYS_NOT_OURS, 0);
		return;
	}
	trace_step(path, TW_STAGE_FIREWALL, TW_SAYS_OUTGOING, source->server);
	outcome->kind = OUTCOME_KERNEL;
	outcome->flags = TW_FLOW_OUTGOING;
	outcome->server = source->server;
}

static __always_inline void judge_server(struct path *path, const struct tw_packet *p, __u32 i,
					 const struct kept *kept, struct outcome *outcome)
{
	const struct tw_server *server = POLICY_ITEM(path->policy, servers, struct tw_server, i);

	if (!server)
		return;
	outcome->server = i;
	trace_step(path, TW_STAGE_SERVER, TW_SAYS_SERVER, i);
	if (server_accepts(path, p, server, kept, outcome))
		outcome->kind = OUTCOME_KERNEL;
}

/* What comes before any rule for a guarded address: true where it decides. */
static __always_inline int decided_early(struct xdp_md *ctx, struct path *path,
					 const struct tw_packet *p, int is_local,
					 const struct kept *kept, struct outcome *outcome)
{
	if (p->headless) {
		refuse(path, TW_STAGE_FLOW, outcome,
		       p->part == TW_WHOLE ? TW_REASON_MALFORMED : TW_REASON_FRAGMENT);
		return 1;
	}
	return is_local && socket_accepts(ctx, path, p, kept, outcome);
}

/* For nobody's service or server: for this node, or not ours. */
static __always_inline void judge_rest(struct xdp_md *ctx, struct path *path,
				       const struct tw_packet *p, int is_known_local,
				       const struct kept *kept, struct outcome *outcome)
{
	if (!(path->policy->flags & TW_POLICY_HOST)) {
		judge_outgoing(ctx, path, p, kept, outcome);
		return;
	}
	if (!is_known_local) {
		if (!is_for_node(ctx, path, p)) {
			judge_outgoing(ctx, path, p, kept, outcome);
			return;
		}
		if (decided_early(ctx, path, p, 1, kept, outcome))
			return;
	}
	judge_host(path, p, kept, outcome);
}

/* A ping of an address that is a service's.  Where it is the node's own, host has its say first. */
static __always_inline void judge_echo(struct path *path, const struct tw_packet *p,
				       const struct tw_address *address, const struct kept *kept,
				       struct outcome *outcome)
{
	const struct tw_service *service =
		POLICY_ITEM(path->policy, services, struct tw_service, address->echo);

	if (address->kind & TW_ADDRESS_LOCAL && path->policy->flags & TW_POLICY_HOST) {
		judge_host(path, p, kept, outcome);
		if (outcome->kind == OUTCOME_REFUSED)
			return;
	}
	if (!service) {
		refuse(path, TW_STAGE_SERVICE, outcome, TW_REASON_NO_SERVER);
		return;
	}
	trace_step(path, TW_STAGE_SERVICE, TW_SAYS_SERVICE, service->id);
	if (path->trace)
		path->trace->service = service->id;
	if (service->has_from && !source_is_accepted(path, p, service))
		refuse(path, TW_STAGE_SERVICE, outcome, TW_REASON_SOURCE);
	else
		outcome->kind = OUTCOME_ECHO;
}

/*
 * `p` is from the side that began the flow.  The outcome is complete; nothing is
 * counted or recorded yet.  Returns its kind.
 */
static __always_inline __u8 judge(struct xdp_md *ctx, struct path *path, const struct tw_packet *p,
				  const struct kept *kept, struct outcome *outcome)
{
	const struct tw_address *address = policy_address(path->policy, &p->daddr);
	int is_local = address && address->kind & TW_ADDRESS_LOCAL;
	__u32 service = TW_NONE32;

	__builtin_memset(outcome, 0, sizeof(*outcome));
	outcome->rule = outcome->service = outcome->member = TW_NONE32;
	outcome->server = TW_NONE16;
	outcome->reason = TW_REASON_NONE;
	if (address && is_guarded(path, address) &&
	    decided_early(ctx, path, p, is_local, kept, outcome))
		return outcome->kind;
	if (address && address->listens)
		service = service_find(path, p, address);
	if (service != TW_NONE32)
		judge_service(path, p, service, kept, outcome);
	else if (address && address->server != TW_NONE16)
		judge_server(path, p, address->server, kept, outcome);
	else if (address && address->listens && echo_is_plain(p))
		judge_echo(path, p, address, kept, outcome);
	else
		judge_rest(ctx, path, p, is_local, kept, outcome);
	return outcome->kind;
}

#endif
