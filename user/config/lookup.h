/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hash table from byte strings to things, for finding duplicates and names. */
#ifndef TIERWALL_USER_CONFIG_LOOKUP_H
#define TIERWALL_USER_CONFIG_LOOKUP_H

#include <stddef.h>

struct lookup_slot;

struct lookup { /* keys are not copied */
	struct lookup_slot *slots;
	size_t mask;
};

/* Room for count keys and no more. */
int lookup_new(struct lookup *lookup, size_t count);
void lookup_free(struct lookup *lookup);
/* The value that is there already; else NULL, and the new one is there now. */
const void *lookup_add(struct lookup *lookup, const void *key, size_t length, const void *value);
const void *lookup_add_name(struct lookup *lookup, const char *name, const void *value);
const void *lookup_find_name(const struct lookup *lookup, const char *name);

#endif
