/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs rows: sends their frames, compares what comes out and every counter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "counters.h"
#include "row.h"

static struct node *node;
static const struct subject *subject_now;
static struct counters before, after;
static unsigned int runs;
static unsigned long frames;

struct node *row_node(void)
{
	return node;
}

unsigned int row_fresh_run(void)
{
	return runs++;
}

unsigned long row_frames(void)
{
	return frames;
}

void row_apply(const char *configuration)
{
	if (node_apply(node, configuration))
		fail_msg("this configuration is not applied:\n%s", configuration);
}

static const char *group_configuration;

static int apply_group(void **state)
{
	(void)state;
	row_apply(group_configuration);
	return 0;
}

int row_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
		  const char *configuration)
{
	group_configuration = configuration;
	return _cmocka_run_group_tests(name, tests, count, apply_group, NULL);
}

/* One frame on its way, for messages. */
struct sending {
	const struct row *row;
	const struct step *step;
	const struct variant *variant;
	struct frame in, expected;
	struct outcome out;
};

/* -- what failed, in full ------------------------------------------------------------ */

static void print_moved(FILE *out)
{
	for (size_t i = 0; i < after.count; i++) {
		const struct number *number = &after.numbers[i];
		int64_t moved = number->value - counters_get(&before, number->path);

		if (moved)
			fprintf(out, "    %s %+lld\n", number->path, (long long)moved);
	}
}

static void __attribute__((format(printf, 2, 3)))
fail_sending(const struct sending *sending, const char *format, ...)
{
	static char text[8192];
	FILE *out = fmemopen(text, sizeof(text), "w");
	va_list arguments;

	if (!out)
		die("fmemopen");
	fprintf(out, "step %td, IPv%d, %u VLAN tags: ", sending->step - sending->row->steps + 1,
		sending->variant->family == IPV4 ? 4 : 6, sending->variant->tags);
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fprintf(out, "\n  in, on %s:\n", device_name(sending->in.device));
	frame_print(out, sending->in.bytes, sending->in.length, NULL);
	fprintf(out, "  out, %s:\n", verdict_name(sending->out.verdict));
	frame_print(out, sending->out.bytes, sending->out.length,
		    sending->expected.length ? &sending->expected : NULL);
	if (sending->expected.length) {
		fprintf(out, "  expected:\n");
		frame_print(out, sending->expected.bytes, sending->expected.length, NULL);
	}
	fprintf(out, "  counters that moved:\n");
	print_moved(out);
	fclose(out);
	fprintf(stderr, "%s\n", text); /* print_error() cuts off after 1024 bytes */
	fail_msg("%s", sending->row->sentence);
}

/* -- the frame that comes out ------------------------------------------------------------- */

/*
 * A frame for another device is sent by XDP itself unless it has VLAN tags, which
 * hold on its own device only: then the kernel routes it, rewritten.
 */
static bool is_left_to_kernel(const struct step *step, const struct variant *variant)
{
	return step->verdict == XDP_REDIRECT && variant->tags;
}

/* Answers leave by the device that the packet came in by, whatever it can. */
static uint32_t answer_verdict(const struct step *step, const struct variant *variant)
{
	enum party from = party_now(step->in.from, variant);
	enum device device = step->in.device ? step->in.device : party_device(from);

	if (step->answer == SUPPRESSED)
		return XDP_DROP;
	return device == ATTIC ? XDP_TX : XDP_REDIRECT;
}

static uint32_t expected_verdict(const struct step *step, const struct variant *variant)
{
	if (step->answer)
		return answer_verdict(step, variant);
	return is_left_to_kernel(step, variant) ? XDP_PASS : step->verdict;
}

static struct packet packet_after(const struct step *step, const struct variant *variant)
{
	const struct change *change = &step->out;
	struct packet out = step->in;

	if (change->from)
		out.from = change->from;
	if (change->to)
		out.to = change->to;
	if (change->from_port)
		out.from_port = change->from_port;
	if (change->to_port)
		out.to_port = change->to_port;
	if (change->quotes)
		out.quotes = change->quotes;
	if (expected_verdict(step, variant) == XDP_PASS)
		return out;
	out.via = change->via ? change->via : change->to ? change->to : out.to;
	if (!change->same_ttl)
		out.ttl = (out.ttl ? out.ttl : 64) - 1;
	return out;
}

static bool out_is(struct sending *sending, const struct variant *variant)
{
	const struct step *step = sending->step;

	if (step->answer) {
		answer_build(&sending->expected, &sending->in, &step->in, variant, step->answer,
			     step->out.from);
	} else {
		struct packet out = packet_after(step, variant);

		frame_build(&sending->expected, &out, variant);
		if (!out.via) /* the kernel gets it with the MAC addresses that it came with */
			memcpy(sending->expected.bytes, sending->in.bytes, 2 * 6);
	}
	return sending->expected.length == sending->out.length &&
	       memcmp(sending->expected.bytes, sending->out.bytes, sending->out.length) == 0;
}

/* Compares; finds out who CHOSEN is where the row does not know yet. */
static void check_frame(struct sending *sending, struct variant *variant)
{
	static const enum party candidates[] = {WEB1, WEB2};
	const struct change *change = &sending->step->out;
	bool chooses = !variant->chosen && (change->to == CHOSEN || change->via == CHOSEN);

	if (expected_verdict(sending->step, variant) == XDP_DROP)
		return;
	if (change->from_port == ASSIGNED && !variant->assigned)
		variant->assigned = get16(sending->out.bytes + sending->in.transport);
	for (size_t i = 0; chooses && i < ARRAY_SIZE(candidates); i++) {
		variant->chosen = candidates[i];
		if (out_is(sending, variant))
			return;
	}
	if (!out_is(sending, variant))
		fail_sending(sending, "the frame that came out is not the expected one");
}

/* -- counters -------------------------------------------------------------------------------- */

struct expectation {
	char path[PATH_MAX_BYTES];
	int64_t moves;
	bool optional; /* may also stay */
	bool met;
};

struct expectations {
	struct expectation items[64];
	size_t count;
};

static void __attribute__((format(printf, 4, 5)))
expect(struct expectations *all, int64_t moves, bool optional, const char *format, ...)
{
	struct expectation *item = &all->items[all->count++];
	va_list arguments;

	assert_true(all->count <= ARRAY_SIZE(all->items));
	va_start(arguments, format);
	vsnprintf(item->path, sizeof(item->path), format, arguments);
	va_end(arguments);
	item->moves = moves;
	item->optional = optional;
	item->met = false;
}

static void expect_counter(struct expectations *all, const struct sending *sending, bool optional,
			   const char *path)
{
	expect(all, 1, optional, "%s.packets", path);
	expect(all, sending->in.length, optional, "%s.bytes", path);
}

/* "services.www.servers.CHOSEN" with the server's name in place of the word. */
static void put_names(char *out, size_t size, const char *text, const struct variant *variant)
{
	const char *word = strstr(text, "UNCHOSEN");
	enum party party = word ? UNCHOSEN : CHOSEN;

	if (!word)
		word = strstr(text, "CHOSEN");
	if (word && variant->chosen)
		snprintf(out, size, "%.*s%s%s", (int)(word - text), text,
			 party_info(party_now(party, variant))->name,
			 word + strlen(party == UNCHOSEN ? "UNCHOSEN" : "CHOSEN"));
	else
		snprintf(out, size, "%s", text);
}

static void expect_moves(struct expectations *all, const struct sending *sending)
{
	const struct step *step = sending->step;

	for (size_t i = 0; i < MOVES_MAX && step->moves[i]; i++) {
		bool optional = step->moves[i][0] == '?';
		char path[PATH_MAX_BYTES];

		put_names(path, sizeof(path), step->moves[i] + optional, sending->variant);
		expect_counter(all, sending, optional, path);
		if (step->flow && strncmp(path, "services.", 9) == 0)
			expect(all, 1, optional || step->flow == MAY_BEGIN_FLOW, "%s.flows", path);
	}
	if (step->flow)
		expect(all, 1, step->flow == MAY_BEGIN_FLOW, "flows.created");
}

/*
 * Guard comes right behind sanity: what sanity refuses it never sees, nor frames
 * that it has no say about.
 */
static void expect_guard(struct expectations *all, const struct sending *sending)
{
	const char *reason = sending->step->reason;
	bool unseen =
		reason && (strcmp(reason, "malformed") == 0 || strcmp(reason, "martian") == 0 ||
			   strcmp(reason, "tcp-flags") == 0 || strcmp(reason, "overlap") == 0);

	if (!counters_have(&before, "guard.default.packets") || unseen ||
	    (reason && strcmp(reason, "blocked") == 0))
		return;
	for (size_t i = 0; i < MOVES_MAX && sending->step->moves[i]; i++)
		if (strstr(sending->step->moves[i], "guard."))
			return;
	expect_counter(all, sending,
		       sending->step->in.ethertype || (reason && strstr(reason, "fragment")),
		       "guard.default");
}

static void expect_node(struct expectations *all, const struct sending *sending)
{
	static const char *const keys[] = {NULL, "dropped", "passed", "transmitted", "redirected"};
	const struct step *step = sending->step;
	bool rejected = step->answer && step->answer != ECHOED;
	const char *key = rejected ? "dropped" : keys[expected_verdict(step, sending->variant)];
	const char *reason = step->reason;

	expect(all, 1, false, "packets.received");
	expect(all, sending->in.length, false, "bytes.received");
	expect(all, 1, false, "packets.%s", key);
	expect(all, sending->in.length, false, "bytes.%s", key);
	if (rejected)
		expect(all, 1, false, "answers.%s",
		       step->answer == SUPPRESSED ? "suppressed" : "sent");
	while (reason && *reason) {
		size_t length = strcspn(reason, "|");
		char path[PATH_MAX_BYTES];

		snprintf(path, sizeof(path), "drops.%.*s", (int)length, reason);
		expect_counter(all, sending, reason[length] || reason != step->reason, path);
		reason += length + (reason[length] == '|');
	}
}

static bool is_gauge(const char *path)
{
	return strcmp(path, "flows.live") == 0 || strncmp(path, "sets.", 5) == 0;
}

static void check_number(struct sending *sending, struct expectations *all,
			 const struct number *number)
{
	int64_t moved = number->value - counters_get(&before, number->path);

	for (size_t i = 0; i < all->count; i++) {
		struct expectation *item = &all->items[i];

		if (strcmp(item->path, number->path))
			continue;
		if (moved != item->moves && !(item->optional && moved == 0))
			fail_sending(sending, "%s moved by %lld and not by %lld", number->path,
				     (long long)moved, (long long)item->moves);
		item->met = true;
		return;
	}
	if (moved && !is_gauge(number->path))
		fail_sending(sending, "%s moved by %lld and should not", number->path,
			     (long long)moved);
}

static void check_totals(struct sending *sending)
{
	static const char *const units[] = {"packets", "bytes"};
	static const char *const keys[] = {"passed", "dropped", "transmitted", "redirected"};
	char path[PATH_MAX_BYTES];

	for (size_t unit = 0; unit < ARRAY_SIZE(units); unit++) {
		int64_t sum = 0;

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			snprintf(path, sizeof(path), "%s.%s", units[unit], keys[i]);
			sum += counters_get(&after, path);
		}
		snprintf(path, sizeof(path), "%s.received", units[unit]);
		if (sum != counters_get(&after, path))
			fail_sending(sending, "%s is not the sum of the verdicts", path);
	}
}

static void check_counters(struct sending *sending)
{
	struct expectations all = {};

	expect_node(&all, sending);
	expect_guard(&all, sending);
	expect_moves(&all, sending);
	for (size_t i = 0; i < after.count; i++)
		check_number(sending, &all, &after.numbers[i]);
	for (size_t i = 0; i < all.count; i++)
		if (!all.items[i].met && !all.items[i].optional)
			fail_sending(sending, "stats have no %s", all.items[i].path);
	check_totals(sending);
}

/* -- steps and variants --------------------------------------------------------------------------- */

static void prepare(const char *before_step, const struct variant *variant)
{
	char words[256];

	if (strcmp(before_step, "apply") == 0) {
		row_apply(subject_now->second);
	} else {
		put_names(words, sizeof(words), before_step, variant);
		if (node_command(node, words))
			fail_msg("tierwall %s", words);
	}
	counters_read(&before, node);
}

static void run_step(const struct row *row, const struct step *step, struct variant *variant)
{
	static struct sending sending;
	struct counters swap;

	if (step->before)
		prepare(step->before, variant);
	if (!step->in.from)
		return;
	sending.row = row;
	sending.step = step;
	sending.variant = variant;
	sending.expected.length = 0;
	frame_build(&sending.in, &step->in, variant);
	node_send(node, &sending.in, &sending.out);
	frames++;
	counters_read(&after, node);
	if (sending.out.verdict != expected_verdict(step, variant))
		fail_sending(&sending, "%s and not %s", verdict_name(sending.out.verdict),
			     verdict_name(expected_verdict(step, variant)));
	check_frame(&sending, variant);
	check_counters(&sending);
	swap = before;
	before = after;
	after = swap;
}

static bool changes_configuration(const struct row *row)
{
	for (size_t i = 0; i < STEPS_MAX; i++)
		if (row->steps[i].before)
			return true;
	return false;
}

static void run_variant(const struct row *row, enum family family, unsigned int tags)
{
	struct variant variant = {.family = family, .tags = tags, .run = runs++};

	if (changes_configuration(row)) {
		row_apply(subject_now->configuration);
		counters_read(&before, node);
	}
	for (size_t i = 0; i < STEPS_MAX && (row->steps[i].before || row->steps[i].in.from); i++)
		run_step(row, &row->steps[i], &variant);
}

void row_run(const struct row *row, const struct subject *subject)
{
	subject_now = subject;
	counters_read(&before, node);
	for (enum family family = IPV4; family <= IPV6; family++) {
		if (row->only & (family == IPV4 ? ONLY_IPV6 : ONLY_IPV4))
			continue;
		for (unsigned int tags = 0; tags <= (row->only & UNTAGGED ? 0 : 2); tags++)
			run_variant(row, family, tags);
	}
}

/* -- subjects under cmocka -------------------------------------------------------------------------- */

static void run_row(void **state)
{
	row_run(*state, subject_now);
}

/* Also after a failure: the next row begins with the subject's configuration. */
static int restore(void **state)
{
	if (changes_configuration(*state))
		return node_apply(node, subject_now->configuration);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return node_apply(node, subject_now->configuration);
}

int subject_run(const struct subject *subject, struct node *on)
{
	struct CMUnitTest *tests;
	int failed;

	node = on;
	subject_now = subject;
	if (subject->run)
		return subject->run();
	tests = calloc(subject->count, sizeof(*tests));
	if (!tests)
		die("calloc");
	for (size_t i = 0; i < subject->count; i++) {
		tests[i].name = subject->rows[i].sentence;
		tests[i].test_func = run_row;
		tests[i].teardown_func = restore;
		tests[i].initial_state = (void *)&subject->rows[i];
	}
	failed = _cmocka_run_group_tests(subject->name, tests, subject->count, set_up, NULL);
	free(tests);
	return failed;
}
