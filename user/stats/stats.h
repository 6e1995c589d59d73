/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters with the names of what they count, in one neutral form: filled
 * from the running configuration and the maps, or by hand in tests, and walked
 * by each rendering (table, JSON, Prometheus).
 *
 * Names are borrowed from the running configuration, which struct stats holds.
 */
#ifndef TIERWALL_USER_STATS_H
#define TIERWALL_USER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compile/compile.h"
#include "config/config.h"
#include "kernel/instance.h"
#include "tierwall/abi.h"

struct stats_rule {
	uint32_t number;  /* from 1 */
	char *rule;       /* owned */
	const char *name; /* NULL: none */
	struct tw_counter hits;
	uint32_t shadowed_by; /* number of a rule before it that makes it never match; 0: none */
	char *empty_sets;     /* "@a @b", owned; NULL: none */
};

struct stats_rules {
	struct stats_rule *items;
	size_t count;
	bool has_default;
	uint8_t default_action;
	struct tw_counter default_hits;
	bool has_bound;
	struct list_bound bound;
};

struct stats_member { /* a server within a service */
	const char *name;
	uint8_t state;
	uint32_t weight;
	struct tw_counter counter;
};

struct stats_service {
	const char *name;
	const char *tier;
	uint8_t forward;
	struct tw_counter counter;
	struct stats_member *members;
	size_t member_count;
};

struct stats_server {
	const char *name;
	uint8_t state;
	uint32_t weight;
	struct stats_rules rules;
};

struct stats_tier {
	const char *name;
	struct stats_rules rules;
	struct stats_server *servers;
	size_t server_count;
};

struct stats_set {
	const char *name;
	uint32_t entries;
};

struct stats {
	const char *instance;
	struct tw_meta meta;
	struct running running;
	bool whole; /* not narrowed by stats_select(): node, drops and flows belong to it */
	struct attachment *attachments;
	size_t attachment_count;
	struct tw_counter node[TW_NODE_ROWS];
	uint32_t flows_live;
	uint32_t flows_capacity;
	struct stats_service *services;
	size_t service_count;
	struct stats_tier *tiers;
	size_t tier_count;
	bool has_guard; /* it could decide something, so the data path asks it */
	struct stats_rules guard;
	bool has_host;
	struct stats_rules host;
	struct stats_set *sets;
	size_t set_count;
};

/*
 * Everything about an instance, which must stay open as long as `out` is used.  A
 * failure is printed already.
 */
int stats_read(struct stats *out, const struct instance *instance);
/*
 * Adds what is not counted: bounds, rules that never match, sets that are empty.  As
 * stats_read().
 */
int stats_examine(struct stats *stats);
/* The part that needs no kernel: the numbers of `totals` beside the names of `config`. */
int stats_fill(struct stats *out, const struct config *config, const struct totals *totals);
void stats_free(struct stats *stats);

/*
 * Leaves only the services, tiers and sets of these names (and guard, host).
 * MISTAKE: nothing is called *unknown.
 */
int stats_select(struct stats *stats, int count, char *const *names, const char **unknown);

/* The rules of guard, host, TIER or TIER/SERVER; NULL: there is nothing of that name. */
const struct stats_rules *stats_rules_of(const struct stats *stats, const char *owner);

/* -- renderings ------------------------------------------------------------------- */

enum stats_detail { STATS_BRIEF, STATS_FULL }; /* drops that never happened: left out, shown */

/* 0 or a negative errno; what is lost on the way to `out` shows in ferror(). */
int stats_print_table(FILE *out, const struct stats *stats, enum stats_detail detail);
int stats_print_json(FILE *out, const struct stats *stats);
int stats_print_prometheus(FILE *out, const struct stats *stats);

/* The lists of rules alone: guard, host, tiers and servers (`tierwall show rules`). */
int stats_print_rules_table(FILE *out, const struct stats *stats);
int stats_print_rules_json(FILE *out, const struct stats *stats);
int stats_print_list_table(FILE *out, const struct stats_rules *rules);
int stats_print_list_json(FILE *out, const struct stats *stats, const char *owner,
			  const struct stats_rules *rules);

/* The key of a reason in JSON and metrics: "blocked". */
const char *reason_key(uint32_t reason);

#endif
