/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* server add|del|drain|down|up|set: the servers of a tier */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/edit.h"
#include "cli/show.h"
#include "stats/json.h"
#include "cli/number.h"

static struct tier *find_tier(const struct config *config, const char *name)
{
	struct tier *tier = config_tier(config, name);

	if (!tier)
		complain("there is no tier `%s`: `tierwall show tiers` lists them", name);
	return tier;
}

static struct server *find_server(const struct tier *tier, const char *name)
{
	struct server *server = tier_server(tier, name);

	if (!server)
		complain("tier %s has no server `%s`: `tierwall show tiers` lists them", tier->name,
			 name);
	return server;
}

/* Each service of the tier counts its servers in their order: it gets or loses a place. */
static int insert_members(struct config *config, const struct tier *tier)
{
	for (size_t i = 0; i < config->service_count; i++) {
		struct service *service = &config->services[i];
		uint32_t *ids;

		if (strcmp(service->tier, tier->name) != 0)
			continue;
		ids = realloc(service->member_ids, tier->server_count * sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		ids[tier->server_count - 1] = TW_NONE32;
		service->member_ids = ids;
	}
	return 0;
}

static void remove_members(struct config *config, const struct tier *tier, size_t at)
{
	for (size_t i = 0; i < config->service_count; i++) {
		uint32_t *ids = config->services[i].member_ids;

		if (ids && !strcmp(config->services[i].tier, tier->name))
			memmove(ids + at, ids + at + 1,
				(tier->server_count - at - 1) * sizeof(*ids));
	}
}

struct addition {
	const char *tier;
	struct server server;
};

static int add(struct edit *edit, void *context)
{
	struct config *config = edit->running.config;
	struct addition *addition = context;
	struct tier *tier = find_tier(config, addition->tier);
	struct server *place;

	if (!tier)
		return MISTAKE;
	if (tier_server(tier, addition->server.name)) {
		complain("tier %s has a server `%s` already", tier->name, addition->server.name);
		return MISTAKE;
	}
	place = config_push(&tier->servers, &tier->server_count, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = addition->server;
	memset(&addition->server, 0, sizeof(addition->server)); /* it is the configuration's now */
	return insert_members(config, tier);
}

static int command_server_add(const struct options *options, int argc, char **argv)
{
	struct diagnostic diagnostic = {0};
	struct addition addition = {.tier = argv[2]};
	char *words = join_words(argc, argv, 3);
	int status, result = words ? server_parse(&addition.server, words, &diagnostic) : -ENOMEM;

	free(words);
	if (result == MISTAKE)
		complain_of(&diagnostic);
	status = result ? exit_status(result) : edit_run(options, add, &addition);
	server_free(&addition.server);
	return status;
}

struct server_change {
	const char *word, *tier, *server;
	uint32_t weight;
};

static void remove_server(struct config *config, struct tier *tier, struct server *server)
{
	size_t at = (size_t)(server - tier->servers);

	remove_members(config, tier, at);
	server_free(server);
	memmove(server, server + 1, (tier->server_count - at - 1) * sizeof(*server));
	tier->server_count--;
}

/* What a word does to a server that is there. */
static int change(struct edit *edit, void *context)
{
	struct config *config = edit->running.config;
	const struct server_change *wanted = context;
	struct tier *tier = find_tier(config, wanted->tier);
	struct server *server = tier ? find_server(tier, wanted->server) : NULL;

	if (!server)
		return MISTAKE;
	if (!strcmp(wanted->word, "drain"))
		server->state = TW_SERVER_DRAIN;
	else if (!strcmp(wanted->word, "down"))
		server->state = TW_SERVER_DOWN;
	else if (!strcmp(wanted->word, "up"))
		server->state = TW_SERVER_UP;
	else if (!strcmp(wanted->word, "set"))
		server->weight = wanted->weight;
	else
		remove_server(config, tier, server);
	return 0;
}

static int command_server_change(const struct options *options, char **argv, uint32_t weight)
{
	struct server_change wanted = {
		.word = argv[1], .tier = argv[2], .server = argv[3], .weight = weight};

	return edit_run(options, change, &wanted);
}

/* -- drain: and how many flows are left ------------------------------------------------ */

#define LONGEST_WAIT (30 * 24 * 60 * 60)

/* The server as it is now: its addresses.  MISTAKE: it is not there any more. */
static int find_addresses(struct server_flows *out, const struct instance *instance, char **argv)
{
	struct running running = {};
	const struct server *server = NULL;
	struct tier *tier;
	int result = running_read(&running, instance);

	if (result)
		return result;
	tier = find_tier(running.config, argv[2]);
	if (tier)
		server = find_server(tier, argv[3]);
	if (server)
		memcpy(out->addr, server->addr, sizeof(out->addr));
	running_free(&running);
	return server ? 0 : MISTAKE;
}

static int count_until(struct server_flows *server, const struct instance *instance,
		       uint32_t seconds)
{
	const struct timespec nap = {.tv_nsec = 200000000};
	struct timespec now;
	time_t end;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)seconds;
	while (!(result = flows_of_servers(instance, server, 1)) && server->flows &&
	       now.tv_sec < end) {
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	return result;
}

static int print_left(const struct options *options, uint32_t flows)
{
	if (options->output == OUTPUT_JSON)
		return json_print(stdout, json_pack("{s:i,s:I}", "schema", JSON_SCHEMA,
						    "flows-left", (json_int_t)flows))
			       ? out_of_memory()
			       : 0;
	if (!options->quiet)
		printf("%u %s left\n", flows, flows == 1 ? "flow" : "flows");
	return 0;
}

static int show_left(const struct options *options, char **argv, bool waits, uint32_t seconds)
{
	struct server_flows server = {};
	struct instance instance;
	int result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_READ);

	if (result)
		return result;
	result = find_addresses(&server, &instance, argv);
	if (!result)
		result = count_until(&server, &instance, seconds);
	if (!result)
		result = print_left(options, server.flows);
	instance_close(&instance);
	return !result && waits && server.flows ? MISTAKE : result;
}

/* With --wait the exit status tells whether all flows have ended in time. */
static int command_server_drain(const struct options *options, int argc, char **argv)
{
	bool waits = argc > 4 && !strcmp(argv[4], "--wait");
	uint32_t seconds = 0;
	int status;

	if (waits && argc != 6)
		return usage(command_find("server"), "--wait needs a time, such as 10m");
	if (!waits && argc > 4)
		return usage(command_find("server"), "`%s` is one word too many", argv[4]);
	if (waits && time_word_parse(&seconds, argv[4], argv[5], LONGEST_WAIT))
		return EXIT_REFUSED;
	status = command_server_change(options, argv, 0);
	return status ? status : exit_status(show_left(options, argv, waits, seconds));
}

int command_server(const struct options *options, int argc, char **argv)
{
	static const char *const changes[] = {"del", "drain", "down", "up"};
	const struct command *command = command_find("server");
	uint32_t weight;

	if (argc >= 5 && !strcmp(argv[1], "add"))
		return command_server_add(options, argc, argv);
	if (argc >= 4 && !strcmp(argv[1], "set")) {
		if (argc != 6 || strcmp(argv[4], "weight") != 0)
			return usage(command, "server set TIER NAME weight N");
		if (!parse_number(argv[5], 0, 65535, &weight))
			return usage(command, "`%s` is not a weight from 0 to 65535", argv[5]);
		return command_server_change(options, argv, weight);
	}
	for (size_t i = 0; argc >= 4 && i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strcmp(argv[1], changes[i]) != 0)
			continue;
		if (!strcmp(argv[1], "drain"))
			return command_server_drain(options, argc, argv);
		if (argc > 4 && !strcmp(argv[4], "--wait"))
			return usage(command, "`--wait` goes with `drain`");
		if (argc > 4)
			return usage(command, "`%s` is one word too many", argv[4]);
		return command_server_change(options, argv, 0);
	}
	return usage(command, "server add, del, drain, down, up or set, a tier and a server");
}
