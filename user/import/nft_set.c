/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nft's sets and maps, with and without names. */
#include <ctype.h>

#include "import/nft.h"

#define NAMED_MAX 900 /* of those that become sets of tierwall's */

bool nft_verdict(struct nft *nft, struct verdict *out)
{
	static const struct {
		const char *word;
		enum verdict_kind kind;
	} words[] = {
		{"accept", VERDICT_ACCEPT}, {"drop", VERDICT_DROP}, {"return", VERDICT_RETURN},
		{"continue", VERDICT_NONE}, {"jump", VERDICT_JUMP}, {"goto", VERDICT_GOTO},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!nft_take(nft, words[i].word))
			continue;
		out->kind = words[i].kind;
		if (out->kind != VERDICT_JUMP && out->kind != VERDICT_GOTO)
			return true;
		if (nft_peek(nft)->kind != TOKEN_WORD && nft_peek(nft)->kind != TOKEN_STRING)
			return false;
		out->chain = text_copy(nft->import, nft_next(nft)->text);
		return true;
	}
	return false;
}

/* -- elements ------------------------------------------------------------------------------ */

/* What may stand behind an element; *expires where it does not stay. */
static bool attributes(struct nft *nft, bool *expires)
{
	for (;;) {
		if (nft_take(nft, "timeout") || nft_take(nft, "expires")) {
			*expires = true;
			nft_next(nft);
		} else if (nft_take(nft, "comment")) {
			nft_next(nft);
		} else if (nft_take(nft, "counter")) {
			while (nft_take(nft, "packets") || nft_take(nft, "bytes"))
				nft_next(nft);
		} else {
			return !nft_is(nft, "limit") && !nft_is(nft, "quota") && !nft_is(nft, "ct");
		}
	}
}

static const char *element(struct nft *nft, const struct nft_key *key, bool is_map,
			   struct nft_elements *out)
{
	struct span parts[KEY_PARTS];
	struct way *way;
	struct verdict verdict = {};
	bool expires = false;

	for (size_t i = 0; i < key->count; i++) {
		if (i && !nft_take(nft, "."))
			return "its elements have other parts than it says";
		if (!nft_value(nft, key->types[i], &parts[i]))
			return "an element of it is not understood";
	}
	if (!attributes(nft, &expires))
		return "its elements count or limit packets";
	if (is_map && (!nft_take(nft, ":") || !nft_verdict(nft, &verdict)))
		return "its values are no verdicts";
	out->expiring += expires;
	if (expires)
		return NULL;
	if (!is_map && key->count == 1) {
		span_push(nft->import, &out->spans, parts[0].low, parts[0].high);
		return NULL;
	}
	way = import_push(nft->import, &out->ways, &out->count, &out->room, sizeof(*way));
	way->verdict = verdict;
	for (size_t i = 0; i < key->count; i++)
		way->cube.fields[i] = spans_of(nft->import, parts[i].low, parts[i].high);
	return NULL;
}

const char *nft_elements(struct nft *nft, const struct nft_key *key, bool is_map,
			 struct nft_elements *out)
{
	const char *reason = NULL;

	while (!reason) {
		nft_skip_lines(nft);
		if (nft_take(nft, "}"))
			return NULL;
		if (nft_peek(nft)->kind == TOKEN_END)
			return "it does not end";
		if (nft_take(nft, ","))
			continue;
		reason = element(nft, key, is_map, out);
		nft_skip_lines(nft);
		if (!reason && !nft_is(nft, ",") && !nft_is(nft, "}"))
			reason = "an element of it is not understood";
	}
	nft_skip_block(nft);
	return reason;
}

/* -- sets with names -------------------------------------------------------------------------- */

struct import_set *nft_find_set(const struct nft *nft, struct text name)
{
	for (struct import_set *set = nft->import->sets; set; set = set->next)
		if (set->table == nft->table && text_is(name, set->name))
			return set;
	return NULL;
}

static bool is_taken(const struct import *import, const char *name)
{
	for (const struct import_set *set = import->sets; set; set = set->next)
		if (!strcmp(set->emitted, name))
			return true;
	return false;
}

/* A name that tierwall takes, and that no other set has. */
static void give_name(struct import *import, struct import_set *set)
{
	char name[TW_NAME];
	size_t length = strlen(set->name), count = 0;

	for (const struct import_set *other = import->sets; other; other = other->next)
		count += other->emitted[0] != 0;
	if (count >= NAMED_MAX)
		return;
	if (length > TW_NAME - 6)
		length = TW_NAME - 6;
	memcpy(name, set->name, length);
	name[length] = 0;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i]))
			name[i] = '_';
	if (!isalpha((unsigned char)name[0]))
		name[0] = '_';
	for (unsigned int n = 2; is_taken(import, name); n++)
		snprintf(name + length, sizeof(name) - length, "-%u", n);
	memcpy(set->emitted, name, sizeof(name));
}

/* The types behind `type` or `typeof`, up to the line's end. */
static void read_key(struct nft *nft, bool by_selector, struct import_set *set)
{
	struct nft_key *key = import_alloc(nft->import, sizeof(*key));
	bool known = true;

	while (known) {
		const struct nft_type *type = NULL;

		if (by_selector) {
			const struct nft_selector *selector = nft_selector(nft);
			const char *name = selector ? selector->type : "";

			type = nft_type((struct text){name, strlen(name)});
		} else {
			type = nft_type(nft_next(nft)->text);
		}
		known = type && key->count < KEY_PARTS;
		if (known)
			key->types[key->count++] = type;
		if (!nft_take(nft, "."))
			break;
	}
	if (set->is_map && !(nft_take(nft, ":") && nft_take(nft, "verdict")))
		set->reason = "its values are no verdicts";
	if (known)
		set->key = key;
	nft_skip_line(nft);
}

static void read_flags(struct nft *nft, struct import_set *set)
{
	while (nft_peek(nft)->kind == TOKEN_WORD || nft_is(nft, ",")) {
		if (nft_is(nft, "dynamic"))
			set->reason = "packets fill it";
		nft->at++;
	}
}

static void read_elements(struct nft *nft, struct import_set *set)
{
	struct nft_elements *elements = import_alloc(nft->import, sizeof(*elements));
	const char *reason;

	if (!nft_take(nft, "=") || !nft_take(nft, "{"))
		return;
	if (!set->key) {
		nft_skip_block(nft);
		return;
	}
	reason = nft_elements(nft, set->key, set->is_map, elements);
	if (!set->reason)
		set->reason = reason;
	set->elements = elements;
	if (elements->expiring)
		import_left(nft->import, set->line,
			    import_print(nft->import, "%zu entries of set %s", elements->expiring,
					 set->name),
			    "they are there for a time: `tierwall set add NAME PREFIX for TIME`");
}

static void set_body(struct nft *nft, struct import_set *set)
{
	for (;;) {
		nft_skip_lines(nft);
		if (nft_take(nft, "}") || nft_peek(nft)->kind == TOKEN_END)
			return;
		if (nft_take(nft, "type"))
			read_key(nft, false, set);
		else if (nft_take(nft, "typeof"))
			read_key(nft, true, set);
		else if (nft_take(nft, "flags"))
			read_flags(nft, set);
		else if (nft_take(nft, "elements"))
			read_elements(nft, set);
		else
			nft_skip_line(nft);
	}
}

void nft_set(struct nft *nft, bool is_map)
{
	struct import_set *set = import_alloc(nft->import, sizeof(*set));
	struct spans *spans;

	set->line = nft_peek(nft)->line;
	set->name = text_copy(nft->import, nft_next(nft)->text);
	set->table = nft->table;
	set->is_map = is_map;
	if (!nft_take(nft, "{"))
		return;
	set_body(nft, set);
	if (!set->key && !set->reason)
		set->reason = "its type is not known to tierwall";
	if (!set->elements && !set->reason)
		set->elements = import_alloc(nft->import, sizeof(*set->elements));
	if (!set->reason && !is_map && set->key->count == 1) {
		struct span_list list = set->elements->spans;

		spans = (struct spans *)spans_make(nft->import, &list);
		set->spans = spans;
		if (set->key->types[0]->is_address && *set->name && !nft->ignored)
			give_name(nft->import, set);
		set->family = set->key->types[0]->family;
		if (set->emitted[0])
			spans->set = set;
	}
	*nft->import->sets_end = set;
	nft->import->sets_end = &set->next;
}
