/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses of a rule, and the families that it is for. */
#include <netinet/in.h>

#include "import/rules.h"

#define PREFIXES_MAX 512

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
	if (spans->set && !spans->negated)
		return FAMILY_BIT(spans->set->family);
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
void set_addresses(struct draft *draft, enum field field, unsigned int families,
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

void keep_family(struct draft *draft, unsigned int families)
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

unsigned int families_of_cube(struct draft *draft)
{
	const struct spans *family = draft->cube.fields[FIELD_FAMILY];
	unsigned int families = families_of(draft, draft->cube.fields[FIELD_SOURCE]) &
				families_of(draft, draft->cube.fields[FIELD_DESTINATION]);

	for (unsigned int i = FAMILY_IPV4; i <= FAMILY_IPV6; i++)
		if (!spans_hold(family, i))
			families &= ~FAMILY_BIT(i);
	return families;
}

bool is_group(const struct spans *spans)
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
