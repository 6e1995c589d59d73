/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fuzzer of sets' files: what is taken is in order and without duplicates, and
 * its printed entries are taken as the same set.  Of what is refused nothing is.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
	if (!right)
		abort();
}

/* Reads a set's file of these bytes, which lies in memory. */
static int read_bytes(const void *data, size_t size, struct prefix **items, size_t *count,
		      struct diagnostic *diagnostic)
{
	int fd = memfd_create("set", MFD_CLOEXEC);
	char path[64];
	int result;

	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result = set_read_file(items, count, path, diagnostic);
	close(fd);
	return result;
}

static void read_printed(const struct prefix *items, size_t count)
{
	struct diagnostic diagnostic = {0};
	struct prefix *again = NULL;
	size_t again_count = 0, length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	expect(out);
	for (size_t i = 0; i < count; i++) {
		prefix_print(out, &items[i]);
		if (items[i].seconds) {
			fputs(" for ", out);
			time_print(out, items[i].seconds);
		}
		fputc('\n', out);
	}
	expect(!fclose(out));
	expect(!read_bytes(text, length, &again, &again_count, &diagnostic));
	expect(again_count == count);
	for (size_t i = 0; i < count; i++)
		expect(again[i].bits == items[i].bits && again[i].seconds == items[i].seconds &&
		       !memcmp(&again[i].addr, &items[i].addr, sizeof(items[i].addr)));
	free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;
	int result = read_bytes(data, size, &items, &count, &diagnostic);

	expect(result == 0 || (result == MISTAKE && diagnostic.text));
	expect(!result || !count); /* nothing of a bad file is taken */
	if (!result)
		read_printed(items, count);
	free(items);
	diagnostic_free(&diagnostic);
	return 0;
}
