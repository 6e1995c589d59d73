/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words to values: names, devices, numbers and ranges, MAC addresses and keys. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

bool word_is(struct word word, const char *text)
{
	return strlen(text) == word.length && !memcmp(word.text, text, word.length);
}

static bool is_name_byte(char byte, bool first)
{
	unsigned char letter = (unsigned char)byte;

	if (letter >= 0x80)
		return false;
	return isalpha(letter) || letter == '_' ||
	       (!first && (isdigit(letter) || letter == '-' || letter == '.'));
}

int word_name(struct parser *parser, struct word word, char out[TW_NAME], const char *of)
{
	struct quoted quoted;

	for (size_t i = 0; i < word.length; i++)
		if (!is_name_byte(word.text[i], i == 0))
			return parser_mistake(parser, word.at,
					      "`%s` cannot be the name of a %s: a name begins with "
					      "a letter or `_`, then letters, digits, `_`, `-` and "
					      "`.` follow",
					      quote(&quoted, word), of);
	if (word.length >= TW_NAME)
		return parser_mistake(parser, word.at,
				      "the name of this %s has %zu characters: %d are the most", of,
				      word.length, TW_NAME - 1);
	memcpy(out, word.text, word.length);
	out[word.length] = 0;
	return 0;
}

int word_unquote(struct parser *parser, struct word word, char **out)
{
	char *text = malloc(word.length + 1);
	size_t used = 0;

	if (!text)
		return -ENOMEM;
	for (size_t i = 1; i + 1 < word.length; i++) {
		if (word.text[i] == '\\')
			i++;
		text[used++] = word.text[i];
	}
	text[used] = 0;
	if (!used) {
		free(text);
		return parser_mistake(parser, word.at, "the text in quotes is empty");
	}
	*out = text;
	return 0;
}

const char *device_name_trouble(const char *name)
{
	if (!*name)
		return "is not a device's name";
	if (strlen(name) > 15)
		return "is longer than 15 bytes, the most that a device's name has";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is not a device's name";
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return "is not a device's name: it holds a `/`, a `:` or white space";
	return NULL;
}

int word_device(struct parser *parser, struct word word, char out[16])
{
	const char *trouble;
	struct quoted quoted;
	char *name;
	int result;

	if (word.text[0] == '"') {
		result = word_unquote(parser, word, &name);
		if (result)
			return result;
	} else {
		name = strndup(word.text, word.length);
		if (!name)
			return -ENOMEM;
	}
	trouble = device_name_trouble(name);
	if (!trouble)
		memcpy(out, name, strlen(name) + 1);
	free(name);
	if (trouble)
		return parser_mistake(parser, word.at, "`%s` %s", quote(&quoted, word), trouble);
	return 0;
}

int word_number(struct parser *parser, struct word word, uint32_t low, uint32_t high,
		const char *what, uint32_t *out)
{
	struct quoted quoted;
	uint64_t number = 0;

	for (size_t i = 0; i < word.length; i++) {
		if (!isdigit((unsigned char)word.text[i]))
			number = UINT32_MAX + 1ull;
		else if (number <= UINT32_MAX)
			number = number * 10 + (uint64_t)(word.text[i] - '0');
	}
	if (number < low || number > high)
		return parser_mistake(parser, word.at, "`%s` is not a %s: it is a number %u-%u",
				      quote(&quoted, word), what, low, high);
	*out = (uint32_t)number;
	return 0;
}

struct range_words word_split_range(struct word word)
{
	const char *dash = memchr(word.text, '-', word.length);
	size_t length = (size_t)(dash - word.text);
	struct range_words words = {word, word};

	words.low.length = length;
	words.high.text = dash + 1;
	words.high.length = word.length - length - 1;
	words.high.at.column += (uint32_t)length + 1;
	return words;
}

int word_range(struct parser *parser, struct range_words words, uint32_t low, uint32_t high,
	       const char *what, uint16_t out[2])
{
	uint32_t first, last;
	int result;

	result = word_number(parser, words.low, low, high, what, &first);
	if (result)
		return result;
	result = word_number(parser, words.high, low, high, what, &last);
	if (result)
		return result;
	if (first > last)
		return parser_mistake(parser, words.low.at,
				      "the range %u-%u is reversed: write %u-%u", first, last, last,
				      first);
	out[0] = (uint16_t)first;
	out[1] = (uint16_t)last;
	return 0;
}

/* Reads 2 hexadecimal digits. */
static bool read_byte(const char *text, uint8_t *out)
{
	unsigned int value = 0;

	for (int i = 0; i < 2; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
		value = value * 16 + (unsigned int)(isdigit((unsigned char)text[i])
							    ? text[i] - '0'
							    : tolower(text[i]) - 'a' + 10);
	}
	*out = (uint8_t)value;
	return true;
}

int word_mac(struct parser *parser, struct word word, uint8_t out[6])
{
	static const uint8_t zero[6];
	struct quoted quoted;
	bool right = word.length == 17;

	for (size_t i = 0; right && i < 6; i++)
		right = read_byte(word.text + i * 3, &out[i]) &&
			(i == 5 || word.text[i * 3 + 2] == ':');
	if (!right)
		return parser_mistake(parser, word.at,
				      "`%s` is not a MAC address: write it as 02:00:00:00:01:13",
				      quote(&quoted, word));
	if (out[0] & 1 || !memcmp(out, zero, sizeof(zero)))
		return parser_mistake(parser, word.at, "`%s` is not the MAC address of one machine",
				      quote(&quoted, word));
	return 0;
}

int word_hash_key(struct parser *parser, struct word word, uint8_t out[16])
{
	bool right = word.length == 32;

	for (size_t i = 0; right && i < 16; i++)
		right = read_byte(word.text + i * 2, &out[i]);
	if (!right)
		return parser_mistake(parser, word.at,
				      "a hash key is 32 hexadecimal digits; make one with: "
				      "openssl rand -hex 16");
	return 0;
}
