/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints differences, and shrinks what shows them. */
#include <stdlib.h>
#include <string.h>

#include "model/report.h"

/* -- in words ------------------------------------------------------------------------------ */

static void print_owner(FILE *out, const struct config *config, const struct rules *list)
{
	if (list == &config->guard)
		fputs("guard", out);
	else if (list == &config->host)
		fputs("host", out);
	for (size_t i = 0; i < config->tier_count; i++) {
		const struct tier *tier = &config->tiers[i];

		if (list == &tier->rules)
			fputs(tier->name, out);
		for (size_t j = 0; j < tier->server_count; j++)
			if (list == &tier->servers[j].rules)
				fprintf(out, "%s/%s", tier->name, tier->servers[j].name);
	}
}

void place_print(FILE *out, const struct config *config, const struct place_of_rule *place)
{
	if (!place->list) {
		fputs("no rule", out);
		return;
	}
	print_owner(out, config, place->list);
	if (!place->number) {
		fprintf(out, " default %s", action_name(place->list->default_action));
		return;
	}
	fprintf(out, " rule %u `", place->number);
	rule_print(out, &place->list->items[place->number - 1]);
	fputc('`', out);
}

static void print_packet(FILE *out, const struct session *session,
			 const struct comparison *comparison)
{
	const struct tw_packet *p = &comparison->judged.packet;

	fprintf(out, "  packet: %s ", protocol_name(p->protocol));
	address_print(out, &p->saddr);
	fprintf(out, " port %u to ", p->sport);
	address_print(out, &p->daddr);
	fprintf(out,
		" port %u, flags 0x%02x, type %u code %u, length %u, ttl %u, dscp %u, part %u%s, "
		"in %s\n  frame:  ",
		p->dport, p->flags, p->type, p->code, p->length, p->ttl, p->dscp, p->part,
		p->headless ? " (headless)" : "",
		session->sampler.devices[comparison->sample.device]);
	for (size_t i = 0; i < comparison->length && i < 128; i++)
		fprintf(out, "%02x", comparison->frame[i]);
	fputc('\n', out);
}

static void find_rule(uint32_t id, const struct config *config, struct place_of_rule *out)
{
	size_t count;
	struct target *targets = targets_of(config, &count);

	*out = (struct place_of_rule){NULL, 0};
	for (size_t i = 0; i < count && id != TW_NONE32; i++) {
		const struct rules *list = targets[i].list;

		if (list->default_id == id && !targets[i].server)
			*out = (struct place_of_rule){list, 0};
		for (size_t j = 0; j < list->count; j++)
			if (list->items[j].id == id)
				*out = (struct place_of_rule){list, (uint32_t)(j + 1)};
	}
	free(targets);
}

static void print_trace(FILE *out, const struct session *session, const struct tw_trace *trace)
{
	struct place_of_rule place;

	for (uint32_t i = 0; i < trace->steps && i < TW_TRACE_STEPS; i++) {
		const struct tw_trace_step *step = &trace->step[i];

		fprintf(out, "    stage %u says %u, %u", step->stage, step->says, step->value);
		if (step->says == TW_SAYS_ACCEPTED_BY || step->says == TW_SAYS_REFUSED_BY) {
			fputs(": ", out);
			find_rule(step->value, session->config, &place);
			place_print(out, session->config, &place);
		}
		fputc('\n', out);
	}
}

void comparison_print(FILE *out, const struct session *session, const struct comparison *comparison)
{
	const struct judgement *judged = &comparison->judged;

	fprintf(out, "  differs: %s\n", comparison->differs);
	print_packet(out, session, comparison);
	fprintf(out, "  model:  %s, reason %u; ", judged->accepted ? "accepted" : "refused",
		judged->reason);
	place_print(out, session->config, &judged->guard);
	fputs("; ", out);
	place_print(out, session->config, &judged->firewall);
	fprintf(out, "\n  xdp:    %s; xdp_trace: %s, reason %u\n",
		verdict_name(comparison->verdict), verdict_name(comparison->trace.verdict),
		comparison->trace.reason);
	print_trace(out, session, &comparison->trace);
}

/* -- fewer rules ------------------------------------------------------------------------------ */

/* Takes the rules [first, first + count) of all lists together out of a configuration. */
static void remove_rules(const struct config *config, size_t first, size_t count)
{
	size_t targets, number = 0;
	struct target *all = targets_of(config, &targets);

	for (size_t i = 0; i < targets; i++) {
		struct rules *list = (struct rules *)all[i].list;
		size_t kept = 0;

		for (size_t j = 0; j < list->count; j++, number++) {
			if (number >= first && number - first < count)
				rule_free(&list->items[j]);
			else
				list->items[kept++] = list->items[j];
		}
		list->count = kept;
	}
	free(all);
}

static size_t count_rules(const struct config *config)
{
	size_t targets, rules = 0;
	struct target *all = targets_of(config, &targets);

	for (size_t i = 0; i < targets; i++)
		rules += all[i].list->count;
	free(all);
	return rules;
}

static struct config *parse(const char *text)
{
	struct diagnostic diagnostic = {};
	struct config *config = NULL;

	if (config_parse(&config, "model", text, strlen(text), &diagnostic))
		fputs(diagnostic.text, stderr);
	diagnostic_free(&diagnostic);
	return config;
}

static char *text_without(const char *text, size_t first, size_t count)
{
	struct config *config = parse(text);
	char *shorter = NULL;
	size_t length;
	FILE *out = open_memstream(&shorter, &length);

	if (!config || !out)
		abort();
	remove_rules(config, first, count);
	if (config_print(out, config) || fclose(out))
		abort();
	config_free(config);
	return shorter;
}

static bool still_differs(struct session *session, const char *text, const struct sample *sample,
			  struct comparison *comparison)
{
	if (!session_apply(session, text))
		return false;
	return !session_send(session, sample, comparison);
}

/* Halves, then quarters, and so on: what goes without is left out.  Replaces *text. */
static void shrink(struct session *session, char **text, const struct sample *sample,
		   struct comparison *comparison)
{
	struct config *config = parse(*text);
	size_t rules = config ? count_rules(config) : 0;

	config_free(config);
	for (size_t chunk = (rules + 1) / 2; chunk; chunk /= 2)
		for (size_t first = 0; first < rules;) {
			size_t count = rules - first < chunk ? rules - first : chunk;
			char *shorter = text_without(*text, first, count);

			if (still_differs(session, shorter, sample, comparison)) {
				free(*text);
				*text = shorter;
				rules -= count;
			} else {
				free(shorter);
				first += count;
			}
		}
}

static void write_text(const char *name, const char *end, const char *text)
{
	const char *folder = getenv("TMPDIR");
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/tierwall-differs-%s%s", folder ? folder : "/tmp", name,
		 end);
	out = fopen(path, "w");
	if (!out || fputs(text, out) < 0 || fclose(out))
		die("%s", path);
	printf("  written: %s\n", path);
}

void report_difference(struct session *session, const char *text, const char *name,
		       const struct comparison *comparison)
{
	struct comparison again = *comparison;
	char *shorter;

	comparison_print(stdout, session, comparison);
	write_text(name, ".conf", text);
	shorter = strdup(text);
	if (!shorter)
		abort();
	if (still_differs(session, shorter, &comparison->sample, &again)) {
		shrink(session, &shorter, &comparison->sample, &again);
		if (still_differs(session, shorter, &comparison->sample, &again)) {
			puts("  with as few rules as it differs with:");
			comparison_print(stdout, session, &again);
			write_text(name, "-short.conf", shorter);
		}
	} else {
		puts("  the packet alone does not differ: it takes what came before it");
	}
	free(shorter);
	fflush(stdout);
}
