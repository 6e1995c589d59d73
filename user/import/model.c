/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The import's memory, chains, rules and messages. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "config/parse.h"
#include "import/import.h"
#include "import/model.h"

#define BLOCK_BYTES 65536
#define WAYS_MAX    4096u

struct block {
	struct block *next;
	size_t used, room;
	max_align_t bytes[];
};

void import_fail(struct import *import, int error)
{
	longjmp(import->failed, error);
}

void *import_alloc(struct import *import, size_t size)
{
	struct block *block = import->blocks;
	void *memory;

	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!block || block->room - block->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = calloc(1, sizeof(*block) + room);
		if (!block)
			import_fail(import, ENOMEM);
		block->room = room;
		block->next = import->blocks;
		import->blocks = block;
	}
	memory = (char *)block->bytes + block->used;
	block->used += size;
	return memory;
}

void *import_push(struct import *import, void *items, size_t *count, size_t *room, size_t size)
{
	void **array = items;

	if (*count == *room) {
		size_t grown = *room ? *room * 2 : 4;
		void *memory = import_alloc(import, grown * size);

		if (*count)
			memcpy(memory, *array, *count * size);
		*array = memory;
		*room = grown;
	}
	return (char *)*array + (*count)++ * size;
}

char *import_print(struct import *import, const char *format, ...)
{
	va_list arguments, again;
	char *text;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = import_alloc(import, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

/* How many bytes of UTF-8 begin here; 0: none, or what may not stand in a comment. */
static size_t character(const char *text, size_t left)
{
	uint32_t code;
	size_t length = text_character(text, left, &code);

	return length && code >= 0x20 && (code < 0x7f || code >= 0xa0) ? length : 0;
}

char *import_line(struct import *import, const char *text, size_t length, size_t most)
{
	char *line = import_alloc(import, length + 4);
	size_t used = 0;

	for (size_t i = 0; i < length;) {
		size_t bytes = character(text + i, length - i);

		if (used + bytes >= most) {
			memcpy(line + used, "...", 3);
			return line;
		}
		if (isspace((unsigned char)text[i])) {
			if (used && line[used - 1] != ' ')
				line[used++] = ' ';
			i++;
			continue;
		}
		if (bytes)
			memcpy(line + used, text + i, bytes);
		else
			line[used] = '?';
		used += bytes ? bytes : 1;
		i += bytes ? bytes : 1;
	}
	while (used && line[used - 1] == ' ')
		line[--used] = 0;
	return line;
}

size_t import_device(struct import *import, const char *name)
{
	const char **new;

	for (size_t i = 0; i < import->device_count; i++)
		if (!strcmp(import->devices[i], name))
			return i;
	new = import_push(import, &import->devices, &import->device_count, &import->device_room,
			  sizeof(*new));
	*new = name;
	return import->device_count - 1;
}

/* -- messages ------------------------------------------------------------------------- */

static void add_message(struct import *import, uint32_t line, const char *text)
{
	struct message *message = import_push(import, &import->messages, &import->message_count,
					      &import->message_room, sizeof(*message));

	message->line = line;
	message->order = import->message_count;
	message->text = text;
}

static int compare_messages(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* In the order of the source; what is said twice of a line is said once. */
static void print_messages(struct import *import, FILE *out)
{
	const struct message *last = NULL;

	if (import->message_count)
		qsort(import->messages, import->message_count, sizeof(*import->messages),
		      compare_messages);
	for (size_t i = 0; i < import->message_count; i++) {
		const struct message *m = &import->messages[i];

		if (last && last->line == m->line && !strcmp(last->text, m->text))
			continue;
		fprintf(out, "tierwall: %s:%u: %s\n", import->file, m->line, m->text);
		last = m;
	}
}

void import_left(struct import *import, uint32_t line, const char *what, const char *why)
{
	import->left = true;
	add_message(import, line, import_print(import, "cannot express: %s (%s)", what, why));
}

void import_left_rule(struct import *import, struct import_rule *rule, const char *why)
{
	if (rule->reported)
		return;
	rule->reported = true;
	import_left(import, rule->line, rule->text, why);
}

void import_note(struct import *import, uint32_t line, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (import->quiet)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_message(import, line, import_print(import, "note: %s", text));
}

/* -- chains and rules -------------------------------------------------------------------- */

struct import_chain *import_add_chain(struct import *import, uint32_t table, const char *name,
				      uint32_t line)
{
	struct import_chain *chain = import_alloc(import, sizeof(*chain));

	chain->table = table;
	chain->name = name;
	chain->line = line;
	chain->policy = VERDICT_ACCEPT;
	chain->end = &chain->rules;
	*import->chains_end = chain;
	import->chains_end = &chain->next;
	return chain;
}

struct import_chain *import_chain(const struct import *import, uint32_t table, const char *name)
{
	for (struct import_chain *chain = import->chains; chain; chain = chain->next)
		if (chain->table == table && !strcmp(chain->name, name))
			return chain;
	return NULL;
}

struct import_rule *import_add_rule(struct import *import, struct import_chain *chain,
				    uint32_t line)
{
	struct import_rule *rule = import_alloc(import, sizeof(*rule));

	rule->line = line;
	rule->ways = import_alloc(import, sizeof(*rule->ways));
	rule->way_count = 1;
	*chain->end = rule;
	chain->end = &rule->next;
	return rule;
}

void rule_and(struct import *import, struct import_rule *rule, const struct way *ways, size_t count)
{
	struct way *product;
	size_t made = 0;

	if (rule->way_count * count > WAYS_MAX) {
		rule_refuse(rule, "it has too many combinations");
		return;
	}
	product = import_alloc(import, rule->way_count * count * sizeof(*product));
	for (size_t i = 0; i < rule->way_count; i++)
		for (size_t j = 0; j < count; j++) {
			struct way *way = &product[made];

			way->verdict =
				ways[j].verdict.kind ? ways[j].verdict : rule->ways[i].verdict;
			if (cube_and(import, &way->cube, &rule->ways[i].cube, &ways[j].cube))
				made++;
		}
	rule->ways = product;
	rule->way_count = made;
}

void rule_and_field(struct import *import, struct import_rule *rule, enum field field,
		    const struct spans *spans)
{
	struct way way = {};

	way.cube.fields[field] = spans;
	rule_and(import, rule, &way, 1);
}

void rule_refuse(struct import_rule *rule, const char *reason)
{
	if (!rule->reason)
		rule->reason = reason;
}

void rule_counts_in(struct import *import, struct import_rule *rule, uint32_t space,
		    const char *name)
{
	static const char reason[] = "it shares its rates with another rule";
	struct meter *new = import_alloc(import, sizeof(*new));

	for (struct meter *meter = import->meters; meter; meter = meter->next)
		if (meter->space == space && !strcmp(meter->name, name) && meter->rule != rule) {
			rule_refuse(meter->rule, reason);
			rule_refuse(rule, reason);
		}
	*new = (struct meter){import->meters, rule, space, name};
	import->meters = new;
}

/* -- the whole ---------------------------------------------------------------------------- */

static void read_and_emit(struct import *import, enum import_format format)
{
	import_device(import, "lo");
	if (format == IMPORT_NFT)
		nft_read(import);
	else
		iptables_read(import, format == IMPORT_IP6TABLES);
	emit(import);
	report_hooks(import);
}

static void free_blocks(struct import *import)
{
	struct block *next;

	for (struct block *block = import->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
}

/* Where import_fail() comes back to. */
static int run(struct import *import, enum import_format format)
{
	int error = setjmp(import->failed);

	if (error)
		return -error;
	read_and_emit(import, format);
	return 0;
}

int import_text(enum import_format format, const char *file, const char *text, size_t length,
		FILE *out, FILE *messages)
{
	struct import import = {.file = file, .text = text, .length = length};
	char *written = NULL;
	size_t size;
	int result;

	import.chains_end = &import.chains;
	import.sets_end = &import.sets;
	import.out = open_memstream(&written, &size);
	if (!import.out)
		return -ENOMEM;
	result = run(&import, format);
	if (fclose(import.out) && !result)
		result = -ENOMEM;
	if (!result) {
		fputs(written, out);
		print_messages(&import, messages);
		result = import.left ? MISTAKE : 0;
	}
	free(written);
	free_blocks(&import);
	return result;
}
