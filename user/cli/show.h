/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall show`: a function for each word behind it.  They get the words after
 * theirs and return 0, MISTAKE or a negative errno, printed already.
 */
#ifndef TIERWALL_USER_SHOW_H
#define TIERWALL_USER_SHOW_H

#include <jansson.h>

#include "cli/cli.h"
#include "config/config.h"
#include "kernel/instance.h"

int show_status(const struct options *options, const struct instance *instance, const char *name);
/* The warnings of `show status` alone: what keeps traffic from passing as configured. */
int status_warn(const struct options *options, const struct instance *instance);
int show_config(const struct options *options, const struct instance *instance, const char *name);
int show_tiers(const struct options *options, const struct instance *instance, const char *name);
int show_services(const struct options *options, const struct instance *instance, const char *name);
int show_rules(const struct options *options, const struct instance *instance, const char *name);
int show_sets(const struct options *options, const struct instance *instance, const char *name);
int show_flows(const struct options *options, const struct instance *instance, const char *name);

/* Says so and returns -ENOMEM. */
int out_of_memory(void);

/* -- the model as JSON (show_json.c): new objects, NULL: no memory ------------------- */

json_t *config_json(const struct config *config);
json_t *tiers_json(const struct config *config);
json_t *services_json(const struct config *config);
json_t *set_json(const struct set *set);
json_t *address_json(const union tw_addr *addr);

#endif
