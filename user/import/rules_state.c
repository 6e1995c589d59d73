/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* States of flows: tierwall asks rules for a flow's first packet, netfilter for all. */
#include "import/rules.h"

static bool is_unconditional(const struct cube *cube)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (field != FIELD_STATE && field != FIELD_FAMILY && cube->fields[field])
			return false;
	return true;
}

static void note_established(struct draft *draft)
{
	struct emitter *emitter = draft->emitter;

	emitter->has_established = true;
	import_note(emitter->import, draft->entry->rule->line,
		    "no rule is made of `%s`: packets of flows that were accepted, answers to "
		    "this node's own connections and errors about them go on by themselves",
		    draft->entry->rule->text);
}

static void note_invalid(struct draft *draft)
{
	struct emitter *emitter = draft->emitter;

	emitter->strict = true;
	import_note(emitter->import, draft->entry->rule->line,
		    "`strict` stands for `%s`: it is asked before all rules, and for TCP alone",
		    draft->entry->rule->text);
}

/* False: the entry needs no rule. */
bool set_state(struct draft *draft)
{
	const struct spans *state = draft->cube.fields[FIELD_STATE];
	bool accepts = draft->entry->verdict == VERDICT_ACCEPT;
	bool new = spans_hold(state, FLOW_NEW),
	     old = spans_hold(state, FLOW_ESTABLISHED) || spans_hold(state, FLOW_RELATED);

	if (!state)
		return true;
	if (draft->emitter->hook == HOOK_GUARD) {
		refuse(draft, "guard knows no state of netfilter's flows; host and the firewalls "
			      "of tiers do");
		return true;
	}
	if (new && (accepts || !old)) {
		draft->rule.fields |= RULE_STATE;
		draft->rule.state = TW_STATE_NEW;
		return true;
	}
	if (accepts && old && !spans_hold(state, FLOW_INVALID)) {
		note_established(draft);
		return false;
	}
	if (!accepts && spans_hold(state, FLOW_INVALID) && spans_size(state) == 1 &&
	    is_unconditional(&draft->cube) && !draft->entry->log) {
		note_invalid(draft);
		return false;
	}
	refuse(draft, spans_hold(state, FLOW_INVALID)
			      ? "`strict` drops TCP of no known flow, whatever else it is"
			      : "rules are asked for the first packet of a flow: they cannot "
				"single out later ones");
	return true;
}

void note_new(struct draft *draft)
{
	struct emitter *emitter = draft->emitter;

	if (!(draft->rule.fields & RULE_STATE) || emitter->noted_new || emitter->strict ||
	    draft->entry->verdict != VERDICT_ACCEPT)
		return;
	emitter->noted_new = true;
	import_note(emitter->import, draft->entry->rule->line,
		    "`state new` also holds for TCP that netfilter calls invalid; `strict` in the "
		    "block drops it");
}

/* What is dropped before flows are let through holds for live flows in netfilter. */
void note_before(struct draft *draft)
{
	struct emitter *emitter = draft->emitter;

	if (emitter->hook != HOOK_HOST || emitter->noted_before || emitter->has_established ||
	    draft->entry->verdict == VERDICT_ACCEPT || !draft->entry->rule ||
	    draft->rule.fields & RULE_STATE)
		return;
	emitter->noted_before = true;
	import_note(emitter->import, draft->entry->rule->line,
		    "the source drops here also packets of flows that were accepted before; "
		    "tierwall asks host for a flow's first packet: move the rule to guard where "
		    "it has to hold for all");
}
