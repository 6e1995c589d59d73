/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How often rejected senders are told: each source and each CPU has its budget, and
 * what is beyond it is dropped.  A trace says what would come back, and uses none of it.
 */
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "counters.h"
#include "node.h"
#include "subjects.h"

#define IN_ALL     1000 /* answers a second, of one CPU */
#define TO_ONE     100  /* of these to one source */
#define FRAMES     3000
#define SOURCES    60
#define FIRST_RUNS 50000 /* sources that no other test has used */

static const char configuration[] = INTERFACES HASH_KEY
	"host { reject tcp to port 81; reject udp to port 82; drop tcp to port 83 }\n";

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A budget is of one CPU: all frames must meet the same. */
static void stay_on_this_cpu(cpu_set_t *before)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_getaffinity(0, sizeof(*before), before) ||
	    sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

struct sent {
	int64_t answered, dropped;
	double seconds; /* how long it took, and the budgets grew */
};

/* FRAMES frames of `sources` senders in turn, as fast as they go. */
static struct sent send_frames(enum family family, unsigned int sources,
			       const struct packet *packet)
{
	struct variant variant = {.family = family};
	static struct frame frame;
	static struct outcome out;
	struct sent sent = {0};
	double begin;
	cpu_set_t before;

	stay_on_this_cpu(&before);
	begin = now();
	for (unsigned int i = 0; i < FRAMES; i++) {
		variant.run = FIRST_RUNS + i % sources;
		frame_build(&frame, packet, &variant);
		node_send(row_node(), &frame, &out);
		if (out.verdict == XDP_DROP)
			sent.dropped++;
		else
			sent.answered++;
	}
	sent.seconds = now() - begin;
	sched_setaffinity(0, sizeof(before), &before);
	return sent;
}

static void wait_until_budgets_are_full(void)
{
	struct timespec second = {.tv_sec = 1, .tv_nsec = 50000000};

	nanosleep(&second, NULL);
}

/* What a budget has, and gets within some seconds; its clock ticks a hundredth at a time. */
static double most(int64_t budget, double seconds)
{
	return (double)budget * (1 + seconds + 0.02) + 1;
}

/* As many as the budget had, and what came to it meanwhile.  Was any frame beyond it? */
static bool keeps_budget(enum family family, unsigned int sources, int64_t budget)
{
	static const struct packet segment = {TCP(CLIENT, NODE, 81, SYN)};
	static const struct packet datagram = {UDP(CLIENT, NODE, 82), .payload = 30};
	struct counters before = {}, after = {};
	struct sent sent;

	wait_until_budgets_are_full();
	counters_read(&before, row_node());
	sent = send_frames(family, sources, family == IPV4 ? &segment : &datagram);
	counters_read(&after, row_node());
	assert_true(sent.answered >= budget);
	assert_true((double)sent.answered <= most(budget, sent.seconds));
	assert_int_equal(counters_get(&after, "answers.sent") -
				 counters_get(&before, "answers.sent"),
			 sent.answered);
	assert_int_equal(counters_get(&after, "answers.suppressed") -
				 counters_get(&before, "answers.suppressed"),
			 sent.dropped);
	assert_int_equal(counters_get(&after, "drops.rule.packets") -
				 counters_get(&before, "drops.rule.packets"),
			 FRAMES);
	counters_free(&before);
	counters_free(&after);
	return sent.dropped > 0;
}

/* A machine that is busy may send so slowly that the budget lasts. */
static void within_budget(unsigned int sources, int64_t budget)
{
	for (enum family family = IPV4; family <= IPV6; family++) {
		int tries = 0;

		while (!keeps_budget(family, sources, budget))
			if (++tries == 10)
				fail_msg("%d times no frame was beyond the budget", tries);
	}
}

static void one_source_has_its_budget(void **state)
{
	(void)state;
	within_budget(1, TO_ONE);
}

/* One /64 is one source, and so they all are one in the IPv6 of this test. */
static void a_cpu_has_its_budget(void **state)
{
	static const struct packet segment = {TCP(CLIENT, NODE, 81, SYN)};
	struct sent sent;

	(void)state;
	wait_until_budgets_are_full();
	sent = send_frames(IPV4, SOURCES, &segment);
	/* sources may share a budget by hash, but not so many that the CPU's lasts */
	assert_true(sent.answered >= IN_ALL);
	assert_true((double)sent.answered <= most(IN_ALL, sent.seconds));
	wait_until_budgets_are_full();
	sent = send_frames(IPV6, SOURCES, &segment);
	assert_true(sent.answered >= TO_ONE);
	assert_true((double)sent.answered <= most(TO_ONE, sent.seconds));
}

static void trace_says(const char *words, const char *const wanted[], size_t count)
{
	char *said;

	assert_int_equal(node_output(row_node(), words, &said), 0);
	for (size_t i = 0; i < count; i++)
		if (!strstr(said, wanted[i]))
			fail_msg("`%s` says\n%sand not `%s`", words, said, wanted[i]);
	free(said);
}

static void a_trace_says_what_would_come_back(void **state)
{
	static const char *const reset[] = {"\"reason\": \"rule\"", "reject tcp to port 81",
					    "a TCP reset goes back", "\"flags\": \"rst,ack\""};
	static const char *const unreachable[] = {"ICMP port unreachable goes back",
						  "\"hex\": \"02"};
	static const char *const nothing[] = {"\"verdict\": \"drop\"", "none: it is an error"};
	struct counters before = {}, after = {};

	(void)state;
	wait_until_budgets_are_full();
	counters_read(&before, row_node());
	for (int i = 0; i < TO_ONE + 10; i++) /* more than one source's budget */
		trace_says("-j trace tcp 198.51.100.1:1234 192.0.2.1:81 in wan", reset,
			   ARRAY_SIZE(reset));
	trace_says("-j trace udp [2001:db8:c::1]:1234 [2001:db8:2::1]:82 in wan", unreachable,
		   ARRAY_SIZE(unreachable));
	trace_says("-j trace tcp 198.51.100.1:1234 192.0.2.1:81 flags rst in wan", nothing,
		   ARRAY_SIZE(nothing));
	counters_read(&after, row_node());
	for (size_t i = 0; i < after.count; i++) {
		const char *path = after.numbers[i].path;
		int64_t was = counters_get(&before, path);

		if (strcmp(path, "flows.live") == 0 && after.numbers[i].value <= was)
			continue; /* flows end by themselves meanwhile */
		if (after.numbers[i].value != was)
			fail_msg("%s was %" PRId64 " and is %" PRId64, path, was,
				 after.numbers[i].value);
	}
	counters_free(&before);
	counters_free(&after);
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_has_its_budget),
		cmocka_unit_test(a_cpu_has_its_budget),
		cmocka_unit_test(a_trace_says_what_would_come_back),
	};

	return row_run_group(subject_answers.name, tests, ARRAY_SIZE(tests), configuration);
}

const struct subject subject_answers = {
	.name = "how often reject answers",
	.run = run,
	.count = 3,
};
