/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames of a trace: the one that comes out, in words, JSON and hexadecimal, and one
 * that is given in hexadecimal.
 */
#include <ctype.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace.h"
#include "monitor/monitor.h"

#define BYTES_A_LINE 16
#define TAGS_MAX     2
#define TAG_BYTES    4

/* What stands before and in the IP header that frame_decode() does not tell. */
struct outside {
	const uint8_t *ethernet; /* NULL: too short for one */
	uint32_t tags;
	uint16_t vlans[TAGS_MAX];
	bool has_ttl;
	uint8_t ttl, dscp;
};

static uint16_t number16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void read_outside(struct outside *out, const uint8_t *bytes, size_t length)
{
	size_t at = ETH_HLEN;
	uint16_t type;

	*out = (struct outside){.ethernet = length >= ETH_HLEN ? bytes : NULL};
	if (!out->ethernet)
		return;
	type = number16(bytes + at - 2);
	while ((type == ETH_P_8021Q || type == ETH_P_8021AD) && out->tags < TAGS_MAX &&
	       at + TAG_BYTES <= length) {
		out->vlans[out->tags++] = number16(bytes + at) & 0xfff;
		at += TAG_BYTES;
		type = number16(bytes + at - 2);
	}
	if (type == ETH_P_IP && at + 20 <= length) {
		out->has_ttl = true;
		out->ttl = bytes[at + 8];
		out->dscp = bytes[at + 1] >> 2;
	} else if (type == ETH_P_IPV6 && at + 40 <= length) {
		out->has_ttl = true;
		out->ttl = bytes[at + 7];
		out->dscp = number16(bytes + at) >> 6 & 0x3f;
	}
}

static void mac_text(char out[18], const uint8_t *mac)
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (i % BYTES_A_LINE == 0)
			fprintf(out, "%s  %04zx ", i ? "\n" : "", i);
		fprintf(out, " %02x", bytes[i]);
	}
	fputc('\n', out);
}

void trace_packet_print(FILE *out, const struct trace_result *result)
{
	struct outside outside;
	struct decoded packet;
	char source[18], destination[18];

	read_outside(&outside, result->out, result->out_length);
	frame_decode(&packet, result->out, result->out_length);
	fputs("packet: ", out);
	decoded_print(out, &packet);
	if (outside.has_ttl)
		fprintf(out, ", ttl %u, dscp %u", outside.ttl, outside.dscp);
	if (outside.ethernet) {
		mac_text(destination, outside.ethernet);
		mac_text(source, outside.ethernet + ETH_ALEN);
		fprintf(out, ", %s > %s", source, destination);
	}
	for (uint32_t i = 0; i < outside.tags; i++)
		fprintf(out, ", vlan %u", outside.vlans[i]);
	fputc('\n', out);
	if (result->verbose)
		print_hex(out, result->out, result->out_length);
}

static json_t *vlans_json(const struct outside *outside)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < outside->tags; i++)
		json_array_append_new(array, json_integer(outside->vlans[i]));
	return array;
}

static json_t *hex_json(const uint8_t *bytes, size_t length)
{
	char *text = malloc(2 * length + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++)
		snprintf(&text[2 * i], 3, "%02x", bytes[i]);
	json = json_stringn(text, 2 * length);
	free(text);
	return json;
}

json_t *trace_packet_json(const struct trace_result *result)
{
	struct outside outside;
	struct decoded packet;
	char source[18] = "", destination[18] = "";
	json_t *json;

	if (result->trace->verdict == XDP_DROP)
		return NULL;
	read_outside(&outside, result->out, result->out_length);
	frame_decode(&packet, result->out, result->out_length);
	if (outside.ethernet) {
		mac_text(destination, outside.ethernet);
		mac_text(source, outside.ethernet + ETH_ALEN);
	}
	json = json_pack("{s:s*,s:s*,s:o*,s:o*,s:o*,s:I,s:o}", "source_mac",
			 outside.ethernet ? source : NULL, "destination_mac",
			 outside.ethernet ? destination : NULL, "vlans",
			 outside.tags ? vlans_json(&outside) : NULL, "ttl",
			 outside.has_ttl ? json_integer(outside.ttl) : NULL, "dscp",
			 outside.has_ttl ? json_integer(outside.dscp) : NULL, "length",
			 (json_int_t)result->out_length, "hex",
			 hex_json(result->out, result->out_length));
	if (json && decoded_add_json(json, &packet)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int digit_of(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool trace_frame_read(struct trace_frame *out, const char *digits)
{
	size_t count = 0;

	memset(out, 0, sizeof(*out));
	for (; *digits; digits++) {
		int digit = digit_of(*digits);

		if (*digits == ' ' || *digits == ':')
			continue;
		if (digit < 0 || count / 2 >= sizeof(out->bytes))
			return false;
		out->bytes[count / 2] = (uint8_t)(out->bytes[count / 2] << 4 | digit);
		count++;
	}
	out->length = count / 2;
	return count % 2 == 0 && out->length >= TRACE_FRAME_MIN;
}
