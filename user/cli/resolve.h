/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the numbers that the data path speaks in (counter ids, indices) back to the
 * names in the configuration.
 */
#ifndef TIERWALL_USER_RESOLVE_H
#define TIERWALL_USER_RESOLVE_H

#include "config/config.h"

struct rule_place {
	const struct rules *list; /* NULL: no rule has this id */
	const struct rule *rule;  /* NULL: the default of the list */
	uint32_t number;          /* from 1; 0: the default */
	const char *owner;        /* guard, host or the tier */
	const char *server;       /* whose own rules they are, or NULL */
};

struct names {
	const struct config *config;
	struct rule_place *rules; /* by counter id */
};

/* 0 or -ENOMEM; `config` must outlive the names. */
int names_read(struct names *out, const struct config *config);
void names_free(struct names *names);

/* NULL: no rule and no default has this id. */
const struct rule_place *names_rule(const struct names *names, uint32_t id);
/* "accept tcp to port 443", "default drop"; the caller frees it, NULL: no memory. */
char *rule_place_text(const struct rule_place *place);
/*
 * Where it stands, its text between two `quote` and its name: web/web1 rule 3 `drop tcp` # old
 * `number` is what stands before the number.  0 or -ENOMEM.
 */
int rule_place_print(FILE *out, const struct rule_place *place, const char *number, char quote);

/* By index in the image; NULL: there is none.  *tier is the server's. */
const struct server *config_server_at(const struct config *config, uint32_t index,
				      const struct tier **tier);
const struct server *config_server_of(const struct config *config, const union tw_addr *addr,
				      const struct tier **tier);
/* By counter id. */
const struct service *config_service_of(const struct config *config, uint32_t id);

#endif
