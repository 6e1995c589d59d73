/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and prefixes from text. */
#include <arpa/inet.h>
#include <string.h>

#include "config/parse.h"

static bool is_digits(const char *text, size_t length)
{
	if (!length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

/* Whether the text was probably meant as FIRST-LAST. */
static bool is_address_range(const char *text, size_t length)
{
	const char *dash = memchr(text, '-', length);
	union tw_addr addr;

	return dash && !address_read(text, (size_t)(dash - text), &addr);
}

/* Four numbers without leading zeros.  Lists of millions are of these. */
static bool read_ipv4(const char *text, size_t length, uint8_t out[4])
{
	const char *end = text + length;

	for (int i = 0; i < 4; i++) {
		const char *start = text;
		unsigned int number = 0;

		while (text < end && *text >= '0' && *text <= '9' && text - start < 3)
			number = number * 10 + (unsigned int)(*text++ - '0');
		if (text == start || number > 255 || (text - start > 1 && *start == '0'))
			return false;
		if (i < 3 && (text == end || *text++ != '.'))
			return false;
		out[i] = (uint8_t)number;
	}
	return text == end;
}

const char *address_read(const char *text, size_t length, union tw_addr *out)
{
	char copy[INET6_ADDRSTRLEN];

	if (!memchr(text, ':', length)) {
		memset(out, 0, sizeof(*out));
		out->bytes[10] = out->bytes[11] = 0xff;
		if (read_ipv4(text, length, &out->bytes[12]))
			return NULL;
	} else if (length < sizeof(copy)) {
		memcpy(copy, text, length);
		copy[length] = 0;
		if (inet_pton(AF_INET6, copy, out) == 1)
			return NULL;
	}
	if (memchr(text, '%', length))
		return "has a zone: addresses are written without one";
	if (is_address_range(text, length))
		return "is a range: write it as prefixes";
	return "is not an address";
}

static void clear_host_bits(struct prefix *prefix)
{
	unsigned int byte = prefix->bits / 8;

	if (byte == sizeof(prefix->addr.bytes))
		return;
	prefix->addr.bytes[byte] &= (uint8_t)(0xff00u >> prefix->bits % 8);
	memset(prefix->addr.bytes + byte + 1, 0, sizeof(prefix->addr.bytes) - byte - 1);
}

const char *prefix_read(const char *text, size_t length, struct prefix *out)
{
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash ? (size_t)(slash - text) : length;
	bool dotted = !memchr(text, ':', address_length);
	const char *trouble = address_read(text, address_length, &out->addr);
	unsigned int bits = 0;

	if (trouble)
		return trouble;
	out->bits = 128;
	if (!slash)
		return NULL;
	slash++;
	length -= address_length + 1;
	if (memchr(slash, '.', length) || memchr(slash, ':', length))
		return "has a mask: write the length of the prefix, such as /24";
	if (is_digits(slash, length) && length <= 3)
		for (size_t i = 0; i < length; i++)
			bits = bits * 10 + (unsigned int)(slash[i] - '0');
	else
		bits = 999;
	if (dotted && bits > 32)
		return "is not a prefix: the length of an IPv4 prefix is 0-32";
	if (!dotted && bits > 128)
		return "is not a prefix: the length of an IPv6 prefix is 0-128";
	out->bits = (uint8_t)(bits + (dotted ? 96 : 0));
	clear_host_bits(out);
	return NULL;
}
