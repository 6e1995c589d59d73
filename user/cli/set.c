/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * set add|del|load|flush.  add and del edit the live trie in place; load and flush
 * build another one and put it in the place of the first, in one step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/lockout.h"

static struct set *find_set(const struct config *config, const char *name)
{
	struct set *set = config_set(config, name);

	if (set)
		return set;
	if (config_tier(config, name))
		complain("`%s` is a tier: its set follows its servers, use `tierwall server`",
			 name);
	else
		complain("there is no set `%s`: `tierwall show sets` lists them", name);
	return NULL;
}

static int parse_prefixes(struct prefix **items, size_t *count, int argc, char **argv, int from)
{
	for (int i = from; i < argc; i++) {
		struct diagnostic diagnostic = {0};
		struct prefix *place = config_push(items, count, sizeof(*place));
		int result = place ? prefix_parse(place, argv[i], &diagnostic) : -ENOMEM;

		if (result == MISTAKE)
			complain_of(&diagnostic);
		if (result)
			return result;
	}
	return 0;
}

static int edit_in_place(const struct options *options, const char *name, enum set_edit edit_kind,
			 const struct prefix *items, size_t count)
{
	const struct set *set;
	struct edit edit;
	size_t changed = 0;
	int result = edit_begin(&edit, options);

	if (result)
		return result;
	set = find_set(edit.running.config, name);
	result = set ? lockout_check_set(&edit, name, edit_kind, items, count) : MISTAKE;
	if (!result)
		result = set_edit_live(&edit.instance, set->index, edit_kind, items, count,
				       &changed);
	edit_end(&edit);
	if (!result && !options->quiet)
		printf("%s: %zu %s, %zu %s\n", name, changed,
		       edit_kind == SET_ADD ? "added" : "deleted", count - changed,
		       edit_kind == SET_ADD ? "there already" : "not there");
	return result;
}

static int add_or_delete(const struct options *options, int argc, char **argv,
			 enum set_edit edit_kind)
{
	struct prefix *items = NULL;
	size_t count = 0;
	int result;

	if (argc < 4)
		return usage(command_find("set"), "which prefixes?");
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], "for")) {
			complain("`for` is not yet supported");
			return EXIT_REFUSED;
		}
	result = parse_prefixes(&items, &count, argc, argv, 3);
	if (!result)
		result = edit_in_place(options, argv[2], edit_kind, items, count);
	free(items);
	return exit_status(result);
}

static int command_set_add(const struct options *options, int argc, char **argv)
{
	return add_or_delete(options, argc, argv, SET_ADD);
}

static int command_set_del(const struct options *options, int argc, char **argv)
{
	return add_or_delete(options, argc, argv, SET_DELETE);
}

struct replacement {
	const char *name;
	struct prefix *items;
	size_t count;
};

static int replace(struct edit *edit, void *context)
{
	struct replacement *replacement = context;
	struct set *set = find_set(edit->running.config, replacement->name);

	if (!set)
		return MISTAKE;
	set->items = replacement->items;
	set->count = replacement->count;
	set->index = TW_NONE32;    /* a place of its own */
	replacement->items = NULL; /* they are the configuration's now */
	return 0;
}

static int replace_entries(const struct options *options, struct replacement *replacement)
{
	int status = edit_run(options, replace, replacement);

	if (status == EXIT_DONE && !options->quiet)
		printf("%s: %zu entries\n", replacement->name, replacement->count);
	free(replacement->items);
	return status;
}

static int command_set_load(const struct options *options, int argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	struct replacement replacement = {.name = argv[2]};
	int result;

	if (argc != 4)
		return usage(command_find("set"), "set load takes a set and a file");
	result = set_read_file(&replacement.items, &replacement.count, argv[3], &diagnostic);
	if (!result)
		return replace_entries(options, &replacement);
	complain_of(&diagnostic);
	free(replacement.items);
	return exit_status(result);
}

static int command_set_flush(const struct options *options, int argc, char **argv)
{
	struct replacement replacement = {.name = argv[2]};

	if (argc != 3)
		return usage(command_find("set"), "set flush takes a set");
	return replace_entries(options, &replacement);
}

int command_set(const struct options *options, int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct options *options, int argc, char **argv);
	} words[] = {
		{"add", command_set_add},
		{"del", command_set_del},
		{"load", command_set_load},
		{"flush", command_set_flush},
	};

	for (size_t i = 0; argc >= 3 && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(argv[1], words[i].word))
			return words[i].run(options, argc, argv);
	return usage(command_find("set"), "set add, del, load or flush, and which set");
}
