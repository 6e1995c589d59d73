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

struct rule_change {
	const char *owner;
	uint32_t number; /* where; 0: at the end */
	struct rule rule;
};

static int insert_rule(struct rules *rules, size_t at, struct rule *rule)
{
	struct rule *place = config_push(&rules->items, &rules->count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place = &rules->items[at];
	memmove(place + 1, place, (rules->count - 1 - at) * sizeof(*place));
	*place = *rule;
	place->id = TW_NONE32;
	memset(rule, 0, sizeof(*rule)); /* it is the configuration's now */
	return 0;
}

static int add(struct edit *edit, void *context)
{
	struct rule_change *wanted = context;
	struct rules *rules = find_rules(edit->running.config, wanted->owner);
	size_t at;

	if (!rules)
		return MISTAKE;
	at = wanted->number ? wanted->number : rules->count + 1;
	if (at > rules->count + 1) {
		complain("`at %zu` is beyond the end: %s has %zu rules", at, wanted->owner,
			 rules->count);
		return MISTAKE;
	}
	note_block(edit->running.config, rules);
	return insert_rule(rules, at - 1, &wanted->rule);
}

static int command_rule_add(const struct options *options, int argc, char **argv)
{
	struct rule_change wanted = {.owner = argv[2]};
	struct diagnostic diagnostic = {0};
	int from = 3, result, status;
	char *words;

	if (argc > 5 && !strcmp(argv[3], "at")) {
		if (!parse_number(argv[4], 1, UINT32_MAX, &wanted.number))
			return usage(command_find("rule"), "`at %s` is not a rule's number",
				     argv[4]);
		from = 5;
	}
	if (argc <= from)
		return usage(command_find("rule"), "which rule?");
	words = join_words(argc, argv, from);
	result = words ? rule_parse(&wanted.rule, words, &diagnostic) : -ENOMEM;
	free(words);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	status = result ? exit_status(result) : edit_run(options, add, &wanted);
	rule_free(&wanted.rule);
	return status;
}

static int delete (struct edit *edit, void *context)
{
	const struct rule_change *wanted = context;
	struct rules *rules = find_rules(edit->running.config, wanted->owner);
	struct rule *rule;

	if (!rules)
		return MISTAKE;
	if (wanted->number > rules->count) {
		complain("%s has no rule %u: it has %zu", wanted->owner, wanted->number,
			 rules->count);
		return MISTAKE;
	}
	rule = &rules->items[wanted->number - 1];
	rule_free(rule);
	memmove(rule, rule + 1, (rules->count - wanted->number) * sizeof(*rule));
	rules->count--;
	return 0;
}

static int command_rule_del(const struct options *options, int argc, char **argv)
{
	struct rule_change wanted = {.owner = argv[2]};

	if (argc != 4)
		return usage(command_find("rule"), "rule del takes an owner and a number");
	if (!parse_number(argv[3], 1, UINT32_MAX, &wanted.number))
		return usage(command_find("rule"), "`%s` is not a rule's number", argv[3]);
	return edit_run(options, delete, &wanted);
}

int command_rule(const struct options *options, int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "add"))
		return command_rule_add(options, argc, argv);
	if (argc >= 3 && !strcmp(argv[1], "del"))
		return command_rule_del(options, argc, argv);
	return usage(command_find("rule"), "rule add or rule del, and whose");
}
