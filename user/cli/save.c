/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * save and restore: the running state across a reboot.  What is restored is there before
 * the network is: its devices may come late, and addresses come later still.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/edit.h"
#include "kernel/trial.h"

#define LONGEST_WAIT (60 * 60)

#define STATE_FOLDER "/var/lib/tierwall"
#define FILE_FOLDER  "/etc/tierwall"
#define PATH_LENGTH  512

static int cannot_write(const char *path, int error)
{
	complain("cannot write %s: %s", path, strerror(-error));
	return error;
}

/* -- save -------------------------------------------------------------------------------- */

/* What is on trial is not what a reboot should bring back. */
static int read_lasting(struct running *running, const struct instance *instance)
{
	struct trial trial;
	uint32_t slot;
	int result = trial_ask(&trial, instance);

	if (!result)
		result = lasting_slot(instance, &slot);
	if (result) {
		complain("cannot read which policy is live: %s", strerror(-result));
		return result;
	}
	if (trial.pending)
		complain("a change is on trial: what was before it is saved");
	result = running_read_slot(running, instance, slot);
	return result ? result : running_read_sets(running, instance);
}

static int print_state(int fd, const struct instance *instance, const struct config *config)
{
	FILE *out = fdopen(fd, "w");
	time_t now = time(NULL);
	struct tm local;
	char when[32] = "";
	int result;

	if (!out) {
		result = -errno;
		close(fd);
		return result;
	}
	if (localtime_r(&now, &local))
		strftime(when, sizeof(when), "%F %T", &local);
	fprintf(out, "# instance `%s` as it ran at %s, written by `tierwall save`\n\n",
		instance->name, when);
	result = config_print(out, config);
	if (!result && (fflush(out) || fsync(fileno(out))))
		result = -errno;
	if (fclose(out) && !result)
		result = -errno;
	return result;
}

static int sync_folder_of(const char *path)
{
	char copy[PATH_LENGTH];
	int fd, result;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fsync(fd) ? -errno : 0;
	close(fd);
	return result;
}

/* Under another name first: the file is there whole, or as it was. */
static int write_state(const char *path, const struct instance *instance,
		       const struct config *config)
{
	char staged[PATH_LENGTH + 8];
	int fd, result;

	snprintf(staged, sizeof(staged), "%s.XXXXXX", path);
	fd = mkostemp(staged, O_CLOEXEC); /* 0600: the hash key is in it */
	if (fd < 0)
		return cannot_write(path, -errno);
	result = print_state(fd, instance, config);
	if (!result && rename(staged, path))
		result = -errno;
	if (!result)
		result = sync_folder_of(path);
	else
		unlink(staged);
	return result ? cannot_write(path, result) : 0;
}

static int save(const struct options *options, const char *path)
{
	struct running running = {0};
	struct instance instance;
	int result = instance_open(&instance, options->instance, options->bpffs, INSTANCE_WRITE);

	if (result)
		return result;
	result = read_lasting(&running, &instance);
	if (!result)
		result = write_state(path, &instance, running.config);
	running_free(&running);
	instance_close(&instance);
	return result;
}

static void state_path(char *path, const struct options *options)
{
	snprintf(path, PATH_LENGTH, STATE_FOLDER "/%s.conf", options->instance);
}

int command_save(const struct options *options, int argc, char **argv)
{
	char path[PATH_LENGTH];

	if (argc > 2)
		return usage(command_find("save"), "one file, not also `%s`", argv[2]);
	if (argc == 2) {
		if (strlen(argv[1]) >= sizeof(path))
			return exit_status(cannot_write(argv[1], -ENAMETOOLONG));
		return exit_status(save(options, argv[1]));
	}
	state_path(path, options);
	if (mkdir(STATE_FOLDER, 0700) && errno != EEXIST)
		return exit_status(cannot_write(STATE_FOLDER, -errno));
	return exit_status(save(options, path));
}

/* -- restore -------------------------------------------------------------------------------- */

static bool has_all_devices(const struct config *config)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!if_nametoindex(config->interfaces[i].name))
			return false;
	return true;
}

/* A device that does not come keeps nobody from guarding the others. */
static void wait_for_devices(const struct config *config, uint32_t seconds)
{
	const struct timespec nap = {.tv_nsec = 100000000};
	uint64_t end = monotonic_now() + seconds * 1000000000ull;

	while (!has_all_devices(config) && monotonic_now() < end)
		nanosleep(&nap, NULL);
	for (size_t i = 0; i < config->interface_count; i++)
		if (!if_nametoindex(config->interfaces[i].name))
			complain("there is no device `%s`: the others are attached without it",
				 config->interfaces[i].name);
}

static int restore_from(const struct options *options, const char *path, uint32_t wait)
{
	struct config *config = NULL;
	int result = config_read_checked(&config, path);

	if (!result) {
		wait_for_devices(config, wait);
		result = config_apply(options, config, 0);
	}
	config_free(config);
	if (!result && !options->quiet)
		printf("restored from %s\n", path);
	return result;
}

/* What was saved; where that is not there or not accepted, the operator's own file. */
static int restore(const struct options *options, uint32_t wait)
{
	char saved[PATH_LENGTH], file[PATH_LENGTH];
	bool is_default = !strcmp(options->instance, "default");

	state_path(saved, options);
	snprintf(file, sizeof(file), FILE_FOLDER "/%s.conf",
		 is_default ? "tierwall" : options->instance);
	if (!access(saved, F_OK)) {
		int result = restore_from(options, saved, wait);

		if (!result || access(file, F_OK))
			return result;
		complain("%s is not restored: applying %s", saved, file);
	}
	if (!access(file, F_OK))
		return restore_from(options, file, wait);
	complain("nothing to restore: there is neither %s nor %s", saved, file);
	return MISTAKE;
}

int command_restore(const struct options *options, int argc, char **argv)
{
	const char *path = NULL;
	uint32_t wait = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--wait") && i + 1 < argc) {
			if (time_word_parse(&wait, argv[i], argv[i + 1], LONGEST_WAIT))
				return EXIT_REFUSED;
			i++;
		} else if (argv[i][0] == '-' || path) {
			return usage(command_find("restore"), "unexpected word `%s`", argv[i]);
		} else {
			path = argv[i];
		}
	}
	return exit_status(path ? restore_from(options, path, wait) : restore(options, wait));
}
