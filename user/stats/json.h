/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every command that prints JSON needs beside jansson.
 *
 * json_pack() and its like take the references that they are given, also when
 * they fail, so a NULL (no memory) anywhere makes the whole NULL and leaks nothing.
 */
#ifndef TIERWALL_USER_JSON_H
#define TIERWALL_USER_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#define JSON_SCHEMA 1

/* A new object for one of the `items`, or NULL. */
typedef json_t *(*item_json)(const void *item);

json_t *array_json(const void *items, size_t count, size_t size, item_json convert);
#define ARRAY_JSON(items, count, convert) array_json(items, count, sizeof(*(items)), convert)

/* Writes and frees; NULL is -ENOMEM.  What is lost on the way shows in ferror(out). */
int json_print(FILE *out, json_t *json);

#endif
