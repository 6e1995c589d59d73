/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live policy as a model.  The image holds the configuration's text and, in the
 * order in which config_visit_ids() asks, the counter ids of what it says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/control.h"
#include "kernel/image.h"

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

static int read_model(struct running *running)
{
	const struct tw_policy *image = running->image;
	struct id_reader reader = {
		.ids = IMAGE_SECTION(image, uint32_t, ids),
		.count = image->ids.count,
	};
	struct diagnostic diagnostic = {0};

	running->config = image_config(running->live, &diagnostic);
	if (!running->config) {
		complain("cannot read the running configuration back");
		complain_of(&diagnostic);
		return -EBADMSG;
	}
	read_set_indices(running->config, image);
	return config_visit_ids(running->config, read_id, &reader);
}

static int read_image(struct running *out, const struct instance *instance, const uint32_t *slot)
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
	result = read_model(out);
	if (result)
		running_free(out);
	return result;
}

int running_read(struct running *out, const struct instance *instance)
{
	return read_image(out, instance, NULL);
}

int running_read_slot(struct running *out, const struct instance *instance, uint32_t slot)
{
	return read_image(out, instance, &slot);
}

int running_read_sets(struct running *running, const struct instance *instance)
{
	for (size_t i = 0; i < running->config->set_count; i++) {
		struct set *set = &running->config->sets[i];
		int fd = set_open(instance, set->index), result;

		result = fd < 0 ? fd : set_read(fd, &set->items, &set->count);
		if (fd >= 0)
			close(fd);
		if (result) {
			complain("cannot read set `%s`: %s", set->name, strerror(-result));
			return result;
		}
	}
	return 0;
}

uint32_t running_set_entries(const struct running *running, uint32_t index)
{
	const struct tw_set_map *maps = IMAGE_SECTION(running->image, struct tw_set_map, set_maps);

	for (uint32_t i = 0; i < running->image->set_maps.count; i++)
		if (maps[i].index == index)
			return maps[i].entries;
	return 0;
}

void running_free(struct running *running)
{
	config_free(running->config);
	if (running->live)
		image_close(running->live);
	free(running->live);
	memset(running, 0, sizeof(*running));
}
