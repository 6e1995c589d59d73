/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text to model: the entries to the one grammar, for files and for command lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"
#include "grammar.h"

#define FILE_MAX (64u << 20)

static const struct place start_of_file = {1, 1};
static const struct place nowhere;

static int run(struct parser *parser)
{
	void *scanner = NULL;
	int result;

	parser->at = start_of_file;
	result = lexer_new(&scanner, parser);
	if (!result && config_yyparse(parser, scanner))
		result = parser->result ? parser->result : -ENOMEM;
	lexer_free(scanner);
	free(parser->buffer);
	rule_free(&parser->rule); /* one that was not finished */
	return result;
}

static int set_source(struct config *config, const char *text, size_t length)
{
	config->source = malloc(length + 1);
	if (!config->source)
		return -ENOMEM;
	if (length) /* an empty text may be NULL */
		memcpy(config->source, text, length);
	config->source[length] = 0;
	config->source_length = length;
	return 0;
}

/* -- files ------------------------------------------------------------------------ */

static int too_large(const struct config *config, struct diagnostic *diagnostic)
{
	return config_mistake(config, start_of_file, diagnostic,
			      "the file is larger than %u MiB: long lists of addresses belong in "
			      "files of their own, which a set includes",
			      FILE_MAX >> 20);
}

static int parse_source(struct config *config, struct diagnostic *diagnostic)
{
	struct parser parser = {.config = config, .diagnostic = diagnostic};
	int result;

	if (config->source_length > FILE_MAX)
		return too_large(config, diagnostic);
	result = text_check(config, TEXT_PLAIN, diagnostic);
	if (result)
		return result;
	parser.start = TOKEN_START_FILE;
	result = run(&parser);
	if (!result && !parser.statements)
		return config_mistake(config, start_of_file, diagnostic,
				      "the file is empty; to remove everything use `tierwall "
				      "unload`");
	return result;
}

int config_parse(struct config **out, const char *file, const char *text, size_t length,
		 struct diagnostic *diagnostic)
{
	struct config *config;
	int result;

	result = config_new(&config, file);
	if (result)
		return result;
	result = set_source(config, text, length);
	if (!result)
		result = parse_source(config, diagnostic);
	if (result)
		config_free(config);
	else
		*out = config;
	return result;
}

int config_parse_file(struct config **out, const char *path, struct diagnostic *diagnostic)
{
	struct config *config;
	int result;

	result = config_new(&config, path);
	if (result)
		return result;
	result = text_read_file(&config->source, &config->source_length, path, FILE_MAX);
	if (result == -EFBIG)
		result = too_large(config, diagnostic);
	else if (result < 0 && result != -ENOMEM)
		result = config_mistake(config, nowhere, diagnostic, "%s", strerror(-result));
	else if (!result)
		result = parse_source(config, diagnostic);
	if (result)
		config_free(config);
	else
		*out = config;
	return result;
}

/* -- words of a command line ---------------------------------------------------------- */

/*
 * Words are parsed into a configuration of their own, with a tier for a server to
 * be in, and what they make is then moved out of it.
 */
static int parse_words(struct parser *parser, int start, const char *words,
		       struct diagnostic *diagnostic)
{
	struct config *config;
	int result;

	*parser = (struct parser){.diagnostic = diagnostic, .words = true, .start = start};
	result = config_new(&config, NULL);
	if (result)
		return result;
	parser->config = config;
	parser->rules = &config->guard;
	parser->tier = config_push(&config->tiers, &config->tier_count, sizeof(*parser->tier));
	result = parser->tier ? set_source(config, words, strlen(words)) : -ENOMEM;
	if (!result)
		result = text_check(config, TEXT_PLAIN, diagnostic);
	if (!result)
		result = run(parser);
	return result;
}

static void forget_addresses(struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		addresses->items[i].at = addresses->items[i].prefix.at = nowhere;
}

static void forget_rule(struct rule *rule)
{
	rule->at = nowhere;
	memset(rule->field_at, 0, sizeof(rule->field_at));
	forget_addresses(&rule->from);
	forget_addresses(&rule->to);
	rule->from_ports.at = rule->to_ports.at = nowhere;
}

int rule_parse(struct rule *out, const char *words, struct diagnostic *diagnostic)
{
	struct parser parser;
	struct rules *rules;
	int result = parse_words(&parser, TOKEN_START_RULE, words, diagnostic);

	if (!result) {
		rules = parser.rules;
		result = rule_check(parser.config, &rules->items[0], diagnostic);
	}
	if (!result) {
		*out = rules->items[0];
		rules->count = 0;
		forget_rule(out);
	}
	config_free(parser.config);
	return result;
}

int server_parse(struct server *out, const char *words, struct diagnostic *diagnostic)
{
	struct parser parser;
	int result = parse_words(&parser, TOKEN_START_SERVER, words, diagnostic);

	if (!result) {
		*out = *parser.server;
		parser.tier->server_count = 0;
		out->at = out->addr_at[0] = out->addr_at[1] = out->device_at = nowhere;
	}
	config_free(parser.config);
	return result;
}

int service_parse(struct service *out, const char *words, struct diagnostic *diagnostic)
{
	struct parser parser;
	int result = parse_words(&parser, TOKEN_START_SERVICE, words, diagnostic);

	if (!result)
		result = service_check(parser.config, parser.service, diagnostic);
	if (!result) {
		*out = *parser.service;
		parser.config->service_count = 0;
		out->at = out->tier_at = out->forward_at = out->port_at = nowhere;
		forget_addresses(&out->from);
		for (size_t i = 0; i < out->listen_count; i++)
			out->listens[i].at = out->listens[i].ports.at = nowhere;
	}
	config_free(parser.config);
	return result;
}

int packet_parse(struct packet_words *out, const char *words, struct diagnostic *diagnostic)
{
	struct parser parser;
	int result = parse_words(&parser, TOKEN_START_PACKET, words, diagnostic);

	if (!result)
		*out = parser.packet;
	config_free(parser.config);
	return result;
}

int prefix_parse(struct prefix *out, const char *word, struct diagnostic *diagnostic)
{
	struct parser parser;
	int result = parse_words(&parser, TOKEN_START_PREFIX, word, diagnostic);

	if (!result) {
		*out = parser.prefix;
		out->at = nowhere;
	}
	config_free(parser.config);
	return result;
}
