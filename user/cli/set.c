/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * set add|del|load|flush.  What changes a few entries edits the live set in place.  What
 * changes many, and what finds no room, builds another one and puts it in the place of the
 * first, in one step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/edit.h"
#include "cli/lockout.h"
#include "cli/show.h"
#include "kernel/sets.h"
#include "stats/columns.h"

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

/* -- edits ------------------------------------------------------------------------------- */

static void print_tally(const struct options *options, const char *name,
			const struct set_edits *edits, const struct set_tally *tally)
{
	const size_t *changes = tally->changes;

	if (options->quiet)
		return;
	printf("%s: ", name);
	if (edits->deleted_count)
		printf("%zu deleted, %zu not there%s", changes[SET_DELETED], tally->not_there,
		       edits->added_count ? ", " : "");
	if (edits->added_count || !edits->deleted_count) {
		printf("%zu added, ", changes[SET_ADDED]);
		if (changes[SET_REFRESHED])
			printf("%zu refreshed, ", changes[SET_REFRESHED]);
		if (changes[SET_KEPT])
			printf("%zu now for good, ", changes[SET_KEPT]);
		printf("%zu there already", changes[SET_UNCHANGED]);
		if (tally->for_good_already)
			printf(", for good");
	}
	putchar('\n');
}

/*
 * The entries that are for good as edits would leave them, and what they add.  Those that
 * expire are taken over from the running set by whoever builds the new one.  What was
 * added in place before that found no room has been counted.
 */
static int edited_entries(struct set *set, struct set_edits *edits, struct set_tally *tally)
{
	struct prefix *merged = NULL;
	size_t count = 0, i = 0, j = 0;

	prefixes_merge(edits->added, &edits->added_count);
	while (i < set->count || j < edits->added_count) {
		int order = i == set->count ? 1
			    : j == edits->added_count
				    ? -1
				    : prefix_compare(&set->items[i], &edits->added[j]);
		struct prefix *place;

		/* deletions are done; what is left and expires comes by itself */
		if (order < 0 && set->items[i].seconds) {
			i++;
			continue;
		}
		place = config_push(&merged, &count, sizeof(*place));
		if (!place) {
			free(merged);
			return -ENOMEM;
		}
		*place = order < 0 || (!order && !set->items[i].seconds) ? set->items[i]
									 : edits->added[j];
		tally->changes[SET_ADDED] += order > 0;
		i += order <= 0;
		j += order >= 0;
	}
	free(set->items);
	set->items = merged;
	set->count = count;
	return 0;
}

/* The running configuration, where it has not been read yet. */
static int begin_once(struct edit *edit)
{
	return edit->running.config ? 0 : edit_begin_opened(edit);
}

/* Would they lock out who has typed them? */
static int check_lockout(struct edit *edit, const char *name, const struct set_edits *edits)
{
	int result;

	if (!getenv("SSH_CONNECTION"))
		return 0;
	result = begin_once(edit);
	if (!result && edits->deleted_count)
		result = lockout_check_set(edit, name, SET_DELETE, edits->deleted,
					   edits->deleted_count);
	if (!result && edits->added_count)
		result = lockout_check_set(edit, name, SET_ADD, edits->added, edits->added_count);
	return result;
}

/* What set_edit_live() would have deleted. */
static void delete_entries(struct set *set, const struct set_edits *edits, struct set_tally *tally)
{
	for (size_t i = 0; i < edits->deleted_count; i++) {
		size_t j = 0;

		while (j < set->count && prefix_compare(&set->items[j], &edits->deleted[i]) != 0)
			j++;
		if (j == set->count) {
			tally->not_there++;
			continue;
		}
		tally->changes[SET_DELETED]++;
		set->count--;
		memmove(&set->items[j], &set->items[j + 1], (set->count - j) * sizeof(*set->items));
	}
}

/* Builds the set anew with the edits in it, and puts it in the place of the running one. */
static int edit_aside(struct edit *edit, const char *name, struct set_edits *edits,
		      struct set_tally *tally, bool deletions_are_done)
{
	int result = begin_once(edit);
	struct set *set = result ? NULL : find_set(edit->running.config, name);

	if (!result && !set)
		return MISTAKE;
	if (!result)
		result = running_read_set(&edit->running, &edit->instance, set);
	if (!result && !deletions_are_done)
		delete_entries(set, edits, tally);
	if (!result)
		result = edited_entries(set, edits, tally);
	if (result)
		return result;
	set->index = TW_NONE32;
	set->edited = true;
	return edit_commit(edit);
}

/* The running set has not this name: says why. */
static int no_such_set(struct edit *edit, const char *name)
{
	int result = begin_once(edit);

	if (!result)
		find_set(edit->running.config, name);
	return result ? result : MISTAKE;
}

static int change_set(struct edit *edit, const char *name, struct set_edits *edits,
		      struct set_tally *tally)
{
	int result = check_lockout(edit, name, edits);

	if (result)
		return result;
	result = set_edit_live(&edit->instance, name, edits, tally);
	if (result == -ENOENT)
		return no_such_set(edit, name);
	if (result == -ENOSPC || result == -EROFS)
		return edit_aside(edit, name, edits, tally, result == -ENOSPC);
	if (result)
		complain("cannot change set `%s`: %s", name, strerror(-result));
	return result;
}

static int run_edits(const struct options *options, const char *name, struct set_edits *edits)
{
	struct edit edit = {.force = options->force};
	struct set_tally tally;
	int result =
		instance_open(&edit.instance, options->instance, options->bpffs, INSTANCE_WRITE);

	if (result)
		return result;
	result = change_set(&edit, name, edits, &tally);
	edit_end(&edit);
	if (!result)
		print_tally(options, name, edits, &tally);
	return result;
}

/* `... for TIME` at the end of the words of `set add`; *argc is then without them. */
static int parse_for(uint32_t *seconds, int *argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	int result;

	*seconds = 0;
	for (int i = 3; i < *argc; i++) {
		if (strcmp(argv[i], "for"))
			continue;
		if (i + 2 != *argc || i == 3)
			return usage(command_find("set"),
				     i == 3 ? "which prefixes?" : "one time behind `for`");
		result = time_parse(seconds, argv[i + 1], &diagnostic);
		if (result == MISTAKE)
			complain_of(&diagnostic);
		*argc = i;
		return result;
	}
	return 0;
}

static int command_set_add(const struct options *options, int argc, char **argv)
{
	struct set_edits edits = {0};
	uint32_t seconds;
	int result;

	if (argc < 4)
		return usage(command_find("set"), "which prefixes?");
	result = parse_for(&seconds, &argc, argv);
	if (!result)
		result = parse_prefixes(&edits.added, &edits.added_count, argc, argv, 3);
	for (size_t i = 0; i < edits.added_count; i++)
		edits.added[i].seconds = seconds;
	if (!result)
		result = run_edits(options, argv[2], &edits);
	free(edits.added);
	return exit_status(result);
}

static int command_set_del(const struct options *options, int argc, char **argv)
{
	struct set_edits edits = {0};
	int result;

	if (argc < 4)
		return usage(command_find("set"), "which prefixes?");
	result = parse_prefixes(&edits.deleted, &edits.deleted_count, argc, argv, 3);
	if (!result)
		result = run_edits(options, argv[2], &edits);
	free(edits.deleted);
	return exit_status(result);
}

/* -- all entries at once ----------------------------------------------------------------------- */

struct replacement {
	const char *name;
	struct prefix *items;
	size_t count;
	bool flush;
};

static int replace(struct edit *edit, struct replacement *replacement)
{
	struct set *set = find_set(edit->running.config, replacement->name);

	if (!set)
		return MISTAKE;
	free(set->items);
	set->items = replacement->items; /* they are the configuration's now */
	replacement->items = NULL;
	set->count = replacement->count;
	set->flushed = replacement->flush;
	set->index = TW_NONE32; /* a place of its own */
	set->edited = true;
	return edit_commit(edit);
}

static int push_prefix(struct prefix **items, size_t *count, const struct prefix *prefix)
{
	struct prefix *place = config_push(items, count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *prefix;
	return 0;
}

/* What turns the entries of a set into those of a file.  Those that expire stay. */
static int find_edits(const struct set *set, const struct replacement *wanted,
		      struct set_edits *edits)
{
	size_t i = 0, j = 0;
	int result = 0;

	while (!result && (i < set->count || j < wanted->count)) {
		const struct prefix *old = &set->items[i], *new = &wanted->items[j];
		int order = i == set->count      ? 1
			    : j == wanted->count ? -1
						 : prefix_compare(old, new);

		if (order < 0 ? !old->seconds : !order && !old->seconds && new->seconds)
			result = push_prefix(&edits->deleted, &edits->deleted_count, old);
		if (!result && (order > 0 || (!order && (old->seconds || new->seconds))))
			result = push_prefix(&edits->added, &edits->added_count, new);
		i += order <= 0;
		j += order >= 0;
	}
	return result;
}

/* More changes than this part of a set, and it is built anew in one step. */
#define EDITS_IN_PLACE(count) (16 + (count) / 8)

static bool is_far(size_t count, size_t other)
{
	return count > other ? count - other > EDITS_IN_PLACE(other)
			     : other - count > EDITS_IN_PLACE(other);
}

static int load_entries(struct edit *edit, struct replacement *wanted, struct set_edits *edits,
			struct set_tally *tally)
{
	struct set *set = find_set(edit->running.config, wanted->name);
	uint32_t entries = 0;
	int result =
		set ? running_count_set(&edit->running, &edit->instance, set, &entries) : MISTAKE;

	if (!result && is_far(entries, wanted->count))
		return replace(edit, wanted);
	if (!result)
		result = running_read_set(&edit->running, &edit->instance, set);
	if (!result)
		result = find_edits(set, wanted, edits);
	if (result)
		return result;
	if (edits->added_count + edits->deleted_count > EDITS_IN_PLACE(set->count))
		return replace(edit, wanted);
	result = check_lockout(edit, wanted->name, edits);
	if (result)
		return result;
	result = set_edit_live(&edit->instance, wanted->name, edits, tally);
	if (result == -ENOSPC || result == -EROFS)
		return replace(edit, wanted);
	if (result)
		complain("cannot change set `%s`: %s", wanted->name, strerror(-result));
	return result;
}

/* -- how far a large file has got, on a terminal and after a second only ------------------------- */

struct waiting {
	const char *name;
	struct timespec since;
	bool on_terminal;
	bool shown; /* there is a line to take away */
};

static void waiting_begin(struct waiting *waiting, const struct options *options, const char *name)
{
	*waiting = (struct waiting){.name = name,
				    .on_terminal = !options->quiet && isatty(STDERR_FILENO)};
	clock_gettime(CLOCK_MONOTONIC, &waiting->since);
}

static void waiting_say(struct waiting *waiting, const char *what, int percent)
{
	struct timespec now;
	int64_t milliseconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	milliseconds = (int64_t)(now.tv_sec - waiting->since.tv_sec) * 1000 +
		       (now.tv_nsec - waiting->since.tv_nsec) / 1000000;
	if (!waiting->on_terminal || milliseconds < 1000)
		return;
	waiting->shown = true;
	fprintf(stderr, "\r%s: %s", waiting->name, what);
	if (percent >= 0)
		fprintf(stderr, ", %d %%", percent);
	fputs("\033[K", stderr);
}

static void waiting_end(const struct waiting *waiting)
{
	if (waiting->shown)
		fputs("\r\033[K", stderr);
}

static void show_reading(size_t done, size_t all, void *context)
{
	waiting_say(context, "reading the file", (int)(done * 100 / (all ? all : 1)));
}

static int read_and_load(const struct options *options, struct replacement *wanted,
			 const char *path, struct set_edits *edits)
{
	struct diagnostic diagnostic = {0};
	struct set_tally tally;
	struct waiting waiting;
	const struct progress progress = {show_reading, &waiting};
	struct edit edit;
	int result;

	waiting_begin(&waiting, options, wanted->name);
	result =
		set_read_file_showing(&wanted->items, &wanted->count, path, &progress, &diagnostic);
	if (result) {
		waiting_end(&waiting);
		complain_of(&diagnostic);
		return result;
	}
	waiting_say(&waiting, "building the set", -1);
	result = edit_begin(&edit, options);
	if (!result) {
		result = load_entries(&edit, wanted, edits, &tally);
		edit_end(&edit);
	}
	waiting_end(&waiting);
	return result;
}

static int command_set_load(const struct options *options, int argc, char **argv)
{
	struct replacement wanted = {.name = argv[2]};
	struct set_edits edits = {0};
	int result;

	if (argc != 4)
		return usage(command_find("set"), "set load takes a set and a file");
	result = read_and_load(options, &wanted, argv[3], &edits);
	if (!result && !options->quiet)
		printf("%s: %s entries\n", wanted.name, grouped(wanted.count).text);
	free(edits.added);
	free(edits.deleted);
	free(wanted.items);
	return exit_status(result);
}

static int command_set_flush(const struct options *options, int argc, char **argv)
{
	struct replacement nothing = {.name = argv[2], .flush = true};
	struct edit edit;
	int result;

	if (argc != 3)
		return usage(command_find("set"), "set flush takes a set");
	result = edit_begin(&edit, options);
	if (result)
		return exit_status(result);
	result = replace(&edit, &nothing);
	edit_end(&edit);
	if (!result && !options->quiet)
		printf("%s: 0 entries\n", nothing.name);
	return exit_status(result);
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
