/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A rule of tierwall's while it is being made of an entry. */
#ifndef TIERWALL_USER_IMPORT_RULES_H
#define TIERWALL_USER_IMPORT_RULES_H

#include "import/model.h"

#define DRAFT_RULES 32

#define FAMILY_BIT(family) (1u << (family))
#define BOTH               3u

/* A rule in the making, and why it cannot be made. */
struct draft {
	struct emitter *emitter;
	const struct entry *entry;
	struct cube cube;
	struct rule rule;
	const char *reason;
	struct rule rules[DRAFT_RULES];
	size_t count;
};

static inline void refuse(struct draft *draft, const char *reason)
{
	if (!draft->reason)
		draft->reason = reason;
}

/* State of flows (rules_state.c): false: the entry needs no rule. */
bool set_state(struct draft *draft);
/* What must be said of a rule's state, once in a list. */
void note_new(struct draft *draft);
void note_before(struct draft *draft);

/* Addresses and families (rules_address.c) */
unsigned int families_of_cube(struct draft *draft);
void set_addresses(struct draft *draft, enum field field, unsigned int families,
		   struct addresses *out);
/* Words that would hold for the other family, too, get an address that does not. */
void keep_family(struct draft *draft, unsigned int families);
/* Multicast and broadcast addresses and no others. */
bool is_group(const struct spans *spans);

#endif
