/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps that are one piece of memory, and the maps of maps in which they stand.  The
 * kernel waits for the packets under way after each change of a map of maps, some ten
 * milliseconds; so many are changed in one call.
 */
#ifndef TIERWALL_USER_KERNEL_MEMORY_H
#define TIERWALL_USER_KERNEL_MEMORY_H

#include "kernel/instance.h"

/* A map of one element of so many bytes, zeroed.  Its file descriptor or a negative errno. */
int memory_create(const char *name, uint32_t bytes);
/* A mapping, NULL with errno; munmap() ends it. */
void *memory_map(int fd, size_t bytes, int protection);
/* The same of several maps, side by side. */
void *memory_map_run(const int *fds, size_t count, size_t bytes, int protection);
/* Opens what stands at an index of a map of maps; *id is its id.  A negative errno: nothing does. */
int memory_open(const struct instance *instance, enum instance_map outer, uint32_t index,
		uint32_t *id);

/* -- putting maps into a map of maps --------------------------------------------------- */

#define PLACER_ROOM 512u /* descriptors that are open at a time */

struct placer {
	const struct instance *instance;
	enum instance_map outer;
	uint32_t count;
	uint32_t indices[PLACER_ROOM];
	uint32_t fds[PLACER_ROOM];
};

/* Takes the descriptor over, whatever comes of it.  It need not be in its place yet. */
int placer_put(struct placer *placer, uint32_t index, int fd);
/* Now all of them are; or, with an error, some. */
int placer_finish(struct placer *placer);

/*
 * Gives back what stands at those of `count` indices that are not used.  The last index
 * of `sets` and `chunks` is never used: an empty map stands there, and in the place of
 * all that was given back together.
 */
void memory_release(const struct instance *instance, enum instance_map outer, const bool *used,
		    uint32_t count);
/*
 * May a map stand at that index of `sets` or `chunks`, other than the empty one?  What the
 * map `control` notes of it.
 */
bool memory_is_held(const struct tw_control *control, enum instance_map outer, uint32_t index);

#endif
