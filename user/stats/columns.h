/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Aligned columns and readable numbers for people.
 */
#ifndef TIERWALL_USER_COLUMNS_H
#define TIERWALL_USER_COLUMNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct columns {
	const char *align; /* a letter a column: l or r */
	char **rows;
	size_t count;
	int failed; /* a negative errno */
};

/* Adds a row of cells with a tab between them. */
void columns_row(struct columns *columns, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Writes the rows, each behind `indent`, and frees them.  0 or a negative errno. */
int columns_print(struct columns *columns, FILE *out, const char *indent);

/* Returned by value: grouped(n).text lives until the end of the full expression. */
struct words {
	char text[40];
};
struct words grouped(uint64_t number);      /* 1,234,567 */
struct words scaled_bytes(uint64_t bytes);  /* 1.23 MB */
struct words scaled_time(uint64_t seconds); /* 2h 14m */

#endif
