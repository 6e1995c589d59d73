/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters as JSON.  Keys and nesting are what other software relies on:
 * they are added to, never renamed.
 */
#include <errno.h>

#include "stats/json.h"
#include "stats/stats.h"

json_t *array_json(const void *items, size_t count, size_t size, item_json convert)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, convert((const char *)items + i * size))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

int json_print(FILE *out, json_t *json)
{
	if (!json)
		return -ENOMEM;
	json_dumpf(json, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(json);
	return 0;
}

static json_t *counter_json(const struct tw_counter *counter)
{
	return json_pack("{s:I,s:I}", "packets", (json_int_t)counter->packets, "bytes",
			 (json_int_t)counter->bytes);
}

/* -- node, drops, flows ------------------------------------------------------------ */

static json_t *packets_json(const struct stats *stats)
{
	const struct tw_counter *node = stats->node;

	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "received",
			 (json_int_t)node[TW_NODE_RECEIVED].packets, "passed",
			 (json_int_t)node[TW_NODE_PASSED].packets, "dropped",
			 (json_int_t)node[TW_NODE_DROPPED].packets, "transmitted",
			 (json_int_t)node[TW_NODE_TRANSMITTED].packets, "redirected",
			 (json_int_t)node[TW_NODE_REDIRECTED].packets);
}

static json_t *bytes_json(const struct stats *stats)
{
	const struct tw_counter *node = stats->node;

	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "received",
			 (json_int_t)node[TW_NODE_RECEIVED].bytes, "passed",
			 (json_int_t)node[TW_NODE_PASSED].bytes, "dropped",
			 (json_int_t)node[TW_NODE_DROPPED].bytes, "transmitted",
			 (json_int_t)node[TW_NODE_TRANSMITTED].bytes, "redirected",
			 (json_int_t)node[TW_NODE_REDIRECTED].bytes);
}

/* Every reason, also those that never happened: a reader needs no special case. */
static json_t *drops_json(const struct stats *stats)
{
	json_t *drops = json_object();

	for (uint32_t reason = 0; reason < TW_REASON_COUNT; reason++)
		if (json_object_set_new(drops, reason_key(reason),
					counter_json(&stats->node[TW_NODE_DROPS + reason]))) {
			json_decref(drops);
			return NULL;
		}
	return drops;
}

static json_t *flows_json(const struct stats *stats)
{
	return json_pack("{s:I,s:I,s:I}", "live", (json_int_t)stats->flows_live, "capacity",
			 (json_int_t)stats->flows_capacity, "created",
			 (json_int_t)stats->node[TW_NODE_FLOWS].flows);
}

static json_t *events_json(const struct stats *stats)
{
	return json_pack("{s:I,s:I}", "logged", (json_int_t)stats->node[TW_NODE_LOGGED].packets,
			 "unlogged", (json_int_t)stats->node[TW_NODE_UNLOGGED].packets);
}

/* Rejected packets: how many senders were told, and how many were not. */
static json_t *answers_json(const struct stats *stats)
{
	return json_pack("{s:I,s:I}", "sent", (json_int_t)stats->node[TW_NODE_ANSWERED].packets,
			 "suppressed", (json_int_t)stats->node[TW_NODE_UNANSWERED].packets);
}

/* -- services ------------------------------------------------------------------------ */

static int add_counter(json_t *object, const struct tw_counter *counter)
{
	json_t *numbers =
		json_pack("{s:I,s:I,s:I,s:I}", "packets", (json_int_t)counter->packets, "bytes",
			  (json_int_t)counter->bytes, "flows", (json_int_t)counter->flows,
			  "requests", (json_int_t)counter->requests);
	int result = json_object_update(object, numbers);

	json_decref(numbers);
	return result;
}

static json_t *member_json(const void *item)
{
	const struct stats_member *member = item;
	json_t *object =
		json_pack("{s:s,s:s,s:I}", "name", member->name, "state",
			  server_state_name(member->state), "weight", (json_int_t)member->weight);

	if (add_counter(object, &member->counter)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *service_json(const void *item)
{
	const struct stats_service *service = item;
	json_t *object = json_pack("{s:s,s:s,s:s}", "name", service->name, "tier", service->tier,
				   "forward", forward_name(service->forward));

	if (add_counter(object, &service->counter) ||
	    json_object_set_new(object, "servers",
				ARRAY_JSON(service->members, service->member_count, member_json))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* -- rules, tiers, sets ---------------------------------------------------------------- */

static json_t *rule_json(const void *item)
{
	const struct stats_rule *rule = item;

	/* "s*", "o*": no key where there is nothing to say */
	return json_pack("{s:I,s:s,s:s*,s:I,s:I,s:o*,s:s*}", "number", (json_int_t)rule->number,
			 "rule", rule->rule, "name", rule->name, "packets",
			 (json_int_t)rule->hits.packets, "bytes", (json_int_t)rule->hits.bytes,
			 "shadowed_by", rule->shadowed_by ? json_integer(rule->shadowed_by) : NULL,
			 "empty_sets", rule->empty_sets);
}

static json_t *rules_json(const struct stats_rules *rules)
{
	return ARRAY_JSON(rules->items, rules->count, rule_json);
}

static json_t *default_json(const struct stats_rules *rules)
{
	return json_pack("{s:s,s:I,s:I}", "action", action_name(rules->default_action), "packets",
			 (json_int_t)rules->default_hits.packets, "bytes",
			 (json_int_t)rules->default_hits.bytes);
}

static json_t *work_json(const struct list_bound *bound, int family)
{
	const struct list_work *work = &bound->work[family];

	if (!bound->trees[family])
		return NULL;
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "trees", (json_int_t)bound->trees[family],
			 "steps", (json_int_t)work->steps, "compares", (json_int_t)work->compares,
			 "words", (json_int_t)work->words, "sets", (json_int_t)work->sets);
}

/* What a packet takes at most; NULL: not examined. */
static json_t *bound_json(const struct stats_rules *rules)
{
	const struct list_bound *bound = &rules->bound;

	if (!rules->has_bound)
		return NULL;
	return json_pack("{s:I,s:I,s:I,s:o*,s:o*}", "rows", (json_int_t)bound->rows, "bytes",
			 (json_int_t)bound->bytes, "limits", (json_int_t)bound->limits, "ipv4",
			 work_json(bound, 0), "ipv6", work_json(bound, 1));
}

static json_t *list_json(const struct stats_rules *rules)
{
	return json_pack("{s:o,s:o,s:o*}", "rules", rules_json(rules), "default",
			 default_json(rules), "bound", bound_json(rules));
}

static json_t *server_json(const void *item)
{
	const struct stats_server *server = item;

	return json_pack("{s:s,s:s,s:I,s:o,s:o*}", "name", server->name, "state",
			 server_state_name(server->state), "weight", (json_int_t)server->weight,
			 "rules", rules_json(&server->rules), "bound", bound_json(&server->rules));
}

static json_t *tier_json(const void *item)
{
	const struct stats_tier *tier = item;

	return json_pack("{s:s,s:o,s:o,s:o,s:o*}", "name", tier->name, "rules",
			 rules_json(&tier->rules), "default", default_json(&tier->rules), "servers",
			 ARRAY_JSON(tier->servers, tier->server_count, server_json), "bound",
			 bound_json(&tier->rules));
}

static json_t *set_json(const void *item)
{
	const struct stats_set *set = item;

	return json_pack("{s:s,s:I}", "name", set->name, "entries", (json_int_t)set->entries);
}

/* -- the whole --------------------------------------------------------------------------- */

static int add_lists(json_t *root, const struct stats *stats)
{
	if (stats->has_guard && json_object_set_new(root, "guard", list_json(&stats->guard)))
		return -1;
	if (stats->has_host && json_object_set_new(root, "host", list_json(&stats->host)))
		return -1;
	return 0;
}

static int add_whole(json_t *root, const struct stats *stats)
{
	if (json_object_set_new(root, "packets", packets_json(stats)) ||
	    json_object_set_new(root, "bytes", bytes_json(stats)) ||
	    json_object_set_new(root, "drops", drops_json(stats)) ||
	    json_object_set_new(root, "answers", answers_json(stats)) ||
	    json_object_set_new(root, "flows", flows_json(stats)) ||
	    json_object_set_new(root, "events", events_json(stats)))
		return -1;
	return 0;
}

static int add_parts(json_t *root, const struct stats *stats)
{
	if (stats->whole && add_whole(root, stats))
		return -1;
	if ((stats->whole || stats->service_count) &&
	    json_object_set_new(root, "services",
				ARRAY_JSON(stats->services, stats->service_count, service_json)))
		return -1;
	if ((stats->whole || stats->tier_count) &&
	    json_object_set_new(root, "tiers",
				ARRAY_JSON(stats->tiers, stats->tier_count, tier_json)))
		return -1;
	if (add_lists(root, stats))
		return -1;
	if ((stats->whole || stats->set_count) &&
	    json_object_set_new(root, "sets", ARRAY_JSON(stats->sets, stats->set_count, set_json)))
		return -1;
	return 0;
}

static json_t *new_root(const struct stats *stats)
{
	return json_pack("{s:i,s:s}", "schema", JSON_SCHEMA, "instance", stats->instance);
}

static int print_or_free(FILE *out, json_t *root, int failed)
{
	if (!failed)
		return json_print(out, root);
	json_decref(root);
	return -ENOMEM;
}

int stats_print_json(FILE *out, const struct stats *stats)
{
	json_t *root = new_root(stats);

	return print_or_free(out, root, add_parts(root, stats));
}

int stats_print_rules_json(FILE *out, const struct stats *stats)
{
	json_t *root = new_root(stats);
	int failed = add_lists(root, stats);

	if (!failed && (stats->whole || stats->tier_count))
		failed = json_object_set_new(
			root, "tiers", ARRAY_JSON(stats->tiers, stats->tier_count, tier_json));
	return print_or_free(out, root, failed);
}

int stats_print_list_json(FILE *out, const struct stats *stats, const char *owner,
			  const struct stats_rules *rules)
{
	json_t *root = new_root(stats);
	int failed = json_object_set_new(root, "name", json_string(owner));

	if (!failed)
		failed = json_object_set_new(root, "rules", rules_json(rules));
	if (!failed && rules->has_bound)
		failed = json_object_set_new(root, "bound", bound_json(rules));
	if (!failed && rules->has_default)
		failed = json_object_set_new(root, "default", default_json(rules));
	return print_or_free(out, root, failed);
}
