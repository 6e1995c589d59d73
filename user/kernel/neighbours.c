/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "tierwall/packet.h"

struct next_hop {
	union tw_addr addr; /* of the gateway, or of the server itself */
	int ifindex;
};

struct next_hops {
	struct next_hop *items;
	size_t count;
};

static struct nl_addr *to_nl_addr(const union tw_addr *addr)
{
	if (addr_is_ipv4(addr))
		return nl_addr_build(AF_INET, &addr->words[3], 4);
	return nl_addr_build(AF_INET6, addr, 16);
}

static void from_nl_addr(union tw_addr *addr, struct nl_addr *from)
{
	memset(addr, 0, sizeof(*addr));
	if (nl_addr_get_family(from) == AF_INET) {
		addr->bytes[10] = addr->bytes[11] = 0xff;
		memcpy(&addr->words[3], nl_addr_get_binary_addr(from), 4);
	} else {
		memcpy(addr, nl_addr_get_binary_addr(from), sizeof(*addr));
	}
}

/* The next hop that the kernel's routes give for a server. */
static int ask_route(struct nl_sock *socket, const union tw_addr *server, struct next_hop *hop)
{
	struct nl_addr *destination = to_nl_addr(server), *gateway;
	struct rtnl_route *route = NULL;
	struct rtnl_nexthop *first;
	int found = 0;

	if (!destination)
		return 0;
	if (!rtnl_route_lookup(socket, destination, &route)) {
		first = rtnl_route_nexthop_n(route, 0);
		if (first && rtnl_route_get_type(route) == RTN_UNICAST) {
			gateway = rtnl_route_nh_get_gateway(first);
			if (gateway)
				from_nl_addr(&hop->addr, gateway);
			else
				hop->addr = *server;
			hop->ifindex = rtnl_route_nh_get_ifindex(first);
			found = hop->ifindex > 0;
		}
		rtnl_route_put(route);
	}
	nl_addr_put(destination);
	return found;
}

static bool is_same_hop(const struct next_hop *a, const struct next_hop *b)
{
	return a->ifindex == b->ifindex && tw_addr_equal(&a->addr, &b->addr);
}

static void add_hop(struct next_hops *hops, const struct next_hop *hop)
{
	struct next_hop *place;

	for (size_t i = 0; i < hops->count; i++)
		if (is_same_hop(&hops->items[i], hop))
			return;
	place = config_push(&hops->items, &hops->count, sizeof(*place));
	if (place)
		*place = *hop;
}

/* A server with a fixed link address needs no neighbour. */
static void collect(struct nl_sock *socket, const struct config *config, struct next_hops *hops)
{
	for (size_t i = 0; config && i < config->tier_count; i++)
		for (size_t j = 0; j < config->tiers[i].server_count; j++) {
			const struct server *server = &config->tiers[i].servers[j];

			for (int family = 0; family < 2 && !server->has_mac; family++) {
				struct next_hop hop = {0};

				if (!addr_is_zero(&server->addr[family]) &&
				    ask_route(socket, &server->addr[family], &hop))
					add_hop(hops, &hop);
			}
		}
}

/* An operator's permanent entry stays as it is: to manage it would make it an ordinary one. */
static bool is_permanent(struct nl_cache *neighbours, const struct next_hop *hop,
			 struct nl_addr *addr)
{
	struct rtnl_neigh *entry = rtnl_neigh_get(neighbours, hop->ifindex, addr);
	bool permanent = entry && rtnl_neigh_get_state(entry) & (NUD_PERMANENT | NUD_NOARP);

	if (entry)
		rtnl_neigh_put(entry);
	return permanent;
}

static void send_neighbour(struct nl_sock *socket, const struct next_hop *hop, struct nl_addr *addr,
			   uint32_t flags)
{
	struct ndmsg header = {
		.ndm_family = (unsigned char)nl_addr_get_family(addr),
		.ndm_ifindex = hop->ifindex,
		.ndm_flags = NTF_USE,
	};
	int create = flags ? NLM_F_CREATE : 0; /* what is no longer managed need not come back */
	struct nl_msg *message =
		nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_REPLACE | NLM_F_ACK | create);

	if (!message)
		return;
	if (!nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) &&
	    !nla_put_addr(message, NDA_DST, addr) &&
	    (!flags || !nla_put_u32(message, NDA_FLAGS_EXT, flags)) &&
	    nl_send_auto(socket, message) >= 0)
		nl_wait_for_ack(socket);
	nlmsg_free(message);
}

static void manage(struct nl_sock *socket, struct nl_cache *neighbours,
		   const struct next_hops *hops, const struct next_hops *except, uint32_t flags)
{
	for (size_t i = 0; i < hops->count; i++) {
		struct nl_addr *addr;
		bool skip = false;

		for (size_t j = 0; except && j < except->count; j++)
			skip |= is_same_hop(&hops->items[i], &except->items[j]);
		addr = skip ? NULL : to_nl_addr(&hops->items[i].addr);
		if (!addr)
			continue;
		if (!is_permanent(neighbours, &hops->items[i], addr))
			send_neighbour(socket, &hops->items[i], addr, flags);
		nl_addr_put(addr);
	}
}

void neighbours_follow(const struct config *before, const struct config *now)
{
	struct next_hops old_hops = {0}, hops = {0};
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_cache *neighbours = NULL;

	if (!socket)
		return;
	if (!nl_connect(socket, NETLINK_ROUTE) && !rtnl_neigh_alloc_cache(socket, &neighbours)) {
		collect(socket, before, &old_hops);
		collect(socket, now, &hops);
		manage(socket, neighbours, &old_hops, &hops, 0);
		manage(socket, neighbours, &hops, NULL, NTF_EXT_MANAGED);
	}
	free(old_hops.items);
	free(hops.items);
	nl_cache_free(neighbours);
	nl_socket_free(socket);
}
