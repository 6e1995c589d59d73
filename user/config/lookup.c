/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The hash table of lookup.h: open addressing, at most half full. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/lookup.h"

struct lookup_slot {
	const void *key;
	size_t length;
	const void *value;
};

int lookup_new(struct lookup *lookup, size_t count)
{
	size_t size = 2;

	while (size < count * 2)
		size *= 2;
	lookup->slots = calloc(size, sizeof(*lookup->slots));
	lookup->mask = size - 1;
	return lookup->slots ? 0 : -ENOMEM;
}

void lookup_free(struct lookup *lookup)
{
	free(lookup->slots);
	lookup->slots = NULL;
}

/* FNV-1a */
static uint64_t hash(const unsigned char *key, size_t length)
{
	uint64_t value = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		value = (value ^ key[i]) * 0x100000001b3;
	return value ^ value >> 32;
}

static struct lookup_slot *find_slot(const struct lookup *lookup, const void *key, size_t length)
{
	size_t at = hash(key, length) & lookup->mask;

	for (;; at = (at + 1) & lookup->mask) {
		struct lookup_slot *slot = &lookup->slots[at];

		if (!slot->key || (slot->length == length && !memcmp(slot->key, key, length)))
			return slot;
	}
}

const void *lookup_add(struct lookup *lookup, const void *key, size_t length, const void *value)
{
	struct lookup_slot *slot = find_slot(lookup, key, length);

	if (slot->key)
		return slot->value;
	*slot = (struct lookup_slot){key, length, value};
	return NULL;
}

const void *lookup_add_name(struct lookup *lookup, const char *name, const void *value)
{
	return lookup_add(lookup, name, strlen(name), value);
}

const void *lookup_find_name(const struct lookup *lookup, const char *name)
{
	return find_slot(lookup, name, strlen(name))->value;
}
