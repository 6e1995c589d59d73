/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model's memory, and things in it by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/index.h"

int config_new(struct config **out, const char *file)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	config->index = index_new();
	config->file = file ? strdup(file) : NULL;
	if (!config->index || (file && !config->file)) {
		config_free(config);
		return -ENOMEM;
	}
	config->guard.default_action = TW_ACCEPT;
	config->guard.default_id = TW_NONE32;
	config->host.default_action = TW_DROP;
	config->host.default_id = TW_NONE32;
	*out = config;
	return 0;
}

void rule_free(struct rule *rule)
{
	free(rule->from.items);
	free(rule->to.items);
	free(rule->from_ports.items);
	free(rule->to_ports.items);
	free(rule->name);
	memset(rule, 0, sizeof(*rule));
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		rule_free(&rules->items[i]);
	free(rules->items);
	rules->items = NULL;
	rules->count = 0;
}

void server_free(struct server *server)
{
	rules_free(&server->rules);
}

static void tier_free(struct tier *tier)
{
	for (size_t i = 0; i < tier->server_count; i++)
		server_free(&tier->servers[i]);
	free(tier->servers);
	rules_free(&tier->rules);
}

void service_free(struct service *service)
{
	for (size_t i = 0; i < service->listen_count; i++)
		free(service->listens[i].ports.items);
	free(service->listens);
	free(service->from.items);
	free(service->pool);
	free(service->member_ids);
	memset(service, 0, sizeof(*service));
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->set_count; i++)
		free(config->sets[i].items);
	for (size_t i = 0; i < config->tier_count; i++)
		tier_free(&config->tiers[i]);
	for (size_t i = 0; i < config->service_count; i++)
		service_free(&config->services[i]);
	rules_free(&config->guard);
	rules_free(&config->host);
	for (size_t i = 0; i < config->decap_count; i++)
		free(config->decaps[i].from.items);
	free(config->decaps);
	free(config->interfaces);
	free(config->sets);
	free(config->tiers);
	free(config->services);
	index_free(config->index);
	free(config->source);
	free(config->file);
	free(config);
}

/*
 * The room of an array is the least power of two that its count has ever needed,
 * so it is full only where the count is a power of two (or 0).
 */
void *config_push(void *items, size_t *count, size_t size)
{
	size_t used = *count;
	void *array, *grown;
	char *item;

	memcpy(&array, items, sizeof(array));
	if (!(used & (used - 1))) {
		grown = reallocarray(array, used ? used * 2 : 1, size);
		if (!grown)
			return NULL;
		array = grown;
		memcpy(items, &array, sizeof(array));
	}
	item = (char *)array + used * size;
	memset(item, 0, size);
	*count = used + 1;
	return item;
}

struct server *tier_server(const struct tier *tier, const char *name)
{
	for (size_t i = 0; i < tier->server_count; i++)
		if (!strcmp(tier->servers[i].name, name))
			return &tier->servers[i];
	return NULL;
}

struct service *config_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

struct rules *config_rules(struct config *config, const char *owner)
{
	const char *slash = strchr(owner, '/');
	char name[TW_NAME];
	struct server *server;
	struct tier *tier;

	if (!strcmp(owner, "guard"))
		return &config->guard;
	if (!strcmp(owner, "host"))
		return &config->host;
	if (!slash) {
		tier = config_tier(config, owner);
		return tier ? &tier->rules : NULL;
	}
	if ((size_t)(slash - owner) >= sizeof(name))
		return NULL;
	memcpy(name, owner, (size_t)(slash - owner));
	name[slash - owner] = 0;
	tier = config_tier(config, name);
	server = tier ? tier_server(tier, slash + 1) : NULL;
	return server ? &server->rules : NULL;
}
