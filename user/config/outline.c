/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A text that config_print() has made, without a look into its rules: each has a line of
 * its own.  A configuration of 100,000 is read in a tenth of the time that parsing takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/* Lines with rules, one after the other, and where in the rest of the text they stood. */
struct run {
	uint32_t line; /* of the rest, before which they stood */
	size_t from, to;
	size_t rules;
};

struct outline {
	const char *text;
	size_t length;
	char *rest; /* the text without its rules */
	size_t rest_length;
	struct run *runs;
	size_t run_count;
};

/* -- apart ----------------------------------------------------------------------------- */

/* Where the rule in the line at `at` begins; NULL: there is none. */
static const char *rule_in_line(const char *line, const char *end)
{
	while (line < end && *line == ' ')
		line++;
	for (enum tw_action action = TW_ACCEPT; action <= TW_REJECT; action++) {
		const char *name = action_name(action);
		size_t length = strlen(name);

		if ((size_t)(end - line) >= length && !memcmp(line, name, length) &&
		    (line + length == end || line[length] == ' '))
			return line;
	}
	return NULL;
}

static const char *end_of_line(const struct outline *outline, size_t at)
{
	const char *end = memchr(outline->text + at, '\n', outline->length - at);

	return end ? end : outline->text + outline->length;
}

/* Where the line behind the one that ends at `end` begins. */
static size_t behind(const struct outline *outline, const char *end)
{
	size_t at = (size_t)(end - outline->text);

	return at < outline->length ? at + 1 : at;
}

static int take_apart(struct outline *outline)
{
	struct run *run = NULL;
	uint32_t line = 1;

	for (size_t at = 0, next; at < outline->length; at = next) {
		const char *end = end_of_line(outline, at);

		next = behind(outline, end);
		if (!rule_in_line(outline->text + at, end)) {
			memcpy(outline->rest + outline->rest_length, outline->text + at, next - at);
			outline->rest_length += next - at;
			line++;
			run = NULL;
			continue;
		}
		if (!run) {
			run = config_push(&outline->runs, &outline->run_count, sizeof(*run));
			if (!run)
				return -ENOMEM;
			*run = (struct run){.line = line, .from = at};
		}
		run->to = next;
		run->rules++;
	}
	return 0;
}

/* -- and together -------------------------------------------------------------------------- */

/* Without its name: behind the first # that stands in no quotes. */
static uint32_t length_of_rule(const char *rule, const char *end)
{
	bool quoted = false;

	for (const char *at = rule; at < end; at++) {
		if (quoted && *at == '\\')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (*at == '#' && !quoted && at > rule)
			return (uint32_t)(at - 1 - rule); /* and a space */
	}
	return (uint32_t)(end - rule);
}

static int put_rules(const struct outline *outline, const struct run *run, struct rules *rules)
{
	if (rules->count)
		return -EBADMSG; /* one list has one run */
	rules->items = calloc(run->rules, sizeof(*rules->items));
	if (!rules->items)
		return -ENOMEM;
	for (size_t at = run->from; at < run->to;) {
		const char *end = end_of_line(outline, at);
		const char *text = rule_in_line(outline->text + at, end);
		struct rule *rule = &rules->items[rules->count++];

		rule->id = TW_NONE32;
		rule->text = text;
		rule->text_length = length_of_rule(text, end);
		at = behind(outline, end);
	}
	return 0;
}

/* The list with the last block to begin before a line; NULL: there is none. */
struct search {
	uint32_t line;
	struct rules *found;
};

static void look_at(struct search *search, struct rules *rules)
{
	if (rules->at.line && rules->at.line < search->line &&
	    (!search->found || rules->at.line > search->found->at.line))
		search->found = rules;
}

static struct rules *list_before(struct config *config, uint32_t line)
{
	struct search search = {.line = line};
	struct tier *tier = NULL;

	look_at(&search, &config->guard);
	look_at(&search, &config->host);
	/* tiers stand in the order of their lines */
	for (size_t low = 0, high = config->tier_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (config->tiers[middle].at.line < line) {
			tier = &config->tiers[middle];
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (!tier)
		return search.found;
	look_at(&search, &tier->rules);
	for (size_t i = 0; i < tier->server_count; i++)
		look_at(&search, &tier->servers[i].rules);
	return search.found;
}

static int put_together(const struct outline *outline, struct config *config)
{
	int result = 0;

	for (size_t i = 0; !result && i < outline->run_count; i++) {
		struct rules *rules = list_before(config, outline->runs[i].line);

		result = rules ? put_rules(outline, &outline->runs[i], rules) : -EBADMSG;
	}
	return result;
}

int config_parse_outline(struct config **out, const char *file, const char *text, size_t length,
			 struct diagnostic *diagnostic)
{
	struct outline outline = {.text = text, .length = length, .rest = malloc(length + 1)};
	struct config *config = NULL;
	int result = outline.rest ? take_apart(&outline) : -ENOMEM;

	if (!result)
		result = config_parse(&config, file, outline.rest, outline.rest_length, diagnostic);
	if (!result)
		result = put_together(&outline, config);
	free(outline.runs);
	free(outline.rest);
	if (result)
		config_free(config);
	else
		*out = config;
	return result;
}
