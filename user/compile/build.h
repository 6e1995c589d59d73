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

/* Sets that rules know by heart (known.c). */
#define KNOWN_SETS    64  /* a bit for each */
#define KNOWN_CLASSES 256 /* of addresses: what is the same sets' is one class */
#define KNOWN_IPV4    0x1
#define KNOWN_IPV6    0x2

struct known_set {
	uint32_t index; /* in `sets` */
	const struct prefix *items;
	size_t count;
};

struct known {
	uint32_t *asking; /* how many rules ask for each named set of the model */
	struct known_set sets[KNOWN_SETS];
	size_t set_count;
	uint8_t families[KNOWN_SETS];
	uint8_t bit[TW_SET_SLOTS]; /* of the set of an index, and one: 0 is of no known set */
	uint64_t held[KNOWN_CLASSES];
	uint32_t class_count;
	struct tw_ladder ladder[2];
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
	BUILD_SECTION(union tw_addr, pools)
	BUILD_SECTION(struct tw_set_map, set_maps)
	BUILD_SECTION(struct tw_known, known_prefixes)
#undef BUILD_SECTION

	struct placed_table (*tables)[3]; /* of each tier, by family; NULL: of none yet */
	struct placed_list *lists;        /* of addresses, that are sets without a name */
	size_t list_count;
	bool set_taken[TW_SET_SLOTS];
	uint32_t set_from; /* those below are taken */
	struct live_sets *live_sets;
	struct known known;
};

/* Counts which sets rules ask for. */
int known_begin(struct build *build);
/* A set that may be known by heart, with its entries; or one that the live image knows. */
void known_add(struct build *build, const struct tw_set_map *row, const struct prefix *items,
	       size_t count);
int known_add_live(struct build *build, const struct tw_set_map *row);
/* Once all sets are placed: finds and places the classes of addresses. */
int known_build(struct build *build);
/* Its bit in what a class is held by, 0: it is not known. */
uint64_t known_bit(const struct known *known, uint32_t set);
/* KNOWN_*: of which an address may be that some of these hold. */
uint8_t known_families(const struct known *known, uint64_t held);
/* Do enough of a list's rules ask for known sets? */
bool known_pays(const struct build *build, const struct rules *rules);

/* Index in `sets` of a set by name, a tier's servers, or TW_NONE32: there is none (sets.c). */
uint32_t build_named_set(const struct build *build, const char *name);
/* Notes in named[] which tiers some rule or service names as sets (named.c). */
void find_named_tiers(const struct config *config, bool *named);
/* Places every set of the configuration, and every tier that is named as one. */
int build_sets(struct build *build);
void build_sets_end(struct build *build);
/* Room for prefixes that are no set's of the model; the result of the compilation owns it. */
struct prefix *own_prefixes(struct build *build, size_t count);
/* Places the prefixes of an address list; *index is where. */
int build_address_list(struct build *build, const struct addresses *addresses, uint32_t *index);

/* Compiles a list's rules (lists.c). */
int build_list(struct build *build, struct tw_list *list, const struct rules *rules);
/* The rules that guard begins with and that ask a set alone.  Sets are placed already. */
void build_fronts(struct build *build);
/* How many they are. */
size_t front_rules(const struct rules *guard);
/* The same for the sources that a service accepts. */
int build_sources(struct build *build, struct tw_service *service, const struct addresses *from);

/* What tunnels to servers have in common, and whose are opened here (tunnels.c). */
int build_tunnels(struct build *build);
/* From where a tunnel to this server comes. */
int build_server_source(struct build *build, const struct service *service,
			struct tw_server *server, const struct server *said);

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
