/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration: its sets, guard and host, and what would go into a tier's firewall. */
#include <errno.h>
#include <stdlib.h>

#include "import/model.h"

#define STEPS_MAX 10000u

/* -- sets --------------------------------------------------------------------------------- */

static void emit_prefixes(struct import *import, const struct import_set *set)
{
	for (unsigned int family = FAMILY_IPV4; family <= FAMILY_IPV6; family++) {
		struct prefix *prefixes;
		size_t count;

		prefixes_of(import, set->spans, family, &prefixes, &count, SIZE_MAX);
		for (size_t i = 0; i < count; i++) {
			fputs("    ", import->out);
			prefix_print(import->out, &prefixes[i]);
			fputc('\n', import->out);
		}
	}
}

static void emit_sets(struct import *import)
{
	for (const struct import_set *set = import->sets; set; set = set->next) {
		if (!set->spans || !set->emitted[0])
			continue;
		import->written = true;
		fprintf(import->out, "\nset %s {\n", set->emitted);
		emit_prefixes(import, set);
		fputs("}\n", import->out);
	}
}

/* -- lists -------------------------------------------------------------------------------- */

/* Is it for all packets, of one family at least? */
static bool is_simple(const struct entry *entry)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (field != FIELD_FAMILY && entry->cube.fields[field])
			return false;
	return !entry->reason && !entry->log && entry->verdict != VERDICT_NONE &&
	       !(entry->rule && entry->rule->limit);
}

static unsigned int families_of(const struct entry *entry)
{
	const struct spans *family = entry->cube.fields[FIELD_FAMILY];

	return (spans_hold(family, FAMILY_IPV4) ? 1u : 0) |
	       (spans_hold(family, FAMILY_IPV6) ? 2u : 0);
}

/* Takes off the last entries of families, which say what becomes of all other packets. */
static void take_last(struct entries *entries, enum verdict_kind verdict)
{
	unsigned int taken = 0;

	for (size_t i = entries->count; i-- && taken != 3;) {
		struct entry *entry = &entries->items[i];

		if (!is_simple(entry) || entry->verdict != verdict || families_of(entry) & taken)
			continue;
		taken |= families_of(entry);
		entry->verdict = VERDICT_NONE;
	}
}

/*
 * What the list ends with: the verdict that both families end with, where it is the same.
 * Otherwise `accept`, as in the source for a family that nothing is said of.
 */
static enum verdict_kind take_default(struct entries *entries)
{
	enum verdict_kind last = VERDICT_NONE;
	unsigned int seen = 0, ended = 0;

	for (size_t i = entries->count; i-- && ended != 3;) {
		const struct entry *entry = &entries->items[i];
		unsigned int families = families_of(entry);

		if (entry->reason || entry->verdict == VERDICT_NONE)
			continue;
		if (is_simple(entry) && !(families & seen) && (!last || entry->verdict == last)) {
			last = entry->verdict;
			ended |= families;
		} else if (families & ~ended) {
			break;
		}
		seen |= families;
	}
	if (ended != 3)
		return VERDICT_ACCEPT;
	take_last(entries, last);
	return last;
}

static const char *word_of(enum verdict_kind verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_REJECT:
		return "reject";
	default:
		return "drop";
	}
}

static char *list_body(struct import *import, struct emitter *emitter, struct entries *entries)
{
	char *text = NULL, *body;
	size_t length;

	emitter->body = open_memstream(&text, &length);
	if (!emitter->body)
		import_fail(import, ENOMEM);
	for (size_t i = 0; i < entries->count; i++)
		emit_entry(emitter, &entries->items[i]);
	if (fclose(emitter->body))
		import_fail(import, ENOMEM);
	body = import_alloc(import, length + 1);
	memcpy(body, text, length);
	free(text);
	return body;
}

/* A listing of one family leaves the other as it is. */
static void note_family(struct import *import, const struct import_chain *first)
{
	const struct spans *family = first->cube.fields[FIELD_FAMILY];

	for (const struct import_chain *chain = first; chain; chain = chain->next)
		if (chain->hook == HOOK_HOST &&
		    !spans_equal(chain->cube.fields[FIELD_FAMILY], family))
			return;
	if (family)
		import_note(import, first->line,
			    "nothing is said of IPv%c: all of it is accepted; import a listing of "
			    "both families together",
			    spans_hold(family, FAMILY_IPV4) ? '6' : '4');
}

/* Where host is narrower than the chains that it is made of. */
static void note_host(struct import *import, const struct emitter *emitter, enum verdict_kind last)
{
	const struct import_chain *chain = import->chains;

	while (chain && chain->hook != HOOK_HOST)
		chain = chain->next;
	if (!chain)
		return;
	note_family(import, chain);
	if (last == VERDICT_ACCEPT)
		return;
	import_note(
		import, chain->line,
		"host is asked for this node's own addresses: packets to multicast and broadcast "
		"addresses pass to the kernel, whatever chain %s says",
		chain->name);
	if (!emitter->has_established && !emitter->noted_before)
		import_note(
			import, chain->line,
			"nothing in chain %s accepts established flows; tierwall lets packets of "
			"flows that were accepted, and answers to this node's own connections, "
			"go on all the same",
			chain->name);
}

static void emit_list(struct import *import, struct emitter *emitter, const char *name)
{
	struct entries entries = {};
	enum verdict_kind last;
	const char *body;

	flatten(import, emitter->hook, &entries);
	last = take_default(&entries);
	body = list_body(import, emitter, &entries);
	if (emitter->hook == HOOK_HOST)
		note_host(import, emitter, last);
	if (!*body && last == VERDICT_ACCEPT && !emitter->strict)
		return;
	import->written = true;
	fprintf(import->out, "\n%s {\n%s%s    default %s\n}\n", name,
		emitter->strict ? "    strict\n" : "", body, word_of(last));
}

/* Rules for routed packets, as they would stand in a tier: all lines are comments. */
static void emit_forward(struct import *import, struct emitter *emitter)
{
	struct entries entries = {};
	enum verdict_kind last;
	char *body, *line, *rest;

	flatten(import, HOOK_FORWARD, &entries);
	last = take_default(&entries);
	emitter->hook = HOOK_FORWARD;
	import->quiet = true;
	body = list_body(import, emitter, &entries);
	import->quiet = false;
	if (!*body && last == VERDICT_ACCEPT)
		return;
	fputs("\n# Rules for routed packets.  They belong into the firewalls of the tiers whose "
	      "servers\n# the packets go to: declare these, and move there what is for them.\n"
	      "# firewall {\n",
	      import->out);
	for (line = strtok_r(body, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		fprintf(import->out, "# %s\n", line);
	fprintf(import->out, "#     default %s\n# }\n", word_of(last));
}

void emit(struct import *import)
{
	struct emitter guard = {.import = import, .hook = HOOK_GUARD};
	struct emitter host = {.import = import, .hook = HOOK_HOST};
	struct emitter forward = {.import = import, .hook = HOOK_FORWARD};

	fprintf(import->out, "# Made by `tierwall import` from %s\n",
		import_line(import, import->file, strlen(import->file), 200));
	fputs("# The devices that packets come in through, to be named here:\n", import->out);
	if (import->device_count == 1)
		fputs("# interface eth0\n", import->out);
	for (size_t i = DEVICE_LOOPBACK + 1; i < import->device_count; i++)
		fprintf(import->out, "# interface %s\n", import->devices[i]);
	for (const struct import_set *set = import->sets; set; set = set->next)
		guard.lists += set->emitted[0] != 0;
	emit_sets(import);
	emit_list(import, &guard, "guard");
	host.rules = guard.rules;
	host.lists = guard.lists;
	emit_list(import, &host, "host");
	/* A configuration has at least one statement. */
	if (!import->written)
		fputs("\nguard {\n    default accept\n}\n", import->out);
	emit_forward(import, &forward);
	if (!import->chains)
		import_left(import, 1, "the whole", "there is no chain in it");
}

/* -- what tierwall has no place for --------------------------------------------------------- */

static const char *const hook_reasons[] = {
	[HOOK_NONE] = "",
	[HOOK_GUARD] = "",
	[HOOK_HOST] = "",
	[HOOK_FORWARD] =
		("routed packets are judged by the firewall of the tier whose server they go to, "
		 "all others only by guard: declare the tier and put the rule there"),
	[HOOK_OUT] = "tierwall sees what comes in, not what goes out",
	[HOOK_NAT] = "tierwall changes addresses for services alone",
	[HOOK_OTHER] = "tierwall has no place for rules of this hook",
};

/* May any packet be refused, or anything else be done, from this chain on? */
static bool does_something(struct import *import, const struct import_chain *chain, size_t *steps)
{
	for (const struct import_rule *rule = chain->rules; rule; rule = rule->next) {
		if (rule->reason || rule->log || ++*steps > STEPS_MAX)
			return true;
		for (size_t i = 0; i < rule->way_count; i++) {
			const struct verdict *verdict = &rule->ways[i].verdict;
			const struct import_chain *target;

			if (verdict->kind == VERDICT_DROP || verdict->kind == VERDICT_REJECT)
				return true;
			if (verdict->kind != VERDICT_JUMP && verdict->kind != VERDICT_GOTO)
				continue;
			target = import_chain(import, chain->table, verdict->chain);
			if (!target || does_something(import, target, steps))
				return true;
		}
	}
	return chain->policy != VERDICT_ACCEPT;
}

static void report_chain(struct import *import, struct import_chain *chain, enum hook hook)
{
	if (chain->reported)
		return;
	chain->reported = true;
	for (struct import_rule *rule = chain->rules; rule; rule = rule->next) {
		import_left_rule(import, rule,
				 hook == HOOK_NAT && rule->reason ? rule->reason
								  : hook_reasons[hook]);
		for (size_t i = 0; i < rule->way_count; i++) {
			const char *name = rule->ways[i].verdict.chain;
			struct import_chain *target =
				name ? import_chain(import, chain->table, name) : NULL;

			if (target)
				report_chain(import, target, hook);
		}
	}
	if (chain->policy != VERDICT_ACCEPT)
		import_left(import, chain->line,
			    import_print(import, "policy drop of chain %s", chain->name),
			    hook_reasons[hook]);
}

void report_hooks(struct import *import)
{
	for (struct import_chain *chain = import->chains; chain; chain = chain->next) {
		size_t steps = 0;

		if (chain->hook >= HOOK_FORWARD && does_something(import, chain, &steps))
			report_chain(import, chain, chain->hook);
	}
}
