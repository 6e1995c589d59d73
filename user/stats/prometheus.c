/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters in the Prometheus text format, version 0.0.4.  Families come one
 * after the other, each whole; units are packets, bytes and seconds.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>

#include "stats/stats.h"

struct writer {
	FILE *out;
	const char *instance;
	const char *family;
};

static void begin_family(struct writer *writer, const char *family, const char *type,
			 const char *help)
{
	writer->family = family;
	fprintf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

static void write_label(FILE *out, const char *label, const char *value)
{
	fprintf(out, "%s=\"", label);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

/* The labels are pairs of words behind `instance`; NULL ends them. */
static void __attribute__((sentinel)) sample(const struct writer *writer, uint64_t value, ...)
{
	const char *label;
	va_list labels;

	fprintf(writer->out, "%s{", writer->family);
	write_label(writer->out, "instance", writer->instance);
	va_start(labels, value);
	while ((label = va_arg(labels, const char *))) {
		fputc(',', writer->out);
		write_label(writer->out, label, va_arg(labels, const char *));
	}
	va_end(labels);
	fprintf(writer->out, "} %" PRIu64 "\n", value);
}

/* -- the four numbers of a counter -------------------------------------------------- */

struct number {
	const char *family;
	const char *help;
	size_t offset; /* in struct tw_counter */
};

static uint64_t number_of(const struct number *number, const struct tw_counter *counter)
{
	return *(const __u64 *)(const void *)((const char *)counter + number->offset);
}

#define PACKETS  offsetof(struct tw_counter, packets)
#define BYTES    offsetof(struct tw_counter, bytes)
#define FLOWS    offsetof(struct tw_counter, flows)
#define REQUESTS offsetof(struct tw_counter, requests)
#define FOR_EACH_NUMBER(number, numbers)            \
	for (const struct number *number = numbers; \
	     number < (numbers) + sizeof(numbers) / sizeof(*(numbers)); number++)

/* -- node ------------------------------------------------------------------------------ */

static void write_verdicts(struct writer *writer, const struct stats *stats)
{
	static const struct number received[] = {
		{"tierwall_received_packets_total", "Packets that came in.", PACKETS},
		{"tierwall_received_bytes_total", "Bytes that came in, Ethernet headers included.",
		 BYTES},
	};
	static const struct number decided[] = {
		{"tierwall_packets_total", "Packets by what was done with them.", PACKETS},
		{"tierwall_bytes_total", "Bytes by what was done with them.", BYTES},
	};
	static const char *const verdicts[] = {
		[TW_NODE_PASSED] = "passed",
		[TW_NODE_DROPPED] = "dropped",
		[TW_NODE_TRANSMITTED] = "transmitted",
		[TW_NODE_REDIRECTED] = "redirected",
	};

	FOR_EACH_NUMBER(number, received)
	{
		begin_family(writer, number->family, "counter", number->help);
		sample(writer, number_of(number, &stats->node[TW_NODE_RECEIVED]), NULL);
	}
	FOR_EACH_NUMBER(number, decided)
	{
		begin_family(writer, number->family, "counter", number->help);
		for (uint32_t row = TW_NODE_PASSED; row <= TW_NODE_REDIRECTED; row++)
			sample(writer, number_of(number, &stats->node[row]), "verdict",
			       verdicts[row], NULL);
	}
}

static void write_drops(struct writer *writer, const struct stats *stats)
{
	static const struct number numbers[] = {
		{"tierwall_drops_total", "Dropped packets by reason.", PACKETS},
		{"tierwall_drop_bytes_total", "Dropped bytes by reason.", BYTES},
	};

	FOR_EACH_NUMBER(number, numbers)
	{
		begin_family(writer, number->family, "counter", number->help);
		for (uint32_t reason = 0; reason < TW_REASON_COUNT; reason++)
			sample(writer, number_of(number, &stats->node[TW_NODE_DROPS + reason]),
			       "reason", reason_key(reason), NULL);
	}
}

static void write_answers(struct writer *writer, const struct stats *stats)
{
	begin_family(writer, "tierwall_answers_total", "counter",
		     "Rejected packets by whether the sender was told.");
	sample(writer, stats->node[TW_NODE_ANSWERED].packets, "answer", "sent", NULL);
	sample(writer, stats->node[TW_NODE_UNANSWERED].packets, "answer", "suppressed", NULL);
}

static void write_flows(struct writer *writer, const struct stats *stats)
{
	begin_family(writer, "tierwall_flows_live", "gauge", "Entries in the flow tables.");
	sample(writer, stats->flows_live, NULL);
	begin_family(writer, "tierwall_flows_capacity", "gauge",
		     "Entries that the flow tables have room for.");
	sample(writer, stats->flows_capacity, NULL);
	begin_family(writer, "tierwall_flows_created_total", "counter", "Flows that began.");
	sample(writer, stats->node[TW_NODE_FLOWS].flows, NULL);
}

static void write_events(struct writer *writer, const struct stats *stats)
{
	begin_family(writer, "tierwall_events_total", "counter",
		     "Events by whether a monitor got them.");
	sample(writer, stats->node[TW_NODE_LOGGED].packets, "result", "logged", NULL);
	sample(writer, stats->node[TW_NODE_UNLOGGED].packets, "result", "unlogged", NULL);
}

static void write_instance(struct writer *writer, const struct stats *stats)
{
	char abi[16];

	snprintf(abi, sizeof(abi), "%u", stats->meta.abi);
	begin_family(writer, "tierwall_info", "gauge", "Always 1; the labels say what is loaded.");
	sample(writer, 1, "version", stats->meta.version, "abi", abi, NULL);
	begin_family(writer, "tierwall_loaded_timestamp_seconds", "gauge",
		     "When the data path was loaded, since the epoch.");
	sample(writer, stats->meta.loaded, NULL);
	begin_family(writer, "tierwall_generation", "gauge",
		     "Grows with every change of the running configuration.");
	sample(writer, stats->running.generation, NULL);
	begin_family(writer, "tierwall_interface", "gauge",
		     "1 for an attached device, 0 for one that is gone.");
	for (size_t i = 0; i < stats->attachment_count; i++)
		sample(writer, stats->attachments[i].ifindex != 0, "device",
		       stats->attachments[i].device, "mode", mode_name(stats->attachments[i].mode),
		       NULL);
}

/* -- services and servers ----------------------------------------------------------------- */

static void write_services(struct writer *writer, const struct stats *stats)
{
	static const struct number numbers[] = {
		{"tierwall_service_packets_total", "Packets of a service.", PACKETS},
		{"tierwall_service_bytes_total", "Bytes of a service.", BYTES},
		{"tierwall_service_flows_total", "Flows that a service began.", FLOWS},
		{"tierwall_service_requests_total", "Requests, where a service has a meter.",
		 REQUESTS},
	};

	FOR_EACH_NUMBER(number, numbers)
	{
		begin_family(writer, number->family, "counter", number->help);
		for (size_t i = 0; i < stats->service_count; i++)
			sample(writer, number_of(number, &stats->services[i].counter), "service",
			       stats->services[i].name, "tier", stats->services[i].tier, NULL);
	}
}

static void write_members(struct writer *writer, const struct stats *stats)
{
	static const struct number numbers[] = {
		{"tierwall_service_server_packets_total", "Packets of a service by server.",
		 PACKETS},
		{"tierwall_service_server_bytes_total", "Bytes of a service by server.", BYTES},
		{"tierwall_service_server_flows_total", "Flows of a service by server.", FLOWS},
		{"tierwall_service_server_requests_total", "Requests of a service by server.",
		 REQUESTS},
	};

	FOR_EACH_NUMBER(number, numbers)
	{
		begin_family(writer, number->family, "counter", number->help);
		for (size_t i = 0; i < stats->service_count; i++) {
			const struct stats_service *service = &stats->services[i];

			for (size_t j = 0; j < service->member_count; j++)
				sample(writer, number_of(number, &service->members[j].counter),
				       "service", service->name, "tier", service->tier, "server",
				       service->members[j].name, NULL);
		}
	}
}

typedef void (*server_writer)(const struct writer *writer, const char *tier,
			      const struct stats_server *server);

static void for_each_server(const struct writer *writer, const struct stats *stats,
			    server_writer write)
{
	for (size_t i = 0; i < stats->tier_count; i++)
		for (size_t j = 0; j < stats->tiers[i].server_count; j++)
			write(writer, stats->tiers[i].name, &stats->tiers[i].servers[j]);
}

static void write_up(const struct writer *writer, const char *tier,
		     const struct stats_server *server)
{
	sample(writer, server->state == TW_SERVER_UP, "tier", tier, "server", server->name, NULL);
}

static void write_state(const struct writer *writer, const char *tier,
			const struct stats_server *server)
{
	static const uint8_t states[] = {TW_SERVER_UP, TW_SERVER_DOWN, TW_SERVER_DRAIN};

	for (size_t i = 0; i < sizeof(states); i++)
		sample(writer, server->state == states[i], "tier", tier, "server", server->name,
		       "state", server_state_name(states[i]), NULL);
}

static void write_weight(const struct writer *writer, const char *tier,
			 const struct stats_server *server)
{
	sample(writer, server->weight, "tier", tier, "server", server->name, NULL);
}

static void write_servers(struct writer *writer, const struct stats *stats)
{
	begin_family(writer, "tierwall_server_up", "gauge", "1 where a server takes new flows.");
	for_each_server(writer, stats, write_up);
	begin_family(writer, "tierwall_server_state", "gauge", "1 for the state a server is in.");
	for_each_server(writer, stats, write_state);
	begin_family(writer, "tierwall_server_weight", "gauge", "Share of new flows.");
	for_each_server(writer, stats, write_weight);
}

/* -- rules and sets ------------------------------------------------------------------------- */

/* Whose rules they are; empty labels are as good as none. */
struct owner {
	const char *list;
	const char *tier;
	const char *server;
};

static void write_list(const struct writer *writer, const struct number *number,
		       const struct owner *owner, const struct stats_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct stats_rule *rule = &rules->items[i];
		char place[16];

		snprintf(place, sizeof(place), "%u", rule->number);
		sample(writer, number_of(number, &rule->hits), "list", owner->list, "tier",
		       owner->tier, "server", owner->server, "number", place, "rule", rule->rule,
		       "name", rule->name ? rule->name : "", NULL);
	}
	if (rules->has_default) {
		char text[32];

		snprintf(text, sizeof(text), "default %s", action_name(rules->default_action));
		sample(writer, number_of(number, &rules->default_hits), "list", owner->list, "tier",
		       owner->tier, "server", owner->server, "number", "default", "rule", text,
		       "name", "", NULL);
	}
}

static void write_tier(const struct writer *writer, const struct number *number,
		       const struct stats_tier *tier)
{
	write_list(writer, number, &(struct owner){"tier", tier->name, ""}, &tier->rules);
	for (size_t i = 0; i < tier->server_count; i++)
		write_list(writer, number,
			   &(struct owner){"server", tier->name, tier->servers[i].name},
			   &tier->servers[i].rules);
}

static void write_rules(struct writer *writer, const struct stats *stats)
{
	static const struct number numbers[] = {
		{"tierwall_rule_packets_total", "Packets that a rule or default decided.", PACKETS},
		{"tierwall_rule_bytes_total", "Bytes that a rule or default decided.", BYTES},
	};

	FOR_EACH_NUMBER(number, numbers)
	{
		begin_family(writer, number->family, "counter", number->help);
		if (stats->has_guard)
			write_list(writer, number, &(struct owner){"guard", "", ""}, &stats->guard);
		if (stats->has_host)
			write_list(writer, number, &(struct owner){"host", "", ""}, &stats->host);
		for (size_t i = 0; i < stats->tier_count; i++)
			write_tier(writer, number, &stats->tiers[i]);
	}
}

static void write_sets(struct writer *writer, const struct stats *stats)
{
	begin_family(writer, "tierwall_set_entries", "gauge", "Addresses and prefixes in a set.");
	for (size_t i = 0; i < stats->set_count; i++)
		sample(writer, stats->sets[i].entries, "set", stats->sets[i].name, NULL);
}

int stats_print_prometheus(FILE *out, const struct stats *stats)
{
	struct writer writer = {.out = out, .instance = stats->instance};

	if (stats->whole) {
		write_instance(&writer, stats);
		write_verdicts(&writer, stats);
		write_drops(&writer, stats);
		write_answers(&writer, stats);
		write_flows(&writer, stats);
		write_events(&writer, stats);
	}
	write_services(&writer, stats);
	write_members(&writer, stats);
	write_servers(&writer, stats);
	write_rules(&writer, stats);
	write_sets(&writer, stats);
	return 0;
}
