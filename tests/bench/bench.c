/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Nanoseconds a packet, for what a packet can meet:  bench TIERWALL [WORDS]
 *
 * WORDS: only the cases with them in their name.
 *
 * Each case is run through BPF_PROG_TEST_RUN behind wrap.bpf.c, in turns with an
 * empty program in tierwall's place.  `net` is the difference of the minima: of
 * several runs on a shared machine the fastest is the one that was disturbed least.
 */
#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "packet/node.h"
#include "packet/row.h"
#include "wrap.h"
#include "wrap.skel.h"

#define RUNS      15
#define REPEAT    100000
#define MANY      10000 /* flows */
#define DISTINCT  (1 << 24)
#define BY_SOURCE (1u << 31) /* flows that differ in their source alone */

static const char configuration[] =
	INTERFACES HASH_KEY SETS GUARD "tier web {\n"
				       "	server web1 10.0.1.11 2001:db8:1::11\n"
				       "	firewall {\n"
				       "		drop tcp to port 1\n"
				       "		drop tcp to port 2\n"
				       "		drop tcp to port 3\n"
				       "		drop udp to port 4\n"
				       "		drop tcp from 203.0.113.0/24 to port 5\n"
				       "		drop tcp from 2001:db8:d::/48 to port 6\n"
				       "		drop tcp to port 7-9\n"
				       "		accept icmp type echo-request\n"
				       "		accept icmp6 type echo-request\n"
				       "		accept tcp to port 80\n"
				       "		default drop\n"
				       "	}\n"
				       "}\n"
				       "tier edge {\n"
				       "	server edge1 192.0.2.31 2001:db8:2::31\n"
				       "	firewall { accept tcp to port 443; default drop }\n"
				       "}\n"
				       "service nat {\n"
				       "	listen 192.0.2.10 tcp port 443\n"
				       "	listen 2001:db8:2::10 tcp port 443\n"
				       "	tier edge\n"
				       "}\n"
				       "service l2 {\n"
				       "	listen 192.0.2.20 tcp port 443\n"
				       "	listen 2001:db8:2::20 tcp port 443\n"
				       "	tier edge\n"
				       "	forward l2\n"
				       "}\n"
				       "service ipip {\n"
				       "	listen 192.0.2.30 tcp port 443\n"
				       "	listen 2001:db8:2::30 tcp port 443\n"
				       "	tier edge\n"
				       "	forward ipip\n"
				       "}\n"
				       "service gue {\n"
				       "	listen 192.0.2.40 tcp port 443\n"
				       "	listen 2001:db8:2::40 tcp port 443\n"
				       "	tier edge\n"
				       "	forward gue\n"
				       "}\n";

struct bench_case {
	const char *name;
	struct packet packet;
	uint32_t flows;
	enum xdp_action verdict;
	bool learn; /* send each flow once before */
};

static const struct bench_case cases[] = {
	{"drop by set", {TCP(ATTACKER, OTHER, 443, SYN)}, 1, XDP_DROP, false},
	{"accept by the tenth rule, no flow", {TCP(CLIENT, WEB1, 80, RST)}, 1, XDP_PASS, false},
	{"established flow, l2, 1 flow", {TCP(CLIENT, VIP2, 443, ACK)}, 1, XDP_TX, true},
	{"established flow, l2, 10,000 flows", {TCP(CLIENT, VIP2, 443, ACK)}, MANY, XDP_TX, true},
	{"established flow, nat, 1 flow", {TCP(CLIENT, VIP, 443, ACK)}, 1, XDP_TX, true},
	{"established flow, nat, 10,000 flows", {TCP(CLIENT, VIP, 443, ACK)}, MANY, XDP_TX, true},
	{"established flow, ipip, 1 flow", {TCP(CLIENT, VIP3, 443, ACK)}, 1, XDP_TX, true},
	{"established flow, ipip, 10,000 flows", {TCP(CLIENT, VIP3, 443, ACK)}, MANY, XDP_TX, true},
	{"established flow, gue, 1 flow", {TCP(CLIENT, VIP4, 443, ACK)}, 1, XDP_TX, true},
	{"established flow, gue, 10,000 flows", {TCP(CLIENT, VIP4, 443, ACK)}, MANY, XDP_TX, true},
	{"new flow, nat, every SYN another", {TCP(CLIENT, VIP, 443, SYN)}, DISTINCT, XDP_TX, false},
	{"new flow to a server, every SYN another",
	 {TCP(CLIENT, WEB1, 80, SYN)},
	 DISTINCT,
	 XDP_PASS,
	 false},
	{"packet not for us", {TCP(CLIENT, OTHER, 443, ACK)}, 1, XDP_PASS, false},
};

/* What a limit in guard adds to the last of the cases above. */
static const char with_limit[] =
	HASH_KEY "guard { drop limit over 20000/s burst 40000 per source; default accept }\n";
static const char with_high_limit[] =
	HASH_KEY "guard { drop limit over 1000000000/s burst 10000000 per source }\n";
static const char with_exact_limit[] =
	HASH_KEY "guard { drop limit over 1000000000/s burst 1000000 per source }\n";
static const char with_shared_limit[] =
	HASH_KEY "guard { drop limit over 1000000000/s burst 400000000 }\n";
static const char with_guard[] = HASH_KEY "guard { drop udp to port 1 }\n";

static const struct limit_case {
	const char *configuration;
	struct bench_case bench_case;
	const char *all_cpus; /* the same on all CPUs at once is called so; NULL: is not measured */
} limit_cases[] = {
	{with_guard,
	 {"one rule in guard", {UDP(CLIENT, OTHER, 443)}, 1, XDP_PASS, false},
	 "one rule in guard, every CPU at once"},
	{with_guard,
	 {"one rule in guard, 65,536 sources",
	  {UDP(CLIENT, OTHER, 443)},
	  BY_SOURCE | 65536,
	  XDP_PASS,
	  false},
	 NULL},
	{with_high_limit,
	 {"within a limit, 1 source", {UDP(CLIENT, OTHER, 443)}, 1, XDP_PASS, false},
	 NULL},
	{with_high_limit,
	 {"within a limit, 65,536 sources",
	  {UDP(CLIENT, OTHER, 443)},
	  BY_SOURCE | 65536,
	  XDP_PASS,
	  false},
	 NULL},
	{with_exact_limit,
	 {"within a limit, exact clock, 1 source", {UDP(CLIENT, OTHER, 443)}, 1, XDP_PASS, false},
	 NULL},
	{with_limit,
	 {"beyond a limit, 1 source", {UDP(CLIENT, OTHER, 443)}, 1, XDP_DROP, false},
	 NULL},
	{with_shared_limit,
	 {"within a limit of all", {UDP(CLIENT, OTHER, 443)}, 1, XDP_PASS, false},
	 "within a limit of all, every CPU at once"},
};

static const char *wanted = ""; /* in the names of cases */

static bool is_wanted(const char *name)
{
	return strstr(name, wanted) != NULL;
}

struct bench {
	const struct node *node;
	struct wrap_bpf *wrap;
};

/* One run behind the wrapper; returns nanoseconds a packet. */
static uint32_t run_once(struct bench *bench, const struct frame *frame, enum family family,
			 int target, uint32_t repeat, uint32_t *verdict)
{
	struct xdp_md ctx = {.data_end = WRAP_BYTES,
			     .ingress_ifindex = bench->node->ifindex[frame->device]};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = WRAP_BYTES,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = repeat);
	struct bpf_program *program =
		family == IPV4 ? bench->wrap->progs.wrap4 : bench->wrap->progs.wrap6;
	uint32_t first = 0;

	if (bpf_map_update_elem(bpf_map__fd(bench->wrap->maps.target), &first, &target, 0))
		die("tail call");
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		die("BPF_PROG_TEST_RUN");
	*verdict = options.retval;
	return options.duration;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void build_frame(const struct bench_case *bench_case, enum family family,
			struct frame *frame)
{
	struct variant variant = {.family = family};
	struct packet packet = bench_case->packet;

	frame_build(frame, &packet, &variant);
	packet.payload = WRAP_BYTES - frame->length;
	frame_build(frame, &packet, &variant);
}

/* False: the packet did not go where the case says. */
static bool measure(struct bench *bench, const struct bench_case *bench_case, enum family family)
{
	static struct frame frame;
	struct wrap_job *job = &bench->wrap->bss->job;
	int nothing = bpf_program__fd(bench->wrap->progs.nothing);
	uint32_t times[2][RUNS], verdict = 0, empty;

	build_frame(bench_case, family, &frame);
	memcpy(job->packet, frame.bytes, WRAP_BYTES);
	job->flows = bench_case->flows & ~BY_SOURCE;
	job->flow = 0;
	job->by_source = bench_case->flows & BY_SOURCE;
	if (bench_case->learn)
		run_once(bench, &frame, family, bench->node->program, bench_case->flows + 10,
			 &verdict);
	for (int i = 0; i < RUNS; i++) {
		times[0][i] = run_once(bench, &frame, family, nothing, REPEAT, &empty);
		times[1][i] =
			run_once(bench, &frame, family, bench->node->program, REPEAT, &verdict);
	}
	qsort(times[0], RUNS, sizeof(times[0][0]), compare_numbers);
	qsort(times[1], RUNS, sizeof(times[1][0]), compare_numbers);
	printf("%-41s IPv%d %6u %7u %6d %7.1f\n", bench_case->name, family == IPV4 ? 4 : 6,
	       times[1][0], times[1][RUNS / 2], (int)(times[1][0] - times[0][0]),
	       (double)times[1][0] / times[0][0]);
	fflush(stdout);
	if (verdict == bench_case->verdict)
		return true;
	printf("  this case ended in %s and not in %s\n", verdict_name(verdict),
	       verdict_name(bench_case->verdict));
	return false;
}

/* -- all CPUs at the same time ------------------------------------------------------------ */

struct hammer {
	pthread_t thread;
	pthread_barrier_t *start;
	const struct frame *frame;
	int cpu, program;
	uint32_t duration;
};

static void *hammer(void *context)
{
	struct hammer *mine = context;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = mine->frame->bytes,
		    .data_size_in = WRAP_BYTES, .repeat = 5 * REPEAT);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(mine->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	pthread_barrier_wait(mine->start);
	if (bpf_prog_test_run_opts(mine->program, &options))
		die("BPF_PROG_TEST_RUN");
	mine->duration = options.duration;
	return NULL;
}

/* The mean of what each CPU took for a packet, the least of several runs. */
static uint32_t hammer_all(const struct frame *frame, int program, int cpus)
{
	struct hammer *all = calloc((size_t)cpus, sizeof(*all));
	uint32_t least = UINT32_MAX;

	for (int run = 0; all && run < RUNS / 3; run++) {
		pthread_barrier_t start;
		uint64_t sum = 0;

		pthread_barrier_init(&start, NULL, (unsigned int)cpus);
		for (int i = 0; i < cpus; i++) {
			all[i] = (struct hammer){
				.start = &start, .frame = frame, .cpu = i, .program = program};
			if (pthread_create(&all[i].thread, NULL, hammer, &all[i]))
				die("pthread_create");
		}
		for (int i = 0; i < cpus; i++) {
			pthread_join(all[i].thread, NULL);
			sum += all[i].duration;
		}
		pthread_barrier_destroy(&start);
		if (sum / (uint32_t)cpus < least)
			least = (uint32_t)(sum / (uint32_t)cpus);
	}
	free(all);
	return least;
}

static void measure_all_cpus(const struct bench *bench, const char *name,
			     const struct bench_case *bench_case)
{
	int nothing = bpf_program__fd(bench->wrap->progs.nothing);
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	static struct frame frame;
	uint32_t empty, took;

	build_frame(bench_case, IPV4, &frame);
	empty = hammer_all(&frame, nothing, cpus);
	took = hammer_all(&frame, bench->node->program, cpus);
	printf("%-41s IPv4 %6u %7s %6d %7.1f\n", name, took, "", (int)(took - empty),
	       (double)took / empty);
}

static void print_machine(void)
{
	char line[256], model[200] = "unknown CPU";
	FILE *file = fopen("/proc/cpuinfo", "r");
	struct utsname kernel;

	uname(&kernel);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %199[^\n]", model) == 1)
			break;
	if (file)
		fclose(file);
	printf("Linux %s, %s, %ld CPUs; %d runs of %d packets of %d bytes\n", kernel.release, model,
	       sysconf(_SC_NPROCESSORS_ONLN), RUNS, REPEAT, WRAP_BYTES);
}

static int run(struct node *node)
{
	struct bench bench = {.node = node, .wrap = wrap_bpf__open_and_load()};
	bool right = true;

	if (!bench.wrap)
		die("wrap.bpf.o does not load");
	if (node_apply(node, configuration))
		return 1;
	node_pin_to_cpu();
	print_machine();
	printf("%-46s %6s %7s %6s %7s\n", "nanoseconds a packet", "min", "median", "net",
	       "x empty");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (enum family family = IPV4; is_wanted(cases[i].name) && family <= IPV6;
		     family++)
			right &= measure(&bench, &cases[i], family);
	for (size_t i = 0; i < ARRAY_SIZE(limit_cases); i++) {
		if (!is_wanted(limit_cases[i].bench_case.name))
			continue;
		if (node_apply(node, limit_cases[i].configuration))
			return 1;
		for (enum family family = IPV4; family <= IPV6; family++)
			right &= measure(&bench, &limit_cases[i].bench_case, family);
		if (limit_cases[i].all_cpus)
			measure_all_cpus(&bench, limit_cases[i].all_cpus,
					 &limit_cases[i].bench_case);
	}
	wrap_bpf__destroy(bench.wrap);
	return !right;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s TIERWALL [WORDS]\n", argv[0]);
		return 2;
	}
	if (argc == 3)
		wanted = argv[2];
	return node_run(argv[1], run);
}
