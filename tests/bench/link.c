/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The veth pair of the bench: frames from CPU 0, a NAPI thread on CPU 1 and its time. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/link.h"
#include "packet/node.h"

#define SENDER_CPU   0
#define RECEIVER_CPU 1
#define RUNS         3
#define RUN_SECONDS  0.25
#define CHUNK        2048 /* frames between two looks at the clock */
#define DEVICE       LINK_DEVICE

/* -- the receiver --------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		die("%s", path);
}

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t number = 0;

	if (!file || fscanf(file, "%lu", &number) != 1)
		die("%s", path);
	fclose(file);
	return number;
}

static void take_frames(void)
{
	struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_name = DEVICE, .ifr_data = (void *)&on};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("GRO on " DEVICE);
	close(fd);
}

static bool is_napi_thread(const char *pid)
{
	char path[64], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = 0;
	fclose(file);
	return !strncmp(name, "napi/" DEVICE "-", strlen("napi/" DEVICE "-"));
}

/* The threads that are there; those in `before` are of other namespaces. */
static size_t napi_threads(pid_t out[LINK_THREADS_MAX], const pid_t *before, size_t before_count)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	if (!proc)
		die("/proc");
	while ((entry = readdir(proc)) && count < LINK_THREADS_MAX) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		bool known = false;

		for (size_t i = 0; i < before_count; i++)
			known |= before[i] == pid;
		if (pid > 0 && !known && is_napi_thread(entry->d_name))
			out[count++] = pid;
	}
	closedir(proc);
	return count;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(pid, sizeof(one), &one))
		die("CPU %d", cpu);
}

static void make_receiver(struct link *link, const char *folder)
{
	pid_t before[LINK_THREADS_MAX];
	size_t count = napi_threads(before, NULL, 0);
	char path[256];

	snprintf(link->sys, sizeof(link->sys), "%s/sys", folder);
	if (mkdir(link->sys, 0700) || mount("sysfs", link->sys, "sysfs", 0, NULL))
		die("%s", link->sys);
	take_frames();
	snprintf(path, sizeof(path), "%s/class/net/" DEVICE "/threaded", link->sys);
	write_text(path, "1");
	link->thread_count = napi_threads(link->threads, before, count);
	if (!link->thread_count)
		die("no NAPI thread of " DEVICE);
	for (size_t i = 0; i < link->thread_count; i++)
		pin(link->threads[i], RECEIVER_CPU);
}

static uint64_t receiver_time(const struct link *link)
{
	uint64_t sum = 0;
	char path[64];

	for (size_t i = 0; i < link->thread_count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/schedstat", link->threads[i]);
		sum += read_number(path);
	}
	return sum;
}

static uint64_t received(const struct link *link)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/class/net/" DEVICE "/statistics/rx_packets", link->sys);
	return read_number(path);
}

/* -- the sender ------------------------------------------------------------------------- */

static void make_frame(struct link *link)
{
	static const uint8_t start[] = {
		2,    0,  0,    0,
		0,    1,  2,    0,
		0,    0,  0,    2,
		8,    0, /* Ethernet */
		0x45, 0,  0,    FLOOD_BYTES - 14,
		0,    1,  0x40, 0,
		64,   17, /* IPv4, UDP */
	};
	uint8_t *udp = link->frame + 34;

	memcpy(link->frame, start, sizeof(start));
	udp[0] = 0x9c, udp[1] = 0x40; /* from port 40000 */
	udp[5] = FLOOD_BYTES - 34;
}

static void send_chunk(struct link *link)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = link->frame, .data_size_in = FLOOD_BYTES,
		    .repeat = CHUNK, .batch_size = 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(bpf_program__fd(link->flood->progs.flood), &options))
		die("live frames");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/*
 * Until the receiver has taken what was sent: its count stands still for longer than a
 * thread that shares its CPU waits for its turn, and a poll of slow packets takes.
 */
static uint64_t settle(const struct link *link)
{
	uint64_t last = received(link);

	for (int still = 0; still < 4; still++) {
		uint64_t count;

		usleep(30000);
		count = received(link);
		if (count != last)
			still = -1;
		last = count;
	}
	return last;
}

/* Nanoseconds of the receiver a packet, the least of a few runs. */
double link_measure(struct link *link, uint64_t *packets)
{
	double best = 0;

	*packets = 0;
	for (int run = -1; run < RUNS; run++) {
		uint64_t before = settle(link), time = receiver_time(link), taken;
		double end = now() + (run < 0 ? RUN_SECONDS / 5 : RUN_SECONDS), cost;

		while (now() < end)
			send_chunk(link);
		taken = settle(link) - before;
		*packets += taken;
		cost = (double)(receiver_time(link) - time) / (double)(taken ? taken : 1);
		if (run >= 0 && (best == 0 || cost < best)) /* the first one warms up */
			best = cost;
	}
	return best;
}

static void shuffle(struct flood_packet *packets, uint32_t count)
{
	srandom(1);
	for (uint32_t i = count - 1; i; i--) {
		uint32_t j = (uint32_t)random() % (i + 1);
		struct flood_packet other = packets[i];

		packets[i] = packets[j];
		packets[j] = other;
	}
}

void link_packets(struct link *link, uint32_t count)
{
	shuffle(link->flood->bss->packets, count);
	link->flood->bss->job.count = count;
	link->flood->bss->job.next = 0;
}

void link_up(struct link *link, const char *folder)
{
	link->flood = flood_bpf__open_and_load();
	if (!link->flood)
		die("flood.bpf.o does not load");
	make_receiver(link, folder);
	make_frame(link);
	link->flood->bss->job.device = if_nametoindex(DEVICE "-peer");
	pin(0, SENDER_CPU);
}
