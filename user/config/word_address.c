/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words to values: addresses, and what was meant where one is none. */
#include <ctype.h>
#include <string.h>

#include "config/parse.h"

static bool looks_like_name(struct word word)
{
	return word.length && (isalpha((unsigned char)word.text[0]) || word.text[0] == '_') &&
	       !memchr(word.text, ':', word.length);
}

static int not_an_address(struct parser *parser, struct word word, const char *trouble,
			  const char *const *instead)
{
	struct suggestion suggestion = {.word = word};
	struct quoted quoted;

	quote(&quoted, word);
	for (; instead && *instead; instead++)
		suggestion_offer(&suggestion, *instead);
	if (suggestion.best)
		return parser_mistake(parser, word.at, "`%s` %s; did you mean `%s`?", quoted.text,
				      trouble, suggestion.best);
	if (looks_like_name(word))
		return parser_mistake(parser, word.at,
				      "`%s` is not an address: tierwall does not look names up; a "
				      "set or tier is written with an @ before its name",
				      quoted.text);
	return parser_mistake(parser, word.at, "`%s` %s", quoted.text, trouble);
}

int word_prefix(struct parser *parser, struct word word, const char *const *instead,
		struct prefix *out)
{
	const char *trouble = prefix_read(word.text, word.length, out);

	out->at = word.at;
	return trouble ? not_an_address(parser, word, trouble, instead) : 0;
}

/* Why no server and no service can have an address; NULL: one can. */
static const char *unusable(const union tw_addr *addr)
{
	if (addr_is_ipv4(addr)) {
		if (!addr->words[3])
			return "is the unspecified address";
		if (addr->bytes[12] == 127)
			return "is a loopback address";
		if (addr->bytes[12] >= 224 && addr->bytes[12] < 240)
			return "is a multicast address";
		return memcmp(&addr->bytes[12], "\xff\xff\xff\xff", 4) ? NULL
								       : "is the broadcast address";
	}
	if (addr_is_zero(addr))
		return "is the unspecified address";
	if (addr->bytes[0] == 0xff)
		return "is a multicast address";
	if (!addr->halves[0] && !addr->words[2] && !memcmp(&addr->bytes[12], "\0\0\0\1", 4))
		return "is a loopback address";
	return NULL;
}

int word_address(struct parser *parser, struct word word, const char *const *instead,
		 const char *of, union tw_addr *out)
{
	const char *trouble = address_read(word.text, word.length, out);
	struct prefix prefix;
	struct quoted quoted;

	if (trouble && !prefix_read(word.text, word.length, &prefix))
		return parser_mistake(parser, word.at,
				      "`%s` is a prefix: the address of a %s stands without a `/`",
				      quote(&quoted, word), of);
	if (trouble)
		return not_an_address(parser, word, trouble, instead);
	trouble = unusable(out);
	if (trouble)
		return parser_mistake(parser, word.at, "`%s` %s: it cannot be that of a %s",
				      quote(&quoted, word), trouble, of);
	return 0;
}

/* Splits ADDRESS:PORT; a second colon without brackets makes it an IPv6 address alone. */
static bool split_endpoint(struct word word, struct word *addr, struct word *port)
{
	const char *end = word.text + word.length;
	const char *colon = memchr(word.text, ':', word.length), *close;

	*addr = word;
	*port = word;
	port->length = 0;
	if (word.text[0] == '[') {
		close = memchr(word.text, ']', word.length);
		if (!close || (close + 1 != end && close[1] != ':'))
			return false;
		addr->text++;
		addr->at.column++;
		addr->length = (size_t)(close - addr->text);
		colon = close + 1 == end ? NULL : close + 1;
	} else if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
		colon = NULL;
	} else if (colon) {
		addr->length = (size_t)(colon - word.text);
	}
	if (colon) {
		port->text = colon + 1;
		port->length = (size_t)(end - port->text);
		port->at.column += (uint32_t)(port->text - word.text);
		return port->length > 0;
	}
	return true;
}

int word_endpoint(struct parser *parser, struct word word, union tw_addr *addr, uint16_t *port)
{
	struct word addr_word, port_word;
	const char *trouble;
	struct quoted quoted;
	uint32_t number = 0;
	int result = 0;

	if (!split_endpoint(word, &addr_word, &port_word))
		return parser_mistake(parser, word.at,
				      "`%s` is not an address with a port: write 192.0.2.1:80 or "
				      "[2001:db8::1]:80",
				      quote(&quoted, word));
	trouble = address_read(addr_word.text, addr_word.length, addr);
	if (trouble)
		return not_an_address(parser, addr_word, trouble, NULL);
	if (port_word.length)
		result = word_number(parser, port_word, 1, UINT16_MAX, "port", &number);
	*port = (uint16_t)number;
	return result;
}
