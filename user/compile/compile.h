/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the model to what the data path reads: one policy image, what stands beside it
 * in chunks, and the sets that are to be filled.  Nothing here touches the kernel; the same model, facts and
 * running image give the same result, but for a hash key that has to be invented.
 */
#ifndef TIERWALL_USER_COMPILE_H
#define TIERWALL_USER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile/arena.h"
#include "config/config.h"
#include "tierwall/abi.h"

/* -- what the node is ------------------------------------------------------------ */

struct device_fact {
	char name[16];
	uint32_t ifindex;
	uint8_t mac[6];
	bool is_loopback;
};

struct node_facts {
	struct device_fact *devices;
	size_t device_count;
	union tw_addr *addresses; /* the node's own */
	size_t address_count;
	uint8_t *address_bits; /* of the network that each is in, as in a prefix; NULL: not known */
	union tw_addr *broadcasts; /* of its networks */
	size_t broadcast_count;
};

const struct device_fact *facts_device(const struct node_facts *facts, const char *name);

/* -- counter ids (ids.c) ------------------------------------------------------------ */

/*
 * Calls `visit` for the counter id of every object of the model, always in the same
 * order: the section `ids` of an image is these numbers in this order.  Allocates
 * service->member_ids where they are missing; -ENOMEM if it cannot.
 */
int config_visit_ids(struct config *config, void (*visit)(uint32_t *id, void *context),
		     void *context);

/*
 * Objects that are the same in both configurations count on under their ids (inherit.c).
 * Of the running one an outline is enough.
 */
int ids_inherit(struct config *config, const struct config *running);

/* The ids that objects got because they are new: their counters start at zero. */
struct fresh_ids {
	uint32_t *items;
	size_t count;
};

/*
 * Gives an id to every object without one, none that the `live` image (may be NULL)
 * uses.  -ENOSPC: more than TW_COUNTERS objects.
 */
int ids_assign(struct config *config, const struct tw_policy *live, struct fresh_ids *fresh);

/* -- the choice of a server (choice.c) ------------------------------------------------ */

struct candidate {
	uint64_t seed;   /* from its address: the same on every node */
	uint32_t weight; /* 0: gets nothing */
	bool takes_flows;
	bool is_backup; /* takes flows in place of others only */
};

/* Slots for so many candidates with such weights: a power of two. */
uint32_t choice_slots(const struct candidate *candidates, size_t count);

/*
 * Fills slots[] with indices of candidates, TW_NONE16 where none takes flows.
 * -ENOMEM or 0.
 */
int choice_fill(uint16_t *slots, uint32_t slot_count, const struct candidate *candidates,
		size_t count);

/* The table of a tier for one family. */
struct choice_table {
	uint16_t *slots; /* indices in tier->servers; owned */
	uint32_t count;  /* 0: no server has an address of that family */
};

#define EITHER_FAMILY 2 /* of all servers, whichever address they have */

/* -ENOMEM or 0 (tables.c). */
int choice_table(struct choice_table *out, const struct tier *tier, int family);
/* Has the tier the same table for both families? */
bool choice_is_shared(const struct tier *tier);

/* What the hash of a service's flows leaves out (services.c). */
void service_hash_compile(struct tw_service *place, const struct service *service);

/* -- limits (limits.c) ------------------------------------------------------------------ */

void limit_compile(struct tw_limit *out, const struct limit *limit);

/* -- sets ------------------------------------------------------------------------------ */

/* What a prefix adds to the `content` of its set. */
uint64_t prefix_content(const struct prefix *prefix);

struct compiled_set { /* a set that has to be created and filled before the image goes live */
	uint32_t index;
	uint32_t row;               /* in `set_maps` of the image */
	const struct prefix *items; /* of the model, or among `owned` below */
	size_t count;
	/* The set of its name in the live image, whose entries that expire it takes over; or NULL. */
	const struct tw_set_map *before;
	bool edited; /* as in struct set */
};

struct owned_prefixes { /* that are no set's of the model */
	struct prefix *items;
};

/* -- lists of rules ---------------------------------------------------------------------- */

/* The most that a packet takes in a list. */
struct list_work {
	uint32_t steps;    /* nodes, and halvings of the intervals of a vector */
	uint32_t compares; /* rules that are looked at */
	uint32_t words;    /* of vectors, each for all fields */
	uint32_t sets;     /* look-ups */
};

struct list_bound {
	uint32_t rows;
	uint32_t limits; /* rules with a limit: each may make the search begin anew behind it */
	uint32_t trees[2];
	struct list_work work[2]; /* [0] IPv4, [1] IPv6 */
	size_t bytes;
};

/* What there is to say of a list that is compiled. */
struct examined_list {
	struct list_bound bound;
	uint32_t *shadowed_by; /* for each rule: the number of the one, from 1, or 0 */
};

struct examined { /* guard, host, each tier and its servers, in that order */
	struct examined_list *lists;
	size_t count;
};

/* Of the running configuration and its image.  As policy_compile(). */
int policy_examine(struct examined *out, struct config *config, const struct tw_policy *live,
		   const struct node_facts *facts, struct diagnostic *diagnostic);
void examined_free(struct examined *examined);

/* -- the whole ---------------------------------------------------------------------------- */

struct compiled {
	unsigned char *image; /* TW_IMAGE_BYTES at most; starts with struct tw_policy */
	size_t length;
	struct arena arena; /* what stands beside it in chunks */
	struct compiled_set *sets;
	size_t set_count;
	struct owned_prefixes *owned;
	size_t owned_count;
	struct fresh_ids fresh;
	struct list_bound *bounds; /* as in struct examined */
	size_t bound_count;
};

/*
 * Compiles a checked configuration.  Fills in ids, set indices and, where it is
 * missing, the hash key.  `live` is the image that it follows; NULL: none.
 */
int policy_compile(struct compiled *out, struct config *config, const struct tw_policy *live,
		   const struct node_facts *facts, struct diagnostic *diagnostic);
void compiled_free(struct compiled *compiled);

#endif
