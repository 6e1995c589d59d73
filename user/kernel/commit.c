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
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"
#include "kernel/memory.h"
#include "kernel/sets.h"

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

/* -- what the policies that stay use ------------------------------------------------------------------ */

struct used {
	bool policies[TW_POLICIES];
	bool sets[TW_SET_SLOTS];
	bool chunks[TW_CHUNKS];
};

static void use_chunks(struct used *used, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count && first + i < TW_CHUNKS; i++)
		used->chunks[first + i] = true;
}

static void use_policy(struct used *used, const struct instance *instance, uint32_t slot)
{
	struct image image;
	const struct tw_set_map *maps;

	if (slot >= TW_POLICIES || image_open_bare(&image, instance, slot))
		return;
	used->policies[slot] = true;
	maps = IMAGE_SECTION(image.policy, struct tw_set_map, set_maps);
	for (uint32_t i = 0; i < image.policy->set_maps.count; i++) {
		if (maps[i].index < TW_SET_SLOTS)
			used->sets[maps[i].index] = true;
		use_chunks(used, maps[i].chunk, maps[i].chunks);
	}
	use_chunks(used, image.policy->chunk, image.policy->chunks);
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
		memory_release(instance, MAP_policy, used->policies, TW_POLICIES);
		memory_release(instance, MAP_sets, used->sets, TW_SET_SLOTS - 1);
		memory_release(instance, MAP_chunks, used->chunks, TW_CHUNKS - 1);
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

/* -- sets ------------------------------------------------------------------------------------------ */

/* Where the sets of a new policy go. */
struct filling {
	const struct instance *instance;
	struct used *used;
	struct placer heads, chunks;
};

/* Finds a run for the chunks and hands all maps on. */
static int place_set(struct filling *filling, struct made_set *made, struct tw_set_map *row)
{
	uint32_t chunk = 0;
	int result = 0;

	if (made->chunk_count) {
		chunk = free_run(filling->used->chunks, TW_CHUNKS - 1, made->chunk_count);
		if (chunk == TW_NONE32)
			return -ENOSPC;
		made->memory->chunk = chunk;
	}
	row->chunk = chunk;
	row->chunks = made->chunk_count;
	use_chunks(filling->used, chunk, made->chunk_count);
	while (!result && made->given < made->chunk_count) {
		uint32_t i = made->given++;

		result = placer_put(&filling->chunks, chunk + i, made->chunks[i]);
	}
	if (!result) {
		result = placer_put(&filling->heads, row->index, made->head);
		made->head = -1;
	}
	return result;
}

/* What expires in the set that this one follows goes on. */
static int make_set(struct made_set *made, const struct instance *instance,
		    const struct compiled_set *set)
{
	struct prefix *kept = NULL;
	size_t kept_count = 0;
	struct open_set before;
	int result = 0;

	if (set->before) {
		result = set_open(&before, instance, set->before, PROT_READ);
		if (result)
			return result;
		result = set_read_expiring(&before, &kept, &kept_count);
		set_close(&before);
	}
	if (!result) {
		const struct set_source sources[SET_SOURCES] = {
			{set->items, set->count, seconds_now() + 1, false},
			{kept, kept_count, 0, !set->edited},
		};

		result = set_make(made, sources);
	}
	free(kept);
	return result;
}

static int fill_sets(const struct instance *instance, const struct compiled *compiled,
		     struct used *used)
{
	struct filling filling = {
		.instance = instance,
		.used = used,
		.heads = {.instance = instance, .outer = MAP_sets},
		.chunks = {.instance = instance, .outer = MAP_chunks},
	};
	const struct tw_policy *image = (const void *)compiled->image;
	struct tw_set_map *rows = (void *)(compiled->image + image->set_maps.offset);
	int result = 0, placed;

	for (size_t i = 0; !result && i < compiled->set_count; i++) {
		const struct compiled_set *set = &compiled->sets[i];
		struct made_set made;

		result = make_set(&made, instance, set);
		if (result)
			break;
		result = place_set(&filling, &made, &rows[set->row]);
		made_set_free(&made);
	}
	placed = placer_finish(&filling.chunks);
	if (!result)
		result = placed;
	placed = placer_finish(&filling.heads);
	return result ? result : placed;
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
		       struct used *used, uint32_t *slot)
{
	struct tw_control *control = control_map(instance);
	uint32_t chunk;
	int result;

	if (!control)
		return -errno;
	*slot = free_run(used->policies, TW_POLICIES, 1);
	chunk = free_run(used->chunks, TW_CHUNKS - 1, arena_chunks(&compiled->arena));
	if (*slot == TW_NONE32 || chunk == TW_NONE32)
		result = -ENOSPC;
	else
		result = image_store(instance, compiled, *slot, chunk,
				     __atomic_add_fetch(&control->generation, 1, __ATOMIC_ACQ_REL));
	control_unmap(control);
	return result;
}

static int prepare(const struct instance *instance, const struct compiled *compiled,
		   struct used *used, uint32_t *slot)
{
	int result = find_used(used, instance);

	if (!result)
		result = fill_sets(instance, compiled, used);
	if (result)
		return failed("fill the sets", result);
	result = zero_counters(instance, &compiled->fresh);
	if (result)
		return failed("prepare the counters", result);
	result = limits_reset(instance, &compiled->fresh);
	if (result)
		return failed("prepare the limits", result);
	result = named_add(instance, compiled);
	if (result)
		return failed("tell the data path of the addresses", result);
	result = store_image(instance, compiled, used, slot);
	return result ? failed("make the policy image", result) : 0;
}

int policy_prepare(const struct instance *instance, const struct compiled *compiled, uint32_t *slot)
{
	struct used *used = malloc(sizeof(*used));
	int result;

	if (!used)
		return failed("make the policy", -ENOMEM);
	policy_release(instance);
	result = prepare(instance, compiled, used, slot);
	free(used);
	if (result)
		policy_release(instance);
	return result;
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
	uint32_t slot = TW_NONE32;
	int result = policy_prepare(instance, compiled, &slot);

	return result ? result : policy_publish(instance, slot);
}
