/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct stats: filled from a configuration, and narrowed to some names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "stats/stats.h"
#include "stats_json.h"

/* -- from a configuration ------------------------------------------------------------------ */

static const char file[] =
	"set office { 198.51.100.0/24, 192.0.2.1 }\n"
	"guard { drop from @office # \"no office\"\n }\n"
	"host { default drop }\n"
	"tier web {\n"
	"\tserver web1 10.0.1.11 weight 2\n"
	"\tserver web2 10.0.1.12 state drain { firewall { drop tcp to port 81 } }\n"
	"\tfirewall { accept tcp to port 443; default drop }\n"
	"}\n"
	"service www { listen 203.0.113.10 tcp port 443; tier web; forward l2 }\n";

static struct config *parsed(void)
{
	struct diagnostic diagnostic = {};
	struct config *config = NULL;

	if (config_parse(&config, "test", file, strlen(file), &diagnostic))
		fail_msg("%s", diagnostic.text);
	return config;
}

static void number_in_turn(uint32_t *id, void *context)
{
	uint32_t *next = context;

	*id = (*next)++;
}

/* Each counter holds its own id, so that one in a wrong place shows. */
static void counters_stand_beside_their_names(void **state)
{
	struct config *config = parsed();
	struct tw_counter counters[32] = {};
	struct totals totals = {.counters = counters, .counter_count = 32};
	struct stats stats = {.instance = "default"};
	uint32_t count = 0;
	json_t *root;

	(void)state;
	assert_int_equal(config_visit_ids(config, number_in_turn, &count), 0);
	assert_true(count < 32);
	for (uint32_t id = 0; id < count; id++)
		counters[id].packets = 100 + id;
	assert_int_equal(stats_fill(&stats, config, &totals), 0);
	root = as_json(&stats);
	assert_number(root, "guard.rules.0.packets", 100 + config->guard.items[0].id);
	assert_text(root, "guard.rules.0.name", config->guard.items[0].name);
	assert_number(root, "guard.default.packets", 100 + config->guard.default_id);
	assert_number(root, "host.default.packets", 100 + config->host.default_id);
	assert_number(root, "tiers.0.rules.0.packets", 100 + config->tiers[0].rules.items[0].id);
	assert_text(root, "tiers.0.rules.0.rule", "accept tcp to port 443");
	assert_number(root, "tiers.0.default.packets", 100 + config->tiers[0].rules.default_id);
	assert_number(root, "tiers.0.servers.1.rules.0.packets",
		      100 + config->tiers[0].servers[1].rules.items[0].id);
	assert_text(root, "services.0.forward", "l2");
	assert_number(root, "services.0.packets", 100 + config->services[0].id);
	assert_number(root, "services.0.servers.1.packets",
		      100 + config->services[0].member_ids[1]);
	assert_text(root, "services.0.servers.1.state", "drain");
	assert_number(root, "services.0.servers.0.weight", 2);
	assert_number(root, "sets.0.entries", 2);
	json_decref(root);
	stats_free(&stats);
	config_free(config);
}

/* -- a choice of names ----------------------------------------------------------------- */

/* A model that may be freed: what stats_select() leaves out, it frees. */
static struct stats owned_model(void)
{
	struct stats stats = {.whole = true, .has_guard = true, .service_count = 2, .set_count = 2};

	stats.services = calloc(2, sizeof(*stats.services));
	stats.services[0] = (struct stats_service){.name = "www", .tier = "web"};
	stats.services[1] = (struct stats_service){.name = "db", .tier = "db"};
	stats.sets = calloc(2, sizeof(*stats.sets));
	stats.sets[0].name = "office";
	stats.sets[1].name = "db";
	stats.instance = "default";
	return stats;
}

static void selection_keeps_what_is_named(void **state)
{
	char *names[] = {"db"};
	const char *unknown = NULL;
	struct stats stats = owned_model();
	json_t *root;

	(void)state;
	assert_int_equal(stats_select(&stats, 1, names, &unknown), 0);
	assert_null(unknown);
	root = as_json(&stats);
	assert_null(at(root, "packets"));
	assert_null(at(root, "guard"));
	assert_text(root, "services.0.name", "db");
	assert_null(at(root, "services.1"));
	assert_text(root, "sets.0.name", "db");
	assert_null(at(root, "sets.1"));
	json_decref(root);
	stats_free(&stats);
}

static void selection_says_which_name_is_unknown(void **state)
{
	char *names[] = {"www", "nobody", "host"};
	const char *unknown = NULL;
	struct stats stats = owned_model();

	(void)state;
	assert_int_equal(stats_select(&stats, 3, names, &unknown), MISTAKE);
	assert_string_equal(unknown, "nobody");
	stats_free(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_stand_beside_their_names),
		cmocka_unit_test(selection_keeps_what_is_named),
		cmocka_unit_test(selection_says_which_name_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
