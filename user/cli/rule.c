/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule add TIER[/SERVER] [at N] RULE, rule del TIER[/SERVER] N */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/number.h"

/* The list that OWNER names; `guard` and `host` come into being with their first rule. */
static struct rules *find_rules(struct config *config, const char *owner)
{
	struct rules *rules = config_rules(config, owner);

	if (!rules)
		complain("there is no tier or server `%s`: `tierwall show rules` lists them, guard "
			 "and host are there always",
			 owner);
	return rules;
}

static void note_block(struct config *config, struct rules *rules)
{
	if (rules == &config->host)
		config->has_host = true;
	if (!rules->at.line)
		rules->at = (struct place){1, 1};
}

/* Takes *rule over. */
static int insert_rule(struct rules *rules, size_t at, struct rule *rule)
{
	struct rule *place = config_push(&rules->items, &rules->count, sizeof(*place));

	if (!place) {
		rule_free(rule);
		return -ENOMEM;
	}
	place = &rules->items[at];
	memmove(place + 1, place, (rules->count - 1 - at) * sizeof(*place));
	*place = *rule;
	place->id = TW_NONE32;
	return 0;
}

static int add(struct edit *edit, const char *owner, size_t at, struct rule *rule)
{
	struct config *config = edit->running.config;
	struct rules *rules = find_rules(config, owner);
	int result;

	if (!rules) {
		rule_free(rule);
		return MISTAKE;
	}
	if (!at)
		at = rules->count + 1;
	if (at > rules->count + 1) {
		complain("`at %zu` is beyond the end: %s has %zu rules", at, owner, rules->count);
		rule_free(rule);
		return MISTAKE;
	}
	note_block(config, rules);
	result = insert_rule(rules, at - 1, rule);
	return result ? result : edit_commit(edit);
}

static int command_rule_add(const struct options *options, int argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	struct edit edit;
	struct rule rule;
	uint32_t at = 0;
	int from = 3, result;
	char *words;

	if (argc > 5 && !strcmp(argv[3], "at")) {
		if (!parse_number(argv[4], 1, UINT32_MAX, &at))
			return usage(command_find("rule"), "`at %s` is not a rule's number",
				     argv[4]);
		from = 5;
	}
	if (argc <= from)
		return usage(command_find("rule"), "which rule?");
	words = join_words(argc, argv, from);
	result = words ? rule_parse(&rule, words, &diagnostic) : -ENOMEM;
	free(words);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	if (result)
		return exit_status(result);
	result = edit_begin(&edit, options);
	if (result) {
		rule_free(&rule);
		return exit_status(result);
	}
	result = add(&edit, argv[2], at, &rule);
	edit_end(&edit);
	return exit_status(result);
}

static int delete_rule(struct edit *edit, const char *owner, uint32_t number)
{
	struct rules *rules = find_rules(edit->running.config, owner);
	struct rule *rule;

	if (!rules)
		return MISTAKE;
	if (number > rules->count) {
		complain("%s has no rule %u: it has %zu", owner, number, rules->count);
		return MISTAKE;
	}
	rule = &rules->items[number - 1];
	rule_free(rule);
	memmove(rule, rule + 1, (rules->count - number) * sizeof(*rule));
	rules->count--;
	return edit_commit(edit);
}

static int command_rule_del(const struct options *options, int argc, char **argv)
{
	struct edit edit;
	uint32_t number;
	int result;

	if (argc != 4)
		return usage(command_find("rule"), "rule del takes an owner and a number");
	if (!parse_number(argv[3], 1, UINT32_MAX, &number))
		return usage(command_find("rule"), "`%s` is not a rule's number", argv[3]);
	result = edit_begin(&edit, options);
	if (result)
		return exit_status(result);
	result = delete_rule(&edit, argv[2], number);
	edit_end(&edit);
	return exit_status(result);
}

int command_rule(const struct options *options, int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "add"))
		return command_rule_add(options, argc, argv);
	if (argc >= 3 && !strcmp(argv[1], "del"))
		return command_rule_del(options, argc, argv);
	return usage(command_find("rule"), "rule add or rule del, and whose");
}
