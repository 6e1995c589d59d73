/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loading, updating and unloading the programs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"
#include "kernel/neighbours.h"
#include "kernel/pins.h"
#include "kernel/trial.h"
#include "tierwall.skel.h"

/* The last lines that libbpf said: shown only when the load fails. */
static char libbpf_words[4096];

static int keep_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t used = strlen(libbpf_words);

	if (level == LIBBPF_DEBUG)
		return 0;
	if (used > sizeof(libbpf_words) / 2)
		used = 0;
	return vsnprintf(libbpf_words + used, sizeof(libbpf_words) - used, format, arguments);
}

/* The resolution of the coarse clocks is one jiffy. */
static uint32_t jiffies_per_second(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_nsec <= 0)
		return 250;
	return (uint32_t)((1000000000L + tick.tv_nsec / 2) / tick.tv_nsec);
}

static struct tierwall_bpf *open_skeleton(void)
{
	struct tierwall_bpf *skeleton;

	libbpf_words[0] = '\0';
	libbpf_set_print(keep_words);
	skeleton = tierwall_bpf__open();
	if (!skeleton)
		complain("cannot read the BPF object: %s", strerror(errno));
	else
		skeleton->rodata->hz = jiffies_per_second();
	if (skeleton)
		skeleton->rodata->jiffy_ns = 1000000000 / skeleton->rodata->hz;
	return skeleton;
}

static int load_skeleton(struct tierwall_bpf *skeleton)
{
	int result = tierwall_bpf__load(skeleton);

	if (!result)
		return 0;
	complain("the kernel refused the program: %s", strerror(-result));
	if (result == -EPERM)
		complain("it takes root, or CAP_BPF and CAP_NET_ADMIN");
	fputs(libbpf_words, stderr);
	return result;
}

int program_try(const char **words)
{
	struct tierwall_bpf *skeleton = open_skeleton();
	int result = skeleton ? tierwall_bpf__load(skeleton) : -errno;

	tierwall_bpf__destroy(skeleton);
	*words = libbpf_words;
	return result;
}

static struct bpf_map *skeleton_map(const struct tierwall_bpf *skeleton, enum instance_map map)
{
	return bpf_object__find_map_by_name(skeleton->obj, instance_map_name(map));
}

/* -- a new instance --------------------------------------------------------------------- */

static int write_meta(int fd)
{
	struct tw_meta meta = {.abi = TW_ABI, .loaded = (uint64_t)time(NULL)};
	uint32_t zero = 0;

	snprintf(meta.version, sizeof(meta.version), "%s", tierwall_version);
	return bpf_map_update_elem(fd, &zero, &meta, BPF_ANY) ? -errno : 0;
}

static int read_meta(const struct instance *instance, struct tw_meta *meta)
{
	char path[PIN_PATH];
	uint32_t zero = 0;
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/maps/meta", instance->folder);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, meta))
		result = -errno;
	if (fd >= 0)
		close(fd);
	return result;
}

/* The policy before any apply: no services, no tiers, everything passes. */
static int write_empty_policy(const struct instance *instance)
{
	struct diagnostic diagnostic = {0};
	struct compiled compiled = {0};
	struct config *config = NULL;
	struct node_facts facts = {0};
	int result = config_new(&config, "load");

	if (!result)
		result = policy_compile(&compiled, config, NULL, &facts, &diagnostic);
	if (!result)
		result = policy_commit(instance, &compiled);
	diagnostic_free(&diagnostic);
	compiled_free(&compiled);
	config_free(config);
	return result;
}

static int pin_one(int fd, const char *folder, const char *name)
{
	char path[PIN_PATH];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

static int pin_all(const struct tierwall_bpf *skeleton, const char *folder)
{
	char below[PIN_PATH + 8];
	int result;

	snprintf(below, sizeof(below), "%s/links", folder);
	if (mkdir(folder, 0700) || mkdir(below, 0700))
		return -errno;
	snprintf(below, sizeof(below), "%s/maps", folder);
	if (mkdir(below, 0700))
		return -errno;
	for (int i = 0; i < MAP_COUNT; i++) {
		result = pin_one(bpf_map__fd(skeleton_map(skeleton, i)), below,
				 instance_map_name(i));
		if (result)
			return result;
	}
	result = pin_one(bpf_program__fd(skeleton->progs.xdp_trace), folder, "xdp_trace");
	return result ? result : pin_one(bpf_program__fd(skeleton->progs.xdp), folder, "xdp");
}

/* Pins under another name and renames: the instance is there whole or not at all. */
static int publish(const struct tierwall_bpf *skeleton, const struct instance *instance)
{
	char staged[PIN_PATH];
	int result;

	snprintf(staged, sizeof(staged), "%s/tierwall/~%s", instance->bpffs, instance->name);
	pins_remove(staged);
	result = pin_all(skeleton, staged);
	if (!result && rename(staged, instance->folder))
		result = -errno;
	if (!result)
		return 0;
	complain("cannot pin instance `%s` at %s: %s", instance->name, instance->folder,
		 strerror(-result));
	pins_remove(staged);
	return result;
}

static int load_new(const struct instance *named)
{
	struct tierwall_bpf *skeleton = open_skeleton();
	struct instance instance = *named;
	int result;

	if (!skeleton)
		return -ENOEXEC;
	result = load_skeleton(skeleton);
	for (int i = 0; !result && i < MAP_COUNT; i++)
		instance.maps[i] = bpf_map__fd(skeleton_map(skeleton, i));
	if (!result)
		result = write_meta(instance.maps[MAP_meta]);
	if (!result)
		result = write_empty_policy(&instance);
	if (!result)
		result = publish(skeleton, &instance);
	tierwall_bpf__destroy(skeleton);
	return result;
}

/* -- another version of the programs over the same maps -------------------------------- */

static int reuse_maps(const struct tierwall_bpf *skeleton, const struct instance *instance)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		int result = bpf_map__reuse_fd(skeleton_map(skeleton, i), instance->maps[i]);

		if (result) {
			complain("cannot take over map %s: %s", instance_map_name(i),
				 strerror(-result));
			return result;
		}
	}
	return 0;
}

/* Points every link at `program`; what cannot be updated goes back to the one before. */
static int update_links(const struct instance *instance, int program)
{
	struct attachment *attachments;
	size_t count, done;
	int result = instance_attachments(instance, &attachments, &count);

	if (result)
		return result;
	for (done = 0; !result && done < count; done++) {
		int link = bpf_obj_get(attachments[done].path);

		if (link < 0 || !attachments[done].ifindex)
			continue; /* the device is gone */
		if (bpf_link_update(link, program, NULL)) {
			result = -errno;
			complain("cannot update the program of %s: %s", attachments[done].device,
				 strerror(errno));
		}
		close(link);
	}
	for (size_t i = 0; result && i + 1 < done; i++) {
		int link = bpf_obj_get(attachments[i].path);

		if (link >= 0) {
			bpf_link_update(link, instance->xdp, NULL);
			close(link);
		}
	}
	free(attachments);
	return result;
}

static int replace_pin(const struct instance *instance, const char *name, int fd)
{
	char path[PIN_PATH], staged[PIN_PATH];
	int result;

	snprintf(path, sizeof(path), "%s/%s", instance->folder, name);
	snprintf(staged, sizeof(staged), "%s/~%s", instance->folder, name);
	unlink(staged);
	if (bpf_obj_pin(fd, staged) || rename(staged, path)) {
		result = -errno;
		complain("cannot pin %s: %s", path, strerror(-result));
		unlink(staged);
		return result;
	}
	return 0;
}

static int update(const struct instance *instance)
{
	struct tierwall_bpf *skeleton = open_skeleton();
	int result;

	if (!skeleton)
		return -ENOEXEC;
	result = reuse_maps(skeleton, instance);
	if (!result)
		result = load_skeleton(skeleton);
	if (!result)
		result = update_links(instance, bpf_program__fd(skeleton->progs.xdp));
	if (!result)
		result = replace_pin(instance, "xdp_trace",
				     bpf_program__fd(skeleton->progs.xdp_trace));
	if (!result)
		result = replace_pin(instance, "xdp", bpf_program__fd(skeleton->progs.xdp));
	tierwall_bpf__destroy(skeleton);
	return result;
}

/* -- the three that commands call --------------------------------------------------------- */

/* The lock of the folder above all instances orders loads and unloads. */
static int lock_all(const char *bpffs)
{
	char folder[PIN_PATH];
	int result;

	snprintf(folder, sizeof(folder), "%s/tierwall", bpffs);
	do { /* the last unload removes the folder */
		result = pins_prepare(bpffs);
		if (result)
			return result;
		result = lock_folder(folder, LOCK_EX);
	} while (result == -ENOENT);
	if (result < 0)
		complain("cannot lock %s: %s", folder, strerror(-result));
	return result;
}

static bool is_loaded(const struct instance *instance)
{
	struct stat info;

	return !stat(instance->folder, &info);
}

int instance_load(const char *name, const char *bpffs)
{
	int lock = lock_all(bpffs), result;
	struct instance instance;

	if (lock < 0)
		return lock;
	instance_init(&instance, name, bpffs);
	if (!is_loaded(&instance)) {
		result = load_new(&instance);
		close(lock);
		return result ? result : LOAD_NEW;
	}
	result = instance_open(&instance, name, bpffs, INSTANCE_WRITE);
	if (!result) {
		result = update(&instance);
		instance_close(&instance);
	}
	close(lock);
	return result ? result : LOAD_UPDATED;
}

int instance_open_or_load(struct instance *out, const char *name, const char *bpffs, bool *loaded)
{
	int lock = lock_all(bpffs), result = 0;

	if (lock < 0)
		return lock;
	instance_init(out, name, bpffs);
	*loaded = !is_loaded(out);
	if (*loaded)
		result = load_new(out);
	if (!result)
		result = instance_open(out, name, bpffs, INSTANCE_WRITE);
	close(lock);
	return result;
}

/*
 * The kernel need not keep the servers' link addresses fresh any more, and nothing is left
 * that a trial could go back to.
 */
static void forget_policy(const char *name, const char *bpffs)
{
	struct diagnostic ignored = {0};
	struct config *config = NULL;
	struct instance instance;
	struct image image;

	if (instance_open(&instance, name, bpffs, INSTANCE_READ))
		return;
	trial_forget(&instance);
	if (!image_open(&image, &instance)) {
		config = image_config(&image, &ignored);
		image_close(&image);
	}
	instance_close(&instance);
	if (config)
		neighbours_follow(config, NULL);
	config_free(config);
	diagnostic_free(&ignored);
}

static void detach_all(const struct instance *instance)
{
	struct attachment *attachments;
	size_t count;

	if (instance_attachments(instance, &attachments, &count))
		return;
	for (size_t i = 0; i < count; i++)
		device_detach(instance, &attachments[i]);
	free(attachments);
}

int instance_unload(const char *name, const char *bpffs)
{
	int lock = lock_all(bpffs), result;
	struct instance instance;
	struct tw_meta meta = {0};
	char gone[PIN_PATH];

	if (lock < 0)
		return lock;
	instance_init(&instance, name, bpffs);
	if (!is_loaded(&instance)) {
		complain("instance `%s` is not loaded: nothing to unload", name);
		close(lock);
		return MISTAKE;
	}
	/* pins of any version can be removed, but only of this one be read */
	instance.lock = lock_folder(instance.folder, LOCK_EX);
	if (read_meta(&instance, &meta) == 0 && meta.abi == TW_ABI)
		forget_policy(name, bpffs);
	detach_all(&instance);
	snprintf(gone, sizeof(gone), "%s/tierwall/~%s", bpffs, name);
	pins_remove(gone);
	result = rename(instance.folder, gone) ? -errno : pins_remove(gone);
	if (result)
		complain("cannot remove %s: %s", instance.folder, strerror(-result));
	instance_close(&instance);
	snprintf(gone, sizeof(gone), "%s/tierwall", bpffs);
	rmdir(gone); /* stays where another instance is */
	close(lock);
	return result;
}
