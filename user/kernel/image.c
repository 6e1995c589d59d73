/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/image.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/trial.h"

/* -- maps as memory ------------------------------------------------------------------------- */

static void *map_memory_of(int fd, size_t length, int protection)
{
	void *memory = mmap(NULL, length, protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t control_length(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

struct tw_control *control_map(const struct instance *instance)
{
	return map_memory_of(instance->maps[MAP_control], control_length(), PROT_READ | PROT_WRITE);
}

void control_unmap(struct tw_control *control)
{
	if (control)
		munmap(control, control_length());
}

/* -- reading ---------------------------------------------------------------------------------- */

static int open_inner(const struct instance *instance, enum instance_map map, uint32_t index,
		      uint32_t *id)
{
	int fd;

	if (bpf_map_lookup_elem(instance->maps[map], &index, id))
		return -errno;
	fd = bpf_map_get_fd_by_id(*id);
	return fd < 0 ? -errno : fd;
}

/* One piece of the text, as far as it lies in this chunk. */
static int read_chunk(const struct instance *instance, uint32_t slot, size_t at, char *to,
		      size_t length)
{
	uint32_t id;
	int fd = open_inner(instance, MAP_chunks, slot, &id), result = 0;
	char *chunk;

	if (fd < 0)
		return fd;
	chunk = map_memory_of(fd, TW_CHUNK_BYTES, PROT_READ);
	if (chunk) {
		memcpy(to, chunk + at, length);
		munmap(chunk, TW_CHUNK_BYTES);
	} else {
		result = -errno;
	}
	close(fd);
	return result;
}

static int read_text(struct image *image, const struct instance *instance)
{
	const struct tw_section *text = &image->policy->text;
	size_t at = (size_t)text->offset * 8;
	int result = 0;

	image->text = malloc((size_t)text->count + 1);
	if (!image->text)
		return -ENOMEM;
	for (size_t done = 0; !result && done < text->count;) {
		size_t within = (at + done) % TW_CHUNK_BYTES, some = TW_CHUNK_BYTES - within;
		uint32_t slot = image->policy->chunk + (uint32_t)((at + done) / TW_CHUNK_BYTES);

		if (some > text->count - done)
			some = text->count - done;
		result = read_chunk(instance, slot, within, image->text + done, some);
		done += some;
	}
	image->text[text->count] = '\0';
	return result;
}

int image_open_slot(struct image *out, const struct instance *instance, uint32_t slot)
{
	uint32_t id_after;
	int fd, result;

	memset(out, 0, sizeof(*out));
	out->slot = slot;
	fd = open_inner(instance, MAP_policy, slot, &out->id);
	if (fd < 0)
		return fd;
	out->policy = map_memory_of(fd, TW_IMAGE_BYTES, PROT_READ | PROT_WRITE);
	result = out->policy ? read_text(out, instance) : -errno;
	close(fd);
	/* a writer may have given the chunks to another policy meanwhile, but first the slot */
	if (bpf_map_lookup_elem(instance->maps[MAP_policy], &slot, &id_after) ||
	    id_after != out->id)
		result = -EAGAIN;
	if (result)
		image_close(out);
	return result;
}

int image_open(struct image *out, const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	int result;

	memset(out, 0, sizeof(*out));
	if (!control)
		return -errno;
	/* a slot that has just been given back is not live any more: look again */
	for (int tries = 0; tries < 1000; tries++) {
		uint32_t slot = control_slot(control);

		result = image_open_slot(out, instance, slot);
		if (result != -EAGAIN && result != -ENOENT)
			break;
	}
	control_unmap(control);
	return result;
}

void image_close(struct image *image)
{
	if (image->policy)
		munmap(image->policy, TW_IMAGE_BYTES);
	free(image->text);
	memset(image, 0, sizeof(*image));
}

struct config *image_config(const struct image *image, struct diagnostic *diagnostic)
{
	struct config *config = NULL;

	if (config_parse(&config, "(running)", image->text, image->policy->text.count, diagnostic))
		return NULL;
	return config;
}

/* -- writing ------------------------------------------------------------------------------------ */

/* A map of one element with these bytes, in an element of a map of maps. */
static int store_bytes(const struct instance *instance, enum instance_map outer, uint32_t index,
		       const char *name, size_t room, const void *bytes, size_t length)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), (uint32_t)room, 1,
				&options);
	void *memory = fd < 0 ? NULL : map_memory_of(fd, room, PROT_READ | PROT_WRITE);
	int result = memory ? 0 : -errno;

	if (memory) {
		memcpy(memory, bytes, length);
		munmap(memory, room);
	}
	if (!result && bpf_map_update_elem(instance->maps[outer], &index, &fd, BPF_ANY))
		result = -errno;
	if (fd >= 0)
		close(fd);
	return result;
}

int image_store(const struct instance *instance, const struct compiled *compiled, uint32_t slot,
		uint32_t chunk, uint32_t generation)
{
	struct tw_policy *header = (void *)compiled->image;
	const struct arena *arena = &compiled->arena;
	uint32_t chunks = arena_chunks(arena);
	int result = 0;

	header->chunk = chunk;
	header->chunks = chunks;
	header->generation = generation;
	for (uint32_t i = 0; !result && i < chunks; i++) {
		size_t at = (size_t)i * TW_CHUNK_BYTES, left = arena->length - at;

		result = store_bytes(instance, MAP_chunks, chunk + i, "policy_chunk",
				     TW_CHUNK_BYTES, arena->bytes + at,
				     left < TW_CHUNK_BYTES ? left : TW_CHUNK_BYTES);
	}
	if (!result)
		result = store_bytes(instance, MAP_policy, slot, "policy_image", TW_IMAGE_BYTES,
				     compiled->image, compiled->length);
	return result;
}
