/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Model to text: a file in one canonical form, which parses into the same model
 * and prints to itself byte for byte.  What is the default is left out.
 */
#include <errno.h>
#include <string.h>

#include "config/print.h"

#define INDENT          "    "
#define ENTRIES_IN_LINE 4 /* a set with more has one a line */

const char *forward_name(uint8_t forward)
{
	static const char *const names[] = {"nat", "full-nat", "l2", "ipip", "gue"};

	return names[forward];
}

const char *server_state_name(uint8_t state)
{
	static const char *const names[] = {"up", "down", "drain"};

	return names[state];
}

const char *on_down_name(uint8_t on_down)
{
	static const char *const names[] = {"move", "reset", "keep"};

	return names[on_down];
}

const char *hash_field_name(int bit)
{
	static const char *const names[HASH_FIELD_COUNT] = {"source", "source-port", "destination",
							    "destination-port"};

	return names[bit];
}

const char *mode_name(enum interface_mode mode)
{
	static const char *const names[] = {"auto", "native", "generic"};

	return names[mode];
}

struct printer {
	FILE *out;
	bool entries; /* of sets */
	bool begun;   /* something stands there already */
};

/* An empty line between groups of statements. */
static void begin_group(struct printer *printer)
{
	if (printer->begun)
		fputc('\n', printer->out);
	printer->begun = true;
}

static void print_interfaces(struct printer *printer, const struct config *config)
{
	if (config->interface_count)
		begin_group(printer);
	for (size_t i = 0; i < config->interface_count; i++) {
		const struct interface *interface = &config->interfaces[i];

		fputs("interface ", printer->out);
		print_device(printer->out, interface->name);
		if (interface->mode != MODE_AUTO)
			fprintf(printer->out, " { mode %s }", mode_name(interface->mode));
		fputc('\n', printer->out);
	}
}

static void print_hash_key(struct printer *printer, const struct config *config)
{
	if (!config->has_hash_key)
		return;
	begin_group(printer);
	fputs("hash-key ", printer->out);
	for (size_t i = 0; i < sizeof(config->hash_key); i++)
		fprintf(printer->out, "%02x", config->hash_key[i]);
	fputc('\n', printer->out);
}

static void print_entries(FILE *out, const struct set *set)
{
	bool lines = set->count > ENTRIES_IN_LINE;

	for (size_t i = 0; i < set->count; i++) {
		fputs(lines ? "\n" INDENT : i ? ", " : " ", out);
		prefix_print(out, &set->items[i]);
		if (set->items[i].seconds) {
			fputs(" for ", out);
			time_print(out, set->items[i].seconds);
		}
	}
	fputs(lines ? "\n" : " ", out);
}

static void print_sets(struct printer *printer, const struct config *config)
{
	if (config->set_count)
		begin_group(printer);
	for (size_t i = 0; i < config->set_count; i++) {
		const struct set *set = &config->sets[i];

		fprintf(printer->out, "set %s {", set->name);
		if (printer->entries)
			print_entries(printer->out, set);
		else
			fputc(' ', printer->out);
		fputs("}\n", printer->out);
	}
}

static void print_rules(FILE *out, const struct rules *rules, const char *indent)
{
	if (rules->strict)
		fprintf(out, "%sstrict\n", indent);
	for (size_t i = 0; i < rules->count; i++) {
		fputs(indent, out);
		rule_print(out, &rules->items[i]);
		if (rules->items[i].name)
			fprintf(out, " # %s", rules->items[i].name);
		fputc('\n', out);
	}
}

static void print_default(FILE *out, const struct rules *rules, const char *indent)
{
	fprintf(out, "%sdefault %s\n", indent, action_name(rules->default_action));
}

static void print_guard(struct printer *printer, const struct config *config)
{
	begin_group(printer);
	fputs("guard {\n", printer->out);
	for (int i = 0; i < TW_CHECK_COUNT; i++)
		if (config->checks_off & 1u << i)
			fprintf(printer->out, INDENT "check %s off\n", check_name(i));
	print_rules(printer->out, &config->guard, INDENT);
	print_default(printer->out, &config->guard, INDENT);
	fputs("}\n", printer->out);
}

static void print_decap(FILE *out, const struct decap *decap)
{
	fputs(INDENT "decap", out);
	for (int form = 0; form < TW_TUNNELS; form++)
		if (decap->forms[form])
			fprintf(out, " %s", tunnel_form_name(form));
	fputs(" from ", out);
	print_addresses(out, &decap->from);
	fputc('\n', out);
}

static void print_tunnel(struct printer *printer, const struct tunnel *tunnel)
{
	begin_group(printer);
	fputs("tunnel {\n", printer->out);
	for (int family = 0; family < 2; family++)
		if (!addr_is_zero(&tunnel->source[family].addr)) {
			fputs(INDENT "source ", printer->out);
			prefix_print(printer->out, &tunnel->source[family]);
			fputc('\n', printer->out);
		}
	if (tunnel->port)
		fprintf(printer->out, INDENT "port %u\n", tunnel->port);
	fputs("}\n", printer->out);
}

static void print_host(struct printer *printer, const struct config *config)
{
	begin_group(printer);
	fputs("host {\n", printer->out);
	for (size_t i = 0; i < config->decap_count; i++)
		print_decap(printer->out, &config->decaps[i]);
	print_rules(printer->out, &config->host, INDENT);
	print_default(printer->out, &config->host, INDENT);
	fputs("}\n", printer->out);
}

static void print_server(FILE *out, const struct server *server)
{
	fprintf(out, INDENT "server %s", server->name);
	for (int family = 0; family < 2; family++)
		if (!addr_is_zero(&server->addr[family])) {
			fputc(' ', out);
			address_print(out, &server->addr[family]);
		}
	if (server->weight != 1)
		fprintf(out, " weight %u", server->weight);
	if (server->has_mac)
		fprintf(out, " mac %02x:%02x:%02x:%02x:%02x:%02x", server->mac[0], server->mac[1],
			server->mac[2], server->mac[3], server->mac[4], server->mac[5]);
	if (server->device[0]) {
		fputs(" device ", out);
		print_device(out, server->device);
	}
	if (server->state != TW_SERVER_UP)
		fprintf(out, " state %s", server_state_name(server->state));
	if (server->is_backup)
		fputs(" backup", out);
	if (server->rules.count) {
		fputs(" {\n" INDENT INDENT "firewall {\n", out);
		print_rules(out, &server->rules, INDENT INDENT INDENT);
		fputs(INDENT INDENT "}\n" INDENT "}", out);
	}
	fputc('\n', out);
}

static void print_tier(struct printer *printer, const struct tier *tier)
{
	FILE *out = printer->out;

	begin_group(printer);
	fprintf(out, "tier %s {\n", tier->name);
	for (size_t i = 0; i < tier->server_count; i++)
		print_server(out, &tier->servers[i]);
	if (tier->backup_below > 1)
		fprintf(out, INDENT "backup below %u\n", tier->backup_below);
	fputs(INDENT "firewall {\n", out);
	print_rules(out, &tier->rules, INDENT INDENT);
	print_default(out, &tier->rules, INDENT INDENT);
	fputs(INDENT "}\n}\n", out);
}

static void print_hash(FILE *out, const struct service *service)
{
	if (service->affinity)
		fputs(INDENT "affinity source", out);
	if (service->affinity && service->affinity_bits)
		fprintf(out, "/%u", service->affinity_bits);
	if (service->affinity)
		fputc('\n', out);
	for (int bit = 0; bit < HASH_FIELD_COUNT; bit++)
		if (service->hash_off & 1 << bit)
			fprintf(out, INDENT "hash %s off\n", hash_field_name(bit));
}

static void print_pool(FILE *out, const struct service *service)
{
	fputs(INDENT "pool", out);
	for (size_t i = 0; i < service->pool_count; i++) {
		fputc(' ', out);
		address_print(out, &service->pool[i]);
	}
	if (service->pool_ports[0])
		fprintf(out, " ports %u-%u", service->pool_ports[0], service->pool_ports[1]);
	fputc('\n', out);
}

static void print_service(struct printer *printer, const struct service *service)
{
	FILE *out = printer->out;

	begin_group(printer);
	fprintf(out, "service %s {\n", service->name);
	for (size_t i = 0; i < service->listen_count; i++) {
		const struct listen *listen = &service->listens[i];

		fputs(INDENT "listen ", out);
		address_print(out, &listen->addr);
		fprintf(out, " %s port ", protocol_name(listen->protocol));
		print_ports(out, &listen->ports, ",");
		fputc('\n', out);
	}
	if (service->tier[0]) /* the check refuses a service without, the grammar does not */
		fprintf(out, INDENT "tier %s\n", service->tier);
	fprintf(out, INDENT "forward %s\n", forward_name(service->forward));
	if (service->port)
		fprintf(out, INDENT "port %u\n", service->port);
	if (service->mss == TW_MSS_AUTO)
		fputs(INDENT "mss auto\n", out);
	else if (service->mss)
		fprintf(out, INDENT "mss %u\n", service->mss);
	if (service->from.count) {
		fputs(INDENT "from ", out);
		print_addresses(out, &service->from);
		fputc('\n', out);
	}
	print_hash(out, service);
	if (service->on_down != TW_ON_DOWN_MOVE)
		fprintf(out, INDENT "on-down %s\n", on_down_name(service->on_down));
	if (service->rejects)
		fputs(INDENT "no-server reject\n", out);
	if (service->pool_count)
		print_pool(out, service);
	fputs("}\n", out);
}

static int print_config(struct printer *printer, const struct config *config)
{
	print_interfaces(printer, config);
	print_hash_key(printer, config);
	print_sets(printer, config);
	if (config->guard.count || config->guard.default_action != TW_ACCEPT || config->checks_off)
		print_guard(printer, config);
	if (config->has_host)
		print_host(printer, config);
	if (config->tunnel.at.line)
		print_tunnel(printer, &config->tunnel);
	for (size_t i = 0; i < config->tier_count; i++)
		print_tier(printer, &config->tiers[i]);
	for (size_t i = 0; i < config->service_count; i++)
		print_service(printer, &config->services[i]);
	/* An empty file would be refused. */
	if (!printer->begun)
		print_guard(printer, config);
	return ferror(printer->out) ? -EIO : 0;
}

int config_print(FILE *out, const struct config *config)
{
	struct printer printer = {.out = out, .entries = true};

	return print_config(&printer, config);
}

int config_print_without_entries(FILE *out, const struct config *config)
{
	struct printer printer = {.out = out, .entries = false};

	return print_config(&printer, config);
}
