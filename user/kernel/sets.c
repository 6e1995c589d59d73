/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tries of prefixes: making, reading and editing them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"
#include "kernel/trial.h"

#define BATCH 16384u

static int fill(int fd, const struct prefix *items, size_t count)
{
	struct tw_set_key *keys = malloc(BATCH * sizeof(*keys));
	struct tw_set_entry *values = calloc(BATCH, sizeof(*values));
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	int result = keys && values ? 0 : -ENOMEM;

	for (size_t done = 0; !result && done < count;) {
		uint32_t some = count - done < BATCH ? (uint32_t)(count - done) : BATCH;

		for (uint32_t i = 0; i < some; i++) {
			prefix_key(&keys[i], &items[done + i]);
			values[i].prefixlen = keys[i].prefixlen;
		}
		if (bpf_map_update_batch(fd, keys, values, &some, &options))
			result = -errno;
		done += some;
	}
	free(keys);
	free(values);
	return result;
}

int set_create(const struct prefix *items, size_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "set_prefixes", sizeof(struct tw_set_key),
				sizeof(struct tw_set_entry), TW_SET_PREFIXES, &options);
	int result;

	if (fd < 0)
		return -errno;
	result = fill(fd, items, count);
	if (!result)
		return fd;
	close(fd);
	return result;
}

int set_open(const struct instance *instance, uint32_t index)
{
	uint32_t id;
	int fd;

	if (bpf_map_lookup_elem(instance->maps[MAP_sets], &index, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int set_read(int fd, struct prefix **items, size_t *count)
{
	struct tw_set_key key, next;
	const void *from = NULL;

	while (!bpf_map_get_next_key(fd, from, &next)) {
		struct prefix *prefix = config_push(items, count, sizeof(*prefix));

		if (!prefix)
			return -ENOMEM;
		memcpy(&prefix->addr, next.addr, sizeof(prefix->addr));
		prefix->bits = (uint8_t)(next.prefixlen - TW_SET_FAMILY_BITS);
		key = next;
		from = &key;
	}
	if (errno != ENOENT)
		return -errno;
	prefixes_merge(*items, count); /* in the order of a file's */
	return 0;
}

/* -- editing a live set ------------------------------------------------------------------------- */

/* The very prefix, not one that covers it. */
static bool holds(int fd, const struct tw_set_key *key)
{
	struct tw_set_entry entry;

	return !bpf_map_lookup_elem(fd, key, &entry) && entry.prefixlen == key->prefixlen;
}

static int edit_one(int fd, enum set_edit edit, const struct prefix *prefix, bool *changed)
{
	struct tw_set_entry entry = {0};
	struct tw_set_key key;

	prefix_key(&key, prefix);
	entry.prefixlen = key.prefixlen;
	*changed = holds(fd, &key) == (edit == SET_DELETE);
	if (!*changed)
		return 0;
	if (edit == SET_DELETE ? bpf_map_delete_elem(fd, &key)
			       : bpf_map_update_elem(fd, &key, &entry, BPF_ANY)) {
		*changed = false;
		return -errno;
	}
	return 0;
}

/* Takes back what was done to items[0..count) where done[] says so. */
static void undo(int fd, enum set_edit edit, const struct prefix *items, const bool *done,
		 size_t count)
{
	bool ignored;

	for (size_t i = 0; i < count; i++)
		if (done[i])
			edit_one(fd, edit == SET_ADD ? SET_DELETE : SET_ADD, &items[i], &ignored);
}

/* The set's row in one image, and a new generation: every flow is judged anew. */
static int note_in_slot(const struct instance *instance, struct tw_control *control, uint32_t slot,
			uint32_t index, uint32_t entries, uint64_t content)
{
	struct tw_set_map *maps;
	struct image image;
	int result = image_open_slot(&image, instance, slot);

	if (result)
		return result;
	maps = (struct tw_set_map *)(void *)((char *)image.policy + image.policy->set_maps.offset);
	for (uint32_t i = 0; i < image.policy->set_maps.count; i++) {
		if (maps[i].index != index)
			continue;
		maps[i].entries += entries;
		maps[i].content += content;
	}
	__atomic_store_n(&image.policy->generation,
			 __atomic_add_fetch(&control->generation, 1, __ATOMIC_ACQ_REL),
			 __ATOMIC_RELEASE);
	image_close(&image);
	return 0;
}

/* In the live image and, during a trial, in the one that it goes back to. */
static int note_edit(const struct instance *instance, uint32_t index, enum set_edit edit,
		     const struct prefix *items, const bool *done, size_t count)
{
	struct tw_control *control = control_map(instance);
	uint32_t slots[2], entries = 0;
	int slot_count = control ? live_slots(instance, slots) : -errno;
	int result = slot_count < 0 ? slot_count : 0;
	uint64_t content = 0;

	for (size_t i = 0; i < count; i++) {
		if (!done[i])
			continue;
		entries += edit == SET_ADD ? 1u : -1u;
		content += edit == SET_ADD ? prefix_content(&items[i]) : -prefix_content(&items[i]);
	}
	for (int i = 0; !result && i < slot_count; i++)
		result = note_in_slot(instance, control, slots[i], index, entries, content);
	control_unmap(control);
	return result;
}

int set_edit_live(const struct instance *instance, uint32_t index, enum set_edit edit,
		  const struct prefix *items, size_t count, size_t *changed)
{
	bool *done = calloc(count + 1, sizeof(*done));
	int fd = set_open(instance, index), result = 0;
	size_t i;

	*changed = 0;
	if (!done || fd < 0) {
		free(done);
		return fd < 0 ? fd : -ENOMEM;
	}
	for (i = 0; !result && i < count; i++) {
		result = edit_one(fd, edit, &items[i], &done[i]);
		*changed += done[i];
	}
	if (!result && *changed)
		result = note_edit(instance, index, edit, items, done, count);
	if (result) {
		undo(fd, edit, items, done, i);
		complain("cannot change the set: %s; it is as it was", strerror(-result));
	}
	close(fd);
	free(done);
	return result;
}
