/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets in the kernel: making, reading and editing them. */
#ifndef TIERWALL_USER_KERNEL_SETS_H
#define TIERWALL_USER_KERNEL_SETS_H

#include "compile/compile.h"
#include "compile/set_memory.h"
#include "kernel/instance.h"

/* Seconds since boot, as entries expire. */
uint32_t seconds_now(void);

/* -- open: mapped ------------------------------------------------------------------- */

struct open_set {
	struct set_memory memory;
	struct set_chunks mapping;
	const struct instance *instance;
	uint32_t chunk, chunks; /* in `chunks` */
	int protection;
	int error; /* a chunk could not be mapped: what was read or written there is lost */
};

/*
 * The set of a row of `set_maps`; PROT_READ, or for who holds the lock PROT_WRITE too.  It
 * must stay where it is.  `error` is to be looked at in the end.
 */
int set_open(struct open_set *out, const struct instance *instance, const struct tw_set_map *row,
	     int protection);
void set_close(struct open_set *set);

/* Appends its entries, in order; `seconds` is what remains of those that expire. */
int set_read(const struct open_set *set, struct prefix **items, size_t *count);
/* Those that expire only, in no order, and `seconds` is when. */
int set_read_expiring(const struct open_set *set, struct prefix **items, size_t *count);
/* How many entries are there; `for_good` is the number of those that do not expire. */
uint32_t set_count(const struct open_set *set, uint32_t for_good);

/* -- making ------------------------------------------------------------------------------ */

struct made_set {
	int head;    /* descriptors */
	int *chunks; /* not given away yet from `given` on */
	uint32_t chunk_count;
	uint32_t given;
	struct tw_set *memory;
};

/* A set that is in no map of maps yet. */
int set_make(struct made_set *out, const struct set_source sources[SET_SOURCES]);
void made_set_free(struct made_set *set);

/* -- editing the live one ------------------------------------------------------------------- */

enum set_edit { SET_ADD, SET_DELETE };

struct set_edits {
	struct prefix *added; /* with `seconds` those expire */
	size_t added_count;
	struct prefix *deleted;
	size_t deleted_count;
};

struct set_tally { /* by enum set_change; what is deleted and not there is counted apart */
	size_t changes[SET_CHANGES];
	size_t not_there;
	size_t for_good_already; /* were to expire, but stay */
};

/*
 * Edits a live set in place, so that live flows are judged anew.  -ENOENT: there is no set
 * of that name.  -ENOSPC: it has no
 * room (or an earlier writer was killed): it has to be built anew; deletions are done by
 * then, and additions in part.  -EROFS: rules know it by heart, so that it has to be
 * built anew with them; nothing is done.
 */
int set_edit_live(const struct instance *instance, const char *name, const struct set_edits *edits,
		  struct set_tally *tally);

#endif
