/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The meaning of one rule by itself: protocols, ports, families and limits that fit. */
#include <netinet/in.h>

#include "config/parse.h"

enum families { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2 };

static enum families families_of_item(const struct address_item *item)
{
	if (item->kind == ADDRESS_SET)
		return FAMILY_IPV4 | FAMILY_IPV6;
	return prefix_is_ipv4(&item->prefix) ? FAMILY_IPV4 : FAMILY_IPV6;
}

static unsigned int families_of(const struct addresses *addresses)
{
	unsigned int families = 0;

	if (addresses->negated)
		return FAMILY_IPV4 | FAMILY_IPV6;
	for (size_t i = 0; i < addresses->count; i++)
		families |= families_of_item(&addresses->items[i]);
	return families ? families : FAMILY_IPV4 | FAMILY_IPV6;
}

/* The family that an item holds all of; 0: none, or a set's, which may change. */
static unsigned int whole_family(const struct address_item *item)
{
	const struct prefix *prefix = &item->prefix;

	if (item->kind == ADDRESS_SET)
		return 0;
	if (prefix_is_ipv4(prefix))
		return prefix->bits == 96 ? FAMILY_IPV4 : 0;
	return prefix->bits == 0 ? FAMILY_IPV6 : 0;
}

/* `not` leaves something of some family. */
int addresses_check(const struct config *source, const struct addresses *addresses,
		    struct diagnostic *diagnostic)
{
	unsigned int whole = 0;

	for (size_t i = 0; addresses->negated && i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		whole |= whole_family(item);
		if (whole == (FAMILY_IPV4 | FAMILY_IPV6))
			return config_mistake(source, item->at, diagnostic,
					      "no address is outside of both families: leave one "
					      "of them out");
	}
	return 0;
}

static int check_ports(const struct config *source, const struct rule *rule,
		       const struct ports *ports, struct diagnostic *diagnostic)
{
	if (!ports->count || !(rule->fields & RULE_PROTOCOL))
		return 0;
	switch (rule->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return 0;
	}
	return config_mistake(source, ports->at, diagnostic,
			      "only tcp, udp and sctp have ports, and this rule is for %s",
			      protocol_name(rule->protocol));
}

static int check_icmp(const struct config *source, const struct rule *rule,
		      const struct addresses *addresses, struct diagnostic *diagnostic)
{
	bool icmp6 = rule->protocol == IPPROTO_ICMPV6;
	enum families other = icmp6 ? FAMILY_IPV4 : FAMILY_IPV6;

	if ((!icmp6 && rule->protocol != IPPROTO_ICMP) || addresses->negated)
		return 0;
	for (size_t i = 0; i < addresses->count; i++)
		if (families_of_item(&addresses->items[i]) == other)
			return config_mistake(
				source, addresses->items[i].at, diagnostic,
				"`%s` is of %s, and this is an %s address: write `%s`, "
				"or another address",
				icmp6 ? "icmp6" : "icmp", icmp6 ? "IPv6" : "IPv4",
				icmp6 ? "IPv4" : "IPv6", icmp6 ? "icmp" : "icmp6");
	return 0;
}

static unsigned int families_of_rule(const struct rule *rule)
{
	unsigned int families = families_of(&rule->from) & families_of(&rule->to);

	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMP)
		families &= FAMILY_IPV4;
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_ICMPV6)
		families &= FAMILY_IPV6;
	return families;
}

/* Where a rule is for both families, more bits than IPv4 has mean whole IPv4 addresses. */
static int check_limit(const struct config *source, const struct rule *rule,
		       struct diagnostic *diagnostic)
{
	if (!(rule->fields & RULE_LIMIT) || rule->limit.source_bits <= 32 ||
	    families_of_rule(rule) & FAMILY_IPV6)
		return 0;
	return config_mistake(
		source, rule_field_at(rule, RULE_LIMIT), diagnostic,
		"`per source/%u` is longer than an IPv4 address, and this rule is for "
		"IPv4: write 1-32, or `per source` for whole addresses",
		rule->limit.source_bits);
}

int rule_check(const struct config *source, const struct rule *rule, struct diagnostic *diagnostic)
{
	int result = addresses_check(source, &rule->from, diagnostic);

	if (!result)
		result = addresses_check(source, &rule->to, diagnostic);
	if (!result)
		result = check_ports(source, rule, &rule->from_ports, diagnostic);
	if (!result)
		result = check_ports(source, rule, &rule->to_ports, diagnostic);
	if (!result && rule->fields & RULE_PROTOCOL)
		result = check_icmp(source, rule, &rule->from, diagnostic);
	if (!result && rule->fields & RULE_PROTOCOL)
		result = check_icmp(source, rule, &rule->to, diagnostic);
	if (result)
		return result;
	if (rule->fields & RULE_FLAGS && rule->protocol != IPPROTO_TCP)
		return config_mistake(source, rule_field_at(rule, RULE_FLAGS), diagnostic,
				      "only tcp has `flags`, and this rule is for %s",
				      protocol_name(rule->protocol));
	if (!(families_of(&rule->from) & families_of(&rule->to)))
		return config_mistake(source, rule->to.items[0].at, diagnostic,
				      "no packet goes from %s to %s: write two rules, or addresses "
				      "of one family",
				      families_of(&rule->from) == FAMILY_IPV4 ? "IPv4" : "IPv6",
				      families_of(&rule->to) == FAMILY_IPV4 ? "IPv4" : "IPv6");
	return check_limit(source, rule, diagnostic);
}
