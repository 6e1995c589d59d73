/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which rules count on: those of the same words, equal ones in their order; the same where
 * no more is known of the running rules than their words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"

#define LISTS     400
#define RULES_MAX 40

static uint32_t random_below(uint32_t bound)
{
	static uint64_t state = 1;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 32) % bound;
}

/* Few different ones, so that many are equal; names do not count. */
static char *random_text(void)
{
	uint32_t count = random_below(RULES_MAX);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	fputs("guard {\n", out);
	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "    %s tcp from 192.0.2.%u", random_below(2) ? "drop" : "reject",
			random_below(4));
		if (!random_below(3))
			fprintf(out, " to port %u", 1 + random_below(3));
		if (!random_below(4))
			fprintf(out, " in \"#%u\"", random_below(2));
		if (!random_below(3))
			fprintf(out, " # name %u", random_below(100));
		fputc('\n', out);
	}
	fprintf(out, "    default %s\n}\n", random_below(2) ? "accept" : "drop");
	fclose(out);
	return text;
}

static struct config *parse(const char *text)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	if (config_parse(&config, "test.conf", text, strlen(text), &diagnostic))
		fail_msg("%s", diagnostic.text);
	return config;
}

static struct config *parse_outline(const char *text)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	if (config_parse_outline(&config, "test.conf", text, strlen(text), &diagnostic))
		fail_msg("%s", diagnostic.text ? diagnostic.text : "no outline");
	return config;
}

static void number(struct config *config)
{
	for (size_t i = 0; i < config->guard.count; i++)
		config->guard.items[i].id = 1000 + (uint32_t)i;
	config->guard.default_id = 7;
}

/* Rule by rule: the first of the running ones that is the same and has not been given away. */
static void assert_inherited(const struct rules *rules, const struct rules *running)
{
	bool given[RULES_MAX] = {false};

	for (size_t i = 0; i < rules->count; i++) {
		char *text = rule_text(&rules->items[i]);
		uint32_t id = TW_NONE32;

		for (size_t j = 0; j < running->count && id == TW_NONE32; j++) {
			char *other = rule_text(&running->items[j]);

			if (!given[j] && !strcmp(text, other)) {
				given[j] = true;
				id = running->items[j].id;
			}
			free(other);
		}
		assert_int_equal(rules->items[i].id, id);
		free(text);
	}
	assert_int_equal(rules->default_id,
			 rules->default_action == running->default_action ? 7 : TW_NONE32);
}

static void equal_rules_count_on_in_their_order(void **state)
{
	(void)state;
	for (int i = 0; i < LISTS; i++) {
		char *text = random_text(), *before_text = random_text();
		struct config *config = parse(text), *before = parse(before_text);
		struct config *outline = parse_outline(before_text);

		number(before);
		number(outline);
		assert_int_equal(ids_inherit(config, before), 0);
		assert_inherited(&config->guard, &before->guard);
		assert_int_equal(ids_inherit(config, outline), 0);
		assert_inherited(&config->guard, &before->guard);
		config_free(config);
		config_free(before);
		config_free(outline);
		free(text);
		free(before_text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_rules_count_on_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
