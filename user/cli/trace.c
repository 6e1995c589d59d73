/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall trace`: asks the live data path what it would do with a packet: one in words,
 * a frame in hexadecimal, or each of a capture file.  The program xdp_trace is the same
 * path on a copy: no counter and no flow changes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/pcap.h"
#include "cli/trace.h"
#include "config/parse.h"
#include "kernel/instance.h"

#define PCAP_MAX    (1u << 28)
#define LINK_HEADER 14 /* bytes of Ethernet, which captures of IP do not have */

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
static int find_device(uint32_t *ifindex, const char *device, const struct instance *instance)
{
	struct attachment *devices = NULL;
	size_t count = 0;
	int result;

	*ifindex = 0;
	if (device && device[0]) {
		*ifindex = if_nametoindex(device);
		if (*ifindex)
			return 0;
		complain("there is no device `%s`", device);
		return MISTAKE;
	}
	result = instance_attachments(instance, &devices, &count);
	for (size_t i = 0; i < count && !*ifindex; i++)
		*ifindex = devices[i].ifindex;
	free(devices);
	return result;
}

/* An open instance, what is live on it, and where packets come in. */
struct tracer {
	const struct options *options;
	struct instance instance;
	struct running running;
	struct names names;
	uint32_t ifindex;
};

static int tracer_open(struct tracer *tracer, const struct options *options, const char *device)
{
	int result;

	*tracer = (struct tracer){.options = options};
	result =
		instance_open(&tracer->instance, options->instance, options->bpffs, INSTANCE_WRITE);
	if (result)
		return result;
	result = find_device(&tracer->ifindex, device, &tracer->instance);
	if (!result)
		result = running_read(&tracer->running, &tracer->instance);
	if (!result) {
		result = names_read(&tracer->names, tracer->running.config);
		if (result)
			running_free(&tracer->running);
	}
	if (result)
		instance_close(&tracer->instance);
	return result;
}

static void tracer_close(struct tracer *tracer)
{
	names_free(&tracer->names);
	running_free(&tracer->running);
	instance_close(&tracer->instance);
}

/* `number`: of many, from 1; 0: there is only this one. */
static int trace_frame(const struct tracer *tracer, struct trace_run *run, uint32_t number)
{
	struct trace_result answer = {
		.trace = &run->trace,
		.config = tracer->running.config,
		.in = &run->in,
		.out = run->out,
		.verbose = tracer->options->verbose > 0,
	};
	bool json = tracer->options->output == OUTPUT_JSON;
	int result;

	run->trace = (struct tw_trace){.ifindex = tracer->ifindex};
	result = trace_run(run, &tracer->instance);
	if (result)
		return result;
	answer.out_length = run->out_length;
	if (!number)
		result = json ? trace_print_json(stdout, &answer)
			      : trace_print_text(stdout, &answer);
	else if (json)
		result = trace_print_json_line(stdout, &answer, &tracer->names, number);
	else
		result = trace_print_line(stdout, &answer, &tracer->names, number);
	if (!result && number && !json && answer.verbose)
		result = trace_print_text(stdout, &answer);
	if (result)
		complain("cannot print the trace: %s", strerror(-result));
	return result;
}

static int trace_one(const struct options *options, struct trace_run *run, const char *device)
{
	struct tracer tracer;
	int result = tracer_open(&tracer, options, device);

	if (result)
		return exit_status(result);
	result = trace_frame(&tracer, run, 0);
	tracer_close(&tracer);
	return exit_status(result);
}

static int trace_words(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	struct packet_words packet;
	struct trace_run run = {};
	int result;

	if (argc < 4)
		return usage(command, "a packet is PROTO SRC[:PORT] DST[:PORT]");
	result = read_words(&packet, command, argc, argv);
	if (result)
		return exit_status(result);
	trace_frame_build(&run.in, &packet);
	return trace_one(options, &run, packet.device);
}

/* `in DEV` at the end: the device, and what is before it is shorter; NULL: it is not said. */
static const char *take_device(int *argc, char **argv)
{
	if (*argc < 4 || strcmp(argv[*argc - 2], "in") != 0)
		return NULL;
	*argc -= 2;
	return argv[*argc + 1];
}

static int trace_hex(const struct options *options, int argc, char **argv)
{
	const char *device = take_device(&argc, argv);
	struct trace_run run = {};
	char *digits = join_words(argc, argv, 2);
	bool right = digits && trace_frame_read(&run.in, digits);

	free(digits);
	if (!right)
		return usage(command_find(argv[0]),
			     "a frame is %d to %d bytes in hexadecimal digits, the Ethernet "
			     "header first",
			     TRACE_FRAME_MIN, TRACE_FRAME_MAX);
	return trace_one(options, &run, device);
}

/* -- capture files --------------------------------------------------------------------- */

/*
 * The packet as it was on the wire.  What a capture has left away is zero: headers are
 * all that counts here.  False: it is longer or shorter than a frame can be.
 */
static bool frame_of_capture(struct trace_frame *out, const struct pcap_packet *packet, bool raw)
{
	size_t at = raw ? LINK_HEADER : 0;

	memset(out, 0, sizeof(*out));
	out->length = at + packet->length;
	if (out->length > sizeof(out->bytes) || out->length < TRACE_FRAME_MIN ||
	    (raw && !packet->captured))
		return false;
	memcpy(out->bytes + at, packet->bytes, packet->captured);
	if (raw) {
		bool ipv6 = packet->bytes[0] >> 4 == 6;

		out->bytes[12] = ipv6 ? 0x86 : 0x08;
		out->bytes[13] = ipv6 ? 0xdd : 0x00;
	}
	return true;
}

static int trace_packets(const struct tracer *tracer, struct pcap *pcap, const char *path)
{
	struct pcap_packet packet;
	struct trace_run run = {};
	uint32_t number = 0;
	int more, result = 0;

	while ((more = pcap_next(pcap, &packet)) > 0 && !result) {
		number++;
		if (frame_of_capture(&run.in, &packet, pcap->raw))
			result = trace_frame(tracer, &run, number);
		else
			complain("%s: packet %u has %u bytes, and is left out", path, number,
				 packet.length);
	}
	if (result || !more)
		return result;
	complain("%s: the file is damaged behind packet %u", path, number);
	return MISTAKE;
}

static int trace_pcap(const struct options *options, int argc, char **argv)
{
	const char *device = take_device(&argc, argv), *wrong;
	struct tracer tracer;
	struct pcap pcap;
	char *data = NULL;
	size_t length;
	int result;

	if (argc != 3)
		return usage(command_find(argv[0]), "which capture file?");
	result = text_read_file(&data, &length, argv[2], PCAP_MAX);
	if (result) {
		complain("%s: %s", argv[2], strerror(-result));
		return EXIT_REFUSED;
	}
	wrong = pcap_open(&pcap, data, length);
	if (wrong) {
		complain("%s: %s", argv[2], wrong);
		result = MISTAKE;
	} else {
		result = tracer_open(&tracer, options, device);
	}
	if (!result) {
		result = trace_packets(&tracer, &pcap, argv[2]);
		tracer_close(&tracer);
	}
	free(data);
	return exit_status(result);
}

int command_trace(const struct options *options, int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "frame"))
		return trace_hex(options, argc, argv);
	if (argc > 2 && !strcmp(argv[1], "pcap"))
		return trace_pcap(options, argc, argv);
	return trace_words(options, argc, argv);
}
