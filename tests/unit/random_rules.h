/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random rules of every kind, packets inside of them and beside them, and the slow way. */
#ifndef TESTS_UNIT_RANDOM_RULES_H
#define TESTS_UNIT_RANDOM_RULES_H

#include <stdio.h>
#include <stdlib.h>

#include "classify_user.h"

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % sides;
}

/* -- the slow way ---------------------------------------------------------------------- */

static bool addresses_match(const struct config *config, const struct addresses *addresses,
			    const union tw_addr *addr, uint32_t family)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];
		const struct set *set =
			item->kind == ADDRESS_SET ? config_set(config, item->set) : NULL;

		if (set ? set_holds(set->index, addr, family)
			: prefix_holds(&item->prefix, addr, family))
			return !addresses->negated;
	}
	return !addresses->count || addresses->negated;
}

static bool ports_match(const struct ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (port >= ports->items[i].low && port <= ports->items[i].high)
			return true;
	return !ports->count;
}

static bool transport_matches(const struct rule *rule, const struct tw_packet *p)
{
	if (rule->from_ports.count || rule->to_ports.count) {
		if (!tw_has_ports(p->protocol) || p->headless)
			return false;
		if (!ports_match(&rule->from_ports, p->sport) ||
		    !ports_match(&rule->to_ports, p->dport))
			return false;
	}
	if (rule->fields & RULE_FLAGS && (p->headless || p->protocol != IPPROTO_TCP ||
					  (p->flags & rule->flags_mask) != rule->flags))
		return false;
	if (rule->fields & RULE_TYPE && (p->headless || p->type != rule->type))
		return false;
	return !(rule->fields & RULE_CODE) || (!p->headless && p->code == rule->code);
}

static bool rule_matches(const struct config *config, const struct rule *rule,
			 const struct tw_packet *p, uint32_t state)
{
	uint32_t fields = rule->fields;

	if (fields & RULE_PROTOCOL && rule->protocol != p->protocol)
		return false;
	if (fields & RULE_PROTOCOL && p->family && rule->protocol == IPPROTO_ICMP)
		return false;
	if (fields & RULE_PROTOCOL && !p->family && rule->protocol == IPPROTO_ICMPV6)
		return false;
	if (fields & RULE_STATE && !(rule->state & state))
		return false;
	if (fields & RULE_LENGTH && (p->length < rule->length[0] || p->length > rule->length[1]))
		return false;
	if (fields & RULE_TTL && (p->ttl < rule->ttl[0] || p->ttl > rule->ttl[1]))
		return false;
	if (fields & RULE_DSCP && p->dscp != rule->dscp)
		return false;
	if (fields & RULE_FRAGMENT && p->part == TW_WHOLE)
		return false;
	return transport_matches(rule, p) &&
	       addresses_match(config, &rule->from, &p->saddr, p->family) &&
	       addresses_match(config, &rule->to, &p->daddr, p->family);
}

/* Admits by the rule's number, so that both ways ask for the same. */
static bool every_third(uint32_t number)
{
	return number % 3 == 0;
}

static size_t walk(const struct config *config, const struct rules *rules,
		   const struct tw_packet *p, uint32_t state)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rule_matches(config, &rules->items[i], p, state) &&
		    (!(rules->items[i].fields & RULE_LIMIT) || every_third((uint32_t)i)))
			return i;
	return rules->count;
}

/* -- rules ------------------------------------------------------------------------------- */

static void cut_prefix(struct prefix *prefix, uint8_t bits)
{
	prefix->bits = bits;
	for (uint32_t bit = bits; bit < 128; bit++)
		prefix->addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static void make_address(union tw_addr *addr, bool ipv6)
{
	static const uint8_t start[2][8] = {{[10 - 8] = 0}, {0x20, 0x01, 0x0d, 0xb8}};

	memset(addr, 0, sizeof(*addr));
	if (ipv6) {
		memcpy(addr->bytes, start[1], 4);
		addr->bytes[5] = (uint8_t)dice(3);
		addr->bytes[7] = (uint8_t)dice(4);
		addr->bytes[dice(2) ? 12 : 15] = (uint8_t)dice(64);
		return;
	}
	addr->bytes[10] = addr->bytes[11] = 0xff;
	addr->bytes[12] = 10;
	addr->bytes[13] = (uint8_t)dice(3);
	addr->bytes[14] = (uint8_t)dice(8);
	addr->bytes[15] = (uint8_t)dice(64);
}

static void make_prefix(struct prefix *prefix, bool ipv6)
{
	static const uint8_t bits4[] = {128, 128, 120, 112, 108, 124, 104, 126, 96};
	static const uint8_t bits6[] = {128, 128, 64, 48, 32, 120, 72, 40, 0};

	make_address(&prefix->addr, ipv6);
	cut_prefix(prefix, ipv6 ? bits6[dice(9)] : bits4[dice(9)]);
}

static void make_addresses(struct addresses *addresses, int ipv6)
{
	uint32_t count = dice(8) ? 1 : 2 + dice(30);

	if (dice(3) == 0)
		return;
	addresses->negated = dice(8) == 0;
	for (uint32_t i = 0; i < count; i++) {
		struct address_item *item =
			config_push(&addresses->items, &addresses->count, sizeof(*item));

		item->kind = dice(5) ? ADDRESS_PREFIX : ADDRESS_SET;
		snprintf(item->set, sizeof(item->set), "s%u", dice(6));
		make_prefix(&item->prefix, ipv6 < 0 ? dice(2) : (uint32_t)ipv6);
	}
}

static uint16_t make_port(void)
{
	return (uint16_t)(dice(3) ? dice(40) : dice(4) ? dice(65536) : 65535 * dice(2));
}

static void make_ports(struct ports *ports)
{
	uint32_t count = dice(4) ? 1 : 1 + dice(5);

	for (uint32_t i = 0; dice(2) && i < count; i++) {
		struct port_range *range =
			config_push(&ports->items, &ports->count, sizeof(*range));
		uint16_t one = make_port(), other = dice(2) ? one : make_port();

		range->low = one < other ? one : other;
		range->high = one < other ? other : one;
	}
}

static const uint8_t protocols[] = {6, 6, 6, 17, 17, 1, 58, 132, 47};

static void make_conditions(struct rule *rule)
{
	static const uint32_t rare[] = {RULE_STATE, RULE_LENGTH, RULE_TTL, RULE_DSCP,
					RULE_FRAGMENT};

	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (dice(12) == 0)
			rule->fields |= rare[i];
	rule->state = (uint8_t)(1 + dice(2));
	rule->length[0] = (uint16_t)(40 + dice(40));
	rule->length[1] = (uint16_t)(rule->length[0] + dice(60));
	rule->ttl[0] = (uint8_t)dice(60);
	rule->ttl[1] = (uint8_t)(rule->ttl[0] + dice(60));
	rule->dscp = (uint8_t)dice(3);
	rule->flags_mask = (uint8_t)(1 + dice(31));
	rule->flags = (uint8_t)dice(32) & rule->flags_mask;
	rule->type = (uint8_t)dice(4);
	rule->code = (uint8_t)dice(3);
}

/* One of many fields at most, so that the rules of a list differ in that one. */
static void make_rule(struct rule *rule, bool limits)
{
	int ipv6 = dice(8) ? (int)dice(2) : -1;

	make_conditions(rule);
	rule->action = (uint8_t)dice(3);
	if (dice(5)) {
		rule->fields |= RULE_PROTOCOL;
		rule->protocol = protocols[dice(9)];
	}
	if (!(rule->fields & RULE_PROTOCOL) || tw_has_ports(rule->protocol)) {
		make_ports(&rule->from_ports);
		make_ports(&rule->to_ports);
	}
	if (rule->fields & RULE_PROTOCOL && rule->protocol == IPPROTO_TCP && dice(3) == 0)
		rule->fields |= RULE_FLAGS;
	if (rule->fields & RULE_PROTOCOL && rule->protocol % 57 == 1 && dice(2))
		rule->fields |= RULE_TYPE | (dice(2) ? RULE_CODE : 0);
	if (limits && dice(4) == 0) {
		rule->fields |= RULE_LIMIT;
		rule->limit = (struct limit){.unit = 's', .rate = 1};
	}
	if (dice(6) == 0)
		rule->fields |= RULE_LOG;
	make_addresses(&rule->from, ipv6);
	make_addresses(&rule->to, ipv6);
	rule->id = TW_NONE32;
}

static void make_set(struct config *config, uint32_t number)
{
	struct set *set = config_push(&config->sets, &config->set_count, sizeof(*set));

	snprintf(set->name, sizeof(set->name), "s%u", number);
	set->index = TW_NONE32;
	for (uint32_t i = dice(6); i; i--)
		make_prefix(config_push(&set->items, &set->count, sizeof(*set->items)), dice(2));
}

static struct config *make_config(uint32_t count, bool limits)
{
	struct config *config;

	assert_int_equal(config_new(&config, NULL), 0);
	for (uint32_t i = 0; i < 6; i++)
		make_set(config, i);
	for (uint32_t i = 0; i < count; i++)
		make_rule(config_push(&config->guard.items, &config->guard.count,
				      sizeof(struct rule)),
			  limits);
	return config;
}

/* -- packets ------------------------------------------------------------------------------- */

static void make_packet(struct tw_packet *p)
{
	memset(p, 0, sizeof(*p));
	p->family = (uint8_t)dice(2);
	make_address(&p->saddr, p->family);
	make_address(&p->daddr, p->family);
	p->protocol = protocols[dice(9)];
	p->length = (uint16_t)(40 + dice(120));
	p->ttl = (uint8_t)dice(130);
	p->dscp = (uint8_t)dice(4);
	p->part = (uint8_t)(dice(8) ? TW_WHOLE : dice(3));
	p->headless = dice(10) == 0;
	if (!p->headless) {
		p->sport = make_port();
		p->dport = make_port();
	}
	p->flags = (uint8_t)(p->protocol == IPPROTO_TCP ? dice(32) : 0);
	p->type = (uint8_t)(p->protocol % 57 == 1 ? dice(4) : 0);
	p->code = (uint8_t)(p->protocol % 57 == 1 ? dice(3) : 0);
}

/* What a rule asks for, as far as one packet can give it. */
static void aim_at(struct tw_packet *p, const struct rule *rule)
{
	if (rule->fields & RULE_PROTOCOL)
		p->protocol = rule->protocol;
	if (rule->from.count && !rule->from.negated && dice(8))
		p->saddr = rule->from.items[dice((uint32_t)rule->from.count)].prefix.addr;
	if (rule->to.count && !rule->to.negated && dice(8))
		p->daddr = rule->to.items[dice((uint32_t)rule->to.count)].prefix.addr;
	p->family = !addr_is_ipv4(&p->saddr);
	if (p->family == addr_is_ipv4(&p->daddr))
		make_address(&p->daddr, p->family);
	if (rule->from_ports.count)
		p->sport = (uint16_t)(rule->from_ports.items[0].low - (dice(8) == 0));
	if (rule->to_ports.count)
		p->dport = (uint16_t)(rule->to_ports.items[0].high + (dice(8) == 0));
	if (rule->fields & RULE_FLAGS && dice(4))
		p->flags = rule->flags;
	if (rule->fields & RULE_TYPE && dice(4))
		p->type = rule->type;
	if (rule->fields & RULE_CODE && dice(4))
		p->code = rule->code;
	if (rule->fields & RULE_TTL)
		p->ttl = rule->ttl[dice(2)];
	if (rule->fields & RULE_LENGTH)
		p->length = rule->length[dice(2)];
	if (rule->fields & RULE_DSCP)
		p->dscp = rule->dscp;
}

#endif
