/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flattens the JSON of `tierwall -j stats`. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

static void flatten(struct counters *counters, const char *path, const json_t *value);

static void add_number(struct counters *counters, const char *path, int64_t value)
{
	struct number *number;

	if ((counters->count & (counters->count - 1)) == 0) {
		size_t room = counters->count ? 2 * counters->count : 1;

		counters->numbers = realloc(counters->numbers, room * sizeof(*counters->numbers));
		if (!counters->numbers)
			die("counters");
	}
	number = &counters->numbers[counters->count++];
	snprintf(number->path, sizeof(number->path), "%s", path);
	number->value = value;
}

static void flatten_member(struct counters *counters, const char *path, const char *key,
			   const json_t *value)
{
	char longer[PATH_MAX_BYTES];

	if (snprintf(longer, sizeof(longer), "%s%s%s", path, *path ? "." : "", key) >=
	    (int)sizeof(longer)) {
		fprintf(stderr, "stats: %s.%s is too long a path\n", path, key);
		exit(1);
	}
	flatten(counters, longer, value);
}

/* Items of arrays go by their number (rules) or name. */
static void flatten_item(struct counters *counters, const char *path, const json_t *item)
{
	const json_t *number = json_object_get(item, "number");
	const char *name = json_string_value(json_object_get(item, "name"));
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(number));
	if (!number && !name) {
		fprintf(stderr, "stats: an item of %s has neither number nor name\n", path);
		exit(1);
	}
	flatten_member(counters, path, number ? digits : name, item);
}

static void flatten(struct counters *counters, const char *path, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, member)
			flatten_member(counters, path, key, member);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) flatten_item(counters, path, member);
	} else if (json_is_integer(value)) {
		add_number(counters, path, json_integer_value(value));
	}
}

void counters_read(struct counters *counters, const struct node *node)
{
	json_error_t error;
	json_t *root;
	char *text;
	int status = node_output(node, "-j stats", &text);

	if (status) {
		fprintf(stderr, "tierwall -j stats: exit %d\n", status);
		exit(1);
	}
	root = json_loads(text, 0, &error);
	if (!root) {
		fprintf(stderr, "tierwall -j stats: line %d: %s\n%s\n", error.line, error.text,
			text);
		exit(1);
	}
	counters->count = 0;
	flatten(counters, "", root);
	json_decref(root);
	free(text);
}

void counters_free(struct counters *counters)
{
	free(counters->numbers);
	*counters = (struct counters){};
}

static const struct number *find(const struct counters *counters, const char *path)
{
	for (size_t i = 0; i < counters->count; i++)
		if (strcmp(counters->numbers[i].path, path) == 0)
			return &counters->numbers[i];
	return NULL;
}

int64_t counters_get(const struct counters *counters, const char *path)
{
	const struct number *number = find(counters, path);

	return number ? number->value : 0;
}

bool counters_have(const struct counters *counters, const char *path)
{
	return find(counters, path) != NULL;
}
