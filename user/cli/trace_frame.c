/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds the frame that `tierwall trace` sends through the data path.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <string.h>

#include "cli/trace.h"
#include "tierwall/packet.h"

#define TTL              64
#define ICMP_IDENTIFIER  1
#define DONT_FRAGMENT    0x4000
#define IPV6_VERSION     0x60000000u
#define TCP_WINDOW       64240
#define SCTP_HEADER      12
#define SCTP_CHECKSUM    8 /* its offset */
#define SCTP_INIT        1 /* the chunk that asks for an association */
#define SCTP_INIT_LENGTH 20
#define OTHER_LENGTH     8 /* of data, where nothing is known of the protocol */

static void *append(struct trace_frame *frame, size_t length)
{
	void *header = &frame->bytes[frame->length];

	frame->length += length;
	return header;
}

/* -- checksums ----------------------------------------------------------------------- */

static uint32_t sum_words(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (length % 2)
		sum += (uint32_t)bytes[length - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_checksum(void *field, uint16_t value)
{
	uint8_t *bytes = field;

	bytes[0] = value >> 8;
	bytes[1] = value & 0xff;
}

/* The sum over addresses, length and protocol (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint32_t sum_pseudo_header(const struct packet_words *packet, size_t length)
{
	size_t skip = addr_is_ipv4(&packet->source) ? 12 : 0;
	uint32_t sum = sum_words(0, &packet->source.bytes[skip], 16 - skip);

	sum = sum_words(sum, &packet->destination.bytes[skip], 16 - skip);
	return sum + packet->protocol + length;
}

/* RFC 9260, appendix A */
static uint32_t crc32c(const uint8_t *bytes, size_t length)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* -- headers -------------------------------------------------------------------------- */

static void append_ethernet(struct trace_frame *frame, const struct packet_words *packet)
{
	struct ethhdr *ethernet = append(frame, sizeof(*ethernet));

	*ethernet = (struct ethhdr){
		.h_dest = {0x02, 0, 0, 0, 0, 1},
		.h_source = {0x02, 0, 0, 0, 0, 2},
		.h_proto = htons(addr_is_ipv4(&packet->source) ? ETH_P_IP : ETH_P_IPV6),
	};
}

static void append_ipv4(struct trace_frame *frame, const struct packet_words *packet,
			size_t payload)
{
	struct iphdr *ip = append(frame, sizeof(*ip));

	*ip = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tot_len = htons(sizeof(*ip) + payload),
		.frag_off = htons(DONT_FRAGMENT),
		.ttl = TTL,
		.protocol = packet->protocol,
		.saddr = packet->source.words[3],
		.daddr = packet->destination.words[3],
	};
	put_checksum(&ip->check, fold(sum_words(0, ip, sizeof(*ip))));
}

static void append_ipv6(struct trace_frame *frame, const struct packet_words *packet,
			size_t payload)
{
	struct ipv6hdr *ip = append(frame, sizeof(*ip));

	*ip = (struct ipv6hdr){
		.version = 6,
		.payload_len = htons(payload),
		.nexthdr = packet->protocol,
		.hop_limit = TTL,
	};
	memcpy(&ip->saddr, &packet->source, sizeof(ip->saddr));
	memcpy(&ip->daddr, &packet->destination, sizeof(ip->daddr));
}

static uint16_t source_port(const struct packet_words *packet)
{
	return packet->source_port ? packet->source_port : TRACE_SOURCE_PORT;
}

static void append_tcp(struct trace_frame *frame, const struct packet_words *packet)
{
	struct tw_tcp *tcp = append(frame, sizeof(*tcp));
	uint32_t sum;

	*tcp = (struct tw_tcp){
		.source = htons(source_port(packet)),
		.dest = htons(packet->destination_port),
		.seq = htonl(1),
		.offset = sizeof(*tcp) / 4 << 4,
		.flags = packet->has_flags ? packet->flags : TW_SYN,
		.window = htons(TCP_WINDOW),
	};
	if (tcp->flags & TW_ACK)
		tcp->ack = htonl(1);
	sum = sum_words(sum_pseudo_header(packet, sizeof(*tcp)), tcp, sizeof(*tcp));
	put_checksum(&tcp->check, fold(sum));
}

static void append_udp(struct trace_frame *frame, const struct packet_words *packet)
{
	struct udphdr *udp = append(frame, sizeof(*udp));
	uint16_t check;

	*udp = (struct udphdr){
		.source = htons(source_port(packet)),
		.dest = htons(packet->destination_port),
		.len = htons(sizeof(*udp)),
	};
	check = fold(sum_words(sum_pseudo_header(packet, sizeof(*udp)), udp, sizeof(*udp)));
	put_checksum(&udp->check, check ? check : 0xffff); /* 0 says that there is no checksum */
}

static void append_sctp(struct trace_frame *frame, const struct packet_words *packet)
{
	uint8_t *header = append(frame, SCTP_HEADER + SCTP_INIT_LENGTH);
	struct tw_ports *ports = (struct tw_ports *)header;
	uint8_t *chunk = header + SCTP_HEADER;
	uint32_t crc;

	ports->source = htons(source_port(packet));
	ports->dest = htons(packet->destination_port);
	chunk[0] = SCTP_INIT;
	chunk[3] = SCTP_INIT_LENGTH;
	chunk[7] = 1;  /* its tag */
	chunk[10] = 1; /* window: 256 bytes */
	chunk[13] = 1; /* streams out, */
	chunk[15] = 1; /* and in */
	crc = crc32c(header, SCTP_HEADER + SCTP_INIT_LENGTH);
	for (int i = 0; i < 4; i++)
		header[SCTP_CHECKSUM + i] = crc >> 8 * i;
}

static void append_icmp(struct trace_frame *frame, const struct packet_words *packet)
{
	struct tw_icmp *icmp = append(frame, sizeof(*icmp));
	uint32_t sum = 0;
	uint8_t type =
		packet->protocol == IPPROTO_ICMP ? TW_ICMP_ECHO_REQUEST : TW_ICMP6_ECHO_REQUEST;

	*icmp = (struct tw_icmp){
		.type = packet->has_type ? packet->type : type,
		.code = packet->code,
		.id = htons(ICMP_IDENTIFIER),
		.sequence = htons(1),
	};
	if (packet->protocol == IPPROTO_ICMPV6)
		sum = sum_pseudo_header(packet, sizeof(*icmp));
	put_checksum(&icmp->check, fold(sum_words(sum, icmp, sizeof(*icmp))));
}

static size_t payload_length(const struct packet_words *packet)
{
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return sizeof(struct tw_tcp);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return SCTP_HEADER + SCTP_INIT_LENGTH;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return sizeof(struct tw_icmp);
	default:
		return OTHER_LENGTH;
	}
}

static void append_payload(struct trace_frame *frame, const struct packet_words *packet)
{
	switch (packet->protocol) {
	case IPPROTO_TCP:
		append_tcp(frame, packet);
		break;
	case IPPROTO_UDP:
		append_udp(frame, packet);
		break;
	case IPPROTO_SCTP:
		append_sctp(frame, packet);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		append_icmp(frame, packet);
		break;
	default:
		append(frame, OTHER_LENGTH);
	}
}

void trace_frame_build(struct trace_frame *out, const struct packet_words *packet)
{
	size_t payload = payload_length(packet);

	memset(out, 0, sizeof(*out));
	out->is_made = true;
	append_ethernet(out, packet);
	if (addr_is_ipv4(&packet->source))
		append_ipv4(out, packet, payload);
	else
		append_ipv6(out, packet, payload);
	append_payload(out, packet);
	if (out->length < ETH_ZLEN)
		out->length = ETH_ZLEN; /* as a network card pads it */
}
