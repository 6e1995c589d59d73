/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set as the memory that the data path reads: abi.h says how it is laid out, here it
 * is built, read and edited, wherever it lies.
 *
 * Times are seconds since boot (CLOCK_MONOTONIC).  The data path counts its own from the
 * jiffies, and may be a second behind or ahead.
 */
#ifndef TIERWALL_USER_COMPILE_SET_MEMORY_H
#define TIERWALL_USER_COMPILE_SET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct set_memory {
	struct tw_set *head;  /* TW_SET_BYTES */
	unsigned char *lines; /* line 0: the head itself, or its chunks in one piece */
	/* Where chunks are mapped when they are first needed; NULL: all are there. */
	struct set_chunks *chunks;
};

/* Maps the chunk of a line, and remembers a failure (kernel/sets.c). */
struct set_chunks {
	bool *mapped;
	void (*map)(struct set_chunks *chunks, uint32_t chunk);
};

/* An entry as its table holds it: host order, IPv4 in the upper half of `high`. */
struct set_key {
	uint64_t high, low;
	uint8_t family; /* 0: IPv4 */
	uint8_t bits;   /* as it is written */
};

void set_key_of(struct set_key *key, const struct prefix *prefix);
void set_prefix_of(struct prefix *prefix, const struct set_key *key);

/* Is an entry that expires then gone for sure, whatever clock is asked? */
static inline bool set_is_over(uint32_t expires, uint32_t now)
{
	return expires != TW_FOREVER && now > expires && now - expires > 1;
}

/* -- building (set_build.c) -------------------------------------------------------- */

/* Prefixes; those with `seconds` expire so long after `base`. */
struct set_source {
	const struct prefix *items;
	size_t count;
	uint32_t base;
	bool wins; /* its times, over those of the sources before it */
};
#define SET_SOURCES 2

struct set_plan {
	const struct set_source *
		sources; /* SET_SOURCES of them; the first that has a prefix says when it expires */
	uint32_t chunks; /* 0: it fits the head's element */
	size_t entries[2][129]; /* by family and length */
	uint64_t *leaves;       /* a bit for each IPv4 net of 24 bits that has one; owned */
	struct tw_set head;
};

/* What it takes; -ENOMEM, -E2BIG: no set is that large. */
int set_plan(struct set_plan *plan, const struct set_source *sources, uint64_t key);
void set_plan_end(struct set_plan *plan);
/* Fills zeroed memory. -ENOSPC: a line is too full; plan again with another key. */
int set_build(const struct set_plan *plan, struct set_memory *memory);

/* -- tables (set_table.c) ------------------------------------------------------------- */

/* Room for lines, TW_NONE32: none is left.  They do not cross into another chunk if `aligned`. */
uint32_t set_take_lines(struct set_memory *memory, uint32_t lines, uint32_t aligned);
static inline void *set_line_at(const struct set_memory *memory, uint32_t line)
{
	uint32_t chunk = line / TW_LINES_OF_CHUNK;

	if (memory->chunks && !memory->chunks->mapped[chunk])
		memory->chunks->map(memory->chunks, chunk);
	return memory->lines + (size_t)line * TW_LINE_BYTES;
}

/* When the very prefix expires, 0: it is not there. */
uint32_t set_find(const struct set_memory *memory, const struct set_key *key);
/* Puts it there, or gives it another time.  -ENOSPC: no room. */
int set_put(struct set_memory *memory, const struct set_key *key, uint32_t expires, uint32_t now);
void set_remove(struct set_memory *memory, const struct set_key *key);
/* Puts an entry that is known not to be there into tables that are made for it. */
int set_fill(struct set_memory *memory, const struct set_key *key, uint32_t expires);
/* How many lines a table of so many entries gets. */
uint32_t set_table_lines(size_t entries, uint32_t family, uint32_t bits);
/* The table of a length, TW_NONE32: the set has none. */
uint32_t set_table_of(const struct tw_set_family *family, uint32_t bits);

/* Calls `each` for every entry, those that are over included, until it returns not 0. */
int set_each(const struct set_memory *memory,
	     int (*each)(const struct set_key *key, uint32_t expires, void *context),
	     void *context);

/* -- the trie of IPv4 prefixes that are for good (set_trie.c) -------------------------- */

/* -ENOSPC: no room. */
int trie_add(struct set_memory *memory, const struct set_key *key);
/* To be called when the tables do not hold it any more. */
void trie_remove(struct set_memory *memory, const struct set_key *key);

/* Places the leaves of a new set; `present`: a bit for each /24, lowest first. */
int trie_place(struct set_memory *memory, const uint64_t *present);

/* -- editing (set_edit.c) ----------------------------------------------------------------- */

/* What an edit did to one prefix. */
enum set_change {
	SET_UNCHANGED, /* was not there to be deleted, or is there for good already */
	SET_ADDED,
	SET_DELETED,
	SET_REFRESHED, /* another time */
	SET_KEPT,      /* from now on for good */
	SET_CHANGES
};

/* seconds 0: for good.  Returns enum set_change, -ENOSPC: it has to be built anew. */
int set_add(struct set_memory *memory, const struct prefix *prefix, uint32_t seconds, uint32_t now);
int set_delete(struct set_memory *memory, const struct prefix *prefix, uint32_t now,
	       bool *was_for_good);

#endif
