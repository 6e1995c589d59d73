/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A trace in words: each step says which stage spoke and what it said.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cli/resolve.h"
#include "cli/trace.h"
#include "monitor/monitor.h"
#include "stats/json.h"
#include "stats/stats.h"

static const char *const stage_names[] = {
	[TW_STAGE_PARSE] = "parse",       [TW_STAGE_GUARD] = "guard",
	[TW_STAGE_FLOW] = "flow",         [TW_STAGE_SERVICE] = "service",
	[TW_STAGE_SERVER] = "server",     [TW_STAGE_HOST] = "host",
	[TW_STAGE_FIREWALL] = "firewall", [TW_STAGE_FORWARD] = "forward",
	[TW_STAGE_ANSWER] = "answer",     [TW_STAGE_DECAP] = "decap",
};
_Static_assert(sizeof(stage_names) / sizeof(*stage_names) == TW_STAGE_COUNT, "a name each");

static const char *const verdict_names[] = {
	[XDP_ABORTED] = "aborted", [XDP_DROP] = "drop",         [XDP_PASS] = "pass",
	[XDP_TX] = "tx",           [XDP_REDIRECT] = "redirect",
};

const char *stage_name(uint32_t stage)
{
	return stage < TW_STAGE_COUNT ? stage_names[stage] : "unknown";
}

static const char *verdict_name(uint32_t verdict)
{
	return verdict <= XDP_REDIRECT ? verdict_names[verdict] : "unknown";
}

static const char *reason_meaning(uint32_t reason)
{
	static const char *const meanings[TW_REASON_COUNT] = {
#define X(constant, key, meaning) [TW_REASON_##constant] = meaning,
		TW_REASONS(X)
#undef X
	};

	return reason < TW_REASON_COUNT ? meanings[reason] : "unknown";
}

/* Why the kernel named no next hop; enum of bpf_fib_lookup(). */
static const char *route_answer(uint32_t answer)
{
	static const char *const answers[] = {
		[BPF_FIB_LKUP_RET_BLACKHOLE] = "a blackhole route",
		[BPF_FIB_LKUP_RET_UNREACHABLE] = "an unreachable route",
		[BPF_FIB_LKUP_RET_PROHIBIT] = "a prohibit route",
		[BPF_FIB_LKUP_RET_NOT_FWDED] = "no route, or one to this node",
		[BPF_FIB_LKUP_RET_FWD_DISABLED] = "forwarding is off on the device it came in by",
		[BPF_FIB_LKUP_RET_UNSUPP_LWT] = "a route with an encapsulation",
		[BPF_FIB_LKUP_RET_NO_NEIGH] = "the neighbour's address is not known yet",
		[BPF_FIB_LKUP_RET_FRAG_NEEDED] = "longer than the MTU",
	};

	if (answer < sizeof(answers) / sizeof(*answers) && answers[answer])
		return answers[answer];
	return "the device cannot be redirected to";
}

/* -- what a number stands for ------------------------------------------------------- */

static int print_rule(FILE *out, const struct names *names, uint32_t id)
{
	const struct rule_place *place = names_rule(names, id);

	if (place)
		return rule_place_print(out, place, "rule ", '`');
	fprintf(out, "a rule that is gone since");
	return 0;
}

static bool is_ipv4(const struct trace_result *result)
{
	struct decoded packet;

	frame_decode(&packet, result->in->bytes, result->in->length);
	return packet.ethertype == ETH_P_IP;
}

static void print_server(FILE *out, const struct trace_result *result, uint32_t index)
{
	const struct tier *tier;
	const struct server *server = config_server_at(result->config, index, &tier);
	bool ipv4 = is_ipv4(result);

	if (!server) {
		fputs("a server that is gone since", out);
		return;
	}
	fprintf(out, "%s (", server->name);
	address_print(out, &server->addr[ipv4 ? 0 : 1]);
	fputc(')', out);
}

static void print_service(FILE *out, const struct trace_result *result, uint32_t id)
{
	const struct service *service = config_service_of(result->config, id);

	if (service)
		fprintf(out, "%s, %s to tier %s", service->name, forward_name(service->forward),
			service->tier);
	else
		fputs("a service that is gone since", out);
}

static void print_departure(FILE *out, const struct trace_result *result, uint32_t ifindex)
{
	const struct service *service = config_service_of(result->config, result->trace->service);
	char name[IF_NAMESIZE];

	if (service)
		fprintf(out, "%s, ", forward_name(service->forward));
	if (if_indextoname(ifindex, name))
		fprintf(out, "out of %s", name);
	else
		fprintf(out, "out of device %u", ifindex);
}

static void print_flow_state(FILE *out, uint32_t state)
{
	static const char *const states[] = {
		[TW_FLOW_NEW] = "new",
		[TW_FLOW_ESTABLISHED] = "established",
		[TW_FLOW_CLOSING] = "closing",
	};

	fprintf(out, "known, %s", state <= TW_FLOW_CLOSING ? states[state] : "unknown state");
}

/* -- a step -------------------------------------------------------------------------- */

/* What needs no value, NULL: it does.  Every step has its case: the compiler asks for it. */
static const char *plain_words(enum tw_says says)
{
	switch (says) {
	case TW_SAYS_NOT_IP:
		return "not IP, so the kernel's";
	case TW_SAYS_NEIGHBOUR:
		return "neighbour discovery always passes";
	case TW_SAYS_NO_RULES:
		return "no configuration is live";
	case TW_SAYS_FLOW_STALE:
		return "known, but judged by an older configuration: the rules are asked again";
	case TW_SAYS_FLOW_UNKNOWN:
		return "not known";
	case TW_SAYS_LOCAL:
		return "for this node";
	case TW_SAYS_SOCKET:
		return "accepted: this node itself holds the connection";
	case TW_SAYS_RELATED:
		return "an ICMP error about a known flow";
	case TW_SAYS_NOT_OURS:
		return "not ours: for no service or server, and not from a server by its own "
		       "device";
	case TW_SAYS_TO_KERNEL:
		return "to the kernel";
	case TW_SAYS_UNREADABLE:
		return "not well-formed enough to be judged, so the kernel's";
	case TW_SAYS_RESET:
		return "a TCP reset goes back to the sender";
	case TW_SAYS_UNREACHABLE:
		return "ICMP port unreachable goes back to the sender";
	case TW_SAYS_EXCEEDED:
		return "ICMP time exceeded goes back to the sender";
	case TW_SAYS_ECHO:
		return "an ICMP echo reply goes back to the sender";
	case TW_SAYS_PARSED:
	case TW_SAYS_REASON:
	case TW_SAYS_ACCEPTED_BY:
	case TW_SAYS_REFUSED_BY:
	case TW_SAYS_FLOW_KNOWN:
	case TW_SAYS_SERVICE:
	case TW_SAYS_SERVER:
	case TW_SAYS_SERVER_KEPT:
	case TW_SAYS_OUTGOING:
	case TW_SAYS_KERNEL_ROUTES:
	case TW_SAYS_TO_DEVICE:
	case TW_SAYS_UNANSWERED:
	case TW_SAYS_DECAP:
	case TW_SAYS_TOO_BIG:
	case TW_SAYS_COUNT:
		break;
	}
	return NULL;
}

static void print_tunnel_or_answer(FILE *out, const struct tw_trace_step *step)
{
	switch (step->says) {
	case TW_SAYS_DECAP:
		fprintf(out, "%s, opened: what follows is about the packet in it",
			tunnel_form_name(step->value));
		break;
	case TW_SAYS_TOO_BIG:
		fprintf(out, "ICMP tells the sender that %u bytes would fit", step->value);
		break;
	case TW_SAYS_UNANSWERED:
		fputs(step->value ? "none: there were too many within a second"
				  : "none: it is an error, or not from and for a single host",
		      out);
		break;
	default:
		fputs("a step that this version does not know", out);
	}
}

static int print_says(FILE *out, const struct trace_result *result, const struct names *names,
		      const struct tw_trace_step *step)
{
	const char *plain = plain_words(step->says);
	char device[IF_NAMESIZE];

	if (plain) {
		fputs(plain, out);
		return 0;
	}
	switch (step->says) {
	case TW_SAYS_PARSED:
		fprintf(out, "well-formed %s", step->value ? "IPv6" : "IPv4");
		if (if_indextoname(result->trace->ifindex, device))
			fprintf(out, ", in by %s", device);
		break;
	case TW_SAYS_REASON:
		fprintf(out, "dropped as %s: %s", reason_key(step->value),
			reason_meaning(step->value));
		break;
	case TW_SAYS_ACCEPTED_BY:
		fputs("accepted by ", out);
		return print_rule(out, names, step->value);
	case TW_SAYS_REFUSED_BY:
		fputs("refused by ", out);
		return print_rule(out, names, step->value);
	case TW_SAYS_FLOW_KNOWN:
		print_flow_state(out, step->value);
		break;
	case TW_SAYS_SERVICE:
		print_service(out, result, step->value);
		break;
	case TW_SAYS_SERVER:
		print_server(out, result, step->value);
		if (result->trace->service != TW_NONE32)
			fputs(", chosen by hash", out);
		break;
	case TW_SAYS_SERVER_KEPT:
		print_server(out, result, step->value);
		fputs(", which the flow had before", out);
		break;
	case TW_SAYS_OUTGOING:
		fputs("begun by ", out);
		print_server(out, result, step->value);
		break;
	case TW_SAYS_KERNEL_ROUTES:
		fprintf(out, "left to the kernel to send: %s", route_answer(step->value));
		break;
	case TW_SAYS_TO_DEVICE:
		print_departure(out, result, step->value);
		break;
	default:
		print_tunnel_or_answer(out, step);
	}
	return 0;
}

static uint32_t step_count(const struct tw_trace *trace)
{
	return trace->steps < TW_TRACE_STEPS ? trace->steps : TW_TRACE_STEPS;
}

static void print_verdict(FILE *out, const struct tw_trace *trace)
{
	fprintf(out, "verdict: %s", verdict_name(trace->verdict));
	if (trace->reason < TW_REASON_COUNT)
		fprintf(out, ", %s", reason_key(trace->reason));
}

static int print_steps(FILE *out, const struct trace_result *result, const struct names *names)
{
	for (uint32_t i = 0; i < step_count(result->trace); i++) {
		const struct tw_trace_step *step = &result->trace->step[i];
		int failed;

		fprintf(out, "%s: ", stage_name(step->stage));
		failed = print_says(out, result, names, step);
		if (failed)
			return failed;
		fputc('\n', out);
	}
	print_verdict(out, result->trace);
	fputc('\n', out);
	if (result->trace->verdict != XDP_DROP)
		trace_packet_print(out, result);
	return 0;
}

int trace_print_text(FILE *out, const struct trace_result *result)
{
	struct names names;
	int failed = names_read(&names, result->config);

	if (failed)
		return failed;
	failed = print_steps(out, result, &names);
	names_free(&names);
	return failed;
}

/* `3: tcp 192.0.2.1:40000 > 192.0.2.10:443 syn length 60: drop, blocked by guard rule 2 ...` */
int trace_print_line(FILE *out, const struct trace_result *result, const struct names *names,
		     uint32_t number)
{
	const struct tw_trace *trace = result->trace;
	const struct tier *tier;
	const struct server *server = config_server_at(result->config, trace->server, &tier);
	struct decoded packet;
	int failed = 0;

	frame_decode(&packet, result->in->bytes, result->in->length);
	fprintf(out, "%u: ", number);
	decoded_print(out, &packet);
	fprintf(out, ": %s", verdict_name(trace->verdict));
	if (trace->reason < TW_REASON_COUNT)
		fprintf(out, ", %s", reason_key(trace->reason));
	if (server && trace->verdict != XDP_DROP)
		fprintf(out, ", to %s/%s", tier->name, server->name);
	if (trace->rule != TW_NONE32) {
		fputs(", by ", out);
		failed = print_rule(out, names, trace->rule);
	}
	fputc('\n', out);
	return failed;
}

/* -- JSON ----------------------------------------------------------------------------- */

static json_t *step_json(const struct trace_result *result, const struct names *names,
			 const struct tw_trace_step *step)
{
	char *says = NULL;
	size_t length;
	FILE *out = open_memstream(&says, &length);
	json_t *json = NULL;

	if (!out)
		return NULL;
	if (print_says(out, result, names, step))
		fclose(out);
	else if (!fclose(out))
		json = json_pack("{s:s,s:s}", "stage", stage_name(step->stage), "says", says);
	free(says);
	return json;
}

static json_t *steps_json(const struct trace_result *result, const struct names *names)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < step_count(result->trace); i++)
		if (json_array_append_new(array,
					  step_json(result, names, &result->trace->step[i]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* "web", "web/web1"; NULL: no rule decided, or no memory. */
static json_t *list_json(const struct rule_place *place)
{
	if (!place)
		return NULL;
	return place->server ? json_sprintf("%s/%s", place->owner, place->server)
			     : json_string(place->owner);
}

/* Keys for what there is none of stay away ("s*", "o*"). */
static json_t *trace_json(const struct trace_result *result, const struct names *names)
{
	const struct tw_trace *trace = result->trace;
	const struct rule_place *place = names_rule(names, trace->rule);
	const struct service *service = config_service_of(result->config, trace->service);
	const struct tier *tier;
	const struct server *server = config_server_at(result->config, trace->server, &tier);
	char *rule = place ? rule_place_text(place) : NULL;
	json_t *json;

	json = json_pack("{s:s,s:s*,s:s*,s:o*,s:o*,s:s*,s:s*,s:s*,s:o,s:o*}", "verdict",
			 verdict_name(trace->verdict), "reason",
			 trace->reason < TW_REASON_COUNT ? reason_key(trace->reason) : NULL, "rule",
			 rule, "list", list_json(place), "number",
			 place && place->number ? json_integer(place->number) : NULL, "service",
			 service ? service->name : NULL, "tier", server ? tier->name : NULL,
			 "server", server ? server->name : NULL, "steps", steps_json(result, names),
			 "packet", trace_packet_json(result));
	free(rule);
	return json;
}

int trace_print_json_line(FILE *out, const struct trace_result *result, const struct names *names,
			  uint32_t number)
{
	json_t *json = trace_json(result, names);
	int failed;

	if (!json || json_object_set_new(json, "frame", json_integer(number))) {
		json_decref(json);
		return -ENOMEM;
	}
	failed = json_dumpf(json, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(json);
	return failed ? -EIO : 0;
}

int trace_print_json(FILE *out, const struct trace_result *result)
{
	struct names names;
	int failed = names_read(&names, result->config);

	if (failed)
		return failed;
	failed = json_print(out, trace_json(result, &names));
	names_free(&names);
	return failed;
}
