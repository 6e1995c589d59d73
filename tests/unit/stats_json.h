/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tests of the counters need to look into their JSON.  Behind cmocka.h.
 */
#ifndef TIERWALL_TEST_STATS_JSON_H
#define TIERWALL_TEST_STATS_JSON_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stats/stats.h"

static inline json_t *as_json(const struct stats *stats)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	json_error_t error;
	json_t *root;

	assert_non_null(out);
	assert_int_equal(stats_print_json(out, stats), 0);
	fclose(out);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	free(text);
	return root;
}

/* The value below a path of keys and indices, such as "services.0.name"; NULL: there is none. */
static inline json_t *at(json_t *json, const char *path)
{
	char key[64];

	while (json && *path) {
		size_t length = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
					   : json_object_get(json, key);
		path += length + (path[length] == '.');
	}
	return json;
}

static inline void assert_number(json_t *root, const char *path, json_int_t expected)
{
	assert_true(json_is_integer(at(root, path)));
	assert_int_equal(json_integer_value(at(root, path)), expected);
}

static inline void assert_text(json_t *root, const char *path, const char *expected)
{
	assert_true(json_is_string(at(root, path)));
	assert_string_equal(json_string_value(at(root, path)), expected);
}

#endif
