/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/obstacles.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int device_state_read(struct device_state *out, const char *name)
{
	int result;

	memset(out, 0, sizeof(*out));
	result = device_read(&out->device, name);
	if (!result)
		result = device_driver_read(&out->driver, name);
	if (result)
		return result;
	out->features_known = !device_xdp_features(out->device.ifindex, &out->features);
	if (!strcmp(out->device.kind, "veth") && out->device.lower[0] &&
	    !device_read(&out->peer, out->device.lower))
		device_driver_read(&out->peer_driver, out->peer.name);
	return 0;
}

static uint32_t either(uint32_t first, uint32_t second)
{
	return first ? first : second;
}

uint32_t device_rx_queues(const struct device *device, const struct device_driver *driver)
{
	return either(driver->combined + driver->rx, device->rx_queues);
}

uint32_t device_tx_queues(const struct device *device, const struct device_driver *driver)
{
	return either(driver->combined + driver->tx, device->tx_queues);
}

static bool takes_frags(const struct device_state *state, const struct driver_limits *limits)
{
	return state->features_known ? (state->features & XDP_FRAGS) != 0 : limits->frags_since_6_1;
}

uint32_t device_native_mtu(const struct device_state *state)
{
	const struct driver_limits *limits = driver_limits(state->driver.name);

	return limits && !takes_frags(state, limits) ? limits->mtu : 0;
}

/* -- one by one: true where it is one -------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
say(struct obstacle *out, const char *subject, const char *format, ...)
{
	va_list arguments;

	out->subject = subject;
	va_start(arguments, format);
	vsnprintf(out->says, sizeof(out->says), format, arguments);
	va_end(arguments);
}

static void __attribute__((format(printf, 2, 3)))
mend(struct obstacle *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out->command, sizeof(out->command), format, arguments);
	va_end(arguments);
}

/* Devices that others stand under. */
static bool is_upper(struct obstacle *out, const struct device_state *state)
{
	const struct device *device = &state->device;
	char members[128] = "";

	if (!strcmp(device->kind, "vlan") || !strcmp(device->kind, "macvlan")) {
		say(out, "kind",
		    "it is a %s device on %s: only generic mode works on it; attached to %s, "
		    "tierwall reads the packets of all VLANs there",
		    device->kind, device->lower[0] ? device->lower : "a device elsewhere",
		    device->lower[0] ? device->lower : "that");
		if (device->lower[0])
			mend(out, "tierwall attach %s", device->lower);
		return true;
	}
	if (strcmp(device->kind, "bond") != 0 && strcmp(device->kind, "bridge") != 0 &&
	    strcmp(device->kind, "team") != 0)
		return false;
	device_members(members, sizeof(members), device->name);
	say(out, "kind", "it is a %s of %s: attach to those, not to the %s", device->kind,
	    members[0] ? members : "no devices yet", device->kind);
	if (members[0])
		mend(out, "tierwall attach %s", members);
	return true;
}

static bool lacks_driver(struct obstacle *out, const struct device_state *state)
{
	const char *driver = state->driver.name[0] ? state->driver.name : "unknown";

	if (state->features_known ? (state->features & XDP_RUNS) != 0
				  : driver_limits(driver) != NULL)
		return false;
	/* a veth whose other end has more queues to send on says so by having no features */
	if (!strcmp(state->device.kind, "veth"))
		return false;
	say(out, "driver",
	    state->features_known
		    ? "its driver (%s) has no native XDP: generic mode works, several times slower"
		    : "native XDP is not known of its driver (%s): generic mode works, several "
		      "times "
		      "slower",
	    driver);
	mend(out, "tierwall attach %s mode generic", state->device.name);
	return true;
}

static bool exceeds_mtu(struct obstacle *out, const struct device_state *state)
{
	uint32_t most = device_native_mtu(state);

	if (!most || state->device.mtu <= most)
		return false;
	say(out, "mtu", "its MTU is %u, and its driver (%s) takes at most %u in native mode%s",
	    state->device.mtu, state->driver.name, most,
	    state->features_known ? "" : " without frags, which this kernel does not tell of");
	mend(out, "ip link set dev %s mtu %u", state->device.name, most);
	return true;
}

static bool has_lro(struct obstacle *out, const struct device_state *state)
{
	if (!state->driver.on[OFFLOAD_LRO])
		return false;
	say(out, "lro",
	    "LRO is on: the device joins packets before XDP sees them, and drivers "
	    "refuse native mode");
	mend(out, "ethtool -K %s lro off", state->device.name);
	return true;
}

/* A veth has to receive on as many queues as its other end sends on. */
static bool lacks_veth_queues(struct obstacle *out, const struct device_state *state)
{
	const struct device *device = &state->device, *peer = &state->peer;
	uint32_t here = device_rx_queues(device, &state->driver), there;

	if (strcmp(device->kind, "veth") != 0)
		return false;
	if (!peer->name[0]) {
		if (!state->features_known || state->features & XDP_RUNS)
			return false;
		say(out, "queues",
		    "it receives on %u queue%s, and its other end, in another namespace, sends on "
		    "more",
		    here, here == 1 ? "" : "s");
		if (state->driver.rx_most > here)
			mend(out, "ethtool -L %s rx %u", device->name, state->driver.rx_most);
		return true;
	}
	there = device_tx_queues(peer, &state->peer_driver);
	if (here >= there)
		return false;
	say(out, "queues", "it receives on %u queue%s, and its other end %s sends on %u", here,
	    here == 1 ? "" : "s", peer->name, there);
	if (state->driver.rx_most >= there)
		mend(out, "ethtool -L %s rx %u", device->name, there);
	else
		mend(out, "ethtool -L %s tx %u", peer->name, here);
	return true;
}

/* Drivers that take as many channels again for what XDP sends. */
static bool lacks_channels(struct obstacle *out, const struct device_state *state)
{
	const struct driver_limits *limits = driver_limits(state->driver.name);
	const struct device_driver *driver = &state->driver;
	uint32_t now = either(driver->combined, driver->rx);
	uint32_t most = either(driver->combined_most, driver->rx_most) / 2;

	if (!limits || !limits->half_of_channels || !most || now <= most)
		return false;
	say(out, "queues",
	    "it has %u channels of %u in use, and its driver (%s) takes at most %u "
	    "in native mode",
	    now, most * 2, driver->name, most);
	if (driver->combined)
		mend(out, "ethtool -L %s combined %u", state->device.name, most);
	else
		mend(out, "ethtool -L %s rx %u tx %u", state->device.name, most, most);
	return true;
}

size_t device_obstacles(struct obstacle *out, const struct device_state *state)
{
	static bool (*const looks[])(struct obstacle * out, const struct device_state *state) = {
		exceeds_mtu,
		has_lro,
		lacks_veth_queues,
		lacks_channels,
	};
	size_t count = 0;

	memset(out, 0, OBSTACLES_MAX * sizeof(*out));
	if (is_upper(&out[0], state) || lacks_driver(&out[0], state))
		return 1; /* the rest would be of no use */
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (looks[i](&out[count], state))
			count++;
	return count;
}
