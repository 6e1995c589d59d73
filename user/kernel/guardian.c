/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process that tidies up after a trial that nobody confirms.  It belongs to no
 * terminal and no session but its own.  Where it is killed all the same, packets are
 * judged as before the trial in time nevertheless, and the next command tidies up.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/image.h"
#include "kernel/trial.h"

#define NANOSECONDS 1000000000ull

/* Nothing of the one who began the trial: its files, its folder, its lock. */
static void leave_everything(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		if (null >= 0)
			dup2(null, fd);
	close_range(3, ~0u, 0);
	if (chdir("/"))
		return; /* then its folder stays in use for a while */
}

/* Until the time of the trial comes, or it has ended otherwise: then false. */
static bool wait_for_the_end(const struct tw_control *control, uint64_t revert_at)
{
	uint64_t now;

	while ((now = monotonic_now()) < revert_at) {
		uint64_t left = revert_at - now;
		struct timespec nap = {.tv_sec = left >= NANOSECONDS,
				       .tv_nsec = left >= NANOSECONDS ? 0 : (long)left};

		if (__atomic_load_n(&control->revert_at, __ATOMIC_ACQUIRE) != revert_at)
			return false;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	}
	return __atomic_load_n(&control->revert_at, __ATOMIC_ACQUIRE) == revert_at;
}

static void guard(const char *name, const char *bpffs, const struct tw_control *control,
		  uint64_t revert_at)
{
	struct instance instance;

	if (!wait_for_the_end(control, revert_at))
		return;
	/* to open it for writing settles what is over */
	if (instance_open(&instance, name, bpffs, INSTANCE_WRITE))
		return;
	instance_close(&instance);
	openlog("tierwall", LOG_PID, LOG_DAEMON);
	syslog(LOG_NOTICE, "instance `%s`: nobody confirmed, what was before is live again", name);
}

int guardian_start(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	uint64_t revert_at;
	pid_t child;

	if (!control)
		return -errno;
	revert_at = __atomic_load_n(&control->revert_at, __ATOMIC_ACQUIRE);
	fflush(NULL);
	child = fork();
	if (child < 0) {
		int result = -errno;

		control_unmap(control);
		return result;
	}
	if (!child) {
		/* a session of its own, and not its leader: no terminal can become its own */
		if (setsid() < 0 || fork())
			_exit(0);
		leave_everything();
		guard(instance->name, instance->bpffs, control, revert_at);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	control_unmap(control);
	return 0;
}
