/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/image.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/memory.h"
#include "kernel/trial.h"

/* -- maps as memory ------------------------------------------------------------------------- */

static size_t control_length(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

struct tw_control *control_map(const struct instance *instance)
{
	return memory_map(instance->maps[MAP_control], control_length(), PROT_READ | PROT_WRITE);
}

void control_unmap(struct tw_control *control)
{
	if (control)
		munmap(control, control_length());
}

/* -- reading ---------------------------------------------------------------------------------- */

/* One piece of the text, as far as it lies in this chunk. */
static int read_chunk(const struct instance *instance, uint32_t slot, size_t at, char *to,
		      size_t length)
{
	uint32_t id;
	int fd = memory_open(instance, MAP_chunks, slot, &id), result = 0;
	char *chunk;

	if (fd < 0)
		return fd;
	chunk = memory_map(fd, TW_CHUNK_BYTES, PROT_READ);
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

static int open_image(struct image *out, const struct instance *instance, uint32_t slot,
		      bool with_text)
{
	uint32_t id_after;
	int fd, result = 0;

	memset(out, 0, sizeof(*out));
	out->slot = slot;
	fd = memory_open(instance, MAP_policy, slot, &out->id);
	if (fd < 0)
		return fd;
	out->policy = memory_map(fd, TW_IMAGE_BYTES, PROT_READ | PROT_WRITE);
	if (!out->policy)
		result = -errno;
	else if (with_text)
		result = read_text(out, instance);
	close(fd);
	/* a writer may have given the chunks to another policy meanwhile, but first the slot */
	if (bpf_map_lookup_elem(instance->maps[MAP_policy], &slot, &id_after) ||
	    id_after != out->id)
		result = -EAGAIN;
	if (result)
		image_close(out);
	return result;
}

int image_open_slot(struct image *out, const struct instance *instance, uint32_t slot)
{
	return open_image(out, instance, slot, true);
}

int image_open_bare(struct image *out, const struct instance *instance, uint32_t slot)
{
	return open_image(out, instance, slot, false);
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

struct config *image_outline(const struct image *image, struct diagnostic *diagnostic)
{
	struct config *config = NULL;

	if (config_parse_outline(&config, "(running)", image->text, image->policy->text.count,
				 diagnostic))
		return NULL;
	return config;
}

/* -- writing ------------------------------------------------------------------------------------ */

/* A map of one element with these bytes, on its way into a map of maps. */
static int put_bytes(struct placer *placer, uint32_t index, const char *name, uint32_t room,
		     const void *bytes, size_t length)
{
	int fd = memory_create(name, room);
	void *memory = fd < 0 ? NULL : memory_map(fd, room, PROT_READ | PROT_WRITE);

	if (!memory) {
		int result = fd < 0 ? fd : -errno;

		if (fd >= 0)
			close(fd);
		return result;
	}
	memcpy(memory, bytes, length);
	munmap(memory, room);
	return placer_put(placer, index, fd);
}

static int store_chunks(const struct instance *instance, const struct arena *arena, uint32_t chunk)
{
	struct placer placer = {.instance = instance, .outer = MAP_chunks};
	uint32_t chunks = arena_chunks(arena);
	int result = 0, placed;

	for (uint32_t i = 0; !result && i < chunks; i++) {
		size_t at = (size_t)i * TW_CHUNK_BYTES, left = arena->length - at;

		result =
			put_bytes(&placer, chunk + i, "policy_chunk", TW_CHUNK_BYTES,
				  arena->bytes + at, left < TW_CHUNK_BYTES ? left : TW_CHUNK_BYTES);
	}
	placed = placer_finish(&placer);
	return result ? result : placed;
}

int image_store(const struct instance *instance, const struct compiled *compiled, uint32_t slot,
		uint32_t chunk, uint32_t generation)
{
	struct placer placer = {.instance = instance, .outer = MAP_policy};
	struct tw_policy *header = (void *)compiled->image;
	int result, placed;

	header->chunk = chunk;
	header->chunks = arena_chunks(&compiled->arena);
	header->generation = generation;
	result = store_chunks(instance, &compiled->arena, chunk);
	if (!result)
		result = put_bytes(&placer, slot, "policy_image", TW_IMAGE_BYTES, compiled->image,
				   compiled->length);
	placed = placer_finish(&placer);
	return result ? result : placed;
}
