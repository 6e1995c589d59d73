/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rates by the clock: as many packets as a limit says, whichever of the two clocks
 * serves it, however many CPUs share its bucket, whatever else floods the node.
 */
#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "counters.h"
#include "environment.h"
#include "node.h"
#include "subjects.h"
#include "tierwall/abi.h"

#define CHUNK 20 /* packets, then the clock is read */

static struct counters counters;

static void apply_guard(const char *rules)
{
	char text[512];

	/* the rules before are gone first, so that these begin with full buckets */
	row_apply(HASH_KEY);
	snprintf(text, sizeof(text), HASH_KEY "guard {\n%s\n}\n", rules);
	row_apply(text);
}

static int64_t packets_of(const char *path)
{
	counters_read(&counters, row_node());
	return counters_get(&counters, path);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void build_udp(struct frame *frame, enum family family, const char *source)
{
	struct packet packet = {UDP(CLIENT, OTHER, 53), .source = source};
	struct variant variant = {.family = family};

	frame_build(frame, &packet, &variant);
}

static void send_many(const struct frame *frame, uint32_t repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .repeat = (int)repeat);

	if (bpf_prog_test_run_opts(row_node()->program, &options))
		die("BPF_PROG_TEST_RUN");
}

/* -- the rate --------------------------------------------------------------------------- */

struct rate_case {
	const char *limit;
	double rate; /* a second */
	double burst;
};

struct span {
	double seconds;
	double lost; /* packets that could have been admitted while this process did not run */
};

/*
 * Sends without a pause for a second and more, before all others on this machine.  Where
 * it had to wait for so long that the bucket was full, the rest was lost.
 */
static struct span send_for_a_second(const struct frame *frame, const struct rate_case *rate)
{
	double begin = seconds_now(), before = begin, now = begin;
	const double whole = rate->burst - 1;
	struct span span = {0};

	setpriority(PRIO_PROCESS, 0, -20);
	while (now - begin < 1.2) {
		for (int i = 0; i < CHUNK; i++)
			send_many(frame,
				  1); /* more in one call: the kernel waits for a grace period */
		now = seconds_now();
		if ((now - before) * rate->rate > whole)
			span.lost += (now - before) * rate->rate - whole;
		before = now;
	}
	setpriority(PRIO_PROCESS, 0, 0);
	span.seconds = now - begin;
	return span;
}

static void check_rate(const struct rate_case *rate, const char *per_source)
{
	char rule[128];
	struct frame frame;

	build_udp(&frame, IPV4, NULL);
	snprintf(rule, sizeof(rule), "accept udp limit %s%s\ndrop udp", rate->limit, per_source);
	for (int tries = 0; tries < 20; tries++) {
		struct span span;
		double admitted, expected;

		apply_guard(rule);
		admitted = -(double)packets_of("guard.rules.1.packets");
		span = send_for_a_second(&frame, rate);
		admitted += (double)packets_of("guard.rules.1.packets");
		expected = rate->rate * span.seconds + rate->burst;
		if (admitted > expected * 1.02 + 1)
			fail_msg("limit %s%s: %.0f packets in %.3f s", rate->limit, per_source,
				 admitted, span.seconds);
		if (span.lost > 0.5 * expected)
			continue; /* this machine is busy with something else */
		if (admitted < (expected - span.lost) * 0.98 - 1)
			fail_msg("limit %s%s: only %.0f packets in %.3f s", rate->limit, per_source,
				 admitted, span.seconds);
		return;
	}
	fail_msg("the machine is too busy for limit %s", rate->limit);
}

/* What a burst takes to come back tells which clock: two jiffies or more, the coarse one. */
static void rates_are_right_by_the_coarse_clock(void **state)
{
	static const struct rate_case rates[] = {
		{"1000/s burst 100", 1000, 100},
		{"20000/s burst 40000", 20000, 40000},
		{"100000/s burst 3000", 100000, 3000},
		{"6000000/m burst 3000", 100000, 3000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		check_rate(&rates[i], "");
	check_rate(&rates[2], " per source");
}

static void rates_are_right_by_the_exact_clock(void **state)
{
	static const struct rate_case rates[] = {
		{"5000/s burst 20", 5000, 20},
		{"100000/s burst 500", 100000, 500},
		{"7200000/h burst 7", 2000, 7},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		check_rate(&rates[i], "");
	check_rate(&rates[1], " per source");
}

/* -- many CPUs -------------------------------------------------------------------------- */

struct sender {
	pthread_t thread;
	pthread_barrier_t *start;
	int cpu;
	struct frame frame;
};

static void *send_on_cpu(void *context)
{
	struct sender *sender = context;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	pthread_barrier_wait(sender->start);
	send_many(&sender->frame, 300000);
	return NULL;
}

/* 300,000 from each CPU at the same time; no token comes back meanwhile. */
static void check_shared(const char *limit, enum family family, int64_t burst)
{
	static struct sender senders[8];
	pthread_barrier_t start;
	char rule[128];
	int64_t before;
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus > (int)ARRAY_SIZE(senders))
		cpus = ARRAY_SIZE(senders);
	snprintf(rule, sizeof(rule), "accept udp limit %s\ndrop udp", limit);
	apply_guard(rule);
	before = packets_of("guard.rules.1.packets");
	pthread_barrier_init(&start, NULL, (unsigned int)cpus);
	for (int i = 0; i < cpus; i++) {
		senders[i].cpu = i;
		senders[i].start = &start;
		build_udp(&senders[i].frame, family, NULL);
		if (pthread_create(&senders[i].thread, NULL, send_on_cpu, &senders[i]))
			die("pthread_create");
	}
	for (int i = 0; i < cpus; i++)
		pthread_join(senders[i].thread, NULL);
	pthread_barrier_destroy(&start);
	assert_int_equal(packets_of("guard.rules.1.packets") - before, burst);
}

static void cpus_share_a_bucket_exactly(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		check_shared("1/h burst 200000", IPV4, 200000);
		check_shared("1/h burst 200000 per source", IPV4, 200000);
		check_shared("1/h burst 200000 per source/64", IPV6, 200000);
	}
}

/* -- a flood ---------------------------------------------------------------------------- */

/* One of 2^32 sources, every one once. */
static void set_source(struct frame *frame, uint32_t i)
{
	uint32_t source = i * 0x9e3779b1u;

	source = (source ^ source >> 15) * 0x85ebca6bu;
	source ^= source >> 13;
	/* 20.0.0.0 - 83.255.255.255: addresses that may come from a network */
	source = 0x14000000u + (source & 0x3fffffffu);
	set16(&frame->bytes[frame->network + 12], source >> 16);
	set16(&frame->bytes[frame->network + 14], source & 0xffff);
	set16(&frame->bytes[frame->network + 10], 0);
	set16(&frame->bytes[frame->network + 10], checksum(&frame->bytes[frame->network], 20, 0));
}

/* `count` sources send one packet each while one sends on and on, beyond its limit. */
static void flood(uint64_t count)
{
	struct frame flooder, offender;
	int64_t admitted, dropped;
	double begin, seconds;

	build_udp(&flooder, IPV4, NULL);
	build_udp(&offender, IPV4, "198.51.100.77");
	admitted = -packets_of("guard.rules.1.packets");
	dropped = -packets_of("guard.rules.2.packets");
	begin = seconds_now();
	for (uint64_t i = 0; i < count; i++) {
		set_source(&flooder, (uint32_t)i);
		send_many(&flooder, 1);
		if (i % 100 == 0)
			send_many(&offender, 1);
	}
	seconds = seconds_now() - begin;
	admitted += packets_of("guard.rules.1.packets");
	dropped += packets_of("guard.rules.2.packets");
	assert_in_range(admitted, 20, (int64_t)(20 + seconds * 1.02 + 2));
	assert_int_equal(dropped, (int64_t)(count + 99) / 100 - admitted);
	/* and none of the others is taken for somebody else */
	assert_int_equal(packets_of("guard.rules.4.packets"), 0);
}

static const char flooded[] = "accept udp from 198.51.100.0/24 limit 1/s burst 20 per source\n"
			      "drop udp from 198.51.100.0/24\n"
			      "accept udp limit 1/s burst 20 per source\n"
			      "drop udp";

static void no_flood_sets_an_offender_free(void **state)
{
	(void)state;
	apply_guard(flooded);
	flood(from_environment("SOURCES", 1000000));
}

/* A table full of what was long ago, as far back as its clock can tell and further. */
static void nor_does_it_after_weeks(void **state)
{
	const size_t length = TW_LIMIT_LINES * sizeof(struct tw_limit_line);
	struct tw_limit_line *lines;
	char path[256];
	int fd;

	(void)state;
	apply_guard(flooded);
	snprintf(path, sizeof(path), "%s/tierwall/packet-test/maps/sources", row_node()->bpffs);
	fd = bpf_obj_get(path);
	lines = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || lines == MAP_FAILED)
		die("%s", path);
	for (uint32_t i = 0; i < TW_LIMIT_LINES * TW_LIMIT_WAYS; i++)
		lines[i / TW_LIMIT_WAYS].entries[i % TW_LIMIT_WAYS] = (struct tw_limit_entry){
			.full_at = UINT64_MAX / 2,
			.tag = i * 2,
			.full_tick = (uint32_t)(seconds_now() * 1e9 / (1 << 20)) + (1u << 31) -
				     5000 * (i % 4),
		};
	munmap(lines, length);
	close(fd);
	flood(300000);
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_right_by_the_coarse_clock),
		cmocka_unit_test(rates_are_right_by_the_exact_clock),
		cmocka_unit_test(cpus_share_a_bucket_exactly),
		cmocka_unit_test(no_flood_sets_an_offender_free),
		cmocka_unit_test(nor_does_it_after_weeks),
	};

	return cmocka_run_group_tests_name(subject_limit_rate.name, tests, NULL, NULL);
}

const struct subject subject_limit_rate = {
	.name = "limit_rate",
	.run = run,
	.count = 5,
};
