/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop of a monitor: events out of the ring, one breath a second, an end. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "monitor/watch.h"

#define NS_PER_SECOND 1000000000ull
#define WAIT_MS       250

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void end(struct watch *watch, int result)
{
	watch->ended = true;
	watch->result = result;
}

/* -- output ---------------------------------------------------------------------------- */

static int open_output(struct watch *watch)
{
	const char *path = watch->pcapng_path;
	int result = 0;

	watch->out = stdout;
	if (path && strcmp(path, "-") != 0)
		watch->out = fopen(path, "we");
	if (!watch->out) {
		result = -errno;
		complain("cannot write %s: %s", path, strerror(errno));
		return result;
	}
	if (path)
		result = pcapng_begin(&watch->pcapng, watch->out, watch->snap);
	fflush(watch->out);
	return result;
}

static bool nobody_reads(FILE *out)
{
	struct pollfd end = {.fd = fileno(out)};

	return poll(&end, 1, 0) == 1 && end.revents & (POLLERR | POLLHUP);
}

/* What is still in the buffer is for nobody. */
static void forget_output(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0) {
		dup2(nowhere, STDOUT_FILENO);
		close(nowhere);
	}
	fflush(stdout);
	clearerr(stdout);
}

static void check_output(struct watch *watch)
{
	if (watch->out == stdout && nobody_reads(stdout)) {
		forget_output();
		end(watch, 0);
	} else if (ferror(watch->out)) {
		complain("cannot write %s: %s",
			 watch->out == stdout ? "the output" : watch->pcapng_path, strerror(errno));
		end(watch, -EIO);
	}
}

static int close_output_file(struct watch *watch)
{
	int result = 0;

	if (watch->out && watch->out != stdout && fclose(watch->out)) {
		result = -errno;
		complain("cannot write %s: %s", watch->pcapng_path, strerror(errno));
	}
	watch->out = NULL;
	return result;
}

/* -- what is said beside the events ------------------------------------------------------- */

static void tell_missed(struct watch *watch)
{
	uint64_t missed = listener_missed(&watch->listener);

	if (missed == watch->missed)
		return;
	if (watch->json && !watch->pcapng_path)
		printf("{\"event\":\"missed\",\"count\":%" PRIu64 "}\n", missed - watch->missed);
	else if (!watch->quiet)
		complain("%" PRIu64 " events more than can be shown; `--rate N` is for more than "
			 "%u a second and CPU",
			 missed - watch->missed, watch->rate);
	watch->missed = missed;
}

/* The wall clock may be set while we run. */
static void read_epoch(struct watch *watch)
{
	watch->epoch = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

/* -- once a second ------------------------------------------------------------------------- */

static bool is_unloaded(const struct instance *instance)
{
	struct stat opened, named;

	return fstat(instance->lock, &opened) || stat(instance->folder, &named) ||
	       opened.st_ino != named.st_ino;
}

static void breathe(struct watch *watch)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (watch->ends_at && now >= watch->ends_at)
		end(watch, 0);
	if (now - watch->breath < NS_PER_SECOND)
		return;
	watch->breath = now;
	read_epoch(watch);
	tell_missed(watch);
	if (listener_breathe(&watch->listener)) {
		complain("this monitor was stopped for so long that another one has its place");
		end(watch, -ESTALE);
	} else if (is_unloaded(&watch->instance)) {
		complain("instance `%s` was unloaded", watch->instance.name);
		end(watch, -ENOENT);
	}
}

/* -- events ---------------------------------------------------------------------------------- */

/* Names for the events of another policy; those of before where they cannot be read. */
static void follow_policy(struct watch *watch, uint32_t generation)
{
	struct running running;
	struct names names;

	if (!generation || generation == watch->generation)
		return;
	watch->generation = generation;
	if (running_read(&running, &watch->instance))
		return;
	if (names_read(&names, running.config)) {
		running_free(&running);
		return;
	}
	names_free(&watch->names);
	running_free(&watch->running);
	watch->running = running;
	watch->names = names;
}

static int write_sighting(struct watch *watch, const struct sighting *sighting)
{
	if (watch->pcapng_path)
		return pcapng_write(&watch->pcapng, sighting);
	if (watch->json)
		return sighting_print_json(watch->out, sighting);
	return sighting_print_text(watch->out, sighting);
}

static int on_event(void *context, void *data, size_t size)
{
	struct watch *watch = context;
	const struct tw_event *event = data;
	struct sighting sighting;
	char device[IF_NAMESIZE];
	int result;

	if (size < sizeof(*event) || size < sizeof(*event) + event->captured)
		return 0;
	follow_policy(watch, event->generation);
	sighting_fill(&sighting, event, &watch->names);
	if (!filter_admits(&watch->filter, &sighting))
		return 0;
	sighting.time = event->time + watch->epoch;
	if (!if_indextoname(event->ifindex, device))
		snprintf(device, sizeof(device), "#%u", event->ifindex);
	sighting.device = device;
	result = write_sighting(watch, &sighting);
	if (result) {
		complain("cannot show an event: %s", strerror(-result));
		end(watch, result);
	}
	if (++watch->written == watch->count)
		end(watch, 0);
	breathe(watch);
	if (ferror(watch->out))
		check_output(watch);
	return watch->ended || interrupted ? -ECANCELED : 0;
}

static void loop(struct watch *watch, struct ring_buffer *ring)
{
	while (!watch->ended && !interrupted) {
		struct pollfd wait[] = {
			{.fd = ring_buffer__epoll_fd(ring), .events = POLLIN},
			{.fd = fileno(watch->out)},
		};
		int got;

		poll(wait, 2, WAIT_MS);
		got = ring_buffer__consume(ring);
		if (got < 0 && got != -ECANCELED && got != -EINTR) {
			complain("cannot read events: %s", strerror(-got));
			end(watch, got);
		}
		fflush(watch->out);
		if (!watch->ended)
			check_output(watch);
		if (!watch->ended)
			breathe(watch);
	}
}

static int listen_and_loop(struct watch *watch)
{
	struct wish wish = {
		.kinds = watch->filter.kinds,
		.reasons = watch->filter.reasons,
		.rate = watch->rate,
		.snap = watch->snap,
	};
	int result = listener_open(&watch->listener, &watch->instance, &wish);
	struct ring_buffer *ring;

	if (result)
		return result;
	ring = ring_buffer__new(watch->listener.ring, on_event, watch, NULL);
	if (ring) {
		loop(watch, ring);
		tell_missed(watch);
		ring_buffer__free(ring);
	} else {
		end(watch, -errno);
		complain("cannot read events: %s", strerror(errno));
	}
	listener_close(&watch->listener);
	return watch->result;
}

int watch_run(struct watch *watch)
{
	int result = names_read(&watch->names, watch->running.config), closed;

	watch->generation = watch->running.generation;
	watch->breath = clock_ns(CLOCK_MONOTONIC);
	if (watch->seconds)
		watch->ends_at = watch->breath + watch->seconds * NS_PER_SECOND;
	catch_signals();
	read_epoch(watch);
	if (result)
		complain("cannot monitor: %s", strerror(-result));
	else
		result = open_output(watch);
	if (!result)
		result = listen_and_loop(watch);
	closed = close_output_file(watch);
	return result ? result : closed;
}

void watch_free(struct watch *watch)
{
	names_free(&watch->names);
	running_free(&watch->running);
	filter_free(&watch->filter);
}
