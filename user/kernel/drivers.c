/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known of drivers with native XDP, from their sources, for pages of 4 KB.  A
 * kernel from 6.3 on says itself whether a driver has XDP, and frags; which MTU it takes
 * without them no kernel says.
 */
#include <string.h>

#include "kernel/device.h"

static const struct driver_limits drivers[] = {
	{.name = "bnxt_en", .mtu = 3502, .frags_since_6_1 = true},
	{.name = "ena", .mtu = 3498, .half_of_channels = true},
	{.name = "gve", .mtu = 2032, .half_of_channels = true},
	{.name = "hv_netvsc", .mtu = 3506},
	{.name = "i40e", .mtu = 3046},
	{.name = "ice", .mtu = 3046},
	{.name = "igb", .mtu = 3050},
	{.name = "igc", .mtu = 1500},
	{.name = "ixgbe", .mtu = 3050},
	{.name = "mlx4_en", .mtu = 3498},
	{.name = "mlx5_core", .mtu = 3498, .frags_since_6_1 = true},
	{.name = "mvneta", .mtu = 3506, .frags_since_6_1 = true},
	{.name = "nicvf", .mtu = 1508},
	{.name = "st_gmac", .mtu = 1500},
	{.name = "tun", .mtu = 3506},
	{.name = "veth", .mtu = 3506, .frags_since_6_1 = true},
	{.name = "virtio_net", .mtu = 3506},
	{.name = "vmxnet3", .mtu = 3506},
	{},
};

const struct driver_limits *driver_limits(const char *driver)
{
	for (const struct driver_limits *i = drivers; i->name; i++)
		if (!strcmp(i->name, driver))
			return i;
	return NULL;
}
