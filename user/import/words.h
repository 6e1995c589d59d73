/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both readers read: numbers, addresses, protocols and their names. */
#ifndef TIERWALL_USER_IMPORT_WORDS_H
#define TIERWALL_USER_IMPORT_WORDS_H

#include "import/model.h"

struct text {
	const char *start;
	size_t length;
};

static inline bool text_is(struct text text, const char *word)
{
	return strlen(word) == text.length && !memcmp(text.start, word, text.length);
}

struct word_number {
	const char *name;
	uint16_t number;
};

/* All false: it is none. */
bool read_number(struct text text, wide max, wide *out); /* decimal, or 0x and hexadecimal */
bool read_range(struct text text, char separator, wide max, struct span *out);
bool read_named(struct text text, const struct word_number *names, wide max, wide *out);
/* ADDRESS, ADDRESS/BITS, ADDRESS/MASK, ADDRESS-ADDRESS */
bool read_addresses(struct text text, unsigned int family, struct span *out);
/* N/second and so on; `second` may be cut short. */
bool read_rate(struct text text, struct limit *out);
/* What comes before a separator, which is taken off; all of it where there is none. */
struct text split(struct text *rest, char separator);
char *text_copy(struct import *import, struct text text);
/* The device of that name; false: `in` takes no such name. */
bool import_device_named(struct import *import, struct text name, size_t *index);

extern const struct word_number protocol_words[], icmp_words[], icmp6_words[], flag_words[],
	dscp_words[], state_words[], code_words[], code6_words[], cast_words[];
#define FLAGS_ALL 0xffu

#endif
