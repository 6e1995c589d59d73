/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `nft list ruleset` prints: tables, their sets, then their chains. */
#include "import/nft.h"

static const char *copy_next(struct nft *nft)
{
	return text_copy(nft->import, nft_next(nft)->text);
}

/* -- base chains ----------------------------------------------------------------------------- */

/* NAME, N, NAME + N or NAME - N */
static int read_priority(struct nft *nft)
{
	static const struct word_number names[] = {
		{"raw", 700},       {"mangle", 850},  {"dstnat", 900}, {"filter", 1000},
		{"security", 1050}, {"srcnat", 1100}, {"out", 1100},   {},
	};
	wide number = 0;
	int sign = 1, priority = 0;

	if (nft_peek(nft)->kind == TOKEN_WORD &&
	    read_named(nft_peek(nft)->text, names, 1, &number) && number > 1) {
		priority = (int)number - 1000;
		nft->at++;
	}
	if (nft_take(nft, "-"))
		sign = -1;
	else
		nft_take(nft, "+");
	if (nft_peek(nft)->kind == TOKEN_WORD) {
		struct text text = nft_next(nft)->text;

		if (*text.start == '-') {
			sign = -1;
			text.start++;
			text.length--;
		}
		if (read_number(text, 100000, &number))
			priority += sign * (int)number;
	}
	return priority;
}

static enum hook hook_of(struct nft *nft, bool is_nat)
{
	static const struct {
		const char *word;
		enum hook hook;
	} hooks[] = {
		{"ingress", HOOK_GUARD},   {"prerouting", HOOK_GUARD}, {"input", HOOK_HOST},
		{"forward", HOOK_FORWARD}, {"output", HOOK_OUT},       {"postrouting", HOOK_OUT},
		{"egress", HOOK_OUT},
	};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (nft_take(nft, hooks[i].word))
			return is_nat ? HOOK_NAT : hooks[i].hook;
	return HOOK_OTHER;
}

/* device "eth0", devices = { eth0, eth1 } */
static void read_devices(struct nft *nft, struct import_chain *chain)
{
	const struct nft_type *type = nft_type((struct text){"ifname", 6});
	struct nft_key key = {.types = {type}, .count = 1};
	struct nft_elements elements = {};
	struct span device;

	if (nft_take(nft, "device") && nft_value(nft, type, &device)) {
		span_push(nft->import, &elements.spans, device.low, device.high);
	} else {
		if (!nft_take(nft, "devices") || !nft_take(nft, "=") || !nft_take(nft, "{"))
			return;
		if (nft_elements(nft, &key, false, &elements)) {
			chain->hook = HOOK_OTHER;
			return;
		}
	}
	cube_narrow(nft->import, &chain->cube, FIELD_DEVICE,
		    spans_make(nft->import, &elements.spans));
}

/* Behind `type`: filter hook input priority filter; policy drop; */
static void read_hook(struct nft *nft, struct import_chain *chain)
{
	bool is_nat = nft_is(nft, "nat");

	nft_next(nft);
	if (!nft_take(nft, "hook"))
		return;
	chain->hook = hook_of(nft, is_nat);
	while (nft_peek(nft)->kind == TOKEN_WORD) {
		if (nft_is(nft, "device") || nft_is(nft, "devices"))
			read_devices(nft, chain);
		else if (nft_take(nft, "priority"))
			chain->priority = read_priority(nft);
		else
			nft->at++;
	}
	/* Ingress comes before all of the IP stack. */
	if (chain->cube.fields[FIELD_DEVICE])
		chain->priority -= 1000000;
	if (nft->ignored)
		chain->hook = HOOK_NONE;
}

static void read_chain(struct nft *nft)
{
	uint32_t line = nft_peek(nft)->line;
	struct import_chain *chain =
		import_add_chain(nft->import, nft->table, copy_next(nft), line);

	chain->cube.fields[FIELD_FAMILY] = nft->families;
	if (!nft_take(nft, "{"))
		return;
	for (;;) {
		nft_skip_lines(nft);
		if (nft_take(nft, "}") || nft_peek(nft)->kind == TOKEN_END)
			return;
		if (nft_take(nft, "type"))
			read_hook(nft, chain);
		else if (nft_take(nft, "policy"))
			chain->policy = nft_is(nft, "drop") ? VERDICT_DROP : VERDICT_ACCEPT;
		else if (!nft_is(nft, "comment"))
			nft_rule(nft, chain);
		nft_skip_line(nft);
	}
}

/* -- tables --------------------------------------------------------------------------------- */

/* Reads the sets, or the chains, of a table, and passes over all else. */
static void read_table(struct nft *nft, bool chains)
{
	for (;;) {
		nft_skip_lines(nft);
		if (nft_take(nft, "}") || nft_peek(nft)->kind == TOKEN_END)
			return;
		if (!chains && nft_take(nft, "set"))
			nft_set(nft, false);
		else if (!chains && nft_take(nft, "map"))
			nft_set(nft, true);
		else if (chains && nft_take(nft, "chain"))
			read_chain(nft);
		nft_skip_line(nft);
	}
}

/* `flags dormant` stands on top of a table whose rules are not asked. */
static bool is_dormant(struct nft *nft)
{
	size_t before = nft->at;
	bool dormant;

	nft_skip_lines(nft);
	dormant = nft_take(nft, "flags") && nft_is(nft, "dormant");
	nft->at = before;
	return dormant;
}

static void read_family(struct nft *nft, uint32_t line)
{
	const struct token *family = nft_peek(nft);
	wide number = FAMILY_IPV4;

	nft->families = NULL;
	nft->ignored = nft_take(nft, "bridge") || nft_take(nft, "arp");
	if (nft->ignored)
		import_left(nft->import, line,
			    import_print(nft->import, "table %s %s",
					 text_copy(nft->import, family->text),
					 text_copy(nft->import, nft_peek(nft)->text)),
			    "tierwall filters IP alone");
	if (nft->ignored || nft_take(nft, "inet") || nft_take(nft, "netdev"))
		return;
	/* Without a family it is one of ip. */
	if (nft_take(nft, "ip6"))
		number = FAMILY_IPV6;
	else
		nft_take(nft, "ip");
	nft->families = spans_of(nft->import, number, number);
}

static void whole_table(struct nft *nft)
{
	uint32_t line = nft_peek(nft)->line;
	const char *name;
	size_t body;

	nft->table++;
	read_family(nft, line);
	name = copy_next(nft);
	if (!nft_take(nft, "{"))
		return;
	body = nft->at;
	if (is_dormant(nft)) {
		import_note(nft->import, line, "table %s is dormant: its rules are not asked",
			    name);
		nft->ignored = true;
	}
	read_table(nft, false);
	nft->at = body;
	read_table(nft, true);
}

void nft_read(struct import *import)
{
	struct nft nft = {.import = import};

	nft_tokenize(&nft);
	for (nft_skip_lines(&nft); nft_peek(&nft)->kind != TOKEN_END; nft_skip_lines(&nft)) {
		const struct token *first = nft_peek(&nft);
		const char *end;

		if (nft_take(&nft, "table")) {
			whole_table(&nft);
			nft_skip_line(&nft);
			continue;
		}
		nft_skip_line(&nft);
		if (nft_peek(&nft) == first) /* a lone } */
			nft.at++;
		end = nft_peek(&nft)->text.start;
		import_left(import, first->line,
			    import_line(import, first->text.start,
					(size_t)(end - first->text.start), 240),
			    "only tables as `nft list ruleset` prints them are understood");
	}
}
