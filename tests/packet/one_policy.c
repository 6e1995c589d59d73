/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * No packet is judged by a mixture of two configurations.  Two are applied in turn
 * while packets run through the program, 200,000 a second or as many as there is time
 * for.  Each refuses the packet in a place of its own: one in guard, by a set that holds
 * the sender, the other in the tier's firewall, by the last of its rules.  One's set or
 * guard with the other's firewall would let the packet pass.  All other rules, a thousand
 * on either side, are different ones.
 *
 *   one-policy TIERWALL        in the environment: APPLIES=1000, RULES=1000
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "environment.h"
#include "node.h"

#define FRAMES_PER_SECOND 220000
#define REPEAT            10 /* frames a system call */

static FILE *create(const struct node *node, const char *name)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", node->folder, name);
	out = fopen(path, "w");
	if (!out)
		die("cannot write %s", path);
	return out;
}

/* Rules that the packet does not match: each of the two has ports of its own. */
static void write_rules(FILE *out, uint64_t count, unsigned int first_port)
{
	for (uint64_t i = 0; i < count; i++)
		fprintf(out, "        accept %s from 10.%u.%u.0/24 to port %u\n",
			i % 2 ? "tcp" : "udp", (unsigned int)(i / 256 % 256),
			(unsigned int)(i % 256), (unsigned int)(first_port + i % 1000));
}

static void write_configuration(const struct node *node, const char *name, bool in_guard,
				uint64_t rules)
{
	FILE *out = create(node, name);

	fprintf(out, "interface wan\nset senders { %s }\nguard { drop from @senders }\n",
		in_guard ? "198.51.100.0/24, 203.0.113.0/24, 192.0.2.0/24" : "100.64.0.0/10");
	fprintf(out, "tier web {\n    server web1 %s\n    firewall {\n",
		party_info(WEB1)->address[IPV4]);
	write_rules(out, rules, in_guard ? 10000 : 20000);
	fprintf(out, "        %sdefault accept\n    }\n}\n", in_guard ? "" : "drop udp\n        ");
	if (fclose(out))
		die("cannot write %s", name);
}

static int apply_in_turn(const struct node *node, uint64_t applies)
{
	for (uint64_t i = 0; i < applies; i++) {
		char words[300];

		snprintf(words, sizeof(words), "apply %s/%s", node->folder,
			 i % 2 ? "in_guard" : "in_tier");
		if (node_command(node, words))
			return 1;
	}
	return 0;
}

struct judged {
	uint64_t frames, passed;
	double seconds;
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* At most so many that those who apply have time of their own on few CPUs. */
static void keep_pace(const struct judged *judged, double start)
{
	double ahead = (double)judged->frames / FRAMES_PER_SECOND - (seconds_now() - start);
	struct timespec nap = {.tv_nsec = (long)(ahead * 1e9)};

	if (ahead > 0 && ahead < 1)
		nanosleep(&nap, NULL);
}

/* Each is judged by itself; the verdict is that of the last, the counters know of all. */
static uint32_t send_repeatedly(const struct node *node, const struct frame *frame)
{
	struct xdp_md ctx = {.data_end = frame->length,
			     .ingress_ifindex = node->ifindex[frame->device]};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = REPEAT);

	if (bpf_prog_test_run_opts(node->program, &options))
		die("BPF_PROG_TEST_RUN");
	return options.retval;
}

static void send_until(const struct node *node, pid_t applying, struct judged *judged, int *status)
{
	struct packet packet = {
		.protocol = IPPROTO_UDP, .from = CLIENT, .to = WEB1, .to_port = 53, .payload = 20};
	struct variant variant = {.family = IPV4};
	double start = seconds_now();
	static struct frame frame;

	while (waitpid(applying, status, WNOHANG) == 0) {
		for (int i = 0; i < 100; i++) {
			variant.run++;
			frame_build(&frame, &packet, &variant);
			judged->passed += send_repeatedly(node, &frame) != XDP_DROP;
			judged->frames += REPEAT;
		}
		keep_pace(judged, start);
	}
	judged->seconds = seconds_now() - start;
}

static bool report(const struct node *node, const struct judged *judged, uint64_t applies,
		   int status)
{
	struct counters after = {};
	int64_t by_guard, by_tier;
	bool right;

	counters_read(&after, node);
	by_guard = counters_get(&after, "drops.blocked.packets");
	by_tier = counters_get(&after, "drops.rule.packets");
	counters_free(&after);
	/* both must have been seen, or nothing was tested */
	right = !status && !judged->passed && by_guard > 0 && by_tier > 0 &&
		(uint64_t)(by_guard + by_tier) == judged->frames;
	printf("one policy: %s: %" PRIu64 " applies in %.0f s under %" PRIu64
	       " frames, %.0f a second: %" PRId64 " judged by one, %" PRId64
	       " by the other, %" PRId64 " by a mixture\n",
	       right ? "ok" : "FAILED", applies, judged->seconds, judged->frames,
	       (double)judged->frames / judged->seconds, by_guard, by_tier,
	       (int64_t)judged->frames - by_guard - by_tier);
	return right;
}

static int run(struct node *node)
{
	uint64_t applies = from_environment("APPLIES", 1000);
	uint64_t rules = from_environment("RULES", 1000);
	struct judged judged = {0};
	int status = 0;
	pid_t applying;

	write_configuration(node, "in_guard", true, rules);
	write_configuration(node, "in_tier", false, rules);
	if (node_apply(node, "interface wan\n") || apply_in_turn(node, 1))
		return 1;
	applying = fork();
	if (applying < 0)
		die("cannot fork");
	if (!applying)
		_exit(apply_in_turn(node, applies));
	send_until(node, applying, &judged, &status);
	if (report(node, &judged, applies, status)) {
		puts("1 passed, 0 failed");
		return 0;
	}
	puts("0 passed, 1 failed");
	return 1;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
