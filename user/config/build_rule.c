/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The grammar's actions: rules, their addresses and ports, into the model. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

int build_rule(struct parser *parser, struct place at, int action)
{
	const struct rules *rules = parser->rules;

	if (rules->default_at.line)
		return parser_mistake(parser, at,
				      "no packet comes to a rule behind `default`: move it above "
				      "line %u",
				      rules->default_at.line);
	parser->rule = (struct rule){.at = at, .action = (uint8_t)action, .id = TW_NONE32};
	return 0;
}

int build_rule_end(struct parser *parser)
{
	struct rules *rules = parser->rules;
	struct rule *rule = &parser->rule, *slot;

	if (rule->fields & RULE_FLAGS && !(rule->fields & RULE_PROTOCOL)) {
		rule->fields |= RULE_PROTOCOL;
		rule->field_at[__builtin_ctz(RULE_PROTOCOL)] = rule_field_at(rule, RULE_FLAGS);
		rule->protocol = IPPROTO_TCP;
	}
	slot = config_push(&rules->items, &rules->count, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *rule;
	*rule = (struct rule){.id = TW_NONE32};
	return 0;
}

int build_field(struct parser *parser, enum rule_fields field, struct word keyword)
{
	struct rule *rule = &parser->rule;
	struct quoted quoted;

	if (rule->fields & field)
		return parser_mistake(parser, keyword.at, "`%s` stands twice in this rule",
				      quote(&quoted, keyword));
	rule->fields |= field;
	rule->field_at[__builtin_ctz(field)] = keyword.at;
	return 0;
}

int build_type(struct parser *parser, struct word keyword, struct word type)
{
	struct rule *rule = &parser->rule;
	int result = build_field(parser, RULE_TYPE, keyword);

	if (result)
		return result;
	if (!(rule->fields & RULE_PROTOCOL) ||
	    (rule->protocol != IPPROTO_ICMP && rule->protocol != IPPROTO_ICMPV6))
		return parser_mistake(parser, keyword.at,
				      "`type` needs `icmp` or `icmp6` as the rule's protocol");
	return word_icmp_type(parser, type, rule->protocol, &rule->type);
}

int build_code(struct parser *parser, struct word keyword, struct word code)
{
	struct rule *rule = &parser->rule;
	int result = build_field(parser, RULE_CODE, keyword);

	if (result)
		return result;
	return word_icmp_code(parser, code, rule->protocol, rule->type, &rule->code);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

int build_label(struct parser *parser, struct word label)
{
	const char *start = label.text + 1, *end = label.text + label.length;

	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	if (start == end)
		return 0;
	parser->rule.name = strndup(start, (size_t)(end - start));
	return parser->rule.name ? 0 : -ENOMEM;
}

/* -- lists of addresses and ports -------------------------------------------------- */

static struct address_item *push_address(struct parser *parser, struct word word)
{
	struct addresses *addresses = parser->addresses;
	struct address_item *item =
		config_push(&addresses->items, &addresses->count, sizeof(*item));

	if (item)
		item->at = word.at;
	return item;
}

int build_address(struct parser *parser, struct word word)
{
	static const char *const instead[] = {"any", "not", "port", NULL};
	struct address_item *item = push_address(parser, word);

	if (!item)
		return -ENOMEM;
	item->kind = ADDRESS_PREFIX;
	return word_prefix(parser, word, instead, &item->prefix);
}

int build_set_name(struct parser *parser, struct word word)
{
	struct address_item *item = push_address(parser, word);
	struct word name = word;

	if (!item)
		return -ENOMEM;
	item->kind = ADDRESS_SET;
	name.text++;
	name.length--;
	if (!name.length)
		return parser_mistake(parser, word.at,
				      "behind the @ stands the name of a set or tier, without a "
				      "space between");
	return word_name(parser, name, item->set, "set");
}

int build_any(struct parser *parser, struct word word)
{
	if (parser->addresses->negated)
		return parser_mistake(parser, word.at,
				      "no address is `not any`: name the addresses that are meant, "
				      "or leave the words out");
	parser->any = true;
	return 0;
}

/* Any among others makes the whole list any. */
void build_addresses_end(struct parser *parser)
{
	if (!parser->any)
		return;
	free(parser->addresses->items);
	parser->addresses->items = NULL;
	parser->addresses->count = 0;
}

int build_all_ports(struct parser *parser)
{
	struct ports *ports = parser->ports;
	struct port_range *range = config_push(&ports->items, &ports->count, sizeof(*range));

	if (!range)
		return -ENOMEM;
	range->low = 0;
	range->high = UINT16_MAX;
	return 0;
}

int build_ports(struct parser *parser, struct range_words words)
{
	struct ports *ports = parser->ports;
	struct port_range *range = config_push(&ports->items, &ports->count, sizeof(*range));
	uint16_t bounds[2];
	int result;

	if (!range)
		return -ENOMEM;
	result = word_range(parser, words, 1, UINT16_MAX, "port", bounds);
	if (result)
		return result;
	range->low = bounds[0];
	range->high = bounds[1];
	return 0;
}
