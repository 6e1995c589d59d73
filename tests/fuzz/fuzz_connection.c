/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fuzzer of SSH_CONNECTION: what is taken has four words, and what was understood of
 * them, written down again, is understood the same.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ssh_connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
	if (!right)
		abort();
}

static size_t count_words(const char *text)
{
	char *copy = strdup(text), *rest = copy;
	size_t count = 0;

	expect(copy);
	for (const char *word; (word = strsep(&rest, " \t\n\v\f\r"));)
		count += *word != '\0';
	free(copy);
	return count;
}

static void write_again(const struct ssh_connection *ssh)
{
	char client[INET6_ADDRSTRLEN], server[INET6_ADDRSTRLEN], text[256];
	struct ssh_connection again;

	expect(inet_ntop(AF_INET6, &ssh->client, client, sizeof(client)));
	expect(inet_ntop(AF_INET6, &ssh->server, server, sizeof(server)));
	snprintf(text, sizeof(text), "%s%s%s %u %s %u", client, ssh->zone[0] ? "%" : "", ssh->zone,
		 ssh->client_port, server, ssh->server_port);
	expect(ssh_connection_parse(&again, text));
	expect(!memcmp(&again.client, &ssh->client, sizeof(again.client)));
	expect(!memcmp(&again.server, &ssh->server, sizeof(again.server)));
	expect(again.client_port == ssh->client_port && again.server_port == ssh->server_port);
	expect(!strcmp(again.zone, ssh->zone));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct ssh_connection ssh;

	expect(text);
	memcpy(text, data, size);
	if (ssh_connection_parse(&ssh, text)) {
		expect(count_words(text) == 4);
		expect(ssh.client_port && ssh.server_port);
		expect(memchr(ssh.zone, '\0', sizeof(ssh.zone)));
		expect(!ssh.zone[0] == !strchr(text, '%'));
		write_again(&ssh);
	}
	free(text);
	return 0;
}
