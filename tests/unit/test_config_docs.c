/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The examples of docs/grammar.md and README.md: blocks marked `tierwall` are files, lines of
 * those marked `tierwall rules` are rules.  Runs at the top of the tree.
 */
#include <unistd.h>

#include "config_rows.h"

static char folder[] = "/tmp/tierwall-docs-XXXXXX";
static char config_name[64], netset_name[64];

static char *read_page(const char *path)
{
	static char page[1 << 16];
	FILE *in = fopen(path, "r");
	size_t length;

	assert_non_null(in);
	length = fread(page, 1, sizeof(page) - 1, in);
	fclose(in);
	assert_in_range(length, 1, sizeof(page) - 2);
	page[length] = 0;
	return page;
}

/* Calls `each` for every block of that mark; returns how many there are. */
static size_t visit_blocks(const char *path, const char *mark,
			   void (*each)(const char *text, size_t length))
{
	char start[64], *at = read_page(path), *end;
	size_t count = 0;

	snprintf(start, sizeof(start), "\n```%s\n", mark);
	while ((at = strstr(at, start))) {
		at += strlen(start);
		end = strstr(at, "\n```\n");
		assert_non_null(end);
		each(at, (size_t)(end + 1 - at));
		at = end;
		count++;
	}
	return count;
}

static void parse_file(const char *text, size_t length)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	if (config_parse(&config, config_name, text, length, &diagnostic) ||
	    config_check(config, &diagnostic))
		fail_msg("%s", diagnostic.text);
	config_free(config);
}

static void each_line(const char *text, size_t length, void (*each)(const char *line))
{
	char *copy = strndup(text, length), *rest = copy, *line;

	assert_non_null(copy);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			each(line);
	free(copy);
}

static void parse_rule(const char *line)
{
	struct diagnostic diagnostic = {0};
	struct rule rule;

	if (rule_parse(&rule, line, &diagnostic))
		fail_msg("%s", diagnostic.text);
	rule_free(&rule);
}

static void parse_rules(const char *text, size_t length)
{
	each_line(text, length, parse_rule);
}

static void files_are_right(void **state)
{
	(void)state;
	assert_in_range(visit_blocks("docs/grammar.md", "tierwall", parse_file), 7, 100);
}

static void the_readme_is_right(void **state)
{
	(void)state;
	assert_int_equal(visit_blocks("README.md", "tierwall", parse_file), 1);
}

static void rules_are_right(void **state)
{
	(void)state;
	assert_in_range(visit_blocks("docs/grammar.md", "tierwall rules", parse_rules), 2, 100);
}

static int make_folder(void **state)
{
	FILE *out;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(config_name, sizeof(config_name), "%s/tierwall.conf", folder);
	snprintf(netset_name, sizeof(netset_name), "%s/blocked.netset", folder);
	out = fopen(netset_name, "w");
	if (!out)
		return -1;
	fputs("192.0.2.0/24\n", out);
	return fclose(out);
}

static int remove_folder(void **state)
{
	(void)state;
	return unlink(netset_name) || rmdir(folder) ? -1 : 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_right),
		cmocka_unit_test(the_readme_is_right),
		cmocka_unit_test(rules_are_right),
	};

	return cmocka_run_group_tests_name("examples of docs/grammar.md", tests, make_folder,
					   remove_folder) > 0;
}
