/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nft's selectors and the types of what they are compared with. */
#include "import/nft.h"

static const struct word_number family_words[] = {
	{"ipv4", FAMILY_IPV4},
	{"ipv6", FAMILY_IPV6},
	{"ip", FAMILY_IPV4},
	{"ip6", FAMILY_IPV6},
	{"0x0800", FAMILY_IPV4},
	{"0x86dd", FAMILY_IPV6},
	{},
};

static const struct nft_type types[] = {
	{"ipv4_addr", FIELD_SOURCE, 0, NULL, true, false, FAMILY_IPV4},
	{"ipv6_addr", FIELD_SOURCE, 0, NULL, true, false, FAMILY_IPV6},
	{"inet_service", FIELD_DESTINATION_PORT, UINT16_MAX, NULL, false, false, 0},
	{"inet_proto", FIELD_PROTOCOL, UINT8_MAX, protocol_words, false, false, 0},
	{"icmp_type", FIELD_TYPE, UINT8_MAX, icmp_words, false, false, 0},
	{"icmpv6_type", FIELD_TYPE, UINT8_MAX, icmp6_words, false, false, 0},
	{"icmp_code", FIELD_CODE, UINT8_MAX, code_words, false, false, 0},
	{"icmpv6_code", FIELD_CODE, UINT8_MAX, code6_words, false, false, 0},
	{"tcp_flag", FIELD_FLAGS, UINT8_MAX, flag_words, false, false, 0},
	{"dscp", FIELD_DSCP, 63, dscp_words, false, false, 0},
	{"ct_state", FIELD_STATE, 0, state_words, false, false, 0},
	{"ifname", FIELD_DEVICE, 0, NULL, false, true, 0},
	{"iface_index", FIELD_DEVICE, 0, NULL, false, true, 0},
	{"nf_proto", FIELD_FAMILY, 0, family_words, false, false, 0},
	{"length", FIELD_LENGTH, UINT16_MAX, NULL, false, false, 0},
	{"ttl", FIELD_TTL, UINT8_MAX, NULL, false, false, 0},
	{"frag", FIELD_PART, UINT16_MAX, NULL, false, false, 0},
	{},
};

static const struct nft_selector selectors[] = {
	{{"ip", "saddr"}, "ipv4_addr", FIELD_SOURCE, FAMILY_IPV4, -1},
	{{"ip", "daddr"}, "ipv4_addr", FIELD_DESTINATION, FAMILY_IPV4, -1},
	{{"ip6", "saddr"}, "ipv6_addr", FIELD_SOURCE, FAMILY_IPV6, -1},
	{{"ip6", "daddr"}, "ipv6_addr", FIELD_DESTINATION, FAMILY_IPV6, -1},
	{{"ip", "protocol"}, "inet_proto", FIELD_PROTOCOL, FAMILY_IPV4, -1},
	{{"ip6", "nexthdr"}, "inet_proto", FIELD_PROTOCOL, FAMILY_IPV6, -1},
	{{"meta", "l4proto"}, "inet_proto", FIELD_PROTOCOL, -1, -1},
	{{"tcp", "sport"}, "inet_service", FIELD_SOURCE_PORT, -1, 6},
	{{"tcp", "dport"}, "inet_service", FIELD_DESTINATION_PORT, -1, 6},
	{{"udp", "sport"}, "inet_service", FIELD_SOURCE_PORT, -1, 17},
	{{"udp", "dport"}, "inet_service", FIELD_DESTINATION_PORT, -1, 17},
	{{"sctp", "sport"}, "inet_service", FIELD_SOURCE_PORT, -1, 132},
	{{"sctp", "dport"}, "inet_service", FIELD_DESTINATION_PORT, -1, 132},
	{{"th", "sport"}, "inet_service", FIELD_SOURCE_PORT, -1, -1},
	{{"th", "dport"}, "inet_service", FIELD_DESTINATION_PORT, -1, -1},
	{{"tcp", "flags"}, "tcp_flag", FIELD_FLAGS, -1, 6},
	{{"icmp", "type"}, "icmp_type", FIELD_TYPE, FAMILY_IPV4, 1},
	{{"icmp", "code"}, "icmp_code", FIELD_CODE, FAMILY_IPV4, 1},
	{{"icmpv6", "type"}, "icmpv6_type", FIELD_TYPE, FAMILY_IPV6, 58},
	{{"icmpv6", "code"}, "icmpv6_code", FIELD_CODE, FAMILY_IPV6, 58},
	{{"ip", "ttl"}, "ttl", FIELD_TTL, FAMILY_IPV4, -1},
	{{"ip6", "hoplimit"}, "ttl", FIELD_TTL, FAMILY_IPV6, -1},
	{{"ip", "dscp"}, "dscp", FIELD_DSCP, FAMILY_IPV4, -1},
	{{"ip6", "dscp"}, "dscp", FIELD_DSCP, FAMILY_IPV6, -1},
	{{"ip", "length"}, "length", FIELD_LENGTH, FAMILY_IPV4, -1},
	{{"meta", "length"}, "length", FIELD_LENGTH, -1, -1},
	{{"ip", "frag-off"}, "frag", FIELD_PART, FAMILY_IPV4, -1},
	{{"ct", "state"}, "ct_state", FIELD_STATE, -1, -1},
	{{"meta", "nfproto"}, "nf_proto", FIELD_FAMILY, -1, -1},
	{{"meta", "protocol"}, "nf_proto", FIELD_FAMILY, -1, -1},
	{{"ether", "type"}, "nf_proto", FIELD_FAMILY, -1, -1},
	{{"meta", "iifname"}, "ifname", FIELD_DEVICE, -1, -1},
	{{"meta", "iif"}, "iface_index", FIELD_DEVICE, -1, -1},
	{{"iifname", NULL}, "ifname", FIELD_DEVICE, -1, -1},
	{{"iif", NULL}, "iface_index", FIELD_DEVICE, -1, -1},
	{{NULL, NULL}, NULL, FIELD_COUNT, -1, -1},
};

const struct nft_type *nft_type(struct text name)
{
	for (const struct nft_type *type = types; type->name; type++)
		if (text_is(name, type->name))
			return type;
	return NULL;
}

const struct nft_selector *nft_selector(struct nft *nft)
{
	for (const struct nft_selector *selector = selectors; selector->words[0]; selector++) {
		size_t before = nft->at;

		if (nft_take(nft, selector->words[0]) &&
		    (!selector->words[1] || nft_take(nft, selector->words[1])))
			return selector;
		nft->at = before;
	}
	return NULL;
}

static bool device_value(struct nft *nft, struct text name, struct span *out)
{
	size_t index;

	if (memchr(name.start, '*', name.length) || !import_device_named(nft->import, name, &index))
		return false;
	out->low = out->high = index;
	return true;
}

bool nft_value(struct nft *nft, const struct nft_type *type, struct span *out)
{
	const struct token *token = nft_peek(nft);
	bool right;

	if (token->kind != TOKEN_WORD && token->kind != TOKEN_STRING)
		return false;
	if (type->is_device)
		right = device_value(nft, token->text, out);
	else if (type->is_address)
		right = read_addresses(token->text, type->family, out);
	else if (type->names && read_named(token->text, type->names, type->max, &out->low))
		right = (out->high = out->low, true);
	else
		right = type->max && read_range(token->text, '-', type->max, out);
	if (right)
		nft->at++;
	return right;
}
