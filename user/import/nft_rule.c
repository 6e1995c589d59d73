/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One rule of nft's: matches and statements up to the end of its line. */
#include "import/nft.h"

#define TEXT_MAX 240

static bool at_end(const struct nft *nft)
{
	enum token_kind kind = nft_peek(nft)->kind;

	return kind == TOKEN_END || kind == TOKEN_LINE || nft_is(nft, ";") || nft_is(nft, "}");
}

static void set_verdict(struct import_rule *rule, struct verdict verdict)
{
	for (size_t i = 0; i < rule->way_count; i++)
		rule->ways[i].verdict = verdict;
}

/* -- statements --------------------------------------------------------------------------- */

static void counter(struct nft *nft)
{
	if (nft_take(nft, "name")) {
		nft_next(nft);
		return;
	}
	while (nft_take(nft, "packets") || nft_take(nft, "bytes"))
		nft_next(nft);
}

static void log_statement(struct nft *nft, struct import_rule *rule)
{
	static const char *const words[] = {"level", "group", "snaplen", "queue-threshold",
					    "flags"};
	bool took = true;

	rule->log = true;
	while (took) {
		took = nft_take(nft, "prefix");
		if (took) {
			struct text text = nft_next(nft)->text;

			if (!rule->name)
				rule->name =
					import_line(nft->import, text.start, text.length, TEXT_MAX);
		}
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			if (!nft_take(nft, words[i]))
				continue;
			nft_next(nft);
			while (nft_take(nft, ",")) /* flags tcp sequence,options */
				nft_next(nft);
			took = true;
		}
		while (nft_take(nft, "sequence") || nft_take(nft, "options")) /* flags tcp ... */
			nft_take(nft, ",");
	}
}

/* Behind `limit`: rate [over] N/UNIT [burst N packets] */
static const char *read_limit(struct nft *nft, struct limit *limit)
{
	wide burst = 5;

	if (!nft_take(nft, "rate"))
		return "limits with a name";
	limit->over = nft_take(nft, "over");
	if (!read_rate(nft_next(nft)->text, limit))
		return "tierwall's rates are of packets a second, minute or hour";
	if (nft_take(nft, "burst")) {
		if (!read_number(nft_next(nft)->text, UINT32_MAX, &burst))
			return "its burst is not understood";
		if (!nft_take(nft, "packets"))
			return "tierwall's rates are of packets";
	}
	limit->burst = (uint32_t)(burst ? burst : 1);
	return NULL;
}

static const char *limit_statement(struct nft *nft, struct import_rule *rule)
{
	struct limit *limit = import_alloc(nft->import, sizeof(*limit));

	if (rule->limit)
		return "it has several rates";
	rule->limit = limit;
	return read_limit(nft, limit);
}

/* `& 255.255.255.0` behind the address of a meter. */
static const char *meter_mask(struct nft *nft, unsigned int family, struct limit *limit)
{
	struct span mask;
	unsigned int bits = 0, width = family == FAMILY_IPV4 ? 32 : 128;

	if (!nft_take(nft, "&"))
		return NULL;
	if (!read_addresses(nft_next(nft)->text, family, &mask))
		return "the mask of its source is not understood";
	while (bits < width && mask.low >> (width - 1 - bits) & 1)
		bits++;
	if (!bits || (bits < width && mask.low << (128 - width + bits)))
		return "the mask of its source has holes";
	limit->source_bits = (uint8_t)bits;
	return NULL;
}

/* { ip saddr [& MASK] [timeout T] limit rate ... } */
static const char *meter(struct nft *nft, struct import_rule *rule)
{
	struct limit *limit = import_alloc(nft->import, sizeof(*limit));
	const struct nft_selector *selector;
	const char *reason;

	if (rule->limit)
		return "it has several rates";
	if (!nft_take(nft, "{"))
		return "a meter without its braces";
	selector = nft_selector(nft);
	if (!selector || selector->field != FIELD_SOURCE)
		return "tierwall counts rates per source alone";
	rule_and_field(nft->import, rule, FIELD_FAMILY,
		       spans_of(nft->import, (wide)selector->family, (wide)selector->family));
	limit->per_source = true;
	rule->limit = limit;
	reason = meter_mask(nft, (unsigned int)selector->family, limit);
	if (reason)
		return reason;
	if (nft_take(nft, "timeout"))
		nft_next(nft);
	if (!nft_take(nft, "limit"))
		return "it fills a set: `tierwall set add` does so by hand";
	reason = read_limit(nft, limit);
	return !reason && !nft_take(nft, "}") ? "a meter does not end" : reason;
}

static const char *dynamic_set(struct nft *nft, struct import_rule *rule)
{
	struct text name = nft_next(nft)->text; /* @NAME, or NAME of a meter */

	if (name.length && *name.start == '@') {
		name.start++;
		name.length--;
	}
	rule_counts_in(nft->import, rule, nft->table, text_copy(nft->import, name));
	if (nft_take(nft, "size"))
		nft_next(nft);
	return meter(nft, rule);
}

static void reject(struct nft *nft, struct import_rule *rule)
{
	set_verdict(rule, (struct verdict){.kind = VERDICT_REJECT});
	if (!nft_take(nft, "with"))
		return;
	while (!at_end(nft) && !nft_is(nft, "comment"))
		nft->at++;
}

/* Statements that tierwall has not, and what there is instead. */
static const char *other_statement(const struct nft *nft)
{
	static const char *const words[][2] = {
		{"dnat", "a `service` sends to the servers of a tier, one or several"},
		{"redirect", "a `service` sends to the servers of a tier, one or several"},
		{"tproxy", "a `service` sends to the servers of a tier, one or several"},
		{"masquerade", "tierwall changes addresses for services alone"},
		{"snat", "tierwall changes addresses for services alone"},
		{"queue", "tierwall hands packets to no program"},
		{"notrack", "tierwall needs no marks for what it does not track"},
		{"flow", "tierwall needs no flow table for its flows"},
		{"synproxy", "tierwall has no SYN proxy"},
		{"fib", "tierwall checks sources against routes by itself (`martian`)"},
		{"oifname", "tierwall sees what comes in, not where it will leave"},
		{"oif", "tierwall sees what comes in, not where it will leave"},
		{"xt", "nft shows only the name of what xtables does here"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (nft_is(nft, words[i][0]))
			return words[i][1];
	return "tierwall has no word for this";
}

/* meta mark 0x1 is a match, meta mark set 0x1 is not. */
static const char *match_or_set(struct nft *nft, struct import_rule *rule)
{
	size_t i = nft->at;

	for (size_t words = 0; words < 3 && nft->tokens[i].kind == TOKEN_WORD; words++, i++)
		if (words && text_is(nft->tokens[i].text, "set"))
			return "tierwall changes no field of packets, and sets no marks";
	return nft_match(nft, rule);
}

static const char *statement(struct nft *nft, struct import_rule *rule)
{
	struct verdict verdict = {};

	if (nft_take(nft, "counter"))
		return counter(nft), NULL;
	if (nft_take(nft, "log"))
		return log_statement(nft, rule), NULL;
	if (nft_take(nft, "limit"))
		return limit_statement(nft, rule);
	if (nft_take(nft, "reject"))
		return reject(nft, rule), NULL;
	if (nft_take(nft, "update") || nft_take(nft, "add") || nft_take(nft, "meter"))
		return dynamic_set(nft, rule);
	if (nft_take(nft, "comment")) {
		struct text text = nft_next(nft)->text;

		rule->name = import_line(nft->import, text.start, text.length, TEXT_MAX);
		return NULL;
	}
	if (nft_verdict(nft, &verdict)) {
		if (rule->way_count && rule->ways[0].verdict.kind)
			return "it has a verdict behind another";
		set_verdict(rule, verdict);
		return NULL;
	}
	/* What is counted towards a rate, or logged, is what the matches before it let by. */
	if (rule->limit || rule->log)
		return "it matches more behind its rate or log";
	if (nft_is(nft, "oif") || nft_is(nft, "oifname"))
		return other_statement(nft);
	if (nft_is(nft, "ct") || nft_is(nft, "meta") || nft_is(nft, "ip") || nft_is(nft, "th") ||
	    nft_is(nft, "ip6") || nft_is(nft, "tcp") || nft_is(nft, "udp") || nft_is(nft, "sctp") ||
	    nft_is(nft, "icmp") || nft_is(nft, "icmpv6") || nft_is(nft, "ether") ||
	    nft_is(nft, "iif") || nft_is(nft, "iifname"))
		return match_or_set(nft, rule);
	return other_statement(nft);
}

/* Of a rule that is left out one must know where it may send packets. */
static void find_verdict(struct nft *nft, struct import_rule *rule)
{
	for (; !at_end(nft); nft->at++) {
		struct verdict verdict = {};

		if (nft_is(nft, "vmap"))
			rule->may_return = true;
		if (nft_is(nft, "{")) {
			nft_skip_block(nft);
			nft->at--;
		} else if (nft_verdict(nft, &verdict)) {
			set_verdict(rule, verdict);
			nft->at--;
		}
	}
}

void nft_rule(struct nft *nft, struct import_chain *chain)
{
	const char *start = nft_peek(nft)->text.start, *end = start;
	size_t first = nft->at;
	struct import_rule *rule = import_add_rule(nft->import, chain, nft_peek(nft)->line);

	while (!rule->reason && !at_end(nft)) {
		const char *reason = statement(nft, rule);

		if (reason)
			rule_refuse(rule, reason);
	}
	if (rule->reason) {
		rule->may_return |= !rule->way_count;
		nft->at = first;
		find_verdict(nft, rule);
	}
	for (size_t i = nft->at; i-- && nft->tokens[i].text.start >= start;) {
		end = nft->tokens[i].text.start + nft->tokens[i].text.length;
		end += nft->tokens[i].kind == TOKEN_STRING && *end == '"';
		break;
	}
	rule->text = import_line(nft->import, start, (size_t)(end - start), TEXT_MAX);
}
