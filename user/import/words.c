/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of listings to numbers. */
#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#include "config/parse.h"
#include "import/words.h"

const struct word_number protocol_words[] = {
	{"tcp", 6},    {"udp", 17},   {"icmp", 1},      {"ipv6-icmp", 58}, {"icmpv6", 58},
	{"sctp", 132}, {"igmp", 2},   {"esp", 50},      {"ah", 51},        {"gre", 47},
	{"ipip", 94},  {"ospf", 89},  {"udplite", 136}, {"dccp", 33},      {"vrrp", 112},
	{"comp", 108}, {"pim", 103},  {"ipencap", 4},   {"ipv6", 41},      {"l2tp", 115},
	{"ipv4", 4},   {"eigrp", 88}, {"ospfigp", 89},  {"isis", 124},     {},
};

const struct word_number icmp_words[] = {
	{"echo-reply", 0},           {"destination-unreachable", 3},
	{"source-quench", 4},        {"redirect", 5},
	{"echo-request", 8},         {"router-advertisement", 9},
	{"router-solicitation", 10}, {"time-exceeded", 11},
	{"parameter-problem", 12},   {"timestamp-request", 13},
	{"timestamp-reply", 14},     {"info-request", 15},
	{"info-reply", 16},          {"address-mask-request", 17},
	{"address-mask-reply", 18},  {},
};

const struct word_number icmp6_words[] = {
	{"destination-unreachable", 1}, {"packet-too-big", 2},
	{"time-exceeded", 3},           {"parameter-problem", 4},
	{"echo-request", 128},          {"echo-reply", 129},
	{"mld-listener-query", 130},    {"mld-listener-report", 131},
	{"mld-listener-done", 132},     {"mld-listener-reduction", 132},
	{"nd-router-solicit", 133},     {"nd-router-advert", 134},
	{"nd-neighbor-solicit", 135},   {"nd-neighbor-advert", 136},
	{"nd-redirect", 137},           {"router-renumbering", 138},
	{"ind-neighbor-solicit", 141},  {"ind-neighbor-advert", 142},
	{"mld2-listener-report", 143},  {},
};

const struct word_number flag_words[] = {
	{"fin", 0x01}, {"syn", 0x02}, {"rst", 0x04}, {"psh", 0x08}, {"ack", 0x10}, {"urg", 0x20},
	{"ecn", 0x40}, {"ece", 0x40}, {"cwr", 0x80}, {"none", 0},   {"all", 0x3f}, {},
};

const struct word_number dscp_words[] = {
	{"cs0", 0},   {"df", 0},    {"be", 0},    {"le", 1},    {"cs1", 8},   {"af11", 10},
	{"af12", 12}, {"af13", 14}, {"cs2", 16},  {"af21", 18}, {"af22", 20}, {"af23", 22},
	{"cs3", 24},  {"af31", 26}, {"af32", 28}, {"af33", 30}, {"cs4", 32},  {"af41", 34},
	{"af42", 36}, {"af43", 38}, {"cs5", 40},  {"va", 44},   {"ef", 46},   {"cs6", 48},
	{"cs7", 56},  {},
};

const struct word_number code_words[] = {
	{"net-unreachable", 0},  {"host-unreachable", 1},  {"prot-unreachable", 2},
	{"port-unreachable", 3}, {"frag-needed", 4},       {"net-prohibited", 9},
	{"host-prohibited", 10}, {"admin-prohibited", 13}, {},
};

const struct word_number code6_words[] = {
	{"no-route", 0},
	{"admin-prohibited", 1},
	{"addr-unreachable", 3},
	{"port-unreachable", 4},
	{"policy-fail", 5},
	{"reject-route", 6},
	{},
};

const struct word_number cast_words[] = {
	{"LOCAL", CAST_LOCAL},
	{"BROADCAST", CAST_BROADCAST},
	{"MULTICAST", CAST_MULTICAST},
	{},
};

const struct word_number state_words[] = {
	{"new", FLOW_NEW},         {"established", FLOW_ESTABLISHED}, {"related", FLOW_RELATED},
	{"invalid", FLOW_INVALID}, {"untracked", FLOW_UNTRACKED},     {},
};

bool read_number(struct text text, wide max, wide *out)
{
	unsigned int base = 10;
	wide number = 0;

	if (text.length > 2 && text.start[0] == '0' && text.start[1] == 'x') {
		base = 16;
		text.start += 2;
		text.length -= 2;
	}
	if (!text.length)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		int c = tolower((unsigned char)text.start[i]);
		unsigned int digit = isdigit(c)   ? (unsigned int)(c - '0')
				     : isalpha(c) ? (unsigned int)(c - 'a' + 10)
						  : 99;

		if (digit >= base)
			return false;
		number = number * base + digit;
		if (number > max)
			return false;
	}
	*out = number;
	return true;
}

struct text split(struct text *rest, char separator)
{
	const char *at = rest->length ? memchr(rest->start, separator, rest->length) : NULL;
	struct text first = *rest;

	if (!at) {
		*rest = (struct text){};
		return first;
	}
	first.length = (size_t)(at - rest->start);
	rest->start = at + 1;
	rest->length -= first.length + 1;
	return first;
}

bool read_range(struct text text, char separator, wide max, struct span *out)
{
	struct text rest = text, low = split(&rest, separator);

	if (!rest.start) {
		out->high = 0;
		return read_number(low, max, &out->low) && (out->high = out->low, true);
	}
	out->low = 0;
	out->high = max;
	if (low.length && !read_number(low, max, &out->low))
		return false;
	if (rest.length && !read_number(rest, max, &out->high))
		return false;
	return out->low <= out->high && (low.length || rest.length);
}

bool read_named(struct text text, const struct word_number *names, wide max, wide *out)
{
	for (; names->name; names++)
		if (strlen(names->name) == text.length &&
		    !strncasecmp(names->name, text.start, text.length)) {
			*out = names->number;
			return true;
		}
	return max && read_number(text, max, out);
}

char *text_copy(struct import *import, struct text text)
{
	char *copy = import_alloc(import, text.length + 1);

	if (text.length)
		memcpy(copy, text.start, text.length);
	return copy;
}

bool import_device_named(struct import *import, struct text name, size_t *index)
{
	const char *copy = text_copy(import, name);

	/* a listing escapes what is not plain: such a name is not what stands in it */
	for (const char *c = copy; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '\\')
			return false;
	if (strlen(copy) != name.length || device_name_trouble(copy))
		return false;
	*index = import_device(import, copy);
	return true;
}

/* -- addresses -------------------------------------------------------------------------- */

static bool read_address(struct text text, unsigned int family, wide *out)
{
	char copy[INET6_ADDRSTRLEN];
	union tw_addr addr = {};

	if (text.length >= sizeof(copy))
		return false;
	memcpy(copy, text.start, text.length);
	copy[text.length] = 0;
	if (family == FAMILY_IPV4) {
		if (inet_pton(AF_INET, copy, &addr.words[3]) != 1)
			return false;
		addr.words[2] = htonl(0xffff);
	} else if (inet_pton(AF_INET6, copy, &addr) != 1) {
		return false;
	}
	*out = 0;
	for (int i = 0; i < 16; i++)
		*out = *out << 8 | addr.bytes[i];
	return true;
}

/* The bits behind a prefix of so many bits. */
static wide bits_behind(unsigned int bits)
{
	return bits ? ((wide)1 << (128 - bits)) - 1 : ~(wide)0;
}

/* A mask as bits or as an address without holes. */
static bool read_mask(struct text text, unsigned int family, wide *behind)
{
	unsigned int offset = family == FAMILY_IPV4 ? 96 : 0;
	wide number, mask;

	if (read_number(text, 128 - offset, &number)) {
		*behind = bits_behind((unsigned int)number + offset);
		return true;
	}
	if (!read_address(text, family, &mask))
		return false;
	if (family == FAMILY_IPV4)
		mask |= ~(wide)0 << 32;
	*behind = ~mask;
	return !(*behind & (*behind + 1));
}

bool read_addresses(struct text text, unsigned int family, struct span *out)
{
	struct text rest = text, first;
	wide behind;

	if (text.length && memchr(text.start, '-', text.length)) {
		first = split(&rest, '-');
		return read_address(first, family, &out->low) &&
		       read_address(rest, family, &out->high) && out->low <= out->high;
	}
	first = split(&rest, '/');
	if (!read_address(first, family, &out->low))
		return false;
	out->high = out->low;
	if (!rest.start)
		return true;
	if (!read_mask(rest, family, &behind))
		return false;
	out->low &= ~behind;
	out->high = out->low | behind;
	return true;
}

/* -- rates -------------------------------------------------------------------------------- */

static bool begins(const char *word, struct text text)
{
	return text.length && text.length <= strlen(word) && !memcmp(word, text.start, text.length);
}

bool read_rate(struct text text, struct limit *out)
{
	struct text unit = text, number = split(&unit, '/');
	wide rate;

	if (!read_number(number, UINT32_MAX, &rate) || !rate)
		return false;
	out->rate = (uint32_t)rate;
	out->unit = 's';
	if (begins("second", unit))
		return true;
	out->unit = 'm';
	if (begins("minute", unit))
		return true;
	out->unit = 'h';
	if (begins("hour", unit))
		return true;
	if (!begins("day", unit) || out->rate % 24)
		return false;
	out->rate /= 24;
	return true;
}
