/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fuzzer of the words of a command line: rules, servers, services, packets,
 * prefixes and times.  A rule that is taken prints words that are taken and print themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
	if (!right)
		abort();
}

static void try_rule(const char *words, struct diagnostic *diagnostic)
{
	struct rule rule, again;
	char *text, *text_again;
	int result = rule_parse(&rule, words, diagnostic);

	expect(result == 0 || (result == MISTAKE && diagnostic->text));
	if (result)
		return;
	text = rule_text(&rule);
	expect(text && !rule_parse(&again, text, diagnostic));
	text_again = rule_text(&again);
	expect(text_again && !strcmp(text, text_again));
	free(text);
	free(text_again);
	rule_free(&rule);
	rule_free(&again);
}

static void try_time(const char *words, struct diagnostic *diagnostic)
{
	uint32_t seconds, again = 0;
	char *text = NULL;
	size_t length;
	FILE *out;
	int result = time_parse(&seconds, words, diagnostic);

	expect(result == 0 || (result == MISTAKE && diagnostic->text));
	if (result)
		return;
	out = open_memstream(&text, &length);
	expect(out);
	time_print(out, seconds);
	expect(!fclose(out) && !time_parse(&again, text, diagnostic) && again == seconds);
	free(text);
}

static void try_others(const char *words, struct diagnostic *diagnostic)
{
	struct server server;
	struct service service;
	struct packet_words packet;
	struct prefix prefix;
	int result;

	result = server_parse(&server, words, diagnostic);
	expect(result == 0 || (result == MISTAKE && diagnostic->text));
	if (!result)
		server_free(&server);
	result = service_parse(&service, words, diagnostic);
	expect(result == 0 || (result == MISTAKE && diagnostic->text));
	if (!result)
		service_free(&service);
	result = packet_parse(&packet, words, diagnostic);
	expect(result == 0 || (result == MISTAKE && diagnostic->text));
	result = prefix_parse(&prefix, words, diagnostic);
	expect(result == 0 || (result == MISTAKE && diagnostic->text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostic diagnostic = {0};
	char *words = malloc(size + 1);

	if (!words)
		return 0;
	memcpy(words, data, size);
	words[size] = 0;
	try_rule(words, &diagnostic);
	try_others(words, &diagnostic);
	try_time(words, &diagnostic);
	diagnostic_free(&diagnostic);
	free(words);
	return 0;
}
