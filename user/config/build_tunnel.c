/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The grammar's actions: tunnels to servers, and those that end at this node. */
#include <errno.h>

#include "config/parse.h"

const char *tunnel_form_name(enum tw_tunnel form)
{
	return form == TW_TUNNEL_IPIP ? "ipip" : "gue";
}

int build_tunnel(struct parser *parser, struct word keyword)
{
	struct tunnel *tunnel = &parser->config->tunnel;

	if (tunnel->at.line)
		return parser_mistake(parser, keyword.at,
				      "`tunnel` stands at line %u already: put the lines there",
				      tunnel->at.line);
	tunnel->at = keyword.at;
	parser->said = 0;
	return 0;
}

int build_tunnel_source(struct parser *parser, struct word word)
{
	struct tunnel *tunnel = &parser->config->tunnel;
	struct prefix source;
	unsigned int family;
	int result = word_prefix(parser, word, NULL, &source);

	if (result)
		return result;
	family = prefix_is_ipv4(&source) ? 0 : 1;
	if (!addr_is_zero(&tunnel->source[family].addr))
		return parser_mistake(parser, word.at, "`source` has an IPv%c address already",
				      family ? '6' : '4');
	if (source.bits < 96 || addr_is_zero(&source.addr) || (!family && !source.addr.words[3]))
		return parser_mistake(
			parser, word.at,
			"a source of tunnels is an address, or a prefix whose last 32 "
			"bits at most are open");
	tunnel->source[family] = source;
	return 0;
}

int build_decap(struct parser *parser, struct word keyword)
{
	struct decap *decap;

	if (parser->rules_of != RULES_OF_HOST)
		return parser_mistake(parser, keyword.at,
				      "`decap` stands in the block of host, and nowhere else");
	decap = config_push(&parser->config->decaps, &parser->config->decap_count, sizeof(*decap));
	if (!decap)
		return -ENOMEM;
	decap->at = keyword.at;
	parser->decap = decap;
	return 0;
}

int build_decap_form(struct parser *parser, struct word word, enum tw_tunnel form)
{
	struct quoted quoted;

	if (parser->decap->forms[form])
		return parser_mistake(parser, word.at, "`%s` is said twice", quote(&quoted, word));
	parser->decap->forms[form] = true;
	return 0;
}

int build_decap_of_nobody(struct parser *parser)
{
	return parser_mistake(parser, parser->decap->at,
			      "`decap` must say whose tunnels are opened: write `from` and the "
			      "balancers' addresses behind it");
}
