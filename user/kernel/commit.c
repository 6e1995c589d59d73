/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making a policy live.  Everything is built aside: sets get tries of their own at
 * indices that the live image does not use, new counters start at zero, image and
 * chunks get maps of their own.  Then one store makes all of it live, and what no
 * policy uses any more is given back.  Whatever fails before the store leaves no trace.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"

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

/* -- what the policies that stay use ------------------------------------------------------------------ */

struct used {
	bool policies[TW_POLICIES];
	bool sets[TW_SETS];
	bool chunks[TW_CHUNKS];
};

static void use_policy(struct used *used, const struct instance *instance, uint32_t slot)
{
	struct image image;
	const struct tw_set_map *maps;

	if (slot >= TW_POLICIES || image_open_slot(&image, instance, slot))
		return;
	used->policies[slot] = true;
	maps = IMAGE_SECTION(image.policy, struct tw_set_map, set_maps);
	for (uint32_t i = 0; i < image.policy->set_maps.count; i++)
		if (maps[i].index < TW_SETS)
			used->sets[maps[i].index] = true;
	for (uint32_t i = 0; i < image.policy->chunks; i++)
		if (image.policy->chunk + i < TW_CHUNKS)
			used->chunks[image.policy->chunk + i] = true;
	image_close(&image);
}

/* What the live policy uses, and the one that a trial goes back to. */
static int find_used(struct used *used, const struct instance *instance)
{
	struct tw_control *control = control_map(instance);

	memset(used, 0, sizeof(*used));
	if (!control)
		return -errno;
	use_policy(used, instance, control->live);
	if (control->revert_at)
		use_policy(used, instance, control->previous);
	control_unmap(control);
	return 0;
}

static void release(int map, const bool *used, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t id;

		if (!used[i] && !bpf_map_lookup_elem(map, &i, &id))
			bpf_map_delete_elem(map, &i);
	}
}

/*
 * Until every packet is done that has read which slot is live, but not fetched the image
 * yet.  The kernel waits for that after a store into a map of maps: the live image is
 * stored where it stands.
 */
static void wait_for_packets(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	uint32_t slot, id;
	int image;

	if (!control)
		return;
	slot = control->live;
	control_unmap(control);
	if (bpf_map_lookup_elem(instance->maps[MAP_policy], &slot, &id))
		return;
	image = bpf_map_get_fd_by_id(id);
	if (image < 0)
		return;
	bpf_map_update_elem(instance->maps[MAP_policy], &slot, &image, BPF_EXIST);
	close(image);
}

static bool has_unused(const struct instance *instance, const struct used *used)
{
	uint32_t id;

	for (uint32_t i = 0; i < TW_POLICIES; i++)
		if (!used->policies[i] && !bpf_map_lookup_elem(instance->maps[MAP_policy], &i, &id))
			return true;
	return false;
}

/*
 * Gives back what no policy uses: of the one before, or of a commit that was killed.
 * Images go first: to delete one waits for the packets that may still use it.
 */
void policy_release(const struct instance *instance)
{
	struct used *used = malloc(sizeof(*used));

	if (used && !find_used(used, instance)) {
		if (has_unused(instance, used))
			wait_for_packets(instance);
		release(instance->maps[MAP_policy], used->policies, TW_POLICIES);
		release(instance->maps[MAP_sets], used->sets, TW_SETS);
		release(instance->maps[MAP_chunks], used->chunks, TW_CHUNKS);
	}
	free(used);
}

/* The first run of `wanted` free elements, TW_NONE32: there is none. */
static uint32_t free_run(const bool *used, uint32_t count, uint32_t wanted)
{
	for (uint32_t i = 0, run = 0; i < count; i++) {
		run = used[i] ? 0 : run + 1;
		if (run >= wanted)
			return i + 1 - run;
	}
	return TW_NONE32;
}

/* -- the commit ---------------------------------------------------------------------------------------- */

static int failed(const char *what, int error)
{
	complain("cannot %s: %s; the running configuration is as it was", what, strerror(-error));
	if (error == -EPERM)
		complain("it takes root, or CAP_BPF and CAP_NET_ADMIN");
	return error;
}

static int store_image(const struct instance *instance, const struct compiled *compiled,
		       uint32_t *slot)
{
	struct tw_control *control = control_map(instance);
	struct used *used = malloc(sizeof(*used));
	int result = control && used ? find_used(used, instance) : -ENOMEM;
	uint32_t chunk;

	if (!result) {
		*slot = free_run(used->policies, TW_POLICIES, 1);
		chunk = free_run(used->chunks, TW_CHUNKS, arena_chunks(&compiled->arena));
		if (*slot == TW_NONE32 || chunk == TW_NONE32)
			result = -ENOSPC;
	}
	if (!result)
		result = image_store(instance, compiled, *slot, chunk,
				     __atomic_add_fetch(&control->generation, 1, __ATOMIC_ACQ_REL));
	free(used);
	control_unmap(control);
	return result;
}

int policy_prepare(const struct instance *instance, const struct compiled *compiled, uint32_t *slot)
{
	int result;

	policy_release(instance);
	result = fill_sets(instance, compiled);
	if (result)
		return failed("fill the sets", result);
	result = zero_counters(instance, &compiled->fresh);
	if (result)
		return failed("prepare the counters", result);
	result = limits_reset(instance, &compiled->fresh);
	if (result)
		return failed("prepare the limits", result);
	result = store_image(instance, compiled, slot);
	return result ? failed("make the policy image", result) : 0;
}

int policy_publish(const struct instance *instance, uint32_t slot)
{
	struct tw_control *control = control_map(instance);

	if (!control)
		return failed("make the policy live", -errno);
	control->reverted_at = 0;
	__atomic_store_n(&control->live, slot, __ATOMIC_RELEASE);
	control_unmap(control);
	policy_release(instance);
	return 0;
}

int policy_commit(const struct instance *instance, const struct compiled *compiled)
{
	uint32_t slot;
	int result = policy_prepare(instance, compiled, &slot);

	return result ? result : policy_publish(instance, slot);
}
