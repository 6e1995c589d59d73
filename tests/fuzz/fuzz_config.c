/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fuzzer of whole files: whatever is taken prints a text that is taken too and
 * prints itself; whatever is not has a message.  Neither may touch what it should
 * not, leak or hang.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct config *config, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (!out || config_print(out, config) || fclose(out))
		abort();
	return text;
}

static void expect(bool right)
{
	if (!right)
		abort();
}

/* The text says nothing of the outside: includes are refused before they are opened. */
static bool has_include(const uint8_t *data, size_t size)
{
	return memmem(data, size, "include", 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL, *again = NULL;
	struct diagnostic diagnostic = {0};
	size_t length, length_again;
	char *text, *text_again;
	int result;

	if (has_include(data, size))
		return 0;
	result = config_parse(&config, "fuzz.conf", (const char *)data, size, &diagnostic);
	expect(result == 0 || result == MISTAKE);
	expect(!result == !diagnostic.text);
	if (!result) {
		result = config_check(config, &diagnostic);
		expect(result == 0 || result == MISTAKE);
		expect(!result == !diagnostic.text);
		text = printed(config, &length);
		diagnostic_free(&diagnostic);
		expect(!config_parse(&again, "again.conf", text, length, &diagnostic));
		expect(config_check(again, &diagnostic) == result);
		text_again = printed(again, &length_again);
		expect(length == length_again && !memcmp(text, text_again, length));
		free(text);
		free(text_again);
		config_free(again);
		config_free(config);
	}
	diagnostic_free(&diagnostic);
	return 0;
}
