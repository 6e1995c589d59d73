/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What iptables-save and ip6tables-save print: tables, chains with policies, rules. */
#include <ctype.h>

#include "import/iptables.h"

#define TEXT_MAX 240

/* Words of a line; quotes and backslashes as iptables-save writes them. */
static bool split_words(struct iptables *tables, struct text line)
{
	const char *at = line.start, *end = at + line.length;

	tables->count = tables->at = 0;
	for (;;) {
		char *word;
		size_t length = 0;
		bool quoted = false;

		while (at < end && isspace((unsigned char)*at))
			at++;
		if (at == end)
			return true;
		if (tables->count == LINE_WORDS)
			return false;
		word = import_alloc(tables->import, (size_t)(end - at) + 1);
		for (; at < end && (quoted || !isspace((unsigned char)*at)); at++) {
			if (*at == '"') {
				quoted = !quoted;
				continue;
			}
			if (*at == '\\' && at + 1 < end)
				at++;
			word[length++] = *at;
		}
		tables->words[tables->count++] = (struct text){word, length};
	}
}

/* -- chains --------------------------------------------------------------------------------- */

static const struct {
	const char *table, *chain;
	enum hook hook;
	int priority;
} hooks[] = {
	{"raw", "PREROUTING", HOOK_GUARD, -300},
	{"mangle", "PREROUTING", HOOK_GUARD, -150},
	{"mangle", "INPUT", HOOK_HOST, -150},
	{"filter", "INPUT", HOOK_HOST, 0},
	{"security", "INPUT", HOOK_HOST, 50},
	{"mangle", "FORWARD", HOOK_FORWARD, -150},
	{"filter", "FORWARD", HOOK_FORWARD, 0},
	{"security", "FORWARD", HOOK_FORWARD, 50},
	{"raw", "OUTPUT", HOOK_OUT, -300},
	{"mangle", "OUTPUT", HOOK_OUT, -150},
	{"filter", "OUTPUT", HOOK_OUT, 0},
	{"security", "OUTPUT", HOOK_OUT, 50},
	{"mangle", "POSTROUTING", HOOK_OUT, -150},
	{"nat", "PREROUTING", HOOK_NAT, 0},
	{"nat", "INPUT", HOOK_NAT, 0},
	{"nat", "OUTPUT", HOOK_NAT, 0},
	{"nat", "POSTROUTING", HOOK_NAT, 0},
};

/* Behind the colon: CHAIN POLICY [N:N] */
static void declare_chain(struct iptables *tables)
{
	struct text name = iptables_next(tables);
	struct import_chain *chain;

	name.start++;
	name.length--;
	chain = import_add_chain(tables->import, tables->table, text_copy(tables->import, name),
				 tables->line);
	chain->cube.fields[FIELD_FAMILY] = spans_of(tables->import, tables->family, tables->family);
	if (text_is(iptables_next(tables), "DROP"))
		chain->policy = VERDICT_DROP;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (!strcmp(hooks[i].table, tables->table_name) &&
		    !strcmp(hooks[i].chain, chain->name)) {
			chain->hook = hooks[i].hook;
			chain->priority = hooks[i].priority;
		}
}

/* -- rules ------------------------------------------------------------------------------------ */

/* Of a rule that is left out one must know where it may send packets. */
static void find_target(struct iptables *tables, const char *reason)
{
	rule_refuse(tables->rule, reason);
	for (; tables->at < tables->count; tables->at++) {
		bool is_goto = text_is(tables->words[tables->at], "-g");

		if (!is_goto && !text_is(tables->words[tables->at], "-j"))
			continue;
		tables->at++;
		iptables_target(tables, is_goto);
		return;
	}
}

static void settle_limit(struct iptables *tables)
{
	if (tables->limit && !tables->limit->rate)
		rule_refuse(tables->rule, "its rate is not understood");
	if (tables->hashlimit && !tables->hashlimit_by_source)
		rule_refuse(tables->rule, "tierwall counts rates in all, or per source alone");
}

/* The counters before a rule are not part of it. */
static struct text without_counters(struct text line)
{
	const char *end = *line.start == '[' ? memchr(line.start, ']', line.length) : NULL;

	if (end) {
		line.length -= (size_t)(end + 1 - line.start);
		line.start = end + 1;
	}
	return line;
}

static void read_rule(struct iptables *tables, struct text line)
{
	struct import_chain *chain;
	const char *reason = NULL;

	line = without_counters(line);

	tables->at++; /* -A */
	chain = import_chain(tables->import, tables->table,
			     text_copy(tables->import, iptables_next(tables)));
	if (!chain) {
		import_left(tables->import, tables->line,
			    import_line(tables->import, line.start, line.length, TEXT_MAX),
			    "its chain is not declared");
		return;
	}
	tables->rule = import_add_rule(tables->import, chain, tables->line);
	tables->rule->text = import_line(tables->import, line.start, line.length, TEXT_MAX);
	tables->limit = NULL;
	tables->hashlimit = tables->hashlimit_by_source = false;
	while (tables->at < tables->count && !reason)
		reason = iptables_option(tables);
	if (reason)
		find_target(tables, reason);
	settle_limit(tables);
	tables->rule->limit = tables->limit;
}

/* -- lines ------------------------------------------------------------------------------------- */

/* The line before a table's says which of the two programs has written it. */
static void read_comment(struct iptables *tables, struct text line)
{
	if (memmem(line.start, line.length, "ip6tables", 9))
		tables->family = FAMILY_IPV6;
	else if (memmem(line.start, line.length, "Generated by iptables", 21))
		tables->family = FAMILY_IPV4;
}

static void read_line(struct iptables *tables, struct text line)
{
	struct text first;

	if (!split_words(tables, line)) {
		import_left(tables->import, tables->line,
			    import_line(tables->import, line.start, line.length, TEXT_MAX),
			    "it has too many words");
		return;
	}
	/* [packets:bytes], of iptables-save -c */
	if (tables->count && tables->words[0].length && *tables->words[0].start == '[')
		tables->at++;
	if (tables->at == tables->count)
		return;
	first = tables->words[tables->at];
	if (text_is(first, "-A") && tables->count > tables->at + 1) {
		read_rule(tables, line);
	} else if (first.length && *first.start == ':' && tables->table_name) {
		declare_chain(tables);
	} else if (first.length && *first.start == '*') {
		tables->table++;
		tables->table_name = text_copy(tables->import, first) + 1;
	} else if (!text_is(first, "COMMIT")) {
		import_left(tables->import, tables->line,
			    import_line(tables->import, line.start, line.length, TEXT_MAX),
			    "only what iptables-save prints is understood");
	}
}

void iptables_read(struct import *import, bool ipv6)
{
	struct iptables tables = {
		.import = import,
		.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
	};
	struct text rest = {import->text, import->length};

	while (rest.start) {
		struct text line = split(&rest, '\n');

		tables.line++;
		if (line.length && *line.start == '#')
			read_comment(&tables, line);
		else
			read_line(&tables, line);
	}
}
