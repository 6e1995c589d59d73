/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A list's rules as rows: what the classifier is built from.  A row has one source, one
 * destination and one range of each port; a rule with lists is several rows, all under
 * its number.  Private to compile/.
 */
#ifndef TIERWALL_USER_COMPILE_ROWS_H
#define TIERWALL_USER_COMPILE_ROWS_H

#include "compile/build.h"
#include "tierwall/classifier.h"

#define ROW_IPV4 0x1
#define ROW_IPV6 0x2

/* Addresses that are no single prefix: those that some set holds, or that nothing here does. */
struct row_sets {
	bool negated;
	uint64_t held;  /* bits of those that are known by heart, */
	uint16_t *sets; /* and the others */
	size_t set_count;
	struct prefix *prefixes; /* of `not` only */
	size_t prefix_count;
};

struct row_end {
	union tw_addr addr;
	uint8_t bits;     /* of the prefix, an IPv4 one is 96 longer; 0: any of `families` */
	uint8_t families; /* ROW_* */
	const struct row_sets *sets; /* NULL: the prefix */
	uint8_t classes[2]; /* lowest and highest of `sets->held`, none but theirs between them */
	bool has_classes;
};

struct row {
	uint32_t number; /* of the rule in its list, from 0 */
	uint32_t counter;
	struct row_end source, destination;
	uint16_t source_port[2], destination_port[2];
	uint16_t length[2];
	uint32_t device;     /* ifindex */
	uint32_t limit;      /* offset in the arena, TW_NONE32: none */
	uint32_t conditions; /* TW_MORE_*: which of the others are asked */
	uint8_t families;    /* ROW_* */
	uint8_t action, verdict;
	bool has_protocol, has_ports;
	uint8_t protocol;
	uint8_t ttl[2];
	uint8_t flags_mask, flags;
	uint8_t type, code, dscp, state;
};

struct owned_sets {
	struct row_sets *sets;
};

struct rows {
	struct row *items; /* in the order of their rules */
	size_t count;
	const struct known *known;
	bool by_class;            /* trees part packets by the classes of known sets */
	struct owned_sets *owned; /* that rows point to */
	size_t owned_count;
};

/* MISTAKE, with the diagnostic, or a negative errno. */
int rows_add_rule(struct rows *rows, struct build *build, const struct rule *rule, uint32_t number);
void rows_free(struct rows *rows);

/* Within a family: `wide` holds all that `narrow` does. */
bool prefix_covers(const struct prefix *wide, const struct prefix *narrow);

#endif
