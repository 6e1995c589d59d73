/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes on trial, and whose connection they are typed over: what needs no kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/edit.h"
#include "cli/lockout.h"
#include "kernel/trial.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- --confirm TIME ------------------------------------------------------------------------- */

static void times_are_taken_out_of_the_words(void **state)
{
	static const struct {
		const char *word;
		uint32_t seconds; /* 0: refused */
	} rows[] = {
		{"30s", 30},    {"2m", 120},  {"90", 90}, {"1h", 3600},
		{"24h", 86400}, {"0", 0},     {"0s", 0},  {"", 0},
		{"s", 0},       {"-1s", 0},   {"25h", 0}, {"1d", 86400},
		{"10 s", 0},    {"1.5s", 0},  {"+3", 0},  {"99999999999999999999s", 0},
		{"30sm", 0},    {"86401", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *argv[] = {"apply", "--confirm", (char *)rows[i].word, "file", NULL};
		uint32_t seconds = 0;
		int argc = 4;

		if (!rows[i].seconds) {
			assert_int_equal(trial_time_take(&seconds, &argc, argv), MISTAKE);
			continue;
		}
		assert_int_equal(trial_time_take(&seconds, &argc, argv), 0);
		assert_int_equal(seconds, rows[i].seconds);
		assert_int_equal(argc, 2);
		assert_string_equal(argv[1], "file");
		assert_null(argv[2]);
	}
}

static void a_time_that_is_missing_is_a_mistake(void **state)
{
	char *argv[] = {"apply", "file", "--confirm", NULL};
	uint32_t seconds = 0;
	int argc = 3;

	(void)state;
	assert_int_equal(trial_time_take(&seconds, &argc, argv), MISTAKE);
}

/* -- which slot counts ------------------------------------------------------------------------- */

static void a_trial_is_live_until_its_time(void **state)
{
	const uint64_t minute = 60000000000ull;
	struct tw_control control = {.live = 2, .previous = 1};

	(void)state;
	assert_int_equal(control_slot(&control), 2);
	control.revert_at = monotonic_now() + minute;
	assert_int_equal(control_slot(&control), 2);
	control.revert_at = monotonic_now() - 1;
	assert_int_equal(control_slot(&control), 1);
	control.revert_at = 1;
	assert_int_equal(control_slot(&control), 1);
	control.revert_at = TW_TRIAL_KEPT;
	assert_int_equal(control_slot(&control), 2);
}

/* -- SSH_CONNECTION ------------------------------------------------------------------------------ */

static void connections_are_read(void **state)
{
	static const struct {
		const char *text;
		uint16_t client_port, server_port;
		bool ipv4;
		const char *zone;
	} rows[] = {
		{"192.0.2.1 5000 192.0.2.9 22", 5000, 22, true, ""},
		{"::ffff:192.0.2.1 5000 ::ffff:192.0.2.9 22", 5000, 22, true, ""},
		{"::ffff:192.0.2.1 5000 192.0.2.9 22", 5000, 22, true, ""},
		{"2001:db8::1 65535 2001:db8::9 1", 65535, 1, false, ""},
		{"fe80::1%eth0 5000 fe80::2%eth0 22", 5000, 22, false, "eth0"},
		{"fe80::1 5000 fe80::2%wan 22", 5000, 22, false, "wan"},
		{"fe80::1%exactly15bytes. 5000 fe80::2 22", 5000, 22, false, "exactly15bytes."},
	};
	struct ssh_connection ssh;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(ssh_connection_parse(&ssh, rows[i].text));
		assert_int_equal(ssh.client_port, rows[i].client_port);
		assert_int_equal(ssh.server_port, rows[i].server_port);
		assert_int_equal(addr_is_ipv4(&ssh.client), rows[i].ipv4);
		assert_string_equal(ssh.zone, rows[i].zone);
	}
}

/* what a reader of 79 characters a word takes for two */
static const char long_zone[] = "fe80::1%a23456789b23456789c23456789d23456789e23456789f23456789"
				"g23456789h23456785000 ::2 22";

static void what_is_no_connection_is_told_from_one(void **state)
{
	static const char *const rows[] = {
		"",
		"UNKNOWN 65535 UNKNOWN 65535",
		"192.0.2.1 5000 192.0.2.9",
		"192.0.2.1 5000 192.0.2.9 22 more",
		"192.0.2.1 0 192.0.2.9 22",
		"192.0.2.1 70000 192.0.2.9 22",
		"192.0.2.1 -1 192.0.2.9 22",
		"192.0.2.1%eth0 5000 192.0.2.9 22",
		"192.0.2 5000 192.0.2.9 22",
		"192.0.2.1 5000 2001:db8::9 22",
		"host 5000 192.0.2.9 22",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc 1 ::1 2",
		"fe80::1%a-zone-of-a-name-longer-than-an-address-and-its-zone 1 fe80::2 2",
		"fe80::1%exactly16bytes.. 1 fe80::2 2",
		"fe80::1% 1 fe80::2 2",
		"fe80::1 1 fe80::2% 2",
		long_zone,
	};
	struct ssh_connection ssh;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(ssh_connection_parse(&ssh, rows[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_taken_out_of_the_words),
		cmocka_unit_test(a_time_that_is_missing_is_a_mistake),
		cmocka_unit_test(a_trial_is_live_until_its_time),
		cmocka_unit_test(connections_are_read),
		cmocka_unit_test(what_is_no_connection_is_told_from_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
