/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The shapes `acl` and `fw`: one list, guard's, which every packet meets. */
#include <stdlib.h>
#include <string.h>

#include "model/generate_tier.h"

#define DISORDER 24 /* lists of people are not quite sorted */

const char *const shape_names[SHAPE_COUNT] = {"acl", "fw", "tier"};
const char *const versions_names[VERSIONS_COUNT] = {"v4", "v6", "mixed"};

/* -- access lists ------------------------------------------------------------------- */

enum { TCP, UDP, ICMP, ANY, OTHER };
enum { NO_PORT, EXACT, RANGE, LIST };

/* Returns which of the enum it is. */
static uint32_t add_protocol(struct line *line, struct writer *writer, const uint8_t *weights,
			     int family)
{
	static const char *const others[] = {"47", "50", "sctp", "89", "4"};
	uint32_t protocol = random_pick(&writer->random, weights, OTHER + 1);

	switch (protocol) {
	case TCP:
		line_add(line, " tcp");
		break;
	case UDP:
		line_add(line, " udp");
		break;
	case ICMP:
		line_add(line, family ? " icmp6" : " icmp");
		break;
	case OTHER:
		line_add(line, " %s", others[random_below(&writer->random, 5)]);
		break;
	}
	if (protocol != ANY)
		line->specific += 4;
	return protocol;
}

static void add_ports(struct line *line, struct writer *writer, uint32_t kind)
{
	if (kind == NO_PORT)
		return;
	line_add(line, " port ");
	if (kind == EXACT)
		add_exact_port(line, writer);
	else if (kind == RANGE)
		add_port_range(line, writer);
	else
		add_port_list(line, writer);
}

static void write_acl_rule(struct line *line, struct writer *writer)
{
	static const uint8_t protocols[] = {72, 18, 3, 7, 0};
	static const uint8_t sources[] = {96, 1, 3, 0}, destinations[] = {18, 60, 19, 3};
	struct random *random = &writer->random;
	int family = writer_family(writer);
	uint32_t protocol, source, destination;

	add_action(line, writer, 65);
	protocol = add_protocol(line, writer, protocols, family);
	source = protocol <= UDP ? random_weighted(random, sources) : NO_PORT;
	destination = protocol <= UDP ? random_weighted(random, destinations) : NO_PORT;
	if (!random_percent(random, 8))
		add_addresses(line, writer, "from", family);
	else if (source)
		line_add(line, " from any");
	add_ports(line, writer, source);
	if (!random_percent(random, 3))
		add_addresses(line, writer, "to", family);
	else if (destination)
		line_add(line, " to");
	add_ports(line, writer, destination);
	if (protocol == ICMP)
		add_icmp_type(line, writer, family);
	else if (protocol == TCP && random_percent(random, 2))
		add_flags(line, writer);
	else if (random_percent(random, 2))
		add_match(line, writer);
	add_limit(line, writer);
}

/* -- lists of packet filters -------------------------------------------------------------- */

static void write_fw_rule(struct line *line, struct writer *writer)
{
	static const uint8_t protocols[] = {50, 20, 5, 20, 5}, wildcards[] = {40, 25, 30, 5};
	static const uint8_t sources[] = {74, 6, 20, 0}, destinations[] = {28, 36, 32, 4};
	struct random *random = &writer->random;
	int family = writer_family(writer);
	uint32_t protocol, source = NO_PORT, destination = NO_PORT;
	uint32_t any = random_weighted(random, wildcards); /* source, destination, none, both */

	add_action(line, writer, 50);
	protocol = add_protocol(line, writer, protocols, family);
	if (protocol <= UDP || (protocol == ANY && random_percent(random, 25))) {
		source = random_weighted(random, sources);
		destination = random_weighted(random, destinations);
	}
	if (any == 1 || any == 2)
		add_addresses(line, writer, "from", family);
	else if (source)
		line_add(line, " from any");
	add_ports(line, writer, source);
	if (any == 0 || any == 2)
		add_addresses(line, writer, "to", family);
	else if (destination)
		line_add(line, " to");
	add_ports(line, writer, destination);
	if (protocol == TCP && random_percent(random, 14))
		add_flags(line, writer);
	else if (protocol == ICMP)
		add_icmp_type(line, writer, family);
	else if (random_percent(random, 4))
		add_match(line, writer);
	add_limit(line, writer);
}

/* -- one list -------------------------------------------------------------------------------- */

/* The texts that there are: a rule that is there already could never match. */
struct seen {
	uint64_t *hashes;
	uint32_t mask;
};

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a, behind the word for the action */

	for (const char *at = strchr(text, ' '); at && *at; at++)
		hash = (hash ^ (uint8_t)*at) * 0x100000001b3ull;
	return hash | 1;
}

static bool add_seen(struct seen *seen, const char *text)
{
	uint64_t hash = hash_of(text);

	for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
		uint64_t *place = &seen->hashes[i & seen->mask];

		if (*place == hash)
			return false;
		if (!*place) {
			*place = hash;
			return true;
		}
	}
}

struct sorted {
	char *text;
	uint32_t key, order;
};

static int compare_sorted(const void *a, const void *b)
{
	const struct sorted *left = a, *right = b;

	if (left->key != right->key)
		return left->key > right->key ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

/* Small recipes may have no other rule left to say: after so many tries the same comes twice. */
#define TRIES 100

static void new_line(struct line *line, struct writer *writer, struct seen *seen)
{
	for (int try = 0; try < TRIES; try++) {
		*line = (struct line){.length = 0};
		if (writer->recipe->shape == SHAPE_ACL)
			write_acl_rule(line, writer);
		else
			write_fw_rule(line, writer);
		if (add_seen(seen, line->text))
			return;
	}
}

static void write_sorted(FILE *out, struct writer *writer)
{
	uint32_t count = writer->recipe->rules, room = 64;
	struct sorted *sorted = calloc(count + 1, sizeof(*sorted));
	struct seen seen;
	struct line line;

	while (room < 2 * count)
		room *= 2;
	seen = (struct seen){.hashes = calloc(room, sizeof(uint64_t)), .mask = room - 1};
	if (!sorted || !seen.hashes)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		new_line(&line, writer, &seen);
		sorted[i].text = strdup(line.text);
		sorted[i].key = line.specific + random_below(&writer->random, DISORDER);
		sorted[i].order = i;
	}
	qsort(sorted, count, sizeof(*sorted), compare_sorted);
	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "    %s\n", sorted[i].text);
		free(sorted[i].text);
	}
	free(sorted);
	free(seen.hashes);
}

static void write_one_list(FILE *out, struct writer *writer)
{
	if (writer->recipe->shape == SHAPE_FW)
		write_sets(out, writer, 40);
	fputs("guard {\n", out);
	write_sorted(out, writer);
	fprintf(out, "    default %s\n}\n",
		random_percent(&writer->random, 50) ? "accept" : "drop");
}

/* -- entries -------------------------------------------------------------------------------------- */

void generate(FILE *out, const struct recipe *recipe)
{
	struct writer writer;

	writer_open(&writer, recipe, 64 + recipe->rules / 2);
	fprintf(out, "# %s, %u rules, seed %llu, %s\n", shape_names[recipe->shape], recipe->rules,
		(unsigned long long)recipe->seed, versions_names[recipe->versions]);
	if (recipe->shape == SHAPE_TIER)
		write_tiers(out, &writer);
	else
		write_one_list(out, &writer);
	writer_close(&writer);
}

char *generate_text(const struct recipe *recipe)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	generate(out, recipe);
	if (fclose(out))
		abort();
	return text;
}

struct config *generate_config(const struct recipe *recipe)
{
	struct diagnostic diagnostic = {0};
	char *text = generate_text(recipe);
	struct config *config = NULL;

	if (!config_parse(&config, shape_names[recipe->shape], text, strlen(text), &diagnostic) &&
	    config_check(config, &diagnostic)) {
		config_free(config);
		config = NULL;
	}
	if (!config)
		fputs(diagnostic.text ? diagnostic.text : "out of memory\n", stderr);
	diagnostic_free(&diagnostic);
	free(text);
	return config;
}
