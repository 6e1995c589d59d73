/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A compiled list of rules, as it stands in a policy's chunks.
 *
 * Rules are parted by which of source and destination they are specific in, and each
 * part is a decision tree: Vamanan et al., "EffiCuts" (SIGCOMM 2010), and Li et al.,
 * "CutSplit" (INFOCOM 2018).  A node takes some bits of one word of the key; a leaf
 * holds whole rules.  Where cuts part no further, a leaf has a bit vector for each
 * interval of each word (Lakshman and Stiliadis, SIGCOMM 1998; the summary of each
 * vector is Baboescu and Varghese's, SIGCOMM 2001), so that the worst packet is
 * bounded, too.  IPv4 and IPv6 have trees of their own.
 *
 * Offsets are those of the chunks.  Everything that has one lies within one chunk.
 */
#ifndef TIERWALL_CLASSIFIER_H
#define TIERWALL_CLASSIFIER_H

#include "abi.h"

/* Words of the key, in host order.  Addresses are four, the first is the highest; IPv4 is the last. */
enum tw_key_word {
	TW_KEY_SOURCE = 0,
	TW_KEY_DESTINATION = 4,
	TW_KEY_SOURCE_PORT = 8, /* 0 where there are no ports */
	TW_KEY_DESTINATION_PORT,
	TW_KEY_PROTOCOL,
	TW_KEY_FLAGS, /* of TCP; TW_KEY_NO_FLAGS: they are not known */
	TW_KEY_TYPE,  /* of ICMP, and the code; TW_KEY_NO_TYPE: they are not known */
	TW_KEY_LENGTH,
	TW_KEY_TTL,
	TW_KEY_DSCP,
	TW_KEY_STATE, /* TW_STATE_* */
	TW_KEY_PART,  /* enum tw_fragment_part */
	TW_KEY_DEVICE,
	TW_KEY_SOURCE_CLASS, /* of struct tw_ladder; filled only for lists that ask, */
	TW_KEY_DESTINATION_CLASS,
	TW_KEY_USED,
	TW_KEY_WORDS = 32, /* so that no number of a word is out of bounds */
};
#define TW_KEY_NO_FLAGS 0x100u
#define TW_KEY_NO_TYPE  0x10000u

/*
 * A node is 64 bits: its kind in bits 0-2, its offset in 32-63.  Between them, a cut has
 * its word (3-7), shift (8-12) and mask (13-20), and 2^n nodes at its offset; a leaf the
 * room that its rules take (8-29); a forest the number of its trees (8-29).  The root of
 * a tree says in bits 30 and 31 whether it asks for the class of source and destination.
 */
enum tw_tree_kind {
	TW_TREE_EMPTY,
	TW_TREE_CUT,
	TW_TREE_LEAF,
	TW_TREE_VECTORS, /* a leaf that is a struct tw_vectors */
	TW_TREE_FOREST,  /* struct tw_tree in the order of their best rules; a root only */
};
#define TW_TREE_KIND(node)  ((node)&7)
#define TW_TREE_WORD(node)  ((node) >> 3 & 31)
#define TW_TREE_SHIFT(node) ((node) >> 8 & 31)
#define TW_TREE_MASK(node)  ((node) >> 13 & 0xff)
#define TW_TREE_COUNT(node) ((__u32)(node) >> 8 & 0x3fffff)
#define TW_TREE_AT(node)    ((__u32)((node) >> 32))

#define TW_TREE_ASKS(side) (1ull << (30 + (side)))

#define TW_TREE_DEPTH    32   /* cuts, one below the other */
#define TW_FOREST_TREES  64   /* of a list, and a family */
#define TW_LEAF_RULES    64   /* a leaf has less, or vectors */
#define TW_VECTORS_RULES 4096 /* of one leaf: words of a vector that one summary tells of */

struct tw_tree {
	__u64 root;
	__u32 best; /* number of its first rule */
	__u32 _pad;
};

/*
 * What a rule says of itself: bits 0-7 the protocol, then TW_RULE_*.  Of two words the
 * smaller is of the rule that comes first.
 */
#define TW_RULE_PROTOCOL      0x00000100ull /* only this one */
#define TW_RULE_PORTS         0x00000200ull /* only protocols with ports */
#define TW_RULE_LIMIT         0x00000400ull
#define TW_RULE_ACTION(word)  ((__u8)((word) >> 11 & 3))
#define TW_RULE_VERDICT(word) ((__u8)((word) >> 13 & 7))   /* TW_VERDICT_* */
#define TW_RULE_MORE(word)    ((__u32)((word) >> 16 & 15)) /* struct tw_more behind it */
#define TW_RULE_VALID         0x00100000ull
#define TW_RULE_COUNTER(word) ((__u32)((word) >> 24 & TW_RULE_COUNTER_MAX))
#define TW_RULE_NUMBER(word)  ((__u32)((word) >> 44)) /* from 0 */
#define TW_RULE_HELD(side)    (0x00200000ull << (side)) /* one of these known sets holds the address */
#define TW_RULE_ACTION_SHIFT  11
#define TW_RULE_VERDICT_SHIFT 13
#define TW_RULE_MORE_SHIFT    16
#define TW_RULE_COUNTER_SHIFT 24
#define TW_RULE_COUNTER_MAX   0xfffffu
#define TW_RULE_NUMBER_SHIFT  44
#define TW_RULES_MAX          0x100000u /* of a list; larger than any number */
#define TW_RULE_MORE_MAX      15

/* Host order.  In a leaf they stand one behind the other, each with its struct tw_more. */
struct tw_rule4 {
	union {
		struct {
			__u32 source, source_mask;
		};
		__u64 source_held; /* TW_RULE_HELD(0) */
	};
	union {
		struct {
			__u32 destination, destination_mask;
		};
		__u64 destination_held;
	};
	__u16 source_port[2], destination_port[2]; /* lowest and highest */
	__u64 word;
};

/* The halves of an address are compared without their last bits: x >> shift[0] >> shift[1]. */
struct tw_rule6 {
	__u64 source[2], destination[2]; /* TW_RULE_HELD(): [0] are the sets */
	__u8 source_shift[2][2], destination_shift[2][2];
	__u16 source_port[2], destination_port[2];
	__u64 word;
	__u64 _pad;
};

/* What else a rule asks for.  All of it must hold. */
enum tw_more_kind { TW_MORE_CONDITIONS, TW_MORE_SETS, TW_MORE_NOT_PREFIX, TW_MORE_HELD };

#define TW_MORE_SETS_MAX 12
#define TW_RULE_SETS_MAX (4 * TW_MORE_SETS_MAX) /* two for each side */

struct tw_more {
	__u8 kind;
	__u8 side;    /* 0: source, 1: destination */
	__u8 negated; /* sets: none of them must hold the address */
	__u8 count;   /* of sets */
	union {
		__u16 sets[TW_MORE_SETS_MAX]; /* one of them must hold the address */
		__u64 held;                   /* the same for known sets, a bit for each */
		struct {
			__u32 conditions; /* TW_MORE_* */
			__u16 length[2];
			__u8 ttl[2];
			__u8 flags_mask, flags;
			__u8 type, code;
			__u8 dscp, state;
			__u32 device;
			__u32 limit; /* offset of a struct tw_limit, TW_NONE32: none */
		};
		struct { /* must not hold the address */
			__u8 shift[2][2];
			__u64 prefix[2];
		};
	};
};
#define TW_MORE_FLAGS    0x01
#define TW_MORE_TYPE     0x02
#define TW_MORE_CODE     0x04
#define TW_MORE_STATE    0x08
#define TW_MORE_LENGTH   0x10
#define TW_MORE_TTL      0x20
#define TW_MORE_DSCP     0x40
#define TW_MORE_FRAGMENT 0x80
#define TW_MORE_DEVICE   0x100

/* The intervals of one word, in ascending order. */
struct tw_interval {
	__u32 from;
	__u32 vector; /* one word whose bits say which others are not zero, then these */
};

/* By the upper bits of a word: where in the intervals to look. */
struct tw_bucket {
	__u32 at;    /* offset of the one that the bucket begins in */
	__u32 count; /* a power of two; what is beyond the bucket begins after any of its values */
};

struct tw_vector_field {
	__u8 word;
	__u8 shift; /* the bucket of a value is value >> shift & mask */
	__u16 mask;
	__u32 buckets; /* offset */
	__u32 _pad[2];
};

/*
 * The same for a set: which rules suit a packet whose address it holds, or does not.
 * Sets are asked once some rules did not match by theirs, and then all of the leaf's:
 * however many rules name them, each is asked once.
 */
struct tw_vector_set {
	__u16 set; /* TW_NONE16: known ones, all of those that rules of the leaf name */
	__u16 side;
	__u32 vector
		[2]; /* [1] it holds the address; known ones: [0] offset of one for each class */
	__u32 _pad;
};

#define TW_INTERVALS_LOG2 14 /* two for each rule of a leaf, and one */
#define TW_VECTORS_SETS   32
#define TW_VECTORS_MISSES 3 /* rules that did not match after all, before all sets are asked */
#define TW_VECTORS_FIELDS (TW_KEY_USED + TW_VECTORS_SETS)

struct tw_vectors {
	__u32 rules;   /* how many */
	__u32 rule_at; /* offset of as many offsets */
	__u32 fields;  /* struct tw_vector_field, */
	__u32 sets;    /* then struct tw_vector_set */
};

/* -- the search ------------------------------------------------------------------- */

#define TW_MEMO 64

/* A packet as the classifier sees it, and how far the search is. */
struct tw_key {
	__u32 word[TW_KEY_WORDS];
	union tw_addr addr[2]; /* source, destination */
	__u32 family;
	__u32 second;
	__u32 lacks; /* TW_RULE_*: rules that ask for it do not match */
	__u32 from;  /* number of the first rule that may match */
	__u32 best;  /* number of the best that did, TW_RULES_MAX: none */
	__u32 limit; /* offset of the limit of the last that was looked at */
	__u64 root;
	__u64 found;       /* its word, 0: none */
	__u32 found_limit; /* offset */
	__u32 tree;        /* the next one of a forest */
	__u64 leaf;        /* that is looked at; 0: none */
	__u32 next;        /* its next rule */
	__u32 more;        /* offset of what the last rule asks for beside, */
	__u32 more_end;
	__u32 asked;             /* and how many sets of one were asked */
	__u32 ask_set, ask_side; /* what tw_search() wants to know */
	__u64 pending;           /* word of a rule that matches but for that, 0: none */
	__u64 summary, bits; /* of vectors: words, and bits of the one before, to be looked at */
	__u32 base;          /* rule of the lowest of `bits` */
	__u32 rule_at;
	__u32 fields; /* vectors that are open */
	__u32 sets;   /* that are not yet: how many, */
	__u32 set_at; /* and their offset */
	__u32 misses;
	__u32 vector[TW_VECTORS_FIELDS];
	__u32 interval; /* of a struct tw_ladder */
	__u32 classed;  /* bit 0: the class of the source is known, bit 1: of the destination, */
	__u64 held[2];  /* and which known sets hold it */
	__u64 asked_sets[2];    /* which entries of `memo` are of this packet */
	__u32 memo[2][TW_MEMO]; /* what sets said: set << 1 | held */
};

_Static_assert(sizeof(struct tw_tree) == 16, "tree");
_Static_assert(sizeof(struct tw_rule4) == 32, "rule, IPv4");
_Static_assert(sizeof(struct tw_rule6) == 64, "rule, IPv6");
_Static_assert(sizeof(struct tw_more) == 32, "more");
_Static_assert(sizeof(struct tw_vectors) == 16, "vectors");
_Static_assert(sizeof(struct tw_vector_field) == 16, "vector field");
_Static_assert(sizeof(struct tw_vector_set) == 16, "vector set");
_Static_assert(TW_COUNTERS <= TW_RULE_COUNTER_MAX + 1, "a counter has 20 bits in a rule's word");

#endif
