/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `tierwall doctor` finds of the kernel. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "cli/doctor.h"

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

static void look_at_release(struct doctor *doctor)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return;
	if (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR))
		doctor_says(doctor, FINDING_OK, "release", "%s", name.release);
	else
		doctor_says(doctor, FINDING_WARNING, "release",
			    "%s: older than %d.%d is not tested", name.release, OLDEST_MAJOR,
			    OLDEST_MINOR);
}

/* The last line that says something, which is where the kernel's reason stands. */
static void cut_to_reason(char *out, size_t size, const char *words)
{
	const char *reason = strstr(words, "-- BEGIN PROG LOAD LOG --\n");

	reason = reason ? reason + strlen("-- BEGIN PROG LOAD LOG --\n") : words;
	snprintf(out, size, "%.*s", (int)strcspn(reason, "\n"), reason);
}

/* No list of features says as much as loading it does. */
static void look_at_program(struct doctor *doctor)
{
	const char *words;
	char reason[256];
	int result;

	if (doctor->is_loaded) {
		doctor_says(doctor, FINDING_OK, "program", "loaded, by tierwall %s",
			    doctor->opened.meta.version);
		return;
	}
	result = program_try(&words);
	if (!result) {
		doctor_says(doctor, FINDING_OK, "program",
			    "this kernel takes it (it was loaded and let go)");
	} else if (result == -EPERM) {
		doctor_says(doctor, FINDING_PROBLEM, "program",
			    "it takes root, or CAP_BPF and CAP_NET_ADMIN, to load it");
		doctor_mends(doctor, "sudo tierwall doctor");
	} else {
		cut_to_reason(reason, sizeof(reason), words);
		doctor_says(doctor, FINDING_PROBLEM, "program", "this kernel refuses it (%s): %s",
			    strerror(-result), reason);
		doctor_mends(doctor, "tierwall load    # prints all that it says");
	}
}

static void look_at_compiler(struct doctor *doctor)
{
	if (doctor_sysctl("net/core/bpf_jit_enable") == 0) {
		doctor_says(doctor, FINDING_PROBLEM, "jit",
			    "BPF is interpreted: a packet takes many times as long");
		doctor_mends(doctor, "sysctl -w net.core.bpf_jit_enable=1");
		return;
	}
	doctor_says(doctor, FINDING_OK, "jit", "BPF is compiled");
	if (doctor_sysctl("net/core/bpf_jit_harden") == 2) {
		doctor_says(doctor, FINDING_WARNING, "jit",
			    "bpf_jit_harden is 2: constants are blinded in root's programs, too, "
			    "which makes them slower");
		doctor_mends(doctor, "sysctl -w net.core.bpf_jit_harden=1");
	}
}

static void look_at_statistics(struct doctor *doctor)
{
	if (doctor_sysctl("kernel/bpf_stats_enabled") != 1)
		return;
	doctor_says(
		doctor, FINDING_WARNING, "stats",
		"the kernel measures each run of a BPF program, at two clock readings a packet");
	doctor_mends(doctor, "sysctl -w kernel.bpf_stats_enabled=0");
}

/* Since 5.11 maps count towards the control group's memory. */
static void look_at_memory(struct doctor *doctor)
{
	struct rlimit limit;
	char group[64] = "";

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (limit.rlim_cur != RLIM_INFINITY)
		snprintf(group, sizeof(group), " (ulimit -l is %llu kB)",
			 (unsigned long long)limit.rlim_cur / 1024);
	doctor_says(doctor, FINDING_OK, "memlock",
		    "maps count towards the control group's memory, not the memlock limit%s",
		    group);
}

void doctor_kernel(struct doctor *doctor)
{
	look_at_release(doctor);
	look_at_program(doctor);
	look_at_compiler(doctor);
	look_at_statistics(doctor);
	look_at_memory(doctor);
	if (!doctor->is_loaded) {
		doctor_says(doctor, FINDING_WARNING, "instance", "`%s` is not loaded",
			    doctor->instance);
		doctor_mends(doctor, "tierwall attach DEV    # loads it, too");
	}
}
