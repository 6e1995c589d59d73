/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the lexer remembers of the tokens that it has seen: their places, the
 * braces that are open, and whether a # begins a rule's name.  This is not left
 * to the grammar, which knows a rule's end only after it has asked for the token
 * behind it.
 */
#include "config/parse.h"
#include "grammar.h"

bool token_starts_statement(int previous)
{
	switch (previous) {
	case TOKEN_START_FILE:
	case TOKEN_START_RULE:
	case TOKEN_EOL:
	case TOKEN_SEMICOLON:
	case TOKEN_OPEN:
		return true;
	default:
		return false;
	}
}

bool token_newline_is_idle(const struct parser *parser)
{
	return token_starts_statement(parser->previous) || parser->previous == TOKEN_COMMA;
}

bool token_comment_is_name(const struct parser *parser)
{
	return parser->in_rule && parser->depth == parser->rule_depth;
}

static void open_block(struct parser *parser, struct place at)
{
	if (parser->depth < OPENINGS_MAX) {
		parser->openings[parser->depth].statement = parser->statement;
		parser->openings[parser->depth].at = at;
	}
	parser->depth++;
}

static void close_block(struct parser *parser)
{
	if (!parser->depth)
		return;
	parser->depth--;
	if (parser->depth < OPENINGS_MAX)
		parser->statement = parser->openings[parser->depth].statement;
	if (parser->depth < parser->rule_depth)
		parser->in_rule = false;
}

void token_skip(struct parser *parser, size_t length)
{
	parser->offset += length;
	parser->at.column += (uint32_t)length;
}

void token_skip_newline(struct parser *parser)
{
	parser->offset++;
	parser->at.line++;
	parser->at.column = 1;
}

int token_seen(struct parser *parser, int token, size_t length)
{
	struct word word = {parser->config->source + parser->offset, length, parser->at};
	bool first = token_starts_statement(parser->previous);

	if (first)
		parser->statement = word;
	switch (token) {
	case TOKEN_ACCEPT:
	case TOKEN_DROP:
	case TOKEN_REJECT:
		if (first) {
			parser->in_rule = true;
			parser->rule_depth = parser->depth;
		}
		break;
	case TOKEN_EOL:
	case TOKEN_SEMICOLON:
		if (parser->depth == parser->rule_depth)
			parser->in_rule = false;
		break;
	case TOKEN_OPEN:
		open_block(parser, word.at);
		break;
	case TOKEN_CLOSE:
		close_block(parser);
		break;
	}
	parser->before = parser->previous;
	parser->previous = token;
	parser->token = word;
	if (token == TOKEN_EOL)
		token_skip_newline(parser);
	else
		token_skip(parser, length);
	return token;
}
