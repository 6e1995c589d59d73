/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lexer, grammar and the functions behind the grammar's actions share: the
 * state of one parse.  Nothing outside user/config includes this.
 */
#ifndef TIERWALL_USER_CONFIG_PARSE_H
#define TIERWALL_USER_CONFIG_PARSE_H

#include "config/config.h"

/* A token's text, not NUL-terminated: it lies in the source. */
struct word {
	const char *text;
	size_t length;
	struct place at;
};

/* Two words of `low - high`; a single number stands in both. */
struct range_words {
	struct word low, high;
};

/* No statement nests deeper than tier, server, firewall, a rule's list. */
#define OPENINGS_MAX 8

enum rules_of { RULES_OF_GUARD, RULES_OF_HOST, RULES_OF_TIER, RULES_OF_SERVER };

struct opening {               /* a `{` that is not closed yet */
	struct word statement; /* the first word of its statement */
	struct place at;
};

struct parser {
	struct config *config; /* what is built; its file and source name the mistakes */
	struct diagnostic *diagnostic;
	int result; /* of an action that ended the parse */
	bool words; /* of a command line, rather than a file */

	/* lexer */
	char *buffer;          /* flex's copy of the source */
	int start;             /* token that selects the grammar's entry, 0: handed out */
	size_t offset;         /* of the next byte */
	struct place at;       /* of the next byte */
	int previous;          /* the latest token, */
	struct word token;     /* its text, */
	int before;            /* and the one before it */
	struct word statement; /* the first word of the statement that we are in */
	struct opening openings[OPENINGS_MAX];
	unsigned int depth;
	bool in_rule; /* a # now begins the rule's name */
	unsigned int rule_depth;

	/* where the grammar's actions put what they read; all of it belongs to config */
	size_t statements;
	unsigned int said;    /* enum once: options of the statement so far */
	uint32_t checks_said; /* bits by enum tw_check */
	struct interface *interface;
	struct set *set;
	struct tier *tier;
	struct server *server;
	struct service *service;
	struct listen *listen;
	struct decap *decap;
	struct rules *rules;
	enum rules_of rules_of;
	struct rule rule; /* until it is whole */
	struct addresses *addresses;
	bool any; /* `any` stands among the addresses */
	struct ports *ports;
	struct packet_words packet;
	struct prefix prefix;
};

/* config_mistake(); the constant shows compiler and analyzers that it is never 0. */
#define parser_mistake(parser, at, ...) \
	(config_mistake((parser)->config, at, (parser)->diagnostic, __VA_ARGS__), MISTAKE)

/* -- lexer.l ------------------------------------------------------------------- */

int lexer_new(void **scanner, struct parser *parser);
void lexer_free(void *scanner);

/* -- token.c: what the lexer remembers of the tokens it has seen ------------------ */

/* Notes that a token of length bytes was read; returns it. */
int token_seen(struct parser *parser, int token, size_t length);
/* Passes over bytes that make no token. */
void token_skip(struct parser *parser, size_t length);
void token_skip_newline(struct parser *parser);
/* A line end here only separates what need not be separated. */
bool token_newline_is_idle(const struct parser *parser);
/* A # here begins a rule's name, not a comment. */
bool token_comment_is_name(const struct parser *parser);
bool token_starts_statement(int previous);

/* -- syntax.c: the message for a token that does not belong ------------------------- */

struct expected { /* a token that would */
	int token;
	const char *name;
};
int syntax_mistake(struct parser *parser, const struct expected *expected, size_t count);

/* -- text.c: a source before it is read ---------------------------------------------- */

/* The whole file with a NUL behind it; -EFBIG: more than limit bytes. */
int text_read_file(char **out, size_t *length, const char *path, size_t limit);
/*
 * Only UTF-8 without control bytes other than tab and newline.  TEXT_FOREIGN: also as
 * other systems write it, with a byte order mark and carriage returns at lines' ends.
 */
enum text_form { TEXT_PLAIN, TEXT_FOREIGN };
int text_check(const struct config *source, enum text_form form, struct diagnostic *diagnostic);
/* Bytes of the UTF-8 character that text begins with, 0: it is none. */
size_t text_character(const char *text, size_t length, uint32_t *character);

/* -- setfile.c ----------------------------------------------------------------------- */

#define PREFIXES_MAX 4000000u /* in one set */

/* set_read_file_showing(), but a file that cannot be read is a negative errno without a message. */
int set_file_read(struct prefix **items, size_t *count, const char *path,
		  const struct progress *progress, struct diagnostic *diagnostic);

/* -- word.c: words to values ------------------------------------------------------------ */

#define QUOTED 64
struct quoted { /* a word for a message: clipped, unprintable bytes escaped */
	char text[QUOTED];
};
const char *quote(struct quoted *out, struct word word);
bool word_is(struct word word, const char *text);

int word_name(struct parser *parser, struct word word, char out[TW_NAME], const char *of);
/* NULL, or what keeps the text from being a device's name: the rest of "`NAME` ...". */
const char *device_name_trouble(const char *name);
int word_device(struct parser *parser, struct word word, char out[16]);
int word_number(struct parser *parser, struct word word, uint32_t low, uint32_t high,
		const char *what, uint32_t *out);
int word_range(struct parser *parser, struct range_words words, uint32_t low, uint32_t high,
	       const char *what, uint16_t out[2]);
/* Splits N-N. */
struct range_words word_split_range(struct word word);
/* What a quoted text means, without its quotes and backslashes; -ENOMEM or MISTAKE. */
int word_unquote(struct parser *parser, struct word word, char **out);
int word_mac(struct parser *parser, struct word word, uint8_t out[6]);
int word_hash_key(struct parser *parser, struct word word, uint8_t out[16]);
/* LIST or LIST/MASK */
int word_flags(struct parser *parser, struct word word, uint8_t *mask, uint8_t *flags);
int word_icmp_type(struct parser *parser, struct word word, uint8_t protocol, uint8_t *out);
int word_icmp_code(struct parser *parser, struct word word, uint8_t protocol, uint8_t type,
		   uint8_t *out);
int word_dscp(struct parser *parser, struct word word, uint8_t *out);
int word_rate(struct parser *parser, struct word word, struct limit *out);
/* source or source/BITS; *bits 0: whole addresses */
int word_source(struct parser *parser, struct word word, uint8_t *out);

/* -- word_address.c: the same for addresses ------------------------------------------------ */

/* `instead` are keywords that could stand in the word's place, up to a NULL. */
int word_prefix(struct parser *parser, struct word word, const char *const *instead,
		struct prefix *out);
int word_address(struct parser *parser, struct word word, const char *const *instead,
		 const char *of, union tw_addr *out);
/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; port 0: none */
int word_endpoint(struct parser *parser, struct word word, union tw_addr *addr, uint16_t *port);

/* -- address.c ----------------------------------------------------------------------------- */

/* NULL: done; else why not, to stand behind "`TEXT` ". */
const char *address_read(const char *text, size_t length, union tw_addr *out);
const char *prefix_read(const char *text, size_t length, struct prefix *out);
static inline bool prefix_is_ipv4(const struct prefix *prefix)
{
	return prefix->bits >= 96 && addr_is_ipv4(&prefix->addr);
}

/* -- range.c ------------------------------------------------------------------------------ */

struct address_range {
	union tw_addr first, last;
	bool done;
};

/* FIRST-LAST; NULL: done; else why not, to stand behind "`TEXT` ". */
const char *range_read(const char *text, size_t length, struct address_range *out);
/* Takes the next prefix off the range; false: it is used up. */
bool range_next(struct address_range *range, struct prefix *out);

/* -- time.c -------------------------------------------------------------------------------- */

/* NULL: done; else why not, to stand behind "`TEXT` ". */
const char *time_read(const char *text, size_t length, uint32_t *seconds);

/* -- suggest.c: "did you mean ...?" ---------------------------------------------------------- */

struct suggestion {
	struct word word;
	const char *best; /* NULL: nothing is near */
	unsigned int distance;
};
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

#define TIER_SERVERS_MAX 1024u

/* -- build.c: the grammar's actions ----------------------------------------------------------- */

/* What may be said once in its statement. */
enum once {
	ONCE_MODE = 1 << 0,
	ONCE_WEIGHT = 1 << 1,
	ONCE_MAC = 1 << 2,
	ONCE_DEVICE = 1 << 3,
	ONCE_STATE = 1 << 4,
	ONCE_TIER = 1 << 5,
	ONCE_FORWARD = 1 << 6,
	ONCE_PORT = 1 << 7,
	ONCE_FROM = 1 << 8,
	ONCE_FLAGS = 1 << 9,
	ONCE_TYPE = 1 << 10,
	ONCE_BACKUP = 1 << 11,
	ONCE_AFFINITY = 1 << 12,
	ONCE_ON_DOWN = 1 << 13,
	ONCE_NO_SERVER = 1 << 14,
	ONCE_POOL = 1 << 15,
	ONCE_MSS = 1 << 16,
	ONCE_HASH = 1 << 17, /* and the bits behind it, one for each field */
};
int build_once(struct parser *parser, enum once once, struct word word);

int build_interface(struct parser *parser, struct word name);
int build_hash_key(struct parser *parser, struct word keyword, struct word key);
int build_set(struct parser *parser, struct word name);
int build_entry(struct parser *parser, struct word word);
/* Of the latest entry. */
int build_entry_time(struct parser *parser, struct word time);
int build_include(struct parser *parser, struct word keyword, struct word word);
int build_guard(struct parser *parser, struct word keyword);
int build_host(struct parser *parser, struct word keyword);
int build_tier(struct parser *parser, struct word name);
int build_tier_firewall(struct parser *parser, struct word keyword);
int build_strict(struct parser *parser, struct rules *rules, struct word keyword);
int build_server(struct parser *parser, struct word name);
int build_server_address(struct parser *parser, struct word word);
int build_server_end(struct parser *parser);
int build_server_firewall(struct parser *parser, struct word keyword);
int build_service(struct parser *parser, struct word name);
int build_listen(struct parser *parser, struct word address);
int build_backup_below(struct parser *parser, struct word keyword, struct word number);
int build_hash(struct parser *parser, struct word keyword, struct word field, int on);
int build_pool(struct parser *parser, struct word address);
int build_default(struct parser *parser, struct word keyword, struct place at, int action);
int build_check(struct parser *parser, struct word keyword, struct word name, int on);

/* -- build_tunnel.c ----------------------------------------------------------------------------- */

#define MSS_MIN 88 /* as Linux has it */
#define MSS_MAX 65495

int build_tunnel(struct parser *parser, struct word keyword);
int build_tunnel_source(struct parser *parser, struct word word);
int build_decap(struct parser *parser, struct word keyword);
int build_decap_form(struct parser *parser, struct word word, enum tw_tunnel form);
int build_decap_of_nobody(struct parser *parser);

/* -- build_rule.c ------------------------------------------------------------------------------- */

int build_rule(struct parser *parser, struct place at, int action);
int build_rule_end(struct parser *parser);
/* Notes that the rule has a field; each may be there once. */
int build_field(struct parser *parser, enum rule_fields field, struct word keyword);
int build_type(struct parser *parser, struct word keyword, struct word type);
int build_code(struct parser *parser, struct word keyword, struct word code);
int build_label(struct parser *parser, struct word label);
int build_address(struct parser *parser, struct word word);
int build_set_name(struct parser *parser, struct word word);
int build_any(struct parser *parser, struct word word);
void build_addresses_end(struct parser *parser);
int build_all_ports(struct parser *parser);
int build_ports(struct parser *parser, struct range_words words);

/* -- build_packet.c ----------------------------------------------------------------------------- */

int build_endpoints(struct parser *parser, struct word source, struct word destination);
int build_packet_flags(struct parser *parser, struct word keyword, struct word flags);
int build_packet_type(struct parser *parser, struct word keyword, struct word type);

/* -- check_rule.c, check_service.c: what can be judged without a configuration ---------------------- */

int addresses_check(const struct config *source, const struct addresses *addresses,
		    struct diagnostic *diagnostic);
int rule_check(const struct config *source, const struct rule *rule, struct diagnostic *diagnostic);
int service_check(const struct config *source, const struct service *service,
		  struct diagnostic *diagnostic);

#endif
