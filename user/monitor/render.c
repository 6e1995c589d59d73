/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events as text and as JSON, a line each. */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/trace.h"
#include "config/names.h"
#include "monitor/monitor.h"
#include "stats/json.h"
#include "stats/stats.h"

#define NS_PER_SECOND 1000000000u

static const char *reason_of(const struct sighting *sighting)
{
	uint8_t reason = sighting->event->reason;

	return reason < TW_REASON_COUNT ? reason_key(reason) : NULL;
}

static const char *action_of(const struct sighting *sighting)
{
	uint8_t action = sighting->event->action;

	return action_name(action <= TW_REJECT ? action : TW_DROP);
}

/* -- text ------------------------------------------------------------------------------ */

int sighting_print_cause(FILE *out, const struct sighting *sighting)
{
	const char *reason = reason_of(sighting);

	fputs(action_of(sighting), out);
	if (reason)
		fprintf(out, " %s", reason);
	if (sighting->rule) {
		fputs(": ", out);
		return rule_place_print(out, sighting->rule, "", '"');
	}
	if (sighting->service)
		fprintf(out, ": service %s", sighting->service->name);
	else if (sighting->server)
		fprintf(out, ": server %s/%s", sighting->tier->name, sighting->server->name);
	return 0;
}

static void print_end(FILE *out, const union tw_addr *addr, bool has_port, uint16_t port)
{
	bool brackets = has_port && !addr_is_ipv4(addr);

	fputs(brackets ? "[" : "", out);
	address_print(out, addr);
	fputs(brackets ? "]" : "", out);
	if (has_port)
		fprintf(out, ":%u", port);
}

#define FLAGS_TEXT 40

/* "syn,ack", or "none". */
static void flags_text(char out[FLAGS_TEXT], uint8_t flags)
{
	size_t length = 0;

	for (const struct name *flag = tcp_flags; flag->name; flag++)
		if (flags & flag->number)
			length += (size_t)snprintf(out + length, FLAGS_TEXT - length, "%s%s",
						   length ? "," : "", flag->name);
	if (!length)
		snprintf(out, FLAGS_TEXT, "none");
}

static void print_type(FILE *out, const struct decoded *packet)
{
	const char *type = name_of(icmp_types(packet->protocol), packet->type);
	const char *code = name_of(icmp_codes(packet->protocol, packet->type), packet->code);

	if (type)
		fprintf(out, " %s", type);
	else
		fprintf(out, " type %u", packet->type);
	if (code)
		fprintf(out, " %s", code);
	else if (packet->code)
		fprintf(out, " code %u", packet->code);
}

void decoded_print(FILE *out, const struct decoded *packet)
{
	char flags[FLAGS_TEXT];

	if (!packet->has_addresses) {
		if (packet->has_ethertype)
			fprintf(out, "ethertype 0x%04x", packet->ethertype);
		else
			fputs("no Ethernet header", out);
		return;
	}
	fprintf(out, "%s ", protocol_name(packet->protocol));
	print_end(out, &packet->source, packet->has_ports, packet->source_port);
	fputs(" > ", out);
	print_end(out, &packet->destination, packet->has_ports, packet->destination_port);
	if (packet->has_flags) {
		flags_text(flags, packet->flags);
		fprintf(out, " %s", flags);
	}
	if (packet->has_type)
		print_type(out, packet);
	if (packet->fragment_offset)
		fprintf(out, " fragment at %u", packet->fragment_offset);
	fprintf(out, " length %u", packet->length);
}

int sighting_print_text(FILE *out, const struct sighting *sighting)
{
	time_t second = (time_t)(sighting->time / NS_PER_SECOND);
	struct tm local;
	char clock[16];
	int result;

	localtime_r(&second, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	fprintf(out, "%s.%06" PRIu64 " ", clock, sighting->time % NS_PER_SECOND / 1000);
	result = sighting_print_cause(out, sighting);
	fputs(", ", out);
	decoded_print(out, &sighting->packet);
	fprintf(out, " in %s\n", sighting->device);
	return result;
}

/* -- JSON ------------------------------------------------------------------------------- */

static json_t *printed_address(const union tw_addr *addr)
{
	char text[64] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		return NULL;
	address_print(out, addr);
	fclose(out);
	return json_string(text);
}

static json_t *time_json(uint64_t time)
{
	time_t second = (time_t)(time / NS_PER_SECOND);
	struct tm utc;
	char text[32];

	gmtime_r(&second, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_sprintf("%s.%09uZ", text, (unsigned int)(time % NS_PER_SECOND));
}

static json_t *bytes_json(const uint8_t *bytes, size_t length)
{
	char text[2 * TW_SNAP_MAX + 1];

	if (length > TW_SNAP_MAX)
		length = TW_SNAP_MAX;
	for (size_t i = 0; i < length; i++)
		sprintf(&text[2 * i], "%02x", bytes[i]);
	return json_stringn(text, 2 * length);
}

int decoded_add_json(json_t *root, const struct decoded *packet)
{
	char flags[FLAGS_TEXT];
	json_t *more;
	int failed;

	if (!packet->has_addresses)
		return packet->has_ethertype ? json_object_set_new(root, "ethertype",
								   json_integer(packet->ethertype))
					     : 0;
	flags_text(flags, packet->flags);
	more = json_pack(
		"{s:s,s:o,s:o,s:o*,s:o*,s:s*,s:o*,s:o*,s:o*}", "protocol",
		protocol_name(packet->protocol), "source", printed_address(&packet->source),
		"destination", printed_address(&packet->destination), "source_port",
		packet->has_ports ? json_integer(packet->source_port) : NULL, "destination_port",
		packet->has_ports ? json_integer(packet->destination_port) : NULL, "flags",
		packet->has_flags ? flags : NULL, "type",
		packet->has_type ? json_integer(packet->type) : NULL, "code",
		packet->has_type ? json_integer(packet->code) : NULL, "fragment_offset",
		packet->fragment_offset ? json_integer(packet->fragment_offset) : NULL);
	failed = json_object_update(root, more);
	json_decref(more);
	return failed;
}

/* The keys of `trace` where it has the same. */
static json_t *sighting_json(const struct sighting *sighting)
{
	const struct tw_event *event = sighting->event;
	const struct rule_place *place = sighting->rule;
	char *rule = place ? rule_place_text(place) : NULL;
	json_t *list = NULL, *root;

	if (place && place->server)
		list = json_sprintf("%s/%s", place->owner, place->server);
	else if (place)
		list = json_string(place->owner);
	root = json_pack("{s:o,s:s,s:s,s:s*,s:s,s:s*,s:o*,s:o*,s:s*,s:s*,s:s*,s:s*,s:s,s:i}",
			 "time", time_json(sighting->time), "event",
			 event->kind & TW_EVENT_LOG ? "log" : "drop", "verdict",
			 action_of(sighting), "reason", reason_of(sighting), "stage",
			 stage_name(event->stage), "rule", rule, "list", list, "number",
			 place && place->number ? json_integer(place->number) : NULL, "name",
			 place && place->rule ? place->rule->name : NULL, "service",
			 sighting->service ? sighting->service->name : NULL, "tier",
			 sighting->tier ? sighting->tier->name : NULL, "server",
			 sighting->server ? sighting->server->name : NULL, "device",
			 sighting->device, "length", (int)event->length);
	free(rule);
	if (decoded_add_json(root, &sighting->packet) ||
	    json_object_set_new(root, "packet", bytes_json(sighting->frame, event->captured))) {
		json_decref(root);
		return NULL;
	}
	return root;
}

int sighting_print_json(FILE *out, const struct sighting *sighting)
{
	json_t *json = sighting_json(sighting);

	if (!json)
		return -ENOMEM;
	json_dumpf(json, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(json);
	return 0;
}
