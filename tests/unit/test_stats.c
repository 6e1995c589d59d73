/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters as JSON, Prometheus text and table, from a model made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/columns.h"
#include "stats/stats.h"
#include "stats_json.h"

#define ODD_NAME "say \"hi\" \\ there"

static struct stats_rule tier_rules[] = {
	{.number = 1, .rule = "accept tcp to port 443", .hits = {.packets = 120, .bytes = 48000}},
	{.number = 2,
	 .rule = "accept tcp from @office to port 22",
	 .name = ODD_NAME,
	 .hits = {.packets = 3, .bytes = 180}},
};
static struct stats_rule server_rules[] = {
	{.number = 1,
	 .rule = "drop tcp from @app to port 3307",
	 .hits = {.packets = 7, .bytes = 420}},
};
static struct stats_rule guard_rules[] = {
	{.number = 1,
	 .rule = "drop from @blocked",
	 .hits = {.packets = 1234567, .bytes = 74074020}},
};
static struct stats_server servers[] = {
	{.name = "web1", .state = TW_SERVER_UP, .weight = 2},
	{.name = "web2",
	 .state = TW_SERVER_DRAIN,
	 .weight = 1,
	 .rules = {.items = server_rules, .count = 1}},
};
static struct stats_tier tiers[] = {
	{.name = "web",
	 .rules = {.items = tier_rules,
		   .count = 2,
		   .has_default = true,
		   .default_action = TW_DROP,
		   .default_hits = {.packets = 11, .bytes = 660}},
	 .servers = servers,
	 .server_count = 2},
};
static struct stats_member members[] = {
	{"web1", TW_SERVER_UP, 2, {.packets = 80, .bytes = 32000, .flows = 8, .requests = 4}},
	{"web2", TW_SERVER_DRAIN, 1, {.packets = 40, .bytes = 16000, .flows = 4, .requests = 2}},
};
static struct stats_service services[] = {
	{.name = "www",
	 .tier = "web",
	 .forward = TW_FORWARD_NAT,
	 .counter = {.packets = 120, .bytes = 48000, .flows = 12, .requests = 6},
	 .members = members,
	 .member_count = 2},
};
static struct stats_set sets[] = {{"blocked", 1000000}, {"office", 2}};
static struct attachment attachments[] = {
	{.device = "eth0", .ifindex = 2, .mode = MODE_NATIVE},
	{.device = "eth1", .ifindex = 0, .mode = MODE_GENERIC},
};

/* No host block; everything else is there. */
static struct stats model(void)
{
	struct stats stats = {
		.instance = "default",
		.meta = {.abi = 1, .loaded = 1700000000, .version = "0.1"},
		.running = {.generation = 5},
		.whole = true,
		.attachments = attachments,
		.attachment_count = 2,
		.flows_live = 30,
		.flows_capacity = 196608,
		.services = services,
		.service_count = 1,
		.tiers = tiers,
		.tier_count = 1,
		.has_guard = true,
		.guard = {.items = guard_rules, .count = 1, .has_default = true},
		.sets = sets,
		.set_count = 2,
	};

	stats.node[TW_NODE_RECEIVED] = (struct tw_counter){.packets = 2000000, .bytes = 130000000};
	stats.node[TW_NODE_PASSED].packets = 700000;
	stats.node[TW_NODE_DROPPED].packets = 1234578;
	stats.node[TW_NODE_TRANSMITTED].packets = 60000;
	stats.node[TW_NODE_REDIRECTED] = (struct tw_counter){.packets = 5422, .bytes = 99};
	stats.node[TW_NODE_FLOWS].flows = 12;
	stats.node[TW_NODE_LOGGED].packets = 40;
	stats.node[TW_NODE_UNLOGGED].packets = 3;
	stats.node[TW_NODE_DROPS + TW_REASON_BLOCKED] =
		(struct tw_counter){.packets = 1234567, .bytes = 74074020};
	stats.node[TW_NODE_DROPS + TW_REASON_TABLE_FULL].packets = 11;
	return stats;
}

/* -- JSON --------------------------------------------------------------------------- */

static void json_has_the_numbers_of_the_node(void **state)
{
	struct stats stats = model();
	json_t *root = as_json(&stats);

	(void)state;
	assert_number(root, "schema", 1);
	assert_text(root, "instance", "default");
	assert_number(root, "packets.received", 2000000);
	assert_number(root, "packets.passed", 700000);
	assert_number(root, "packets.dropped", 1234578);
	assert_number(root, "packets.transmitted", 60000);
	assert_number(root, "packets.redirected", 5422);
	assert_number(root, "bytes.received", 130000000);
	assert_number(root, "bytes.redirected", 99);
	assert_number(root, "drops.blocked.packets", 1234567);
	assert_number(root, "drops.blocked.bytes", 74074020);
	assert_number(root, "drops.table-full.packets", 11);
	assert_number(root, "drops.no-route.packets", 0);
	assert_int_equal(json_object_size(at(root, "drops")), TW_REASON_COUNT);
	assert_number(root, "flows.live", 30);
	assert_number(root, "flows.capacity", 196608);
	assert_number(root, "flows.created", 12);
	assert_number(root, "events.logged", 40);
	assert_number(root, "events.unlogged", 3);
	json_decref(root);
}

static void json_has_services_with_their_servers(void **state)
{
	struct stats stats = model();
	json_t *root = as_json(&stats);

	(void)state;
	assert_text(root, "services.0.name", "www");
	assert_text(root, "services.0.tier", "web");
	assert_text(root, "services.0.forward", "nat");
	assert_number(root, "services.0.packets", 120);
	assert_number(root, "services.0.bytes", 48000);
	assert_number(root, "services.0.flows", 12);
	assert_number(root, "services.0.requests", 6);
	assert_text(root, "services.0.servers.0.name", "web1");
	assert_text(root, "services.0.servers.0.state", "up");
	assert_number(root, "services.0.servers.0.weight", 2);
	assert_number(root, "services.0.servers.0.flows", 8);
	assert_text(root, "services.0.servers.1.state", "drain");
	assert_number(root, "services.0.servers.1.packets", 40);
	assert_null(at(root, "services.0.servers.2"));
	json_decref(root);
}

static void json_has_rules_where_they_stand(void **state)
{
	struct stats stats = model();
	json_t *root = as_json(&stats);

	(void)state;
	assert_text(root, "tiers.0.name", "web");
	assert_number(root, "tiers.0.rules.0.number", 1);
	assert_text(root, "tiers.0.rules.0.rule", "accept tcp to port 443");
	assert_number(root, "tiers.0.rules.0.packets", 120);
	assert_number(root, "tiers.0.rules.0.bytes", 48000);
	assert_null(at(root, "tiers.0.rules.0.name"));
	assert_text(root, "tiers.0.rules.1.name", ODD_NAME);
	assert_text(root, "tiers.0.default.action", "drop");
	assert_number(root, "tiers.0.default.packets", 11);
	assert_text(root, "tiers.0.servers.1.name", "web2");
	assert_text(root, "tiers.0.servers.1.rules.0.rule", "drop tcp from @app to port 3307");
	assert_number(root, "guard.rules.0.packets", 1234567);
	assert_text(root, "guard.default.action", "accept");
	assert_text(root, "sets.0.name", "blocked");
	assert_number(root, "sets.0.entries", 1000000);
	json_decref(root);
}

static void json_has_no_key_for_an_absent_part(void **state)
{
	struct stats stats = model();
	json_t *root = as_json(&stats);

	(void)state;
	assert_null(at(root, "host"));
	json_decref(root);
	stats.has_guard = false;
	root = as_json(&stats);
	assert_null(at(root, "guard"));
	json_decref(root);
}

static void json_of_a_counter_beyond_32_bits_is_whole(void **state)
{
	struct stats stats = model();
	json_t *root;

	(void)state;
	stats.node[TW_NODE_RECEIVED].bytes = INT64_MAX;
	root = as_json(&stats);
	assert_number(root, "bytes.received", INT64_MAX);
	json_decref(root);
}

static void rules_are_found_by_their_owner(void **state)
{
	struct stats stats = model();

	(void)state;
	assert_ptr_equal(stats_rules_of(&stats, "guard"), &stats.guard);
	assert_ptr_equal(stats_rules_of(&stats, "web"), &tiers[0].rules);
	assert_ptr_equal(stats_rules_of(&stats, "web/web2"), &servers[1].rules);
	assert_null(stats_rules_of(&stats, "host"));
	assert_null(stats_rules_of(&stats, "we"));
	assert_null(stats_rules_of(&stats, "web/"));
	assert_null(stats_rules_of(&stats, "web/web3"));
}

/* -- Prometheus -------------------------------------------------------------------------- */

static char *as_prometheus(const struct stats *stats)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(stats_print_prometheus(out, stats), 0);
	fclose(out);
	return text;
}

static size_t name_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* Behind the closing quote of a label's value. */
static const char *skip_value(const char *value)
{
	for (; *value != '"'; value++) {
		assert_int_not_equal(*value, 0);
		if (*value == '\\') {
			value++;
			assert_non_null(strchr("\\\"n", *value));
		}
	}
	return value + 1;
}

/* name{label="value",...} number */
static void assert_sample(const char *line, const char *family)
{
	size_t length = name_length(line);
	char *end;

	assert_int_equal(length, strlen(family));
	assert_memory_equal(line, family, length);
	assert_int_equal(line[length], '{');
	line += length;
	do {
		line++;
		length = name_length(line);
		assert_true(length > 0);
		assert_memory_equal(line + length, "=\"", 2);
		line = skip_value(line + length + 2);
	} while (*line == ',');
	assert_memory_equal(line, "} ", 2);
	strtoull(line + 2, &end, 10);
	assert_true(end > line + 2);
	assert_int_equal(*end, 0);
}

static void prometheus_text_is_well_formed(void **state)
{
	struct stats stats = model();
	char *text = as_prometheus(&stats), *rest = text, *line;
	char family[80] = "", type[16];
	size_t samples = 0, families = 0;

	(void)state;
	while ((line = strsep(&rest, "\n")) && *line) {
		if (!strncmp(line, "# HELP ", 7)) {
			sscanf(line, "# HELP %79s", family);
			families++;
			line = strsep(&rest, "\n");
			assert_non_null(line);
			assert_int_equal(sscanf(line, "# TYPE %*s %15s", type), 1);
			assert_memory_equal(line + 7, family, strlen(family));
			assert_true(!strcmp(type, "gauge") || !strcmp(type, "counter"));
			assert_int_equal(!strcmp(type, "counter"),
					 !strcmp(family + strlen(family) - 6, "_total"));
			continue;
		}
		assert_sample(line, family);
		samples++;
	}
	assert_true(families > 20);
	assert_true(samples > 80);
	free(text);
}

static void assert_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	if (!found) {
		fail_msg("no line: %s", line);
		return;
	}
	assert_true(found == text || found[-1] == '\n');
	assert_int_equal(found[strlen(line)], '\n');
}

static void prometheus_has_every_number(void **state)
{
	struct stats stats = model();
	char *text = as_prometheus(&stats);

	(void)state;
	assert_line(text, "tierwall_info{instance=\"default\",version=\"0.1\",abi=\"1\"} 1");
	assert_line(text, "tierwall_generation{instance=\"default\"} 5");
	assert_line(text, "tierwall_interface{instance=\"default\",device=\"eth0\","
			  "mode=\"native\"} 1");
	assert_line(text, "tierwall_interface{instance=\"default\",device=\"eth1\","
			  "mode=\"generic\"} 0");
	assert_line(text, "tierwall_received_packets_total{instance=\"default\"} 2000000");
	assert_line(text,
		    "tierwall_packets_total{instance=\"default\",verdict=\"redirected\"} 5422");
	assert_line(text, "tierwall_drops_total{instance=\"default\",reason=\"table-full\"} 11");
	assert_line(text, "tierwall_flows_created_total{instance=\"default\"} 12");
	assert_line(text, "tierwall_events_total{instance=\"default\",result=\"logged\"} 40");
	assert_line(text, "tierwall_service_flows_total{instance=\"default\",service=\"www\","
			  "tier=\"web\"} 12");
	assert_line(text, "tierwall_service_server_packets_total{instance=\"default\","
			  "service=\"www\",tier=\"web\",server=\"web2\"} 40");
	assert_line(text,
		    "tierwall_server_up{instance=\"default\",tier=\"web\",server=\"web2\"} 0");
	assert_line(text, "tierwall_server_state{instance=\"default\",tier=\"web\","
			  "server=\"web2\",state=\"drain\"} 1");
	assert_line(text, "tierwall_server_weight{instance=\"default\",tier=\"web\","
			  "server=\"web1\"} 2");
	assert_line(text, "tierwall_set_entries{instance=\"default\",set=\"blocked\"} 1000000");
	assert_line(text, "tierwall_rule_packets_total{instance=\"default\",list=\"tier\","
			  "tier=\"web\",server=\"\",number=\"default\",rule=\"default drop\","
			  "name=\"\"} 11");
	assert_line(text, "tierwall_rule_bytes_total{instance=\"default\",list=\"server\","
			  "tier=\"web\",server=\"web2\",number=\"1\","
			  "rule=\"drop tcp from @app to port 3307\",name=\"\"} 420");
	free(text);
}

static void prometheus_escapes_labels(void **state)
{
	struct stats stats = model();
	char *text = as_prometheus(&stats);

	(void)state;
	assert_non_null(strstr(text, "name=\"say \\\"hi\\\" \\\\ there\"} 3\n"));
	assert_null(strstr(text, ODD_NAME));
	free(text);
}

/* -- table ---------------------------------------------------------------------------------- */

static char *as_table(const struct stats *stats, enum stats_detail detail)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(stats_print_table(out, stats, detail), 0);
	fclose(out);
	return text;
}

static void table_is_aligned_and_narrow(void **state)
{
	struct stats stats = model();
	char *text = as_table(&stats, STATS_BRIEF), *rest, *line;

	(void)state;
	assert_line(text, "node             packets   bytes");
	assert_line(text, "  received     2,000,000  130 MB");
	assert_line(text, "  transmitted     60,000     0 B");
	assert_line(text, "        #  packets    bytes  rule");
	assert_line(text, "        1      120  48.0 kB  accept tcp to port 443");
	assert_line(text, "  default       11    660 B  drop");
	for (rest = text; (line = strsep(&rest, "\n"));) {
		assert_true(strlen(line) <= 100);
		assert_true(!*line || line[strlen(line) - 1] != ' ');
	}
	free(text);
}

static void table_leaves_out_drops_that_never_happened(void **state)
{
	struct stats stats = model();
	char *brief = as_table(&stats, STATS_BRIEF);
	char *full = as_table(&stats, STATS_FULL);

	(void)state;
	assert_non_null(strstr(brief, "table-full"));
	assert_null(strstr(brief, "martian"));
	assert_non_null(strstr(full, "martian"));
	free(brief);
	free(full);
}

static void numbers_are_readable(void **state)
{
	(void)state;
	assert_string_equal(grouped(0).text, "0");
	assert_string_equal(grouped(999).text, "999");
	assert_string_equal(grouped(1000).text, "1,000");
	assert_string_equal(grouped(UINT64_MAX).text, "18,446,744,073,709,551,615");
	assert_string_equal(scaled_bytes(999).text, "999 B");
	assert_string_equal(scaled_bytes(1000).text, "1.00 kB");
	assert_string_equal(scaled_bytes(9996).text, "10.0 kB");
	assert_string_equal(scaled_bytes(999499).text, "999 kB");
	assert_string_equal(scaled_bytes(999500).text, "1.00 MB");
	assert_string_equal(scaled_bytes(UINT64_MAX).text, "18.4 EB");
	assert_string_equal(scaled_time(59).text, "59s");
	assert_string_equal(scaled_time(3600 * 2 + 60 * 14).text, "2h 14m");
	assert_string_equal(scaled_time(86400 * 3).text, "3d 0h");
}

static struct stats_rule odd_rules[] = {
	{.number = 1, .rule = "drop tcp"},
	{.number = 2, .rule = "drop tcp to port 80", .shadowed_by = 1},
	{.number = 3, .rule = "drop from @a", .empty_sets = "@a"},
};

static const struct stats_rules odd_list = {
	.items = odd_rules,
	.count = 3,
	.has_bound = true,
	.bound = {.rows = 3,
		  .limits = 1,
		  .trees = {2, 0},
		  .work = {{.steps = 7, .compares = 20, .words = 3, .sets = 1}},
		  .bytes = 2000},
};

static void a_list_says_what_it_costs_and_which_rules_are_idle(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_int_equal(stats_print_list_table(out, &odd_list), 0);
	fclose(out);
	assert_non_null(strstr(text, "drop tcp to port 80  (shadowed by 1)\n"));
	assert_non_null(strstr(text, "drop from @a  (empty: @a)\n"));
	assert_non_null(strstr(text, "drop tcp\n"));
	assert_non_null(strstr(text, "3 rows in 2.00 kB; 1 with a limit"));
	assert_non_null(strstr(text, "IPv4: 2 trees; at most 7 steps, 20 compares, "
				     "3 vector words, 1 set look-ups a packet\n"));
	assert_null(strstr(text, "IPv6"));
	free(text);
}

static void json_of_a_list_has_its_bound(void **state)
{
	const struct stats stats = {.instance = "default"};
	const json_t *rules, *bound;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	json_t *root;

	(void)state;
	assert_int_equal(stats_print_list_json(out, &stats, "web", &odd_list), 0);
	fclose(out);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	rules = json_object_get(root, "rules");
	bound = json_object_get(root, "bound");
	assert_null(json_object_get(json_array_get(rules, 0), "shadowed_by"));
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rules, 1), "shadowed_by")), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(rules, 2), "empty_sets")), "@a");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(bound, "ipv4"), "compares")),
		20);
	assert_null(json_object_get(bound, "ipv6"));
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_the_numbers_of_the_node),
		cmocka_unit_test(json_has_services_with_their_servers),
		cmocka_unit_test(json_has_rules_where_they_stand),
		cmocka_unit_test(json_has_no_key_for_an_absent_part),
		cmocka_unit_test(json_of_a_counter_beyond_32_bits_is_whole),
		cmocka_unit_test(rules_are_found_by_their_owner),
		cmocka_unit_test(prometheus_text_is_well_formed),
		cmocka_unit_test(prometheus_has_every_number),
		cmocka_unit_test(prometheus_escapes_labels),
		cmocka_unit_test(table_is_aligned_and_narrow),
		cmocka_unit_test(table_leaves_out_drops_that_never_happened),
		cmocka_unit_test(numbers_are_readable),
		cmocka_unit_test(a_list_says_what_it_costs_and_which_rules_are_idle),
		cmocka_unit_test(json_of_a_list_has_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
