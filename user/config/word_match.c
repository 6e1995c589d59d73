/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words to values: what a rule's matches and limits ask. */
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#include "config/names.h"

#define RATE_MAX 1000000000u /* a second */

/* The next item of a comma list; false: none is left. */
static bool next_item(struct word *list, struct word *item)
{
	const char *comma;

	if (!list->text)
		return false;
	*item = *list;
	comma = memchr(list->text, ',', list->length);
	if (!comma) {
		list->text = NULL;
		return true;
	}
	item->length = (size_t)(comma - list->text);
	list->text += item->length + 1;
	list->length -= item->length + 1;
	list->at.column += (uint32_t)item->length + 1;
	return true;
}

static int unknown_name(struct parser *parser, struct word word, const struct name *names,
			const char *what, const char *otherwise)
{
	struct suggestion suggestion = {.word = word};
	struct quoted quoted;

	names_suggest(names, &suggestion);
	if (suggestion.best)
		return parser_mistake(parser, word.at, "`%s` is not %s; did you mean `%s`?",
				      quote(&quoted, word), what, suggestion.best);
	return parser_mistake(parser, word.at, "`%s` is not %s: %s", quote(&quoted, word), what,
			      otherwise);
}

/* A list such as syn,!ack: the flags that must be set, and those that must not. */
static int read_flags(struct parser *parser, struct word list, uint8_t *set, uint8_t *unset)
{
	struct word item;

	*set = *unset = 0;
	while (next_item(&list, &item)) {
		bool not = item.length && item.text[0] == '!';
		const struct name *flag;

		if (not ) {
			item.text++;
			item.length--;
			item.at.column++;
		}
		flag = name_find(tcp_flags, item.text, item.length);
		if (!flag)
			return unknown_name(parser, item, tcp_flags, "a TCP flag",
					    "they are fin, syn, rst, psh, ack, urg, ece and cwr, "
					    "with commas between them and no spaces");
		*(not ? unset : set) |= flag->number;
		if (*set & *unset)
			return parser_mistake(parser, item.at,
					      "`%s` cannot be both set and not set", flag->name);
	}
	return 0;
}

static int read_mask(struct parser *parser, struct word list, struct word mask, uint8_t *out)
{
	uint8_t unset;
	int result = read_flags(parser, mask, out, &unset);

	if (result)
		return result;
	if (unset || memchr(list.text, '!', list.length))
		return parser_mistake(parser, list.at,
				      "`!` does not go with a mask: the flags of the mask that "
				      "stand before the `/` are set, its others are not");
	return 0;
}

int word_flags(struct parser *parser, struct word word, uint8_t *mask, uint8_t *flags)
{
	const char *slash = memchr(word.text, '/', word.length);
	struct word list = word, after = word;
	uint8_t unset;
	int result;

	if (slash) {
		list.length = (size_t)(slash - word.text);
		after.text = slash + 1;
		after.length -= list.length + 1;
		after.at.column += (uint32_t)list.length + 1;
	}
	result = read_flags(parser, list, flags, &unset);
	if (result)
		return result;
	*mask = *flags | unset;
	if (!slash)
		return 0;
	result = read_mask(parser, list, after, mask);
	if (result)
		return result;
	if (*flags & ~*mask)
		return parser_mistake(parser, word.at,
				      "no packet has these flags: one that must be set is not in "
				      "the mask behind the `/`");
	return 0;
}

static bool is_number(struct word word)
{
	return word.length && isdigit((unsigned char)word.text[0]);
}

static int named_number(struct parser *parser, struct word word, const struct name *names,
			uint32_t high, const char *what, const char *a_what, const char *otherwise,
			uint8_t *out)
{
	const struct name *name = name_find(names, word.text, word.length);
	uint32_t number;
	int result;

	if (name) {
		*out = name->number;
		return 0;
	}
	if (!is_number(word))
		return unknown_name(parser, word, names, a_what, otherwise);
	result = word_number(parser, word, 0, high, what, &number);
	if (!result)
		*out = (uint8_t)number;
	return result;
}

int word_icmp_type(struct parser *parser, struct word word, uint8_t protocol, uint8_t *out)
{
	bool icmp6 = protocol == IPPROTO_ICMPV6;
	const struct name *others = icmp_types(icmp6 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	struct quoted quoted;

	if (name_find(others, word.text, word.length) &&
	    !name_find(icmp_types(protocol), word.text, word.length))
		return parser_mistake(parser, word.at, "`%s` is a type of %s, not of %s",
				      quote(&quoted, word), icmp6 ? "icmp" : "icmp6",
				      icmp6 ? "icmp6" : "icmp");
	return named_number(parser, word, icmp_types(protocol), UINT8_MAX, "type",
			    icmp6 ? "an ICMPv6 type" : "an ICMP type",
			    "write its name, such as echo-request, or its number", out);
}

int word_icmp_code(struct parser *parser, struct word word, uint8_t protocol, uint8_t type,
		   uint8_t *out)
{
	return named_number(parser, word, icmp_codes(protocol, type), UINT8_MAX, "code",
			    "a code of this type", "write its number", out);
}

int word_dscp(struct parser *parser, struct word word, uint8_t *out)
{
	return named_number(parser, word, dscp_names, 63, "dscp", "a DSCP",
			    "write a number 0-63, or a name such as ef, af11 or cs1", out);
}

int word_rate(struct parser *parser, struct word word, struct limit *out)
{
	const char *slash = memchr(word.text, '/', word.length);
	struct word number = word, unit = word;
	struct quoted quoted;

	number.length = (size_t)(slash - word.text);
	unit.text = slash + 1;
	unit.length -= number.length + 1;
	unit.at.column += (uint32_t)number.length + 1;
	if (!word_is(unit, "s") && !word_is(unit, "m") && !word_is(unit, "h"))
		return parser_mistake(parser, unit.at,
				      "`%s` is not a unit of time: write s, m or h for a second, "
				      "minute or hour",
				      quote(&quoted, unit));
	out->unit = unit.text[0];
	return word_number(parser, number, 1, out->unit == 's' ? RATE_MAX : UINT32_MAX, "rate",
			   &out->rate);
}

int word_source(struct parser *parser, struct word word, uint8_t *out)
{
	struct suggestion suggestion = {.word = word};
	struct word bits = word;
	struct quoted quoted;
	uint32_t number;
	int result;

	if (word_is(word, "source"))
		return 0;
	if (word.length < 8 || memcmp(word.text, "source/", 7)) {
		suggestion_offer(&suggestion, "source");
		return parser_mistake(parser, word.at, "`%s` stands where `source` is expected%s",
				      quote(&quoted, word),
				      suggestion.best ? "; did you mean `source`?" : "");
	}
	bits.text += 7;
	bits.length -= 7;
	bits.at.column += 7;
	result = word_number(parser, bits, 1, 128, "prefix length", &number);
	if (!result)
		*out = (uint8_t)number;
	return result;
}
