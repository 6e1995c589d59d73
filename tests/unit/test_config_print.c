/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files to model and back: what a file becomes, its canonical form, and that this is stable. */
#include <netinet/in.h>

#include "config_rows.h"

static const char example[] =
	"interface eth0                                  # XDP is attached here\n"
	"interface eth1\n"
	"\n"
	"hash-key 000102030405060708090a0b0c0d0e0f       # the same on every node\n"
	"\n"
	"set office  { 198.51.100.0/24, 2001:db8:10::/48 }\n"
	"set blocked { 192.0.2.1 }                       # one address or prefix a line\n"
	"\n"
	"guard {                                         # any rules, asked first\n"
	"    drop from @blocked\n"
	"    default accept                              # the default of guard\n"
	"}\n"
	"\n"
	"host {                                          # for this node's own addresses\n"
	"    accept tcp from @office to port 22\n"
	"    default drop\n"
	"}\n"
	"\n"
	"tier web {\n"
	"    server web1 10.0.1.11 weight 2\n"
	"    server web2 10.0.1.12 2001:db8:1::12\n"
	"    server web3 10.0.1.13 mac 02:00:00:00:01:13 device eth1     # fixed next hop\n"
	"    firewall {\n"
	"        accept tcp to port 443\n"
	"        accept tcp from @office to port 22 # administration\n"
	"        accept icmp type echo-request\n"
	"        default drop\n"
	"    }\n"
	"}\n"
	"\n"
	"tier app { server app1 10.0.2.11 }\n"
	"\n"
	"tier db {\n"
	"    server db1 10.0.3.11 {\n"
	"        firewall { drop tcp from @app to port 3307 }            # before the tier's\n"
	"    }\n"
	"    server db2 10.0.3.12\n"
	"    firewall { accept tcp from @app to port 3306; default drop }\n"
	"}\n"
	"\n"
	"service www {\n"
	"    listen 203.0.113.10 tcp port 443            # ports: 80,443 or 8000-8100\n"
	"    tier web\n"
	"    forward nat                                 # nat | full-nat | l2 | ipip | gue\n"
	"    port 8443                                   # the servers' port\n"
	"    from @office                                # optional\n"
	"}\n"
	"\n"
	"service api {\n"
	"    listen 203.0.113.11 tcp port 443\n"
	"    listen 203.0.113.12 udp port any\n"
	"    tier web\n"
	"    forward full-nat\n"
	"    pool 10.0.1.2 10.0.1.3 ports 2000-3000\n"
	"}\n";

static const char example_printed[] =
	"interface eth0\n"
	"interface eth1\n"
	"\n"
	"hash-key 000102030405060708090a0b0c0d0e0f\n"
	"\n"
	"set office { 198.51.100.0/24, 2001:db8:10::/48 }\n"
	"set blocked { 192.0.2.1 }\n"
	"\n"
	"guard {\n"
	"    drop from @blocked\n"
	"    default accept\n"
	"}\n"
	"\n"
	"host {\n"
	"    accept tcp from @office to port 22\n"
	"    default drop\n"
	"}\n"
	"\n"
	"tier web {\n"
	"    server web1 10.0.1.11 weight 2\n"
	"    server web2 10.0.1.12 2001:db8:1::12\n"
	"    server web3 10.0.1.13 mac 02:00:00:00:01:13 device eth1\n"
	"    firewall {\n"
	"        accept tcp to port 443\n"
	"        accept tcp from @office to port 22 # administration\n"
	"        accept icmp type echo-request\n"
	"        default drop\n"
	"    }\n"
	"}\n"
	"\n"
	"tier app {\n"
	"    server app1 10.0.2.11\n"
	"    firewall {\n"
	"        default drop\n"
	"    }\n"
	"}\n"
	"\n"
	"tier db {\n"
	"    server db1 10.0.3.11 {\n"
	"        firewall {\n"
	"            drop tcp from @app to port 3307\n"
	"        }\n"
	"    }\n"
	"    server db2 10.0.3.12\n"
	"    firewall {\n"
	"        accept tcp from @app to port 3306\n"
	"        default drop\n"
	"    }\n"
	"}\n"
	"\n"
	"service www {\n"
	"    listen 203.0.113.10 tcp port 443\n"
	"    tier web\n"
	"    forward nat\n"
	"    port 8443\n"
	"    from @office\n"
	"}\n"
	"\n"
	"service api {\n"
	"    listen 203.0.113.11 tcp port 443\n"
	"    listen 203.0.113.12 udp port any\n"
	"    tier web\n"
	"    forward full-nat\n"
	"    pool 10.0.1.2 10.0.1.3 ports 2000-3000\n"
	"}\n";

struct row {
	const char *says;
	const char *text;
	const char *printed; /* NULL: as it is */
};

static const struct row rows[] = {
	{"the example is printed in its canonical form", example, example_printed},
	{"the canonical form prints to itself", example_printed, NULL},
	{"interfaces with a mode",
	 "interface eth0 { mode native }\ninterface \"a{b\" { mode generic }\n", NULL},
	{"the automatic mode is not printed", "interface eth0 {\n mode auto\n}\n",
	 "interface eth0\n"},
	{"a hash key in capitals", "hash-key 000102030405060708090A0B0C0D0E0F\n",
	 "hash-key 000102030405060708090a0b0c0d0e0f\n"},
	{"an empty set", "set a {\n}\n", "set a { }\n"},
	{"a set of four stands in a line", "set a { 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 }\n",
	 NULL},
	{"a set of five has lines", "set a {10.0.0.5,10.0.0.2\n10.0.0.3,10.0.0.4, ::1}\n",
	 "set a {\n    10.0.0.2\n    10.0.0.3\n    10.0.0.4\n    10.0.0.5\n    ::1\n}\n"},
	{"duplicates of a set are merged",
	 "set a { 10.0.0.1, 10.0.0.1/32, 10.0.0.0/8, 10.9.9.9/8 }\n",
	 "set a { 10.0.0.0/8, 10.0.0.1 }\n"},
	{"a set is sorted, IPv4 first", "set a { ::, 2001:db8::/32, 10.0.0.0/8, 9.0.0.0/8 }\n",
	 "set a { 9.0.0.0/8, 10.0.0.0/8, ::, 2001:db8::/32 }\n"},
	{"a guard with a default alone", "guard {\n    default drop\n}\n", NULL},
	{"a guard that says nothing new is not printed",
	 "interface e\nguard {\n default accept\n}\n", "interface e\n"},
	{"but nothing at all would be an empty file", "guard { }\n",
	 "guard {\n    default accept\n}\n"},
	{"a host block without rules", "host { }\n", "host {\n    default drop\n}\n"},
	{"a strict host", "host {\n    strict\n    accept tcp\n    default accept\n}\n", NULL},
	{"strict in a tier stands in its firewall", "tier t { strict }\n",
	 "tier t {\n    firewall {\n        strict\n        default drop\n    }\n}\n"},
	{"a server's options in their order",
	 "tier t {\n    server a device e state down mac 02:00:00:00:00:0A weight 7 2001:db8::1 "
	 "10.0.0.1\n}\n",
	 "tier t {\n    server a 10.0.0.1 2001:db8::1 weight 7 mac 02:00:00:00:00:0a device e "
	 "state down\n    firewall {\n        default drop\n    }\n}\n"},
	{"defaults of a server are not printed",
	 "tier t {\n server a 10.0.0.1 weight 1 state up { firewall { } }\n}\n",
	 "tier t {\n    server a 10.0.0.1\n    firewall {\n        default drop\n    }\n}\n"},
	{"a server of weight 0",
	 "tier t {\n    server a 10.0.0.1 weight 0\n    firewall {\n        default accept\n    "
	 "}\n}\n",
	 NULL},
	{"a service's way to forward is always printed",
	 "tier t { }\nservice s { listen 10.0.0.1 udp port { 53, 5353-5354 }; tier t }\n",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    listen "
	 "10.0.0.1 udp port 53,5353-5354\n    tier t\n    forward nat\n}\n"},
	{"backups, and when they take flows",
	 "tier t {\n    server a 10.0.0.1 state drain backup\n    server b 10.0.0.2\n    backup "
	 "below "
	 "2\n    firewall {\n        default drop\n    }\n}\n",
	 NULL},
	{"that backups take flows below one is the default", "tier t { backup below 1 }\n",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n"},
	{"what a service says about its choice",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    listen "
	 "10.0.0.1 tcp port 1\n    tier t\n    forward nat\n    hash source-port off\n    hash "
	 "destination off\n    on-down reset\n    no-server reject\n}\n\nservice sticky {\n    "
	 "listen 10.0.0.1 tcp port 2\n    tier t\n    forward nat\n    affinity source/24\n    "
	 "on-down keep\n}\n",
	 NULL},
	{"defaults of a service are not printed",
	 "tier t { }\nservice s { listen 10.0.0.1 tcp port 1; tier t; hash source on; on-down "
	 "move; "
	 "no-server drop }\n",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    listen "
	 "10.0.0.1 tcp port 1\n    tier t\n    forward nat\n}\n"},
	{"a service from a list",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    listen "
	 "10.0.0.1 tcp port 1\n    tier t\n    forward l2\n    from { @t, 10.0.0.0/8 }\n}\n",
	 NULL},
	{"a service from any",
	 "tier t { }\nservice s { listen 10.0.0.1 tcp port 1; tier t; from any }\n",
	 "tier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    listen "
	 "10.0.0.1 tcp port 1\n    tier t\n    forward nat\n}\n"},
	{"tunnels, and who may end some here",
	 "host {\n    decap ipip gue from { 192.0.2.1, 2001:db8::/32 }\n    decap gue from any\n   "
	 " "
	 "default drop\n}\n\ntunnel {\n    source 172.16.0.0/16\n    source 2001:db8::1\n    port "
	 "6081\n}\n\ntier t {\n    firewall {\n        default drop\n    }\n}\n\nservice s {\n    "
	 "listen 10.0.0.1 tcp port 1\n    tier t\n    forward ipip\n    mss auto\n}\n\nservice g "
	 "{\n "
	 "   "
	 "listen 10.0.0.2 tcp port 1\n    tier t\n    forward gue\n    mss 1300\n}\n",
	 NULL},
	{"names of rules come back",
	 "guard {\n    drop tcp from any port 1 # a # b { é\n    drop udp # x\n    default "
	 "accept\n}\n",
	 NULL},
	{"comments of other statements do not",
	 "interface e # x\nguard { # y\n drop tcp # z\n # alone\n default drop # w\n} # v\n",
	 "interface e\n\nguard {\n    drop tcp # z\n    default drop\n}\n"},
	{"a comment behind a block on the rule's line is no name",
	 "tier t { firewall { drop tcp } } # x\n",
	 "tier t {\n    firewall {\n        drop tcp\n        default drop\n    }\n}\n"},
	{"a comment behind a semicolon is no name", "host { drop tcp; # x\n}\n",
	 "host {\n    drop tcp\n    default drop\n}\n"},
	{"statements come in one order",
	 "service s { listen 10.0.0.1 tcp port 1; tier t; forward l2 }\ntier t { }\nhost { "
	 "}\nguard { drop }\nset a { }\nhash-key 000102030405060708090a0b0c0d0e0f\ninterface e\n",
	 "interface e\n\nhash-key 000102030405060708090a0b0c0d0e0f\n\nset a { }\n\nguard {\n    "
	 "drop\n    default accept\n}\n\nhost {\n    default drop\n}\n\ntier t {\n    firewall {\n "
	 "       default drop\n    }\n}\n\nservice s {\n    listen 10.0.0.1 tcp port 1\n    tier "
	 "t\n    forward l2\n}\n"},
};

static void is_printed(void **state)
{
	const struct row *row = *state;
	struct config *config = parse_right(row->text), *again;
	char *text = printed(config), *text_again;

	assert_string_equal(text, row->printed ? row->printed : row->text);
	again = parse_right(text);
	text_again = printed(again);
	assert_string_equal(text_again, text);
	free(text);
	free(text_again);
	config_free(config);
	config_free(again);
}

static void entries_can_be_left_out(void **state)
{
	struct config *config = parse_right("set a { 10.0.0.1 }\nset b { }\n");
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_int_equal(config_print_without_entries(out, config), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "set a { }\nset b { }\n");
	free(text);
	config_free(config);
}

static void the_example_is_in_the_model(void **state)
{
	struct config *config = parse_right(example);
	struct tier *web = config_tier(config, "web"), *db = config_tier(config, "db");
	struct service *www = config_service(config, "www");

	(void)state;
	assert_string_equal(config->file, "t.conf");
	assert_int_equal(config->interface_count, 2);
	assert_int_equal(config->interfaces[1].mode, MODE_AUTO);
	assert_true(config->has_hash_key);
	assert_int_equal(config->hash_key[15], 15);
	assert_int_equal(config_set(config, "office")->count, 2);
	assert_int_equal(config_set(config, "office")->index, TW_NONE32);
	assert_null(config_set(config, "web"));
	assert_int_equal(config->guard.count, 1);
	assert_int_equal(config->guard.default_action, TW_ACCEPT);
	assert_true(config->has_host);
	assert_int_equal(config->host.default_action, TW_DROP);
	assert_int_equal(web->server_count, 3);
	assert_int_equal(tier_server(web, "web1")->weight, 2);
	assert_false(addr_is_zero(&tier_server(web, "web2")->addr[1]));
	assert_true(tier_server(web, "web3")->has_mac);
	assert_null(tier_server(web, "db1"));
	assert_int_equal(web->rules.count, 3);
	assert_string_equal(web->rules.items[1].name, "administration");
	assert_int_equal(web->rules.items[2].type, 8);
	assert_int_equal(web->rules.default_id, TW_NONE32);
	assert_int_equal(db->servers[0].rules.count, 1);
	assert_int_equal(db->servers[1].rules.count, 0);
	assert_int_equal(www->port, 8443);
	assert_string_equal(www->tier, "web");
	assert_int_equal(www->from.count, 1);
	config_free(config);
}

static void rules_are_found_by_their_owner(void **state)
{
	struct config *config = parse_right(example);

	(void)state;
	assert_ptr_equal(config_rules(config, "guard"), &config->guard);
	assert_ptr_equal(config_rules(config, "host"), &config->host);
	assert_ptr_equal(config_rules(config, "web"), &config_tier(config, "web")->rules);
	assert_ptr_equal(config_rules(config, "db/db1"),
			 &config_tier(config, "db")->servers[0].rules);
	assert_null(config_rules(config, "cache"));
	assert_null(config_rules(config, "web/db1"));
	assert_null(config_rules(config, "web/"));
	assert_null(config_rules(config, "/web1"));
	assert_null(config_rules(config, "a-name-that-is-longer-than-any-tier-has/x"));
	config_free(config);
}

static void what_nobody_says_has_its_default(void **state)
{
	struct config *config;

	(void)state;
	assert_int_equal(config_new(&config, NULL), 0);
	assert_int_equal(config->guard.default_action, TW_ACCEPT);
	assert_int_equal(config->host.default_action, TW_DROP);
	assert_false(config->has_host);
	assert_false(config->has_hash_key);
	config_free(config);
	config = parse_right("tier t { server a 10.0.0.1 { firewall { accept } } }\n");
	assert_int_equal(config->tiers[0].rules.default_action, TW_DROP);
	assert_int_equal(config->tiers[0].servers[0].rules.default_at.line, 0);
	config_free(config);
}

static void an_array_grows_and_keeps_what_it_has(void **state)
{
	uint32_t *items = NULL, *item;
	size_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		item = config_push(&items, &count, sizeof(*items));
		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i;
		if (i % 7 == 0)
			count--; /* taken away again */
	}
	assert_int_equal(count, 1000 - 143);
	for (size_t i = 1; i < count; i++)
		assert_true(items[i] > items[i - 1]);
	free(items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_can_be_left_out),
		cmocka_unit_test(the_example_is_in_the_model),
		cmocka_unit_test(rules_are_found_by_their_owner),
		cmocka_unit_test(what_nobody_says_has_its_default),
		cmocka_unit_test(an_array_grows_and_keeps_what_it_has),
	};
	int failed = run_rows("files and their canonical form", ROWS(rows), is_printed);

	failed += cmocka_run_group_tests_name("the model", tests, NULL, NULL);
	return failed > 0;
}
