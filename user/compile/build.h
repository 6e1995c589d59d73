/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The image while it is being made: a growing array for each section.  Private to compile/. */
#ifndef TIERWALL_USER_COMPILE_BUILD_H
#define TIERWALL_USER_COMPILE_BUILD_H

#include "compile/compile.h"

/* Lists of the same addresses are one set. */
struct placed_list {
	uint64_t content;
	size_t count;
	uint32_t index;
};

/* That chooses a server. */
struct placed_table {
	uint32_t offset; /* in the arena */
	uint32_t count;  /* slots; 0: not placed, or no server of the family */
};

struct build {
	struct config *config;
	const struct tw_policy *live; /* NULL: none */
	const struct node_facts *facts;
	struct diagnostic *diagnostic;
	struct compiled *out;
	struct tw_policy header;

#define BUILD_SECTION(type, name) \
	type *name;               \
	size_t name##_count;
	BUILD_SECTION(struct tw_address, addresses)
	BUILD_SECTION(struct tw_listen, listens)
	BUILD_SECTION(struct tw_service, services)
	BUILD_SECTION(struct tw_member, members)
	BUILD_SECTION(struct tw_tier, tiers)
	BUILD_SECTION(struct tw_server, servers)
	BUILD_SECTION(uint32_t, ids)
	BUILD_SECTION(struct tw_set_map, set_maps)
#undef BUILD_SECTION

	struct placed_table (*tables)[2]; /* of each tier, by family; NULL: of none yet */
	struct placed_list *lists;        /* of addresses, that are sets without a name */
	size_t list_count;
	bool set_taken[TW_SET_SLOTS];
	uint32_t set_from; /* those below are taken */
	struct live_sets *live_sets;
};

/* Index in `sets` of a set by name, a tier's servers, or TW_NONE32: there is none (sets.c). */
uint32_t build_named_set(const struct build *build, const char *name);
/* Notes in named[] which tiers some rule or service names as sets (named.c). */
void find_named_tiers(const struct config *config, bool *named);
/* Places every set of the configuration, and every tier that is named as one. */
int build_sets(struct build *build);
void build_sets_end(struct build *build);
/* Places the prefixes of an address list; *index is where. */
int build_address_list(struct build *build, const struct addresses *addresses, uint32_t *index);

/* Compiles a list's rules (lists.c). */
int build_list(struct build *build, struct tw_list *list, const struct rules *rules);
/* The rules that guard begins with and that ask a set alone.  Sets are placed already. */
void build_fronts(struct build *build);
/* The same for the sources that a service accepts. */
int build_sources(struct build *build, struct tw_service *service, const struct addresses *from);

/* Places what a rule's `limit` says; *offset: where in the arena (limits.c). */
int build_limit(struct build *build, const struct rule *rule, uint32_t *offset);

/* What each address is: of a service, a server, the node (addresses.c). */
int build_addresses(struct build *build);

/* Tiers, servers, services and members (services.c). */
int build_tiers(struct build *build);
int build_services(struct build *build);
/* Places the tables that choose a server of the tier, unless another service has (tables.c). */
int build_choices(struct build *build, struct tw_service *service, const struct tier *tier);

#endif
