/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of rules, as often as real lists have them. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model/write.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const set_names[] = {"office", "partners", "monitoring",
				 "admins", "blocked",  "crawlers"};

static const uint16_t well_known[] = {
	443,  80,   22,   53,   25,  123,  3306, 5432, 8080, 8443, 6379, 389,  636,   110,
	143,  993,  995,  161,  445, 1433, 3389, 5060, 5061, 9100, 9200, 5672, 11211, 27017,
	2049, 6443, 2379, 4789, 21,  179,  500,  4500, 514,  69,   88,   1521, 1812,  9092,
};

void line_add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line->length += (size_t)vsnprintf(line->text + line->length,
					  sizeof(line->text) - line->length, format, arguments);
	va_end(arguments);
	if (line->length >= sizeof(line->text))
		abort();
}

void line_add_prefix(struct line *line, const struct prefix *prefix)
{
	FILE *out = fmemopen(line->text + line->length, sizeof(line->text) - line->length, "w");

	if (!out)
		abort();
	prefix_print(out, prefix);
	line->length += (size_t)ftell(out);
	if (fclose(out))
		abort();
}

void writer_open(struct writer *writer, const struct recipe *recipe, size_t prefixes)
{
	*writer = (struct writer){.recipe = recipe};
	random_seed(&writer->random, recipe->seed * SHAPE_COUNT + recipe->shape);
	for (int family = 0; family < 2; family++)
		if (recipe->versions == VERSIONS_MIXED || (int)recipe->versions == family)
			pool_grow(&writer->pools[family], &writer->random, family, prefixes);
}

void writer_close(struct writer *writer)
{
	pool_free(&writer->pools[0]);
	pool_free(&writer->pools[1]);
}

int writer_family(struct writer *writer)
{
	if (writer->recipe->versions == VERSIONS_MIXED)
		return (int)random_below(&writer->random, 2);
	return writer->recipe->versions == VERSIONS_V6;
}

void write_sets(FILE *out, struct writer *writer, uint32_t most)
{
	for (size_t i = 0; i < COUNT(set_names); i++) {
		uint32_t count = random_between(&writer->random, 2, most);

		fprintf(out, "set %s {\n", set_names[i]);
		for (uint32_t j = 0; j < count; j++) {
			const struct pool *pool = &writer->pools[writer_family(writer)];

			fputs("    ", out);
			prefix_print(out, pool_pick(pool, &writer->random));
			fputc('\n', out);
		}
		fputs("}\n", out);
	}
	writer->sets = COUNT(set_names);
}

/* -- addresses ----------------------------------------------------------------------- */

static void add_prefix(struct line *line, struct writer *writer, int family)
{
	const struct prefix *prefix = pool_pick(&writer->pools[family], &writer->random);

	line_add_prefix(line, prefix);
	line->specific += family ? prefix->bits / 4u : prefix->bits - 96u;
}

static void add_prefix_list(struct line *line, struct writer *writer, int family)
{
	uint32_t count = 2 + random_below(&writer->random, 4), before = line->specific;

	writer->lists++;
	line_add(line, "{ ");
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			line_add(line, ", ");
		add_prefix(line, writer, family);
	}
	line_add(line, " }");
	if (count) /* no more than one of them would be */
		line->specific = before + (line->specific - before) / count;
}

void add_addresses(struct line *line, struct writer *writer, const char *word, int family)
{
	struct random *random = &writer->random;

	line_add(line, " %s ", word);
	if (writer->recipe->extras & EXTRA_NOT && random_percent(random, 2))
		line_add(line, "not ");
	if (writer->lists < LISTS_MAX && random_percent(random, 2))
		add_prefix_list(line, writer, family);
	else if (writer->sets && random_percent(random, 6))
		line_add(line, "@%s", set_names[random_below(random, writer->sets)]);
	else
		add_prefix(line, writer, family);
}

/* -- ports ----------------------------------------------------------------------------- */

void add_exact_port(struct line *line, struct writer *writer)
{
	struct random *random = &writer->random;

	line->specific += 16;
	if (random_percent(random, 70))
		line_add(line, "%u", well_known[random_below(random, COUNT(well_known))]);
	else
		line_add(line, "%u", random_between(random, 1, 65535));
}

void add_port_range(struct line *line, struct writer *writer)
{
	static const struct port_range usual[] = {
		{1024, 65535}, {1, 1023},      {49152, 65535}, {32768, 60999},
		{137, 139},    {6000, 6063},   {8000, 8100},   {5060, 5061},
		{20, 21},      {33434, 33523}, {30000, 32767}, {1024, 5000},
	};
	struct random *random = &writer->random;

	if (random_percent(random, 60)) {
		const struct port_range *range = &usual[random_below(random, COUNT(usual))];

		line_add(line, "%u-%u", range->low, range->high);
		line->specific += 4;
	} else {
		uint32_t low = random_between(random, 1, 65000);
		uint32_t most = random_percent(random, 70) ? 64 : 65535 - low;

		line_add(line, "%u-%u", low, low + random_between(random, 1, most));
		line->specific += 8;
	}
}

void add_port_list(struct line *line, struct writer *writer)
{
	uint32_t count = random_between(&writer->random, 2, 4);

	line_add(line, "{ ");
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			line_add(line, ", ");
		if (random_percent(&writer->random, 75))
			add_exact_port(line, writer);
		else
			add_port_range(line, writer);
	}
	line_add(line, " }");
	line->specific = line->specific > 8 * count ? line->specific - 8 * count : 0;
}

/* -- the rest of a rule ------------------------------------------------------------------ */

void add_action(struct line *line, struct writer *writer, uint32_t accept_percent)
{
	struct random *random = &writer->random;
	const char *action = "drop";

	if (random_percent(random, accept_percent))
		action = "accept";
	else if (writer->recipe->extras & EXTRA_REJECT && random_percent(random, 20))
		action = "reject";
	line_add(line, "%s", action);
	if (writer->recipe->extras & EXTRA_LOG && random_percent(random, 10))
		line_add(line, " log");
}

void add_flags(struct line *line, struct writer *writer)
{
	static const char *const flags[] = {
		"syn,!ack",
		"ack",
		"syn/syn,rst,ack,fin",
		"rst",
		"fin,ack",
		"syn,ack",
		"!syn",
		"fin/fin,ack",
		"psh,ack",
		"ack/syn,ack,rst",
		"urg",
		"syn,!ece",
		"!rst,ack",
		"ece,!cwr",
	};

	line_add(line, " flags %s", flags[random_below(&writer->random, COUNT(flags))]);
	line->specific += 4;
}

void add_icmp_type(struct line *line, struct writer *writer, int family)
{
	static const char *const types[2][8] = {
		{"echo-request", "echo-reply", "time-exceeded", "destination-unreachable",
		 "destination-unreachable code 4", "13", "redirect", "parameter-problem"},
		{"echo-request", "echo-reply", "time-exceeded", "packet-too-big",
		 "destination-unreachable code 1", "135", "router-solicitation",
		 "multicast-listener-report"},
	};

	line_add(line, " type %s", types[family][random_below(&writer->random, 8)]);
	line->specific += 4;
}

static void add_device(struct line *line, struct writer *writer)
{
	static const char *const devices[] = {"wan", "lan", "dmz"};

	line_add(line, " in %s", devices[random_below(&writer->random, 3)]);
}

void add_match(struct line *line, struct writer *writer)
{
	static const char *const classes[] = {"ef", "af11", "cs1", "46", "0", "63"};
	struct random *random = &writer->random;
	uint32_t low;

	switch (random_below(random, 7)) {
	case 0:
		low = random_between(random, 20, 1200);
		line_add(line, " length %u-%u", low, low + random_below(random, 1200));
		break;
	case 1:
		low = random_between(random, 0, 254);
		line_add(line, " ttl %u-%u", low, random_between(random, low, 255));
		break;
	case 2:
		line_add(line, " dscp %s", classes[random_below(random, COUNT(classes))]);
		break;
	case 3:
		line_add(line, " fragment");
		break;
	case 4:
		line_add(line, " state %s", random_percent(random, 50) ? "new" : "established");
		break;
	case 5:
		line_add(line, " ttl 1");
		break;
	default:
		if (writer->recipe->extras & EXTRA_DEVICES)
			add_device(line, writer);
		else
			line_add(line, " length 28-1500");
	}
	line->specific += 4;
}

void add_limit(struct line *line, struct writer *writer)
{
	struct random *random = &writer->random;

	if (!(writer->recipe->extras & EXTRA_LIMIT) || !random_percent(random, 8))
		return;
	line_add(line, " limit%s 2/h burst %u%s", random_percent(random, 40) ? " over" : "",
		 random_between(random, 1, 12), random_percent(random, 30) ? " per source" : "");
}
