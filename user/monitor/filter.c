/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which events were asked for, and whose they are.  Kinds and reasons are the data
 * path's business already; the names of tiers only we know.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/monitor.h"
#include "stats/stats.h"

void sighting_fill(struct sighting *out, const struct tw_event *event, const struct names *names)
{
	const struct config *config = names ? names->config : NULL;
	const struct tier *tier = NULL;

	memset(out, 0, sizeof(*out));
	out->event = event;
	out->frame = (const uint8_t *)(event + 1);
	frame_decode(&out->packet, out->frame, event->captured);
	if (!names)
		return;
	out->rule = names_rule(names, event->rule);
	out->service = config_service_of(config, event->service);
	if (event->server != TW_NONE16)
		out->server = config_server_at(config, event->server, &tier);
	if (out->server)
		out->tier = tier;
	else if (out->service)
		out->tier = config_tier(config, out->service->tier);
	else if (out->rule)
		out->tier = config_tier(config, out->rule->owner);
}

static uint32_t find_reason(const char *word)
{
	for (uint32_t reason = 0; reason < TW_REASON_COUNT; reason++)
		if (!strcmp(word, reason_key(reason)))
			return reason;
	return TW_NONE32;
}

static int add_word(struct filter *filter, const struct config *config, char *word)
{
	uint32_t reason = find_reason(word);

	if (reason != TW_NONE32) {
		filter->reasons |= 1ull << reason;
		return 0;
	}
	if (strcmp(word, "guard") != 0 && strcmp(word, "host") != 0 && !config_tier(config, word))
		return MISTAKE;
	filter->lists[filter->list_count++] = word;
	return 0;
}

int filter_read(struct filter *out, const struct config *config, int count, char **words,
		const char **unknown)
{
	int first = 0;

	memset(out, 0, sizeof(*out));
	out->kinds = TW_EVENT_DROP | TW_EVENT_LOG;
	if (count && !strcmp(words[0], "drops"))
		out->kinds = TW_EVENT_DROP;
	else if (count && !strcmp(words[0], "log"))
		out->kinds = TW_EVENT_LOG;
	if (out->kinds != (TW_EVENT_DROP | TW_EVENT_LOG))
		first = 1;
	out->lists = calloc((size_t)count + 1, sizeof(*out->lists));
	if (!out->lists)
		return -ENOMEM;
	for (int i = first; i < count; i++) {
		if (!add_word(out, config, words[i]))
			continue;
		*unknown = words[i];
		filter_free(out);
		return MISTAKE;
	}
	out->has_reasons = out->reasons != 0;
	if (!out->has_reasons)
		out->reasons = UINT64_MAX;
	else if (!first)
		out->kinds = TW_EVENT_DROP; /* only they have reasons */
	return 0;
}

bool filter_admits(const struct filter *filter, const struct sighting *sighting)
{
	for (size_t i = 0; i < filter->list_count; i++) {
		const char *list = filter->lists[i];

		if (sighting->rule && !strcmp(list, sighting->rule->owner))
			return true;
		if (sighting->tier && !strcmp(list, sighting->tier->name))
			return true;
	}
	return !filter->list_count;
}

void filter_free(struct filter *filter)
{
	free(filter->lists);
	filter->lists = NULL;
	filter->list_count = 0;
}
