/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random chains with jumps, gotos and returns in two tables: a packet has the verdict from
 * the imported rules that it has from the chains, walked as iptables walks them.  The
 * packets are few and all are tried.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "import/import.h"

#define CHAINS  4 /* the first is INPUT; jumps go to later ones */
#define RULES   6
#define SOURCES 4 /* 10.0.0.1 and so on */
#define PORTS   4 /* 1 and so on */

enum target { ACCEPT, DROP, RETURN, JUMP, GOTO, NOTHING, TARGETS };

struct source_rule {
	unsigned int source, not_source; /* 0: any */
	unsigned int protocol;           /* 0: any */
	unsigned int port, last_port;    /* 0: any */
	enum target target;
	unsigned int chain; /* of JUMP and GOTO */
};

struct table {
	bool drops; /* its policy */
	unsigned int counts[CHAINS];
	struct source_rule rules[CHAINS][RULES];
};

struct probe {
	unsigned int source, protocol, port;
};

static unsigned int pick(unsigned int count)
{
	return (unsigned int)random() % count;
}

/* -- the source ------------------------------------------------------------------------ */

static void make_rule(struct source_rule *rule, unsigned int chain)
{
	*rule = (struct source_rule){.target = (enum target)pick(TARGETS)};
	if (pick(2))
		rule->source = 1 + pick(SOURCES);
	else if (!pick(3))
		rule->not_source = 1 + pick(SOURCES);
	if (pick(2)) {
		rule->protocol = pick(2) ? 6 : 17;
		if (pick(2)) {
			rule->port = 1 + pick(PORTS);
			rule->last_port = rule->port + pick(2);
		}
	}
	if ((rule->target == JUMP || rule->target == GOTO) && chain + 1 == CHAINS)
		rule->target = DROP;
	else if (rule->target == JUMP || rule->target == GOTO)
		rule->chain = chain + 1 + pick(CHAINS - chain - 1);
}

static void make_table(struct table *table)
{
	table->drops = pick(2);
	for (unsigned int chain = 0; chain < CHAINS; chain++) {
		table->counts[chain] = pick(RULES + 1);
		for (unsigned int i = 0; i < table->counts[chain]; i++)
			make_rule(&table->rules[chain][i], chain);
	}
}

static void print_rule(FILE *out, const struct source_rule *rule)
{
	static const char *const targets[] = {"ACCEPT", "DROP", "RETURN"};

	if (rule->source)
		fprintf(out, " -s 10.0.0.%u/32", rule->source);
	if (rule->not_source)
		fprintf(out, " ! -s 10.0.0.%u/32", rule->not_source);
	if (rule->protocol)
		fprintf(out, " -p %s", rule->protocol == 6 ? "tcp" : "udp");
	if (rule->port)
		fprintf(out, " --dport %u:%u", rule->port, rule->last_port);
	if (rule->target < JUMP)
		fprintf(out, " -j %s", targets[rule->target]);
	else if (rule->target != NOTHING)
		fprintf(out, " -%c C%u", rule->target == JUMP ? 'j' : 'g', rule->chain);
	fputc('\n', out);
}

static void print_table(FILE *out, const struct table *table, const char *name)
{
	fprintf(out, "*%s\n:INPUT %s [0:0]\n", name, table->drops ? "DROP" : "ACCEPT");
	for (unsigned int chain = 1; chain < CHAINS; chain++)
		fprintf(out, ":C%u - [0:0]\n", chain);
	for (unsigned int chain = 0; chain < CHAINS; chain++)
		for (unsigned int i = 0; i < table->counts[chain]; i++) {
			if (chain)
				fprintf(out, "-A C%u", chain);
			else
				fputs("-A INPUT", out);
			print_rule(out, &table->rules[chain][i]);
		}
	fputs("COMMIT\n", out);
}

static bool rule_holds(const struct source_rule *rule, const struct probe *probe)
{
	return (!rule->source || rule->source == probe->source) &&
	       (!rule->not_source || rule->not_source != probe->source) &&
	       (!rule->protocol || rule->protocol == probe->protocol) &&
	       (!rule->port || (probe->port >= rule->port && probe->port <= rule->last_port));
}

/* ACCEPT, DROP, or RETURN where the chain leaves it to its caller. */
static enum target walk(const struct table *table, unsigned int chain, const struct probe *probe)
{
	for (unsigned int i = 0; i < table->counts[chain]; i++) {
		const struct source_rule *rule = &table->rules[chain][i];
		enum target target;

		if (!rule_holds(rule, probe) || rule->target == NOTHING)
			continue;
		if (rule->target < JUMP)
			return rule->target;
		target = walk(table, rule->chain, probe);
		if (target != RETURN || rule->target == GOTO)
			return target;
	}
	return RETURN;
}

static bool table_accepts(const struct table *table, const struct probe *probe)
{
	enum target target = walk(table, 0, probe);

	return target == RETURN ? !table->drops : target == ACCEPT;
}

/* -- what came of it --------------------------------------------------------------------- */

static bool prefix_holds(const struct prefix *prefix, uint32_t address)
{
	unsigned int bits = prefix->bits;

	if (!addr_is_ipv4(&prefix->addr) || bits < 96)
		return false;
	return bits == 96 || !((ntohl(prefix->addr.words[3]) ^ address) >> (128 - bits));
}

static bool addresses_hold(const struct addresses *addresses, uint32_t address)
{
	bool found = !addresses->count;

	for (size_t i = 0; i < addresses->count; i++)
		found |= prefix_holds(&addresses->items[i].prefix, address);
	return found != addresses->negated;
}

static bool imported_accepts(const struct config *config, const struct probe *probe)
{
	const struct rules *host = &config->host;

	for (size_t i = 0; i < host->count; i++) {
		const struct rule *rule = &host->items[i];
		bool port = !rule->to_ports.count;

		for (size_t j = 0; j < rule->to_ports.count; j++)
			port |= probe->port >= rule->to_ports.items[j].low &&
				probe->port <= rule->to_ports.items[j].high;
		if (port && addresses_hold(&rule->from, 10u << 24 | probe->source) &&
		    (!(rule->fields & RULE_PROTOCOL) || rule->protocol == probe->protocol))
			return rule->action == TW_ACCEPT;
	}
	return !config->has_host || host->default_action == TW_ACCEPT;
}

/* -- both ----------------------------------------------------------------------------------- */

struct texts {
	char *source, *imported, *messages;
};

static void expect_probe(const struct table tables[2], const struct config *config,
			 const struct probe *probe, const struct texts *texts)
{
	bool theirs = table_accepts(&tables[0], probe) && table_accepts(&tables[1], probe);

	if (imported_accepts(config, probe) != theirs)
		fail_msg("from 10.0.0.%u, protocol %u, to port %u: iptables %s it\n%s\n%s\n%s",
			 probe->source, probe->protocol, probe->port, theirs ? "accepts" : "drops",
			 texts->source, texts->imported, texts->messages);
}

static void expect_all(const struct table tables[2], const struct texts *texts)
{
	struct diagnostic diagnostic = {};
	struct config *config;

	if (config_parse(&config, "imported", texts->imported, strlen(texts->imported),
			 &diagnostic))
		fail_msg("%s%s", diagnostic.text, texts->imported);
	for (unsigned int source = 1; source <= SOURCES; source++)
		for (unsigned int port = 1; port <= PORTS + 1; port++)
			for (unsigned int protocol = 6; protocol <= 17; protocol += 11) {
				struct probe probe = {source, protocol, port};

				expect_probe(tables, config, &probe, texts);
			}
	config_free(config);
}

static void random_tables(void)
{
	struct table tables[2];
	struct texts texts;
	size_t length;
	FILE *out = open_memstream(&texts.source, &length), *messages;

	make_table(&tables[0]);
	make_table(&tables[1]);
	print_table(out, &tables[0], "mangle");
	print_table(out, &tables[1], "filter");
	fclose(out);
	out = open_memstream(&texts.imported, &length);
	messages = open_memstream(&texts.messages, &length);
	assert_int_equal(import_text(IMPORT_IPTABLES, "random", texts.source, strlen(texts.source),
				     out, messages),
			 0);
	fclose(out);
	fclose(messages);
	expect_all(tables, &texts);
	free(texts.source);
	free(texts.imported);
	free(texts.messages);
}

static void test_random_chains(void **state)
{
	(void)state;
	srandom(2);
	for (int round = 0; round < 3000; round++)
		random_tables();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
