/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets: a head each, and chunks where they are large. */
#include "kernel/sets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "kernel/memory.h"

#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

uint32_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec;
}

/* -- open ------------------------------------------------------------------------------ */

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/*
 * A chunk takes some system calls and the kernel's work for 256 pages, and a set may have
 * hundreds, of which an edit touches a few.
 */
static void map_chunk(struct set_chunks *mapping, uint32_t chunk)
{
	struct open_set *set = container_of(mapping, struct open_set, mapping);
	unsigned char *place = set->memory.lines + (size_t)chunk * TW_CHUNK_BYTES;
	int fd, flags = MAP_SHARED | MAP_FIXED;
	uint32_t id;

	mapping->mapped[chunk] = true;
	fd = memory_open(set->instance, MAP_chunks, set->chunk + chunk, &id);
	if (fd >= 0 && mmap(place, TW_CHUNK_BYTES, set->protection, flags, fd, 0) != MAP_FAILED) {
		close(fd);
		return;
	}
	set->error = fd < 0 ? fd : -errno;
	if (fd >= 0)
		close(fd);
	mprotect(place, TW_CHUNK_BYTES, PROT_READ | PROT_WRITE);
}

static int reserve_chunks(struct open_set *set)
{
	size_t bytes = (size_t)set->chunks * TW_CHUNK_BYTES;

	set->mapping.map = map_chunk;
	set->mapping.mapped = calloc(set->chunks, sizeof(bool));
	set->memory.lines =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	set->memory.chunks = &set->mapping;
	if (set->memory.lines == MAP_FAILED)
		set->memory.lines = NULL;
	return set->mapping.mapped && set->memory.lines ? 0 : -ENOMEM;
}

int set_open(struct open_set *out, const struct instance *instance, const struct tw_set_map *row,
	     int protection)
{
	uint32_t id;
	int fd = memory_open(instance, MAP_sets, row->index, &id), result;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return fd;
	out->instance = instance;
	out->chunk = row->chunk;
	out->protection = protection;
	out->memory.head = memory_map(fd, TW_SET_BYTES, protection);
	result = out->memory.head ? 0 : -errno;
	close(fd);
	if (result)
		return result;
	out->memory.lines = (unsigned char *)out->memory.head;
	out->chunks = row->chunks;
	if (row->chunks)
		result = reserve_chunks(out);
	if (result)
		set_close(out);
	return result;
}

void set_close(struct open_set *set)
{
	if (set->chunks && set->memory.lines)
		munmap(set->memory.lines, (size_t)set->chunks * TW_CHUNK_BYTES);
	free(set->mapping.mapped);
	if (set->memory.head)
		munmap(set->memory.head, TW_SET_BYTES);
	memset(set, 0, sizeof(*set));
}

/* -- reading ------------------------------------------------------------------------------ */

/* One second of an entry's time is for the clocks' difference; so it was added, too. */
static uint32_t remaining(uint32_t expires, uint32_t now)
{
	return expires - now > 1 ? expires - now - 1 : 1;
}

struct reading {
	struct prefix **items;
	size_t *count;
	uint32_t now;
	bool expiring_only;
};

static int read_one(const struct set_key *key, uint32_t expires, void *context)
{
	const struct reading *reading = context;
	struct prefix *prefix;

	if (expires == TW_FOREVER ? reading->expiring_only : expires <= reading->now)
		return 0;
	prefix = config_push(reading->items, reading->count, sizeof(*prefix));
	if (!prefix)
		return -ENOMEM;
	set_prefix_of(prefix, key);
	if (reading->expiring_only)
		prefix->seconds = expires;
	else if (expires != TW_FOREVER)
		prefix->seconds = remaining(expires, reading->now);
	return 0;
}

int set_read(const struct open_set *set, struct prefix **items, size_t *count)
{
	struct reading reading = {items, count, seconds_now(), false};
	int result = set_each(&set->memory, read_one, &reading);

	if (!result)
		result = set->error;
	if (!result)
		prefixes_merge(*items, count); /* in the order of a file's */
	return result;
}

int set_read_expiring(const struct open_set *set, struct prefix **items, size_t *count)
{
	struct reading reading = {items, count, seconds_now(), true};

	int result = 0;

	if (set->memory.head->timed)
		result = set_each(&set->memory, read_one, &reading);
	return result ? result : set->error;
}

struct counting {
	uint32_t now, for_good, expiring;
};

static int count_one(const struct set_key *key, uint32_t expires, void *context)
{
	struct counting *counting = context;

	(void)key;
	if (expires == TW_FOREVER)
		counting->for_good++;
	else
		counting->expiring += expires > counting->now;
	return 0;
}

uint32_t set_count(const struct open_set *set, uint32_t for_good)
{
	struct counting counting = {.now = seconds_now()};

	if (for_good != TW_NONE32 && !set->memory.head->timed)
		return for_good;
	set_each(&set->memory, count_one, &counting);
	return counting.for_good + counting.expiring;
}

/* -- making ------------------------------------------------------------------------------ */

void made_set_free(struct made_set *set)
{
	if (set->memory)
		munmap(set->memory, TW_SET_BYTES);
	if (set->head >= 0)
		close(set->head);
	if (set->chunks)
		close_all(set->chunks + set->given, set->chunk_count - set->given);
	free(set->chunks);
	memset(set, 0, sizeof(*set));
	set->head = -1;
}

static int make_maps(struct made_set *set, const struct set_plan *plan)
{
	set->head = memory_create("set", TW_SET_BYTES);
	if (set->head < 0)
		return set->head;
	set->memory = memory_map(set->head, TW_SET_BYTES, PROT_READ | PROT_WRITE);
	set->chunks = calloc(plan->chunks + 1, sizeof(*set->chunks));
	if (!set->memory || !set->chunks)
		return -errno;
	for (; set->chunk_count < plan->chunks; set->chunk_count++) {
		int fd = memory_create("set_chunk", TW_CHUNK_BYTES);

		if (fd < 0)
			return fd;
		set->chunks[set->chunk_count] = fd;
	}
	return 0;
}

static int make_once(struct made_set *set, const struct set_source *sources, uint64_t key)
{
	struct set_memory memory = {0};
	struct set_plan plan;
	int result = set_plan(&plan, sources, key);

	memset(set, 0, sizeof(*set));
	set->head = -1;
	if (!result)
		result = make_maps(set, &plan);
	if (result) {
		set_plan_end(&plan);
		return result;
	}
	memory.head = set->memory;
	memory.lines = (unsigned char *)set->memory;
	if (plan.chunks)
		memory.lines = memory_map_run(set->chunks, plan.chunks, TW_CHUNK_BYTES,
					      PROT_READ | PROT_WRITE);
	if (!memory.lines) {
		set_plan_end(&plan);
		return -errno;
	}
	result = set_build(&plan, &memory);
	set_plan_end(&plan);
	if (plan.chunks)
		munmap(memory.lines, (size_t)plan.chunks * TW_CHUNK_BYTES);
	return result;
}

/* A line that overflows under one key does not under another. */
#define KEYS_TRIED 8

int set_make(struct made_set *out, const struct set_source sources[SET_SOURCES])
{
	int result = -ENOSPC;

	for (int i = 0; result == -ENOSPC && i < KEYS_TRIED; i++) {
		uint64_t key;

		if (getrandom(&key, sizeof(key), 0) != sizeof(key))
			return -errno;
		result = make_once(out, sources, key);
		if (result)
			made_set_free(out);
	}
	return result;
}
