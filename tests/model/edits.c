/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random edits of a live rule set by the commands that an operator types.  The same
 * edits are made in the model; after each one packets at the place of the edit and at
 * random are compared, and what stayed must count on where it was.
 *
 *   edits TIERWALL        EDIT_SETS=9 EDITS=25 SEED=N
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/generate.h"
#include "model/pool.h"
#include "model/report.h"
#include "packet/environment.h"

#define RULES_FIRST  120
#define TRIES        20
#define BLANKS_MAX   24 /* in a rule: node_command() takes so many words */
#define RANDOM_AFTER 80 /* packets after each edit */
#define AT_PLACE     12 /* packets for each rule at the place of the edit */
#define SAMPLES_MAX  64

struct edits {
	struct session session;
	struct config *mirror; /* with the counters' numbers as they must stay */
	struct config *donor;  /* rules to add */
	struct random random;
	struct sample samples[SAMPLES_MAX]; /* for what an edit takes away */
	size_t samples_kept;
	struct tw_counter *counted; /* by number: all that was ever counted */
	uint32_t counted_rows;
	char what[2048]; /* the edit */
	struct comparison comparison;
};

/* -- names and texts ------------------------------------------------------------------------ */

static void owner_of(const struct config *config, const struct target *target, char out[80])
{
	if (target->server)
		snprintf(out, 80, "%s/%s", target->tier->name, target->server->name);
	else if (target->tier)
		snprintf(out, 80, "%s", target->tier->name);
	else
		snprintf(out, 80, "%s", target->list == &config->guard ? "guard" : "host");
}

static char *mirror_text(const struct edits *edits)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out || config_print(out, edits->mirror) || fclose(out))
		die("the model cannot be printed");
	return text;
}

/* How many rules of a list have this text: equal ones are told by their order only. */
static size_t count_equal(const struct rules *list, const char *text)
{
	size_t equal = 0;

	for (size_t i = 0; i < list->count; i++) {
		char *other = rule_text(&list->items[i]);

		equal += !strcmp(other, text);
		free(other);
	}
	return equal;
}

static bool names_known(const struct config *config, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address_item *item = &addresses->items[i];

		if (item->kind == ADDRESS_SET && !config_set(config, item->set) &&
		    !config_tier(config, item->set))
			return false;
	}
	return true;
}

static bool fits_words(const char *text)
{
	size_t blanks = 0;

	for (; *text; text++)
		blanks += *text == ' ';
	return blanks <= BLANKS_MAX;
}

/* The mirror's list that a target of the session's configuration stands for. */
static struct rules *mirror_list(struct edits *edits, const struct target *target)
{
	char owner[80];

	owner_of(edits->session.config, target, owner);
	return config_rules(edits->mirror, owner);
}

/* -- edits ---------------------------------------------------------------------------------------- */

/* A rule that the list does not have yet; the caller frees it.  NULL: none was found. */
static char *new_rule_text(struct edits *edits, const struct target *target)
{
	const struct rules *list = mirror_list(edits, target);
	size_t count;
	struct target *donors = targets_of(edits->donor, &count);
	char *text = NULL;

	for (int try = 0; try < TRIES && !text; try++) {
		const struct rules *from = donors[random_below(&edits->random, count)].list;
		const struct rule *rule;

		if (!from->count)
			continue;
		rule = &from->items[random_below(&edits->random, from->count)];
		if (!names_known(edits->mirror, &rule->from) ||
		    !names_known(edits->mirror, &rule->to))
			continue;
		text = rule_text(rule);
		if (text && (count_equal(list, text) || !fits_words(text))) {
			free(text);
			text = NULL;
		}
	}
	free(donors);
	return text;
}

static void insert_rule(struct rules *list, size_t at, const char *text)
{
	struct diagnostic diagnostic = {0};
	struct rule *place = config_push(&list->items, &list->count, sizeof(*place));
	struct rule rule;

	if (!place || rule_parse(&rule, text, &diagnostic))
		die("the rule `%s`", text);
	memmove(&list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof(rule));
	list->items[at] = rule;
	list->items[at].id = TW_NONE32;
}

/* `rule add` at a place or at the end.  Returns 0, or 1: there was nothing to do. */
static int add_rule(struct edits *edits, const struct target *target)
{
	struct rules *list = mirror_list(edits, target);
	size_t at = random_below(&edits->random, (uint32_t)list->count + 1);
	char *text = new_rule_text(edits, target), owner[80];

	if (!text)
		return 1;
	owner_of(edits->session.config, target, owner);
	if (at == list->count && random_percent(&edits->random, 70))
		snprintf(edits->what, sizeof(edits->what), "rule add %s %s", owner, text);
	else
		snprintf(edits->what, sizeof(edits->what), "rule add %s at %zu %s", owner, at + 1,
			 text);
	insert_rule(list, at, text);
	free(text);
	return 0;
}

static int delete_rule(struct edits *edits, const struct target *target)
{
	struct rules *list = mirror_list(edits, target);
	size_t at;
	char *text, owner[80];
	bool alone;

	if (!list->count)
		return 1;
	at = random_below(&edits->random, (uint32_t)list->count);
	text = rule_text(&list->items[at]);
	alone = count_equal(list, text) == 1;
	free(text);
	if (!alone)
		return 1;
	owner_of(edits->session.config, target, owner);
	snprintf(edits->what, sizeof(edits->what), "rule del %s %zu", owner, at + 1);
	for (int i = 0; i < AT_PLACE && edits->samples_kept < SAMPLES_MAX; i++)
		if (sample_hit(&edits->session.sampler, target, &target->list->items[at],
			       (enum corner)(i % 3), &edits->samples[edits->samples_kept]))
			edits->samples_kept++;
	rule_free(&list->items[at]);
	memmove(&list->items[at], &list->items[at + 1],
		(list->count - 1 - at) * sizeof(struct rule));
	list->count--;
	return 0;
}

static void print_set_words(struct edits *edits, const char *word, const struct set *set,
			    const struct prefix *prefix)
{
	FILE *out = fmemopen(edits->what, sizeof(edits->what), "w");

	if (!out)
		die("fmemopen");
	fprintf(out, "-q set %s %s ", word, set->name);
	prefix_print(out, prefix);
	fclose(out);
}

/* Packets from both ends of a prefix, otherwise as rules have them. */
static void keep_samples_from(struct edits *edits, const struct prefix *prefix)
{
	for (int i = 0; i < SAMPLES_MAX; i++) {
		struct sample *sample = &edits->samples[edits->samples_kept];

		if (edits->samples_kept == SAMPLES_MAX)
			return;
		sample_random(&edits->session.sampler, sample);
		if (sample->packet.family == addr_is_ipv4(&prefix->addr))
			continue;
		sample->packet.saddr = i % 4 < 2 ? prefix_first(prefix) : prefix_last(prefix);
		edits->samples_kept++;
	}
}

static int edit_set(struct edits *edits, const struct target *target)
{
	struct config *mirror = edits->mirror;
	struct set *set;
	struct prefix prefix, *place;
	size_t at;

	(void)target;
	if (!mirror->set_count)
		return 1;
	set = &mirror->sets[random_below(&edits->random, mirror->set_count)];
	if (set->count && random_percent(&edits->random, 50)) {
		at = random_below(&edits->random, set->count);
		prefix = set->items[at];
		set->items[at] = set->items[--set->count];
		print_set_words(edits, "del", set, &prefix);
	} else {
		const struct set *donor =
			&edits->donor->sets[random_below(&edits->random, edits->donor->set_count)];

		if (!donor->count)
			return 1;
		prefix = donor->items[random_below(&edits->random, donor->count)];
		place = config_push(&set->items, &set->count, sizeof(*place));
		if (!place)
			die("set");
		*place = prefix;
		print_set_words(edits, "add", set, &prefix);
		prefixes_merge(set->items, &set->count);
	}
	keep_samples_from(edits, &prefix);
	return 0;
}

/* -- what must be the same ---------------------------------------------------------------------------- */

/* Adds what was counted since the last edit; the numbers of that configuration end here. */
static void add_counted(struct edits *edits)
{
	const struct session *session = &edits->session;

	if (session->rows > edits->counted_rows) {
		edits->counted =
			realloc(edits->counted, (session->rows + 1) * sizeof(*edits->counted));
		if (!edits->counted)
			die("counters");
		edits->counted_rows = session->rows;
	}
	for (uint32_t i = 0; i < session->rows; i++) {
		edits->counted[i] = session->before[i];
		edits->counted[i].packets += session->expected[i].packets;
		edits->counted[i].bytes += session->expected[i].bytes;
	}
}

/* A rule that stayed has its number and its count, a new one starts with nothing. */
static bool list_counts_on(const struct edits *edits, struct rules *mine, const struct rules *now)
{
	for (size_t i = 0; i < mine->count; i++) {
		uint32_t id = now->items[i].id;
		bool is_new = mine->items[i].id == TW_NONE32;
		uint64_t packets = is_new ? 0 : edits->counted[id].packets;

		if (!is_new && mine->items[i].id != id) {
			printf("  a rule that stayed has another counter: number %zu\n", i + 1);
			return false;
		}
		if (edits->session.before[id].packets != packets) {
			printf("  rule %zu has counted %llu packets, not %" PRIu64 "\n", i + 1,
			       edits->session.before[id].packets, packets);
			return false;
		}
		mine->items[i].id = id;
	}
	return true;
}

static bool all_count_on(struct edits *edits)
{
	const struct session *session = &edits->session;

	for (size_t i = 0; i < session->sampler.target_count; i++)
		if (!list_counts_on(edits, mirror_list(edits, &session->targets[i]),
				    session->targets[i].list))
			return false;
	return true;
}

static bool send_at_place(struct edits *edits)
{
	struct session *session = &edits->session;
	struct sample sample;

	for (size_t i = 0; i < edits->samples_kept; i++)
		if (!session_send(session, &edits->samples[i], &edits->comparison))
			return false;
	for (size_t i = 0; i < session->sampler.target_count; i++) {
		const struct target *target = &session->targets[i];

		for (size_t j = 0; j < target->list->count; j++) {
			const struct rule *rule = &target->list->items[j];
			bool is_new = session->before[rule->id].packets == 0;

			for (int k = 0; is_new && k < AT_PLACE; k++)
				if ((k % 2 ? sample_near(&session->sampler, target, rule, &sample)
					   : sample_hit(&session->sampler, target, rule,
							(enum corner)(k % 3), &sample)) &&
				    !session_send(session, &sample, &edits->comparison))
					return false;
		}
	}
	for (int i = 0; i < RANDOM_AFTER; i++) {
		sample_random(&session->sampler, &sample);
		if (!session_send(session, &sample, &edits->comparison))
			return false;
	}
	return true;
}

/* -- all of them ------------------------------------------------------------------------------------------ */

static bool after_edit(struct edits *edits, const char *name)
{
	char *text = mirror_text(edits);
	bool right = false;

	if (!session_adopt(&edits->session, text)) {
		printf("%s: %s: is not what is live\n", name, edits->what);
	} else if (!all_count_on(edits)) {
		printf("%s: %s: counters\n", name, edits->what);
	} else if (!send_at_place(edits)) {
		printf("%s: after %s\n", name, edits->what);
		report_difference(&edits->session, text, name, &edits->comparison);
	} else {
		right = session_counters_agree(&edits->session);
	}
	free(text);
	return right;
}

static bool edit_once(struct edits *edits, const char *name)
{
	static int (*const kinds[])(struct edits *, const struct target *) = {
		add_rule, add_rule, add_rule, delete_rule, delete_rule, edit_set,
	};
	const struct session *session = &edits->session;
	const struct target *target;

	edits->samples_kept = 0;
	do {
		target = &session->targets[random_below(&edits->random,
							session->sampler.target_count)];
	} while (kinds[random_below(&edits->random, 6)](edits, target));
	add_counted(edits);
	if (node_command(session->node, edits->what)) {
		printf("%s: %s: refused\n", name, edits->what);
		return false;
	}
	return after_edit(edits, name);
}

static bool start(struct edits *edits, const struct recipe *recipe)
{
	struct recipe donor = *recipe;
	char *text = generate_text(recipe);
	bool right = session_apply(&edits->session, text);

	free(text);
	donor.seed += 1000000;
	donor.shape = recipe->shape == SHAPE_TIER ? SHAPE_TIER : SHAPE_FW;
	donor.rules = 500;
	edits->mirror = generate_config(recipe);
	edits->donor = generate_config(&donor);
	if (!right || !edits->mirror || !edits->donor)
		return false;
	add_counted(edits);
	for (size_t i = 0; i < edits->session.sampler.target_count; i++) {
		struct rules *mine = mirror_list(edits, &edits->session.targets[i]);

		for (size_t j = 0; j < mine->count; j++)
			mine->items[j].id = edits->session.targets[i].list->items[j].id;
	}
	return true;
}

static bool run_set(struct edits *edits, const struct recipe *recipe, uint64_t count)
{
	char name[64];
	bool right;

	snprintf(name, sizeof(name), "edits-%s-%" PRIu64, shape_names[recipe->shape], recipe->seed);
	random_seed(&edits->random, recipe->seed);
	random_seed(&edits->session.sampler.random, recipe->seed + 1);
	right = start(edits, recipe);
	for (uint64_t i = 0; i < count && right; i++)
		right = edit_once(edits, name);
	config_free(edits->mirror);
	config_free(edits->donor);
	edits->mirror = edits->donor = NULL;
	return right;
}

static int run(struct node *node)
{
	static struct edits edits;
	uint64_t sets = from_environment("EDIT_SETS", 9), count = from_environment("EDITS", 25);
	uint64_t seed = from_environment("SEED", (uint64_t)time(NULL) % 1000000);
	uint64_t passed = 0, failed = 0;

	printf("edits: SEED=%" PRIu64 ": %" PRIu64 " rule sets, %" PRIu64 " edits each\n", seed,
	       sets, count);
	session_open(&edits.session, node);
	for (uint64_t i = 0; i < sets && failed < 3; i++) {
		struct recipe recipe = {
			.shape = (enum shape)(i % SHAPE_COUNT),
			.versions = (enum versions)(i / SHAPE_COUNT % VERSIONS_COUNT),
			.rules = RULES_FIRST,
			.seed = seed + i,
			.extras =
				EXTRA_NOT | EXTRA_LOG | EXTRA_REJECT | EXTRA_LIMIT | EXTRA_DEVICES,
		};
		bool right = run_set(&edits, &recipe, count);

		passed += right;
		failed += !right;
	}
	session_close(&edits.session);
	free(edits.counted);
	printf("edits: %" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
	return failed || !passed;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
