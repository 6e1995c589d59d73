/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making a policy live.  Everything is built aside: sets get tries of their own at
 * indices that the live image does not use, new counters start at zero, the image
 * gets a map of its own.  Then one store makes all of it live, and what no image
 * uses any more is given back.  Whatever fails before the store leaves no trace.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"

/* -- images -------------------------------------------------------------------------------- */

struct tw_policy *image_map(int fd, int protection)
{
	void *image = mmap(NULL, TW_IMAGE_BYTES, protection, MAP_SHARED, fd, 0);

	return image == MAP_FAILED ? NULL : image;
}

void image_unmap(const struct tw_policy *image)
{
	if (image)
		munmap((void *)image, TW_IMAGE_BYTES);
}

int image_open_live(const struct instance *instance)
{
	uint32_t zero = 0, id;
	int fd;

	if (bpf_map_lookup_elem(instance->maps[MAP_policy], &zero, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int image_create(const void *bytes, size_t length)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "policy_image", sizeof(uint32_t),
				TW_IMAGE_BYTES, 1, &options);
	struct tw_policy *image;

	if (fd < 0)
		return -errno;
	image = image_map(fd, PROT_READ | PROT_WRITE);
	if (!image) {
		int result = -errno;

		close(fd);
		return result;
	}
	memcpy(image, bytes, length);
	image_unmap(image);
	return fd;
}

/* -- counters ---------------------------------------------------------------------------------- */

static int zero_counters(const struct instance *instance, const struct fresh_ids *fresh)
{
	int cpus = libbpf_num_possible_cpus();
	struct tw_counter *zeros;
	int result = 0;

	if (cpus < 0)
		return cpus;
	zeros = calloc((size_t)cpus, sizeof(*zeros));
	if (!zeros)
		return -ENOMEM;
	for (size_t i = 0; !result && i < fresh->count; i++)
		if (bpf_map_update_elem(instance->maps[MAP_counters], &fresh->items[i], zeros,
					BPF_ANY))
			result = -errno;
	free(zeros);
	return result;
}

/* -- sets ------------------------------------------------------------------------------------------ */

static bool image_uses_set(const struct tw_policy *image, uint32_t index)
{
	const struct tw_set_map *maps = IMAGE_SECTION(image, struct tw_set_map, set_maps);

	for (uint32_t i = 0; i < image->set_maps.count; i++)
		if (maps[i].index == index)
			return true;
	return false;
}

/* Tries that no image refers to: of the policy before, or of a commit that was killed. */
static void release_sets(const struct instance *instance, const struct tw_policy *image)
{
	for (uint32_t i = 0; i < TW_SETS; i++) {
		uint32_t id;

		if (bpf_map_lookup_elem(instance->maps[MAP_sets], &i, &id) ||
		    image_uses_set(image, i))
			continue;
		bpf_map_delete_elem(instance->maps[MAP_sets], &i);
	}
}

/* One call for all of them: each store into a map of maps waits for the packets under way. */
static int store_sets(const struct instance *instance, uint32_t *indices, uint32_t *tries,
		      size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t stored = (uint32_t)count;

	if (!count)
		return 0;
	if (!bpf_map_update_batch(instance->maps[MAP_sets], indices, tries, &stored, &options))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(instance->maps[MAP_sets], &indices[i], &tries[i], BPF_ANY))
			return -errno;
	return 0;
}

static int fill_sets(const struct instance *instance, const struct compiled *compiled)
{
	uint32_t *indices = calloc(compiled->set_count + 1, sizeof(*indices));
	uint32_t *tries = calloc(compiled->set_count + 1, sizeof(*tries));
	size_t made = 0;
	int result = indices && tries ? 0 : -ENOMEM;

	while (!result && made < compiled->set_count) {
		const struct compiled_set *set = &compiled->sets[made];
		int trie = set_create(set->items, set->count);

		if (trie < 0) {
			result = trie;
			break;
		}
		indices[made] = set->index;
		tries[made++] = (uint32_t)trie;
	}
	if (!result)
		result = store_sets(instance, indices, tries, made);
	for (size_t i = 0; i < made; i++) {
		close((int)tries[i]);
		if (result)
			bpf_map_delete_elem(instance->maps[MAP_sets], &indices[i]);
	}
	free(indices);
	free(tries);
	return result;
}

/* -- the commit ---------------------------------------------------------------------------------------- */

static int failed(const char *what, int error)
{
	complain("cannot %s: %s; the running configuration is as it was", what, strerror(-error));
	if (error == -EPERM)
		complain("it takes root, or CAP_BPF and CAP_NET_ADMIN");
	return error;
}

int policy_commit(const struct instance *instance, const struct compiled *compiled)
{
	const struct tw_policy *image = (const void *)compiled->image;
	uint32_t zero = 0;
	int map, result = fill_sets(instance, compiled);

	if (result)
		return failed("fill the sets", result);
	result = zero_counters(instance, &compiled->fresh);
	if (result)
		return failed("prepare the counters", result);
	map = image_create(compiled->image, compiled->length);
	if (map < 0)
		return failed("make the policy image", map);
	if (bpf_map_update_elem(instance->maps[MAP_policy], &zero, &map, BPF_ANY)) {
		result = -errno;
		close(map);
		return failed("make the policy live", result);
	}
	close(map);
	release_sets(instance, image);
	return 0;
}
