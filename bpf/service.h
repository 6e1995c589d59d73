/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services: which one a packet is for, and which of its servers gets the flow.
 *
 * A service has a table of slots for each family; a keyed hash of the flow picks
 * the slot, user space has filled the slots (user/compile/choice.c).
 */
#ifndef TIERWALL_BPF_SERVICE_H
#define TIERWALL_BPF_SERVICE_H

#include "policy.h"

#define SLOTS_OF_OFFSET 4  /* offsets in chunks are in units of eight bytes */
#define LISTEN_STEPS    17 /* an address has less than 2^16 listens */

static __always_inline int is_tunnel(__u8 forward)
{
	return forward == TW_FORWARD_IPIP || forward == TW_FORWARD_GUE;
}

/*
 * The family in which a server is reached: the client's.  A tunnel takes the other one
 * where the server has no address of that.
 */
static __always_inline __u32 server_family(const struct tw_server *server, __u8 forward,
					   __u32 family)
{
	family &= 1;
	if (is_tunnel(forward) && tw_addr_is_zero(&server->addr[family]))
		family ^= 1;
	return family;
}

struct listen_search {
	const struct tw_policy *policy;
	const struct tw_packet *packet;
	__u32 low, high; /* the last listen that does not begin behind the packet is before high */
};

static __always_inline __u32 listen_rank(__u8 protocol, __u16 port)
{
	return (__u32)protocol << 16 | port;
}

static long listen_step(__u32 i, void *context)
{
	struct listen_search *search = context;
	const struct tw_packet *p = search->packet;
	__u32 middle = search->low + (search->high - search->low) / 2;
	const struct tw_listen *listen;

	(void)i;
	if (search->low >= search->high)
		return 1;
	listen = POLICY_ITEM(search->policy, listens, struct tw_listen, middle);
	if (!listen)
		return 1;
	if (listen_rank(listen->protocol, listen->port_low) <= listen_rank(p->protocol, p->dport))
		search->low = middle + 1;
	else
		search->high = middle;
	return 0;
}

/*
 * The index of the service that listens for this packet, or TW_NONE32.  Listens of an
 * address are sorted by protocol and first port, and no two overlap.
 */
static __always_inline __u32 service_find(const struct path *path, const struct tw_packet *p,
					  const struct tw_address *address)
{
	struct listen_search search = {
		.policy = path->policy,
		.packet = p,
		.low = address->listen,
		.high = address->listen + address->listens,
	};
	const struct tw_listen *listen;

	if (!tw_has_ports(p->protocol))
		return TW_NONE32;
	bpf_loop(LISTEN_STEPS, listen_step, &search, 0);
	if (search.low == address->listen)
		return TW_NONE32;
	listen = POLICY_ITEM(path->policy, listens, struct tw_listen, search.low - 1);
	if (!listen || listen->protocol != p->protocol || p->dport > listen->port_high)
		return TW_NONE32;
	return listen->service;
}

static __always_inline const struct tw_server *service_server(const struct tw_policy *image,
							      const struct tw_service *service,
							      __u32 i, struct outcome *outcome)
{
	const struct tw_member *member;

	if (i >= service->members)
		return NULL;
	member = POLICY_ITEM(image, members, struct tw_member, service->member + i);
	if (!member)
		return NULL;
	outcome->member = member->id;
	outcome->server = member->server;
	return POLICY_ITEM(image, servers, struct tw_server, member->server);
}

struct member_search {
	const struct tw_policy *policy;
	const struct tw_service *service;
	const union tw_addr *addr;
	__u32 family;
	__u32 member;
};

static long member_step(__u32 i, void *context)
{
	struct member_search *search = context;
	struct outcome ignored;
	const struct tw_server *server =
		service_server(search->policy, search->service, i, &ignored);
	__u32 family;

	if (!server)
		return 1;
	family = server_family(server, search->service->forward, search->family);
	if (!tw_addr_equal(&server->addr[family], search->addr))
		return 0;
	search->member = i;
	return 1;
}

/*
 * The server that a live flow has, while it is still of the service and not down, or
 * kept all the same: a change of rules or weights moves no flow.
 */
static __always_inline const struct tw_server *
service_keep(const struct path *path, const struct tw_service *service, const struct tw_packet *p,
	     const union tw_addr *addr, struct outcome *outcome)
{
	struct member_search search = {
		.policy = path->policy,
		.service = service,
		.addr = addr,
		.family = p->family,
		.member = TW_NONE32,
	};
	const struct tw_server *server;

	bpf_loop(service->members, member_step, &search, 0);
	if (search.member == TW_NONE32)
		return NULL;
	server = service_server(path->policy, service, search.member, outcome);
	if (!server || (server->state == TW_SERVER_DOWN && service->on_down != TW_ON_DOWN_KEEP))
		return NULL;
	return server;
}

/* The hash that picks a slot; `room` is for a packet without what the service leaves out. */
static __always_inline __u32 service_hash(const struct path *path, const struct tw_service *service,
					  const struct tw_packet *p, struct tw_packet *room)
{
	if (!service->hash_off)
		return tw_hash_flow(path->policy->hash_key, p);
	*room = *p;
	tw_hash_only(room, service);
	return tw_hash_flow(path->policy->hash_key, room);
}

static __always_inline const struct tw_server *service_choose(const struct path *path,
							      const struct tw_service *service,
							      const struct tw_packet *p,
							      struct outcome *outcome)
{
	const struct tw_policy *image = path->policy;
	__u32 family = p->family & 1, slots = service->choices[family];
	__u32 hash, slot, offset;
	const char *chunk;
	__u16 choice;

	if (!slots)
		return NULL;
	hash = service_hash(path, service, p, &path->work->judged);
	slot = (__u32)((__u64)hash * slots >> 32);
	offset = service->choice[family] + slot / SLOTS_OF_OFFSET;
	chunk = policy_chunk(image->chunk, offset);
	if (!chunk)
		return NULL;
	choice = *(const __u16 *)(chunk + (__u64)(offset & TW_CHUNK_MASK) * 8 +
				  slot % SLOTS_OF_OFFSET * sizeof(choice));
	return choice == TW_NONE16 ? NULL : service_server(image, service, choice, outcome);
}

#endif
