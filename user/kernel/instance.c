/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opening a loaded instance: folder, lock, ABI, maps. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/instance.h"
#include "kernel/pins.h"
#include "kernel/trial.h"

static const char *const map_names[MAP_COUNT] = {
#define X(name) [MAP_##name] = #name,
	INSTANCE_MAPS(X)
#undef X
};

const char *instance_map_name(enum instance_map map)
{
	return map_names[map];
}

void instance_init(struct instance *instance, const char *name, const char *bpffs)
{
	memset(instance, 0, sizeof(*instance));
	snprintf(instance->name, sizeof(instance->name), "%s", name);
	snprintf(instance->bpffs, sizeof(instance->bpffs), "%s", bpffs);
	snprintf(instance->folder, sizeof(instance->folder), "%s/tierwall/%s", bpffs, name);
	instance->lock = instance->xdp = instance->xdp_trace = -1;
	for (int i = 0; i < MAP_COUNT; i++)
		instance->maps[i] = -1;
}

static int not_loaded(const struct instance *instance)
{
	complain(
		"instance `%s` is not loaded (no %s): run `tierwall load` or `tierwall apply FILE`",
		instance->name, instance->folder);
	return -ENOENT;
}

/*
 * Takes the lock of a folder; the folder that was opened may have been removed
 * while we waited, then the next one of its name counts.
 */
int lock_folder(const char *folder, int operation)
{
	for (;;) {
		struct stat opened, named;
		int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		while (flock(fd, operation) && errno == EINTR)
			;
		if (!fstat(fd, &opened) && !stat(folder, &named) && opened.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
}

static int open_pin(const struct instance *instance, const char *name)
{
	char path[PIN_PATH];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance->folder, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		complain("cannot open %s: %s", path, strerror(errno));
	return fd < 0 ? -errno : fd;
}

static int open_map(struct instance *instance, enum instance_map map)
{
	char name[64];

	snprintf(name, sizeof(name), "maps/%s", map_names[map]);
	instance->maps[map] = open_pin(instance, name);
	return instance->maps[map] < 0 ? instance->maps[map] : 0;
}

static int check_abi(struct instance *instance)
{
	uint32_t zero = 0;
	int result = open_map(instance, MAP_meta);

	if (result)
		return result;
	if (bpf_map_lookup_elem(instance->maps[MAP_meta], &zero, &instance->meta)) {
		result = -errno;
		complain("cannot read %s/maps/meta: %s", instance->folder, strerror(errno));
		return result;
	}
	if (instance->meta.abi == TW_ABI)
		return 0;
	complain("instance `%s` was loaded by tierwall %s with ABI %u, this is %s with ABI %u: use "
		 "that version, or `tierwall unload` with it and apply the configuration with this "
		 "one",
		 instance->name, instance->meta.version, instance->meta.abi, tierwall_version,
		 TW_ABI);
	return -EPROTO;
}

static int open_all(struct instance *instance)
{
	int result = check_abi(instance);

	for (int i = 0; !result && i < MAP_COUNT; i++)
		if (i != MAP_meta)
			result = open_map(instance, i);
	if (result)
		return result;
	instance->xdp = open_pin(instance, "xdp");
	instance->xdp_trace = open_pin(instance, "xdp_trace");
	if (instance->xdp < 0)
		return instance->xdp;
	return instance->xdp_trace < 0 ? instance->xdp_trace : 0;
}

/* Who only reads tidies up after a trial, too, where no writer is at it already. */
static int settle(const struct instance *instance, enum instance_access access)
{
	if (access == INSTANCE_WRITE)
		return trial_settle(instance);
	if (trial_is_unsettled(instance) && !flock(instance->lock, LOCK_EX | LOCK_NB)) {
		trial_settle(instance);
		flock(instance->lock, LOCK_UN);
	}
	return 0;
}

int instance_open(struct instance *out, const char *name, const char *bpffs,
		  enum instance_access access)
{
	int result;

	instance_init(out, name, bpffs);
	if (access == INSTANCE_WRITE) {
		out->lock = lock_folder(out->folder, LOCK_EX);
	} else {
		out->lock = open(out->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (out->lock < 0)
			out->lock = -errno;
	}
	if (out->lock == -ENOENT)
		return not_loaded(out);
	if (out->lock < 0) {
		complain("cannot open %s: %s", out->folder, strerror(-out->lock));
		return out->lock;
	}
	result = open_all(out);
	if (!result)
		result = settle(out, access);
	if (result)
		instance_close(out);
	return result;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void instance_close(struct instance *instance)
{
	for (int i = 0; i < MAP_COUNT; i++)
		close_fd(&instance->maps[i]);
	close_fd(&instance->xdp);
	close_fd(&instance->xdp_trace);
	close_fd(&instance->lock);
}
