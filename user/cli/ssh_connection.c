/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/ssh_connection.h"

#include <arpa/inet.h>
#include <string.h>

#include "cli/number.h"
#include "tierwall/packet.h"

#define WORDS    4
#define WORD_MAX (INET6_ADDRSTRLEN + 16) /* an address, %, a device */

/* Exactly WORDS words with white space between them, none of them too long. */
static bool split(char words[WORDS][WORD_MAX], const char *text)
{
	static const char space[] = " \t\n\v\f\r";

	for (int i = 0; i < WORDS; i++) {
		size_t length;

		text += strspn(text, space);
		length = strcspn(text, space);
		if (!length || length >= WORD_MAX)
			return false;
		memcpy(words[i], text, length);
		words[i][length] = '\0';
		text += length;
	}
	return !text[strspn(text, space)];
}

/* An address as OpenSSH writes it: IPv6 may have a zone, or hold an IPv4 address. */
static bool read_address(union tw_addr *out, char zone[16], char *word)
{
	char *percent = strchr(word, '%');
	__be32 ipv4;

	if (percent) {
		size_t length = strlen(percent + 1);

		if (!length || length >= 16)
			return false; /* no device has such a name */
		memcpy(zone, percent + 1, length + 1);
		*percent = '\0';
	}
	if (inet_pton(AF_INET6, word, out) == 1)
		return true;
	if (percent || inet_pton(AF_INET, word, &ipv4) != 1)
		return false;
	tw_addr_from_ipv4(out, ipv4);
	return true;
}

static bool read_port(uint16_t *out, const char *word)
{
	uint32_t number;

	if (!parse_number(word, 1, UINT16_MAX, &number))
		return false;
	*out = (uint16_t)number;
	return true;
}

bool ssh_connection_parse(struct ssh_connection *out, const char *text)
{
	char words[WORDS][WORD_MAX], zone[16] = "";

	memset(out, 0, sizeof(*out));
	if (!split(words, text) || !read_address(&out->client, out->zone, words[0]) ||
	    !read_port(&out->client_port, words[1]) ||
	    !read_address(&out->server, zone, words[2]) || !read_port(&out->server_port, words[3]))
		return false;
	if (!out->zone[0])
		memcpy(out->zone, zone, sizeof(zone));
	return addr_is_ipv4(&out->client) == addr_is_ipv4(&out->server);
}
