/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `tierwall trace` says of a packet is what then happens to it.  Random packets over
 * random configurations, each first through xdp_trace, then through xdp: the verdict, the
 * frame that comes out, and the counters that move (of reason, rule, service, server) must
 * be what the trace said.  The trace itself must change nothing.
 *
 *   trace-equals TIERWALL        TRACES=100000 SEED=N
 */
#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/generate.h"
#include "model/session.h"
#include "model/snapshot.h"
#include "packet/environment.h"
#include "packet/mutate.h"

#define TRACES_EACH   2000 /* of one configuration */
#define TABLES_EVERY  1000 /* traces: tables are large, and read as a whole */
#define RULES_FEW     20
#define RULES_MANY    200
#define OTHER_PERCENT 35 /* frames that are changed in places that no sender would */

static const char interfaces[] = "interface wan\ninterface lan\ninterface dmz\n";

struct equals {
	struct session session;
	struct frame frame, other;
	struct sample last;
	bool has_last;
	struct tw_trace trace;
	struct outcome traced, done;
	struct snapshot before, between, after;
	uint64_t verdicts[5], reasons[TW_REASON_COUNT], services, servers, rewritten, tables;
};

/* -- frames ---------------------------------------------------------------------------------- */

/* What print_services() of the generator listens on. */
static void to_service(struct equals *equals, struct sample *sample)
{
	static const struct {
		uint8_t ipv4, ipv6, protocol;
		uint16_t port;
	} listens[] = {
		{10, 0x10, IPPROTO_TCP, 80}, {10, 0x10, IPPROTO_TCP, 443},
		{10, 0x10, IPPROTO_UDP, 53}, {10, 0x10, IPPROTO_UDP, 4500},
		{20, 0x20, IPPROTO_TCP, 80}, {20, 0x20, IPPROTO_TCP, 8443},
		{30, 0x30, IPPROTO_UDP, 53}, {30, 0x30, IPPROTO_UDP, 8500},
	};
	struct random *random = &equals->session.sampler.random;
	uint32_t which = random_below(random, sizeof(listens) / sizeof(listens[0]));
	struct tw_packet *p = &sample->packet;

	p->daddr = equals->session.sampler.node[p->family];
	p->daddr.bytes[15] = p->family ? listens[which].ipv6 : listens[which].ipv4;
	if (!tw_has_ports(p->protocol) || random_percent(random, 10))
		return;
	if (p->protocol != listens[which].protocol && p->part == TW_WHOLE) {
		p->protocol = listens[which].protocol;
		p->flags = TW_SYN;
		p->length = (uint16_t)(p->length + 12); /* as much longer as TCP's header is */
	}
	p->dport = listens[which].port;
}

/* What the receiver of the last frame that was sent on answers. */
static bool answer(struct equals *equals, struct sample *sample)
{
	static const uint8_t flags[] = {TW_SYN | TW_ACK, TW_ACK, TW_FIN | TW_ACK, TW_RST};
	const struct outcome *sent = &equals->done;
	struct tw_packet *p = &sample->packet;

	if (equals->trace.reason != TW_REASON_NONE) /* a rejected sender's is no one's to answer */
		return false;
	if (sent->verdict != XDP_TX && sent->verdict != XDP_REDIRECT)
		return false;
	*sample = (struct sample){
		.device = (uint8_t)random_below(&equals->session.sampler.random, SAMPLE_DEVICES)};
	if (tw_parse(p, sent->bytes, sent->bytes + sent->length, sent->length) != TW_PARSED ||
	    p->faults || p->part != TW_WHOLE || p->length > 1500 || !tw_has_ports(p->protocol))
		return false;
	p->flags = flags[random_below(&equals->session.sampler.random, 4)];
	sample_turn(sample);
	return true;
}

static void next_sample(struct equals *equals, struct sample *sample)
{
	struct random *random = &equals->session.sampler.random;

	if (equals->has_last && random_percent(random, 50) && answer(equals, sample))
		return;
	if (equals->has_last && random_percent(random, 30)) {
		*sample = equals->last;
		sample_next(&equals->session.sampler, sample);
		return;
	}
	sample_random(&equals->session.sampler, sample);
	if (random_percent(random, 50))
		to_service(equals, sample);
}

static void frame_of(struct frame *frame, const struct sample *sample)
{
	struct tw_packet packet;

	frame->length = frame->linear = sample_frame(sample, frame->bytes);
	frame->network = 14;
	frame->device = (enum device)(WAN + sample->device);
	tw_parse(&packet, frame->bytes, frame->bytes + frame->length, (uint32_t)frame->length);
	frame->transport = packet.l4 ? packet.l4 : 34;
}

static void next_frame(struct equals *equals)
{
	struct random *random = &equals->session.sampler.random;
	struct sample sample;

	next_sample(equals, &sample);
	equals->last = sample;
	equals->has_last = true;
	frame_of(&equals->frame, &sample);
	if (!random_percent(random, OTHER_PERCENT))
		return;
	next_sample(equals, &sample);
	frame_of(&equals->other, &sample);
	for (uint32_t left = 1 + random_below(random, 3); left; left--)
		mutate(&equals->frame, &equals->other, random);
	equals->frame.linear = equals->frame.length;
}

/* -- both programs ------------------------------------------------------------------------------ */

static void run_program(int program, const struct frame *frame, uint32_t ifindex,
			struct outcome *out)
{
	struct xdp_md ctx = {.data_end = (uint32_t)frame->length, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .data_out = out->bytes,
		    .data_size_out = sizeof(out->bytes), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	if (bpf_prog_test_run_opts(program, &options))
		die("BPF_PROG_TEST_RUN of a frame of %zu bytes", frame->length);
	out->verdict = options.retval;
	out->length = options.data_size_out;
}

static void run_trace(struct equals *equals, uint32_t ifindex)
{
	int map = equals->session.instance.maps[MAP_traces];
	struct tw_trace question = {.ifindex = ifindex};
	uint32_t key = 0;

	if (bpf_map_update_elem(map, &key, &question, BPF_ANY))
		die("traces");
	run_program(equals->session.instance.xdp_trace, &equals->frame, ifindex, &equals->traced);
	if (bpf_map_lookup_elem(map, &key, &equals->trace))
		die("traces");
}

/* -- what the trace said must move ------------------------------------------------------------------ */

static void expect(struct snapshot *snapshot, uint32_t id, uint32_t bytes)
{
	if (id >= snapshot->rows)
		return;
	snapshot->counters[id].packets++;
	snapshot->counters[id].bytes += bytes;
}

static uint32_t node_row(const struct tw_trace *trace)
{
	if (trace->reason != TW_REASON_NONE)
		return TW_NODE_DROPS + trace->reason; /* also where an answer leaves */
	switch (trace->verdict) {
	case XDP_TX:
		return TW_NODE_TRANSMITTED;
	case XDP_REDIRECT:
		return TW_NODE_REDIRECTED;
	default:
		return TW_NODE_PASSED;
	}
}

/* The counter of the server within the service. */
static uint32_t member_of(const struct config *config, const struct tw_trace *trace)
{
	uint32_t index = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		const struct service *service = &config->services[i];
		const struct tier *tier = config_tier(config, service->tier);

		if (service->id != trace->service || !tier)
			continue;
		for (size_t j = 0; j < config->tier_count && &config->tiers[j] != tier; j++)
			index += (uint32_t)config->tiers[j].server_count;
		if (trace->server >= index && trace->server - index < tier->server_count)
			return service->member_ids[trace->server - index];
	}
	return TW_NONE32;
}

/* (A ping that is answered was accepted.) */
static bool is_rejected(const struct tw_trace *trace)
{
	uint32_t last = trace->steps - 1;

	return trace->steps && last < TW_TRACE_STEPS &&
	       trace->step[last].stage == TW_STAGE_ANSWER && trace->step[last].says != TW_SAYS_ECHO;
}

/*
 * How many answers there were within a second, another CPU or moment tells another way:
 * one of both has an answer, and the other has none.
 */
static bool answer_is_late(const struct equals *equals)
{
	return is_rejected(&equals->trace) &&
	       (equals->done.verdict == XDP_DROP) != (equals->trace.verdict == XDP_DROP);
}

/* Applies to `between` what the trace says: it then has to be equal to `after`. */
static void foretell(struct equals *equals)
{
	const struct tw_trace *trace = &equals->trace;
	struct snapshot *snapshot = &equals->between;
	uint32_t bytes = (uint32_t)equals->frame.length, guard = TW_NONE32;
	struct tw_counter *node = &snapshot->node[node_row(trace)];
	bool accepted = false;

	for (uint32_t i = 0; i < trace->steps && i < TW_TRACE_STEPS; i++) {
		const struct tw_trace_step *step = &trace->step[i];

		if (step->stage == TW_STAGE_GUARD &&
		    (step->says == TW_SAYS_ACCEPTED_BY || step->says == TW_SAYS_REFUSED_BY))
			guard = step->value;
		accepted |= step->stage == TW_STAGE_FORWARD;
	}
	node->packets++;
	node->bytes += bytes;
	if (is_rejected(trace)) {
		node = &snapshot->node[equals->done.verdict == XDP_DROP ? TW_NODE_UNANSWERED
									: TW_NODE_ANSWERED];
		node->packets++;
		node->bytes += bytes;
	}
	expect(snapshot, guard, bytes);
	if (trace->rule != guard)
		expect(snapshot, trace->rule, bytes);
	if (!accepted)
		return;
	expect(snapshot, trace->service, bytes);
	expect(snapshot, member_of(equals->session.config, trace), bytes);
}

static bool rows_equal(const char *what, const struct tw_counter *a, const struct tw_counter *b,
		       uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++)
		if (a[i].packets != b[i].packets || a[i].bytes != b[i].bytes) {
			printf("  %s %u: %llu packets, the trace says %llu\n", what, i,
			       (unsigned long long)b[i].packets, (unsigned long long)a[i].packets);
			return false;
		}
	return true;
}

static bool snapshots_equal(const struct snapshot *a, const struct snapshot *b)
{
	return rows_equal("counter", a->counters, b->counters, a->rows) &&
	       rows_equal("row of node", a->node, b->node, SNAPSHOT_NODE);
}

static bool outcomes_equal(const struct equals *equals)
{
	const struct outcome *traced = &equals->traced, *done = &equals->done;

	if (answer_is_late(equals))
		return true;
	if (equals->trace.verdict != traced->verdict || traced->verdict != done->verdict) {
		printf("  verdict: %s, the trace says %s\n", verdict_name(done->verdict),
		       verdict_name(equals->trace.verdict));
		return false;
	}
	if (done->verdict == XDP_DROP)
		return true;
	if (traced->length != done->length || memcmp(traced->bytes, done->bytes, done->length)) {
		printf("  the frame that comes out is another\n");
		return false;
	}
	return true;
}

static void tally(struct equals *equals)
{
	const struct tw_trace *trace = &equals->trace;

	equals->verdicts[trace->verdict % 5]++;
	if (trace->reason < TW_REASON_COUNT)
		equals->reasons[trace->reason]++;
	equals->services += trace->service != TW_NONE32;
	equals->servers += member_of(equals->session.config, trace) != TW_NONE32;
	equals->rewritten +=
		equals->done.length != equals->frame.length ||
		memcmp(equals->done.bytes, equals->frame.bytes, equals->done.length) != 0;
}

static bool compare_one(struct equals *equals, uint64_t number)
{
	struct session *session = &equals->session;
	uint32_t ifindex = session->node->ifindex[equals->frame.device];
	bool tables = number % TABLES_EVERY == 0;
	uint64_t sum = tables ? tables_sum(&session->instance) : 0;
	bool right;

	if (!number) /* from then on it is what was after the last one */
		snapshot_take(&equals->after, &session->instance, session->rows);
	equals->before = equals->after;
	run_trace(equals, ifindex);
	snapshot_take(&equals->between, &session->instance, session->rows);
	right = snapshots_equal(&equals->before, &equals->between);
	if (!right)
		puts("  that was the trace");
	if (tables && sum != tables_sum(&session->instance)) {
		puts("  the trace changed a table");
		right = false;
	}
	equals->tables += tables;
	run_program(session->node->program, &equals->frame, ifindex, &equals->done);
	snapshot_take(&equals->after, &session->instance, session->rows);
	foretell(equals);
	tally(equals);
	return right && outcomes_equal(equals) && snapshots_equal(&equals->between, &equals->after);
}

/* -- all of them ---------------------------------------------------------------------------------------- */

static void print_failure(const struct equals *equals, const struct recipe *recipe)
{
	const struct tw_trace *trace = &equals->trace;

	printf("  tier, %u rules, seed %" PRIu64 ", %s; in by %s\n", recipe->rules, recipe->seed,
	       versions_names[recipe->versions], device_name(equals->frame.device));
	frame_print(stdout, equals->frame.bytes, equals->frame.length, NULL);
	printf("  rule %d, service %d, server %d, reason %u\n", (int)trace->rule,
	       (int)trace->service, (int)trace->server, trace->reason);
	for (uint32_t i = 0; i < trace->steps && i < TW_TRACE_STEPS; i++)
		printf("    stage %u says %u, %u\n", trace->step[i].stage, trace->step[i].says,
		       trace->step[i].value);
}

/* A change of rules: the flows that there are are judged again, and some are refused. */
static void make_flows_old(struct equals *equals)
{
	const struct node *node = equals->session.node;

	if (node_command(node, "rule add web at 1 drop tcp to port 400-1000") ||
	    node_command(node, "rule add app at 1 drop udp to port 1-8191"))
		die("a rule is refused");
}

static bool run_configuration(struct equals *equals, const struct recipe *recipe, uint64_t traces)
{
	char *rules = generate_text(recipe), *text = NULL;
	bool right = asprintf(&text, "%s%s", interfaces, rules) > 0 &&
		     session_apply(&equals->session, text);

	random_seed(&equals->session.sampler.random, recipe->seed);
	equals->has_last = false;
	for (uint64_t i = 0; right && i < traces; i++) {
		if (i == traces / 2)
			make_flows_old(equals);
		next_frame(equals);
		right = compare_one(equals, i % (traces / 2));
		if (!right)
			print_failure(equals, recipe);
	}
	free(rules);
	free(text);
	return right;
}

static void print_tally(const struct equals *equals)
{
	printf("  drop %" PRIu64 ", pass %" PRIu64 ", tx %" PRIu64 ", redirect %" PRIu64
	       "; by a service %" PRIu64 ", to its server %" PRIu64 "; rewritten %" PRIu64
	       "; tables read %" PRIu64 " times\n  reasons:",
	       equals->verdicts[XDP_DROP], equals->verdicts[XDP_PASS], equals->verdicts[XDP_TX],
	       equals->verdicts[XDP_REDIRECT], equals->services, equals->servers, equals->rewritten,
	       equals->tables);
	for (int i = 0; i < TW_REASON_COUNT; i++)
		printf(" %" PRIu64, equals->reasons[i]);
	putchar('\n');
}

static int run(struct node *node)
{
	static struct equals equals;
	uint64_t traces = from_environment("TRACES", 100000), done = 0;
	uint64_t seed = from_environment("SEED", (uint64_t)time(NULL) % 1000000);
	bool right = true;
	struct random random;

	printf("trace equals: SEED=%" PRIu64 ", %" PRIu64 " packets\n", seed, traces);
	random_seed(&random, seed);
	session_open(&equals.session, node);
	for (uint64_t i = 0; right && done < traces; i++, done += TRACES_EACH) {
		struct recipe recipe = {
			.shape = SHAPE_TIER,
			.versions = (enum versions)(i % VERSIONS_COUNT),
			.rules = random_between(&random, RULES_FEW, RULES_MANY),
			.seed = seed + i,
			.extras = EXTRA_NOT | EXTRA_LOG | EXTRA_REJECT | EXTRA_LIMIT |
				  EXTRA_DEVICES | EXTRA_SERVICES,
		};

		right = run_configuration(&equals, &recipe, TRACES_EACH);
	}
	print_tally(&equals);
	session_close(&equals.session);
	printf("trace equals: %d passed, %d failed\n", right, !right);
	return !right;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
