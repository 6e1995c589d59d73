/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole configuration into one image: sections are built one by one, then laid out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "compile/build.h"

const struct device_fact *facts_device(const struct node_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->device_count; i++)
		if (!strcmp(facts->devices[i].name, name))
			return &facts->devices[i];
	return NULL;
}

static int take_hash_key(struct build *build)
{
	struct config *config = build->config;

	if (!config->has_hash_key) {
		if (build->live)
			memcpy(config->hash_key, build->live->hash_key, 16);
		else if (getrandom(config->hash_key, 16, 0) != 16)
			return -errno;
		config->has_hash_key = true;
	}
	memcpy(build->header.hash_key, config->hash_key, 16);
	return 0;
}

static void collect_id(uint32_t *id, void *context)
{
	struct build *build = context;
	uint32_t *place = config_push(&build->ids, &build->ids_count, sizeof(*place));

	if (place)
		*place = *id;
}

static int build_ids(struct build *build)
{
	int result = ids_assign(build->config, build->live, &build->out->fresh);

	if (result == -ENOSPC)
		return config_mistake(build->config, (struct place){1, 1}, build->diagnostic,
				      "more than %u rules, services and servers that are counted",
				      TW_COUNTERS);
	return result;
}

static uint32_t policy_flags(const struct config *config)
{
	uint32_t flags = config->checks_off << TW_POLICY_CHECKS_SHIFT;

	if (config->has_host)
		flags |= TW_POLICY_HOST;
	if (config->guard.count || config->guard.at.line)
		flags |= TW_POLICY_GUARD;
	if (config->decap_count)
		flags |= TW_POLICY_DECAP;
	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i].mss)
			flags |= TW_POLICY_MSS;
	for (size_t i = 0; i < config->guard.count; i++)
		if (config->guard.items[i].fields & RULE_STATE)
			flags |= TW_POLICY_GUARD_STATE;
	return flags;
}

/* -- laying out ------------------------------------------------------------------- */

struct piece {
	struct tw_section *section;
	const void *items;
	size_t count;
	size_t size;
};

static void lay_out(struct compiled *out, const struct piece *pieces, size_t count)
{
	size_t at = sizeof(struct tw_policy);

	for (size_t i = 0; i < count; i++) {
		at = (at + 7) & ~(size_t)7;
		pieces[i].section->offset = (uint32_t)at;
		pieces[i].section->count = (uint32_t)pieces[i].count;
		if (pieces[i].count)
			memcpy(out->image + at, pieces[i].items, pieces[i].count * pieces[i].size);
		at += pieces[i].count * pieces[i].size;
	}
}

static size_t length_of(const struct piece *pieces, size_t count)
{
	size_t at = sizeof(struct tw_policy);

	for (size_t i = 0; i < count; i++)
		at = ((at + 7) & ~(size_t)7) + pieces[i].count * pieces[i].size;
	return at;
}

static int build_image(struct build *build)
{
	struct tw_policy *header = &build->header;
	struct compiled *out = build->out;
	const struct piece pieces[] = {
#define PIECE(name) {&header->name, build->name, build->name##_count, sizeof(*build->name)}
		PIECE(addresses),
		PIECE(listens),
		PIECE(services),
		PIECE(members),
		PIECE(tiers),
		PIECE(servers),
		PIECE(ids),
		PIECE(pools),
		PIECE(set_maps),
#undef PIECE
		{&header->known, build->known_prefixes, build->known_prefixes_count,
		 sizeof(*build->known_prefixes)},
	};
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	/* the data path reads whole items only where the longest would still fit */
	const size_t room = TW_IMAGE_BYTES - 128;

	out->length = length_of(pieces, count);
	if (out->length > room)
		return config_mistake(
			build->config, (struct place){1, 1}, build->diagnostic,
			"the configuration takes %zu bytes in the data path, "
			"which has room for %zu: fewer rules, or sets instead of rules",
			out->length, room);
	out->image = calloc(1, out->length);
	if (!out->image)
		return -ENOMEM;
	lay_out(out, pieces, count);
	memcpy(out->image, header, sizeof(*header));
	return 0;
}

static int build_text(struct build *build, const char *text, size_t length)
{
	struct tw_section *section = &build->header.text;
	int result = arena_alloc(&build->out->arena, length, TW_CHUNK_BYTES, &section->offset);

	if (result == -ENOSPC)
		return config_mistake(build->config, (struct place){1, 1}, build->diagnostic,
				      "the configuration takes more than %u MB in the data path: "
				      "fewer rules, or sets instead of rules",
				      TW_POLICY_CHUNKS * (TW_CHUNK_BYTES >> 20));
	if (result)
		return result;
	memcpy(arena_at(&build->out->arena, section->offset), text, length);
	section->count = (uint32_t)length;
	return 0;
}

static int build_text_and_image(struct build *build)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int result;

	if (!out)
		return -errno;
	result = config_print_without_entries(out, build->config);
	if (fclose(out) || result) {
		free(text);
		return result ? result : -ENOMEM;
	}
	result = build_text(build, text, length);
	free(text);
	return result ? result : build_image(build);
}

static int build_all(struct build *build)
{
	struct config *config = build->config;
	int result = take_hash_key(build);

	if (!result)
		result = build_ids(build);
	if (!result)
		result = build_sets(build);
	if (!result)
		result = build_list(build, &build->header.guard, &config->guard);
	build_fronts(build);
	if (!result)
		result = build_list(build, &build->header.host, &config->host);
	if (!result)
		result = build_tunnels(build);
	if (!result)
		result = build_tiers(build);
	if (!result)
		result = build_services(build);
	if (!result)
		result = build_addresses(build);
	if (!result)
		result = config_visit_ids(config, collect_id, build);
	build->header.flags = policy_flags(config);
	return result ? result : build_text_and_image(build);
}

int policy_compile(struct compiled *out, struct config *config, const struct tw_policy *live,
		   const struct node_facts *facts, struct diagnostic *diagnostic)
{
	struct build build = {
		.config = config,
		.live = live,
		.facts = facts,
		.diagnostic = diagnostic,
		.out = out,
	};
	int result;

	memset(out, 0, sizeof(*out));
	result = build_all(&build);
	free(build.addresses);
	free(build.listens);
	free(build.services);
	free(build.members);
	free(build.tiers);
	free(build.servers);
	free(build.ids);
	free(build.pools);
	free(build.set_maps);
	free(build.known_prefixes);
	free(build.lists);
	free(build.tables);
	build_sets_end(&build);
	if (result)
		compiled_free(out);
	return result;
}

void compiled_free(struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->owned_count; i++)
		free(compiled->owned[i].items);
	free(compiled->owned);
	free(compiled->sets);
	free(compiled->fresh.items);
	free(compiled->bounds);
	free(compiled->image);
	arena_free(&compiled->arena);
	memset(compiled, 0, sizeof(*compiled));
}
