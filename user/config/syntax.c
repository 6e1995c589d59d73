/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The message for a token that the grammar has no place for: what stands there,
 * what would be expected, and the keyword that was probably meant.
 */
#include <errno.h>
#include <stdlib.h>

#include "config/parse.h"
#include "grammar.h"

static bool is_keyword(int token)
{
	return token >= TOKEN_INTERFACE;
}

static bool is_bracketing(int token)
{
	return token == TOKEN_OPEN || token == TOKEN_CLOSE || token == TOKEN_COMMA ||
	       token == TOKEN_SEMICOLON;
}

/* Tokens that would be right but help nobody who reads the list. */
static bool is_noise(const struct parser *parser, int token)
{
	switch (token) {
	case TOKEN_LABEL:
	case TOKEN_DASH:
	case TOKEN_SEMICOLON:
		return true;
	case TOKEN_EOL:
		return parser->words || token_starts_statement(parser->before);
	case TOKEN_END:
		return !parser->words;
	default:
		return false;
	}
}

/* The order in which a reader looks for them: keywords, then values, then the end. */
enum expected_class { CLASS_KEYWORD, CLASS_VALUE, CLASS_END, CLASS_COUNT };

static enum expected_class class_of(int token)
{
	if (is_keyword(token))
		return CLASS_KEYWORD;
	return token == TOKEN_EOL || token == TOKEN_END || token == TOKEN_CLOSE ? CLASS_END
										: CLASS_VALUE;
}

static void print_expected(FILE *out, const struct parser *parser, const struct expected *expected,
			   size_t count)
{
	size_t left = 0, printed = 0;

	for (size_t i = 0; i < count; i++)
		left += !is_noise(parser, expected[i].token);
	for (int class = 0; class < CLASS_COUNT; class ++)
		for (size_t i = 0; i < count; i++) {
			int token = expected[i].token;
			const char *tick = is_keyword(token) || is_bracketing(token) ? "`" : "";

			if ((int)class_of(token) != class || is_noise(parser, token))
				continue;
			fprintf(out, "%s%s%s%s",
				!printed++   ? ""
				: --left > 1 ? ", "
					     : " or ",
				tick, expected[i].name, tick);
		}
	fputs(" is expected", out);
}

static void print_unexpected(FILE *out, const struct parser *parser)
{
	struct quoted quoted;

	switch (parser->previous) {
	case TOKEN_END:
		fputs(parser->words ? "the words end" : "the file ends", out);
		break;
	case TOKEN_EOL:
		fputs("the line ends", out);
		break;
	case TOKEN_LABEL:
		fputs("a comment begins", out);
		break;
	default:
		fprintf(out, "`%s` stands", quote(&quoted, parser->token));
	}
}

static void print_suggestion(FILE *out, const struct parser *parser,
			     const struct expected *expected, size_t count)
{
	struct suggestion suggestion = {.word = parser->token};

	if (parser->previous == TOKEN_EOL || parser->previous == TOKEN_LABEL ||
	    is_bracketing(parser->previous))
		return;
	for (size_t i = 0; i < count; i++)
		if (is_keyword(expected[i].token))
			suggestion_offer(&suggestion, expected[i].name);
	if (suggestion.best)
		fprintf(out, "; did you mean `%s`?", suggestion.best);
}

static int unclosed_block(struct parser *parser)
{
	const struct opening *opening = &parser->openings[parser->depth - 1];
	struct quoted quoted;

	return parser_mistake(parser, parser->token.at,
			      "the %s inside the `{` of `%s` at line %u: a `}` is missing",
			      parser->words ? "words end" : "file ends",
			      quote(&quoted, opening->statement), opening->at.line);
}

int syntax_mistake(struct parser *parser, const struct expected *expected, size_t count)
{
	char *message = NULL;
	size_t length;
	FILE *out;
	int result;

	if (parser->previous == TOKEN_UNTERMINATED)
		return parser_mistake(parser, parser->token.at,
				      "the text that begins here has no closing quote on its line");
	if (parser->previous == TOKEN_END && parser->depth && parser->depth <= OPENINGS_MAX)
		return unclosed_block(parser);
	out = open_memstream(&message, &length);
	if (!out)
		return -ENOMEM;
	print_unexpected(out, parser);
	fputs(" where ", out);
	print_expected(out, parser, expected, count);
	print_suggestion(out, parser, expected, count);
	if (fclose(out)) {
		free(message);
		return -ENOMEM;
	}
	result = parser_mistake(parser, parser->token.at, "%s", message);
	free(message);
	return result;
}
