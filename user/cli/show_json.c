/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration model as JSON, with the words of the file as keys.
 */
#include <stdlib.h>

#include "cli/show.h"
#include "stats/json.h"

/* What `print` writes of an item, as a JSON string. */
static json_t *printed_json(void (*print)(FILE *out, const void *item), const void *item)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	json_t *json;

	if (!out)
		return NULL;
	print(out, item);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	json = json_stringn(text, length);
	free(text);
	return json;
}

static void print_address(FILE *out, const void *item)
{
	address_print(out, item);
}

static void print_prefix(FILE *out, const void *item)
{
	prefix_print(out, item);
}

static void print_address_item(FILE *out, const void *item)
{
	const struct address_item *address = item;

	if (address->kind == ADDRESS_SET)
		fprintf(out, "@%s", address->set);
	else
		prefix_print(out, &address->prefix);
}

static void print_ports(FILE *out, const void *item)
{
	const struct port_range *range = item;

	if (range->low == range->high)
		fprintf(out, "%u", range->low);
	else
		fprintf(out, "%u-%u", range->low, range->high);
}

json_t *address_json(const union tw_addr *addr)
{
	return printed_json(print_address, addr);
}

static json_t *prefix_json(const void *item)
{
	return printed_json(print_prefix, item);
}

static json_t *address_item_json(const void *item)
{
	return printed_json(print_address_item, item);
}

static json_t *ports_json(const void *item)
{
	return printed_json(print_ports, item);
}

/* Sets a key and says whether that worked. */
static bool set_key(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static json_t *done_or_free(json_t *object, bool done)
{
	if (done)
		return object;
	json_decref(object);
	return NULL;
}

/* -- rules -------------------------------------------------------------------------- */

static json_t *rule_json(const void *item)
{
	const struct rule *rule = item;
	char *text = rule_text(rule);
	json_t *object;

	if (!text)
		return NULL;
	object = json_pack("{s:s,s:s*}", "rule", text, "name", rule->name);
	free(text);
	return object;
}

static json_t *rules_json(const struct rules *rules)
{
	return ARRAY_JSON(rules->items, rules->count, rule_json);
}

static json_t *list_json(const struct rules *list)
{
	json_t *object = json_pack("{s:o,s:s}", "rules", rules_json(list), "default",
				   action_name(list->default_action));

	return done_or_free(object, !list->strict || set_key(object, "strict", json_true()));
}

/* -- tiers --------------------------------------------------------------------------- */

static json_t *addresses_of_json(const struct server *server)
{
	json_t *array = json_array();

	for (int family = 0; family < 2; family++) {
		if (addr_is_zero(&server->addr[family]))
			continue;
		if (json_array_append_new(array, address_json(&server->addr[family]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *server_json(const void *item)
{
	const struct server *server = item;
	const uint8_t *mac = server->mac;
	json_t *object = json_pack("{s:s,s:o,s:I,s:s}", "name", server->name, "addresses",
				   addresses_of_json(server), "weight", (json_int_t)server->weight,
				   "state", server_state_name(server->state));
	bool done = object;

	if (done && server->has_mac)
		done = set_key(object, "mac",
			       json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
					    mac[3], mac[4], mac[5]));
	if (done && server->device[0])
		done = set_key(object, "device", json_string(server->device));
	if (done && server->rules.count)
		done = set_key(object, "rules", rules_json(&server->rules));
	return done_or_free(object, done);
}

static json_t *tier_json(const void *item)
{
	const struct tier *tier = item;

	return json_pack("{s:s,s:o,s:o}", "name", tier->name, "servers",
			 ARRAY_JSON(tier->servers, tier->server_count, server_json), "firewall",
			 list_json(&tier->rules));
}

json_t *tiers_json(const struct config *config)
{
	return ARRAY_JSON(config->tiers, config->tier_count, tier_json);
}

/* -- services -------------------------------------------------------------------------- */

static json_t *listen_json(const void *item)
{
	const struct listen *listen = item;
	const struct ports *ports = &listen->ports;

	return json_pack("{s:o,s:s,s:o}", "address", address_json(&listen->addr), "protocol",
			 protocol_name(listen->protocol), "ports",
			 ARRAY_JSON(ports->items, ports->count, ports_json));
}

static json_t *service_json(const void *item)
{
	const struct service *service = item;
	json_t *object =
		json_pack("{s:s,s:o,s:s,s:s}", "name", service->name, "listen",
			  ARRAY_JSON(service->listens, service->listen_count, listen_json), "tier",
			  service->tier, "forward", forward_name(service->forward));
	bool done = object;

	if (done && service->port)
		done = set_key(object, "port", json_integer(service->port));
	if (done && service->mss)
		done = set_key(object, "mss",
			       service->mss == TW_MSS_AUTO ? json_string("auto")
							   : json_integer(service->mss));
	if (done && service->from.count)
		done = set_key(
			object, "from",
			ARRAY_JSON(service->from.items, service->from.count, address_item_json));
	return done_or_free(object, done);
}

json_t *services_json(const struct config *config)
{
	return ARRAY_JSON(config->services, config->service_count, service_json);
}

/* -- the whole ---------------------------------------------------------------------------- */

/* What remains of the entries that expire, by prefix. */
static json_t *expires_json(const struct set *set)
{
	json_t *object = json_object();
	bool done = object;

	for (size_t i = 0; done && i < set->count; i++) {
		json_t *prefix = set->items[i].seconds ? prefix_json(&set->items[i]) : NULL;

		if (!set->items[i].seconds)
			continue;
		done = prefix && set_key(object, json_string_value(prefix),
					 json_integer(set->items[i].seconds));
		json_decref(prefix);
	}
	return done_or_free(object, done);
}

json_t *set_json(const struct set *set)
{
	json_t *object = json_pack("{s:s,s:o}", "name", set->name, "entries",
				   ARRAY_JSON(set->items, set->count, prefix_json));
	json_t *expires = expires_json(set);
	bool done = object && expires;

	if (done && json_object_size(expires))
		return done_or_free(object, set_key(object, "expires_in", expires));
	json_decref(expires);
	return done_or_free(object, done);
}

static json_t *set_item_json(const void *item)
{
	return set_json(item);
}

static json_t *interface_json(const void *item)
{
	const struct interface *interface = item;

	return json_pack("{s:s,s:s}", "name", interface->name, "mode", mode_name(interface->mode));
}

static json_t *hash_key_json(const uint8_t key[16])
{
	char text[33];

	for (int i = 0; i < 16; i++)
		snprintf(&text[2 * i], 3, "%02x", key[i]);
	return json_string(text);
}

static json_t *decap_json(const void *item)
{
	const struct decap *decap = item;
	json_t *forms = json_array();

	for (int form = 0; form < TW_TUNNELS; form++)
		if (decap->forms[form])
			json_array_append_new(forms, json_string(tunnel_form_name(form)));
	return json_pack("{s:o,s:o}", "forms", forms, "from",
			 ARRAY_JSON(decap->from.items, decap->from.count, address_item_json));
}

static json_t *host_json(const struct config *config)
{
	json_t *object = list_json(&config->host);
	bool done = object;

	if (done && config->decap_count)
		done = set_key(object, "decap",
			       ARRAY_JSON(config->decaps, config->decap_count, decap_json));
	return done_or_free(object, done);
}

static json_t *tunnel_json(const struct tunnel *tunnel)
{
	json_t *sources = json_array(), *object;
	bool done;

	for (int family = 0; family < 2; family++)
		if (!addr_is_zero(&tunnel->source[family].addr))
			json_array_append_new(sources, prefix_json(&tunnel->source[family]));
	object = json_pack("{s:o}", "source", sources);
	done = object;
	if (done && tunnel->port)
		done = set_key(object, "port", json_integer(tunnel->port));
	return done_or_free(object, done);
}

json_t *config_json(const struct config *config)
{
	json_t *object =
		json_pack("{s:i,s:o,s:o,s:o}", "schema", JSON_SCHEMA, "interfaces",
			  ARRAY_JSON(config->interfaces, config->interface_count, interface_json),
			  "sets", ARRAY_JSON(config->sets, config->set_count, set_item_json),
			  "guard", list_json(&config->guard));
	bool done = object;

	if (done && config->has_hash_key)
		done = set_key(object, "hash-key", hash_key_json(config->hash_key));
	if (done && config->has_host)
		done = set_key(object, "host", host_json(config));
	if (done && config->tunnel.at.line)
		done = set_key(object, "tunnel", tunnel_json(&config->tunnel));
	done = done && set_key(object, "tiers", tiers_json(config)) &&
	       set_key(object, "services", services_json(config));
	return done_or_free(object, done);
}
