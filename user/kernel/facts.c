/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the node is: its devices, its addresses, what its drivers can do. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "tierwall/packet.h"

static int add_device(struct node_facts *facts, const struct ifaddrs *interface)
{
	const struct sockaddr_ll *link = (const void *)interface->ifa_addr;
	struct device_fact *device =
		config_push(&facts->devices, &facts->device_count, sizeof(*device));

	if (!device)
		return -ENOMEM;
	strncpy(device->name, interface->ifa_name, sizeof(device->name) - 1);
	device->ifindex = (uint32_t)link->sll_ifindex;
	device->is_loopback = (interface->ifa_flags & IFF_LOOPBACK) != 0;
	if (link->sll_halen == sizeof(device->mac))
		memcpy(device->mac, link->sll_addr, sizeof(device->mac));
	return 0;
}

static uint8_t count_bits(const void *mask, size_t bytes)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < bytes; i++)
		bits += (uint8_t)__builtin_popcount(((const uint8_t *)mask)[i]);
	return bits;
}

/* How many bits of the address its network shares. */
static uint8_t network_bits(const struct ifaddrs *interface)
{
	const struct sockaddr *mask = interface->ifa_netmask;

	if (!mask)
		return 128;
	if (interface->ifa_addr->sa_family == AF_INET)
		return 96 +
		       count_bits(&((const struct sockaddr_in *)(const void *)mask)->sin_addr, 4);
	return count_bits(&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr, 16);
}

static int add_address(struct node_facts *facts, const struct ifaddrs *interface)
{
	const struct sockaddr *address = interface->ifa_addr;
	size_t count = facts->address_count;
	uint8_t *bits = config_push(&facts->address_bits, &count, sizeof(*bits));
	union tw_addr *place =
		config_push(&facts->addresses, &facts->address_count, sizeof(*place));

	if (!place || !bits)
		return -ENOMEM;
	*bits = network_bits(interface);
	if (address->sa_family == AF_INET)
		tw_addr_from_ipv4(
			place, (__force __be32)((const struct sockaddr_in *)(const void *)address)
				       ->sin_addr.s_addr);
	else
		tw_addr_copy(place,
			     &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
	return 0;
}

/* All the bits behind the network's; networks of less than four addresses have none. */
static int add_broadcast(struct node_facts *facts, const struct ifaddrs *interface)
{
	const struct sockaddr_in *address = (const void *)interface->ifa_addr;
	const struct sockaddr_in *mask = (const void *)interface->ifa_netmask;
	union tw_addr *place;

	if (!mask || interface->ifa_flags & IFF_LOOPBACK || ntohl(~mask->sin_addr.s_addr) < 3)
		return 0;
	place = config_push(&facts->broadcasts, &facts->broadcast_count, sizeof(*place));
	if (!place)
		return -ENOMEM;
	tw_addr_from_ipv4(place,
			  (__force __be32)(address->sin_addr.s_addr | ~mask->sin_addr.s_addr));
	return 0;
}

int node_facts_read(struct node_facts *out)
{
	struct ifaddrs *interfaces;
	int result = 0;

	memset(out, 0, sizeof(*out));
	if (getifaddrs(&interfaces)) {
		result = -errno;
		complain("cannot list the node's devices and addresses: %s", strerror(errno));
		return result;
	}
	for (const struct ifaddrs *i = interfaces; !result && i; i = i->ifa_next) {
		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_PACKET)
			result = add_device(out, i);
		else if (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6)
			result = add_address(out, i);
		if (!result && i->ifa_addr->sa_family == AF_INET)
			result = add_broadcast(out, i);
	}
	freeifaddrs(interfaces);
	if (result)
		node_facts_free(out);
	return result;
}

void node_facts_free(struct node_facts *facts)
{
	free(facts->devices);
	free(facts->addresses);
	free(facts->address_bits);
	free(facts->broadcasts);
	memset(facts, 0, sizeof(*facts));
}

int device_takes_frames(uint32_t ifindex)
{
	uint64_t features;
	int result = device_xdp_features(ifindex, &features);

	return result ? result : (features & XDP_TAKES_FRAMES) != 0;
}
