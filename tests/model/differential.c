/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The loaded program against the oracle: generated rule sets, packets that hit every
 * rule, near misses and random ones.  Verdict, reason and rule of each packet, and every
 * counter of each rule set, must be the same.
 *
 *   differential TIERWALL
 *
 * From the environment: SETS rule sets of 10 to RULES rules with PACKETS packets each
 * or more, then LARGE ones of LARGE_RULES; SEED, and SHAPE for one shape only.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/generate.h"
#include "model/report.h"
#include "packet/environment.h"

#define DIFFERENCES_MAX 3  /* then it is enough to look at */
#define FLOW_PERCENT    8  /* of the packets: others of their flow follow, */
#define NEXT_PERCENT    65 /* and others of these */

/* Of one shape, to show that the packets reach the rules. */
struct tally {
	uint64_t sets, rules, packets, accepted;
	uint64_t decisive; /* rules that decided a packet */
	double seconds;
};

struct differential {
	struct session session;
	struct tally tallies[SHAPE_COUNT];
	uint64_t passed, failed;
	struct comparison comparison;
};

/* -- one rule set ---------------------------------------------------------------------------- */

static bool send_one(struct differential *test, const struct sample *sample)
{
	struct sampler *sampler = &test->session.sampler;
	struct sample next = *sample;

	if (!session_send(&test->session, sample, &test->comparison))
		return false;
	if (!random_percent(&sampler->random, FLOW_PERCENT))
		return true;
	do {
		sample_next(sampler, &next);
		if (!session_send(&test->session, &next, &test->comparison))
			return false;
	} while (random_percent(&sampler->random, NEXT_PERCENT));
	return true;
}

/* Each rule's corner or corners, and what lies beside them. */
static bool send_around(struct differential *test, const struct target *target,
			const struct rule *rule, bool all_corners)
{
	struct sampler *sampler = &test->session.sampler;
	enum corner corner = (enum corner)random_below(&sampler->random, 3);
	struct sample sample;

	for (int i = 0; i < (all_corners ? 3 : 1); i++) {
		if (sample_hit(sampler, target, rule, corner, &sample) && !send_one(test, &sample))
			return false;
		corner = (corner + 1) % 3;
	}
	for (int i = 0; i < (all_corners ? 3 : 1); i++)
		if (sample_near(sampler, target, rule, &sample) && !send_one(test, &sample))
			return false;
	return true;
}

static bool send_all(struct differential *test, const struct recipe *recipe, uint64_t packets)
{
	struct session *session = &test->session;
	bool all_corners = (uint64_t)recipe->rules * 6 <= packets;
	struct sample sample;

	random_seed(&session->sampler.random, recipe->seed);
	for (size_t i = 0; i < session->sampler.target_count; i++) {
		const struct target *target = &session->targets[i];

		for (size_t j = 0; j < target->list->count; j++)
			if (!send_around(test, target, &target->list->items[j], all_corners))
				return false;
	}
	while (session->packets < packets) {
		sample_random(&session->sampler, &sample);
		if (!send_one(test, &sample))
			return false;
	}
	return true;
}

static void add_up(struct differential *test, const struct recipe *recipe, double seconds)
{
	struct tally *tally = &test->tallies[recipe->shape];
	const struct session *session = &test->session;

	tally->sets++;
	tally->rules += recipe->rules;
	tally->packets += session->packets;
	tally->accepted += session->passed;
	tally->seconds += seconds;
	for (size_t i = 0; i < session->sampler.target_count; i++)
		for (size_t j = 0; j < session->targets[i].list->count; j++)
			tally->decisive +=
				session->expected[session->targets[i].list->items[j].id].packets >
				0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run_set(struct differential *test, const struct recipe *recipe, uint64_t packets)
{
	char *text = generate_text(recipe), name[96];
	double start = now();
	bool right = session_apply(&test->session, text);

	snprintf(name, sizeof(name), "%s-%u-%" PRIu64 "-%s", shape_names[recipe->shape],
		 recipe->rules, recipe->seed, versions_names[recipe->versions]);
	if (!right) {
		printf("%s: not applied\n", name);
	} else if (!send_all(test, recipe, packets)) {
		right = false;
		printf("%s: packet %" PRIu64 "\n", name, test->session.packets);
		report_difference(&test->session, text, name, &test->comparison);
	} else if (!session_counters_agree(&test->session)) {
		right = false;
		printf("%s: counters\n", name);
	} else {
		add_up(test, recipe, now() - start);
	}
	test->passed += right;
	test->failed += !right;
	free(text);
}

/* -- all of them ---------------------------------------------------------------------------------- */

/* As many sets of 10 to 100 rules as of 1,000 to 10,000. */
static uint32_t spread(struct random *random, uint32_t low, uint32_t high)
{
	double share = (double)random_below(random, 1u << 20) / (1u << 20);

	return (uint32_t)lround(low * pow((double)high / low, share));
}

static struct recipe recipe_of(uint64_t seed, uint64_t i, uint32_t rules)
{
	const char *shape = getenv("SHAPE");
	struct recipe recipe = {
		.shape = (enum shape)(i % SHAPE_COUNT),
		.versions = (enum versions)(i / SHAPE_COUNT % VERSIONS_COUNT),
		.rules = rules,
		.seed = seed + i,
		.extras = EXTRA_NOT | EXTRA_LOG | EXTRA_REJECT | EXTRA_LIMIT | EXTRA_DEVICES,
	};

	for (int j = 0; shape && j < SHAPE_COUNT; j++)
		if (!strcmp(shape, shape_names[j]))
			recipe.shape = (enum shape)j;
	return recipe;
}

static void print_tallies(const struct differential *test)
{
	for (int i = 0; i < SHAPE_COUNT; i++) {
		const struct tally *tally = &test->tallies[i];

		if (tally->sets)
			printf("  %-5s %6" PRIu64 " sets, %9" PRIu64 " rules (%.0f %% of them "
			       "decided a packet), %10" PRIu64
			       " packets, %.0f %% accepted, %.1f s\n",
			       shape_names[i], tally->sets, tally->rules,
			       100.0 * (double)tally->decisive / (double)tally->rules,
			       tally->packets,
			       100.0 * (double)tally->accepted / (double)tally->packets,
			       tally->seconds);
	}
}

static int run(struct node *node)
{
	static struct differential test;
	uint64_t sets = from_environment("SETS", 45), large = from_environment("LARGE", 2);
	uint64_t packets = from_environment("PACKETS", 10000);
	uint64_t seed = from_environment("SEED", (uint64_t)time(NULL) % 1000000);
	uint32_t rules = (uint32_t)from_environment("RULES", 1000);
	uint32_t large_rules = (uint32_t)from_environment("LARGE_RULES", 10000);
	struct random random;

	printf("differential: SEED=%" PRIu64 ": %" PRIu64 " rule sets of 10 to %u rules, %" PRIu64
	       " of %u\n",
	       seed, sets, rules, large, large_rules);
	random_seed(&random, seed);
	session_open(&test.session, node);
	for (uint64_t i = 0; i < sets + large && test.failed < DIFFERENCES_MAX; i++) {
		struct recipe recipe =
			recipe_of(seed, i, i < sets ? spread(&random, 10, rules) : large_rules);

		run_set(&test, &recipe, packets);
		if (i % 100 == 99)
			printf("  %" PRIu64 " sets\n", i + 1);
		fflush(stdout);
	}
	session_close(&test.session);
	print_tallies(&test);
	printf("differential: %" PRIu64 " passed, %" PRIu64 " failed\n", test.passed, test.failed);
	return test.failed || !test.passed;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
