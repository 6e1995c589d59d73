/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live policy as a model.  The image holds the configuration's text and, in the
 * order in which config_visit_ids() asks, the counter ids of what it says.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"
#include "kernel/sets.h"

struct id_reader {
	const uint32_t *ids;
	uint32_t count;
	uint32_t at;
};

static void read_id(uint32_t *id, void *context)
{
	struct id_reader *reader = context;

	*id = reader->at < reader->count ? reader->ids[reader->at] : TW_NONE32;
	reader->at++;
}

static void read_set_indices(struct config *config, const struct tw_policy *image)
{
	const struct tw_set_map *maps = IMAGE_SECTION(image, struct tw_set_map, set_maps);

	for (uint32_t i = 0; i < image->set_maps.count; i++) {
		struct set *set = maps[i].name[0] ? config_set(config, maps[i].name) : NULL;
		struct tier *tier = maps[i].name[0] ? config_tier(config, maps[i].name) : NULL;

		if (set)
			set->index = maps[i].index;
		else if (tier)
			tier->set_index = maps[i].index;
	}
}

typedef struct config *(*read_config)(const struct image *image, struct diagnostic *diagnostic);

static int read_model(struct running *running, read_config read)
{
	const struct tw_policy *image = running->image;
	struct id_reader reader = {
		.ids = IMAGE_SECTION(image, uint32_t, ids),
		.count = image->ids.count,
	};
	struct diagnostic diagnostic = {0};

	running->config = read(running->live, &diagnostic);
	if (!running->config) {
		complain("cannot read the running configuration back");
		complain_of(&diagnostic);
		return -EBADMSG;
	}
	read_set_indices(running->config, image);
	return config_visit_ids(running->config, read_id, &reader);
}

static int read_image(struct running *out, const struct instance *instance, const uint32_t *slot,
		      read_config read)
{
	int result = -ENOMEM;

	memset(out, 0, sizeof(*out));
	out->live = calloc(1, sizeof(*out->live));
	if (out->live)
		result = slot ? image_open_slot(out->live, instance, *slot)
			      : image_open(out->live, instance);
	if (result) {
		complain("cannot read the policy of instance `%s`: %s", instance->name,
			 strerror(-result));
		running_free(out);
		return result;
	}
	out->image = out->live->policy;
	out->generation = out->image->generation;
	result = read_model(out, read);
	if (result)
		running_free(out);
	return result;
}

int running_read(struct running *out, const struct instance *instance)
{
	return read_image(out, instance, NULL, image_config);
}

int running_read_outline(struct running *out, const struct instance *instance)
{
	return read_image(out, instance, NULL, image_outline);
}

int running_read_slot(struct running *out, const struct instance *instance, uint32_t slot)
{
	return read_image(out, instance, &slot, image_config);
}

/* The rows of sets stand first, and in their order. */
static const struct tw_set_map *row_of(const struct running *running, const struct set *set)
{
	const struct tw_set_map *rows = IMAGE_SECTION(running->image, struct tw_set_map, set_maps);
	size_t i = (size_t)(set - running->config->sets);

	if (i < running->image->set_maps.count && !strcmp(rows[i].name, set->name))
		return &rows[i];
	for (i = 0; i < running->image->set_maps.count; i++)
		if (rows[i].index == set->index)
			return &rows[i];
	return NULL;
}

/*
 * What is known of a set is its place.  A writer gives places to other sets, but not
 * before the image that names them is gone: if it still stands, the set was the right one.
 */
static int still_stands(const struct running *running, const struct instance *instance)
{
	uint32_t id;

	if (bpf_map_lookup_elem(instance->maps[MAP_policy], &running->live->slot, &id) ||
	    id != running->live->id)
		return -EAGAIN;
	return 0;
}

/* Calls `read` with the open set; complains. */
static int
with_set(const struct running *running, const struct instance *instance, const struct set *set,
	 int (*read)(const struct open_set *open, const struct tw_set_map *row, void *out),
	 void *out)
{
	const struct tw_set_map *row = row_of(running, set);
	struct open_set open;
	int result = row ? set_open(&open, instance, row, PROT_READ) : -ESTALE, gone;

	if (!result) {
		result = read(&open, row, out);
		set_close(&open);
	}
	gone = still_stands(running, instance);
	if (gone)
		result = gone;
	if (result)
		complain("cannot read set `%s`: %s", set->name,
			 gone ? "the configuration has just changed; try again"
			      : strerror(-result));
	return result;
}

static int read_entries(const struct open_set *open, const struct tw_set_map *row, void *out)
{
	struct set *set = out;

	(void)row;
	return set_read(open, &set->items, &set->count);
}

int running_read_set(const struct running *running, const struct instance *instance,
		     struct set *set)
{
	return with_set(running, instance, set, read_entries, set);
}

int running_read_sets(struct running *running, const struct instance *instance)
{
	int result = 0;

	for (size_t i = 0; !result && i < running->config->set_count; i++)
		result = running_read_set(running, instance, &running->config->sets[i]);
	return result;
}

static int count_entries(const struct open_set *open, const struct tw_set_map *row, void *out)
{
	*(uint32_t *)out = set_count(open, row->entries);
	return open->error;
}

int running_count_set(const struct running *running, const struct instance *instance,
		      const struct set *set, uint32_t *entries)
{
	return with_set(running, instance, set, count_entries, entries);
}

void running_free(struct running *running)
{
	config_free(running->config);
	if (running->live)
		image_close(running->live);
	free(running->live);
	memset(running, 0, sizeof(*running));
}
