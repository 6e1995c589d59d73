/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/edit.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int edit_begin_opened(struct edit *edit)
{
	int result = node_facts_read(&edit->facts);

	return result ? result : running_read(&edit->running, &edit->instance);
}

int edit_begin(struct edit *edit, const struct options *options)
{
	int result;

	memset(edit, 0, sizeof(*edit));
	edit->force = options->force;
	result = instance_open(&edit->instance, options->instance, options->bpffs, INSTANCE_WRITE);
	if (result)
		return result;
	result = edit_begin_opened(edit);
	if (result)
		edit_end(edit);
	return result;
}

void edit_end(struct edit *edit)
{
	running_free(&edit->running);
	node_facts_free(&edit->facts);
	instance_close(&edit->instance);
}

int compile_or_complain(struct compiled *out, struct config *config, const struct tw_policy *live,
			const struct node_facts *facts)
{
	struct diagnostic diagnostic = {0};
	int result = policy_compile(out, config, live, facts, &diagnostic);

	if (result == MISTAKE)
		complain_of(&diagnostic);
	else if (result)
		complain("cannot compile the configuration: %s", strerror(-result));
	return result;
}

/* -- the edited model as if it had been read from a file ----------------------------------- */

struct ids {
	uint32_t *items;
	size_t count, at;
};

static void save_id(uint32_t *id, void *context)
{
	struct ids *ids = context;
	uint32_t *place = config_push(&ids->items, &ids->count, sizeof(*place));

	if (place)
		*place = *id;
}

static void restore_id(uint32_t *id, void *context)
{
	struct ids *ids = context;

	if (ids->at < ids->count)
		*id = ids->items[ids->at++];
}

static int copy_ids(struct config *to, struct config *from)
{
	struct ids ids = {0};
	int result = config_visit_ids(from, save_id, &ids);

	if (!result)
		result = config_visit_ids(to, restore_id, &ids);
	free(ids.items);
	return result;
}

/* The text holds no entries: a set stays at its index, or has new entries that are taken over. */
static void move_sets(struct config *to, struct config *from)
{
	for (size_t i = 0; i < to->set_count; i++) {
		struct set *set = config_set(from, to->sets[i].name);

		to->sets[i].index = set->index;
		to->sets[i].flushed = set->flushed;
		to->sets[i].edited = set->edited;
		to->sets[i].items = set->items;
		to->sets[i].count = set->count;
		set->items = NULL;
		set->count = 0;
	}
}

/* Printed and parsed again, so that mistakes have a line to show. */
static int reparse(struct config **out, const struct config *edited, struct diagnostic *diagnostic)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	int result;

	if (!file)
		return -errno;
	result = config_print_without_entries(file, edited);
	if (fclose(file) && !result)
		result = -errno;
	if (!result)
		result = config_parse(out, "(edited)", text, length, diagnostic);
	free(text);
	return result;
}

int edit_commit(struct edit *edit)
{
	struct diagnostic diagnostic = {0};
	struct compiled compiled = {0};
	struct config *config = NULL;
	int result = reparse(&config, edit->running.config, &diagnostic);

	assert(result || config);
	if (!result)
		result = config_check(config, &diagnostic);
	if (!result)
		result = copy_ids(config, edit->running.config);
	if (!result)
		move_sets(config, edit->running.config);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	else if (result)
		complain("cannot edit the configuration: %s", strerror(-result));
	else
		result = compile_or_complain(&compiled, config, edit->running.image, &edit->facts);
	if (!result)
		result = edit_publish(edit, config, &compiled);
	compiled_free(&compiled);
	diagnostic_free(&diagnostic);
	config_free(config);
	return result;
}

int edit_run(const struct options *options, int (*change)(struct edit *edit, void *context),
	     void *context)
{
	struct edit edit;
	int result = edit_begin(&edit, options);

	if (result)
		return exit_status(result);
	result = edit_refuse_on_trial(&edit);
	if (!result)
		result = change(&edit, context);
	if (!result)
		result = edit_commit(&edit);
	edit_end(&edit);
	return exit_status(result);
}
