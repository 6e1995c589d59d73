/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "compile/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t round_up(size_t value, size_t to)
{
	return (value + to - 1) & ~(to - 1);
}

static int grow(struct arena *arena, size_t length)
{
	size_t room = arena->room ? arena->room : 65536;
	unsigned char *bytes;

	while (room < length)
		room *= 2;
	if (room == arena->room)
		return 0;
	bytes = realloc(arena->bytes, room);
	if (!bytes)
		return -ENOMEM;
	memset(bytes + arena->room, 0, room - arena->room);
	arena->bytes = bytes;
	arena->room = room;
	return 0;
}

int arena_alloc(struct arena *arena, size_t size, size_t align, uint32_t *offset)
{
	size_t at = round_up(arena->length, align);
	int result;

	if (at / TW_CHUNK_BYTES != (at + (size ? size - 1 : 0)) / TW_CHUNK_BYTES)
		at = round_up(at, TW_CHUNK_BYTES);
	if (size > (size_t)TW_POLICY_CHUNKS * TW_CHUNK_BYTES ||
	    at + size > (size_t)TW_POLICY_CHUNKS * TW_CHUNK_BYTES)
		return -ENOSPC;
	result = grow(arena, at + size);
	if (result)
		return result;
	arena->length = at + size;
	*offset = (uint32_t)(at / 8);
	return 0;
}

void arena_cut(struct arena *arena, size_t length)
{
	if (arena->length == length)
		return;
	memset(arena->bytes + length, 0, arena->length - length);
	arena->length = length;
}

uint32_t arena_chunks(const struct arena *arena)
{
	return (uint32_t)((arena->length + TW_CHUNK_BYTES - 1) / TW_CHUNK_BYTES);
}

void arena_free(struct arena *arena)
{
	free(arena->bytes);
	memset(arena, 0, sizeof(*arena));
}
