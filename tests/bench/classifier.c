/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Nanoseconds that the rules cost a packet:  classifier TIERWALL [RULES...]
 *
 * Rule sets of three shapes are applied; packets that hit rules all over the set take
 * turns.  The figure is net of the same packets where a list has one rule.  The worst
 * packet is looked for in every leaf of every list, then by climbing over all fields, on a
 * count of what each takes, and is then timed by itself.  The last row is of many lists
 * of few rules, in no order.
 */
#include <netinet/in.h> /* what packet.h includes gives way to it */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "classify.h"
#include "classify.skel.h"
#include "kernel/control.h"
#include "leaves.h"
#include "model/generate.h"
#include "model/session.h"
#include "unit/classify_user.h"

#define RUNS   9
#define REPEAT 65536 /* of many packets in turn */
#define ALONE  4096  /* of one packet */
#define WORST  12    /* packets that are timed one by one */
#define CLIMBS 40000 /* packets that are tried */
#define KEPT   8192  /* the costliest packets of all leaves, half of them at least */

#define POLICIES     5000
#define POLICY_RULES 20

struct bench {
	struct session session;
	struct classify_bpf *program;
	struct classify_packet *packets; /* the map's memory */
	struct compiled compiled;        /* of what is live */
	struct running running;
	struct random random;
	uint64_t one[2]; /* roots of one rule */
	double build_seconds;
};

/* -- the program on the node's maps ------------------------------------------------------ */

static void use_maps(struct bench *bench)
{
	struct bpf_map *map;
	char path[512];

	bpf_object__for_each_map (map, bench->program->obj) {
		int fd;

		snprintf(path, sizeof(path), "%s/tierwall/" NODE_INSTANCE "/maps/%s",
			 bench->session.node->bpffs, bpf_map__name(map));
		fd = access(path, F_OK) ? -1 : bpf_obj_get(path);
		if (fd >= 0 && bpf_map__reuse_fd(map, fd))
			die("%s", path);
	}
}

static void open_program(struct bench *bench)
{
	bench->program = classify_bpf__open();
	if (!bench->program)
		die("classify.bpf.o");
	use_maps(bench);
	if (classify_bpf__load(bench->program))
		die("classify.bpf.o does not load");
	bench->packets =
		mmap(NULL, CLASSIFY_PACKETS * sizeof(*bench->packets), PROT_READ | PROT_WRITE,
		     MAP_SHARED, bpf_map__fd(bench->program->maps.packets), 0);
	if (bench->packets == MAP_FAILED)
		die("packets");
}

static uint32_t run_once(struct bench *bench, uint32_t count, uint64_t instead)
{
	unsigned char frame[64] = {0};
	struct classify_job *job = &bench->program->bss->job;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = count == 1 ? ALONE : REPEAT);

	job->count = count;
	job->instead = instead;
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->program->progs.classify_one), &options))
		die("BPF_PROG_TEST_RUN");
	if (options.retval != XDP_DROP)
		die("the program was not run");
	return options.duration;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The difference of the minima: what disturbs a run makes it slower, never faster. */
static int net(struct bench *bench, uint32_t count, int family, uint32_t *median)
{
	uint32_t times[2][RUNS];

	for (int i = 0; i < RUNS; i++) {
		times[0][i] = run_once(bench, count, bench->one[family]);
		times[1][i] = run_once(bench, count, 0);
	}
	for (int i = 0; i < 2; i++)
		qsort(times[i], RUNS, sizeof(**times), compare_numbers);
	*median = times[1][RUNS / 2] - times[0][RUNS / 2];
	return (int)(times[1][0] - times[0][0]);
}

/* -- what is live ----------------------------------------------------------------------------- */

/* A leaf of the first rule below a node. */
static uint64_t first_rule(uint64_t node)
{
	for (;;) {
		uint32_t at = TW_TREE_AT(node);
		const uint64_t *place = arena_at(&classify_in->arena, at);

		switch (TW_TREE_KIND(node)) {
		case TW_TREE_CUT:
			for (uint32_t i = 0; i <= TW_TREE_MASK(node) && !TW_TREE_KIND(*place); i++)
				place++;
			node = *place;
			break;
		case TW_TREE_FOREST:
			node = *place;
			break;
		case TW_TREE_VECTORS:
			at = ((const struct tw_vectors *)place)->rule_at;
			at = *(const uint32_t *)arena_at(&classify_in->arena, at);
			return (uint64_t)at << 32 | 1 << 8 | TW_TREE_LEAF;
		default:
			return (node & ~0xffffff00ull) | 1 << 8;
		}
	}
}

static void compile_again(struct bench *bench)
{
	struct diagnostic diagnostic = {0};
	struct node_facts facts;
	struct timespec begin, end;

	if (running_read(&bench->running, &bench->session.instance) || node_facts_read(&facts))
		die("the running configuration cannot be read");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	if (policy_compile(&bench->compiled, bench->running.config, bench->running.image, &facts,
			   &diagnostic))
		die("%s", diagnostic.text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	bench->build_seconds =
		(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	node_facts_free(&facts);
	classify_in = &bench->compiled;
	if (memcmp(&((const struct tw_policy *)bench->compiled.image)->guard,
		   &bench->running.image->guard, sizeof(struct tw_list)))
		die("the same configuration compiles to something else");
}

static const struct tw_server *server_of(const struct bench *bench, const struct target *target)
{
	const struct config *config = bench->session.config;
	uint32_t i = 0;

	for (const struct tier *tier = config->tiers; tier < target->tier; tier++)
		i += (uint32_t)tier->server_count;
	if (target->server)
		i += (uint32_t)(target->server - target->tier->servers);
	return IMAGE_SECTION(bench->running.image, struct tw_server, servers) + i;
}

static void set_roots(const struct bench *bench, const struct target *target,
		      struct classify_packet *packet)
{
	const struct tw_policy *image = bench->running.image;
	int family = packet->packet.family;

	packet->own = 0;
	packet->list = (target->host ? &image->host : &image->guard)->root[family];
	if (!target->tier)
		return;
	packet->own = server_of(bench, target)->rules.root[family];
	packet->list = IMAGE_SECTION(image, struct tw_tier,
				     tiers)[target->tier - bench->session.config->tiers]
			       .rules.root[family];
}

/* -- packets ------------------------------------------------------------------------------------- */

/* Packets that hit rules all over the set, in no order.  How many. */
static uint32_t fill_packets(struct bench *bench, int family)
{
	struct session *session = &bench->session;
	uint32_t count = 0;

	for (uint32_t i = 0; i < 4 * CLASSIFY_PACKETS && count < CLASSIFY_PACKETS; i++) {
		uint32_t pick = random_below(&bench->random, bench->session.rows);
		const struct target *target = session->targets;
		struct sample sample;

		/* a list by its share of the rules, then a rule of it */
		while (target < session->targets + session->sampler.target_count &&
		       pick >= target->list->count)
			pick -= (uint32_t)(target++)->list->count;
		if (target == session->targets + session->sampler.target_count)
			continue;
		if (!sample_hit(&session->sampler, target, &target->list->items[pick], ANYWHERE,
				&sample) ||
		    sample.packet.family != family)
			continue;
		bench->packets[count].packet = sample.packet;
		set_roots(bench, target, &bench->packets[count]);
		count += bench->packets[count].list != 0;
	}
	return count;
}

/* -- the worst ----------------------------------------------------------------------------------- */

/* What a packet takes, in nanoseconds, roughly; the order is what counts. */
static double price(const struct classify_packet *packet)
{
	const __u64 own[2] = {packet->own, packet->own}, list[2] = {packet->list, packet->list};
	double sum = 0;
	uint64_t word = 0;

	if (packet->own) {
		word = classify(own, &packet->packet, TW_STATE_NEW, 0);
		sum = classify_work.steps * 4 + classify_work.compares * 3 +
		      classify_work.words * 12 + classify_work.sets * 50;
	}
	if (!word)
		classify(list, &packet->packet, TW_STATE_NEW, 0);
	else
		memset(&classify_work, 0, sizeof(classify_work));
	return sum + classify_work.steps * 4 + classify_work.compares * 3 +
	       classify_work.words * 12 + classify_work.sets * 50;
}

/* One field of another packet of the set, or of its own a little beside. */
static void change(struct bench *bench, struct classify_packet *packet,
		   const struct classify_packet *other)
{
	struct tw_packet *p = &packet->packet;

	switch (random_below(&bench->random, 8)) {
	case 0:
		p->saddr = other->packet.saddr;
		break;
	case 1:
		p->daddr = other->packet.daddr;
		break;
	case 2:
		p->sport = other->packet.sport;
		break;
	case 3:
		p->dport = other->packet.dport;
		break;
	case 4:
		p->protocol = other->packet.protocol;
		break;
	case 5:
		p->flags = other->packet.flags;
		p->ttl = other->packet.ttl;
		p->length = other->packet.length;
		break;
	case 6:
		p->saddr.bytes[15] ^= (uint8_t)(1u << random_below(&bench->random, 8));
		break;
	case 7:
		p->dport ^= (uint16_t)(1u << random_below(&bench->random, 16));
		break;
	}
}

struct priced {
	double price;
	struct classify_packet packet;
};

static int compare_prices(const void *a, const void *b)
{
	const struct priced *left = a, *right = b;

	return left->price < right->price ? 1 : -(left->price > right->price);
}

/* Those of all leaves that cost the most. */
struct costliest {
	struct priced items[KEPT];
	uint32_t count;
};

static void keep_costliest(void *context, const struct classify_packet *packet)
{
	struct costliest *costliest = context;

	if (costliest->count == KEPT) {
		qsort(costliest->items, KEPT, sizeof(*costliest->items), compare_prices);
		costliest->count = KEPT / 2;
	}
	costliest->items[costliest->count].packet = *packet;
	costliest->items[costliest->count++].price = price(packet);
}

/* The first addresses of all intervals stand in the lowest level of the ladder. */
static void find_addresses_of_classes(const struct bench *bench, int family,
				      union tw_addr *of_class)
{
	const struct tw_ladder *ladder =
		&((const struct tw_policy *)(const void *)bench->compiled.image)->ladder[family];
	const unsigned char *classes = arena_at(&bench->compiled.arena, ladder->classes);
	size_t count = 1;

	memset(of_class, 0, 256 * sizeof(*of_class));
	for (uint32_t i = 0; i < ladder->levels; i++)
		count *= family ? TW_RUNG6_VALUES : TW_RUNG4_VALUES;
	for (size_t i = 0; ladder->levels && i < count; i++) {
		const void *level =
			arena_at(&bench->compiled.arena, ladder->at[ladder->levels - 1]);
		union tw_addr *addr = &of_class[classes[i]];

		if (family) {
			addr->halves[0] = htobe64(((const __u64 *)level)[2 * i]);
			addr->halves[1] = htobe64(((const __u64 *)level)[2 * i + 1]);
		} else {
			addr->words[3] = htonl(((const uint32_t *)level)[i]);
		}
	}
}

static void visit_all(const struct bench *bench, const struct leaves *leaves)
{
	const struct session *session = &bench->session;

	for (size_t i = 0; i < session->sampler.target_count; i++) {
		struct classify_packet roots = {.packet.family = (uint8_t)leaves->family};

		set_roots(bench, &session->targets[i], &roots);
		leaves_visit(leaves, session->targets[i].server ? roots.own : 0, roots.list);
	}
}

/* The packets of the set, then the costliest of all leaves.  How many. */
static uint32_t price_all(struct bench *bench, struct priced *all, uint32_t count, int family)
{
	static struct costliest costliest;
	struct leaves leaves = {
		.compiled = &bench->compiled,
		.family = (uint32_t)family,
		.offer = keep_costliest,
		.context = &costliest,
	};

	for (uint32_t i = 0; i < count; i++) {
		all[i].packet = bench->packets[i];
		all[i].price = price(&all[i].packet);
	}
	costliest.count = 0;
	find_addresses_of_classes(bench, family, leaves.of_class);
	visit_all(bench, &leaves);
	memcpy(&all[count], costliest.items, costliest.count * sizeof(*all));
	return count + costliest.count;
}

static int find_worst(struct bench *bench, uint32_t count, int family, double *priced)
{
	struct priced *all = calloc(count + KEPT, sizeof(*all));
	int worst = 0;
	uint32_t median;

	count = price_all(bench, all, count, family);
	qsort(all, count, sizeof(*all), compare_prices);
	for (uint32_t i = 0; i < CLIMBS; i++) {
		struct priced *best = &all[i % (count < 64 ? count : 64)], tried = *best;

		for (uint32_t j = 1 + random_below(&bench->random, 3); j; j--)
			change(bench, &tried.packet,
			       &all[random_below(&bench->random, count)].packet);
		tried.price = price(&tried.packet);
		if (tried.price > best->price)
			*best = tried;
	}
	qsort(all, count, sizeof(*all), compare_prices);
	*priced = all[0].price;
	for (uint32_t i = 0; i < WORST && i < count; i++) {
		int ns;

		bench->packets[0] = all[i].packet;
		net(bench, 1, family, &median);
		ns = (int)median;
		if (ns > worst)
			worst = ns;
	}
	free(all);
	return worst;
}

/* -- rows ------------------------------------------------------------------------------------------ */

static const struct tw_list *any_list(const struct tw_policy *image)
{
	return image->flags & TW_POLICY_GUARD ? &image->guard
					      : &IMAGE_SECTION(image, struct tw_tier, tiers)->rules;
}

static void measure(struct bench *bench, const char *name, uint32_t rules, int family)
{
	uint32_t count, median = 0;
	double priced = 0;
	int mean, worst;

	compile_again(bench);
	for (int i = 0; i < 2; i++) {
		const struct tw_policy *image = bench->running.image;

		bench->one[i] = first_rule(any_list(image)->root[i]);
	}
	count = fill_packets(bench, family);
	mean = net(bench, count, family, &median);
	worst = find_worst(bench, count, family, &priced);
	printf("%-8s IPv%d %7u %6u %5d %6d %6d %6.0f %7.3f %7.2f\n", name, family ? 6 : 4, rules,
	       count, mean, (int)median, worst, priced, (double)bench->compiled.arena.length / 1e6,
	       bench->build_seconds);
	fflush(stdout);
	compiled_free(&bench->compiled);
	running_free(&bench->running);
}

static void measure_shape(struct bench *bench, enum shape shape, int family, uint32_t rules)
{
	struct recipe recipe = {
		.shape = shape,
		.versions = family ? VERSIONS_V6 : VERSIONS_V4,
		.rules = rules,
		.seed = 7,
	};
	char *text = generate_text(&recipe);

	if (!session_apply(&bench->session, text))
		die("%s of %u rules is refused", shape_names[shape], rules);
	free(text);
	if (!bench->program)
		open_program(bench);
	measure(bench, shape_names[shape], rules, family);
}

/* Tiers of one server, each with rules of its own. */
static char *policies_text(struct random *random)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		die("out of memory");
	for (uint32_t i = 0; i < POLICIES; i++) {
		fprintf(out, "tier t%u {\n server s 10.%u.%u.1\n firewall {\n", i, i / 256,
			i % 256);
		for (uint32_t j = 0; j < POLICY_RULES; j++)
			fprintf(out, "  %s %s from 172.%u.%u.0/%u to port %u\n",
				random_percent(random, 60) ? "accept" : "drop",
				random_percent(random, 80) ? "tcp" : "udp",
				random_between(random, 16, 31), random_below(random, 256) & 0xf0,
				random_between(random, 20, 28), random_between(random, 1, 9999));
		fputs(" }\n}\n", out);
	}
	if (fclose(out))
		die("out of memory");
	return text;
}

static void measure_policies(struct bench *bench)
{
	char *text = policies_text(&bench->random);

	if (!session_apply(&bench->session, text))
		die("%u policies are refused", POLICIES);
	free(text);
	if (!bench->program)
		open_program(bench);
	measure(bench, "policies", POLICIES * POLICY_RULES, 0);
}

static uint32_t sizes[16] = {10, 1000, 10000, 100000};
static size_t size_count = 4;

static int run(struct node *node)
{
	static struct bench bench;

	random_seed(&bench.random, 1);
	session_open(&bench.session, node);
	node_pin_to_cpu();
	printf("shape    IP     rules packets  net median  worst  model  MB    build s\n");
	for (size_t i = 0; i < size_count; i++)
		for (int shape = 0; shape < SHAPE_COUNT; shape++)
			for (int family = 0; family < 2; family++)
				measure_shape(&bench, (enum shape)shape, family, sizes[i]);
	measure_policies(&bench);
	session_close(&bench.session);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 18) {
		fprintf(stderr, "usage: %s TIERWALL [RULES...]\n", argv[0]);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		sizes[i - 2] = (uint32_t)strtoul(argv[i], NULL, 0);
	if (argc > 2)
		size_count = (size_t)argc - 2;
	return node_run(argv[1], run);
}
