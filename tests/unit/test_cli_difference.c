/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * print_difference(): the lines that tell two configurations apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const char two_tiers[] = "interface eth0\n"
				"\n"
				"tier web {\n"
				"\tserver web1 10.0.1.11\n"
				"\tserver web2 10.0.1.12\n"
				"\tfirewall {\n"
				"\t\taccept tcp to port 443\n"
				"\t\tdefault drop\n"
				"\t}\n"
				"}\n"
				"\n"
				"tier app {\n"
				"\tserver app1 10.0.2.11\n"
				"\tfirewall {\n"
				"\t\taccept tcp to port 8080\n"
				"\t\tdefault drop\n"
				"\t}\n"
				"}\n";

/* `text` with the first `from` in it replaced. */
static char *changed(const char *text, const char *from, const char *to)
{
	const char *found = strstr(text, from);
	char *copy;

	assert_non_null(found);
	assert_true(asprintf(&copy, "%.*s%s%s", (int)(found - text), text, to,
			     found + strlen(from)) >= 0);
	return copy;
}

static void assert_difference(const char *old_text, const char *new_text, const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int result;

	assert_non_null(out);
	result = print_difference(out, old_text, new_text);
	fclose(out);
	assert_string_equal(text, expected);
	assert_int_equal(result, *expected != 0);
	free(text);
}

static void equal_texts_print_nothing(void **state)
{
	(void)state;
	assert_difference(two_tiers, two_tiers, "");
	assert_difference("", "", "");
}

static void a_change_stands_below_its_blocks(void **state)
{
	char *text = changed(two_tiers, "port 8080", "port 9090");

	(void)state;
	assert_difference(two_tiers, text,
			  "  tier app {\n"
			  "  \tfirewall {\n"
			  "- \t\taccept tcp to port 8080\n"
			  "+ \t\taccept tcp to port 9090\n");
	free(text);
}

static void a_line_that_goes_or_comes_stands_alone(void **state)
{
	char *text = changed(two_tiers, "\tserver web2 10.0.1.12\n", "");

	(void)state;
	assert_difference(two_tiers, text, "  tier web {\n- \tserver web2 10.0.1.12\n");
	assert_difference(text, two_tiers, "  tier web {\n+ \tserver web2 10.0.1.12\n");
	free(text);
}

static void blocks_of_the_same_first_line_are_told_apart(void **state)
{
	char *once = changed(two_tiers, "port 443", "port 444");
	char *twice = changed(once, "port 8080", "port 9090");

	(void)state;
	assert_difference(two_tiers, twice,
			  "  tier web {\n"
			  "  \tfirewall {\n"
			  "- \t\taccept tcp to port 443\n"
			  "+ \t\taccept tcp to port 444\n"
			  "  tier app {\n"
			  "  \tfirewall {\n"
			  "- \t\taccept tcp to port 8080\n"
			  "+ \t\taccept tcp to port 9090\n");
	free(once);
	free(twice);
}

static void a_new_block_is_whole(void **state)
{
	char *text = changed(two_tiers, "interface eth0\n",
			     "interface eth0\nset office {\n\t198.51.100.0/24\n}\n");

	(void)state;
	assert_difference(two_tiers, text, "+ set office {\n+ \t198.51.100.0/24\n+ }\n");
	free(text);
}

static void from_nothing_and_to_nothing(void **state)
{
	(void)state;
	assert_difference("", "interface eth0\n", "+ interface eth0\n");
	assert_difference("interface eth0\n", "", "- interface eth0\n");
	assert_difference("a\n", "a\nb", "+ b\n");
}

#define MANY 100000

static char *many_lines(const char *word)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	for (int i = 0; i < MANY; i++)
		fprintf(out, "%s %d\n", word, i);
	fclose(out);
	return text;
}

/* Too far apart for the shortest answer; the answer that is given is right nevertheless. */
static void texts_without_anything_in_common_are_replaced(void **state)
{
	char *old_text = many_lines("one"), *new_text = many_lines("two");
	char *text = NULL, *rest, *line;
	size_t length, gone = 0, come = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	assert_int_equal(print_difference(out, old_text, new_text), 1);
	fclose(out);
	for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
		gone += *line == '-';
		come += *line == '+';
	}
	assert_int_equal(gone, MANY);
	assert_int_equal(come, MANY);
	free(text);
	free(old_text);
	free(new_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_print_nothing),
		cmocka_unit_test(a_change_stands_below_its_blocks),
		cmocka_unit_test(a_line_that_goes_or_comes_stands_alone),
		cmocka_unit_test(blocks_of_the_same_first_line_are_told_apart),
		cmocka_unit_test(a_new_block_is_whole),
		cmocka_unit_test(from_nothing_and_to_nothing),
		cmocka_unit_test(texts_without_anything_in_common_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
