/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The commands: one function each, one row each in commands.c, from which usage,
 * help and dispatch come.
 *
 * A command gets its own words (argv[0] is its name) and the global options, and
 * returns the exit status: 0 done, 1 refused or different, 2 the system refused.
 * Data goes to stdout, words to stderr.
 */
#ifndef TIERWALL_USER_CLI_H
#define TIERWALL_USER_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_SYSTEM = 2 };

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_METRICS };

struct options {
	const char *instance;
	const char *bpffs;
	enum output output;
	bool quiet;
	bool force; /* --force behind the command: also where it locks its own operator out */
	int verbose;
};

struct command {
	const char *name;
	int (*run)(const struct options *options, int argc, char **argv);
	const char *words; /* synopsis after the name */
	const char *help;  /* one line */
};

/* Reads what stands before the command; *first is where argv goes on after it. */
enum options_result { OPTIONS_COMMAND, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_WRONG };
enum options_result options_parse(struct options *options, int argc, char **argv, int *first);
/* 1 to 31 of [A-Za-z0-9_-] */
bool is_instance_name(const char *name);

extern const char tierwall_version[];
extern const struct command commands[]; /* ends with a row without a name */

int command_load(const struct options *options, int argc, char **argv);
int command_unload(const struct options *options, int argc, char **argv);
int command_attach(const struct options *options, int argc, char **argv);
int command_detach(const struct options *options, int argc, char **argv);
int command_apply(const struct options *options, int argc, char **argv);
int command_confirm(const struct options *options, int argc, char **argv);
int command_save(const struct options *options, int argc, char **argv);
int command_restore(const struct options *options, int argc, char **argv);
int command_diff(const struct options *options, int argc, char **argv);
int command_show(const struct options *options, int argc, char **argv);
int command_rule(const struct options *options, int argc, char **argv);
int command_set(const struct options *options, int argc, char **argv);
int command_server(const struct options *options, int argc, char **argv);
int command_service(const struct options *options, int argc, char **argv);
int command_stats(const struct options *options, int argc, char **argv);
int command_trace(const struct options *options, int argc, char **argv);
int command_monitor(const struct options *options, int argc, char **argv);
int command_import(const struct options *options, int argc, char **argv);
int command_doctor(const struct options *options, int argc, char **argv);
int command_help(const struct options *options, int argc, char **argv);
/* For commands of the interface that a later version will have. */
int command_later(const struct options *options, int argc, char **argv);

/* "tierwall: " message on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* complain() with the command's usage line; returns EXIT_REFUSED. */
int usage(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const struct command *command_find(const char *name);
/* The exit status for a result of config/ or kernel/: 0, MISTAKE or a negative errno. */
int exit_status(int result);
/* argv[from..argc) joined with spaces; the caller frees it. */
char *join_words(int argc, char **argv, int from);
/* The time behind `option`, at most `longest` seconds; MISTAKE, said: it is none. */
int time_word_parse(uint32_t *seconds, const char *option, const char *word, uint32_t longest);

/* argv[0] is the command's name. */
int command_run(const struct options *options, int argc, char **argv);
void print_help(FILE *out);
/* Closes stdout: the given status, or EXIT_SYSTEM (said on stderr) where data was lost. */
int close_output(int status);
/* Prints a mistake and frees its diagnostic. */
void complain_of(struct diagnostic *diagnostic);
/*
 * Writes the lines that tell two texts apart, each after the line of the block
 * that it stands in.  1: they differ, 0: they are the same, or a negative errno.
 */
int print_difference(FILE *out, const char *old_text, const char *new_text);

#endif
