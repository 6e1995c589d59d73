/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options that stand before the command.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "tierwall/abi.h"

#define DEFAULT_INSTANCE "default"
#define DEFAULT_BPFFS    "/sys/fs/bpf"

enum { OPTION_BPFFS = 256 };

static const struct option long_options[] = {
	{"instance", required_argument, NULL, 'i'},
	{"bpffs", required_argument, NULL, OPTION_BPFFS},
	{"json", no_argument, NULL, 'j'},
	{"metrics", no_argument, NULL, 'm'},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{},
};

bool is_instance_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	size_t length = strlen(name);

	return length > 0 && length < TW_NAME && strspn(name, allowed) == length;
}

static enum options_result wrong_option(int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		complain("%s needs a value", word);
	else if (optopt && optopt < OPTION_BPFFS)
		complain("unknown option -%c; see `tierwall --help`", optopt);
	else
		complain("unknown option %s; see `tierwall --help`", word);
	return OPTIONS_WRONG;
}

static enum options_result check_options(const struct options *options)
{
	if (!is_instance_name(options->instance)) {
		complain("`%s` cannot name an instance: 1 to %d letters, digits, `_` and `-`",
			 options->instance, TW_NAME - 1);
		return OPTIONS_WRONG;
	}
	if (!*options->bpffs) {
		complain("--bpffs needs the name of a folder");
		return OPTIONS_WRONG;
	}
	return OPTIONS_COMMAND;
}

enum options_result options_parse(struct options *options, int argc, char **argv, int *first)
{
	const char *bpffs = getenv("TIERWALL_BPFFS");
	int option;

	*options = (struct options){
		.instance = DEFAULT_INSTANCE,
		.bpffs = bpffs && *bpffs ? bpffs : DEFAULT_BPFFS,
	};
	optind = 0; /* start afresh, also after an earlier call */
	while ((option = getopt_long(argc, argv, "+:i:jmqvVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'i':
			options->instance = optarg;
			break;
		case OPTION_BPFFS:
			options->bpffs = optarg;
			break;
		case 'j':
			options->output = OUTPUT_JSON;
			break;
		case 'm':
			options->output = OUTPUT_METRICS;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'V':
			return OPTIONS_VERSION;
		case 'h':
			return OPTIONS_HELP;
		default:
			return wrong_option(option, argv);
		}
	}
	*first = optind;
	return check_options(options);
}
