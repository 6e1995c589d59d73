/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tests of the configuration as tables: a row's first member is the sentence that
 * it stands for, and each row is a test of its own.  A ^ in a row's text marks the
 * place of the mistake and is taken out before the text is parsed.
 */
#ifndef TIERWALL_TESTS_UNIT_CONFIG_ROWS_H
#define TIERWALL_TESTS_UNIT_CONFIG_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

#define ROWS(rows) (rows), sizeof((rows)[0]), sizeof(rows) / sizeof((rows)[0])

/* Runs `test` once for each row, with the row as its state; returns how many failed. */
static inline int run_rows(const char *group, const void *rows, size_t size, size_t count,
			   CMUnitTestFunction test)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;

		memcpy(&tests[i].name, row, sizeof(tests[i].name));
		tests[i].test_func = test;
		tests[i].initial_state = (void *)row;
	}
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	return failed;
}

/* A copy of the text without its ^, whose place goes to *at. */
static inline char *take_mark(const char *text, struct place *at)
{
	const char *mark = strchr(text, '^');
	char *copy = NULL;

	*at = (struct place){0, 0};
	if (!mark) {
		copy = strdup(text);
		assert_non_null(copy);
		return copy;
	}
	assert_true(asprintf(&copy, "%.*s%s", (int)(mark - text), text, mark + 1) >= 0);
	*at = (struct place){1, 1};
	for (const char *byte = text; byte < mark; byte++) {
		at->column++;
		if (*byte == '\n')
			*at = (struct place){at->line + 1, 1};
	}
	return copy;
}

/* The message begins with `tierwall: FILE:LINE:COLUMN: ` and holds `word`. */
static inline void assert_mistake(const struct diagnostic *diagnostic, const char *file,
				  struct place at, const char *word)
{
	char start[256];

	assert_non_null(diagnostic->text);
	snprintf(start, sizeof(start), "tierwall: %s:%u:%u: ", file, at.line, at.column);
	if (strncmp(diagnostic->text, start, strlen(start)))
		fail_msg("expected %s, got %s", start, diagnostic->text);
	if (!strstr(diagnostic->text, word))
		fail_msg("expected the words \"%s\" in %s", word, diagnostic->text);
	assert_int_equal(diagnostic->text[strlen(diagnostic->text) - 1], '\n');
}

/* Where the caret stands: the column in which the message's last line has it, from 1. */
static inline size_t caret_column(const struct diagnostic *diagnostic)
{
	const char *caret = strrchr(diagnostic->text, '^'), *line = caret;

	assert_non_null(caret);
	while (line[-1] != '\n')
		line--;
	return (size_t)(caret - line) + 1;
}

/* Parses and checks a text that must be right. */
static inline struct config *parse_right(const char *text)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	int result = config_parse(&config, "t.conf", text, strlen(text), &diagnostic);

	if (!result)
		result = config_check(config, &diagnostic);
	if (result)
		fail_msg("%s", diagnostic.text ? diagnostic.text : "no message");
	return config;
}

static inline char *printed(const struct config *config)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(config_print(out, config), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif
