/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The linear walk behind oracle.h. */
#include <stdlib.h>
#include <string.h>

#include "model/glance.h"
#include "model/pool.h"
#include "model/remember.h"

/* What is known of one set or tier and the packet at hand, so that it is read once only. */
struct membership {
	uint64_t packet;
	bool holds;
};

struct oracle {
	const struct config *config;
	struct glances *glances;
	struct surroundings surroundings;
	struct memory memory;
	struct buckets buckets;
	struct membership *members[2]; /* source, destination: the sets, then the tiers */
	uint64_t packets;
	struct tw_packet packet;
	const char *device;
	bool established;
};

enum end { SOURCE, DESTINATION };

struct oracle *oracle_new(const struct config *config, const struct surroundings *surroundings)
{
	struct oracle *oracle = calloc(1, sizeof(*oracle));
	size_t names = config->set_count + config->tier_count + 1;

	if (!oracle)
		abort();
	oracle->config = config;
	oracle->glances = glances_new(config);
	oracle->surroundings = *surroundings;
	for (int end = SOURCE; end <= DESTINATION; end++) {
		oracle->members[end] = calloc(names, sizeof(struct membership));
		if (!oracle->members[end])
			abort();
	}
	return oracle;
}

void oracle_free(struct oracle *oracle)
{
	if (!oracle)
		return;
	memory_clear(&oracle->memory);
	glances_free(oracle->glances);
	free(oracle->buckets.items);
	free(oracle->members[SOURCE]);
	free(oracle->members[DESTINATION]);
	free(oracle);
}

void oracle_forget(struct oracle *oracle)
{
	memory_clear(&oracle->memory);
}

size_t oracle_buckets(const struct oracle *oracle)
{
	return oracle->buckets.count;
}

void oracle_refill(struct oracle *oracle)
{
	free(oracle->buckets.items);
	oracle->buckets = (struct buckets){0};
}

/* -- addresses ------------------------------------------------------------------------ */

static bool set_contains(const struct set *set, const union tw_addr *addr)
{
	for (size_t i = 0; i < set->count; i++)
		if (addr_is_ipv4(&set->items[i].addr) == addr_is_ipv4(addr) &&
		    prefix_holds(&set->items[i], addr))
			return true;
	return false;
}

static bool tier_contains(const struct tier *tier, const union tw_addr *addr)
{
	for (size_t i = 0; i < tier->server_count; i++)
		if (tw_addr_equal(&tier->servers[i].addr[0], addr) ||
		    tw_addr_equal(&tier->servers[i].addr[1], addr))
			return true;
	return false;
}

static bool name_contains(const struct config *config, const char *name, const union tw_addr *addr)
{
	const struct set *set = config_set(config, name);

	return set ? set_contains(set, addr) : tier_contains(config_tier(config, name), addr);
}

static bool item_contains(const struct config *config, const struct address_item *item,
			  const union tw_addr *addr)
{
	if (item->kind == ADDRESS_SET)
		return name_contains(config, item->set, addr);
	return addr_is_ipv4(&item->prefix.addr) == addr_is_ipv4(addr) &&
	       prefix_holds(&item->prefix, addr);
}

bool addresses_hold(const struct config *config, const struct addresses *addresses,
		    const union tw_addr *addr)
{
	if (!addresses->count)
		return true;
	for (size_t i = 0; i < addresses->count; i++)
		if (item_contains(config, &addresses->items[i], addr))
			return !addresses->negated;
	return addresses->negated;
}

static size_t index_of_name(const struct config *config, const char *name)
{
	const struct set *set = config_set(config, name);

	return set ? (size_t)(set - config->sets)
		   : config->set_count + (size_t)(config_tier(config, name) - config->tiers);
}

/* name_contains(), asked once a packet. */
static bool set_has_end(struct oracle *oracle, const char *name, enum end end)
{
	struct membership *known = &oracle->members[end][index_of_name(oracle->config, name)];

	if (known->packet != oracle->packets) {
		known->packet = oracle->packets;
		known->holds = name_contains(oracle->config, name,
					     end == SOURCE ? &oracle->packet.saddr
							   : &oracle->packet.daddr);
	}
	return known->holds;
}

static bool addresses_match(struct oracle *oracle, const struct addresses *addresses, enum end end)
{
	const union tw_addr *addr = end == SOURCE ? &oracle->packet.saddr : &oracle->packet.daddr;

	if (!addresses->count)
		return true;
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_SET ? set_has_end(oracle, item->set, end)
					      : item_contains(oracle->config, item, addr))
			return !addresses->negated;
	}
	return addresses->negated;
}

/* -- one rule ---------------------------------------------------------------------------- */

static bool ports_match(const struct ports *ports, uint16_t port)
{
	if (!ports->count)
		return true;
	for (size_t i = 0; i < ports->count; i++)
		if (port >= ports->items[i].low && port <= ports->items[i].high)
			return true;
	return false;
}

/* Of icmp there is only IPv4's, of icmp6 only IPv6's. */
static bool protocol_matches(const struct rule *rule, const struct tw_packet *p)
{
	if (rule->fields & RULE_FLAGS && p->protocol != IPPROTO_TCP)
		return false;
	if (!(rule->fields & RULE_PROTOCOL))
		return true;
	if (rule->protocol == IPPROTO_ICMP && p->family)
		return false;
	if (rule->protocol == IPPROTO_ICMPV6 && !p->family)
		return false;
	return p->protocol == rule->protocol;
}

/* What stands in the transport header: a later fragment has that of the first. */
static bool transport_matches(const struct rule *rule, const struct tw_packet *p)
{
	if (rule->from_ports.count || rule->to_ports.count) {
		if (!tw_has_ports(p->protocol) || p->headless)
			return false;
		if (!ports_match(&rule->from_ports, p->sport) ||
		    !ports_match(&rule->to_ports, p->dport))
			return false;
	}
	if (rule->fields & RULE_FLAGS &&
	    (p->headless || (p->flags & rule->flags_mask) != rule->flags))
		return false;
	if (rule->fields & RULE_TYPE && (p->headless || p->type != rule->type))
		return false;
	return !(rule->fields & RULE_CODE) || p->code == rule->code;
}

static bool header_matches(const struct oracle *oracle, const struct rule *rule)
{
	const struct tw_packet *p = &oracle->packet;

	if (rule->fields & RULE_STATE &&
	    rule->state != (oracle->established ? TW_STATE_ESTABLISHED : TW_STATE_NEW))
		return false;
	if (rule->fields & RULE_LENGTH &&
	    (p->length < rule->length[0] || p->length > rule->length[1]))
		return false;
	if (rule->fields & RULE_TTL && (p->ttl < rule->ttl[0] || p->ttl > rule->ttl[1]))
		return false;
	if (rule->fields & RULE_DSCP && p->dscp != rule->dscp)
		return false;
	if (rule->fields & RULE_FRAGMENT && p->part == TW_WHOLE)
		return false;
	return !(rule->fields & RULE_DEVICE) || !strcmp(rule->device, oracle->device);
}

static bool rule_matches(struct oracle *oracle, const struct rule *rule)
{
	if (!protocol_matches(rule, &oracle->packet) ||
	    !addresses_match(oracle, &rule->from, SOURCE) ||
	    !addresses_match(oracle, &rule->to, DESTINATION) ||
	    !transport_matches(rule, &oracle->packet) || !header_matches(oracle, rule))
		return false;
	if (!(rule->fields & RULE_LIMIT))
		return true;
	/* the last to be asked: only what matches otherwise counts against it */
	return bucket_take(&oracle->buckets, rule, &oracle->packet.saddr) != rule->limit.over;
}

/* -- lists ----------------------------------------------------------------------------------- */

/* The first rule that matches, from 1; 0: none does. */
static uint32_t walk(struct oracle *oracle, const struct rules *list)
{
	for (size_t i = 0; i < list->count; i++) {
		i = glance(oracle->glances, list, i, &oracle->packet);
		if (i < list->count && rule_matches(oracle, &list->items[i]))
			return (uint32_t)(i + 1);
	}
	return 0;
}

/* The reason of what rule `number` (0: the default) refuses; `otherwise` by where it stands. */
static uint8_t reason_of(const struct rules *list, uint32_t number, uint8_t otherwise)
{
	const struct rule *rule = number ? &list->items[number - 1] : NULL;

	if (!rule)
		return TW_REASON_DEFAULT;
	return rule->fields & RULE_LIMIT && rule->limit.over ? TW_REASON_LIMIT : otherwise;
}

static bool refuse(struct judgement *out, uint8_t reason)
{
	out->accepted = false;
	out->reason = reason;
	return false;
}

/* `list`, after `own` (may be NULL) has been asked. */
static bool ask_lists(struct oracle *oracle, const struct rules *own, const struct rules *list,
		      struct judgement *out)
{
	uint32_t number = own ? walk(oracle, own) : 0;

	if (number)
		list = own;
	else
		number = walk(oracle, list);
	out->firewall = (struct place_of_rule){list, number};
	out->action = number ? list->items[number - 1].action : list->default_action;
	return out->action == TW_ACCEPT || refuse(out, reason_of(list, number, TW_REASON_RULE));
}

static bool ask_guard(struct oracle *oracle, struct judgement *out)
{
	const struct rules *guard = &oracle->config->guard;
	struct flow_name name = flow_name_of(&oracle->packet);
	uint32_t number;

	if (!guard->count && !guard->at.line)
		return true;
	oracle->established = memory_flow(&oracle->memory, &name) != NULL;
	number = walk(oracle, guard);
	oracle->established = false;
	out->guard = (struct place_of_rule){guard, number};
	out->action = number ? guard->items[number - 1].action : guard->default_action;
	return out->action == TW_ACCEPT || refuse(out, reason_of(guard, number, TW_REASON_BLOCKED));
}

/* -- what it is for ------------------------------------------------------------------------------ */

static const struct server *find_server(const struct config *config, const union tw_addr *addr,
					const struct tier **tier)
{
	for (size_t i = 0; i < config->tier_count; i++)
		for (size_t j = 0; j < config->tiers[i].server_count; j++) {
			const struct server *server = &config->tiers[i].servers[j];

			*tier = &config->tiers[i];
			if (tw_addr_equal(&server->addr[0], addr) ||
			    tw_addr_equal(&server->addr[1], addr))
				return server;
		}
	return NULL;
}

static bool is_own_address(const struct oracle *oracle, const union tw_addr *addr)
{
	for (size_t i = 0; i < oracle->surroundings.address_count; i++)
		if (tw_addr_equal(&oracle->surroundings.addresses[i], addr))
			return true;
	return false;
}

static bool is_tracked(const struct tw_packet *p)
{
	if (p->headless)
		return false;
	return !tw_is_icmp(p) || tw_is_echo(p);
}

/* Both directions; of what ends at the node, only the one that comes in. */
static void begin_flow(struct oracle *oracle, struct judgement *out, bool ends_here)
{
	const struct tw_packet *p = &oracle->packet;
	struct flow flow = {
		.name = flow_name_of(p),
		.state = tw_is_syn(p) ? TW_FLOW_NEW : TW_FLOW_ESTABLISHED,
		.rule = out->firewall,
	};
	const struct flow *known;

	if (!is_tracked(p))
		return;
	known = memory_flow(&oracle->memory, &flow.name);
	if (!known && p->protocol == IPPROTO_TCP && p->flags & (TW_FIN | TW_RST))
		return; /* the end of a flow that nobody knows */
	if (!known && p->part == TW_FRAGMENT_LATER)
		return; /* flows begin with what has a header */
	out->begins = !known || known->state == TW_FLOW_CLOSING;
	memory_put_flow(&oracle->memory, &flow);
	if (ends_here)
		return;
	flow.name = flow_name_back(&flow.name);
	memory_put_flow(&oracle->memory, &flow);
}

static bool is_invalid_state(const struct rules *list, const struct tw_packet *p)
{
	return list->strict && p->protocol == IPPROTO_TCP && !tw_is_syn(p);
}

static bool is_dhcp_reply(const struct tw_packet *p)
{
	if (p->protocol != IPPROTO_UDP)
		return false;
	return p->family ? p->sport == 547 && p->dport == 546 : p->sport == 67 && p->dport == 68;
}

static void judge_list(struct oracle *oracle, const struct rules *own, const struct rules *list,
		       struct judgement *out)
{
	if (oracle->packet.headless)
		refuse(out, TW_REASON_FRAGMENT);
	else if (!own && is_dhcp_reply(&oracle->packet))
		return;
	else if (is_invalid_state(list, &oracle->packet))
		refuse(out, TW_REASON_INVALID_STATE);
	else if (ask_lists(oracle, own, list, out))
		begin_flow(oracle, out, !own);
}

/* Not for us; but a server of ours may speak to somebody else, by its own device. */
static void judge_others(struct oracle *oracle, struct judgement *out)
{
	const struct tier *tier;
	const struct server *server = find_server(oracle->config, &oracle->packet.saddr, &tier);
	const char *device = oracle->surroundings.way_out;

	if (server && server->device[0])
		device = server->device;
	if (server && !strcmp(device, oracle->device))
		begin_flow(oracle, out, false);
}

static void judge_new(struct oracle *oracle, struct judgement *out)
{
	const struct tier *tier;
	const struct server *server = find_server(oracle->config, &oracle->packet.daddr, &tier);

	if (server)
		judge_list(oracle, &server->rules, &tier->rules, out);
	else if (oracle->config->has_host && is_own_address(oracle, &oracle->packet.daddr))
		judge_list(oracle, NULL, &oracle->config->host, out);
	else
		judge_others(oracle, out);
}

/* -- flows ------------------------------------------------------------------------------------------ */

static void follow(struct oracle *oracle, struct flow *flow, struct judgement *out)
{
	const struct tw_packet *p = &oracle->packet;
	struct flow_name back = flow_name_back(&flow->name);
	struct flow *other = memory_flow(&oracle->memory, &back);

	out->known = true;
	out->firewall = flow->rule;
	if (p->protocol != IPPROTO_TCP || p->part == TW_FRAGMENT_LATER)
		return;
	if (p->flags & (TW_FIN | TW_RST)) {
		if (other && flow->state != TW_FLOW_CLOSING)
			other->state = TW_FLOW_CLOSING;
		flow->state = TW_FLOW_CLOSING;
	} else if (!(p->flags & TW_SYN) && flow->state == TW_FLOW_NEW) {
		flow->state = TW_FLOW_ESTABLISHED;
	}
}

static void judge_flow(struct oracle *oracle, struct judgement *out)
{
	const struct tw_packet *p = &oracle->packet;
	struct flow_name name = flow_name_of(p);
	struct flow *flow = is_tracked(p) ? memory_flow(&oracle->memory, &name) : NULL;

	if (flow && !(tw_is_syn(p) && flow->state != TW_FLOW_ESTABLISHED))
		follow(oracle, flow, out);
	else
		judge_new(oracle, out);
}

/* Did a rule of guard refuse it for what the rest of its datagram does not say? */
static bool refusal_hides(const struct judgement *out)
{
	const struct place_of_rule *guard = &out->guard;
	const struct rule *rule;

	if (!guard->number || out->firewall.list)
		return false;
	rule = &guard->list->items[guard->number - 1];
	return rule->action != TW_ACCEPT && (rule->from_ports.count || rule->to_ports.count ||
					     rule->fields & (RULE_FLAGS | RULE_TYPE | RULE_CODE));
}

/* What is well-formed and no neighbour discovery. */
static void judge_packet(struct oracle *oracle, struct judgement *out)
{
	struct tw_packet *p = &oracle->packet;
	uint8_t reason = p->part == TW_WHOLE ? TW_REASON_NONE : memory_meet(&oracle->memory, p);

	if (reason != TW_REASON_NONE)
		refuse(out, reason);
	else if (ask_guard(oracle, out))
		judge_flow(oracle, out);
	if (p->part == TW_WHOLE)
		return;
	if (out->accepted)
		memory_accept(&oracle->memory, p);
	else if (out->reason != TW_REASON_OVERLAP)
		memory_refuse(&oracle->memory, p, refusal_hides(out));
}

void oracle_judge(struct oracle *oracle, const uint8_t *frame, size_t length, const char *device,
		  struct judgement *out)
{
	struct tw_packet *p = &oracle->packet;
	enum tw_parsed parsed = tw_parse(p, frame, frame + length, (uint32_t)length);

	oracle->packets++;
	oracle->device = device;
	*out = (struct judgement){.accepted = true, .reason = TW_REASON_NONE};
	if (p->faults) {
		refuse(out, tw_fault_reason(p->faults));
		if (p->part != TW_WHOLE)
			memory_refuse(&oracle->memory, p, false);
	} else if (parsed == TW_PARSED && !tw_is_neighbour_discovery(p)) {
		judge_packet(oracle, out);
	}
	out->packet = *p;
}
