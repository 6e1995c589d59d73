/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall diff FILE`: what `apply FILE` would change, and what that does to flows.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/show.h"
#include "compile/moves.h"
#include "stats/json.h"

struct comparison {
	struct running running;
	struct config *file;
	struct compiled compiled; /* the file, as apply would make it live */
	char *lines;              /* of print_difference(); empty: nothing differs */
	struct moves *moves;      /* by running service that the file has, too */
};

/* -- reading ------------------------------------------------------------------------- */

/* Also takes over what the file leaves open, as apply would: ids and the hash key. */
static int compile_file(struct comparison *comparison)
{
	struct node_facts facts;
	int result = node_facts_read(&facts);

	if (result)
		return result;
	result = ids_inherit(comparison->file, comparison->running.config);
	if (result)
		complain("cannot take the counters over: %s", strerror(-result));
	else
		result = compile_or_complain(&comparison->compiled, comparison->file,
					     comparison->running.image, &facts);
	node_facts_free(&facts);
	return result;
}

static char *config_text(const struct config *config)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int result;

	if (!out)
		return NULL;
	result = config_print(out, config);
	if (fclose(out) || result) {
		free(text);
		return NULL;
	}
	return text;
}

static int compare_texts(struct comparison *comparison)
{
	char *now = config_text(comparison->running.config);
	char *next = config_text(comparison->file);
	size_t length;
	FILE *out = open_memstream(&comparison->lines, &length);
	int result = -ENOMEM;

	if (now && next && out)
		result = print_difference(out, now, next);
	if (out && fclose(out))
		result = -ENOMEM;
	free(now);
	free(next);
	return result < 0 ? out_of_memory() : 0;
}

/* Entries that expire stay with an apply, and with what remains. */
static void forget_expiring(struct set *set, const struct set *running)
{
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct prefix *prefix = &set->items[i];

		while (at < running->count && prefix_compare(&running->items[at], prefix) < 0)
			at++;
		if (prefix->seconds && at < running->count && running->items[at].seconds &&
		    !prefix_compare(&running->items[at], prefix))
			continue;
		set->items[kept++] = *prefix;
	}
	set->count = kept;
}

static void forget_what_stays(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->running.config->set_count; i++) {
		struct set *running = &comparison->running.config->sets[i];
		struct set *set = config_set(comparison->file, running->name);

		if (!set)
			continue;
		forget_expiring(set, running);
		forget_expiring(running, running);
	}
}

/* False: the file has no such service. */
static bool is_in_both(const struct comparison *comparison, size_t i)
{
	return config_service(comparison->file, comparison->running.config->services[i].name);
}

static int find_moves(struct comparison *comparison)
{
	const struct config *now = comparison->running.config;

	comparison->moves = calloc(now->service_count + 1, sizeof(*comparison->moves));
	if (!comparison->moves)
		return out_of_memory();
	for (size_t i = 0; i < now->service_count; i++)
		if (is_in_both(comparison, i) &&
		    service_moves(&comparison->moves[i], now, comparison->file,
				  now->services[i].name))
			return out_of_memory();
	return 0;
}

static int compare(struct comparison *out, const struct instance *instance, const char *path)
{
	int result = config_read_file(&out->file, path);

	if (!result)
		result = running_read(&out->running, instance);
	if (!result)
		result = running_read_sets(&out->running, instance);
	if (!result)
		result = compile_file(out);
	if (result)
		return result;
	forget_what_stays(out);
	result = find_moves(out);
	return result ? result : compare_texts(out);
}

static void comparison_free(struct comparison *comparison)
{
	free(comparison->lines);
	free(comparison->moves);
	compiled_free(&comparison->compiled);
	config_free(comparison->file);
	running_free(&comparison->running);
}

/* -- output ------------------------------------------------------------------------------ */

static void print_text(const struct comparison *comparison)
{
	const struct config *now = comparison->running.config;

	fputs(comparison->lines, stdout);
	for (size_t i = 0; i < now->service_count; i++)
		if (is_in_both(comparison, i))
			printf("service %s: %.1f %% of new flows would choose another server, "
			       "%.1f %% of live flows would move\n",
			       now->services[i].name, 100 * comparison->moves[i].chosen,
			       100 * comparison->moves[i].lost);
}

static json_t *lines_json(char *lines)
{
	json_t *array = json_array();
	char *line;

	while ((line = strsep(&lines, "\n")))
		if (*line && json_array_append_new(array, json_string(line))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *services_moves_json(const struct comparison *comparison)
{
	const struct config *now = comparison->running.config;
	json_t *array = json_array();

	for (size_t i = 0; i < now->service_count; i++)
		if (is_in_both(comparison, i) &&
		    json_array_append_new(array,
					  json_pack("{s:s,s:f,s:f}", "name", now->services[i].name,
						    "moves", comparison->moves[i].chosen,
						    "moves-live", comparison->moves[i].lost))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static int print_json(const struct comparison *comparison, bool differs)
{
	json_t *json = json_pack("{s:i,s:b,s:o,s:o}", "schema", JSON_SCHEMA, "differs", differs,
				 "lines", lines_json(comparison->lines), "services",
				 services_moves_json(comparison));

	return json_print(stdout, json) ? out_of_memory() : 0;
}

static int print_comparison(const struct options *options, const struct comparison *comparison)
{
	bool differs = *comparison->lines;
	int result = 0;

	if (options->output == OUTPUT_JSON)
		result = print_json(comparison, differs);
	else if (differs)
		print_text(comparison);
	if (result)
		return exit_status(result);
	return differs ? EXIT_REFUSED : EXIT_DONE;
}

int command_diff(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	struct comparison comparison = {};
	struct instance instance;
	int status;

	if (argc != 2)
		return usage(command, "diff needs one file");
	status = exit_status(
		instance_open(&instance, options->instance, options->bpffs, INSTANCE_READ));
	if (status)
		return status;
	status = exit_status(compare(&comparison, &instance, argv[1]));
	if (!status)
		status = print_comparison(options, &comparison);
	comparison_free(&comparison);
	instance_close(&instance);
	return status;
}
