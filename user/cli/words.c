/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Words in and out: what every command needs to speak with its operator.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

void complain(const char *format, ...)
{
	va_list arguments;

	fflush(stdout); /* where both go to one place, words come after the data before them */
	fputs("tierwall: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void complain_of(struct diagnostic *diagnostic)
{
	fflush(stdout);
	fputs(diagnostic->text ? diagnostic->text : "tierwall: out of memory\n", stderr);
	diagnostic_free(diagnostic);
}

int exit_status(int result)
{
	if (result < 0)
		return EXIT_SYSTEM;
	return result > 0 ? EXIT_REFUSED : EXIT_DONE;
}

int close_output(int status)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) || failed) {
		if (errno)
			complain("cannot write the output: %s", strerror(errno));
		else
			complain("cannot write the output");
		return EXIT_SYSTEM;
	}
	return status;
}

char *join_words(int argc, char **argv, int from)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	for (int i = from; i < argc; i++)
		fprintf(out, "%s%s", i > from ? " " : "", argv[i]);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

int time_word_parse(uint32_t *seconds, const char *option, const char *word, uint32_t longest)
{
	struct diagnostic diagnostic = {0};
	int result = time_parse(seconds, word, &diagnostic);

	if (result == MISTAKE) {
		complain_of(&diagnostic);
	} else if (!result && *seconds > longest) {
		complain("`%s %s`: at most %us", option, word, longest);
		result = MISTAKE;
	}
	return result;
}
