/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall trace`: asks the live data path what it would do with one packet.  The
 * program xdp_trace is the same path on a copy: no counter and no flow changes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/trace.h"
#include "kernel/instance.h"

#define FRAME_OUT_MAX 4096 /* the data path may put headers before it */

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static int read_words(struct packet_words *packet, const struct command *command, int argc,
		      char **argv)
{
	struct diagnostic diagnostic = {};
	char *words = join_words(argc, argv, 1);
	int result;

	if (!words) {
		complain("out of memory");
		return -ENOMEM;
	}
	result = packet_parse(packet, words, &diagnostic);
	free(words);
	if (result > 0)
		complain_of(&diagnostic);
	else if (result < 0)
		complain("cannot read the packet: %s", strerror(-result));
	if (result)
		return result;
	if (has_ports(packet->protocol) && !packet->destination_port)
		return usage(command,
			     "the destination needs a port: ADDRESS:PORT or [ADDRESS]:PORT");
	return 0;
}

/* Where the packet comes in: as said, else by the first device that is attached. */
static int find_device(uint32_t *ifindex, const struct packet_words *packet,
		       const struct instance *instance)
{
	struct attachment *devices = NULL;
	size_t count = 0;
	int result;

	*ifindex = 0;
	if (packet->device[0]) {
		*ifindex = if_nametoindex(packet->device);
		if (*ifindex)
			return 0;
		complain("there is no device `%s`", packet->device);
		return MISTAKE;
	}
	result = instance_attachments(instance, &devices, &count);
	for (size_t i = 0; i < count && !*ifindex; i++)
		*ifindex = devices[i].ifindex;
	free(devices);
	return result;
}

struct run {
	struct tw_trace trace;
	struct trace_frame in;
	uint8_t out[FRAME_OUT_MAX];
	size_t out_length;
};

/* The instance is locked: two traces at a time would read each other's answer. */
static int run_trace(struct run *run, const struct instance *instance)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->in.bytes,
		    .data_size_in = run->in.length, .data_out = run->out,
		    .data_size_out = sizeof(run->out), .repeat = 1);
	uint32_t key = 0;
	int result;

	result = bpf_map_update_elem(instance->maps[MAP_traces], &key, &run->trace, BPF_ANY);
	if (!result)
		result = bpf_prog_test_run_opts(instance->xdp_trace, &options);
	if (!result)
		result = bpf_map_lookup_elem(instance->maps[MAP_traces], &key, &run->trace);
	if (result) {
		complain("the kernel does not run the trace: %s", strerror(-result));
		return result;
	}
	run->out_length = options.data_size_out;
	return 0;
}

static int trace_packet(const struct options *options, const struct instance *instance,
			const struct packet_words *packet)
{
	struct running running = {};
	struct run run = {};
	struct trace_result answer = {.trace = &run.trace, .in = &run.in, .out = run.out};
	int result;

	trace_frame_build(&run.in, packet);
	result = find_device(&run.trace.ifindex, packet, instance);
	if (!result)
		result = running_read(&running, instance);
	if (!result)
		result = run_trace(&run, instance);
	if (result)
		goto out;
	answer.config = running.config;
	answer.out_length = run.out_length;
	if (options->output == OUTPUT_JSON)
		result = trace_print_json(stdout, &answer);
	else
		result = trace_print_text(stdout, &answer);
	if (result)
		complain("cannot print the trace: %s", strerror(-result));
out:
	running_free(&running);
	return result;
}

int command_trace(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	struct packet_words packet;
	struct instance instance;
	int result;

	if (argc < 4)
		return usage(command, "a packet is PROTO SRC[:PORT] DST[:PORT]");
	result = read_words(&packet, command, argc, argv);
	if (result)
		return exit_status(result);
	result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_WRITE);
	if (result)
		return exit_status(result);
	result = trace_packet(options, &instance, &packet);
	instance_close(&instance);
	return exit_status(result);
}
