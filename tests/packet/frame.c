/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frame builder: layers are written from the outside in, then lengths and checksums. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

void set16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static uint8_t *put(struct frame *frame, size_t length)
{
	uint8_t *at = frame->bytes + frame->length;

	if (frame->length + length > FRAME_MAX) {
		fprintf(stderr, "a frame of more than %d bytes\n", FRAME_MAX);
		abort();
	}
	memset(at, 0, length);
	frame->length += length;
	return at;
}

static void put16(struct frame *frame, uint16_t value)
{
	set16(put(frame, 2), value);
}

static uint32_t sum_words(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (; length > 1; length -= 2, bytes += 2)
		sum += get16(bytes);
	return length ? sum + (bytes[0] << 8) : sum;
}

uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	sum = sum_words(bytes, length, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

uint16_t fresh_port(const struct variant *variant)
{
	return FRESH_PORT + variant->run % 40000;
}

static uint16_t port_or_fresh(uint16_t port, const struct variant *variant)
{
	if (port == ASSIGNED)
		return variant->assigned;
	return port && port != FRESH_PORT_HERE ? port : fresh_port(variant);
}

enum party party_now(enum party party, const struct variant *variant)
{
	if (party == UNCHOSEN)
		return variant->chosen == WEB1 ? WEB2 : WEB1;
	return party == CHOSEN ? variant->chosen : party;
}

/* -- link layer ------------------------------------------------------------------ */

static void put_tags(struct frame *frame, unsigned int tags, bool priority)
{
	for (unsigned int left = tags; left; left--) {
		put16(frame, left > 1 ? ETH_P_8021AD : ETH_P_8021Q);
		/* priority 5, VLAN 100 is the inner one */
		put16(frame, 5 << 13 | (priority ? 0 : 99 + left));
	}
}

static void put_ethernet(struct frame *frame, const struct packet *packet,
			 const struct variant *variant)
{
	enum party from = party_now(packet->from, variant), via = party_now(packet->via, variant);
	uint8_t *ethernet = put(frame, 2 * ETH_ALEN);
	uint16_t type = variant->family == IPV4 ? ETH_P_IP : ETH_P_IPV6;

	if (via) {
		frame->device = party_device(via);
		party_mac(via, ethernet);
		device_mac(frame->device, ethernet + ETH_ALEN);
	} else {
		frame->device = packet->device ? packet->device : party_device(from);
		device_mac(frame->device, ethernet);
		party_mac(from, ethernet + ETH_ALEN);
	}
	if (packet->destination_mac)
		mac_parse(packet->destination_mac, ethernet);
	if (packet->source_mac)
		mac_parse(packet->source_mac, ethernet + ETH_ALEN);
	put_tags(frame, variant->tags + packet->extra_tags, packet->priority_tags);
	put16(frame, packet->ethertype ? packet->ethertype : type);
}

/* -- transport layer ---------------------------------------------------------------- */

static uint8_t wire_protocol(const struct packet *packet, enum family family)
{
	if (packet->protocol == PING || packet->protocol == PONG)
		return family == IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	return packet->protocol;
}

/* As much of an IP packet as there is room for, as an ICMP error has it. */
static void quote(uint8_t *out, size_t length, const struct packet *quoted,
		  const struct variant *variant)
{
	static struct frame frame;
	size_t available;

	frame_build(&frame, quoted, variant);
	available = frame.length - frame.network;
	memcpy(out, frame.bytes + frame.network, length < available ? length : available);
}

static void put_payload(struct frame *frame, const struct packet *packet,
			const struct variant *variant)
{
	uint8_t *payload = put(frame, packet->payload);

	for (size_t i = 0; i < packet->payload; i++)
		payload[i] = 0x30 + i % 75;
	if (packet->quotes)
		quote(payload, packet->payload, packet->quotes, variant);
	if (packet->word && packet->payload >= 4) {
		set16(payload, packet->word >> 16);
		set16(payload + 2, packet->word);
	}
}

static void put_tcp(struct frame *frame, const struct packet *packet, const struct variant *variant)
{
	uint8_t *tcp = put(frame, 20);
	uint8_t *options = put(frame, packet->tcp_options * 4);

	set16(tcp, port_or_fresh(packet->from_port, variant));
	set16(tcp + 2, port_or_fresh(packet->to_port, variant));
	set16(tcp + 4, 0x1234);
	set16(tcp + 6, variant->run);
	if (packet->flags & ACK)
		set16(tcp + 10, 0x4321);
	tcp[12] = (5 + packet->tcp_options + packet->tcp_header_words) << 4;
	tcp[13] = packet->flags;
	set16(tcp + 14, 0xfaf0);
	memset(options, 1, packet->tcp_options * 4);
}

static void put_icmp(struct frame *frame, const struct packet *packet,
		     const struct variant *variant)
{
	static const uint8_t echo[2][2] = {[IPV4] = {8, 0}, [IPV6] = {128, 129}};
	uint8_t *icmp = put(frame, 8);

	icmp[0] = packet->type;
	icmp[1] = packet->code;
	if (packet->protocol == PING || packet->protocol == PONG)
		icmp[0] = echo[variant->family][packet->protocol - PING];
	/* The id is `from_port` in a request and, as in ports, `to_port` in a reply. */
	set16(icmp + 4,
	      port_or_fresh(packet->protocol == PONG ? packet->to_port : packet->from_port,
			    variant));
	set16(icmp + 6, 1);
}

/* Returns where in the segment its checksum is, or -1. */
static int put_transport(struct frame *frame, const struct packet *packet,
			 const struct variant *variant)
{
	uint8_t *at;

	switch (packet->fragment_offset ? IPPROTO_RAW : wire_protocol(packet, variant->family)) {
	case IPPROTO_TCP:
		put_tcp(frame, packet, variant);
		put_payload(frame, packet, variant);
		return 16;
	case IPPROTO_UDP:
		at = put(frame, 8);
		set16(at, port_or_fresh(packet->from_port, variant));
		set16(at + 2, port_or_fresh(packet->to_port, variant));
		set16(at + 4, 8 + packet->payload + packet->udp_length);
		put_payload(frame, packet, variant);
		return packet->udp_without_checksum ? -1 : 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put_icmp(frame, packet, variant);
		put_payload(frame, packet, variant);
		return 2;
	case IPPROTO_SCTP:
		at = put(frame, 12);
		set16(at, port_or_fresh(packet->from_port, variant));
		set16(at + 2, port_or_fresh(packet->to_port, variant));
		break;
	}
	put_payload(frame, packet, variant);
	return -1;
}

/* `pseudo` is the sum over the addresses. */
static void finish_transport(struct frame *frame, const struct packet *packet, uint8_t protocol,
			     int checksum_at, uint32_t pseudo)
{
	uint8_t *segment = frame->bytes + frame->transport;
	size_t length = frame->length - frame->transport;

	if (checksum_at >= 0) {
		uint16_t sum;

		/* ICMP alone has no pseudo-header. */
		pseudo = protocol == IPPROTO_ICMP ? 0 : pseudo + protocol + length;
		sum = checksum(segment, length, pseudo);
		if (protocol == IPPROTO_UDP && sum == 0)
			sum = 0xffff;
		set16(segment + checksum_at, sum);
	}
	if (packet->segment && packet->segment < length)
		frame->length = frame->transport + packet->segment;
}

/* -- network layer -------------------------------------------------------------------- */

static void put_addresses(struct frame *frame, const struct packet *packet,
			  const struct variant *variant)
{
	const char *text[2] = {packet->source, packet->destination};
	enum party party[2] = {party_now(packet->from, variant), party_now(packet->to, variant)};
	int family = variant->family == IPV4 ? AF_INET : AF_INET6;

	for (int i = 0; i < 2; i++) {
		uint8_t *at = put(frame, variant->family == IPV4 ? 4 : 16);

		if (!text[i])
			party_address(party[i], variant->family, variant->run, at);
		else if (inet_pton(family, text[i], at) != 1)
			abort();
	}
}

static uint8_t ttl_of(const struct packet *packet)
{
	return packet->ttl == TTL_ZERO ? 0 : packet->ttl ? packet->ttl : 64;
}

static void put_ipv4(struct frame *frame, const struct packet *packet,
		     const struct variant *variant)
{
	uint8_t *ip = put(frame, 12);
	int checksum_at;

	ip[0] = (packet->version ? packet->version : 4) << 4 |
		((5 + packet->options + packet->header_words) & 0xf);
	ip[1] = packet->dscp << 2;
	set16(ip + 4, 0x4000 + variant->run);
	set16(ip + 6,
	      packet->fragment_offset | packet->more_fragments << 13 | packet->dont_fragment << 14);
	ip[8] = ttl_of(packet);
	ip[9] = wire_protocol(packet, IPV4);
	put_addresses(frame, packet, variant);
	memset(put(frame, packet->options * 4), 1, packet->options * 4); /* no operation */

	frame->transport = frame->length;
	checksum_at = put_transport(frame, packet, variant);
	finish_transport(frame, packet, ip[9], checksum_at, sum_words(ip + 12, 8, 0));

	set16(ip + 2, frame->length - frame->network + packet->total_length);
	set16(ip + 10, checksum(ip, 20 + packet->options * 4, 0));
}

static void fill_fragment_header(uint8_t *header, const struct packet *packet,
				 const struct variant *variant)
{
	set16(header + 2, packet->fragment_offset << 3 | packet->more_fragments);
	set16(header + 6, 0x4000 + variant->run);
}

/* Writes one extension header; returns its number for the next-header field before it. */
static uint8_t put_extension(struct frame *frame, enum extension extension,
			     const struct packet *packet, const struct variant *variant)
{
	static const uint8_t numbers[] = {
		[HOP_BY_HOP] = IPPROTO_HOPOPTS,      [ROUTING] = IPPROTO_ROUTING,
		[DESTINATION] = IPPROTO_DSTOPTS,     [AUTHENTICATION] = IPPROTO_AH,
		[WHOLE_FRAGMENT] = IPPROTO_FRAGMENT, [FRAGMENT_HERE] = IPPROTO_FRAGMENT,
	};
	uint8_t *header = put(frame, extension == AUTHENTICATION ? 24 : 8);

	switch (extension) {
	case HOP_BY_HOP:
	case DESTINATION:
		header[2] = 1; /* PadN over the other 4 bytes */
		header[3] = 4;
		break;
	case ROUTING:
		header[2] = 2; /* mobile IPv6, no segments left */
		break;
	case AUTHENTICATION:
		header[1] = 4; /* words beyond two */
		header[7] = 1;
		break;
	case FRAGMENT_HERE:
		fill_fragment_header(header, packet, variant);
		break;
	default:
		break;
	}
	return numbers[extension];
}

/* Writes the chain between the IPv6 header and `protocol`. */
static void put_extensions(struct frame *frame, const struct packet *packet,
			   const struct variant *variant, uint8_t *next, uint8_t protocol)
{
	bool is_fragment = packet->fragment_offset || packet->more_fragments;
	uint8_t *header;

	for (size_t i = 0; i < EXTENSIONS_MAX && packet->extensions[i]; i++) {
		header = frame->bytes + frame->length;
		*next = put_extension(frame, packet->extensions[i], packet, variant);
		is_fragment &= packet->extensions[i] != FRAGMENT_HERE;
		next = header;
		if (i + 1 == EXTENSIONS_MAX || !packet->extensions[i + 1])
			header[1] += packet->extension_units;
	}
	if (is_fragment) {
		header = frame->bytes + frame->length;
		*next = put_extension(frame, FRAGMENT_HERE, packet, variant);
		next = header;
	}
	*next = protocol;
}

static void put_ipv6(struct frame *frame, const struct packet *packet,
		     const struct variant *variant)
{
	uint8_t *ip = put(frame, 8), protocol = wire_protocol(packet, IPV6);
	uint32_t first = (packet->version ? packet->version : 6) << 12 | packet->dscp << 6;
	int checksum_at;

	set16(ip, first);
	set16(ip + 2, 0xbeef); /* flow label */
	ip[7] = ttl_of(packet);
	put_addresses(frame, packet, variant);
	put_extensions(frame, packet, variant, ip + 6, protocol);

	frame->transport = frame->length;
	checksum_at = put_transport(frame, packet, variant);
	finish_transport(frame, packet, protocol, checksum_at, sum_words(ip + 8, 32, 0));

	set16(ip + 4, frame->length - frame->network - 40 + packet->total_length);
}

void frame_build(struct frame *frame, const struct packet *packet, const struct variant *variant)
{
	frame->length = 0;
	put_ethernet(frame, packet, variant);
	frame->network = frame->transport = frame->length;
	if (packet->ethertype)
		put_payload(frame, packet, variant);
	else if (variant->family == IPV4)
		put_ipv4(frame, packet, variant);
	else
		put_ipv6(frame, packet, variant);
	memset(put(frame, packet->padding), 0xcc, packet->padding);
	frame->length -= packet->cut;
	frame->linear = frame->length;
}

/* -- printing ----------------------------------------------------------------------------- */

static void print_line(FILE *out, const uint8_t *bytes, size_t length, size_t from,
		       const struct frame *expected)
{
	fprintf(out, "    %04zx ", from);
	for (size_t i = from; i < from + 16 && i < length; i++) {
		bool differs =
			expected && (i >= expected->length || bytes[i] != expected->bytes[i]);

		fprintf(out, "%c%02x", differs ? '*' : ' ', bytes[i]);
	}
	fputc('\n', out);
}

void frame_print(FILE *out, const uint8_t *bytes, size_t length, const struct frame *expected)
{
	size_t shown = length < 256 ? length : 256;

	for (size_t at = 0; at < shown; at += 16)
		print_line(out, bytes, length, at, expected);
	if (shown < length)
		fprintf(out, "    ... %zu bytes in all\n", length);
	if (expected && expected->length != length)
		fprintf(out, "    %zu bytes where %zu were expected\n", length, expected->length);
}
