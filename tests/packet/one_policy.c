/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * No packet is judged by a mixture of two configurations.  Two are applied in turn
 * while packets run through the program.  Each refuses the packet in a place of its
 * own: one in guard, by a set that holds the sender, the other in the tier's firewall.
 * One's set or guard with the other's firewall would let the packet pass.
 *
 *   one-policy TIERWALL        APPLIES=200 in the environment: how many times
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "environment.h"
#include "node.h"

static const char in_guard[] = "interface wan\n"
			       "set senders { 198.51.100.0/24, 203.0.113.0/24, 192.0.2.0/24 }\n"
			       "guard { drop from @senders }\n"
			       "tier web {\n"
			       "    server web1 WEB1\n"
			       "    firewall { default accept }\n"
			       "}\n";
static const char in_tier[] = "interface wan\n"
			      "set senders { 100.64.0.0/10 }\n"
			      "guard { drop from @senders }\n"
			      "tier web {\n"
			      "    server web1 WEB1\n"
			      "    firewall { drop udp; default accept }\n"
			      "}\n";

/* The configuration with the server's address in it, as a file of its own. */
static void write_file(const struct node *node, const char *name, const char *text)
{
	const char *place = strstr(text, "WEB1");
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", node->folder, name);
	out = fopen(path, "w");
	if (!out)
		die("cannot write %s", path);
	fprintf(out, "%.*s%s%s", (int)(place - text), text, party_info(WEB1)->address[IPV4],
		place + strlen("WEB1"));
	if (fclose(out))
		die("cannot write %s", path);
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
};

static void send_until(const struct node *node, pid_t applying, struct judged *judged, int *status)
{
	struct packet packet = {
		.protocol = IPPROTO_UDP, .from = CLIENT, .to = WEB1, .to_port = 53, .payload = 20};
	struct variant variant = {.family = IPV4};
	static struct frame frame;
	static struct outcome out;

	while (waitpid(applying, status, WNOHANG) == 0)
		for (int i = 0; i < 1000; i++) {
			variant.run++;
			frame_build(&frame, &packet, &variant);
			node_send(node, &frame, &out);
			judged->frames++;
			judged->passed += out.verdict != XDP_DROP;
		}
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
	printf("one policy: %s: %" PRIu64 " applies under %" PRIu64 " frames: %" PRId64
	       " judged by one, %" PRId64 " by the other, %" PRIu64 " by a mixture\n",
	       right ? "ok" : "FAILED", applies, judged->frames, by_guard, by_tier, judged->passed);
	return right;
}

static int run(struct node *node)
{
	uint64_t applies = from_environment("APPLIES", 200);
	struct judged judged = {0};
	int status = 0;
	pid_t applying;

	write_file(node, "in_guard", in_guard);
	write_file(node, "in_tier", in_tier);
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
	if (argc != 2) {
		fprintf(stderr, "usage: %s TIERWALL\n", argv[0]);
		return 2;
	}
	return node_run(argv[1], run);
}
