/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A listing of nft's as tokens. */
#include <ctype.h>

#include "import/nft.h"

static bool is_sign(char c)
{
	return c && strchr("{},;=!<>&|()^", c);
}

static void push(struct nft *nft, enum token_kind kind, const char *start, size_t length,
		 uint32_t line)
{
	struct token *token =
		import_push(nft->import, &nft->tokens, &nft->count, &nft->room, sizeof(*token));

	*token = (struct token){kind, {start, length}, line};
}

static size_t word_length(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && !isspace((unsigned char)*at) && !is_sign(*at) && *at != '"' &&
	       *at != '#')
		at++;
	return (size_t)(at - text);
}

static size_t sign_length(const char *text, const char *end)
{
	return end - text > 1 && text[1] == '=' && strchr("=!<>", *text) ? 2 : 1;
}

static const char *find(const char *text, const char *end, char c)
{
	const char *at = memchr(text, c, (size_t)(end - text));

	return at ? at : end;
}

void nft_tokenize(struct nft *nft)
{
	const char *at = nft->import->text, *end = at + nft->import->length, *close;
	uint32_t line = 1;

	while (at < end) {
		size_t length = 1;

		if (*at == '\n') {
			push(nft, TOKEN_LINE, at, 1, line++);
		} else if (*at == '#') {
			length = (size_t)(find(at, end, '\n') - at);
		} else if (*at == '"') {
			close = find(at + 1, end, '"');
			length = (size_t)(close - at) + (close < end);
			push(nft, TOKEN_STRING, at + 1, (size_t)(close - at) - 1, line);
			for (const char *c = at; c < close; c++)
				line += *c == '\n';
		} else if (is_sign(*at)) {
			length = sign_length(at, end);
			push(nft, TOKEN_SIGN, at, length, line);
		} else if (*at && !isspace((unsigned char)*at)) {
			length = word_length(at, end);
			push(nft, TOKEN_WORD, at, length, line);
		}
		at += length;
	}
	push(nft, TOKEN_END, end, 0, line);
}

void nft_skip_lines(struct nft *nft)
{
	while (nft_peek(nft)->kind == TOKEN_LINE || nft_is(nft, ";"))
		nft->at++;
}

void nft_skip_block(struct nft *nft)
{
	size_t depth = 0;

	while (nft_peek(nft)->kind != TOKEN_END) {
		if (nft_is(nft, "{"))
			depth++;
		if (nft_is(nft, "}") && (!depth || !--depth)) {
			nft->at++;
			return;
		}
		nft->at++;
	}
}

void nft_skip_line(struct nft *nft)
{
	while (nft_peek(nft)->kind != TOKEN_END) {
		if (nft_is(nft, "{")) {
			nft_skip_block(nft);
			continue;
		}
		if (nft_peek(nft)->kind == TOKEN_LINE || nft_is(nft, ";") || nft_is(nft, "}"))
			return;
		nft->at++;
	}
}
