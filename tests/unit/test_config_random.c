/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whatever configuration there is: printed and parsed again it is the same, field
 * by field, and prints the same.
 */
#include "config_random.h"

#define CONFIGURATIONS 3000

static void same_addresses(const struct addresses *a, const struct addresses *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->negated, b->negated);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i].kind, b->items[i].kind);
		assert_string_equal(a->items[i].set, b->items[i].set);
		assert_memory_equal(&a->items[i].prefix.addr, &b->items[i].prefix.addr, 16);
		assert_int_equal(a->items[i].prefix.bits, b->items[i].prefix.bits);
	}
}

static void same_ports(const struct ports *a, const struct ports *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i].low, b->items[i].low);
		assert_int_equal(a->items[i].high, b->items[i].high);
	}
}

static void same_limit(const struct limit *a, const struct limit *b)
{
	assert_int_equal(a->over, b->over);
	assert_int_equal(a->per_source, b->per_source);
	assert_int_equal(a->source_bits, b->source_bits);
	assert_int_equal(a->unit, b->unit);
	assert_int_equal(a->rate, b->rate);
	assert_int_equal(a->burst, b->burst);
}

static void same_rule(const struct rule *a, const struct rule *b)
{
	assert_int_equal(a->fields, b->fields);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->flags_mask, b->flags_mask);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->state, b->state);
	assert_memory_equal(a->ttl, b->ttl, sizeof(a->ttl));
	assert_int_equal(a->dscp, b->dscp);
	assert_memory_equal(a->length, b->length, sizeof(a->length));
	assert_string_equal(a->device, b->device);
	same_addresses(&a->from, &b->from);
	same_addresses(&a->to, &b->to);
	same_ports(&a->from_ports, &b->from_ports);
	same_ports(&a->to_ports, &b->to_ports);
	same_limit(&a->limit, &b->limit);
	assert_string_equal(a->name ? a->name : "", b->name ? b->name : "");
}

static void same_rules(const struct rules *a, const struct rules *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		same_rule(&a->items[i], &b->items[i]);
	assert_int_equal(a->default_action, b->default_action);
	assert_int_equal(a->strict, b->strict);
}

static void same_server(const struct server *a, const struct server *b)
{
	assert_string_equal(a->name, b->name);
	assert_memory_equal(a->addr, b->addr, sizeof(a->addr));
	assert_int_equal(a->weight, b->weight);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->is_backup, b->is_backup);
	assert_int_equal(a->has_mac, b->has_mac);
	assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
	assert_string_equal(a->device, b->device);
	same_rules(&a->rules, &b->rules);
}

static void same_service(const struct service *a, const struct service *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->listen_count, b->listen_count);
	for (size_t i = 0; i < a->listen_count; i++) {
		assert_memory_equal(&a->listens[i].addr, &b->listens[i].addr, 16);
		assert_int_equal(a->listens[i].protocol, b->listens[i].protocol);
		same_ports(&a->listens[i].ports, &b->listens[i].ports);
	}
	assert_string_equal(a->tier, b->tier);
	assert_int_equal(a->forward, b->forward);
	assert_int_equal(a->port, b->port);
	same_addresses(&a->from, &b->from);
	assert_int_equal(a->hash_off, b->hash_off);
	assert_int_equal(a->affinity, b->affinity);
	assert_int_equal(a->affinity_bits, b->affinity_bits);
	assert_int_equal(a->on_down, b->on_down);
	assert_int_equal(a->rejects, b->rejects);
}

static void same_head(const struct config *a, const struct config *b)
{
	assert_int_equal(a->interface_count, b->interface_count);
	for (size_t i = 0; i < a->interface_count; i++) {
		assert_string_equal(a->interfaces[i].name, b->interfaces[i].name);
		assert_int_equal(a->interfaces[i].mode, b->interfaces[i].mode);
	}
	assert_int_equal(a->has_hash_key, b->has_hash_key);
	assert_memory_equal(a->hash_key, b->hash_key, sizeof(a->hash_key));
	assert_int_equal(a->set_count, b->set_count);
	for (size_t i = 0; i < a->set_count; i++) {
		assert_string_equal(a->sets[i].name, b->sets[i].name);
		assert_int_equal(a->sets[i].count, b->sets[i].count);
		for (size_t j = 0; j < a->sets[i].count; j++) {
			assert_memory_equal(&a->sets[i].items[j].addr, &b->sets[i].items[j].addr,
					    16);
			assert_int_equal(a->sets[i].items[j].bits, b->sets[i].items[j].bits);
			assert_int_equal(a->sets[i].items[j].seconds, b->sets[i].items[j].seconds);
		}
	}
}

static void same_config(const struct config *a, const struct config *b)
{
	same_head(a, b);
	same_rules(&a->guard, &b->guard);
	assert_int_equal(a->checks_off, b->checks_off);
	assert_int_equal(a->has_host, b->has_host);
	same_rules(&a->host, &b->host);
	assert_int_equal(a->tier_count, b->tier_count);
	for (size_t i = 0; i < a->tier_count; i++) {
		assert_string_equal(a->tiers[i].name, b->tiers[i].name);
		assert_int_equal(a->tiers[i].backup_below, b->tiers[i].backup_below);
		assert_int_equal(a->tiers[i].server_count, b->tiers[i].server_count);
		for (size_t j = 0; j < a->tiers[i].server_count; j++)
			same_server(&a->tiers[i].servers[j], &b->tiers[i].servers[j]);
		same_rules(&a->tiers[i].rules, &b->tiers[i].rules);
	}
	assert_int_equal(a->service_count, b->service_count);
	for (size_t i = 0; i < a->service_count; i++)
		same_service(&a->services[i], &b->services[i]);
}

static void a_configuration_is_the_same_after_its_text(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
		struct config *config = random_config(seed), *again = NULL;
		struct diagnostic diagnostic = {0};
		char *text = printed(config), *text_again;

		if (config_parse(&again, "again.conf", text, strlen(text), &diagnostic))
			fail_msg("seed %u: %s", (unsigned int)seed, diagnostic.text);
		same_config(config, again);
		text_again = printed(again);
		assert_string_equal(text, text_again);
		free(text);
		free(text_again);
		config_free(config);
		config_free(again);
	}
}

static void same_words(const struct rules *rules, const struct rules *outline)
{
	assert_int_equal(rules->count, outline->count);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *known = &outline->items[i];
		char *words = rule_text(&rules->items[i]);

		if (strlen(words) != known->text_length ||
		    memcmp(words, known->text, known->text_length) != 0)
			fail_msg("%s: the outline has %.*s", words, (int)known->text_length,
				 known->text);
		assert_int_equal(known->id, TW_NONE32);
		free(words);
	}
	assert_int_equal(rules->default_action, outline->default_action);
	assert_int_equal(rules->strict, outline->strict);
}

static void an_outline_has_the_words_of_every_rule(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
		struct config *config = random_config(seed), *outline = NULL;
		struct diagnostic diagnostic = {0};
		char *text = printed(config);

		if (config_parse_outline(&outline, "outline.conf", text, strlen(text), &diagnostic))
			fail_msg("seed %u: %s", (unsigned int)seed,
				 diagnostic.text ? diagnostic.text : "it does not fit its rules");
		same_head(config, outline);
		same_words(&config->guard, &outline->guard);
		assert_int_equal(config->checks_off, outline->checks_off);
		assert_int_equal(config->has_host, outline->has_host);
		same_words(&config->host, &outline->host);
		assert_int_equal(config->tier_count, outline->tier_count);
		for (size_t i = 0; i < config->tier_count; i++) {
			const struct tier *tier = &config->tiers[i], *known = &outline->tiers[i];

			assert_int_equal(tier->server_count, known->server_count);
			for (size_t j = 0; j < tier->server_count; j++)
				same_words(&tier->servers[j].rules, &known->servers[j].rules);
			same_words(&tier->rules, &known->rules);
		}
		assert_int_equal(config->service_count, outline->service_count);
		free(text);
		config_free(config);
		config_free(outline);
	}
}

/* What the check finds in configurations that make no sense must be told, not crash. */
static void a_check_of_anything_ends(void **state)
{
	size_t refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
		struct config *config = random_config(seed);
		struct diagnostic diagnostic = {0};
		int result = config_check(config, &diagnostic);

		assert_true(result == 0 || result == MISTAKE);
		assert_true(!result == !diagnostic.text);
		refused += result == MISTAKE;
		diagnostic_free(&diagnostic);
		config_free(config);
	}
	assert_in_range(refused, CONFIGURATIONS / 2, CONFIGURATIONS - 1);
}

/* A text that is cut short or has a byte changed is parsed, or refused with a message. */
static void a_damaged_text_is_parsed_or_refused(void **state)
{
	size_t refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
		struct config *config = random_config(seed), *again = NULL;
		struct diagnostic diagnostic = {0};
		char *text = printed(config);
		size_t length = strlen(text);
		int result;

		if (random_bool())
			length = random_below((uint32_t)length);
		else
			text[random_below((uint32_t)length)] = (char)random_below(256);
		result = config_parse(&again, "damaged.conf", text, length, &diagnostic);
		assert_true(result == 0 || result == MISTAKE);
		assert_true(!result == !diagnostic.text);
		assert_true(!result == !!again);
		refused += result == MISTAKE;
		diagnostic_free(&diagnostic);
		config_free(again);
		config_free(config);
		free(text);
	}
	assert_in_range(refused, CONFIGURATIONS / 2, CONFIGURATIONS - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_is_the_same_after_its_text),
		cmocka_unit_test(an_outline_has_the_words_of_every_rule),
		cmocka_unit_test(a_check_of_anything_ends),
		cmocka_unit_test(a_damaged_text_is_parsed_or_refused),
	};

	return cmocka_run_group_tests_name("random configurations", tests, NULL, NULL) > 0;
}
