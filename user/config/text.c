/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A source before it is read: the file's bytes, and whether they are text.  What
 * the lexer and the set reader get is UTF-8 without control bytes, so that they
 * need not care, and a file of another kind is refused at its first odd byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/parse.h"

#define FIRST_READ 65536

static int read_whole(int fd, size_t expected, size_t limit, char **out, size_t *length)
{
	size_t room = expected < limit ? expected + 2 : limit + 2, used = 0;
	char *text = malloc(room);

	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, text + used, room - used - 1);
		char *grown;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(text);
			return -errno;
		}
		if (!got)
			break;
		used += (size_t)got;
		if (used > limit) {
			free(text);
			return -EFBIG;
		}
		if (used < room - 1)
			continue;
		grown = realloc(text, room * 2);
		if (!grown) {
			free(text);
			return -ENOMEM;
		}
		text = grown;
		room *= 2;
	}
	text[used] = 0;
	*out = text;
	*length = used;
	return 0;
}

int text_read_file(char **out, size_t *length, const char *path, size_t limit)
{
	struct stat status;
	size_t expected;
	int fd, result;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0) {
		result = -errno;
		goto out;
	}
	/* Pipes are fine: `tierwall show config | tierwall apply /dev/stdin`. */
	expected = S_ISREG(status.st_mode) ? (size_t)status.st_size : FIRST_READ;
	result = read_whole(fd, expected, limit, out, length);
out:
	close(fd);
	return result;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t text_character(const char *text, size_t length, uint32_t *character)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *byte = (const unsigned char *)text;
	size_t size;

	if (byte[0] < 0x80) {
		*character = byte[0];
		return 1;
	}
	if (byte[0] >= 0xc2 && byte[0] < 0xe0)
		size = 2;
	else if (byte[0] >= 0xe0 && byte[0] < 0xf0)
		size = 3;
	else if (byte[0] >= 0xf0 && byte[0] < 0xf5)
		size = 4;
	else
		return 0;
	if (size > length)
		return 0;
	*character = byte[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if (!is_continuation(byte[i]))
			return 0;
		*character = *character << 6 | (byte[i] & 0x3fu);
	}
	if (*character < lowest[size] || *character > 0x10ffff ||
	    (*character >= 0xd800 && *character < 0xe000))
		return 0;
	return size;
}

static int odd_byte(const struct config *source, struct place at, unsigned char byte,
		    struct diagnostic *diagnostic)
{
	const char *file = source->file ? source->file : "FILE";

	if (byte == '\r')
		return config_mistake(source, at, diagnostic,
				      "a carriage return: lines end with a newline only; "
				      "mend it with: sed -i 's/\\r//g' %s",
				      file);
	if (byte == 0)
		return config_mistake(source, at, diagnostic,
				      "a NUL byte: this is not a text file, or it was cut short; "
				      "write it anew");
	if (byte < 0x20 || byte == 0x7f)
		return config_mistake(source, at, diagnostic,
				      "the control byte 0x%02x: remove it; only tabs and newlines "
				      "may stand in the text",
				      byte);
	return config_mistake(source, at, diagnostic,
			      "the byte 0x%02x does not belong to UTF-8; convert the file, for "
			      "example with: iconv -f latin1 -t utf-8 %s",
			      byte, file);
}

int text_check(const struct config *source, enum text_form form, struct diagnostic *diagnostic)
{
	const char *text = source->source, *end = text + source->source_length, *line = text;
	struct place at = {1, 1};

	if (form == TEXT_PLAIN && source->source_length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		return config_mistake(source, at, diagnostic,
				      "a byte order mark: remove it with: "
				      "sed -i '1s/^\\xef\\xbb\\xbf//' %s",
				      source->file ? source->file : "FILE");
	while (text < end) {
		unsigned char byte = (unsigned char)*text;
		uint32_t character;
		size_t size = 1;

		if (byte == '\n') {
			at.line++;
			line = text + 1;
		} else if (byte == '\r' && form == TEXT_FOREIGN && text[1] == '\n') {
			/* the NUL behind the text is no newline */
		} else if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
			size = 0;
		} else if (byte >= 0x80) {
			size = text_character(text, (size_t)(end - text), &character);
		}
		if (!size) {
			at.column = (uint32_t)(text - line) + 1;
			return odd_byte(source, at, byte, diagnostic);
		}
		text += size;
	}
	return 0;
}
