/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Prints a generated configuration.
 *
 *   generate acl|fw|tier COUNT SEED [v4|v6|mixed] [not|reject|log|limit|devices|services]...
 */
#include <stdlib.h>
#include <string.h>

#include "model/generate.h"

static const char *const extras[] = {"not", "reject", "log", "devices", "services", "limit"};

static int find(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return i;
	return -1;
}

static bool read_word(struct recipe *recipe, const char *word)
{
	int versions = find(word, versions_names, VERSIONS_COUNT);
	int extra = find(word, extras, sizeof(extras) / sizeof(extras[0]));

	if (versions >= 0)
		recipe->versions = (enum versions)versions;
	else if (extra >= 0)
		recipe->extras |= 1u << extra;
	return versions >= 0 || extra >= 0;
}

int main(int argc, char **argv)
{
	int shape = argc > 3 ? find(argv[1], shape_names, SHAPE_COUNT) : -1;
	struct recipe recipe = {.versions = VERSIONS_MIXED};
	bool right = shape >= 0;

	for (int i = 4; i < argc; i++)
		right &= read_word(&recipe, argv[i]);
	if (!right) {
		fprintf(stderr,
			"usage: %s acl|fw|tier COUNT SEED [v4|v6|mixed] "
			"[not|reject|log|limit|devices|services]...\n",
			argv[0]);
		return 2;
	}
	recipe.shape = (enum shape)shape;
	recipe.rules = (uint32_t)strtoul(argv[2], NULL, 0);
	recipe.seed = strtoull(argv[3], NULL, 0);
	generate(stdout, &recipe);
	return fflush(stdout) ? 1 : 0;
}
