/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of commands: dispatch, usage and help come from its rows.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const char tierwall_version[] = TIERWALL_VERSION;

/* A ` | ` in the words parts the forms of one command. */
const struct command commands[] = {
	{"load", command_load, "", "load the program and pin everything, attach nothing"},
	{"attach", command_attach, "DEV... [mode native|generic|auto] [--confirm TIME] [--force]",
	 "attach to devices, loading first if need be"},
	{"detach", command_detach, "DEV...", "detach from devices"},
	{"unload", command_unload, "", "detach from all devices and remove the pins"},
	{"apply", command_apply, "FILE [--check] [--confirm TIME] [--force]",
	 "make the running state equal to FILE in one step"},
	{"confirm", command_confirm, "[--back]",
	 "keep what `--confirm TIME` put on trial, or go back now"},
	{"save", command_save, "[FILE]",
	 "write the running state to a file (/var/lib/tierwall/INSTANCE.conf)"},
	{"restore", command_restore, "[FILE] [--wait TIME] [--force]",
	 "apply what was saved, else the file in /etc/tierwall: at boot, before the network"},
	{"diff", command_diff, "FILE", "what apply would change; exit 1 where something differs"},
	{"show", command_show,
	 "[status] | show config | show tiers | show services | "
	 "show rules [TIER[/SERVER]|guard|host] | show sets [NAME] | show flows",
	 "the running state"},
	{"rule", command_rule, "add TIER[/SERVER] [at N] RULE | rule del TIER[/SERVER] N",
	 "add or delete one rule; guard and host stand where TIER stands"},
	{"set", command_set,
	 "add NAME PREFIX... [for TIME] | set del NAME PREFIX... | set load NAME FILE | "
	 "set flush NAME",
	 "change the entries of a set"},
	{"server", command_server,
	 "add TIER NAME ADDRESS... [weight N] | server del|down|up TIER NAME | "
	 "server drain TIER NAME [--wait TIME] | server set TIER NAME weight N",
	 "change the servers of a tier"},
	{"service", command_service,
	 "add NAME listen ADDRESS PROTO port PORTS tier TIER [forward MODE] [port PORT] | "
	 "service del NAME",
	 "add or delete a service"},
	{"stats", command_stats, "[NAME...]", "counters: a table, JSON (-j) or Prometheus (-m)"},
	{"trace", command_trace,
	 "PROTO SRC[:PORT] DST[:PORT] [flags F] [in DEV] | trace frame HEX [in DEV] | "
	 "trace pcap FILE [in DEV]",
	 "what would happen to this packet, and why"},
	{"flows", command_later, "", "find and end flows"},
	{"monitor", command_monitor,
	 "[drops|log] [REASON...] [TIER...] [--count N] [--for TIME] [--rate N] [--snap N] "
	 "[--pcapng FILE]",
	 "dropped and logged packets as they come"},
	{"import", command_import, "nft|iptables|ip6tables FILE",
	 "turn what `nft list ruleset` or iptables-save printed into a configuration"},
	{"doctor", command_doctor, "[DEV...]",
	 "what stands in the way of devices, kernel and servers, and what mends it"},
	{"run", command_later, "[FILE]", "the controller daemon in the foreground"},
	{"help", command_help, "[COMMAND]", "this text, or a command's usage"},
	{},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static void print_usage(FILE *out, const struct command *command)
{
	const char *form = command->words;
	const char *end = strstr(form, " | ");

	fprintf(out, "usage: tierwall %s%s", command->name, *form ? " " : "");
	for (; end; form = end + 3, end = strstr(form, " | "))
		fprintf(out, "%.*s\n       tierwall ", (int)(end - form), form);
	fprintf(out, "%s\n", form);
}

void print_help(FILE *out)
{
	fputs("usage: tierwall [OPTIONS] COMMAND [WORDS]\n"
	      "\n"
	      "options, before the command:\n"
	      "  -i, --instance NAME  which data path, where there are several (default)\n"
	      "      --bpffs DIR      where bpffs is mounted (/sys/fs/bpf, or TIERWALL_BPFFS)\n"
	      "  -j, --json           print JSON\n"
	      "  -m, --metrics        print the Prometheus text format (stats)\n"
	      "  -q, --quiet          print less\n"
	      "  -v, --verbose        print more; twice: also what libbpf says\n"
	      "  -V, --version        print the version\n"
	      "  -h, --help           print this\n"
	      "\n"
	      "commands:\n",
	      out);
	for (const struct command *command = commands; command->name; command++)
		if (command->run != command_later)
			fprintf(out, "  %-8s  %s\n", command->name, command->help);
	fputs("\n--confirm TIME (30s, 2m) goes back by itself unless `tierwall confirm` comes in "
	      "time.\n"
	      "What would end the connection that it is typed over (SSH_CONNECTION) asks first, "
	      "or is\nrefused where nobody can be asked; --force goes on.\n"
	      "`tierwall COMMAND --help` prints the usage of one command.\n"
	      "exit: 0 done; 1 refused, or something differs; 2 the kernel or system refused\n",
	      out);
}

int usage(const struct command *command, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	complain("%s", message);
	print_usage(stderr, command);
	return EXIT_REFUSED;
}

static const struct command *find_or_complain(const char *name)
{
	const struct command *command = command_find(name);
	const char *near = NULL;

	if (command)
		return command;
	near = nearest_word(name, &commands->name, sizeof(*commands));
	if (near)
		complain("unknown command `%s`; is `%s` meant?", name, near);
	else
		complain("unknown command `%s`; see `tierwall --help`", name);
	return NULL;
}

static bool asks_for_help(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "-h"))
		return true;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help"))
			return true;
	return false;
}

/* Takes `--force` out of the words of a command that changes what packets are judged by. */
static bool take_force(const struct command *command, int *argc, char **argv)
{
	static const char *const takers[] = {"attach", "detach", "apply",  "restore",
					     "rule",   "set",    "server", "service"};
	bool takes = false;
	int kept = 1;

	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		takes |= !strcmp(command->name, takers[i]);
	for (int i = 1; takes && i < *argc; i++)
		if (strcmp(argv[i], "--force") != 0)
			argv[kept++] = argv[i];
	if (!takes || kept == *argc)
		return false;
	*argc = kept;
	argv[kept] = NULL;
	return true;
}

int command_run(const struct options *options, int argc, char **argv)
{
	const struct command *command = find_or_complain(argv[0]);
	struct options changed = *options;

	if (!command)
		return EXIT_REFUSED;
	if (asks_for_help(argc, argv)) {
		print_usage(stdout, command);
		return EXIT_DONE;
	}
	if (options->output == OUTPUT_METRICS && command->run != command_stats)
		return usage(command, "-m belongs to `stats`; `%s` prints text or JSON (-j)",
			     command->name);
	changed.force = take_force(command, &argc, argv);
	return command->run(&changed, argc, argv);
}

int command_help(const struct options *options, int argc, char **argv)
{
	const struct command *command;

	(void)options;
	if (argc == 1) {
		print_help(stdout);
		return EXIT_DONE;
	}
	command = find_or_complain(argv[1]);
	if (!command)
		return EXIT_REFUSED;
	print_usage(stdout, command);
	return EXIT_DONE;
}

int command_later(const struct options *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	complain("`%s` is not yet supported", argv[0]);
	return EXIT_REFUSED;
}
