/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shape `tier`: three to twenty tiers, each with its servers and their firewall;
 * some servers with rules of their own; host and guard.
 */
#include <string.h>

#include "model/generate_tier.h"

#define TIERS_MAX   20
#define SERVERS_MAX 6  /* of one tier */
#define FIRST_NET   16 /* servers are in 10.16.0.0/16, 10.17.0.0/16, ..., 2001:db8:10:: and so on */

static const char *const tier_names[TIERS_MAX] = {
	"web",   "app",    "db",    "cache",  "search", "queue", "mail",    "dns",  "auth", "files",
	"build", "backup", "stats", "ledger", "shop",   "api",   "gateway", "jobs", "ldap", "voice",
};

/* The tiers that are written, for rules that speak of them. */
struct plan {
	struct writer *writer;
	uint32_t tiers;
	uint32_t servers[TIERS_MAX];
	uint32_t own[TIERS_MAX][SERVERS_MAX]; /* rules of each server */
	uint32_t rules[TIERS_MAX];
	uint32_t guard, host;
};

/* -- addresses of servers ------------------------------------------------------------------- */

/* Those of EXTRA_SERVICES have routes and neighbours in tests/packet/topology.c. */
static const char *const reachable[2][3][2] = {
	{{"10.0.1.11", "10.0.1.12"}, {"192.0.2.31", NULL}, {"10.0.3.11", "10.0.3.12"}},
	{{"2001:db8:1::11", "2001:db8:1::12"},
	 {"2001:db8:2::31", NULL},
	 {"2001:db8:3::11", "2001:db8:3::12"}},
};

static void print_address(FILE *out, const struct plan *plan, uint32_t tier, uint32_t server,
			  int family)
{
	if (plan->writer->recipe->extras & EXTRA_SERVICES && tier < 3 && server < 2 &&
	    reachable[family][tier][server])
		fputs(reachable[family][tier][server], out);
	else if (family)
		fprintf(out, "2001:db8:%x:%x::%x", FIRST_NET + tier, server / 4, 16 + server);
	else
		fprintf(out, "10.%u.%u.%u", FIRST_NET + tier, server / 4, 16 + server);
}

static void print_server(FILE *out, const struct plan *plan, uint32_t tier, uint32_t server)
{
	enum versions versions = plan->writer->recipe->versions;
	struct random *random = &plan->writer->random;

	fprintf(out, "    server %s%u", tier_names[tier], server + 1);
	for (int family = 0; family < 2; family++)
		if (versions == VERSIONS_MIXED || (int)versions == family) {
			fputc(' ', out);
			print_address(out, plan, tier, server, family);
		}
	if (plan->writer->recipe->extras & EXTRA_DEVICES && tier > 2 && random_percent(random, 20))
		fprintf(out, " mac 02:00:00:00:%02x:%02x device lan", tier, server);
	if (random_percent(random, 10))
		fprintf(out, " weight %u", random_between(random, 1, 4));
}

/* -- rules ------------------------------------------------------------------------------------- */

static void add_source(struct line *line, const struct plan *plan, int family)
{
	struct writer *writer = plan->writer;
	static const uint8_t weights[] = {34, 16, 45, 5};
	const char *negation = "";

	if (writer->recipe->extras & EXTRA_NOT && random_percent(&writer->random, 5))
		negation = "not ";
	switch (random_weighted(&writer->random, weights)) {
	case 0:
		line_add(line, " from %s@%s", negation,
			 set_names[random_below(&writer->random, writer->sets)]);
		break;
	case 1:
		line_add(line, " from %s@%s", negation,
			 tier_names[random_below(&writer->random, plan->tiers)]);
		break;
	case 2:
		add_addresses(line, writer, "from", family);
		break;
	}
}

static void add_service_ports(struct line *line, struct writer *writer)
{
	static const uint8_t kinds[] = {70, 18, 12};

	line_add(line, " to port ");
	switch (random_weighted(&writer->random, kinds)) {
	case 0:
		add_exact_port(line, writer);
		break;
	case 1:
		add_port_range(line, writer);
		break;
	default:
		add_port_list(line, writer);
	}
}

static void add_icmp_rule(struct line *line, struct writer *writer)
{
	int family = writer_family(writer);

	line_add(line, family ? " icmp6" : " icmp");
	if (random_percent(&writer->random, 30))
		add_addresses(line, writer, "from", family);
	add_icmp_type(line, writer, family);
}

/* `to`: only one server, or part of the tier's network. */
static void add_destination(struct line *line, const struct plan *plan, int tier, int family)
{
	struct random *random = &plan->writer->random;

	if (tier < 0 || plan->writer->recipe->extras & EXTRA_SERVICES)
		add_addresses(line, plan->writer, "to", family);
	else if (family)
		line_add(line, " to 2001:db8:%x::/%u", FIRST_NET + tier,
			 random_between(random, 48, 60));
	else
		line_add(line, " to 10.%u.0.%u", FIRST_NET + tier,
			 16 + random_below(random, plan->servers[tier]));
}

/* One rule of a list; `tier` -1: of guard or host. */
static void print_rule(FILE *out, const struct plan *plan, int tier, uint32_t accept_percent)
{
	static const uint8_t kinds[] = {58, 17, 8, 12, 5};
	struct writer *writer = plan->writer;
	struct line line = {.length = 0};
	int family = writer_family(writer);
	uint32_t kind = random_weighted(&writer->random, kinds);

	add_action(&line, writer, accept_percent);
	if (kind == 2) {
		add_icmp_rule(&line, writer);
	} else if (kind == 4) {
		add_addresses(&line, writer, "from", family);
	} else {
		line_add(&line, kind == 1 ? " udp" : " tcp");
		add_source(&line, plan, family);
		if (random_percent(&writer->random, 8))
			add_destination(&line, plan, tier, family);
		else
			add_service_ports(&line, writer);
		if (kind == 0 && random_percent(&writer->random, 6))
			add_flags(&line, writer);
	}
	if (kind == 3 || random_percent(&writer->random, 3))
		add_match(&line, writer);
	add_limit(&line, writer);
	fprintf(out, "        %s\n", line.text);
}

static void print_rules(FILE *out, const struct plan *plan, int tier, uint32_t count,
			uint32_t accept_percent)
{
	for (uint32_t i = 0; i < count; i++)
		print_rule(out, plan, tier, accept_percent);
}

static const char *default_of(struct writer *writer)
{
	if (writer->recipe->extras & EXTRA_REJECT && random_percent(&writer->random, 15))
		return "reject";
	if (writer->recipe->extras & EXTRA_SERVICES && random_percent(&writer->random, 50))
		return "accept"; /* so that most packets to services go through */
	return random_percent(&writer->random, 80) ? "drop" : "accept";
}

/* -- blocks ----------------------------------------------------------------------------------------- */

static void print_tier(FILE *out, const struct plan *plan, uint32_t tier)
{
	struct writer *writer = plan->writer;

	fprintf(out, "tier %s {\n", tier_names[tier]);
	if (random_percent(&writer->random, 25))
		fputs("    strict\n", out);
	for (uint32_t i = 0; i < plan->servers[tier]; i++) {
		print_server(out, plan, tier, i);
		if (plan->own[tier][i]) {
			fputs(" {\n      firewall {\n", out);
			print_rules(out, plan, (int)tier, plan->own[tier][i], 40);
			fputs("      }\n    }\n", out);
		} else {
			fputc('\n', out);
		}
	}
	fputs("    firewall {\n", out);
	print_rules(out, plan, (int)tier, plan->rules[tier], 75);
	fprintf(out, "        default %s\n    }\n}\n", default_of(writer));
}

/* What clients talk to: nat to the first two tiers, l2 to the second. */
static void print_services(FILE *out, const struct plan *plan)
{
	enum versions versions = plan->writer->recipe->versions;
	static const char *const lines[2][3] = {
		{"listen 192.0.2.10 tcp port 80,443; listen 192.0.2.10 udp port 1-65535",
		 "listen 192.0.2.20 tcp port 1-65535", "listen 192.0.2.30 udp port 53,8000-9000"},
		{"listen 2001:db8:2::10 tcp port 80,443; listen 2001:db8:2::10 udp port 1-65535",
		 "listen 2001:db8:2::20 tcp port 1-65535",
		 "listen 2001:db8:2::30 udp port 53,8000-9000"},
	};
	static const char *const ways[] = {"tier web", "tier app; port 8443",
					   "tier app; forward l2"};

	for (int i = 0; i < 3; i++) {
		fprintf(out, "service service%d {\n", i);
		for (int family = 0; family < 2; family++)
			if (versions == VERSIONS_MIXED || (int)versions == family)
				fprintf(out, "    %s\n", lines[family][i]);
		fprintf(out, "    %s\n", ways[i]);
		if (random_percent(&plan->writer->random, 30))
			fputs("    from @office\n", out);
		fputs("}\n", out);
	}
}

/* How many rules each list gets: they add up to the recipe's. */
static void divide(struct plan *plan)
{
	struct random *random = &plan->writer->random;
	uint32_t left = plan->writer->recipe->rules;

	plan->tiers = 3 + left / 100 < TIERS_MAX ? 3 + left / 100 : TIERS_MAX;
	plan->guard = left / 10;
	plan->host = left / 10;
	left -= plan->guard + plan->host;
	for (uint32_t i = 0; i < plan->tiers; i++) {
		plan->servers[i] = random_between(random, 1, SERVERS_MAX);
		for (uint32_t j = 0; j < plan->servers[i] && left; j++)
			if (random_percent(random, 25)) {
				plan->own[i][j] = random_between(random, 1, 1 + left / 64);
				left -= plan->own[i][j];
			}
	}
	for (uint32_t i = 0; i < plan->tiers; i++) { /* half of what is left, thrice as often */
		plan->rules[i] = i + 1 < plan->tiers ? left / (i < 3 ? 3 : 4) : left;
		left -= plan->rules[i];
	}
}

void write_tiers(FILE *out, struct writer *writer)
{
	struct plan plan = {.writer = writer};

	divide(&plan);
	write_sets(out, writer, 60);
	fputs("guard {\n", out);
	print_rules(out, &plan, -1, plan.guard, 10);
	fputs("}\nhost {\n", out);
	if (random_percent(&writer->random, 25))
		fputs("    strict\n", out);
	print_rules(out, &plan, -1, plan.host, 70);
	fprintf(out, "    default %s\n}\n", default_of(writer));
	for (uint32_t i = 0; i < plan.tiers; i++)
		print_tier(out, &plan, i);
	if (writer->recipe->extras & EXTRA_SERVICES)
		print_services(out, &plan);
}
