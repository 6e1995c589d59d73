/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `tierwall doctor` finds on a device. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/doctor.h"
#include "kernel/obstacles.h"

static const struct attachment *own_attachment(const struct doctor *doctor, uint32_t ifindex)
{
	for (size_t i = 0; i < doctor->attachment_count; i++)
		if (doctor->attachments[i].ifindex == ifindex)
			return &doctor->attachments[i];
	return NULL;
}

static void look_at_driver(struct doctor *doctor, const struct device_state *state)
{
	const char *driver = state->driver.name[0] ? state->driver.name : "unknown";
	uint64_t features = state->features;

	if (!state->features_known)
		doctor_says(doctor, FINDING_OK, "driver",
			    "%s; this kernel does not say what it can (6.3 and later do)", driver);
	else if (features & XDP_RUNS)
		doctor_says(doctor, FINDING_OK, "driver", "%s: native XDP%s%s", driver,
			    features & XDP_REDIRECTS ? ", sends to other devices" : "",
			    features & XDP_FRAGS ? ", frags" : "");
	if (!state->device.is_up) {
		doctor_says(doctor, FINDING_PROBLEM, "link", "it is down");
		doctor_mends(doctor, "ip link set dev %s up", state->device.name);
	}
}

/* The device's line in the running configuration, NULL: it has none. */
static const struct interface *own_interface(const struct doctor *doctor, const char *device)
{
	const struct config *config = doctor->is_loaded ? doctor->running.config : NULL;

	for (size_t i = 0; config && i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i].name, device))
			return &config->interfaces[i];
	return NULL;
}

/* Then what keeps it from native mode is a problem. */
static bool wants_native(const struct doctor *doctor, const char *device)
{
	const struct interface *interface = own_interface(doctor, device);

	return interface && interface->mode == MODE_NATIVE;
}

static void look_for_obstacles(struct doctor *doctor, const struct device_state *state)
{
	const struct attachment *own = own_attachment(doctor, state->device.ifindex);
	struct obstacle obstacles[OBSTACLES_MAX];
	size_t count = device_obstacles(obstacles, state);

	if (own && own->mode == MODE_NATIVE)
		return; /* none was in the way: a bond passes the program on to its members */
	for (size_t i = 0; i < count; i++) {
		bool alone = !strcmp(obstacles[i].subject, "driver") ||
			     !strcmp(obstacles[i].subject, "kind");
		enum finding_level level = alone && !wants_native(doctor, state->device.name)
						   ? FINDING_WARNING
						   : FINDING_PROBLEM;

		doctor_says(doctor, level, obstacles[i].subject, "%s", obstacles[i].says);
		if (obstacles[i].command[0])
			doctor_mends(doctor, "%s", obstacles[i].command);
	}
}

static void say_other_program(struct doctor *doctor, const struct device_state *state,
			      const struct xdp_program *program)
{
	doctor_says(doctor, FINDING_PROBLEM, "program",
		    "another XDP program is attached, id %u%s%s, in %s mode: a device takes one",
		    program->id, program->name[0] ? ", " : "", program->name,
		    program->generic ? "generic" : "native");
	if (program->link)
		doctor_mends(doctor, "bpftool link detach id %u", program->link);
	else
		doctor_mends(doctor, "ip link set dev %s xdp%s off", state->device.name,
			     program->generic ? "generic" : "");
}

static void look_at_program(struct doctor *doctor, const struct device_state *state)
{
	const struct attachment *own = own_attachment(doctor, state->device.ifindex);
	struct obstacle obstacles[OBSTACLES_MAX];
	struct xdp_program program;

	if (device_xdp_program(state->device.ifindex, &program))
		return;
	if (own && own->mode == MODE_NATIVE) {
		doctor_says(doctor, FINDING_OK, "program", "attached in native mode");
	} else if (own) {
		doctor_says(doctor,
			    wants_native(doctor, state->device.name) ? FINDING_PROBLEM
								     : FINDING_WARNING,
			    "program", "attached in generic mode, which is several times slower");
		if (!device_obstacles(obstacles, state))
			doctor_mends(doctor, "tierwall detach %s && tierwall attach %s mode native",
				     state->device.name, state->device.name);
	} else if (program.id) {
		say_other_program(doctor, state, &program);
	} else if (doctor->is_loaded) {
		doctor_says(doctor,
			    own_interface(doctor, state->device.name) ? FINDING_PROBLEM
								      : FINDING_WARNING,
			    "program", "nothing is attached");
		doctor_mends(doctor, "tierwall attach %s", state->device.name);
	} else {
		doctor_says(doctor, FINDING_OK, "program", "nothing is attached");
	}
}

/* Obstacles say where it is too large. */
static void look_at_mtu(struct doctor *doctor, const struct device_state *state)
{
	uint32_t most = device_native_mtu(state), mtu = state->device.mtu;

	if (most && mtu <= most)
		doctor_says(doctor, FINDING_OK, "mtu",
			    "%u; its driver takes up to %u in native mode, as it has no frags", mtu,
			    most);
	else if (!most && state->features & XDP_FRAGS)
		doctor_says(doctor, FINDING_OK, "mtu",
			    "%u; its driver takes packets in several buffers (frags)", mtu);
	else if (!most)
		doctor_says(doctor, mtu > 1500 ? FINDING_CHECK : FINDING_OK, "mtu",
			    "%u; what its driver takes in native mode is not known here", mtu);
}

static void look_at_queues(struct doctor *doctor, const struct device_state *state)
{
	uint32_t queues = device_rx_queues(&state->device, &state->driver);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct device_driver *driver = &state->driver;
	uint32_t most = driver->combined ? driver->combined_most : driver->rx_most;
	uint32_t wanted = most < (uint32_t)cpus ? most : (uint32_t)cpus;

	if (cpus < 1 || queues >= (uint32_t)cpus || wanted <= queues) {
		doctor_says(doctor, FINDING_OK, "queues",
			    "receives on %u queue%s, with %ld CPU%s here%s", queues,
			    queues == 1 ? "" : "s", cpus, cpus == 1 ? "" : "s",
			    queues < (uint32_t)cpus ? "; the device has no more" : "");
		return;
	}
	doctor_says(doctor, FINDING_WARNING, "queues",
		    "receives on %u queue%s, with %ld CPUs here: so many of them do all the work; "
		    "it could on %u",
		    queues, queues == 1 ? "" : "s", cpus, most);
	doctor_mends(doctor, "ethtool -L %s %s %u", state->device.name,
		     driver->combined ? "combined" : "rx", wanted);
}

static void look_at_hardware_gro(struct doctor *doctor, const struct device_state *state)
{
	const struct device_driver *driver = &state->driver;

	if (!driver->on[OFFLOAD_GRO_HW])
		return;
	doctor_says(doctor, FINDING_WARNING, "gro-hw",
		    "the device joins packets before XDP sees them%s",
		    driver->fixed[OFFLOAD_GRO_HW] ? ", and that cannot be switched off"
						  : "; drivers switch that off or refuse");
	if (!driver->fixed[OFFLOAD_GRO_HW])
		doctor_mends(doctor, "ethtool -K %s rx-gro-hw off", state->device.name);
}

/*
 * What is sent to a veth in native mode is taken by its other end only with NAPI, which
 * GRO or a program there switches on.
 */
static void look_at_veth_receiver(struct doctor *doctor, const struct device_state *state)
{
	const char *peer = state->peer.name;
	bool takes = state->features_known ? (state->features & XDP_TAKES_FRAMES) != 0
					   : state->peer_driver.on[OFFLOAD_GRO];

	if (takes) {
		doctor_says(doctor, FINDING_OK, "sending",
			    "the other end takes frames that XDP sends");
		return;
	}
	if (!state->features_known && !peer[0]) {
		doctor_says(doctor, FINDING_CHECK, "sending",
			    "the other end, in another namespace, takes frames only with GRO on");
		doctor_mends(doctor, "ethtool -K PEER gro on    # there");
		return;
	}
	doctor_says(doctor, FINDING_PROBLEM, "sending",
		    "the other end%s%s%s has neither GRO on nor a program, so that what XDP sends "
		    "to it is lost",
		    peer[0] ? " " : "", peer, peer[0] ? "" : ", in another namespace,");
	doctor_mends(doctor, peer[0] ? "ethtool -K %s gro on" : "ethtool -K %s gro on    # there",
		     peer[0] ? peer : "PEER");
}

/* Between veths a checksum is left unfinished, and XDP sends it on as it is. */
static void look_at_veth_sender(struct doctor *doctor, const struct device_state *state)
{
	const char *peer = state->peer.name;

	if (!peer[0]) {
		doctor_says(doctor, FINDING_CHECK, "checksum",
			    "the other end is in another namespace: what it sends must have its "
			    "checksums finished");
		doctor_mends(doctor, "ethtool -K PEER tx off    # there");
	} else if (state->peer_driver.on[OFFLOAD_TX_CHECKSUM]) {
		doctor_says(doctor, FINDING_WARNING, "checksum",
			    "%s leaves the checksums of what its own node sends unfinished, and "
			    "what XDP sends on arrives with wrong ones",
			    peer);
		doctor_mends(doctor, "ethtool -K %s tx off", peer);
	} else {
		doctor_says(doctor, FINDING_OK, "checksum", "%s finishes its checksums", peer);
	}
}

static bool has_services(const struct doctor *doctor, bool ipv4)
{
	const struct config *config = doctor->is_loaded ? doctor->running.config : NULL;

	for (size_t i = 0; config && i < config->service_count; i++)
		for (size_t j = 0; j < config->services[i].listen_count; j++)
			if (addr_is_ipv4(&config->services[i].listens[j].addr) == ipv4)
				return true;
	return false;
}

/* The kernel answers no route look-up for a device that does not forward. */
static void look_at_forwarding(struct doctor *doctor, const char *device, bool ipv4)
{
	const char *family = ipv4 ? "ipv4" : "ipv6";
	long on = doctor_sysctl("net/%s/conf/%s/forwarding", family, device);

	if (on < 0 || !has_services(doctor, ipv4))
		return;
	if (on) {
		doctor_says(doctor, FINDING_OK, "routing", "%s is forwarded", family);
		return;
	}
	doctor_says(doctor, FINDING_PROBLEM, "routing",
		    "%s is not forwarded: what comes in here for a service reaches no server",
		    family);
	doctor_mends(doctor, "echo 1 >/proc/sys/net/%s/conf/%s/forwarding", family, device);
}

int doctor_device(struct doctor *doctor, const char *device)
{
	struct device_state state;
	int result = device_state_read(&state, device);

	doctor->about = device;
	if (result == -ENODEV) {
		doctor_says(doctor, FINDING_PROBLEM, "link", "there is no such device here");
		doctor_mends(doctor, "ip -br link    # lists them");
		return 0;
	}
	if (result) {
		complain("cannot look at %s: %s", device, strerror(-result));
		return result;
	}
	look_at_driver(doctor, &state);
	look_for_obstacles(doctor, &state);
	look_at_program(doctor, &state);
	look_at_mtu(doctor, &state);
	look_at_queues(doctor, &state);
	look_at_hardware_gro(doctor, &state);
	if (!strcmp(state.device.kind, "veth")) {
		look_at_veth_receiver(doctor, &state);
		look_at_veth_sender(doctor, &state);
	}
	look_at_forwarding(doctor, device, true);
	look_at_forwarding(doctor, device, false);
	return 0;
}
