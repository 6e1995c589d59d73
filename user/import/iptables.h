/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader of what iptables-save and ip6tables-save print: a line, and its options. */
#ifndef TIERWALL_USER_IMPORT_IPTABLES_H
#define TIERWALL_USER_IMPORT_IPTABLES_H

#include "import/words.h"

#define LINE_WORDS 256

struct iptables {
	struct import *import;
	unsigned int family;
	uint32_t table;
	const char *table_name;
	uint32_t line;
	/* The words of the line, without quotes. */
	struct text words[LINE_WORDS];
	size_t count, at;
	/* The rule that is being read. */
	struct import_rule *rule;
	struct limit *limit;
	bool negated, hashlimit, hashlimit_by_source;
};

/* An option from words[at] on, which is taken.  NULL: understood, else why not. */
const char *iptables_option(struct iptables *tables);
/* The target behind -j or -g, with its options. */
const char *iptables_target(struct iptables *tables, bool is_goto);

static inline struct text iptables_next(struct iptables *tables)
{
	return tables->at < tables->count ? tables->words[tables->at++] : (struct text){"", 0};
}

#endif
