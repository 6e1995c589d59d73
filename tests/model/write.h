/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of rules that the shapes of generate.h share. */
#ifndef TESTS_MODEL_WRITE_H
#define TESTS_MODEL_WRITE_H

#include "model/generate.h"
#include "model/pool.h"

#define LINE_MAX_BYTES 768
#define LISTS_MAX      160 /* lists of addresses in one configuration: TW_SETS is shared */

/* A rule while it is written. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t length;
	uint32_t specific; /* how much it asks for: lists have specific rules first */
};

struct writer {
	const struct recipe *recipe;
	struct random random;
	struct pool pools[2]; /* by family; empty where recipe->versions has no such */
	uint32_t lists;       /* so far */
	uint32_t sets;        /* named by write_sets(): set_names[0 to sets - 1] */
};

extern const char *const set_names[];

void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_add_prefix(struct line *line, const struct prefix *prefix);

void writer_open(struct writer *writer, const struct recipe *recipe, size_t prefixes);
void writer_close(struct writer *writer);
/* A family of those that the recipe has. */
int writer_family(struct writer *writer);

/* `set NAME { ... }` for each of set_names, of so many prefixes at most. */
void write_sets(FILE *out, struct writer *writer, uint32_t most);

/* `accept`, `drop` or, where asked for, `reject`; then perhaps `log`. */
void add_action(struct line *line, struct writer *writer, uint32_t accept_percent);
/* A prefix, or now and then a list of them or `not` one, behind `from` or `to`. */
void add_addresses(struct line *line, struct writer *writer, const char *word, int family);
void add_exact_port(struct line *line, struct writer *writer);
void add_port_range(struct line *line, struct writer *writer);
void add_port_list(struct line *line, struct writer *writer);
/* flags, type, ttl and so on: what may stand behind the addresses of a rule of `protocol`. */
void add_flags(struct line *line, struct writer *writer);
void add_icmp_type(struct line *line, struct writer *writer, int family);
void add_match(struct line *line, struct writer *writer);
/* `limit` at the end of a rule, now and then where it is asked for. */
void add_limit(struct line *line, struct writer *writer);

#endif
