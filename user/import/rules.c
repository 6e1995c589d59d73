/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One entry of a list in tierwall's words.  A field that tierwall's rules have one value
 * of, and the source several, makes several rules: they have the same verdict, so that
 * their order does not matter.
 */
#include <netinet/in.h>

#include "config/print.h"
#include "import/rules.h"

#define RULES_MAX 131072u

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
	if (!spans_fit && spans_size(spans) > DRAFT_RULES) {
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

	if (devices && spans_size(devices) > DRAFT_RULES)
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
	if (draft->count == DRAFT_RULES) {
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
