/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fuzzer of the importers: whatever they are given, what they write is a configuration, and
 * a line is said of all that is not in it.  The first byte chooses the language.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
	if (!right)
		abort();
}

static void expect_configuration(const char *text, size_t length)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	int result = config_parse(&config, "imported.conf", text, length, &diagnostic);

	if (!result)
		result = config_check(config, &diagnostic);
	if (result)
		fputs(diagnostic.text ? diagnostic.text : "no memory\n", stderr);
	expect(!result);
	config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *source, *text = NULL, *messages = NULL;
	size_t length, messages_length;
	FILE *out = open_memstream(&text, &length);
	FILE *said = open_memstream(&messages, &messages_length);
	int result;

	expect(out && said);
	if (!size)
		data = (const uint8_t *)"n", size = 1;
	source = strndup((const char *)data + 1, size - 1);
	expect(source);
	size = strlen(source) + 1;
	result = import_text(*data == '6'   ? IMPORT_IP6TABLES
			     : *data == 'i' ? IMPORT_IPTABLES
					    : IMPORT_NFT,
			     "fuzz", source, size - 1, out, said);
	expect(!fclose(out) && !fclose(said));
	if (result == -ELOOP || result == -E2BIG)
		expect(!length && !messages_length);
	else
		expect_configuration(text, length);
	expect(result != MISTAKE || messages_length);
	free(text);
	free(messages);
	free(source);
	return 0;
}
