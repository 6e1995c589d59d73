/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `tierwall import`: another firewall's rules as a configuration, on stdout. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "config/parse.h"
#include "import/import.h"

#define SOURCE_MAX ((size_t)1 << 30)

static const char *const formats[] = {
	[IMPORT_NFT] = "nft",
	[IMPORT_IPTABLES] = "iptables",
	[IMPORT_IP6TABLES] = "ip6tables",
};

static int complain_of_import(int result, const char *path)
{
	switch (result) {
	case -ELOOP:
		complain("%s: its chains jump in a circle, or more than 64 deep", path);
		return MISTAKE;
	case -E2BIG:
		complain("%s: its jumps make too many rules: take the returns out of its chains",
			 path);
		return MISTAKE;
	case -ENOMEM:
		complain("out of memory");
	}
	return result;
}

static int import_file(enum import_format format, const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	char *text;
	size_t length;
	int result = text_read_file(&text, &length, is_stdin ? "/dev/stdin" : path, SOURCE_MAX);

	if (result) {
		complain("cannot read %s: %s", path, strerror(-result));
		return exit_status(result);
	}
	result = import_text(format, is_stdin ? "stdin" : path, text, length, stdout, stderr);
	free(text);
	return exit_status(complain_of_import(result, path));
}

int command_import(const struct options *options, int argc, char **argv)
{
	const struct command *command = command_find("import");

	(void)options;
	if (argc != 3)
		return usage(command,
			     argc < 3 ? "of which program, and which file?" : "one file, please");
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(argv[1], formats[i]))
			return import_file((enum import_format)i, argv[2]);
	return usage(command, "`%s` is none of nft, iptables and ip6tables", argv[1]);
}
