/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What keeps a device from native XDP, each with the command that mends it. */
#ifndef TIERWALL_USER_KERNEL_OBSTACLES_H
#define TIERWALL_USER_KERNEL_OBSTACLES_H

#include "kernel/device.h"

struct obstacle {
	const char *subject; /* kind, driver, mtu, lro, queues */
	char says[320];      /* with its numbers */
	char command[160];   /* empty: there is none */
};
#define OBSTACLES_MAX 6

/* A device with all that is known of it. */
struct device_state {
	struct device device;
	struct device peer; /* of a veth, where it is in this namespace; else without a name */
	struct device_driver driver, peer_driver;
	bool features_known;
	uint64_t features; /* enum xdp_features */
};

/* 0, -ENODEV or another negative errno.  Says nothing. */
int device_state_read(struct device_state *out, const char *name);

/* The largest MTU that native mode takes; 0: that is not known here, or there is no limit. */
uint32_t device_native_mtu(const struct device_state *state);
/* How many queues it receives on, or sends on. */
uint32_t device_rx_queues(const struct device *device, const struct device_driver *driver);
uint32_t device_tx_queues(const struct device *device, const struct device_driver *driver);

/* Fills `out`, of OBSTACLES_MAX, and returns how many there are. */
size_t device_obstacles(struct obstacle *out, const struct device_state *state);

#endif
