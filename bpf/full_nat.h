/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `full-nat`: which address and port of the node a flow gets towards its server.
 *
 * All addresses of the service's pool with all of its ports are numbered; the flow's hash
 * says where to begin.  Taken is what a live flow's replies come in by.  Whoever puts the
 * translation of the replies into its table first has the port, on whichever CPU.
 */
#ifndef TIERWALL_BPF_FULL_NAT_H
#define TIERWALL_BPF_FULL_NAT_H

#include "flow.h"
#include "policy.h"
#include "translation.h"

#define PORT_CANDIDATES 64 /* tried, evenly over the pool; of fewer each is */
#define CLAIM_SECONDS   1  /* so long a port is taken whose flow is not written yet */

struct port_search {
	const struct path *path;
	const struct tw_packet *asked;
	const struct tw_service *service;
	struct outcome *outcome;
	__u32 start, stride;
	__u32 ports, all; /* of an address, of the pool */
	__u32 found;
};

/* Does the flow of `asked` hold the port that `reply` comes in by? */
static __always_inline int port_is_own(const struct tw_flow *flow,
				       const struct tw_translation *held,
				       const struct tw_packet *asked)
{
	return held && flow->flags & TW_FLOW_REPLY && flow->forward == TW_FORWARD_FULL_NAT &&
	       tw_addr_equal(&flow->addr, &asked->daddr) && flow->port == asked->dport &&
	       tw_addr_equal(&held->addr, &asked->saddr) && held->port == asked->sport;
}

/* Takes the port that `reply` would come in by; false: another flow has it. */
static __noinline int port_claim(const struct path *path, const struct tw_packet *reply,
				 const struct tw_packet *asked)
{
	const struct tw_translation *held = translation_find(reply);
	const struct tw_flow *flow = flow_find(path, reply);

	if (flow)
		return port_is_own(flow, held, asked);
	if (held && path->second - held->second <= CLAIM_SECONDS)
		return 0;
	if (path->trace)
		return 1;
	if (held)
		translation_delete(reply); /* of a flow that has ended */
	return !translation_write(reply, &asked->saddr, asked->sport, path->second, BPF_NOEXIST);
}

/* Tries one address and port: what its server would answer to. */
static __always_inline int port_try(const struct path *path, const struct tw_packet *asked,
				    struct outcome *outcome, const union tw_addr *addr, __u16 port)
{
	struct tw_packet *reply = &path->work->opposite;

	reply->saddr = outcome->addr;
	reply->sport = outcome->port;
	reply->daddr = *addr;
	reply->dport = port;
	reply->protocol = asked->protocol;
	reply->family = asked->family;
	if (!port_claim(path, reply, asked))
		return 0;
	outcome->from = *addr;
	outcome->from_port = port;
	return 1;
}

static long port_step(__u32 i, void *context)
{
	struct port_search *search = context;
	__u32 number = (__u32)(((__u64)search->start + (__u64)i * search->stride) % search->all);
	const struct path *path = search->path;
	const union tw_addr *addr;

	addr = POLICY_ITEM(path->policy, pools, union tw_addr,
			   search->service->pool[search->asked->family & 1] +
				   number / search->ports);
	if (!addr)
		return 1;
	search->found = port_try(path, search->asked, search->outcome, addr,
				 (__u16)(search->service->pool_low + number % search->ports));
	return search->found;
}

/*
 * Gives the flow that `outcome` sends to a server its source: the one that it has, or a
 * new one.  False: none is free.
 */
static __noinline int full_nat_source(const struct path *path, const struct tw_packet *asked,
				      struct outcome *outcome)
{
	const struct tw_service *service =
		POLICY_ITEM(path->policy, services, struct tw_service, outcome->service_index);
	const struct tw_translation *known = translation_find(asked);
	struct port_search search = {
		.path = path, .asked = asked, .service = service, .outcome = outcome};

	if (!service)
		return 0;
	if (known) {
		union tw_addr *addr = &path->work->known_source;

		*addr = known->addr;
		search.found = port_try(path, asked, outcome, addr, known->port);
	}
	search.ports = (__u32)service->pool_high - service->pool_low + 1;
	search.all = search.ports * service->pool_count[asked->family & 1];
	if (!search.found && search.all && search.ports) {
		search.start = tw_hash_flow(path->policy->hash_key, asked) % search.all;
		search.stride = search.all / PORT_CANDIDATES;
		if (!search.stride)
			search.stride = 1;
		bpf_loop(search.all < PORT_CANDIDATES ? search.all : PORT_CANDIDATES, port_step,
			 &search, 0);
	}
	if (!search.found)
		return 0;
	if (!path->trace)
		translation_write(asked, &outcome->from, outcome->from_port, path->second, BPF_ANY);
	return 1;
}

#endif
