/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What both readers make of a listing.  A match is a cube: for each field of a packet the
 * numbers that it may have.  Thus a jump is an intersection and `!` a complement, whatever
 * the field.
 *
 * Everything lives in one arena until the import ends; where memory is wanting, the
 * import ends through import_fail(), which does not return.
 */
#ifndef TIERWALL_USER_IMPORT_MODEL_H
#define TIERWALL_USER_IMPORT_MODEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/config.h"

/* -- sets of numbers (spans.c) ------------------------------------------------------- */

typedef unsigned __int128 wide; /* an address, as union tw_addr has it, or any number */

struct span {
	wide low, high;
};

struct import_set;

/* Sorted, disjoint, with gaps between; never changed once made. */
struct spans {
	const struct import_set *set; /* they are the entries of this set, NULL: of none */
	bool negated;                 /* they are what the set does not hold */
	size_t count;
	struct span items[];
};

enum field {
	FIELD_FAMILY, /* FAMILY_* */
	FIELD_PROTOCOL,
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_SOURCE_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_FLAGS,
	FIELD_TYPE,
	FIELD_CODE,
	FIELD_STATE, /* enum flow_state */
	FIELD_LENGTH,
	FIELD_TTL,
	FIELD_DSCP,
	FIELD_PART,   /* enum part */
	FIELD_DEVICE, /* index into import.devices */
	FIELD_CAST,   /* enum cast, of the destination */
	FIELD_COUNT,
};

enum { FAMILY_IPV4, FAMILY_IPV6 };
enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_RELATED, FLOW_INVALID, FLOW_UNTRACKED };
enum cast { CAST_LOCAL, CAST_BROADCAST, CAST_MULTICAST, CAST_OTHER };
enum part { PART_WHOLE, PART_FIRST, PART_LATER };
#define DEVICE_LOOPBACK 0

struct cube { /* NULL: any */
	const struct spans *fields[FIELD_COUNT];
};

struct import;

/* Collects spans in any order; spans_make() sorts and joins them. */
struct span_list {
	struct span *items;
	size_t count, room;
};

void span_push(struct import *import, struct span_list *list, wide low, wide high);
const struct spans *spans_make(struct import *import, struct span_list *list);
const struct spans *spans_of(struct import *import, wide low, wide high);
const struct spans *spans_and(struct import *import, const struct spans *a, const struct spans *b);
const struct spans *spans_or(struct import *import, const struct spans *a, const struct spans *b);
const struct spans *spans_not(struct import *import, enum field field, const struct spans *a);
bool spans_equal(const struct spans *a, const struct spans *b);
bool spans_hold(const struct spans *spans, wide number); /* NULL holds all */
wide spans_size(const struct spans *spans);
wide field_max(enum field field);

/* False: no packet is in both. */
bool cube_and(struct import *import, struct cube *out, const struct cube *a, const struct cube *b);
bool cube_equal(const struct cube *a, const struct cube *b);
/* Narrows one field; false: nothing is left. */
bool cube_narrow(struct import *import, struct cube *cube, enum field field,
		 const struct spans *spans);

/* -- chains ----------------------------------------------------------------------------- */

enum verdict_kind {
	VERDICT_NONE, /* the packet goes on to the next rule */
	VERDICT_ACCEPT,
	VERDICT_DROP,
	VERDICT_REJECT,
	VERDICT_RETURN,
	VERDICT_JUMP,
	VERDICT_GOTO,
};

struct verdict {
	enum verdict_kind kind;
	const char *chain; /* of JUMP and GOTO */
};

/* One of the ways to match, each with its verdict; no two hold the same packet. */
struct way {
	struct cube cube;
	struct verdict verdict;
};

struct import_rule {
	struct import_rule *next;
	uint32_t line;
	const char *text; /* as it stands in the source, on one line */
	struct way *ways;
	size_t way_count;
	bool log;
	const struct limit *limit; /* NULL: none */
	const char *name;          /* its comment, NULL: none */
	const char *reason;        /* why it cannot be expressed, NULL: it can so far */
	bool may_return;           /* with a reason: it may leave its chain, who knows when */
	unsigned int placed;       /* in how many places of the lists it stands */
	bool reported;
};

enum hook { HOOK_NONE, HOOK_GUARD, HOOK_HOST, HOOK_FORWARD, HOOK_OUT, HOOK_NAT, HOOK_OTHER };

struct import_chain {
	struct import_chain *next;
	uint32_t table; /* a number: a jump stays in its table */
	const char *name;
	uint32_t line;
	enum hook hook;
	int priority;
	enum verdict_kind policy;
	struct cube cube; /* families of the table, device of the hook */
	struct import_rule *rules, **end;
	bool reported;
};

struct nft_key;
struct nft_elements;

struct import_set {
	struct import_set *next;
	uint32_t table;
	const char *name; /* in the source */
	char emitted[TW_NAME];
	uint32_t line;
	const struct spans *spans; /* of addresses, NULL: it is of another kind */
	const char *reason;        /* its entries are not known: why */
	const struct nft_key *key; /* of its elements; NULL: it is not known */
	const struct nft_elements *elements;
	bool is_map;
	unsigned int family; /* of its addresses */
};

/* -- the import -------------------------------------------------------------------------- */

struct meter {
	struct meter *next;
	struct import_rule *rule;
	uint32_t space; /* of names */
	const char *name;
};

struct message {
	uint32_t line;
	size_t order;
	const char *text;
};

struct import {
	const char *file;
	const char *text;
	size_t length;
	FILE *out;
	struct block *blocks;
	jmp_buf failed;
	struct import_chain *chains, **chains_end;
	struct import_set *sets, **sets_end;
	struct meter *meters;
	const char **devices;
	size_t device_count, device_room;
	struct message *messages;
	size_t message_count, message_room;
	bool written; /* a statement */
	bool left;    /* something could not be expressed */
	bool quiet;   /* no notes: what is written now is a comment */
};

void *import_alloc(struct import *import, size_t size);
/* Grows an array in the arena by one zeroed item. */
void *import_push(struct import *import, void *items, size_t *count, size_t *room, size_t size);
char *import_print(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Source text on one line, without what may not stand in a configuration. */
char *import_line(struct import *import, const char *text, size_t length, size_t most);
void import_fail(struct import *import, int error) __attribute__((noreturn));
size_t import_device(struct import *import, const char *name);

/* A thing that cannot be expressed, and why; it has left the output. */
void import_left(struct import *import, uint32_t line, const char *what, const char *why);
/* The same for a rule, once. */
void import_left_rule(struct import *import, struct import_rule *rule, const char *why);
void import_note(struct import *import, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct import_chain *import_add_chain(struct import *import, uint32_t table, const char *name,
				      uint32_t line);
struct import_chain *import_chain(const struct import *import, uint32_t table, const char *name);
struct import_rule *import_add_rule(struct import *import, struct import_chain *chain,
				    uint32_t line);
/* The rule's ways become each of them with each of `ways`, where both hold. */
void rule_and(struct import *import, struct import_rule *rule, const struct way *ways,
	      size_t count);
void rule_and_field(struct import *import, struct import_rule *rule, enum field field,
		    const struct spans *spans);
void rule_refuse(struct import_rule *rule, const char *reason);
/* The rule counts under this name: two that do so share their rates. */
void rule_counts_in(struct import *import, struct import_rule *rule, uint32_t space,
		    const char *name);

/* -- readers, and what follows them ------------------------------------------------------- */

void nft_read(struct import *import);
void iptables_read(struct import *import, bool ipv6);

/* One thing that tierwall's lists must do, in order. */
struct entry {
	struct cube cube;
	enum verdict_kind verdict; /* NONE: a comment, or log alone */
	struct import_rule *rule;  /* NULL: a chain's policy */
	const char *reason;        /* it cannot be expressed */
	bool log;
};

struct entries {
	struct entry *items;
	size_t count, room;
};

/* The rules of all chains of a hook as one list, with what ends it. */
void flatten(struct import *import, enum hook hook, struct entries *out);
/* Tells of the rules of hooks that tierwall does not have. */
void report_hooks(struct import *import);
void emit(struct import *import);

/* One list's rules, as they are emitted. */
struct emitter {
	struct import *import;
	enum hook hook;
	FILE *body;
	bool strict;
	bool noted_new, noted_before, has_established, has_default;
	size_t rules, lists; /* in the whole file */
};

/* Writes what the entry says, or why it cannot be said. */
void emit_entry(struct emitter *emitter, struct entry *entry);
/* Prefixes that hold exactly these addresses of a family, at most `most`; false: more. */
bool prefixes_of(struct import *import, const struct spans *spans, unsigned int family,
		 struct prefix **out, size_t *count, size_t most);

#endif
