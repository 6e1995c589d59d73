/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole text of messages, files that can and cannot be read, and sets' files. */
#include <sys/stat.h>
#include <unistd.h>

#include "config_rows.h"

/* -- messages ---------------------------------------------------------------------- */

struct message_row {
	const char *says;
	const char *text;
	const char *message; /* to the last byte */
};

static const struct message_row messages[] = {
	{"the place, the line and a caret", "guard {\n    drop tcp to port 70000 # x\n}\n",
	 "tierwall: t.conf:2:22: `70000` is not a port: it is a number 1-65535\n"
	 "    drop tcp to port 70000 # x\n"
	 "                     ^\n"},
	{"tabs stay, above and below", "guard {\n\tdrop tcp\tto port 0\n}\n",
	 "tierwall: t.conf:2:19: `0` is not a port: it is a number 1-65535\n"
	 "\tdrop tcp\tto port 0\n"
	 "\t        \t        ^\n"},
	{"a character of several bytes is one column of the caret", "set a { é }\n",
	 "tierwall: t.conf:1:9: `é` is not an address\n"
	 "set a { é }\n"
	 "        ^\n"},
	{"bytes that do not print are escaped, and the caret keeps its place",
	 "set \xc2\x9b { } \x01\n",
	 "tierwall: t.conf:1:12: the control byte 0x01: remove it; only tabs and newlines may "
	 "stand in the text\n"
	 "set \\xc2\\x9b { } \\x01\n"
	 "                 ^\n"},
	{"marks that reorder text are escaped", "tier \xe2\x80\xae { }\n",
	 "tierwall: t.conf:1:6: `\\xe2\\x80\\xae` cannot be the name of a tier: a name begins "
	 "with a letter or `_`, then letters, digits, `_`, `-` and `.` follow\n"
	 "tier \\xe2\\x80\\xae { }\n"
	 "     ^\n"},
	{"the end of a line has the caret behind it", "tier web\n",
	 "tierwall: t.conf:1:9: the line ends where `{` is expected\n"
	 "tier web\n"
	 "        ^\n"},
	{"the end of the file is below its last line", "tier web {\n",
	 "tierwall: t.conf:2:1: the file ends inside the `{` of `tier` at line 1: a `}` is "
	 "missing\n"
	 "\n"
	 "^\n"},
	{"of a long word the beginning is quoted",
	 "set a { 0000000000111111111122222222223333333333444444444455555555556666666666 }\n",
	 "tierwall: t.conf:1:9: `000000000011111111112222222222333333333344444444445555555555...` "
	 "stands where `include`, an address or `}` is expected\n"
	 "set a { 0000000000111111111122222222223333333333444444444455555555556666666666 }\n"
	 "        ^\n"},
};

static void is_told(void **state)
{
	const struct message_row *row = *state;
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	assert_int_equal(config_parse(&config, "t.conf", row->text, strlen(row->text), &diagnostic),
			 MISTAKE);
	assert_string_equal(diagnostic.text, row->message);
	diagnostic_free(&diagnostic);
}

static void of_a_long_line_the_part_around_the_caret_is_shown(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	const char *line, *caret;
	char text[4096];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 201; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s, ",
					 i ? "" : "set a { ", i == 100 ? "oops" : "192.0.2.1");
	snprintf(text + used, sizeof(text) - used, "}\n");
	assert_int_equal(config_parse(&config, "t.conf", text, strlen(text), &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, "t.conf", (struct place){1, 1109}, "`oops`");
	line = strchr(diagnostic.text, '\n') + 1;
	caret = strchr(line, '\n') + 1;
	assert_true(caret - line < 140);
	assert_int_equal(strncmp(line, "...", 3), 0);
	assert_int_equal(strncmp(caret - 4, "...", 3), 0);
	assert_int_equal(strncmp(line + caret_column(&diagnostic) - 1, "oops", 4), 0);
	diagnostic_free(&diagnostic);
}

static void words_have_no_file(void **state)
{
	struct diagnostic diagnostic = {0};
	struct rule rule;

	(void)state;
	assert_int_equal(rule_parse(&rule, "acept tcp", &diagnostic), MISTAKE);
	assert_string_equal(diagnostic.text,
			    "tierwall: `acept` stands where `accept`, `drop` or `reject` is "
			    "expected; did you mean `accept`?\n"
			    "acept tcp\n"
			    "^\n");
	diagnostic_free(&diagnostic);
}

static void a_mistake_without_a_place_names_the_file(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = parse_right("guard { }\n");

	(void)state;
	assert_int_equal(config_mistake(config, (struct place){0, 0}, &diagnostic, "%d rules", 7),
			 MISTAKE);
	assert_string_equal(diagnostic.text, "tierwall: t.conf: 7 rules\n");
	/* A second message takes the place of the first. */
	assert_int_equal(config_mistake(config, config->guard.at, &diagnostic, "here"), MISTAKE);
	assert_string_equal(diagnostic.text, "tierwall: t.conf:1:1: here\nguard { }\n^\n");
	/* A place beyond the text has no line to show. */
	config_mistake(config, (struct place){9, 1}, &diagnostic, "there");
	assert_string_equal(diagnostic.text, "tierwall: t.conf:9:1: there\n");
	diagnostic_free(&diagnostic);
	config_free(config);
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = "guard { }\n# \0 x\n";
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_parse(&config, "t.conf", text, sizeof(text) - 1, &diagnostic),
			 MISTAKE);
	assert_mistake(&diagnostic, "t.conf", (struct place){2, 3}, "NUL");
	diagnostic_free(&diagnostic);
}

/* -- files --------------------------------------------------------------------------- */

static char folder[] = "/tmp/tierwall-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void write_file(const char *name, const char *text, char path[128])
{
	FILE *out;

	snprintf(path, 128, "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_parse_file(&config, "/nonexistent.conf", &diagnostic), MISTAKE);
	assert_string_equal(diagnostic.text,
			    "tierwall: /nonexistent.conf: No such file or directory\n");
	assert_int_equal(config_parse_file(&config, "/", &diagnostic), MISTAKE);
	assert_string_equal(diagnostic.text, "tierwall: /: Is a directory\n");
	diagnostic_free(&diagnostic);
}

static void a_file_too_large_is_not_read_to_its_end(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_parse_file(&config, "/dev/zero", &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, "/dev/zero", (struct place){1, 1}, "larger than 64 MiB");
	diagnostic_free(&diagnostic);
}

static void an_included_file_is_found_beside_the_file(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	char path[128], *text;

	(void)state;
	write_file("a.netset", "# bad\n192.0.2.1\n\n\t 2001:db8::/32 # worse\n192.0.2.1/32", path);
	write_file("t.conf",
		   "set a { 198.51.100.1, include \"a.netset\", include \"./a.netset\" }\n", path);
	if (config_parse_file(&config, path, &diagnostic))
		fail_msg("%s", diagnostic.text);
	text = printed(config);
	assert_string_equal(text, "set a { 192.0.2.1, 198.51.100.1, 2001:db8::/32 }\n");
	free(text);
	config_free(config);
}

static void a_mistake_in_an_included_file_names_that_file(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	char included[128], path[128];

	(void)state;
	write_file("b.netset", "192.0.2.1\n  192.0.2.256\n", included);
	write_file("t.conf", "set a { include \"b.netset\" }\n", path);
	assert_int_equal(config_parse_file(&config, path, &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, included, (struct place){2, 3},
		       "`192.0.2.256` is not an address\n  192.0.2.256\n  ^\n");
	diagnostic_free(&diagnostic);
}

static void a_missing_included_file_is_told_at_the_include(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	char path[128];

	(void)state;
	write_file("t.conf", "set a {\n    include \"missing.netset\"\n}\n", path);
	assert_int_equal(config_parse_file(&config, path, &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, path, (struct place){2, 5},
		       "/missing.netset: No such file or directory");
	diagnostic_free(&diagnostic);
}

static void a_set_file_is_read_sorted_and_merged(void **state)
{
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;
	char path[128];
	FILE *out;

	(void)state;
	snprintf(path, sizeof(path), "%s/d.netset", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	for (unsigned int i = 0; i < 5000; i++) /* 2048 prefixes, in a wild order */
		fprintf(out, "%s%u/%u\n", i % 2 ? "2001:db8::" : "10.0.0.", i * 7919 % 1024 / 4,
			i % 2 ? 128u : 32u);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(set_read_file(&items, &count, path, &diagnostic), 0);
	assert_int_equal(count, 512);
	for (size_t i = 1; i < count; i++)
		assert_true(memcmp(&items[i - 1].addr, &items[i].addr, 16) < (i == 256 ? 1 : 0));
	assert_int_equal(set_read_file(&items, &count, path, &diagnostic), 0);
	assert_int_equal(count, 512);
	free(items);
}

static void a_set_file_that_is_not_there_is_named(void **state)
{
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(set_read_file(&items, &count, "/nonexistent.netset", &diagnostic),
			 MISTAKE);
	assert_string_equal(diagnostic.text,
			    "tierwall: /nonexistent.netset: No such file or directory\n");
	diagnostic_free(&diagnostic);
}

static void an_empty_set_file_is_an_empty_set(void **state)
{
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;
	char path[128];

	(void)state;
	write_file("e.netset", "\n# nothing\n", path);
	assert_int_equal(set_read_file(&items, &count, path, &diagnostic), 0);
	assert_int_equal(count, 0);
	free(items);
}

int main(void)
{
	static const struct CMUnitTest texts[] = {
		cmocka_unit_test(of_a_long_line_the_part_around_the_caret_is_shown),
		cmocka_unit_test(words_have_no_file),
		cmocka_unit_test(a_mistake_without_a_place_names_the_file),
		cmocka_unit_test(a_nul_byte_is_refused),
	};
	static const struct CMUnitTest files[] = {
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(a_file_too_large_is_not_read_to_its_end),
		cmocka_unit_test(an_included_file_is_found_beside_the_file),
		cmocka_unit_test(a_mistake_in_an_included_file_names_that_file),
		cmocka_unit_test(a_missing_included_file_is_told_at_the_include),
		cmocka_unit_test(a_set_file_is_read_sorted_and_merged),
		cmocka_unit_test(a_set_file_that_is_not_there_is_named),
		cmocka_unit_test(an_empty_set_file_is_an_empty_set),
	};
	int failed = run_rows("messages", ROWS(messages), is_told);

	failed += cmocka_run_group_tests_name("texts", texts, NULL, NULL);
	if (make_folder(NULL))
		return 1;
	failed += cmocka_run_group_tests_name("files", files, NULL, NULL);
	failed += remove_folder(NULL) != 0;
	return failed > 0;
}
