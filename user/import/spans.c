/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets of numbers as sorted spans, and cubes of them. */
#include <stdlib.h>

#include "import/model.h"

wide field_max(enum field field)
{
	static const uint16_t highest[FIELD_COUNT] = {
		[FIELD_FAMILY] = FAMILY_IPV6,
		[FIELD_PROTOCOL] = UINT8_MAX,
		[FIELD_SOURCE_PORT] = UINT16_MAX,
		[FIELD_DESTINATION_PORT] = UINT16_MAX,
		[FIELD_FLAGS] = UINT8_MAX,
		[FIELD_TYPE] = UINT8_MAX,
		[FIELD_CODE] = UINT8_MAX,
		[FIELD_STATE] = FLOW_UNTRACKED,
		[FIELD_LENGTH] = UINT16_MAX,
		[FIELD_TTL] = UINT8_MAX,
		[FIELD_DSCP] = 63,
		[FIELD_PART] = PART_LATER,
		[FIELD_DEVICE] = UINT16_MAX,
		[FIELD_CAST] = CAST_OTHER,
	};

	if (field == FIELD_SOURCE || field == FIELD_DESTINATION)
		return ~(wide)0;
	return highest[field];
}

void span_push(struct import *import, struct span_list *list, wide low, wide high)
{
	struct span *span =
		import_push(import, &list->items, &list->count, &list->room, sizeof(*span));

	span->low = low;
	span->high = high;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

static struct spans *new_spans(struct import *import, size_t room)
{
	return import_alloc(import, sizeof(struct spans) + room * sizeof(struct span));
}

/* Adds a span that begins behind all others; joins it to the last where they touch. */
static void append(struct spans *spans, struct span span)
{
	struct span *last = spans->count ? &spans->items[spans->count - 1] : NULL;

	if (last && (last->high == ~(wide)0 || span.low <= last->high + 1)) {
		if (span.high > last->high)
			last->high = span.high;
		return;
	}
	spans->items[spans->count++] = span;
}

const struct spans *spans_make(struct import *import, struct span_list *list)
{
	struct spans *spans = new_spans(import, list->count);

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_spans);
	for (size_t i = 0; i < list->count; i++)
		append(spans, list->items[i]);
	return spans;
}

const struct spans *spans_of(struct import *import, wide low, wide high)
{
	struct spans *spans = new_spans(import, 1);

	append(spans, (struct span){low, high});
	return spans;
}

bool spans_equal(const struct spans *a, const struct spans *b)
{
	if (a == b)
		return true;
	return a && b && a->count == b->count &&
	       !memcmp(a->items, b->items, a->count * sizeof(*a->items));
}

bool spans_hold(const struct spans *spans, wide number)
{
	if (!spans)
		return true;
	for (size_t i = 0; i < spans->count; i++)
		if (number >= spans->items[i].low && number <= spans->items[i].high)
			return true;
	return false;
}

wide spans_size(const struct spans *spans)
{
	wide size = 0;

	for (size_t i = 0; i < spans->count; i++)
		size += spans->items[i].high - spans->items[i].low + 1;
	return size;
}

/* What equals one of the two is that one, so that a set keeps its name. */
const struct spans *spans_and(struct import *import, const struct spans *a, const struct spans *b)
{
	struct spans *both;
	size_t i = 0, j = 0;

	if (!a || a == b)
		return b;
	if (!b)
		return a;
	both = new_spans(import, a->count + b->count);
	while (i < a->count && j < b->count) {
		const struct span *x = &a->items[i], *y = &b->items[j];
		wide low = x->low > y->low ? x->low : y->low;
		wide high = x->high < y->high ? x->high : y->high;

		if (low <= high)
			append(both, (struct span){low, high});
		if (x->high < y->high)
			i++;
		else
			j++;
	}
	if (!both->count)
		return both;
	if (spans_equal(both, a))
		return a;
	return spans_equal(both, b) ? b : both;
}

const struct spans *spans_or(struct import *import, const struct spans *a, const struct spans *b)
{
	struct span_list list = {};

	for (size_t i = 0; i < a->count; i++)
		span_push(import, &list, a->items[i].low, a->items[i].high);
	for (size_t i = 0; i < b->count; i++)
		span_push(import, &list, b->items[i].low, b->items[i].high);
	return spans_make(import, &list);
}

const struct spans *spans_not(struct import *import, enum field field, const struct spans *a)
{
	wide next = 0, max = field_max(field);
	struct spans *rest = new_spans(import, a->count + 1);
	bool ends = false;

	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].low > next)
			append(rest, (struct span){next, a->items[i].low - 1});
		ends = a->items[i].high >= max;
		next = a->items[i].high + 1;
	}
	if (!ends)
		append(rest, (struct span){next, max});
	rest->set = a->set;
	rest->negated = !a->negated;
	return rest;
}

/* -- cubes ------------------------------------------------------------------------------ */

bool cube_narrow(struct import *import, struct cube *cube, enum field field,
		 const struct spans *spans)
{
	const struct spans *both = spans_and(import, cube->fields[field], spans);

	cube->fields[field] = both;
	if (both && both->count == 1 && !both->set && !both->items[0].low &&
	    both->items[0].high == field_max(field))
		cube->fields[field] = NULL;
	/* A set may be filled later. */
	return !both || both->count || both->set;
}

bool cube_and(struct import *import, struct cube *out, const struct cube *a, const struct cube *b)
{
	*out = *a;
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (b->fields[field] && !cube_narrow(import, out, field, b->fields[field]))
			return false;
	return true;
}

/* Two sets that hold the same today are two sets. */
static bool are_same(const struct spans *a, const struct spans *b)
{
	if (a == b)
		return true;
	return spans_equal(a, b) && a->set == b->set && a->negated == b->negated;
}

bool cube_equal(const struct cube *a, const struct cube *b)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (!are_same(a->fields[field], b->fields[field]))
			return false;
	return true;
}
