/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Applies, sends, asks both and compares. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "compile/compile.h"
#include "model/session.h"

#define FORGET_AFTER 4000 /* packets: the tables of the data path must never be full */
#define BATCH        4096
/*
 * Of limits: a line of `sources` that got a fifth bucket would give one up.  With so many
 * that happens once in 200,000 times of filling them.
 */
#define REFILL_AFTER 512

static const char *const devices[SAMPLE_DEVICES] = {"wan", "lan", "dmz"};

/* -- beginning and end ------------------------------------------------------------------- */

static void add_own(struct session *session, const union tw_addr *addr)
{
	if (session->surroundings.address_count == SESSION_ADDRESSES)
		die("the node has too many addresses");
	session->addresses[session->surroundings.address_count++] = *addr;
}

/* An address, and what its network has for all: broadcast, the routers' anycast (RFC 4291, 2.6.1). */
static void add_addresses(struct session *session, const struct ifaddrs *i)
{
	const struct sockaddr_in6 *ipv6 = (const void *)i->ifa_addr;
	const struct sockaddr_in6 *mask6 = (const void *)i->ifa_netmask;
	const struct sockaddr_in *ipv4 = (const void *)i->ifa_addr;
	const struct sockaddr_in *mask4 = (const void *)i->ifa_netmask;
	union tw_addr addr;

	if (i->ifa_addr->sa_family == AF_INET) {
		tw_addr_from_ipv4(&addr, (__force __be32)ipv4->sin_addr.s_addr);
		add_own(session, &addr);
		addr.words[3] |= ~(__force __be32)mask4->sin_addr.s_addr;
		add_own(session, &addr);
	} else if (i->ifa_addr->sa_family == AF_INET6) {
		memcpy(&addr, &ipv6->sin6_addr, sizeof(addr));
		add_own(session, &addr);
		for (int j = 0; j < 16; j++)
			addr.bytes[j] &= mask6->sin6_addr.s6_addr[j];
		add_own(session, &addr);
	}
}

void session_open(struct session *session, struct node *node)
{
	struct ifaddrs *all, *i;

	*session = (struct session){
		.node = node,
		.surroundings = {.addresses = session->addresses, .way_out = devices[0]},
		.ifindex = {node->ifindex[WAN], node->ifindex[LAN], node->ifindex[DMZ]},
	};
	if (getifaddrs(&all))
		die("getifaddrs");
	for (i = all; i; i = i->ifa_next)
		if (i->ifa_addr)
			add_addresses(session, i);
	freeifaddrs(all);
	session->sampler.devices = devices;
	tw_addr_from_ipv4(&session->sampler.node[0], htonl(0xc0000201)); /* 192.0.2.1 */
	if (inet_pton(AF_INET6, "2001:db8:2::1", &session->sampler.node[1]) != 1)
		die("inet_pton");
}

static void forget_configuration(struct session *session)
{
	oracle_free(session->oracle);
	config_free(session->config);
	free(session->targets);
	free(session->before);
	free(session->expected);
	session->oracle = NULL;
	session->config = NULL;
	session->targets = NULL;
	session->before = session->expected = NULL;
}

void session_close(struct session *session)
{
	forget_configuration(session);
	if (session->loaded)
		instance_close(&session->instance);
}

/* -- counters ------------------------------------------------------------------------------ */

/* The first rows of a per-CPU map, summed over the CPUs; allocated. */
static struct tw_counter *read_rows(int map, uint32_t rows)
{
	int cpus = libbpf_num_possible_cpus();
	struct tw_counter *sums = calloc(rows + 1, sizeof(*sums));
	struct tw_counter *values = calloc((size_t)BATCH * (size_t)cpus, sizeof(*values));
	uint32_t *keys = calloc(BATCH, sizeof(*keys)), batch = 0;

	if (!sums || !values || !keys)
		die("counters");
	for (uint32_t done = 0; done < rows;) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);
		uint32_t count = rows - done < BATCH ? rows - done : BATCH;

		if (bpf_map_lookup_batch(map, done ? &batch : NULL, &batch, keys, values, &count,
					 &options) &&
		    errno != ENOENT)
			die("bpf_map_lookup_batch");
		for (uint32_t i = 0; i < count * (uint32_t)cpus; i++) {
			struct tw_counter *sum = &sums[keys[i / (uint32_t)cpus]];

			sum->packets += values[i].packets;
			sum->bytes += values[i].bytes;
			sum->flows += values[i].flows;
		}
		done += count;
	}
	free(values);
	free(keys);
	return sums;
}

static void start_counting(struct session *session)
{
	struct tw_counter *node = read_rows(session->instance.maps[MAP_node], TW_NODE_ROWS);

	memcpy(session->node_before, node, sizeof(session->node_before));
	free(node);
	session->before = read_rows(session->instance.maps[MAP_counters], session->rows);
	session->expected = calloc(session->rows + 1, sizeof(*session->expected));
	if (!session->expected)
		die("counters");
	memset(session->dropped, 0, sizeof(session->dropped));
	session->passed = session->packets = 0;
}

static bool node_agrees(const struct session *session)
{
	struct tw_counter *now = read_rows(session->instance.maps[MAP_node], TW_NODE_ROWS);
	bool right = now[TW_NODE_PASSED].packets - session->node_before[TW_NODE_PASSED].packets ==
		     session->passed;

	if (!right)
		printf("  passed: not the %llu that the model says\n",
		       (unsigned long long)session->passed);
	for (uint32_t i = 0; i < TW_REASON_COUNT; i++) {
		uint64_t dropped = now[TW_NODE_DROPS + i].packets -
				   session->node_before[TW_NODE_DROPS + i].packets;

		if (dropped == session->dropped[i])
			continue;
		right = false;
		printf("  drops of reason %u: %llu, the model says %llu\n", i,
		       (unsigned long long)dropped, (unsigned long long)session->dropped[i]);
	}
	free(now);
	return right;
}

struct counter_search {
	const struct session *session;
	const struct tw_counter *now;
	uint32_t different;
};

static void compare_counter(uint32_t *id, void *context)
{
	struct counter_search *search = context;
	const struct tw_counter *before = &search->session->before[*id];
	const struct tw_counter *now = &search->now[*id];
	const struct tw_counter *expected = &search->session->expected[*id];

	if (now->packets - before->packets == expected->packets &&
	    now->bytes - before->bytes == expected->bytes &&
	    now->flows - before->flows == expected->flows)
		return;
	if (search->different++ < 5)
		printf("  counter %u: %llu packets, %llu flows; the model says %llu and %llu\n",
		       *id, (unsigned long long)(now->packets - before->packets),
		       (unsigned long long)(now->flows - before->flows),
		       (unsigned long long)expected->packets, (unsigned long long)expected->flows);
}

bool session_counters_agree(struct session *session)
{
	struct tw_counter *now = read_rows(session->instance.maps[MAP_counters], session->rows);
	struct counter_search search = {.session = session, .now = now};

	if (config_visit_ids(session->config, compare_counter, &search))
		die("config_visit_ids");
	free(now);
	return node_agrees(session) && !search.different;
}

/* -- configurations ---------------------------------------------------------------------------- */

struct id_list {
	uint32_t *ids;
	size_t count, at;
	uint32_t highest;
};

static void collect_id(uint32_t *id, void *context)
{
	struct id_list *list = context;
	uint32_t *place = config_push(&list->ids, &list->count, sizeof(*place));

	if (!place)
		die("ids");
	*place = *id;
	if (*id > list->highest && *id < TW_COUNTERS)
		list->highest = *id;
}

static void put_id(uint32_t *id, void *context)
{
	struct id_list *list = context;

	if (list->at == list->count)
		die("the running configuration has fewer objects than the file");
	*id = list->ids[list->at++];
}

/* The counters' numbers are those of the running configuration, object by object. */
static void take_ids(struct session *session)
{
	struct running running = {};
	struct id_list list = {};

	if (running_read(&running, &session->instance) ||
	    config_visit_ids(running.config, collect_id, &list) ||
	    config_visit_ids(session->config, put_id, &list))
		die("the running configuration cannot be read");
	if (list.at != list.count)
		die("the running configuration has more objects than the file");
	session->rows = list.highest + 1;
	free(list.ids);
	running_free(&running);
}

#define LIMITS_BYTES  (TW_COUNTERS * sizeof(uint64_t))
#define SOURCES_BYTES (TW_LIMIT_LINES * sizeof(struct tw_limit_line))

static void *map_memory(const struct session *session, enum instance_map map, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			    session->instance.maps[map], 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static void open_instance(struct session *session)
{
	if (session->loaded)
		return;
	if (instance_open(&session->instance, NODE_INSTANCE, session->node->bpffs, INSTANCE_READ))
		die("the instance cannot be opened");
	session->limits = map_memory(session, MAP_limits, LIMITS_BYTES);
	session->sources = map_memory(session, MAP_sources, SOURCES_BYTES);
	session->loaded = true;
}

/* Here and there; the data path keeps those of rules that are the same as before. */
static void fill_buckets(struct session *session)
{
	oracle_refill(session->oracle);
	memset(session->limits, 0, LIMITS_BYTES);
	memset(session->sources, 0, SOURCES_BYTES);
}

bool session_adopt(struct session *session, const char *text)
{
	struct diagnostic diagnostic = {};

	forget_configuration(session);
	open_instance(session);
	if (config_parse(&session->config, "model", text, strlen(text), &diagnostic)) {
		fputs(diagnostic.text ? diagnostic.text : "out of memory\n", stderr);
		diagnostic_free(&diagnostic);
		return false;
	}
	take_ids(session);
	session->oracle = oracle_new(session->config, &session->surroundings);
	session->targets = targets_of(session->config, &session->sampler.target_count);
	session->sampler.targets = session->targets;
	session->sampler.config = session->config;
	session_forget(session);
	fill_buckets(session);
	start_counting(session);
	return true;
}

bool session_apply(struct session *session, const char *text)
{
	return !node_apply(session->node, text) && session_adopt(session, text);
}

#define VALUE_MAX 64
_Static_assert(sizeof(struct tw_flow) <= VALUE_MAX && sizeof(struct tw_fragment) <= VALUE_MAX,
	       "room for either");

static void empty(int map, size_t key_size)
{
	uint8_t *keys = calloc(BATCH, key_size), *values = calloc(BATCH, VALUE_MAX);
	uint32_t batch = 0, count;
	bool first = true, more = true;

	if (!keys || !values)
		die("flows");
	while (more) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);

		count = BATCH;
		if (bpf_map_lookup_and_delete_batch(map, first ? NULL : &batch, &batch, keys,
						    values, &count, &options)) {
			if (errno != ENOENT)
				die("bpf_map_lookup_and_delete_batch");
			more = false;
		}
		first = false;
	}
	free(keys);
	free(values);
}

void session_forget(struct session *session)
{
	empty(session->instance.maps[MAP_flows4], sizeof(struct tw_flow_key4));
	empty(session->instance.maps[MAP_flows6], sizeof(struct tw_flow_key6));
	empty(session->instance.maps[MAP_fragments], sizeof(struct tw_fragment_key));
	oracle_forget(session->oracle);
	session->unforgotten = 0;
}

/* -- one packet ------------------------------------------------------------------------------------ */

static uint32_t run(int program, const struct comparison *comparison, uint32_t ifindex)
{
	struct xdp_md ctx = {
		.data_end = (uint32_t)comparison->length,
		.ingress_ifindex = ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = comparison->frame,
		    .data_size_in = (uint32_t)comparison->length, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	if (bpf_prog_test_run_opts(program, &options))
		die("BPF_PROG_TEST_RUN of a frame of %zu bytes", comparison->length);
	return options.retval;
}

static void run_trace(struct session *session, struct comparison *comparison, uint32_t ifindex)
{
	int map = session->instance.maps[MAP_traces];
	uint32_t key = 0;

	if (session->traced_from != ifindex) {
		struct tw_trace question = {.ifindex = ifindex};

		if (bpf_map_update_elem(map, &key, &question, BPF_ANY))
			die("traces");
		session->traced_from = ifindex;
	}
	run(session->instance.xdp_trace, comparison, ifindex);
	if (bpf_map_lookup_elem(map, &key, &comparison->trace))
		die("traces");
}

static void expect(struct session *session, const struct comparison *comparison, uint32_t id,
		   bool begins)
{
	struct tw_counter *counter = &session->expected[id];

	if (id == TW_NONE32)
		return;
	counter->packets++;
	counter->bytes += comparison->length;
	counter->flows += begins;
}

static uint32_t id_of(const struct place_of_rule *place)
{
	if (!place->list)
		return TW_NONE32;
	return place->number ? place->list->items[place->number - 1].id : place->list->default_id;
}

/* The rule or default that a stage of the trace names. */
static uint32_t traced_id(const struct tw_trace *trace, bool guard)
{
	for (uint32_t i = 0; i < trace->steps && i < TW_TRACE_STEPS; i++) {
		const struct tw_trace_step *step = &trace->step[i];

		if ((step->says == TW_SAYS_ACCEPTED_BY || step->says == TW_SAYS_REFUSED_BY) &&
		    (step->stage == TW_STAGE_GUARD) == guard)
			return step->value;
	}
	return TW_NONE32;
}

/* A rejected packet is answered where that is allowed, and dropped where it is not. */
static bool verdict_fits(const struct judgement *judged, uint32_t verdict)
{
	if (judged->accepted)
		return verdict == XDP_PASS;
	return verdict == XDP_DROP ||
	       (judged->action == TW_REJECT && (verdict == XDP_TX || verdict == XDP_REDIRECT));
}

static const char *find_difference(const struct comparison *comparison)
{
	const struct judgement *judged = &comparison->judged;
	const struct tw_trace *trace = &comparison->trace;

	if (!verdict_fits(judged, comparison->verdict))
		return "verdict";
	if (!verdict_fits(judged, trace->verdict))
		return "verdict of trace";
	if (trace->reason != judged->reason)
		return "reason";
	if (traced_id(trace, true) != id_of(&judged->guard))
		return "rule of guard";
	if (judged->known ? trace->rule != id_of(&judged->firewall)
			  : traced_id(trace, false) != id_of(&judged->firewall))
		return "rule";
	return NULL;
}

bool session_send(struct session *session, const struct sample *sample,
		  struct comparison *comparison)
{
	uint32_t ifindex = session->ifindex[sample->device];

	if (session->unforgotten++ >= FORGET_AFTER)
		session_forget(session);
	if (oracle_buckets(session->oracle) > REFILL_AFTER)
		fill_buckets(session);
	comparison->sample = *sample;
	comparison->length = sample_frame(sample, comparison->frame);
	run_trace(session, comparison, ifindex);
	comparison->verdict = run(session->node->program, comparison, ifindex);
	oracle_judge(session->oracle, comparison->frame, comparison->length,
		     devices[sample->device], &comparison->judged);
	session->packets++;
	if (comparison->judged.accepted)
		session->passed++;
	else
		session->dropped[comparison->judged.reason]++;
	expect(session, comparison, id_of(&comparison->judged.guard), false);
	expect(session, comparison, id_of(&comparison->judged.firewall), comparison->judged.begins);
	comparison->differs = find_difference(comparison);
	return !comparison->differs;
}
