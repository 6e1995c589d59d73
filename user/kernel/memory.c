/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/memory.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/image.h"

int memory_create(const char *name, uint32_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), bytes, 1, &options);

	return fd < 0 ? -errno : fd;
}

void *memory_map(int fd, size_t bytes, int protection)
{
	void *memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void *memory_map_run(const int *fds, size_t count, size_t bytes, int protection)
{
	unsigned char *run = mmap(NULL, count * bytes, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (run == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (mmap(run + i * bytes, bytes, protection, MAP_SHARED | MAP_FIXED, fds[i], 0) ==
		    MAP_FAILED) {
			int error = errno;

			munmap(run, count * bytes);
			errno = error;
			return NULL;
		}
	return run;
}

int memory_open(const struct instance *instance, enum instance_map outer, uint32_t index,
		uint32_t *id)
{
	int fd;

	if (bpf_map_lookup_elem(instance->maps[outer], &index, id))
		return -errno;
	fd = bpf_map_get_fd_by_id(*id);
	return fd < 0 ? -errno : fd;
}

/* -- which slots are held --------------------------------------------------------------- */

/* NULL: of `policy`, which has few slots, nothing is noted. */
static uint64_t *held_word(struct tw_control *control, enum instance_map outer, uint32_t index)
{
	if (outer == MAP_sets && index < TW_SET_SLOTS)
		return (uint64_t *)&control->held_sets[index / 64];
	if (outer == MAP_chunks && index < TW_CHUNKS)
		return (uint64_t *)&control->held_chunks[index / 64];
	return NULL;
}

bool memory_is_held(const struct tw_control *control, enum instance_map outer, uint32_t index)
{
	const uint64_t *word = held_word((struct tw_control *)control, outer, index);

	return word && *word >> index % 64 & 1;
}

static int hold(const struct instance *instance, enum instance_map outer, const uint32_t *indices,
		uint32_t count, bool held)
{
	struct tw_control *control = control_map(instance);

	if (!control)
		return -errno;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *word = held_word(control, outer, indices[i]);

		if (word && held)
			*word |= 1ull << indices[i] % 64;
		else if (word)
			*word &= ~(1ull << indices[i] % 64);
	}
	control_unmap(control);
	return 0;
}

/* -- placing --------------------------------------------------------------------------- */

/* One call; one by one where the kernel has none for many. */
static int store_all(int outer, const uint32_t *indices, const uint32_t *fds, uint32_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t stored = count;

	if (!count || !bpf_map_update_batch(outer, indices, fds, &stored, &options))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (bpf_map_update_elem(outer, &indices[i], &fds[i], BPF_ANY))
			return -errno;
	return 0;
}

int placer_finish(struct placer *placer)
{
	int result = hold(placer->instance, placer->outer, placer->indices, placer->count, true);

	if (!result)
		result = store_all(placer->instance->maps[placer->outer], placer->indices,
				   placer->fds, placer->count);
	for (uint32_t i = 0; i < placer->count; i++)
		close((int)placer->fds[i]);
	placer->count = 0;
	return result;
}

int placer_put(struct placer *placer, uint32_t index, int fd)
{
	placer->indices[placer->count] = index;
	placer->fds[placer->count++] = (uint32_t)fd;
	return placer->count < PLACER_ROOM ? 0 : placer_finish(placer);
}

/* -- giving back ------------------------------------------------------------------------- */

static uint32_t outer_length(enum instance_map outer)
{
	if (outer == MAP_sets)
		return TW_SET_SLOTS;
	return outer == MAP_chunks ? TW_CHUNKS : 0;
}

static int open_empty(const struct instance *instance, enum instance_map outer)
{
	uint32_t last = outer_length(outer) - 1, id;
	int fd = memory_open(instance, outer, last, &id);

	if (fd != -ENOENT)
		return fd;
	fd = memory_create("empty", outer == MAP_sets ? TW_SET_BYTES : TW_CHUNK_BYTES);
	if (fd >= 0 && bpf_map_update_elem(instance->maps[outer], &last, &fd, BPF_ANY)) {
		close(fd);
		return -errno;
	}
	return fd;
}

#define FEW 2u /* are deleted one by one */

/* Those that hold something unused. */
static uint32_t find_unused(const struct instance *instance, enum instance_map outer,
			    const bool *used, uint32_t count, uint32_t *indices)
{
	struct tw_control *control = control_map(instance);
	uint32_t unused = 0, id;

	for (uint32_t i = 0; control && i < count; i++) {
		if (used[i])
			continue;
		if (outer == MAP_policy ? !bpf_map_lookup_elem(instance->maps[outer], &i, &id)
					: memory_is_held(control, outer, i))
			indices[unused++] = i;
	}
	control_unmap(control);
	return unused;
}

void memory_release(const struct instance *instance, enum instance_map outer, const bool *used,
		    uint32_t count)
{
	uint32_t *indices = calloc(count + 1, sizeof(*indices)), *fds = NULL, unused = 0;
	int map = instance->maps[outer], fd = -1, result = 0;

	if (indices)
		unused = find_unused(instance, outer, used, count, indices);
	if (unused > FEW && outer_length(outer))
		fd = open_empty(instance, outer);
	if (fd >= 0)
		fds = calloc(unused, sizeof(*fds));
	for (uint32_t i = 0; i < unused; i++) {
		if (fds)
			fds[i] = (uint32_t)fd;
		else if (bpf_map_delete_elem(map, &indices[i]) && errno != ENOENT)
			result = -errno;
	}
	if (fds)
		result = store_all(map, indices, fds, unused);
	if (unused && !result)
		hold(instance, outer, indices, unused, false);
	if (fd >= 0)
		close(fd);
	free(fds);
	free(indices);
}
