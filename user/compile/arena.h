/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands beside the image, in chunks: see abi.h.  Offsets are in units of eight
 * bytes.  Memory is zeroed and in one piece, so that a pointer into it holds until the
 * next allocation only.
 */
#ifndef TIERWALL_USER_COMPILE_ARENA_H
#define TIERWALL_USER_COMPILE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "tierwall/abi.h"

struct arena {
	unsigned char *bytes;
	size_t length; /* used */
	size_t room;
};

/*
 * Room for `size` bytes.  What fits into a chunk stands within one; what does not
 * starts a chunk and goes on into the next ones.  `align`: a power of two, 8 at least.
 * -ENOMEM, or -ENOSPC: more than TW_POLICY_CHUNKS.
 */
int arena_alloc(struct arena *arena, size_t size, size_t align, uint32_t *offset);
static inline void *arena_at(const struct arena *arena, uint32_t offset)
{
	return arena->bytes + (size_t)offset * 8;
}
/* Gives back what was allocated last, so that `length` is left. */
void arena_cut(struct arena *arena, size_t length);
/* How many chunks it takes. */
uint32_t arena_chunks(const struct arena *arena);
void arena_free(struct arena *arena);

#endif
