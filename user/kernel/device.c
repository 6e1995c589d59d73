/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links: what kind a device is, what it stands upon and what it is part of. */
#include "kernel/device.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>

static int connect_route(struct nl_sock **out)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (!socket)
		return -ENOMEM;
	if (nl_connect(socket, NETLINK_ROUTE)) {
		nl_socket_free(socket);
		return -EIO;
	}
	*out = socket;
	return 0;
}

static void copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void name_of(char *out, size_t size, int ifindex)
{
	char name[IF_NAMESIZE];

	copy_text(out, size, ifindex > 0 ? if_indextoname((unsigned int)ifindex, name) : NULL);
}

static void describe(struct device *out, struct rtnl_link *link)
{
	int namespace_id;

	out->ifindex = (uint32_t)rtnl_link_get_ifindex(link);
	out->mtu = rtnl_link_get_mtu(link);
	out->is_up = (rtnl_link_get_flags(link) & IFF_UP) != 0;
	out->rx_queues = rtnl_link_get_num_rx_queues(link);
	out->tx_queues = rtnl_link_get_num_tx_queues(link);
	copy_text(out->kind, sizeof(out->kind), rtnl_link_get_type(link));
	name_of(out->master, sizeof(out->master), rtnl_link_get_master(link));
	out->lower_is_away = !rtnl_link_get_link_netnsid(link, &namespace_id);
	if (!out->lower_is_away && rtnl_link_get_link(link) != rtnl_link_get_ifindex(link))
		name_of(out->lower, sizeof(out->lower), rtnl_link_get_link(link));
}

int device_read(struct device *out, const char *name)
{
	struct rtnl_link *link = NULL;
	struct nl_sock *socket;
	int result = connect_route(&socket);

	memset(out, 0, sizeof(*out));
	if (result)
		return result;
	copy_text(out->name, sizeof(out->name), name);
	if (rtnl_link_get_kernel(socket, 0, name, &link)) {
		result = -ENODEV;
	} else {
		describe(out, link);
		rtnl_link_put(link);
	}
	nl_socket_free(socket);
	return result;
}

int device_members(char *out, size_t size, const char *name)
{
	int master = (int)if_nametoindex(name), result;
	struct nl_cache *links;
	struct nl_sock *socket;
	size_t used = 0;

	out[0] = '\0';
	result = connect_route(&socket);
	if (result)
		return result;
	if (rtnl_link_alloc_cache(socket, AF_UNSPEC, &links)) {
		nl_socket_free(socket);
		return -EIO;
	}
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (void *)o;

		if (rtnl_link_get_master(link) == master && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
						 rtnl_link_get_name(link));
	}
	nl_cache_free(links);
	nl_socket_free(socket);
	return 0;
}
