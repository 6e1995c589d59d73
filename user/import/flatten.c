/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Chains to lists.  A chain that is jumped to stands in the place of the jump, its rules
 * narrowed by what the jump asks.  Where a packet leaves a chain early (`return`, `goto`,
 * `accept` in a chain that another one follows), what it would meet from there on is put
 * in that place, narrowed in the same way: thus the first rule that matches decides, as
 * in the source.
 */
#include <errno.h>

#include "import/model.h"

#define DEPTH_MAX   64
#define STEPS_MAX   400000u
#define ENTRIES_MAX 150000u

/* What comes after a chain, from the innermost outwards; the last is the base chain. */
struct rest {
	const struct rest *parent;
	struct import_rule *next;
	size_t base; /* of the last: its index among the hook's chains */
	bool is_base;
	uint32_t table;
};

struct flattening {
	struct import *import;
	struct entries *out;
	struct import_chain **bases;
	size_t base_count;
	unsigned int depth;
	size_t steps;
};

/* True: a verdict was found for every packet of the cube. */
static bool walk(struct flattening *f, struct import_rule *rule, const struct cube *cube,
		 const struct rest *rest);

static struct entry *push_entry(struct flattening *f, const struct cube *cube,
				enum verdict_kind verdict, struct import_rule *rule)
{
	struct entry *entry = import_push(f->import, &f->out->items, &f->out->count, &f->out->room,
					  sizeof(*entry));

	if (f->out->count > ENTRIES_MAX)
		import_fail(f->import, E2BIG);
	entry->cube = *cube;
	entry->verdict = verdict;
	entry->rule = rule;
	return entry;
}

static void push_reason(struct flattening *f, const struct cube *cube, struct import_rule *rule,
			const char *reason)
{
	push_entry(f, cube, VERDICT_NONE, rule)->reason = reason;
}

/* Accepted by one base chain: those behind it are asked, too. */
static void accept(struct flattening *f, size_t base, const struct cube *cube,
		   struct import_rule *rule)
{
	for (size_t i = base + 1; i < f->base_count; i++) {
		const struct import_chain *chain = f->bases[i];
		struct rest root = {.base = i, .is_base = true, .table = chain->table};
		struct cube both;

		if (!cube_and(f->import, &both, cube, &chain->cube))
			continue;
		if (!walk(f, chain->rules, &both, &root) && chain->policy != VERDICT_ACCEPT)
			push_entry(f, &both, chain->policy, rule);
	}
	push_entry(f, cube, VERDICT_ACCEPT, rule);
}

/* All that follows, for the packets of the cube; it ends with a verdict for each. */
static void run_rest(struct flattening *f, const struct rest *rest, const struct cube *cube,
		     struct import_rule *rule)
{
	const struct import_chain *base;

	for (; !rest->is_base; rest = rest->parent)
		if (walk(f, rest->next, cube, rest->parent))
			return;
	base = f->bases[rest->base];
	if (base->policy == VERDICT_ACCEPT)
		accept(f, rest->base, cube, rule);
	else
		push_entry(f, cube, base->policy, rule);
}

static const struct rest *root_of(const struct rest *rest)
{
	while (!rest->is_base)
		rest = rest->parent;
	return rest;
}

/* Is there a chain behind this one that packets of the cube still meet? */
static bool is_last(struct flattening *f, const struct rest *root, const struct cube *cube)
{
	struct cube both;

	for (size_t i = root->base + 1; i < f->base_count; i++)
		if (cube_and(f->import, &both, cube, &f->bases[i]->cube) &&
		    (f->bases[i]->rules || f->bases[i]->policy != VERDICT_ACCEPT))
			return false;
	return true;
}

enum step { STEP_ON, STEP_RETURNED, STEP_DECIDED };

/* For all packets that the rule matches: STEP_ON where they may go on behind it. */
static enum step call(struct flattening *f, struct import_rule *rule, const struct way *way,
		      const struct cube *cube, const struct rest *rest)
{
	const struct rest *root = root_of(rest);
	struct import_chain *target = import_chain(f->import, root->table, way->verdict.chain);
	struct rest here = {.parent = rest, .next = rule->next};

	if (!target) {
		push_reason(f, cube, rule, "there is no such chain");
		return STEP_ON;
	}
	if (way->verdict.kind == VERDICT_JUMP)
		return walk(f, target->rules, cube, &here) ? STEP_DECIDED : STEP_ON;
	if (!walk(f, target->rules, cube, rest))
		run_rest(f, rest, cube, rule);
	return STEP_DECIDED;
}

static enum step take_verdict(struct flattening *f, struct import_rule *rule, const struct way *way,
			      const struct cube *cube, const struct rest *rest, bool all)
{
	switch (way->verdict.kind) {
	case VERDICT_NONE:
		if (rule->log)
			push_entry(f, cube, VERDICT_NONE, rule)->log = true;
		return STEP_ON;
	case VERDICT_RETURN:
		if (all && !rest->is_base)
			return STEP_RETURNED;
		run_rest(f, rest, cube, rule);
		return STEP_DECIDED;
	case VERDICT_JUMP:
	case VERDICT_GOTO:
		return call(f, rule, way, cube, rest);
	case VERDICT_ACCEPT:
		if (!is_last(f, root_of(rest), cube)) {
			accept(f, root_of(rest)->base, cube, rule);
			return STEP_DECIDED;
		}
		break;
	default:
		break;
	}
	push_entry(f, cube, way->verdict.kind, rule)->log = rule->log;
	return STEP_DECIDED;
}

static enum step step(struct flattening *f, struct import_rule *rule, const struct way *way,
		      const struct cube *outer, const struct rest *rest)
{
	struct cube cube;
	enum step taken;
	bool all;

	if (!cube_and(f->import, &cube, outer, &way->cube))
		return STEP_ON;
	all = !rule->limit && cube_equal(&cube, outer);
	taken = take_verdict(f, rule, way, &cube, rest, all);
	return all ? taken : STEP_ON;
}

/* Does the verdict of a rule send packets elsewhere than to accept, drop or reject? */
static bool is_detour(struct flattening *f, const struct way *way, const struct rest *rest)
{
	switch (way->verdict.kind) {
	case VERDICT_RETURN:
	case VERDICT_JUMP:
	case VERDICT_GOTO:
		return true;
	case VERDICT_ACCEPT:
		return !is_last(f, root_of(rest), &way->cube);
	default:
		return false;
	}
}

/* A detour cannot be taken only within a rate, nor be logged: refuses it. */
static void check_detours(struct flattening *f, struct import_rule *rule, const struct cube *cube,
			  const struct rest *rest)
{
	struct way way;

	if (!rule->limit && !rule->log)
		return;
	for (size_t i = 0; i < rule->way_count; i++) {
		way = rule->ways[i];
		if (!cube_and(f->import, &way.cube, cube, &rule->ways[i].cube) ||
		    !is_detour(f, &way, rest))
			continue;
		rule_refuse(rule, rule->limit
					  ? "it leaves the chain only within a rate"
					  : "only what accepts, drops or rejects can be logged");
		return;
	}
}

/* May what is left out of the list have ended the chain for packets that now go on? */
static bool leaves_doubt(struct flattening *f, const struct import_rule *rule,
			 const struct cube *cube, const struct rest *rest)
{
	bool last = is_last(f, root_of(rest), cube);

	for (size_t i = 0; i < rule->way_count; i++) {
		enum verdict_kind kind = rule->ways[i].verdict.kind;

		if (kind == VERDICT_RETURN || kind == VERDICT_GOTO)
			return true;
		if (!last && (kind == VERDICT_ACCEPT || kind == VERDICT_JUMP))
			return true;
	}
	return rule->may_return;
}

static bool walk(struct flattening *f, struct import_rule *rule, const struct cube *cube,
		 const struct rest *rest)
{
	enum step taken = STEP_ON;
	bool doubtful = false;

	if (++f->depth > DEPTH_MAX)
		import_fail(f->import, ELOOP);
	for (; rule && taken == STEP_ON; rule = rule->next) {
		if (++f->steps > STEPS_MAX)
			import_fail(f->import, E2BIG);
		check_detours(f, rule, cube, rest);
		if (doubtful || rule->reason) {
			push_reason(f, cube, rule,
				    rule->reason ? rule->reason
						 : "a rule above it, which may end the chain, is "
						   "left out");
			doubtful |= leaves_doubt(f, rule, cube, rest);
			continue;
		}
		for (size_t i = 0; i < rule->way_count && taken == STEP_ON; i++)
			taken = step(f, rule, &rule->ways[i], cube, rest);
	}
	f->depth--;
	return taken == STEP_DECIDED;
}

/* -- base chains --------------------------------------------------------------------------- */

/* host is asked for this node's own addresses alone. */
static void keep_to_host(struct import *import, struct import_chain *chain)
{
	cube_narrow(import, &chain->cube, FIELD_CAST, spans_of(import, CAST_LOCAL, CAST_LOCAL));
}

static void add_base(struct flattening *f, struct import_chain *chain)
{
	size_t i = f->base_count++;

	for (; i && f->bases[i - 1]->priority > chain->priority; i--)
		f->bases[i] = f->bases[i - 1];
	f->bases[i] = chain;
}

static void find_bases(struct flattening *f, enum hook hook)
{
	size_t count = 0;

	for (struct import_chain *chain = f->import->chains; chain; chain = chain->next)
		count++;
	f->bases = import_alloc(f->import, count * sizeof(struct import_chain *));
	for (struct import_chain *chain = f->import->chains; chain; chain = chain->next)
		if (chain->hook == hook) {
			if (hook == HOOK_HOST)
				keep_to_host(f->import, chain);
			add_base(f, chain);
		}
}

/* A rule with a rate counts in one place; a log joins the verdict behind it. */
static void settle(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->items[i].rule && !entries->items[i].reason)
			entries->items[i].rule->placed++;
	for (size_t i = 0; i < entries->count; i++) {
		struct entry *entry = &entries->items[i], *next = entry + 1;

		if (entry->rule && entry->rule->limit && entry->rule->placed > 1)
			entry->reason = "its rate would be counted in several places";
		if (!entry->rule || entry->reason || !entry->log || entry->verdict != VERDICT_NONE)
			continue;
		if (i + 1 == entries->count || next->reason || next->verdict == VERDICT_NONE ||
		    !cube_equal(&entry->cube, &next->cube) || entry->rule->limit ||
		    (next->rule && next->rule->limit)) {
			entry->reason =
				"it logs and goes on; `log` stands in the rule that accepts, "
				"drops or rejects";
			continue;
		}
		next->log = true;
		if (next->rule && !next->rule->name)
			next->rule->name = entry->rule->name;
		else if (!next->rule)
			next->rule = entry->rule;
		entry->rule = NULL;
	}
}

void flatten(struct import *import, enum hook hook, struct entries *out)
{
	struct flattening f = {.import = import, .out = out};

	find_bases(&f, hook);
	for (size_t i = 0; i < f.base_count; i++) {
		struct import_chain *chain = f.bases[i];
		struct rest root = {.base = i, .is_base = true, .table = chain->table};

		if (!walk(&f, chain->rules, &chain->cube, &root) && chain->policy != VERDICT_ACCEPT)
			push_entry(&f, &chain->cube, chain->policy, NULL);
	}
	settle(out);
	for (size_t i = 0; hook == HOOK_HOST && i < out->count; i++)
		out->items[i].cube.fields[FIELD_CAST] = NULL;
}
