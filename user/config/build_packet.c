/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The grammar's actions: one packet in words, as `tierwall trace` takes it. */
#include <netinet/in.h>

#include "config/parse.h"

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static int port_trouble(struct parser *parser, struct word word, uint16_t port)
{
	struct quoted quoted;

	if (!port || has_ports(parser->packet.protocol))
		return 0;
	return parser_mistake(parser, word.at,
			      "`%s` has a port, which only tcp, udp and sctp have: leave it out",
			      quote(&quoted, word));
}

int build_endpoints(struct parser *parser, struct word source, struct word destination)
{
	struct packet_words *packet = &parser->packet;
	bool ipv4;
	int result;

	result = word_endpoint(parser, source, &packet->source, &packet->source_port);
	if (!result)
		result = word_endpoint(parser, destination, &packet->destination,
				       &packet->destination_port);
	if (!result)
		result = port_trouble(parser, source, packet->source_port);
	if (!result)
		result = port_trouble(parser, destination, packet->destination_port);
	if (result)
		return result;
	ipv4 = addr_is_ipv4(&packet->source);
	if (ipv4 != addr_is_ipv4(&packet->destination))
		return parser_mistake(parser, destination.at,
				      "source and destination are not of one family: one is IPv4, "
				      "the other IPv6");
	if ((packet->protocol == IPPROTO_ICMP && !ipv4) ||
	    (packet->protocol == IPPROTO_ICMPV6 && ipv4))
		return parser_mistake(parser, source.at, "`%s` is of %s: write `%s`",
				      ipv4 ? "icmp6" : "icmp", ipv4 ? "IPv6" : "IPv4",
				      ipv4 ? "icmp" : "icmp6");
	return 0;
}

int build_packet_flags(struct parser *parser, struct word keyword, struct word flags)
{
	struct packet_words *packet = &parser->packet;
	uint8_t mask;
	int result = build_once(parser, ONCE_FLAGS, keyword);

	if (result)
		return result;
	if (packet->protocol != IPPROTO_TCP)
		return parser_mistake(parser, keyword.at, "only a packet of tcp has `flags`");
	result = word_flags(parser, flags, &mask, &packet->flags);
	if (!result && mask != packet->flags)
		return parser_mistake(parser, flags.at,
				      "name the flags that the packet has; it has no others");
	packet->has_flags = true;
	return result;
}

int build_packet_type(struct parser *parser, struct word keyword, struct word type)
{
	struct packet_words *packet = &parser->packet;
	int result = build_once(parser, ONCE_TYPE, keyword);

	if (result)
		return result;
	if (packet->protocol != IPPROTO_ICMP && packet->protocol != IPPROTO_ICMPV6)
		return parser_mistake(parser, keyword.at,
				      "only a packet of icmp or icmp6 has a `type`");
	packet->has_type = true;
	return word_icmp_type(parser, type, packet->protocol, &packet->type);
}
