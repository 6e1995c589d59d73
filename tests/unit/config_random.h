/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random configurations that the grammar can express, the same for the same seed. */
#ifndef TIERWALL_TESTS_UNIT_CONFIG_RANDOM_H
#define TIERWALL_TESTS_UNIT_CONFIG_RANDOM_H

#include <netinet/in.h>

#include "config_rows.h"

static uint64_t random_state;

/* xorshift64*; below `bound`. */
static inline uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 32) % bound;
}

static inline bool random_bool(void)
{
	return random_below(2);
}

static inline void random_name(char out[TW_NAME])
{
	static const char *const words[] = {"web", "port", "accept", "_x", "a-b.c", "not", "any"};

	snprintf(out, TW_NAME, "%s%u", words[random_below(7)], random_below(1000));
}

static inline void random_device(char out[16])
{
	static const char *const names[] = {"eth0", "eth0.100", "port", "6to4",
					    "a;b",  "q\"\\{",   "#x",   "exactly15bytes."};

	snprintf(out, 16, "%s", names[random_below(8)]);
}

static inline union tw_addr random_addr(int family)
{
	union tw_addr addr = {0};

	for (int i = family ? 0 : 12; i < 16; i++)
		addr.bytes[i] = (uint8_t)(random_bool() ? random_below(256) : 0);
	if (family)
		addr.bytes[0] = 0x20;
	else
		addr.bytes[10] = addr.bytes[11] = 0xff;
	if (!family)
		addr.bytes[12] = (uint8_t)(1 + random_below(126)); /* a server may have it */
	return addr;
}

static inline struct prefix random_prefix(void)
{
	int family = random_below(2);
	struct prefix prefix = {.addr = random_addr(family)};

	prefix.bits = (uint8_t)(family ? random_below(129) : 96 + random_below(33));
	for (int bit = prefix.bits; bit < 128; bit++)
		prefix.addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return prefix;
}

static inline void random_addresses(struct addresses *out)
{
	for (uint32_t left = random_below(4); left; left--) {
		struct address_item *item = config_push(&out->items, &out->count, sizeof(*item));

		item->kind = random_bool() ? ADDRESS_SET : ADDRESS_PREFIX;
		if (item->kind == ADDRESS_SET)
			random_name(item->set);
		else
			item->prefix = random_prefix();
	}
	out->negated = out->count && random_bool();
}

static inline void random_ports(struct ports *out, uint32_t least)
{
	for (uint32_t left = least + random_below(3); left; left--) {
		struct port_range *range = config_push(&out->items, &out->count, sizeof(*range));

		range->low = (uint16_t)(1 + random_below(65535));
		range->high = (uint16_t)(range->low + random_below(65536u - range->low));
	}
}

static inline void random_limit(struct limit *limit)
{
	limit->over = random_bool();
	limit->rate = 1 + random_below(100000);
	limit->unit = "smh"[random_below(3)];
	limit->burst = random_bool() ? 1 + random_below(100000) : 0;
	limit->per_source = random_bool();
	if (limit->per_source && random_bool())
		limit->source_bits = (uint8_t)(1 + random_below(128));
}

/* Fields that depend on the protocol: flags are tcp's, types are icmp's, codes are types'. */
static inline void random_protocol(struct rule *rule)
{
	static const uint8_t protocols[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, 47, 0, 255};

	rule->fields |= RULE_PROTOCOL;
	rule->protocol = protocols[random_below(8)];
	if (rule->protocol == IPPROTO_TCP && random_bool()) {
		rule->fields |= RULE_FLAGS;
		rule->flags_mask = (uint8_t)(1 + random_below(255));
		rule->flags = rule->flags_mask & (uint8_t)random_below(256);
	}
	if ((rule->protocol == IPPROTO_ICMP || rule->protocol == IPPROTO_ICMPV6) && random_bool()) {
		rule->fields |= RULE_TYPE;
		rule->type = (uint8_t)random_below(random_bool() ? 20 : 256);
		if (random_bool()) {
			rule->fields |= RULE_CODE;
			rule->code = (uint8_t)random_below(256);
		}
	}
}

static inline void random_matches(struct rule *rule)
{
	static const enum rule_fields independent[] = {RULE_STATE, RULE_LENGTH,   RULE_TTL,
						       RULE_DSCP,  RULE_FRAGMENT, RULE_DEVICE,
						       RULE_LIMIT, RULE_LOG};

	for (size_t i = 0; i < 8; i++)
		if (!random_below(4))
			rule->fields |= independent[i];
	if (rule->fields & RULE_STATE)
		rule->state = random_bool() ? TW_STATE_NEW : TW_STATE_ESTABLISHED;
	if (rule->fields & RULE_LENGTH) {
		rule->length[0] = (uint16_t)random_below(65536);
		rule->length[1] =
			(uint16_t)(rule->length[0] + random_below(65536u - rule->length[0]));
	}
	if (rule->fields & RULE_TTL) {
		rule->ttl[0] = (uint8_t)random_below(256);
		rule->ttl[1] = (uint8_t)(rule->ttl[0] + random_below(256u - rule->ttl[0]));
	}
	if (rule->fields & RULE_DSCP)
		rule->dscp = (uint8_t)random_below(64);
	if (rule->fields & RULE_DEVICE)
		random_device(rule->device);
	if (rule->fields & RULE_LIMIT)
		random_limit(&rule->limit);
}

static inline void random_rule(struct rule *rule)
{
	static const char *const names[] = {"a name", "# { } ; \"", "é ☎", "accept tcp"};

	rule->action = (uint8_t)random_below(3);
	if (random_bool())
		random_protocol(rule);
	random_addresses(&rule->from);
	random_addresses(&rule->to);
	if (random_bool())
		random_ports(&rule->from_ports, 0);
	if (random_bool())
		random_ports(&rule->to_ports, 0);
	random_matches(rule);
	if (!random_below(3))
		rule->name = strdup(names[random_below(4)]);
}

static inline void random_rules(struct rules *rules)
{
	for (uint32_t left = random_below(5); left; left--)
		random_rule(config_push(&rules->items, &rules->count, sizeof(struct rule)));
}

static inline void random_server(struct server *server)
{
	int family = random_below(2);

	random_name(server->name);
	server->addr[family] = random_addr(family);
	if (random_bool())
		server->addr[!family] = random_addr(!family);
	server->weight = random_bool() ? 1 : random_below(65536);
	server->state = (uint8_t)random_below(3);
	server->is_backup = random_bool();
	server->has_mac = random_bool();
	if (server->has_mac)
		for (int i = 0; i < 6; i++)
			server->mac[i] =
				(uint8_t)(i ? random_below(256) : 2 * (1 + random_below(127)));
	if (random_bool())
		random_device(server->device);
	random_rules(&server->rules);
	server->rules.default_action = TW_DROP;
}

static inline void random_tier(struct tier *tier)
{
	random_name(tier->name);
	for (uint32_t left = random_below(4); left; left--)
		random_server(
			config_push(&tier->servers, &tier->server_count, sizeof(struct server)));
	tier->backup_below = random_bool() ? 0 : 2 + random_below(1023);
	random_rules(&tier->rules);
	tier->rules.default_action = (uint8_t)random_below(3);
	tier->rules.strict = random_bool();
}

static inline void random_service(struct service *service)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, 99};

	random_name(service->name);
	for (uint32_t left = random_below(4); left; left--) {
		struct listen *listen =
			config_push(&service->listens, &service->listen_count, sizeof(*listen));

		listen->addr = random_addr(random_below(2));
		listen->protocol = protocols[random_below(4)];
		random_ports(&listen->ports, 1);
	}
	if (random_below(8))
		random_name(service->tier);
	service->forward = (uint8_t)random_below(5);
	service->port = (uint16_t)(random_bool() ? random_below(65536) : 0);
	random_addresses(&service->from);
	service->hash_off = random_bool() ? 0 : (uint8_t)random_below(TW_HASH_FIELDS + 1);
	service->affinity = random_bool();
	if (service->affinity)
		service->affinity_bits = (uint8_t)random_below(129);
	service->on_down = (uint8_t)random_below(3);
	service->rejects = random_bool();
}

static inline void random_set(struct set *set)
{
	random_name(set->name);
	for (uint32_t left = random_below(9); left; left--) {
		struct prefix *prefix = config_push(&set->items, &set->count, sizeof(*prefix));

		*prefix = random_prefix();
		prefix->seconds = random_bool() ? 0 : 1 + random_below(315360000);
	}
	prefixes_merge(set->items, &set->count);
}

static inline struct config *random_config(uint64_t seed)
{
	struct config *config;

	random_state = seed;
	assert_int_equal(config_new(&config, "random.conf"), 0);
	for (uint32_t left = random_below(3); left; left--) {
		struct interface *interface = config_push(
			&config->interfaces, &config->interface_count, sizeof(*interface));

		random_device(interface->name);
		interface->mode = (enum interface_mode)random_below(3);
	}
	config->has_hash_key = random_bool();
	for (int i = 0; config->has_hash_key && i < 16; i++)
		config->hash_key[i] = (uint8_t)random_below(256);
	for (uint32_t left = random_below(3); left; left--)
		random_set(config_push(&config->sets, &config->set_count, sizeof(struct set)));
	random_rules(&config->guard);
	config->checks_off = random_bool() ? 0 : random_below(1u << TW_CHECK_COUNT);
	config->guard.default_action = (uint8_t)random_below(3);
	config->has_host = random_bool();
	if (config->has_host) {
		random_rules(&config->host);
		config->host.default_action = (uint8_t)random_below(3);
		config->host.strict = random_bool();
	}
	for (uint32_t left = random_below(3); left; left--)
		random_tier(config_push(&config->tiers, &config->tier_count, sizeof(struct tier)));
	for (uint32_t left = random_below(3); left; left--)
		random_service(config_push(&config->services, &config->service_count,
					   sizeof(struct service)));
	return config;
}

#endif
