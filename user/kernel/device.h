/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a network device is and can: its link, its driver, its queues and offloads.
 * Reading changes nothing.
 */
#ifndef TIERWALL_USER_KERNEL_DEVICE_H
#define TIERWALL_USER_KERNEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- links (device.c) ------------------------------------------------------------- */

struct device {
	char name[16];
	uint32_t ifindex;
	uint32_t mtu;
	bool is_up;
	char kind[16];      /* bond, bridge, vlan, veth ...; empty: hardware */
	char master[16];    /* the bond, bridge ... that it is part of */
	char lower[16];     /* what it stands upon, or a veth's other end */
	bool lower_is_away; /* that is in another network namespace */
	uint32_t rx_queues, tx_queues;
};

/* 0, -ENODEV or another negative errno.  Says nothing. */
int device_read(struct device *out, const char *name);
/* The devices whose master is `name`, as "a b c", cut where it does not fit. */
int device_members(char *out, size_t size, const char *name);

/* -- what its driver says (ethtool.c) ------------------------------------------------ */

enum device_offload {
	OFFLOAD_LRO,
	OFFLOAD_GRO,
	OFFLOAD_GRO_HW,
	OFFLOAD_TX_CHECKSUM,
	OFFLOAD_COUNT,
};

struct device_driver {
	char name[32];
	bool on[OFFLOAD_COUNT];
	bool fixed[OFFLOAD_COUNT]; /* cannot be changed */
	/* ethtool -l; all 0: the driver does not say */
	uint32_t combined, combined_most;
	uint32_t rx, rx_most;
	uint32_t tx, tx_most;
};

/* Leaves empty what the driver does not say.  0 or a negative errno. */
int device_driver_read(struct device_driver *out, const char *device);

/* -- what is known of drivers (drivers.c) -------------------------------------------- */

struct driver_limits {
	const char *name;
	uint32_t mtu;         /* the largest where a packet must lie in one buffer */
	bool frags_since_6_1; /* takes larger ones of a program with frags, on any kernel of ours */
	bool half_of_channels; /* XDP takes as many channels again for sending */
};

/* NULL: nothing is known here of native XDP in that driver. */
const struct driver_limits *driver_limits(const char *driver);

/* -- what the kernel says of XDP (xdp.c) ----------------------------------------------- */

enum xdp_features { /* as in linux/netdev.h */
		    XDP_RUNS = 1 << 0,
		    XDP_REDIRECTS = 1 << 1,
		    XDP_TAKES_FRAMES = 1 << 2,
		    XDP_FRAGS = 1 << 5,
};

/* 0 and *features, or -ENOTSUP: this kernel does not tell (before 6.3). */
int device_xdp_features(uint32_t ifindex, uint64_t *bits);

struct xdp_program {
	uint32_t id; /* 0: none is attached */
	char name[32];
	bool generic;
	uint32_t link; /* id of the link that holds it; 0: none does */
};

/* The program that is attached to the device, whoever put it there. */
int device_xdp_program(uint32_t ifindex, struct xdp_program *out);

/*
 * Why its driver does not take a program that it just refused in native mode, in its own
 * words.  Tries once more in another way, and takes it back should that succeed.
 * False: it says nothing.
 */
bool device_refusal(char *out, size_t size, uint32_t ifindex, int program);

#endif
