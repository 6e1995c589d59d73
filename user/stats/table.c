/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters as a table for people.
 */
#include <errno.h>

#include "stats/columns.h"
#include "stats/stats.h"

#define INDENT "  "

/* Sections have a blank line between them. */
struct page {
	FILE *out;
	bool begun;
};

static FILE *section(struct page *page)
{
	if (page->begun)
		fputc('\n', page->out);
	page->begun = true;
	return page->out;
}

/* The cells that most rows share. */
#define HITS_FORMAT   "%s\t%s"
#define HITS(counter) grouped((counter).packets).text, scaled_bytes((counter).bytes).text

static int print_node(struct page *page, const struct stats *stats)
{
	static const char *const names[] = {
		[TW_NODE_RECEIVED] = "received",     [TW_NODE_PASSED] = "passed",
		[TW_NODE_DROPPED] = "dropped",       [TW_NODE_TRANSMITTED] = "transmitted",
		[TW_NODE_REDIRECTED] = "redirected",
	};
	struct columns columns = {.align = "lrr"};

	columns_row(&columns, "node\tpackets\tbytes");
	for (uint32_t row = TW_NODE_RECEIVED; row <= TW_NODE_REDIRECTED; row++)
		columns_row(&columns, INDENT "%s\t" HITS_FORMAT, names[row],
			    HITS(stats->node[row]));
	return columns_print(&columns, section(page), "");
}

static int print_drops(struct page *page, const struct stats *stats, enum stats_detail detail)
{
	struct columns columns = {.align = "lrr"};

	columns_row(&columns, "drops\tpackets\tbytes");
	for (uint32_t reason = 0; reason < TW_REASON_COUNT; reason++) {
		const struct tw_counter *counter = &stats->node[TW_NODE_DROPS + reason];

		if (counter->packets || detail == STATS_FULL)
			columns_row(&columns, INDENT "%s\t" HITS_FORMAT, reason_key(reason),
				    HITS(*counter));
	}
	if (columns.count == 1)
		columns_row(&columns, INDENT "none");
	return columns_print(&columns, section(page), "");
}

static void print_answers(struct page *page, const struct stats *stats, enum stats_detail detail)
{
	const struct tw_counter *sent = &stats->node[TW_NODE_ANSWERED];
	const struct tw_counter *suppressed = &stats->node[TW_NODE_UNANSWERED];

	if (sent->packets || suppressed->packets || detail == STATS_FULL)
		fprintf(section(page), "answers  %s sent to rejected senders, %s suppressed\n",
			grouped(sent->packets).text, grouped(suppressed->packets).text);
}

static void print_flows(struct page *page, const struct stats *stats)
{
	fprintf(section(page), "flows  %s live of %s, %s created\n",
		grouped(stats->flows_live).text, grouped(stats->flows_capacity).text,
		grouped(stats->node[TW_NODE_FLOWS].flows).text);
}

/* Nothing where no monitor has been. */
static void print_events(struct page *page, const struct stats *stats, enum stats_detail detail)
{
	uint64_t logged = stats->node[TW_NODE_LOGGED].packets;
	uint64_t unlogged = stats->node[TW_NODE_UNLOGGED].packets;

	if (logged || unlogged || detail == STATS_FULL)
		fprintf(section(page), "events  %s logged, %s unlogged\n", grouped(logged).text,
			grouped(unlogged).text);
}

static void add_service(struct columns *columns, const struct stats_service *service)
{
	columns_row(columns, INDENT "%s\t%s, tier %s\t" HITS_FORMAT "\t%s\t%s", service->name,
		    forward_name(service->forward), service->tier, HITS(service->counter),
		    grouped(service->counter.flows).text, grouped(service->counter.requests).text);
	for (size_t i = 0; i < service->member_count; i++) {
		const struct stats_member *member = &service->members[i];

		columns_row(columns, INDENT INDENT "%s\t%s, weight %u\t" HITS_FORMAT "\t%s\t%s",
			    member->name, server_state_name(member->state), member->weight,
			    HITS(member->counter), grouped(member->counter.flows).text,
			    grouped(member->counter.requests).text);
	}
}

static int print_services(struct page *page, const struct stats *stats)
{
	struct columns columns = {.align = "llrrrr"};

	columns_row(&columns, "services\t\tpackets\tbytes\tflows\trequests");
	for (size_t i = 0; i < stats->service_count; i++)
		add_service(&columns, &stats->services[i]);
	return columns_print(&columns, section(page), "");
}

/* -- rules ------------------------------------------------------------------------ */

/* What there is to say of a rule, behind it. */
struct remark {
	char text[160];
};

static struct remark remark_on(const struct stats_rule *rule)
{
	struct remark remark = {""};

	if (rule->shadowed_by)
		snprintf(remark.text, sizeof(remark.text), "  (shadowed by %u)", rule->shadowed_by);
	else if (rule->empty_sets)
		snprintf(remark.text, sizeof(remark.text), "  (empty: %s)", rule->empty_sets);
	return remark;
}

static void print_bound(FILE *out, const struct list_bound *bound)
{
	fprintf(out, INDENT "%s rows in %s", grouped(bound->rows).text,
		scaled_bytes(bound->bytes).text);
	if (bound->limits)
		fprintf(out, "; %u with a limit, behind each the search may begin anew",
			bound->limits);
	fputc('\n', out);
	for (int family = 0; family < 2; family++) {
		const struct list_work *work = &bound->work[family];

		if (bound->trees[family])
			fprintf(out,
				INDENT "IPv%d: %u tree%s; at most %u steps, %u compares, "
				       "%u vector words, %u set look-ups a packet\n",
				family ? 6 : 4, bound->trees[family],
				bound->trees[family] > 1 ? "s" : "", work->steps, work->compares,
				work->words, work->sets);
	}
}

int stats_print_list_table(FILE *out, const struct stats_rules *rules)
{
	struct columns columns = {.align = "rrrl"};

	columns_row(&columns, "#\tpackets\tbytes\trule");
	for (size_t i = 0; i < rules->count; i++) {
		const struct stats_rule *rule = &rules->items[i];

		columns_row(&columns, "%u\t" HITS_FORMAT "\t%s%s%s%s", rule->number,
			    HITS(rule->hits), rule->rule, rule->name ? " # " : "",
			    rule->name ? rule->name : "", remark_on(rule).text);
	}
	if (rules->has_default)
		columns_row(&columns, "default\t" HITS_FORMAT "\t%s", HITS(rules->default_hits),
			    action_name(rules->default_action));
	if (columns_print(&columns, out, INDENT))
		return -ENOMEM;
	if (rules->has_bound && rules->bound.rows)
		print_bound(out, &rules->bound);
	return 0;
}

static int print_list(struct page *page, const char *title, const struct stats_rules *rules)
{
	FILE *out = section(page);

	fprintf(out, "%s\n", title);
	return stats_print_list_table(out, rules);
}

static int print_tier(struct page *page, const struct stats_tier *tier)
{
	FILE *out = section(page);
	int result;

	fprintf(out, "tier %s\n", tier->name);
	result = stats_print_list_table(out, &tier->rules);
	for (size_t i = 0; i < tier->server_count && !result; i++) {
		const struct stats_server *server = &tier->servers[i];

		if (!server->rules.count)
			continue;
		fprintf(section(page), "server %s/%s, before its tier's rules\n", tier->name,
			server->name);
		result = stats_print_list_table(out, &server->rules);
	}
	return result;
}

static int print_lists(struct page *page, const struct stats *stats)
{
	int result = 0;

	if (stats->has_guard)
		result = print_list(page, "guard", &stats->guard);
	if (!result && stats->has_host)
		result = print_list(page, "host", &stats->host);
	for (size_t i = 0; i < stats->tier_count && !result; i++)
		result = print_tier(page, &stats->tiers[i]);
	return result;
}

int stats_print_rules_table(FILE *out, const struct stats *stats)
{
	return print_lists(&(struct page){.out = out}, stats);
}

/* -- the rest ---------------------------------------------------------------------- */

static int print_servers(struct page *page, const struct stats *stats)
{
	struct columns columns = {.align = "lll"};

	columns_row(&columns, "servers");
	for (size_t i = 0; i < stats->tier_count; i++)
		for (size_t j = 0; j < stats->tiers[i].server_count; j++) {
			const struct stats_server *server = &stats->tiers[i].servers[j];

			columns_row(&columns, INDENT "%s/%s\t%s\tweight %u", stats->tiers[i].name,
				    server->name, server_state_name(server->state), server->weight);
		}
	return columns_print(&columns, section(page), "");
}

static int print_sets(struct page *page, const struct stats *stats)
{
	struct columns columns = {.align = "lr"};

	columns_row(&columns, "sets\tentries");
	for (size_t i = 0; i < stats->set_count; i++)
		columns_row(&columns, INDENT "%s\t%s", stats->sets[i].name,
			    grouped(stats->sets[i].entries).text);
	return columns_print(&columns, section(page), "");
}

static int print_whole(struct page *page, const struct stats *stats, enum stats_detail detail)
{
	int result = print_node(page, stats);

	if (!result)
		result = print_drops(page, stats, detail);
	if (!result) {
		print_answers(page, stats, detail);
		print_flows(page, stats);
		print_events(page, stats, detail);
	}
	return result;
}

int stats_print_table(FILE *out, const struct stats *stats, enum stats_detail detail)
{
	struct page page = {.out = out};
	int result = 0;

	if (stats->whole)
		result = print_whole(&page, stats, detail);
	if (!result && stats->service_count)
		result = print_services(&page, stats);
	if (!result)
		result = print_lists(&page, stats);
	if (!result && stats->tier_count)
		result = print_servers(&page, stats);
	if (!result && stats->set_count)
		result = print_sets(&page, stats);
	return result;
}
