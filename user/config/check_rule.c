/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The meaning of one rule by itself: protocols, ports and families that fit. */
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

	for (size_t i = 0; i < addresses->count; i++)
		families |= families_of_item(&addresses->items[i]);
	return families ? families : FAMILY_IPV4 | FAMILY_IPV6;
}

static int not_yet(const struct config *source, struct place at, const char *word,
		   struct diagnostic *diagnostic)
{
	return config_mistake(source, at, diagnostic, "`%s` is not yet supported", word);
}

static int check_supported(const struct config *source, const struct rule *rule,
			   struct diagnostic *diagnostic)
{
	if (rule->action == TW_REJECT)
		return not_yet(source, rule->at, "reject", diagnostic);
	if (rule->fields & RULE_LOG)
		return not_yet(source, rule_field_at(rule, RULE_LOG), "log", diagnostic);
	if (rule->fields & RULE_LIMIT)
		return not_yet(source, rule_field_at(rule, RULE_LIMIT), "limit", diagnostic);
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

	if (!icmp6 && rule->protocol != IPPROTO_ICMP)
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

int rule_check(const struct config *source, const struct rule *rule, struct diagnostic *diagnostic)
{
	int result = check_supported(source, rule, diagnostic);

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
	return 0;
}
