/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From rows to what include/tierwall/classifier.h describes.  Private to compile/. */
#ifndef TIERWALL_USER_COMPILE_CLASSIFIER_H
#define TIERWALL_USER_COMPILE_CLASSIFIER_H

#include "compile/rows.h"

/* Lists of up to so many rows are one plain leaf. */
#define PLAIN_ROWS 24

/*
 * The rows of one family, word by word: what they ask of a word is an interval, or holds
 * for no value outside of it.  lo[] and hi[] are NULL where no row asks.
 */
struct columns {
	const struct row *rows; /* all of the list */
	int family;
	uint32_t *lo[TW_KEY_USED], *hi[TW_KEY_USED];
	uint32_t top[TW_KEY_USED]; /* highest value of the word */
};

int columns_fill(struct columns *columns, const struct rows *rows, int family);
void columns_free(struct columns *columns);

/* Bits of a word of the key that can be other than zero. */
uint32_t key_word_bits(uint32_t word);

/*
 * A row into its leaf, with its struct tw_more.  Returns bytes; at NULL: only counts
 * them.
 */
size_t pack_row(void *at, const struct row *row, int family);
/* How many sets a packet may make it ask. */
uint32_t row_set_lookups(const struct row *row);

/* Leaves that are there already: those of equal rows are one. */
struct leaves {
	uint64_t *nodes; /* hashed by their bytes; 0: free */
	uint32_t room, count;
};

/* While a tree is made.  Items are indices of rows, in ascending order. */
struct tree_build {
	const struct columns *columns;
	const struct known *known; /* NULL: the rows ask for none */
	struct arena *arena;
	uint32_t copies;       /* tenths: rows below a cut for each above it, at most */
	struct list_work work; /* the most that a packet may take in what is made so far */
	struct leaves leaves;
};

/* A tree of these rows.  -E2BIG: too many rows that cuts do not part. */
int tree_grow(struct tree_build *build, const uint32_t *items, uint32_t count, uint64_t *root);
/* A leaf with vectors (vectors.c), `depth` cuts below the root. */
int vectors_build(struct tree_build *build, const uint32_t *items, uint32_t count, uint32_t depth,
		  uint64_t *leaf);
/* Notes what a packet may take in a leaf. */
void work_raise(struct list_work *work, const struct list_work *leaf);

/* Compiles a list for both families; `bound` says what it may take. */
int classifier_build(struct arena *arena, const struct rows *rows, __u64 root[2],
		     struct list_bound *bound);

/*
 * For each rule the number, from 1, of the first that makes it never match; 0: none
 * does.  A rule with a limit lets others through and never does.
 */
int shadows_find(const struct arena *arena, const struct rows *rows, const __u64 root[2],
		 uint32_t rules, uint32_t *shadowed_by);

#endif
