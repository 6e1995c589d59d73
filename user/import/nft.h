/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader of what `nft list ruleset` prints: its tokens, and its parts. */
#ifndef TIERWALL_USER_IMPORT_NFT_H
#define TIERWALL_USER_IMPORT_NFT_H

#include "import/words.h"

enum token_kind { TOKEN_END, TOKEN_LINE, TOKEN_WORD, TOKEN_STRING, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct text text; /* of a string: without its quotes */
	uint32_t line;
};

struct nft {
	struct import *import;
	struct token *tokens;
	size_t count, room;
	size_t at;
	/* The table that is being read. */
	uint32_t table;
	const struct spans *families; /* NULL: both */
	bool ignored;                 /* not of IP, or dormant: why is told */
};

/* The last token is TOKEN_END; there is no reading beyond it. */
void nft_tokenize(struct nft *nft);

static inline const struct token *nft_peek(const struct nft *nft)
{
	return &nft->tokens[nft->at];
}

static inline const struct token *nft_next(struct nft *nft)
{
	const struct token *token = &nft->tokens[nft->at];

	if (token->kind != TOKEN_END)
		nft->at++;
	return token;
}

static inline bool nft_is(const struct nft *nft, const char *word)
{
	const struct token *token = nft_peek(nft);

	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) &&
	       text_is(token->text, word);
}

static inline bool nft_take(struct nft *nft, const char *word)
{
	bool is = nft_is(nft, word);

	if (is)
		nft->at++;
	return is;
}

void nft_skip_lines(struct nft *nft); /* line ends and semicolons */
void nft_skip_block(struct nft *nft); /* from { to the } that belongs to it */
void nft_skip_line(struct nft *nft);  /* up to the end of a statement, blocks included */

/* -- types of values (nft_type.c) ----------------------------------------------------- */

struct nft_type {
	const char *name;
	enum field field; /* FIELD_COUNT: tierwall has none of that kind */
	wide max;
	const struct word_number *names;
	bool is_address, is_device;
	unsigned int family; /* of addresses */
};

/* What a rule asks of a packet, as `ip saddr`. */
struct nft_selector {
	const char *words[2];
	const char *type;
	enum field field;
	int family;   /* that it goes with, -1: any */
	int protocol; /* likewise */
};

const struct nft_type *nft_type(struct text name);
/* Takes the words of a selector; NULL: it is none that is known, and nothing is taken. */
const struct nft_selector *nft_selector(struct nft *nft);
bool nft_value(struct nft *nft, const struct nft_type *type, struct span *out);

/* -- parts ------------------------------------------------------------------------------ */

#define KEY_PARTS 4

/* The types of a key's parts. */
struct nft_key {
	const struct nft_type *types[KEY_PARTS];
	size_t count;
};

/*
 * Elements within braces.  Those of one part and without verdicts are spans; of others the
 * parts stand in the cube by their place: the first in fields[0].
 */
struct nft_elements {
	struct span_list spans;
	struct way *ways;
	size_t count, room;
	size_t expiring; /* left out: they have a time to live */
};

/* Behind the {, up to and with the }.  NULL: understood, else why not. */
const char *nft_elements(struct nft *nft, const struct nft_key *key, bool is_map,
			 struct nft_elements *out);
bool nft_verdict(struct nft *nft, struct verdict *out);
void nft_set(struct nft *nft, bool is_map);
struct import_set *nft_find_set(const struct nft *nft, struct text name);
/* Matches that begin with a selector.  NULL: understood, else why not. */
const char *nft_match(struct nft *nft, struct import_rule *rule);
void nft_rule(struct nft *nft, struct import_chain *chain);

#endif
