/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs all rows on one node:  packet-tests TIERWALL [SUBJECT...] */
#include <string.h>
#include <time.h>

#include "node.h"
#include "subjects.h"

static char **wanted; /* ends with NULL */

static const struct {
	const char *name;
	const struct subject *subject;
} subjects[] = {
#define X(name) {#name, &subject_##name},
	SUBJECTS(X)
#undef X
};

static bool is_wanted(const char *name)
{
	for (char **word = wanted; *word; word++)
		if (strcmp(*word, name) == 0)
			return true;
	return !*wanted;
}

static int run_subjects(struct node *node)
{
	time_t start = time(NULL);
	size_t rows = 0;
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		if (!is_wanted(subjects[i].name))
			continue;
		failed += (size_t)subject_run(subjects[i].subject, node);
		rows += subjects[i].subject->count;
	}
	printf("packet tests: %zu rows, %lu frames with counters, %ld seconds\n", rows,
	       row_frames(), (long)(time(NULL) - start));
	printf("%zu passed, %zu failed\n", rows - failed, failed);
	return failed || !rows;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s TIERWALL [SUBJECT...]\n", argv[0]);
		return 2;
	}
	wanted = argv + 2;
	return node_run(argv[1], run_subjects);
}
