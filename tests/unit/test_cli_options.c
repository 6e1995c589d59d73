/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options before the command, and how a command is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

#define WORDS_MAX 8

static struct options options;
static int first;

/* Parses "tierwall" and the words, which blanks part. */
static enum options_result parse(const char *words)
{
	static char buffer[128];
	char *argv[WORDS_MAX + 2] = {"tierwall"}, *rest = buffer;
	int argc = 1;

	snprintf(buffer, sizeof(buffer), "%s", words);
	while (*words && argc <= WORDS_MAX && (argv[argc] = strsep(&rest, " ")))
		argc++;
	return options_parse(&options, argc, argv, &first);
}

static void nothing_said_is_the_default(void **state)
{
	(void)state;
	unsetenv("TIERWALL_BPFFS");
	assert_int_equal(parse("show"), OPTIONS_COMMAND);
	assert_int_equal(first, 1);
	assert_string_equal(options.instance, "default");
	assert_string_equal(options.bpffs, "/sys/fs/bpf");
	assert_int_equal(options.output, OUTPUT_TEXT);
	assert_false(options.quiet);
	assert_int_equal(options.verbose, 0);
}

static void every_option_is_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("-i edge-1 -q -v -v -j --bpffs /run/b stats www"), OPTIONS_COMMAND);
	assert_int_equal(first, 9);
	assert_string_equal(options.instance, "edge-1");
	assert_string_equal(options.bpffs, "/run/b");
	assert_int_equal(options.output, OUTPUT_JSON);
	assert_true(options.quiet);
	assert_int_equal(options.verbose, 2);
	assert_int_equal(parse("--instance=edge --metrics stats"), OPTIONS_COMMAND);
	assert_string_equal(options.instance, "edge");
	assert_int_equal(options.output, OUTPUT_METRICS);
}

static void options_end_at_the_command(void **state)
{
	(void)state;
	assert_int_equal(parse("apply -j --check"), OPTIONS_COMMAND);
	assert_int_equal(first, 1);
	assert_int_equal(options.output, OUTPUT_TEXT);
	assert_int_equal(parse("-j -- stats"), OPTIONS_COMMAND);
	assert_int_equal(first, 3);
}

static void help_and_version_are_told(void **state)
{
	(void)state;
	assert_int_equal(parse("-h"), OPTIONS_HELP);
	assert_int_equal(parse("--help"), OPTIONS_HELP);
	assert_int_equal(parse("-V"), OPTIONS_VERSION);
	assert_int_equal(parse("--version"), OPTIONS_VERSION);
}

static void wrong_options_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse("-x show"), OPTIONS_WRONG);
	assert_int_equal(parse("--nothing show"), OPTIONS_WRONG);
	assert_int_equal(parse("-i"), OPTIONS_WRONG);
	assert_int_equal(parse("-i a.b show"), OPTIONS_WRONG);
	assert_int_equal(parse("-i ../x show"), OPTIONS_WRONG);
	assert_int_equal(parse("--bpffs= show"), OPTIONS_WRONG);
}

static void the_environment_names_bpffs_unless_the_option_does(void **state)
{
	(void)state;
	setenv("TIERWALL_BPFFS", "/run/env", 1);
	assert_int_equal(parse("show"), OPTIONS_COMMAND);
	assert_string_equal(options.bpffs, "/run/env");
	assert_int_equal(parse("--bpffs /run/word show"), OPTIONS_COMMAND);
	assert_string_equal(options.bpffs, "/run/word");
	unsetenv("TIERWALL_BPFFS");
}

static void instance_names_are_short_words(void **state)
{
	(void)state;
	assert_true(is_instance_name("a"));
	assert_true(is_instance_name("Edge_1-b"));
	assert_true(is_instance_name("1234567890123456789012345678901"));
	assert_false(is_instance_name("12345678901234567890123456789012"));
	assert_false(is_instance_name(""));
	assert_false(is_instance_name("a b"));
	assert_false(is_instance_name("a/b"));
	assert_false(is_instance_name("caf\xc3\xa9"));
}

static void commands_are_found_by_their_whole_name(void **state)
{
	(void)state;
	assert_ptr_equal(command_find("stats")->run, command_stats);
	assert_null(command_find("stat"));
	assert_null(command_find(""));
	assert_string_equal(nearest_word("stat", &commands->name, sizeof(*commands)), "stats");
	assert_null(nearest_word("xyzzy", &commands->name, sizeof(*commands)));
}

static void later_commands_are_refused_not_unknown(void **state)
{
	char *argv[] = {"run"};

	(void)state;
	assert_non_null(command_find("run"));
	assert_int_equal(command_run(&options, 1, argv), EXIT_REFUSED);
}

static void words_are_joined_as_they_were_said(void **state)
{
	char *argv[] = {"trace", "tcp", "192.0.2.1", "[2001:db8::1]:80"};
	char *text = join_words(4, argv, 1);

	(void)state;
	assert_string_equal(text, "tcp 192.0.2.1 [2001:db8::1]:80");
	free(text);
	text = join_words(1, argv, 1);
	assert_string_equal(text, "");
	free(text);
}

static void results_become_exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(exit_status(0), 0);
	assert_int_equal(exit_status(MISTAKE), 1);
	assert_int_equal(exit_status(-2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_the_default),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(options_end_at_the_command),
		cmocka_unit_test(help_and_version_are_told),
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(the_environment_names_bpffs_unless_the_option_does),
		cmocka_unit_test(instance_names_are_short_words),
		cmocka_unit_test(commands_are_found_by_their_whole_name),
		cmocka_unit_test(later_commands_are_refused_not_unknown),
		cmocka_unit_test(words_are_joined_as_they_were_said),
		cmocka_unit_test(results_become_exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
