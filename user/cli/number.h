/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TIERWALL_USER_CLI_NUMBER_H
#define TIERWALL_USER_CLI_NUMBER_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A whole decimal number between low and high, and nothing else. */
static inline bool parse_number(const char *word, uint32_t low, uint32_t high, uint32_t *out)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	value = strtoul(word, &end, 10);
	if (*end || errno || value < low || value > high)
		return false;
	*out = (uint32_t)value;
	return true;
}

#endif
