/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ids that go on.  An object keeps its id, and so its counts, for as long as it stays
 * the same: a rule by its text and place among equal ones in its list, a service, a
 * server and a server within a service by name, a default by its action.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"

/* -- rules ------------------------------------------------------------------------- */

struct named_rule {
	size_t at; /* of its text */
	size_t length;
	uint64_t hash;
	size_t next; /* with the same hash, and behind it in the list; from 1 */
	uint32_t *id;
};

/* The rules of a list by their texts, equal ones in their order. */
struct named_rules {
	struct named_rule *items;
	size_t count;
	char *texts;
	size_t *heads; /* by hash: the first item, from 1 */
	size_t mask;
};

static uint64_t hash_text(const char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

static void named_free(struct named_rules *named)
{
	free(named->items);
	free(named->texts);
	free(named->heads);
}

/* All texts of a list into one piece of memory, and where each of them is. */
static int print_texts(struct named_rules *named, const struct rules *rules)
{
	size_t length = 0;
	FILE *out = open_memstream(&named->texts, &length);

	if (!out)
		return -errno;
	for (size_t i = 0; i < rules->count; i++) {
		named->items[i].at = (size_t)ftello(out);
		rule_print(out, &rules->items[i]);
		named->items[i].length = (size_t)ftello(out) - named->items[i].at;
	}
	return fclose(out) ? -errno : 0;
}

static int name_rules(struct named_rules *named, const struct rules *rules)
{
	int result;

	named->count = rules->count;
	for (named->mask = 1; named->mask < rules->count; named->mask *= 2)
		;
	named->items = calloc(rules->count + 1, sizeof(*named->items));
	named->heads = calloc(named->mask, sizeof(*named->heads));
	named->mask--;
	result = named->items && named->heads ? print_texts(named, rules) : -ENOMEM;
	for (size_t i = result ? 0 : rules->count; i > 0; i--) {
		struct named_rule *item = &named->items[i - 1];
		size_t *head;

		item->hash = hash_text(named->texts + item->at, item->length);
		item->id = &rules->items[i - 1].id;
		head = &named->heads[item->hash & named->mask];
		item->next = *head;
		*head = i;
	}
	return result;
}

/* The first rule of that text, which is then no more among them; NULL: there is none. */
static struct named_rule *take_rule(struct named_rules *named, const char *text, size_t length)
{
	uint64_t hash = hash_text(text, length);
	size_t *link = &named->heads[hash & named->mask];

	while (*link) {
		struct named_rule *item = &named->items[*link - 1];

		if (item->hash == hash && item->length == length &&
		    !memcmp(named->texts + item->at, text, length)) {
			*link = item->next;
			return item;
		}
		link = &item->next;
	}
	return NULL;
}

static int inherit_rule(struct named_rules *named, const struct rule *running)
{
	char *printed = running->text ? NULL : rule_text(running);
	const char *text = printed ? printed : running->text;
	struct named_rule *mine;

	if (!text)
		return -ENOMEM;
	mine = take_rule(named, text, printed ? strlen(printed) : running->text_length);
	if (mine)
		*mine->id = running->id;
	free(printed);
	return 0;
}

static int inherit_rules(struct rules *rules, const struct rules *running)
{
	struct named_rules named = {0};
	int result = 0;

	if (rules->count && running->count)
		result = name_rules(&named, rules);
	for (size_t i = 0; !result && named.count && i < running->count; i++)
		result = inherit_rule(&named, &running->items[i]);
	named_free(&named);
	if (!result && rules->default_action == running->default_action)
		rules->default_id = running->default_id;
	return result;
}

/* -- all objects ---------------------------------------------------------------------- */

static int inherit_tier(struct tier *tier, const struct tier *running)
{
	int result = inherit_rules(&tier->rules, &running->rules);

	for (size_t i = 0; !result && i < tier->server_count; i++) {
		const struct server *server = tier_server(running, tier->servers[i].name);

		if (server)
			result = inherit_rules(&tier->servers[i].rules, &server->rules);
	}
	return result;
}

static void inherit_service(struct service *service, const struct tier *tier,
			    const struct service *running, const struct tier *running_tier)
{
	service->id = running->id;
	if (!tier || !running_tier || strcmp(tier->name, running_tier->name) != 0)
		return;
	for (size_t i = 0; i < tier->server_count && service->member_ids; i++) {
		const struct server *server = tier_server(running_tier, tier->servers[i].name);

		if (server && running->member_ids)
			service->member_ids[i] =
				running->member_ids[server - running_tier->servers];
	}
}

static void forget_id(uint32_t *id, void *context)
{
	(void)context;
	*id = TW_NONE32;
}

int ids_inherit(struct config *config, const struct config *running)
{
	int result = config_visit_ids(config, forget_id, NULL);

	if (!result)
		result = inherit_rules(&config->guard, &running->guard);
	if (!result)
		result = inherit_rules(&config->host, &running->host);
	for (size_t i = 0; !result && i < config->tier_count; i++) {
		const struct tier *tier = config_tier(running, config->tiers[i].name);

		if (tier)
			result = inherit_tier(&config->tiers[i], tier);
	}
	for (size_t i = 0; !result && i < config->service_count; i++) {
		struct service *service = &config->services[i];
		const struct service *before = config_service(running, service->name);

		if (before)
			inherit_service(service, config_tier(config, service->tier), before,
					config_tier(running, before->tier));
	}
	return result;
}
