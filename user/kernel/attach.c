/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Attaching by pinned links: an update of the program is one step, and nobody
 * removes it by accident (`ip link set dev X xdp off` cannot).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "kernel/obstacles.h"
#include "kernel/pins.h"

/* -- what is attached ------------------------------------------------------------------- */

static void unescape(char *device, size_t size, const char *pin)
{
	size_t at = 0;

	while (*pin && at + 1 < size) {
		unsigned int byte;

		if (*pin == '_' && sscanf(pin + 1, "%2x", &byte) == 1) {
			device[at++] = (char)byte;
			pin += 3;
		} else {
			device[at++] = *pin++;
		}
	}
	device[at] = '\0';
}

static enum interface_mode mode_of(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query((int)ifindex, 0, &query))
		return MODE_AUTO;
	return query.attach_mode == XDP_ATTACHED_SKB ? MODE_GENERIC : MODE_NATIVE;
}

static int read_attachment(struct attachment *attachment, const char *folder, const char *pin)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	int link;

	if (snprintf(attachment->path, sizeof(attachment->path), "%s/%s", folder, pin) >=
	    (int)sizeof(attachment->path))
		return -ENAMETOOLONG;
	unescape(attachment->device, sizeof(attachment->device), pin);
	link = bpf_obj_get(attachment->path);
	if (link < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(link, &info, &size))
		attachment->ifindex = info.xdp.ifindex;
	close(link);
	if (attachment->ifindex)
		attachment->mode = mode_of(attachment->ifindex);
	return 0;
}

static int compare_attachments(const void *a, const void *b)
{
	const struct attachment *left = a, *right = b;

	return strcmp(left->device, right->device);
}

int instance_attachments(const struct instance *instance, struct attachment **out, size_t *count)
{
	char folder[PIN_PATH];
	const struct dirent *entry;
	int result = 0;
	DIR *dir;

	*out = NULL;
	*count = 0;
	snprintf(folder, sizeof(folder), "%s/links", instance->folder);
	dir = opendir(folder);
	if (!dir) {
		result = -errno;
		complain("cannot read %s: %s", folder, strerror(errno));
		return result;
	}
	while (!result && (entry = readdir(dir))) {
		struct attachment *attachment;

		if (entry->d_name[0] == '.')
			continue;
		attachment = config_push(out, count, sizeof(*attachment));
		result = attachment ? read_attachment(attachment, folder, entry->d_name) : -ENOMEM;
	}
	closedir(dir);
	if (result) {
		complain("cannot read the links in %s: %s", folder, strerror(-result));
		free(*out);
		*out = NULL;
		return result;
	}
	if (*count)
		qsort(*out, *count, sizeof(**out), compare_attachments);
	return 0;
}

bool attachments_hold(const struct attachment *attachments, size_t count, uint32_t ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (attachments[i].ifindex == ifindex)
			return true;
	return false;
}

static int find_attachment(const struct instance *instance, const char *device,
			   struct attachment *found)
{
	struct attachment *all;
	size_t count;
	int result = instance_attachments(instance, &all, &count);

	if (result)
		return result;
	result = -ENOENT;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i].device, device)) {
			*found = all[i];
			result = 0;
		}
	free(all);
	return result;
}

/* -- attaching ------------------------------------------------------------------------------ */

static int link_create(const struct instance *instance, uint32_t ifindex, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	int link = bpf_link_create(instance->xdp, (int)ifindex, BPF_XDP, &options);

	return link < 0 ? -errno : link;
}

/* How whatever holds a program is made to let go of it. */
static void say_removal(const char *device, const struct xdp_program *program)
{
	if (program->link)
		complain("`bpftool link detach id %u` removes it, where what put it there does not",
			 program->link);
	else
		complain("`ip link set dev %s xdp%s off` removes it, where what put it there does "
			 "not",
			 device, program->generic ? "generic" : "");
}

static int busy(const char *device, uint32_t ifindex)
{
	struct xdp_program program;

	if (device_xdp_program(ifindex, &program))
		program.id = 0;
	complain("%s has another XDP program (id %u%s%s), and one device takes one", device,
		 program.id, program.name[0] ? ", " : "", program.name);
	if (program.id)
		say_removal(device, &program);
	return -EBUSY;
}

/* What stands in the way of native mode, a line each, and what the driver itself says. */
static void say_obstacles(const struct instance *instance, const char *device)
{
	struct obstacle obstacles[OBSTACLES_MAX];
	struct device_state state;
	size_t count;
	char words[256];

	if (device_state_read(&state, device))
		return;
	if (device_refusal(words, sizeof(words), state.device.ifindex, instance->xdp))
		complain("the kernel says of %s: %s", device, words);
	count = device_obstacles(obstacles, &state);
	for (size_t i = 0; i < count; i++)
		complain("%s: %s%s%s%s", device, obstacles[i].says,
			 obstacles[i].command[0] ? ": `" : "", obstacles[i].command,
			 obstacles[i].command[0] ? "`" : "");
	if (!count)
		complain("`tierwall doctor %s` looks at all that concerns it; `mode generic` works "
			 "on any device, several times slower",
			 device);
}

static int attach_failed(const struct instance *instance, const char *device, int error,
			 enum interface_mode mode)
{
	complain("cannot attach to %s in %s mode: %s", device, mode_name(mode), strerror(-error));
	if (error == -EPERM)
		complain("it takes root, or CAP_BPF and CAP_NET_ADMIN");
	else if (mode == MODE_NATIVE)
		say_obstacles(instance, device);
	return error;
}

/* Why auto got the slower mode: the first thing in the way of native. */
static void note_obstacle(struct attach_result *result, const struct instance *instance,
			  const char *device, int error)
{
	struct obstacle obstacles[OBSTACLES_MAX];
	struct device_state state;
	char words[256] = "";

	if (!device_state_read(&state, device)) {
		if (device_obstacles(obstacles, &state)) {
			snprintf(result->note, sizeof(result->note),
				 "generic mode, which is slower: %s%s%s%s", obstacles[0].says,
				 obstacles[0].command[0] ? ": `" : "", obstacles[0].command,
				 obstacles[0].command[0] ? "`" : "");
			return;
		}
		device_refusal(words, sizeof(words), state.device.ifindex, instance->xdp);
	}
	snprintf(result->note, sizeof(result->note),
		 "generic mode, which is several times slower: its driver refused native mode "
		 "(%s, MTU %u)",
		 words[0] ? words : strerror(-error), state.device.mtu);
}

/* The link in the mode that is asked for; auto tries native first. */
static int attach_in_mode(const struct instance *instance, const char *device, uint32_t ifindex,
			  enum interface_mode mode, struct attach_result *result)
{
	int link = -EINVAL;

	if (mode != MODE_GENERIC) {
		link = link_create(instance, ifindex, XDP_FLAGS_DRV_MODE);
		result->mode = MODE_NATIVE;
		if (link >= 0)
			return link;
		if (link == -EBUSY || link == -EEXIST)
			return busy(device, ifindex);
		if (mode == MODE_NATIVE || link == -EPERM)
			return attach_failed(instance, device, link, MODE_NATIVE);
		note_obstacle(result, instance, device, link);
	}
	link = link_create(instance, ifindex, XDP_FLAGS_SKB_MODE);
	result->mode = MODE_GENERIC;
	if (link == -EBUSY || link == -EEXIST)
		return busy(device, ifindex);
	return link < 0 ? attach_failed(instance, device, link, MODE_GENERIC) : link;
}

static int pin_link(const struct instance *instance, const char *device, int link)
{
	char path[PIN_PATH], pin[64];
	int result = 0;

	pin_name(pin, sizeof(pin), device);
	snprintf(path, sizeof(path), "%s/links/%s", instance->folder, pin);
	if (bpf_obj_pin(link, path)) {
		result = -errno;
		complain("cannot pin %s: %s", path, strerror(errno));
	}
	return result;
}

static bool is_loopback(const char *device)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool loopback = false;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (!ioctl(fd, SIOCGIFFLAGS, &request))
		loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
	close(fd);
	return loopback;
}

/* Is there something to do?  1: no, it is attached as asked. */
static int keep_attachment(const struct instance *instance, const char *device, uint32_t ifindex,
			   enum interface_mode mode, struct attach_result *result)
{
	struct attachment attachment;
	int found = find_attachment(instance, device, &attachment);

	if (found == -ENOENT)
		return 0;
	if (found)
		return found;
	if (attachment.ifindex != ifindex) { /* of a device of that name that is gone */
		unlink(attachment.path);
		return 0;
	}
	if (mode != MODE_AUTO && mode != attachment.mode) {
		complain("%s is attached in %s mode: `tierwall detach %s` first", device,
			 mode_name(attachment.mode), device);
		return MISTAKE;
	}
	result->mode = attachment.mode;
	result->was_attached = true;
	return 0;
}

int device_attach(const struct instance *instance, const char *device, enum interface_mode mode,
		  struct attach_result *result)
{
	uint32_t ifindex = if_nametoindex(device);
	int link, outcome;

	memset(result, 0, sizeof(*result));
	if (!ifindex) {
		complain("there is no device `%s` here: `ip link` lists them", device);
		return MISTAKE;
	}
	if (is_loopback(device)) {
		complain("%s is the loopback device: all that it carries would be martian", device);
		return MISTAKE;
	}
	outcome = keep_attachment(instance, device, ifindex, mode, result);
	if (outcome || result->was_attached)
		return outcome;
	link = attach_in_mode(instance, device, ifindex, mode, result);
	if (link < 0)
		return link;
	outcome = pin_link(instance, device, link);
	close(link); /* the pin holds it; without the pin the device is as it was */
	return outcome;
}

int device_detach(const struct instance *instance, const struct attachment *attachment)
{
	int link = bpf_obj_get(attachment->path), result = 0;
	uint32_t key = attachment->ifindex;

	/* a link may be held elsewhere: detach, do not only forget */
	if (link >= 0) {
		if (attachment->ifindex && bpf_link_detach(link))
			result = -errno;
		close(link);
	}
	if (unlink(attachment->path) && !result)
		result = -errno;
	if (result)
		complain("cannot detach %s: %s", attachment->device, strerror(-result));
	else if (instance->maps[MAP_devices] >= 0)
		bpf_map_delete_elem(instance->maps[MAP_devices], &key);
	return result;
}

void devices_take_back(const struct instance *instance, const struct interface *interfaces,
		       size_t count, const struct attach_result *results)
{
	for (size_t i = 0; i < count; i++) {
		struct attachment attachment;

		if (!results[i].was_attached &&
		    !find_attachment(instance, interfaces[i].name, &attachment))
			device_detach(instance, &attachment);
	}
}

int devices_attach(const struct instance *instance, const struct interface *interfaces,
		   size_t count, struct attach_result *results)
{
	for (size_t i = 0; i < count; i++) {
		int result = device_attach(instance, interfaces[i].name, interfaces[i].mode,
					   &results[i]);

		if (result) {
			devices_take_back(instance, interfaces, i, results);
			return result;
		}
	}
	return 0;
}

/* -- redirect targets -------------------------------------------------------------------------- */

static bool is_fixed_device(const struct config *config, const char *device)
{
	if (!config)
		return false;
	for (size_t i = 0; i < config->tier_count; i++)
		for (size_t j = 0; j < config->tiers[i].server_count; j++)
			if (!strcmp(config->tiers[i].servers[j].device, device))
				return true;
	return false;
}

/* The map `own_macs`: what the node's devices are called by now. */
static void refresh_macs(const struct instance *instance, const struct node_facts *facts)
{
	int map = instance->maps[MAP_own_macs];
	uint64_t key = 0, next;
	const void *from = NULL;

	for (size_t i = 0; i < facts->device_count; i++) {
		uint32_t ifindex = facts->devices[i].ifindex;

		key = 0;
		memcpy(&key, facts->devices[i].mac, sizeof(facts->devices[i].mac));
		if (key)
			bpf_map_update_elem(map, &key, &ifindex, BPF_ANY);
	}
	while (!bpf_map_get_next_key(map, from, &next)) {
		bool stays = false;

		for (size_t i = 0; i < facts->device_count; i++)
			stays |= !memcmp(facts->devices[i].mac, &next,
					 sizeof(facts->devices[i].mac));
		if (!stays) {
			bpf_map_delete_elem(map, &next);
			from = NULL; /* the order may have changed */
			continue;
		}
		key = next;
		from = &key;
	}
}

/*
 * A device takes redirected frames when its driver says so; a kernel that does not
 * tell (before 6.3) is believed of devices that we are attached to.  Anywhere else
 * the kernel's own forwarding takes over.
 */
int devices_refresh(const struct instance *instance, const struct config *config,
		    const struct config *other, const struct node_facts *facts)
{
	struct attachment *attachments;
	size_t count;
	int result = instance_attachments(instance, &attachments, &count);

	refresh_macs(instance, facts);
	for (size_t i = 0; !result && i < facts->device_count; i++) {
		const struct device_fact *device = &facts->devices[i];
		int takes = device->is_loopback ? 0 : device_takes_frames(device->ifindex);
		uint32_t key = device->ifindex;

		if (takes == -ENOTSUP)
			takes = attachments_hold(attachments, count, key);
		if (takes > 0 || is_fixed_device(config, device->name) ||
		    is_fixed_device(other, device->name))
			bpf_map_update_elem(instance->maps[MAP_devices], &key, &key, BPF_ANY);
		else
			bpf_map_delete_elem(instance->maps[MAP_devices], &key);
	}
	free(attachments);
	return result;
}
