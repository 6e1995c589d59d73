/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nft's matches: a selector or several, an operator, and values. */
#include "import/nft.h"

#define FRAGMENT_OFFSET 0x1fffu
#define FRAGMENT_ANY    0x3fffu /* the bit for more of them, too */

struct match {
	const struct nft_selector *selectors[KEY_PARTS];
	struct nft_key key;
	bool negated;
};

static void narrow(struct import *import, struct import_rule *rule, enum field field, int value)
{
	if (value >= 0)
		rule_and_field(import, rule, field, spans_of(import, (wide)value, (wide)value));
}

/* Reading a header asks for its protocol and family. */
static void and_protocols(struct nft *nft, struct import_rule *rule, const struct match *match)
{
	for (size_t i = 0; i < match->key.count; i++) {
		narrow(nft->import, rule, FIELD_FAMILY, match->selectors[i]->family);
		narrow(nft->import, rule, FIELD_PROTOCOL, match->selectors[i]->protocol);
	}
}

static const char *and_spans(struct nft *nft, struct import_rule *rule, const struct match *match,
			     const struct spans *spans)
{
	enum field field = match->selectors[0]->field;

	rule_and_field(nft->import, rule, field,
		       match->negated ? spans_not(nft->import, field, spans) : spans);
	return NULL;
}

/* Elements whose parts stand by place: to the fields of the selectors. */
static const char *and_elements(struct nft *nft, struct import_rule *rule,
				const struct match *match, const struct nft_elements *elements)
{
	struct way *ways = import_alloc(nft->import, (elements->count + 1) * sizeof(*ways));

	if (match->negated)
		return "`!=` with several fields at once";
	for (size_t i = 0; i < elements->count; i++) {
		ways[i].verdict = elements->ways[i].verdict;
		for (size_t part = 0; part < match->key.count; part++)
			ways[i].cube.fields[match->selectors[part]->field] =
				elements->ways[i].cube.fields[part];
	}
	rule_and(nft->import, rule, ways, elements->count);
	return NULL;
}

static const char *braces(struct nft *nft, struct import_rule *rule, const struct match *match,
			  bool is_map)
{
	struct nft_elements elements = {};
	const char *reason = nft_elements(nft, &match->key, is_map, &elements);

	if (reason)
		return reason;
	if (is_map || match->key.count > 1)
		return and_elements(nft, rule, match, &elements);
	return and_spans(nft, rule, match, spans_make(nft->import, &elements.spans));
}

static const char *named(struct nft *nft, struct import_rule *rule, const struct match *match,
			 bool is_map)
{
	struct text name = nft_next(nft)->text;
	const struct import_set *set;

	name.start++;
	name.length--;
	set = nft_find_set(nft, name);
	if (!set || set->is_map != is_map)
		return "there is no such set";
	if (set->reason)
		return set->reason;
	if (set->key->count != match->key.count)
		return "the set has other parts";
	/* Ports and addresses may be of either end; other types must agree. */
	for (size_t i = 0; i < match->key.count; i++)
		if (set->key->types[i]->max != match->key.types[i]->max ||
		    set->key->types[i]->is_address != match->key.types[i]->is_address ||
		    set->key->types[i]->is_device != match->key.types[i]->is_device)
			return "the set is of another type";
	if (set->spans)
		return and_spans(nft, rule, match, set->spans);
	return and_elements(nft, rule, match, set->elements);
}

/* -- TCP flags and fragments: values under a mask ---------------------------------------------- */

/* syn, syn | ack, (fin | syn), fin,syn, 0x2: all of its bits. */
static bool read_bits(struct nft *nft, const struct nft_type *type, wide *out)
{
	bool inside = nft_take(nft, "(");

	*out = 0;
	do {
		struct span value;

		if (!nft_value(nft, type, &value) || value.low != value.high)
			return false;
		*out |= value.low;
	} while (nft_take(nft, "|") || nft_take(nft, ","));
	return !inside || nft_take(nft, ")");
}

enum bits_test { BITS_EQUAL, BITS_DIFFER, BITS_ANY, BITS_NONE };

static const struct spans *bytes_where(struct nft *nft, enum bits_test test, wide mask, wide value)
{
	struct span_list list = {};

	for (unsigned int byte = 0; byte <= UINT8_MAX; byte++) {
		bool equal = (byte & mask) == value, any = (byte & value) != 0;
		bool holds = test == BITS_EQUAL    ? equal
			     : test == BITS_DIFFER ? !equal
			     : test == BITS_ANY    ? any
						   : !any;

		if (holds)
			span_push(nft->import, &list, byte, byte);
	}
	return spans_make(nft->import, &list);
}

static bool read_flag_test(struct nft *nft, const struct nft_type *type, enum bits_test *test,
			   wide *mask, wide *value)
{
	bool masked = nft_take(nft, "&");

	*mask = FLAGS_ALL;
	if (masked && !read_bits(nft, type, mask))
		return false;
	*test = BITS_ANY;
	if (nft_take(nft, "=="))
		*test = BITS_EQUAL;
	else if (nft_take(nft, "!="))
		*test = BITS_DIFFER;
	else if (nft_take(nft, "!"))
		*test = BITS_NONE;
	else if (masked)
		return false;
	if (!read_bits(nft, type, value))
		return false;
	if (nft_take(nft, "/")) { /* FLAGS / MASK */
		if (*test == BITS_ANY)
			*test = BITS_EQUAL;
		return !masked && *test != BITS_NONE && read_bits(nft, type, mask);
	}
	return true;
}

static const char *flags(struct nft *nft, struct import_rule *rule, const struct match *match)
{
	wide mask, value;
	enum bits_test test;

	if (!read_flag_test(nft, match->key.types[0], &test, &mask, &value))
		return "these flags are not understood";
	rule_and_field(nft->import, rule, FIELD_FLAGS, bytes_where(nft, test, mask, value));
	return NULL;
}

/* ip frag-off & 0x1fff != 0, and with 0x3fff. */
static const char *fragment(struct nft *nft, struct import_rule *rule, const struct match *match)
{
	struct import *import = nft->import;
	const struct spans *parts;
	struct span mask, value;
	bool equal;

	if (!nft_take(nft, "&") || !nft_value(nft, match->key.types[0], &mask))
		return "only `ip frag-off & 0x1fff` and `& 0x3fff` are understood";
	equal = nft_take(nft, "==");
	if ((!equal && !nft_take(nft, "!=")) || !nft_value(nft, match->key.types[0], &value) ||
	    value.low || value.high || mask.low != mask.high)
		return "fragments are compared with something else than 0";
	if (mask.low == FRAGMENT_ANY)
		parts = spans_of(import, PART_FIRST, PART_LATER);
	else if (mask.low == FRAGMENT_OFFSET)
		parts = spans_of(import, PART_LATER, PART_LATER);
	else
		return "only `ip frag-off & 0x1fff` and `& 0x3fff` are understood";
	rule_and_field(import, rule, FIELD_PART,
		       equal ? spans_not(import, FIELD_PART, parts) : parts);
	return NULL;
}

/* -- one value, or several with commas ------------------------------------------------------------- */

/* < <= > >= */
static bool compare(struct nft *nft, const struct nft_type *type, struct span *out)
{
	bool less = nft_is(nft, "<") || nft_is(nft, "<=");
	bool same = nft_is(nft, "<=") || nft_is(nft, ">=");
	wide number;

	nft->at++;
	if (!type->max || !nft_value(nft, type, out) || out->low != out->high)
		return false;
	number = out->low;
	if ((less && !same && !number) || (!less && !same && number == type->max))
		return false;
	out->low = less ? 0 : same ? number : number + 1;
	out->high = !less ? type->max : same ? number : number - 1;
	return true;
}

static const char *values(struct nft *nft, struct import_rule *rule, const struct match *match)
{
	const struct nft_type *type = match->key.types[0];
	struct span_list list = {};
	struct span value;

	if (nft_is(nft, "<") || nft_is(nft, ">") || nft_is(nft, "<=") || nft_is(nft, ">=")) {
		if (!compare(nft, type, &value))
			return "this comparison is not understood";
		span_push(nft->import, &list, value.low, value.high);
		return and_spans(nft, rule, match, spans_make(nft->import, &list));
	}
	do {
		if (!nft_value(nft, type, &value))
			return "this value is not understood";
		span_push(nft->import, &list, value.low, value.high);
	} while (nft_take(nft, ",") || nft_take(nft, "|"));
	if (list.count > 1 && match->selectors[0]->field != FIELD_STATE)
		return "several values without braces";
	return and_spans(nft, rule, match, spans_make(nft->import, &list));
}

static const char *concatenated(struct nft *nft, struct import_rule *rule,
				const struct match *match)
{
	struct way way = {};

	if (match->negated)
		return "`!=` with several fields at once";
	for (size_t i = 0; i < match->key.count; i++) {
		struct span value;

		if (i && !nft_take(nft, "."))
			return "a value is missing";
		if (!nft_value(nft, match->key.types[i], &value))
			return "this value is not understood";
		way.cube.fields[match->selectors[i]->field] =
			spans_of(nft->import, value.low, value.high);
	}
	rule_and(nft->import, rule, &way, 1);
	return NULL;
}

static const char *read_selectors(struct nft *nft, struct match *match)
{
	do {
		const struct nft_selector *selector = nft_selector(nft);
		struct text type;

		if (!selector || match->key.count == KEY_PARTS)
			return "tierwall has no match for this";
		type = (struct text){selector->type, strlen(selector->type)};
		match->selectors[match->key.count] = selector;
		match->key.types[match->key.count++] = nft_type(type);
	} while (nft_take(nft, "."));
	return NULL;
}

const char *nft_match(struct nft *nft, struct import_rule *rule)
{
	struct match match = {};
	const char *reason = read_selectors(nft, &match);
	enum field field;

	if (reason)
		return reason;
	and_protocols(nft, rule, &match);
	field = match.key.count > 1 ? FIELD_COUNT : match.selectors[0]->field;
	if (nft_take(nft, "vmap"))
		return nft_take(nft, "{") ? braces(nft, rule, &match, true)
					  : named(nft, rule, &match, true);
	if (field == FIELD_PART)
		return fragment(nft, rule, &match);
	if (field == FIELD_FLAGS && !nft_is(nft, "{") && nft_peek(nft)->text.start[0] != '@')
		return flags(nft, rule, &match);
	match.negated = nft_take(nft, "!=");
	if (!match.negated)
		nft_take(nft, "==");
	if (nft_take(nft, "{"))
		return braces(nft, rule, &match, false);
	if (nft_peek(nft)->kind == TOKEN_WORD && nft_peek(nft)->text.start[0] == '@')
		return named(nft, rule, &match, false);
	return match.key.count > 1 ? concatenated(nft, rule, &match) : values(nft, rule, &match);
}
