/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What monitors are told of: every reason, the right rule, the frame as it came in. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "counters.h"
#include "listener.h"
#include "subjects.h"

#define SNAP 128

static const char configuration[] = INTERFACES HASH_KEY SETS
	"guard {\n"
	"	drop from @blocked\n"
	"	accept log udp to port 9\n"
	"	drop log udp to port 10 # noisy\n"
	"	drop udp to port 11 limit over 1/h burst 1 per source\n"
	"}\n"
	"host { accept tcp to port 22 }\n"
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11 { firewall { drop tcp to port 99 } }\n"
	"	firewall {\n"
	"		accept log tcp to port 80\n"
	"		drop log tcp to port 81\n"
	"		drop tcp to port 82\n"
	"		accept tcp to port 83\n"
	"		reject log tcp to port 85\n"
	"	}\n"
	"}\n"
	"tier app { strict; server app1 10.0.1.21 2001:db8:1::21; firewall { accept tcp } }\n"
	"tier db { server db1 10.0.3.11 2001:db8:3::11 state down }\n"
	"service www {\n"
	"	listen 192.0.2.10 tcp port 80; listen 2001:db8:2::10 tcp port 80\n"
	"	tier web; from @office\n"
	"}\n"
	"service nobody {\n"
	"	listen 192.0.2.20 tcp port 80; listen 2001:db8:2::20 tcp port 80\n"
	"	tier db\n"
	"}\n"
	"tier lost { server lost1 172.16.9.9 2001:db8:bb::9; firewall { accept log tcp } }\n"
	"service lost {\n"
	"	listen 192.0.2.40 tcp port 80; listen 2001:db8:2::40 tcp port 80\n"
	"	tier lost\n"
	"}\n"
	"service plain {\n"
	"	listen 192.0.2.30 tcp port 83; listen 2001:db8:2::30 tcp port 83\n"
	"	tier web\n"
	"}\n";

/* A frame (none: that of the row before) and what is said of it; left out: the key is not there. */
struct said {
	struct packet in;
	const char *event, *verdict, *reason, *stage, *list, *rule, *service, *server;
	int number;
};

#define DROPPED(why, where) .event = "drop", .verdict = "drop", .reason = (why), .stage = (where)
#define LOGGED(what, why, where) \
	.event = "log", .verdict = (what), .reason = (why), .stage = (where)
#define RULE(where, which, text) .list = (where), .number = (which), .rule = (text)

static const struct said everything[] = {
	{.in = {TCP(ATTACKER, WEB1, 80, SYN)},
	 DROPPED("blocked", "guard"),
	 RULE("guard", 1, "drop from @blocked")},
	{.in = {UDP(CLIENT, OTHER, 9)},
	 LOGGED("accept", NULL, "guard"),
	 RULE("guard", 2, "accept log udp to port 9")},
	{.in = {UDP(CLIENT, OTHER, 10)},
	 LOGGED("drop", "blocked", "guard"),
	 RULE("guard", 3, "drop log udp to port 10")},
	{.in = {UDP(MONITOR, OTHER, 11)}},
	{.in = {UDP(MONITOR, OTHER, 11)},
	 DROPPED("limit", "guard"),
	 RULE("guard", 4, "drop udp to port 11 limit over 1/h burst 1 per source")},
	{.in = {TCP(CLIENT, NODE, 23, SYN)},
	 DROPPED("default", "host"),
	 RULE("host", 0, "default drop")},
	{.in = {TCP(CLIENT, WEB1, 99, SYN)},
	 DROPPED("rule", "firewall"),
	 RULE("web/web1", 1, "drop tcp to port 99"),
	 .server = "web1"},
	{.in = {TCP(CLIENT, WEB1, 80, SYN)},
	 LOGGED("accept", NULL, "firewall"),
	 RULE("web", 1, "accept log tcp to port 80"),
	 .server = "web1"},
	/* the flow is known: no rule is asked, nothing is logged */
	{.in = {TCP(CLIENT, WEB1, 80, ACK)}},
	{.in = {TCP(CLIENT, WEB1, 81, SYN)},
	 LOGGED("drop", "rule", "firewall"),
	 RULE("web", 2, "drop log tcp to port 81"),
	 .server = "web1"},
	{.in = {TCP(CLIENT, WEB1, 82, SYN)},
	 DROPPED("rule", "firewall"),
	 RULE("web", 3, "drop tcp to port 82"),
	 .server = "web1"},
	{.in = {TCP(CLIENT, WEB1, 84, SYN)},
	 DROPPED("default", "firewall"),
	 RULE("web", 0, "default drop"),
	 .server = "web1"},
	{.in = {TCP(CLIENT, APP1, 80, ACK)},
	 DROPPED("invalid-state", "firewall"),
	 .server = "app1"},
	{.in = {TCP(CLIENT, VIP, 80, SYN)}, DROPPED("source", "service"), .service = "www"},
	{.in = {TCP(OFFICE, VIP, 80, SYN)},
	 LOGGED("accept", NULL, "firewall"),
	 RULE("web", 1, "accept log tcp to port 80"),
	 .service = "www",
	 .server = "web1"},
	{.in = {TCP(CLIENT, VIP2, 80, SYN)}, DROPPED("no-server", "server"), .service = "nobody"},
	{.in = {TCP(CLIENT, VIP3, 83, SYN), .ttl = 1},
	 DROPPED("ttl", "forward"),
	 RULE("web", 4, "accept tcp to port 83"),
	 .service = "plain",
	 .server = "web1"},
	{.in = {TCP(CLIENT, WEB1, 83, SYN), .total_length = 100}, DROPPED("malformed", "parse")},
	/* what is answered is told as it came in */
	{.in = {TCP(CLIENT, WEB1, 85, SYN)},
	 LOGGED("reject", "rule", "firewall"),
	 RULE("web", 5, "reject log tcp to port 85"),
	 .server = "web1"},
	{.in = {TCP(CLIENT, WEB1, 85, SYN | FIN)}, DROPPED("tcp-flags", "parse")},
	/* one event that a rule asks for, one that the packet got no further */
	{.in = {TCP(CLIENT, VIP4, 80, SYN)},
	 LOGGED("accept", NULL, "firewall"),
	 RULE("lost", 1, "accept log tcp"),
	 .service = "lost",
	 .server = "lost1"},
	{DROPPED("no-route", "forward"), RULE("lost", 1, "accept log tcp"), .service = "lost",
	 .server = "lost1"},
	{.in = {.protocol = IPPROTO_UDP,
		.from = CLIENT,
		.to = VIP,
		.fragment_offset = 4,
		.payload = 40},
	 DROPPED("fragment", "flow")},
	{.in = {TCP(CLIENT, WEB1, 82, SYN), .payload = 1000},
	 DROPPED("rule", "firewall"),
	 RULE("web", 3, "drop tcp to port 82"),
	 .server = "web1"},
};

static void assert_text(const json_t *event, const char *key, const char *wanted)
{
	const char *text = json_string_value(json_object_get(event, key));

	if (!wanted != !text || (text && strcmp(text, wanted) != 0))
		fail_msg("%s is %s and not %s in %s", key, text ? text : "nothing",
			 wanted ? wanted : "nothing", json_dumps(event, 0));
}

static void assert_frame(const json_t *event, const struct frame *frame)
{
	size_t length = frame->length < SNAP ? frame->length : SNAP;
	char hex[2 * SNAP + 1] = "";

	for (size_t i = 0; i < length; i++)
		sprintf(&hex[2 * i], "%02x", frame->bytes[i]);
	assert_text(event, "packet", hex);
	assert_int_equal(json_integer_value(json_object_get(event, "length")), frame->length);
}

/* `run`: who sends, from which port. */
static void send_said(const struct said *said, enum family family, unsigned int run,
		      struct frame *frame)
{
	static struct outcome out;
	struct variant variant = {.family = family, .run = run};

	frame_build(frame, &said->in, &variant);
	node_send(row_node(), frame, &out);
}

static void check_said(const struct said *said, const json_t *event, const struct frame *frame)
{
	assert_non_null(event);
	assert_text(event, "event", said->event);
	assert_text(event, "verdict", said->verdict);
	assert_text(event, "reason", said->reason);
	assert_text(event, "stage", said->stage);
	assert_text(event, "list", said->list);
	assert_text(event, "rule", said->rule);
	assert_text(event, "service", said->service);
	assert_text(event, "server", said->server);
	assert_text(event, "device", device_name(frame->device));
	assert_int_equal(json_integer_value(json_object_get(event, "number")), said->number);
	assert_frame(event, frame);
}

static void every_event_says_what_happened(void **state)
{
	unsigned int run = row_fresh_run();
	struct listening all;
	static struct frame frame;

	(void)state;
	row_apply(configuration);
	listening_begin(&all, "");
	for (enum family family = IPV4; family <= IPV6; family++)
		for (size_t i = 0; i < ARRAY_SIZE(everything); i++) {
			const struct said *said = &everything[i];
			json_t *event;

			if (said->in.from)
				send_said(said, family, run, &frame);
			if (!said->event)
				continue; /* the next event is the next row's */
			event = listening_next(&all, 5000);
			check_said(said, event, &frame);
			json_decref(event);
		}
	assert_null(listening_next(&all, 300));
	assert_int_equal(listening_end(&all, NULL), 0);
}

/* -- choices ---------------------------------------------------------------------------- */

static void send_one(enum party from, uint16_t port)
{
	struct said said = {.in = {UDP(from, OTHER, port)}};
	struct frame frame;

	send_said(&said, IPV4, row_fresh_run(), &frame);
}

static void expect_reason(struct listening *listening, const char *reason)
{
	json_t *event = listening_next(listening, 5000);

	assert_non_null(event);
	assert_text(event, "reason", reason);
	json_decref(event);
}

static void a_monitor_gets_what_it_asks_for(void **state)
{
	struct said in_web = {.in = {TCP(CLIENT, WEB1, 82, SYN)}};
	struct listening drops, logs, blocked, web;
	struct frame frame;

	(void)state;
	row_apply(configuration);
	listening_begin(&drops, "drops");
	listening_begin(&logs, "log --snap 20");
	listening_begin(&blocked, "blocked no-server --snap 1500");
	listening_begin(&web, "drops web");
	send_one(CLIENT, 9);  /* accept log */
	send_one(CLIENT, 10); /* drop log */
	send_said(&in_web, IPV4, row_fresh_run(), &frame);
	expect_reason(&drops, "blocked");
	expect_reason(&drops, "rule");
	expect_reason(&logs, NULL);
	expect_reason(&logs, "blocked");
	expect_reason(&blocked, "blocked");
	expect_reason(&web, "rule");
	assert_null(listening_next(&drops, 200));
	assert_null(listening_next(&logs, 0));
	assert_null(listening_next(&blocked, 0));
	assert_null(listening_next(&web, 0));
	listening_end(&drops, NULL);
	listening_end(&logs, NULL);
	listening_end(&blocked, NULL);
	listening_end(&web, NULL);
}

static void names_follow_an_apply(void **state)
{
	struct said in_web = {.in = {TCP(CLIENT, WEB1, 82, SYN)}};
	struct listening all;
	struct frame frame;
	json_t *event;

	(void)state;
	row_apply(configuration);
	listening_begin(&all, "");
	assert_int_equal(node_command(row_node(), "rule add web at 1 drop tcp to port 82-89"), 0);
	send_said(&in_web, IPV4, row_fresh_run(), &frame);
	event = listening_next(&all, 5000);
	assert_text(event, "rule", "drop tcp to port 82-89");
	json_decref(event);
	assert_int_equal(node_command(row_node(), "rule del web 1"), 0);
	send_said(&in_web, IPV4, row_fresh_run(), &frame);
	event = listening_next(&all, 5000);
	assert_text(event, "rule", "drop tcp to port 82");
	json_decref(event);
	listening_end(&all, NULL);
}

/* -- life and death ------------------------------------------------------------------------ */

static int64_t counter(const char *path)
{
	static struct counters counters;

	counters_read(&counters, row_node());
	return counters_get(&counters, path);
}

static void many_monitors_see_the_same_and_a_dead_one_makes_room(void **state)
{
	struct listening all[4], late;
	char *out = NULL;

	(void)state;
	row_apply(configuration);
	for (int i = 0; i < 4; i++)
		listening_begin(&all[i], "drops");
	send_one(CLIENT, 10);
	for (int i = 0; i < 4; i++)
		expect_reason(&all[i], "blocked");
	assert_int_equal(node_output(row_node(), "monitor --for 1s", &out), 1);
	free(out);
	listening_kill(&all[2]);
	sleep(5); /* its last breath is over */
	listening_begin(&late, "drops");
	send_one(CLIENT, 10);
	expect_reason(&late, "blocked");
	expect_reason(&all[0], "blocked");
	expect_reason(&all[3], "blocked");
	assert_int_equal(listening_end(&late, NULL), 0);
	assert_int_equal(listening_end(&all[0], NULL), 0);
	assert_int_equal(listening_end(&all[1], NULL), 0);
	assert_int_equal(listening_end(&all[3], NULL), 0);
}

static void nobody_is_told_where_nobody_listens(void **state)
{
	struct listening one;
	int64_t logged;

	(void)state;
	row_apply(configuration);
	logged = counter("events.logged");
	send_one(CLIENT, 10);
	assert_int_equal(counter("events.logged"), logged);
	listening_begin(&one, "drops");
	send_one(CLIENT, 10);
	expect_reason(&one, "blocked");
	listening_kill(&one);
	sleep(5);
	send_one(CLIENT, 10);
	assert_int_equal(counter("events.logged"), logged + 1);
}

static void what_is_beyond_the_rate_is_counted(void **state)
{
	int64_t logged, unlogged;
	struct timespec begin, end;
	struct listening_sum heard;
	struct listening one;

	(void)state;
	row_apply(configuration);
	logged = counter("events.logged");
	unlogged = counter("events.unlogged");
	listening_begin(&one, "drops --rate 50");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 3000; i++)
		send_one(CLIENT, 10);
	clock_gettime(CLOCK_MONOTONIC, &end);
	heard = listening_sum(&one, 3000);
	listening_end(&one, NULL);
	/* each CPU its own: what fits a tenth of a second, and 50 a second */
	assert_in_range(heard.got, 5,
			sysconf(_SC_NPROCESSORS_ONLN) * (6 + 50 * (end.tv_sec - begin.tv_sec + 1)));
	assert_int_equal(heard.got + heard.missed, 3000);
	assert_int_equal(counter("events.logged") - logged, heard.got);
	assert_int_equal(counter("events.unlogged") - unlogged, heard.missed);
}

/* An event that one monitor got is logged, whatever others missed. */
static void what_one_monitor_misses_another_gets(void **state)
{
	int64_t logged, unlogged;
	struct listening_sum heard;
	struct listening slow, quick;

	(void)state;
	row_apply(configuration);
	logged = counter("events.logged");
	unlogged = counter("events.unlogged");
	listening_begin(&slow, "drops --rate 1");
	listening_begin(&quick, "drops");
	for (int i = 0; i < 20; i++)
		send_one(CLIENT, 10);
	heard = listening_sum(&quick, 20);
	listening_end(&quick, NULL);
	assert_int_equal(heard.got, 20);
	assert_int_equal(heard.missed, 0);
	heard = listening_sum(&slow, 20);
	listening_end(&slow, NULL);
	assert_in_range(heard.got, 1, 19);
	assert_int_equal(heard.got + heard.missed, 20);
	assert_int_equal(counter("events.logged") - logged, 20);
	assert_int_equal(counter("events.unlogged") - unlogged, 0);
}

/* Frames as large as the ring takes them, until it is full. */
static int64_t fill_the_ring(void)
{
	const struct said large = {.in = {UDP(CLIENT, OTHER, 10), .payload = 1400}};
	int64_t unlogged = counter("events.unlogged"), sent = 0;
	struct frame frame;

	while (sent < 20000 && counter("events.unlogged") == unlogged)
		for (int i = 0; i < 1000; i++, sent++)
			send_said(&large, IPV4, row_fresh_run(), &frame);
	return sent;
}

static void what_finds_no_room_is_counted(void **state)
{
	int64_t logged, unlogged, sent;
	struct listening_sum heard;
	struct listening one;

	(void)state;
	row_apply(configuration);
	logged = counter("events.logged");
	unlogged = counter("events.unlogged");
	listening_begin(&one, "drops --rate 10000000 --snap 1500");
	kill(one.pid, SIGSTOP);
	sent = fill_the_ring();
	kill(one.pid, SIGCONT);
	heard = listening_sum(&one, sent);
	listening_end(&one, NULL);
	assert_in_range(heard.missed, 1, sent - 1);
	assert_int_equal(heard.got + heard.missed, sent);
	assert_int_equal(counter("events.logged") - logged, heard.got);
	assert_int_equal(counter("events.unlogged") - unlogged, heard.missed);
}

static void a_monitor_ends_as_it_was_told(void **state)
{
	struct listening one;
	char *words;

	(void)state;
	row_apply(configuration);
	listening_begin(&one, "--count 2");
	send_one(CLIENT, 10);
	send_one(CLIENT, 10);
	assert_int_equal(node_wait(one.pid), 0);
	expect_reason(&one, "blocked");
	expect_reason(&one, "blocked");
	assert_null(listening_next(&one, 0));
	listening_begin(&one, "");
	assert_int_equal(listening_end(&one, &words), 0);
	assert_string_equal(words, "");
	free(words);
	/* a reader that has seen enough */
	listening_begin(&one, "");
	fclose(one.lines);
	assert_int_equal(node_wait(one.pid), 0);
	assert_int_equal(fgetc(one.words), EOF);
	fclose(one.words);
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_says_what_happened),
		cmocka_unit_test(a_monitor_gets_what_it_asks_for),
		cmocka_unit_test(names_follow_an_apply),
		cmocka_unit_test(many_monitors_see_the_same_and_a_dead_one_makes_room),
		cmocka_unit_test(nobody_is_told_where_nobody_listens),
		cmocka_unit_test(what_is_beyond_the_rate_is_counted),
		cmocka_unit_test(what_one_monitor_misses_another_gets),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(a_monitor_ends_as_it_was_told),
	};

	return cmocka_run_group_tests_name(subject_event.name, tests, NULL, NULL);
}

const struct subject subject_event = {
	.name = "event",
	.run = run,
	.count = 9,
};
