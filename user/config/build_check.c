/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The grammar's actions: what guard looks at without being told, on or off. */
#include "config/parse.h"

const char *check_name(enum tw_check check)
{
	static const char *const names[] = {
#define X(constant, name, meaning) name,
		TW_CHECKS(X)
#undef X
	};

	return names[check];
}

static int unknown_check(struct parser *parser, struct word name)
{
	struct suggestion suggestion = {.word = name};
	char known[256];
	size_t used = 0;
	struct quoted quoted;

	for (int i = 0; i < TW_CHECK_COUNT; i++) {
		suggestion_offer(&suggestion, check_name(i));
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 !i                       ? ""
					 : i < TW_CHECK_COUNT - 1 ? ", "
								  : " and ",
					 check_name(i));
	}
	if (suggestion.best)
		return parser_mistake(parser, name.at, "there is no check `%s`; did you mean `%s`?",
				      quote(&quoted, name), suggestion.best);
	return parser_mistake(parser, name.at, "there is no check `%s`: they are %s",
			      quote(&quoted, name), known);
}

int build_check(struct parser *parser, struct word keyword, struct word name, int on)
{
	int check = 0;

	if (parser->rules_of != RULES_OF_GUARD)
		return parser_mistake(parser, keyword.at,
				      "`check` stands in the block of guard, and nowhere else");
	while (check < TW_CHECK_COUNT && !word_is(name, check_name(check)))
		check++;
	if (check == TW_CHECK_COUNT)
		return unknown_check(parser, name);
	if (parser->checks_said & 1u << check)
		return parser_mistake(parser, name.at, "`check %s` is said twice",
				      check_name(check));
	parser->checks_said |= 1u << check;
	if (!on)
		parser->config->checks_off |= 1u << check;
	return 0;
}
