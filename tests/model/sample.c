/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds packets that a rule matches, and what is nearest to them. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/oracle.h"
#include "model/pool.h"
#include "model/sample.h"

#define TRIES        24
#define LENGTH_MAX   1500
#define ICMP6_NS     135 /* with a hop limit of 255 it is never judged */
#define LATER_OFFSET 64

static const uint8_t tcp_flags[] = {
	TW_SYN,          TW_ACK,          TW_SYN | TW_ACK,          TW_RST,
	TW_RST | TW_ACK, TW_FIN | TW_ACK, TW_FIN | TW_ACK | TW_URG, TW_ACK | TW_URG,
	TW_SYN | TW_URG,
};

/* -- lists -------------------------------------------------------------------------------- */

static void add_target(struct target **targets, size_t *count, struct target target)
{
	struct target *place = config_push(targets, count, sizeof(*place));

	if (!place)
		abort();
	*place = target;
}

struct target *targets_of(const struct config *config, size_t *count)
{
	struct target *targets = NULL;

	*count = 0;
	add_target(&targets, count, (struct target){.list = &config->guard});
	if (config->has_host)
		add_target(&targets, count, (struct target){.list = &config->host, .host = true});
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		if (!tier->server_count)
			continue;
		add_target(&targets, count, (struct target){.list = &tier->rules, .tier = tier});
		for (size_t j = 0; j < tier->server_count; j++)
			add_target(&targets, count,
				   (struct target){.list = &tier->servers[j].rules,
						   .tier = tier,
						   .server = &tier->servers[j]});
	}
	return targets;
}

/* -- addresses ------------------------------------------------------------------------------- */

static union tw_addr random_addr(struct random *random, int family)
{
	union tw_addr addr = random_bits(random);

	if (family) {
		addr.bytes[0] = 0x20 | (addr.bytes[0] & 0x0f);
		return addr;
	}
	memset(&addr, 0, 10);
	addr.bytes[10] = addr.bytes[11] = 0xff;
	addr.bytes[12] = 1 + addr.bytes[12] % 126;
	return addr;
}

static bool corner_of(struct random *random, const struct prefix *prefix, int family,
		      enum corner corner, union tw_addr *out)
{
	union tw_addr bits = random_bits(random);

	if (addr_is_ipv4(&prefix->addr) == (family != 0))
		return false;
	if (corner == LOWEST)
		*out = prefix_first(prefix);
	else if (corner == HIGHEST)
		*out = prefix_last(prefix);
	else
		*out = prefix_address(prefix, &bits);
	return true;
}

static bool server_addr(struct sampler *sampler, const struct tier *tier, int family,
			union tw_addr *out)
{
	if (!tier->server_count)
		return false;
	*out = tier->servers[random_below(&sampler->random, tier->server_count)].addr[family];
	return !addr_is_zero(out);
}

static bool item_addr(struct sampler *sampler, const struct address_item *item, int family,
		      enum corner corner, union tw_addr *out)
{
	const struct set *set;
	const struct tier *tier;

	if (item->kind == ADDRESS_PREFIX)
		return corner_of(&sampler->random, &item->prefix, family, corner, out);
	set = config_set(sampler->config, item->set);
	if (set)
		return set->count &&
		       corner_of(&sampler->random,
				 &set->items[random_below(&sampler->random, set->count)], family,
				 corner, out);
	tier = config_tier(sampler->config, item->set);
	return tier && server_addr(sampler, tier, family, out);
}

/* An address that `addresses` hold. */
static bool pick_addr(struct sampler *sampler, const struct addresses *addresses, int family,
		      enum corner corner, union tw_addr *out)
{
	struct random *random = &sampler->random;

	for (int try = 0; try < TRIES; try++) {
		if (!addresses->count || addresses->negated)
			*out = random_addr(random, family);
		else if (!item_addr(sampler,
				    &addresses->items[random_below(random, addresses->count)],
				    family, corner, out))
			continue;
		if (addresses_hold(sampler->config, addresses, out))
			return true;
	}
	return false;
}

/* Where packets to this list go. */
static bool target_addr(struct sampler *sampler, const struct target *target, int family,
			union tw_addr *out)
{
	if (target->host)
		*out = sampler->node[family];
	else if (target->server)
		*out = target->server->addr[family];
	else
		return server_addr(sampler, target->tier, family, out);
	return !addr_is_zero(out);
}

static bool pick_destination(struct sampler *sampler, const struct target *target,
			     const struct addresses *to, int family, enum corner corner,
			     union tw_addr *out)
{
	if (!target->host && !target->tier)
		return pick_addr(sampler, to, family, corner, out);
	for (int try = 0; try < TRIES; try++)
		if (target_addr(sampler, target, family, out) &&
		    addresses_hold(sampler->config, to, out))
			return true;
	return false;
}

/* -- everything else ---------------------------------------------------------------------------- */

static uint32_t in_corner(struct random *random, uint32_t low, uint32_t high, enum corner corner)
{
	if (corner == LOWEST)
		return low;
	return corner == HIGHEST ? high : random_between(random, low, high);
}

static uint16_t pick_port(struct random *random, const struct ports *ports, enum corner corner)
{
	const struct port_range *range;

	if (!ports->count)
		return (uint16_t)random_between(random, 1, 65535);
	range = &ports->items[random_below(random, ports->count)];
	return (uint16_t)in_corner(random, range->low, range->high, corner);
}

static bool pick_protocol(struct random *random, const struct rule *rule, struct tw_packet *p)
{
	static const uint8_t others[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, TW_SCTP, 47};

	if (rule->fields & RULE_PROTOCOL)
		p->protocol = rule->protocol;
	else if (rule->fields & RULE_FLAGS)
		p->protocol = IPPROTO_TCP;
	else
		p->protocol = others[random_below(
			random, rule->from_ports.count || rule->to_ports.count ? 4 : 5)];
	if (p->protocol == IPPROTO_ICMP)
		return !p->family;
	return p->protocol != IPPROTO_ICMPV6 || p->family;
}

static bool pick_flags(struct random *random, const struct rule *rule, struct tw_packet *p)
{
	if (p->protocol != IPPROTO_TCP)
		return true;
	for (int try = 0; try < 2 * TRIES; try++) {
		p->flags = tcp_flags[random_below(random, sizeof(tcp_flags))];
		if (!(rule->fields & RULE_FLAGS) && random_percent(random, 70))
			p->flags = TW_SYN;
		if (rule->fields & RULE_FLAGS || random_percent(random, 10))
			p->flags |= random_next(random) & 0xc8; /* psh, ece, cwr */
		if (!(rule->fields & RULE_FLAGS) || (p->flags & rule->flags_mask) == rule->flags)
			return true;
	}
	return false;
}

static uint16_t shortest(const struct tw_packet *p)
{
	uint16_t length = p->family ? 40 : 20;

	if (p->part != TW_WHOLE && p->family)
		length += 8;
	if (p->protocol == IPPROTO_TCP)
		return length + (p->part == TW_WHOLE ? 20 : 24);
	if (p->part != TW_WHOLE)
		return length + 16;
	return length + (p->protocol == TW_SCTP ? 12 : 8);
}

/* What a first fragment has behind its headers comes in units of eight bytes. */
static uint16_t rounded(const struct tw_packet *p, uint16_t length)
{
	uint16_t header = p->family ? 48 : 20;

	return p->part == TW_FRAGMENT_FIRST ? header + (length - header) / 8 * 8 : length;
}

static bool pick_length(struct random *random, const struct rule *rule, enum corner corner,
			struct tw_packet *p)
{
	uint16_t low = shortest(p), high = LENGTH_MAX;

	if (!(rule->fields & RULE_LENGTH)) {
		p->length = rounded(p, low + (random_percent(random, 20) ? 64 : 0));
		return true;
	}
	if (rule->length[0] > low)
		low = rule->length[0];
	if (rule->length[1] < high)
		high = rule->length[1];
	if (low > high)
		return false;
	p->length = (uint16_t)in_corner(random, low, high, corner);
	if (p->part == TW_FRAGMENT_FIRST && rounded(p, p->length) < low)
		p->length += 8;
	p->length = rounded(p, p->length);
	return p->length >= low && p->length <= high;
}

static uint8_t pick_device(struct sampler *sampler, const struct rule *rule)
{
	if (rule->fields & RULE_DEVICE)
		for (uint8_t i = 0; i < SAMPLE_DEVICES; i++)
			if (!strcmp(sampler->devices[i], rule->device))
				return i;
	return (uint8_t)random_below(&sampler->random, SAMPLE_DEVICES);
}

static void pick_icmp(struct random *random, const struct rule *rule, struct tw_packet *p)
{
	p->type = rule->fields & RULE_TYPE ? rule->type : (uint8_t)random_below(random, 160);
	p->code = rule->fields & RULE_CODE ? rule->code : (uint8_t)random_below(random, 3);
	if (tw_is_echo(p))
		p->sport = p->dport = (uint16_t)random_next(random);
	if (p->family && p->ttl == 255 && p->type >= 133 && p->type <= 137)
		p->ttl = 254; /* else it is neighbour discovery, which no rule sees */
}

static void pick_fields(struct sampler *sampler, const struct rule *rule, enum corner corner,
			struct sample *out)
{
	struct random *random = &sampler->random;
	struct tw_packet *p = &out->packet;

	p->ttl = rule->fields & RULE_TTL
			 ? (uint8_t)in_corner(random, rule->ttl[0], rule->ttl[1], corner)
			 : (uint8_t)random_between(random, 2, 255);
	p->dscp = rule->fields & RULE_DSCP ? rule->dscp : (uint8_t)random_below(random, 64);
	p->fragment_id = (uint32_t)random_next(random);
	if (!p->family)
		p->fragment_id &= 0xffff;
	out->device = pick_device(sampler, rule);
	if (rule->fields & RULE_FRAGMENT || random_percent(random, 2))
		p->part = TW_FRAGMENT_FIRST;
	if (tw_is_icmp(p))
		pick_icmp(random, rule, p);
	if (!tw_has_ports(p->protocol))
		return;
	p->sport = pick_port(random, &rule->from_ports, corner);
	p->dport = pick_port(random, &rule->to_ports, corner);
}

/* Families that the list can be asked about; mixed sets leave both. */
static bool sample_family(struct sampler *sampler, const struct target *target,
			  const struct rule *rule, int family, enum corner corner,
			  struct sample *out)
{
	struct tw_packet *p = &out->packet;

	memset(out, 0, sizeof(*out));
	p->family = (uint8_t)family;
	if (!pick_protocol(&sampler->random, rule, p) ||
	    !pick_addr(sampler, &rule->from, family, corner, &p->saddr) ||
	    !pick_destination(sampler, target, &rule->to, family, corner, &p->daddr) ||
	    !pick_flags(&sampler->random, rule, p))
		return false;
	pick_fields(sampler, rule, corner, out);
	if (p->part == TW_FRAGMENT_FIRST && rule->fields & RULE_FRAGMENT &&
	    !(rule->fields & (RULE_FLAGS | RULE_TYPE)) && !rule->from_ports.count &&
	    !rule->to_ports.count && random_percent(&sampler->random, 50)) {
		p->part = TW_FRAGMENT_LATER;
		out->offset = LATER_OFFSET;
	}
	return pick_length(&sampler->random, rule, corner, p);
}

bool sample_hit(struct sampler *sampler, const struct target *target, const struct rule *rule,
		enum corner corner, struct sample *out)
{
	int family = (int)random_below(&sampler->random, 2);

	return sample_family(sampler, target, rule, family, corner, out) ||
	       sample_family(sampler, target, rule, !family, corner, out);
}

/* -- near misses and others --------------------------------------------------------------------------- */

static void step_addr(union tw_addr *addr, int step)
{
	for (int i = 15; i >= 0; i--) {
		addr->bytes[i] = (uint8_t)(addr->bytes[i] + step);
		if (addr->bytes[i] != (step > 0 ? 0 : 0xff))
			return; /* nothing to carry */
	}
}

static void change_one(struct sampler *sampler, struct sample *sample, int step)
{
	struct random *random = &sampler->random;
	struct tw_packet *p = &sample->packet;

	switch (random_below(random, 10)) {
	case 0:
		step_addr(&p->saddr, step);
		break;
	case 1:
		step_addr(&p->daddr, step);
		break;
	case 2:
		p->sport = (uint16_t)(p->sport + step);
		break;
	case 3:
	case 4:
		p->dport = (uint16_t)(p->dport + step);
		break;
	case 5:
		p->ttl = (uint8_t)(p->ttl + step);
		break;
	case 6:
		p->flags = tcp_flags[random_below(random, sizeof(tcp_flags))];
		break;
	case 7:
		if (random_percent(random, 50))
			p->type = (uint8_t)(p->type + step);
		else
			p->code = (uint8_t)(p->code + step);
		break;
	case 8:
		p->dscp = (p->dscp + step) & 63;
		sample->device = (sample->device + 1) % SAMPLE_DEVICES;
		break;
	default:
		p->length = (uint16_t)(p->length + step);
	}
	/* what has one number in two places, and what no sender can send */
	if (tw_is_icmp(p) && tw_is_echo(p))
		p->dport = p->sport;
	if (p->length < shortest(p) || p->part == TW_FRAGMENT_FIRST)
		p->length = shortest(p);
}

bool sample_near(struct sampler *sampler, const struct target *target, const struct rule *rule,
		 struct sample *out)
{
	enum corner corner = (enum corner)random_below(&sampler->random, 2);

	if (!sample_hit(sampler, target, rule, corner, out))
		return false;
	change_one(sampler, out, corner == LOWEST ? -1 : 1);
	return true;
}

/* A rule of any list, as often as it has rules. */
static const struct rule *random_rule(struct sampler *sampler, const struct target **target)
{
	for (int try = 0; try < TRIES; try++) {
		*target = &sampler->targets[random_below(&sampler->random, sampler->target_count)];
		if ((*target)->list->count)
			return &(*target)->list->items[random_below(&sampler->random,
								    (*target)->list->count)];
	}
	return NULL;
}

void sample_random(struct sampler *sampler, struct sample *out)
{
	static const struct rule any;
	const struct target *target;
	const struct rule *first = random_rule(sampler, &target), *second;
	const struct target *other;
	struct sample lender;

	if (!first || !sample_hit(sampler, target, first, ANYWHERE, out))
		sample_hit(sampler, &sampler->targets[0], &any, ANYWHERE, out);
	second = random_rule(sampler, &other);
	if (!second || !sample_hit(sampler, other, second, ANYWHERE, &lender) ||
	    lender.packet.family != out->packet.family)
		return;
	if (random_percent(&sampler->random, 50))
		out->packet.saddr = lender.packet.saddr;
	if (random_percent(&sampler->random, 30))
		out->packet.daddr = lender.packet.daddr;
	if (tw_has_ports(out->packet.protocol) && random_percent(&sampler->random, 50))
		out->packet.dport = lender.packet.dport;
}

void sample_turn(struct sample *sample)
{
	struct tw_packet *p = &sample->packet;
	union tw_addr addr = p->saddr;
	uint16_t port = p->sport;

	p->saddr = p->daddr;
	p->daddr = addr;
	p->sport = p->dport;
	p->dport = port;
}

void sample_next(struct sampler *sampler, struct sample *sample)
{
	struct random *random = &sampler->random;
	struct tw_packet *p = &sample->packet;

	if (p->part == TW_FRAGMENT_FIRST) {
		p->part = TW_FRAGMENT_LATER;
		sample->offset = LATER_OFFSET;
		return;
	}
	if (tw_is_icmp(p))
		return;
	/* rules that ask for these would not accept it again */
	p->ttl = (uint8_t)random_between(random, 1, 255);
	p->dscp = (uint8_t)random_below(random, 64);
	if (p->protocol == IPPROTO_TCP)
		p->flags = tcp_flags[random_below(random, sizeof(tcp_flags))];
	if (random_percent(random, 40) && tw_has_ports(p->protocol))
		sample_turn(sample);
}
