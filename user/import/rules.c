/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One entry of a list in tierwall's words.  A field that tierwall's rules have one value
 * of, and the source several, makes several rules: they have the same verdict, so that
 * their order does not matter.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "config/print.h"
#include "import/model.h"

#define RULES_MAX    131072u
#define WAYS_MAX     32
#define PREFIXES_MAX 512

#define FAMILY_BIT(family) (1u << (family))
#define BOTH               3u

/* A rule in the making, and why it cannot be made. */
struct draft {
	struct emitter *emitter;
	const struct entry *entry;
	struct cube cube;
	struct rule rule;
	const char *reason;
	struct rule rules[WAYS_MAX];
	size_t count;
};

static void refuse(struct draft *draft, const char *reason)
{
	if (!draft->reason)
		draft->reason = reason;
}

/* -- state -------------------------------------------------------------------------------- */

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
static bool set_state(struct draft *draft)
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

static void note_new(struct draft *draft)
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
static void note_before(struct draft *draft)
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

/* -- simple fields ---------------------------------------------------------------------------- */

static void set_part(struct draft *draft)
{
	const struct spans *part = draft->cube.fields[FIELD_PART];

	if (!part)
		return;
	if (spans_hold(part, PART_WHOLE) || !spans_hold(part, PART_LATER)) {
		refuse(draft, "`fragment` holds for all parts of a packet that came in parts");
		return;
	}
	draft->rule.fields |= RULE_FRAGMENT;
	if (spans_hold(part, PART_FIRST))
		return;
	if (draft->entry->verdict == VERDICT_ACCEPT)
		refuse(draft, "`fragment` holds for first fragments, too");
	else
		import_note(draft->emitter->import, draft->entry->rule->line,
			    "`fragment` drops first fragments, too, not only later ones");
}

static void set_limit(struct draft *draft)
{
	const struct import_rule *rule = draft->entry->rule;

	if (!rule || !rule->limit)
		return;
	draft->rule.fields |= RULE_LIMIT;
	draft->rule.limit = *rule->limit;
}

/* Ports as ranges; tierwall has no port 0. */
static void set_ports(struct draft *draft, enum field field, struct ports *out)
{
	const struct spans *spans = draft->cube.fields[field];
	size_t room = 0;

	if (!spans)
		return;
	if (!draft->cube.fields[FIELD_PROTOCOL])
		refuse(draft, "ports without a protocol");
	for (size_t i = 0; i < spans->count; i++) {
		struct port_range *range;
		wide low = spans->items[i].low, high = spans->items[i].high;

		if (!low && draft->entry->rule)
			import_note(draft->emitter->import, draft->entry->rule->line,
				    "port 0 is left out: tierwall's ports begin at 1");
		if (!high)
			continue;
		range = import_push(draft->emitter->import, &out->items, &out->count, &room,
				    sizeof(*range));
		range->low = (uint16_t)(low ? low : 1);
		range->high = (uint16_t)high;
	}
	if (!out->count)
		refuse(draft, "it is for port 0");
}

/* -- addresses ---------------------------------------------------------------------------------- */

static bool has_family(struct draft *draft, const struct spans *spans, unsigned int family)
{
	struct prefix *prefixes;
	size_t count;

	return !prefixes_of(draft->emitter->import, spans, family, &prefixes, &count, 0) || count;
}

static unsigned int families_of(struct draft *draft, const struct spans *spans)
{
	if (!spans)
		return BOTH;
	return (has_family(draft, spans, FAMILY_IPV4) ? FAMILY_BIT(FAMILY_IPV4) : 0) |
	       (has_family(draft, spans, FAMILY_IPV6) ? FAMILY_BIT(FAMILY_IPV6) : 0);
}

/* Fills a list with the addresses of these families; false: they are too many prefixes. */
static bool list_addresses(struct draft *draft, const struct spans *spans, unsigned int families,
			   struct addresses *out)
{
	struct import *import = draft->emitter->import;
	size_t room = 0;

	*out = (struct addresses){};
	for (unsigned int family = FAMILY_IPV4; family <= FAMILY_IPV6; family++) {
		struct prefix *prefixes;
		size_t count;

		if (!(families & FAMILY_BIT(family)))
			continue;
		if (!prefixes_of(import, spans, family, &prefixes, &count, PREFIXES_MAX))
			return false;
		for (size_t i = 0; i < count; i++) {
			struct address_item *item =
				import_push(import, &out->items, &out->count, &room, sizeof(*item));

			item->kind = ADDRESS_PREFIX;
			item->prefix = prefixes[i];
		}
	}
	return true;
}

static void name_set(struct draft *draft, const struct import_set *set, bool negated,
		     struct addresses *out)
{
	out->count = 1;
	out->items = import_alloc(draft->emitter->import, sizeof(*out->items));
	out->items->kind = ADDRESS_SET;
	memcpy(out->items->set, set->emitted, TW_NAME);
	out->negated = negated;
}

/* As a set, as prefixes, or as `not` and the others, whichever is shorter. */
static void set_addresses(struct draft *draft, enum field field, unsigned int families,
			  struct addresses *out)
{
	const struct spans *spans = draft->cube.fields[field];
	struct addresses others;
	bool fits;

	if (!spans)
		return;
	if (spans->set) {
		name_set(draft, spans->set, spans->negated, out);
		return;
	}
	fits = list_addresses(draft, spans, families, out);
	if (list_addresses(draft, spans_not(draft->emitter->import, field, spans), families,
			   &others) &&
	    others.count && (!fits || others.count < out->count)) {
		*out = others;
		out->negated = true;
	} else if (!fits) {
		refuse(draft, "its addresses make too many prefixes: put them into a set");
	}
}

/* The families that a list of a rule stands for. */
static unsigned int stand_for(struct draft *draft, enum field field,
			      const struct addresses *addresses)
{
	if (addresses->negated)
		return BOTH;
	return families_of(draft, draft->cube.fields[field]);
}

static void whole_family(struct draft *draft, unsigned int family, struct addresses *out)
{
	out->count = 1;
	out->items = import_alloc(draft->emitter->import, sizeof(*out->items));
	out->items->kind = ADDRESS_PREFIX;
	if (family == FAMILY_BIT(FAMILY_IPV4)) {
		out->items->prefix.addr.words[2] = htonl(0xffff);
		out->items->prefix.bits = 96;
	}
}

/* Words that would hold for the other family, too, get an address that does not. */
static void keep_family(struct draft *draft, unsigned int families)
{
	struct rule *rule = &draft->rule;
	unsigned int said = stand_for(draft, FIELD_SOURCE, &rule->from) &
			    stand_for(draft, FIELD_DESTINATION, &rule->to);

	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMP)
		said &= FAMILY_BIT(FAMILY_IPV4);
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMPV6)
		said &= FAMILY_BIT(FAMILY_IPV6);
	if (said == families)
		return;
	if (!rule->from.count)
		whole_family(draft, families, &rule->from);
	else if (!rule->to.count)
		whole_family(draft, families, &rule->to);
	else if (!list_addresses(draft, draft->cube.fields[FIELD_SOURCE], families, &rule->from))
		refuse(draft, "its addresses make too many prefixes: put them into a set");
}

static unsigned int families_of_cube(struct draft *draft)
{
	const struct spans *family = draft->cube.fields[FIELD_FAMILY];
	unsigned int families = families_of(draft, draft->cube.fields[FIELD_SOURCE]) &
				families_of(draft, draft->cube.fields[FIELD_DESTINATION]);

	for (unsigned int i = FAMILY_IPV4; i <= FAMILY_IPV6; i++)
		if (!spans_hold(family, i))
			families &= ~FAMILY_BIT(i);
	return families;
}

/* -- fields with one value a rule ---------------------------------------------------------------- */

typedef void (*with_value)(struct draft *draft, wide low, wide high);

static void complete(struct draft *draft);
static void with_protocol(struct draft *draft);

/* Calls on with each number of a field, or each span of it; once without where it is any. */
static void each(struct draft *draft, enum field field, bool spans_fit, with_value set,
		 void (*next)(struct draft *draft))
{
	const struct spans *spans = draft->cube.fields[field];
	struct rule before = draft->rule;

	if (!spans) {
		next(draft);
		return;
	}
	if (!spans_fit && spans_size(spans) > WAYS_MAX) {
		refuse(draft, "it would take too many rules");
		return;
	}
	for (size_t i = 0; i < spans->count; i++) {
		wide low = spans->items[i].low, high = spans->items[i].high;

		for (wide n = low; n <= high && !draft->reason; n++) {
			set(draft, n, spans_fit ? high : n);
			next(draft);
			draft->rule = before;
			if (spans_fit)
				break;
		}
	}
}

static void set_protocol(struct draft *draft, wide low, wide high)
{
	(void)high;
	draft->rule.fields |= RULE_PROTOCOL;
	draft->rule.protocol = (uint8_t)low;
}

static void set_type(struct draft *draft, wide low, wide high)
{
	(void)high;
	draft->rule.fields |= RULE_TYPE;
	draft->rule.type = (uint8_t)low;
}

static void set_code(struct draft *draft, wide low, wide high)
{
	(void)high;
	draft->rule.fields |= RULE_CODE;
	draft->rule.code = (uint8_t)low;
}

static void set_length(struct draft *draft, wide low, wide high)
{
	draft->rule.fields |= RULE_LENGTH;
	draft->rule.length[0] = (uint16_t)low;
	draft->rule.length[1] = (uint16_t)high;
}

static void set_ttl(struct draft *draft, wide low, wide high)
{
	draft->rule.fields |= RULE_TTL;
	draft->rule.ttl[0] = (uint8_t)low;
	draft->rule.ttl[1] = (uint8_t)high;
}

static void set_dscp(struct draft *draft, wide low, wide high)
{
	(void)high;
	draft->rule.fields |= RULE_DSCP;
	draft->rule.dscp = (uint8_t)low;
}

static void set_device(struct draft *draft, wide low, wide high)
{
	const struct import *import = draft->emitter->import;

	(void)high;
	if (low >= import->device_count) {
		refuse(draft, "`in` takes a device, not all but some");
		return;
	}
	draft->rule.fields |= RULE_DEVICE;
	memcpy(draft->rule.device, import->devices[low], strlen(import->devices[low]) + 1);
}

static void with_device(struct draft *draft)
{
	const struct spans *devices = draft->cube.fields[FIELD_DEVICE];

	if (devices && spans_size(devices) > WAYS_MAX)
		refuse(draft, "`in` takes a device, not all but some");
	else
		each(draft, FIELD_DEVICE, false, set_device, complete);
}

/* Does a flag make no difference to bytes that agree in the bits of `mask`? */
static bool is_idle(const struct spans *spans, uint8_t mask, uint8_t flags, unsigned int flag)
{
	for (unsigned int byte = 0; byte <= UINT8_MAX; byte++)
		if ((byte & mask) == flags &&
		    spans_hold(spans, byte) != spans_hold(spans, byte ^ flag))
			return false;
	return true;
}

/* Flags as masks: the bytes that agree in the bits of `mask` are all in the set or all out. */
static void each_mask(struct draft *draft, uint8_t mask, uint8_t flags, unsigned int bit)
{
	const struct spans *spans = draft->cube.fields[FIELD_FLAGS];
	bool all = true, none = true;

	for (unsigned int byte = 0; byte <= UINT8_MAX; byte++) {
		if ((byte & mask) != flags)
			continue;
		if (spans_hold(spans, byte))
			none = false;
		else
			all = false;
	}
	if (none || draft->reason)
		return;
	while (!all && is_idle(spans, mask, flags, 1u << bit))
		bit++;
	if (!all) {
		each_mask(draft, mask | (uint8_t)(1 << bit), flags, bit + 1);
		each_mask(draft, mask | (uint8_t)(1 << bit), flags | (uint8_t)(1 << bit), bit + 1);
		return;
	}
	draft->rule.fields |= RULE_FLAGS;
	draft->rule.flags_mask = mask;
	draft->rule.flags = flags;
	with_device(draft);
	draft->rule.fields &= ~(uint32_t)RULE_FLAGS;
}

static void with_flags(struct draft *draft)
{
	if (!draft->cube.fields[FIELD_FLAGS])
		with_device(draft);
	else if (draft->rule.protocol != IPPROTO_TCP)
		refuse(draft, "flags without tcp");
	else
		each_mask(draft, 0, 0, 0);
}

static void with_dscp(struct draft *draft)
{
	each(draft, FIELD_DSCP, false, set_dscp, with_flags);
}

static void with_ttl(struct draft *draft)
{
	each(draft, FIELD_TTL, true, set_ttl, with_dscp);
}

static void with_length(struct draft *draft)
{
	each(draft, FIELD_LENGTH, true, set_length, with_ttl);
}

static void with_code(struct draft *draft)
{
	each(draft, FIELD_CODE, false, set_code, with_length);
}

static void with_type(struct draft *draft)
{
	each(draft, FIELD_TYPE, false, set_type, with_code);
}

/* -- one rule --------------------------------------------------------------------------------------- */

static void check_protocol(struct draft *draft)
{
	const struct rule *rule = &draft->rule;
	bool icmp = rule->protocol == IPPROTO_ICMP || rule->protocol == IPPROTO_ICMPV6;

	if (draft->cube.fields[FIELD_TYPE] && !icmp)
		refuse(draft, "a type without icmp");
	if (draft->cube.fields[FIELD_CODE] && !draft->cube.fields[FIELD_TYPE])
		refuse(draft, "a code needs a type before it");
	if (!rule->from_ports.count && !rule->to_ports.count)
		return;
	if (rule->protocol != IPPROTO_TCP && rule->protocol != IPPROTO_UDP &&
	    rule->protocol != IPPROTO_SCTP)
		refuse(draft, "only tcp, udp and sctp have ports in tierwall");
}

static void with_protocol(struct draft *draft)
{
	unsigned int families = families_of_cube(draft);

	if (draft->rule.fields & RULE_PROTOCOL) {
		if (draft->rule.protocol == IPPROTO_ICMP)
			families &= FAMILY_BIT(FAMILY_IPV4);
		if (draft->rule.protocol == IPPROTO_ICMPV6)
			families &= FAMILY_BIT(FAMILY_IPV6);
		if (!families) {
			refuse(draft, "icmp goes with IPv4, and icmp6 with IPv6");
			return;
		}
	}
	set_ports(draft, FIELD_SOURCE_PORT, &draft->rule.from_ports);
	set_ports(draft, FIELD_DESTINATION_PORT, &draft->rule.to_ports);
	check_protocol(draft);
	set_addresses(draft, FIELD_SOURCE, families, &draft->rule.from);
	set_addresses(draft, FIELD_DESTINATION, families, &draft->rule.to);
	if (draft->reason)
		return;
	keep_family(draft, families);
	if (draft->rule.limit.source_bits > 32 && families == FAMILY_BIT(FAMILY_IPV4))
		refuse(draft, "its rate is per more bits than an IPv4 address has");
	with_type(draft);
}

static void complete(struct draft *draft)
{
	if (draft->reason)
		return;
	if (draft->count == WAYS_MAX) {
		refuse(draft, "it would take too many rules");
		return;
	}
	draft->rules[draft->count++] = draft->rule;
}

static uint8_t action_of(enum verdict_kind verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return TW_ACCEPT;
	case VERDICT_REJECT:
		return TW_REJECT;
	default:
		return TW_DROP;
	}
}

static unsigned int count_lists(const struct addresses *addresses)
{
	if (addresses->negated)
		return addresses->items[0].kind == ADDRESS_PREFIX;
	return addresses->count > 1;
}

static void check_room(struct draft *draft)
{
	struct emitter *emitter = draft->emitter;
	size_t lists = 0;

	for (size_t i = 0; i < draft->count; i++)
		lists += count_lists(&draft->rules[i].from) + count_lists(&draft->rules[i].to);
	if (emitter->rules + draft->count > RULES_MAX)
		refuse(draft, "tierwall has no room for more rules");
	if (emitter->lists + lists > TW_SETS)
		refuse(draft, "tierwall has no room for more lists of addresses: put them into "
			      "sets");
	if (draft->reason)
		return;
	emitter->rules += draft->count;
	emitter->lists += lists;
}

static void print_rules(struct draft *draft)
{
	const struct import_rule *source = draft->entry->rule;
	FILE *body = draft->emitter->body;

	for (size_t i = 0; i < draft->count; i++) {
		fputs("    ", body);
		rule_print(body, &draft->rules[i]);
		if (source && source->name && *source->name)
			fprintf(body, " # %s", source->name);
		fputc('\n', body);
	}
}

static void print_reason(struct emitter *emitter, const struct entry *entry, const char *reason)
{
	if (emitter->hook != HOOK_FORWARD)
		import_left_rule(emitter->import, entry->rule, reason);
	fprintf(emitter->body, "    # not imported: %s\n", entry->rule->text);
}

/* Of packets that came in through loopback, or cannot be: no rule is needed. */
static bool never_matches(struct draft *draft)
{
	const struct spans *devices = draft->cube.fields[FIELD_DEVICE];

	if (devices && !devices->count)
		return true;
	return !families_of_cube(draft);
}

/* XDP never sees loopback. */
static void leave_loopback_out(struct draft *draft)
{
	struct import *import = draft->emitter->import;
	const struct spans *devices = draft->cube.fields[FIELD_DEVICE], *others;

	if (!devices)
		return;
	others = spans_of(import, DEVICE_LOOPBACK + 1, field_max(FIELD_DEVICE));
	if (spans_hold(devices, DEVICE_LOOPBACK) && draft->entry->rule && spans_size(devices) == 1)
		import_note(import, draft->entry->rule->line,
			    "no rule is made of `%s`: loopback does not come by XDP",
			    draft->entry->rule->text);
	devices = spans_and(import, devices, others);
	draft->cube.fields[FIELD_DEVICE] = spans_equal(devices, others) ? NULL : devices;
}

static bool is_group(const struct spans *spans)
{
	const wide mapped = (wide)0xffff << 32;

	for (size_t i = 0; i < spans->count; i++)
		if (!(spans->items[i].low >= (mapped | 0xe0000000) &&
		      spans->items[i].high <= (mapped | 0xffffffff) &&
		      (spans->items[i].high < (mapped | 0xf0000000) ||
		       spans->items[i].low == (mapped | 0xffffffff))) &&
		    spans->items[i].low < (wide)0xff << 120)
			return false;
	return true;
}

/* What is for a multicast or broadcast address never comes to host. */
static void check_destination(struct draft *draft)
{
	const struct spans *to = draft->cube.fields[FIELD_DESTINATION];

	if (draft->cube.fields[FIELD_CAST])
		refuse(draft, "only host is for one kind of addresses: this node's own");
	if (to && draft->emitter->hook == HOOK_HOST && is_group(to))
		refuse(draft,
		       "packets to multicast and broadcast addresses do not come to host, and "
		       "are passed to the kernel: guard is asked for them");
}

static void make_rules(struct draft *draft)
{
	check_destination(draft);
	set_part(draft);
	set_limit(draft);
	if (draft->entry->log)
		draft->rule.fields |= RULE_LOG;
	if (draft->reason)
		return;
	each(draft, FIELD_PROTOCOL, false, set_protocol, with_protocol);
	if (!draft->reason && draft->count > 1 && draft->rule.fields & RULE_LIMIT)
		refuse(draft, "it would take several rules, and its rate would be counted in each");
	check_room(draft);
}

void emit_entry(struct emitter *emitter, struct entry *entry)
{
	struct draft draft = {.emitter = emitter, .entry = entry, .cube = entry->cube};

	if (entry->reason) {
		print_reason(emitter, entry, entry->reason);
		return;
	}
	if (entry->verdict == VERDICT_NONE)
		return;
	leave_loopback_out(&draft);
	if (never_matches(&draft))
		return;
	draft.rule.action = action_of(entry->verdict);
	if (!set_state(&draft))
		return;
	make_rules(&draft);
	if (draft.reason && entry->rule) {
		print_reason(emitter, entry, draft.reason);
		return;
	}
	note_new(&draft);
	note_before(&draft);
	print_rules(&draft);
}
