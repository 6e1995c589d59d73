/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall doctor`: each finding is a level, a subject, a sentence with its numbers and
 * the command that mends it.
 */
#ifndef TIERWALL_USER_DOCTOR_H
#define TIERWALL_USER_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "kernel/control.h"

enum finding_level {
	FINDING_OK,
	FINDING_CHECK,   /* cannot be seen from here: look there */
	FINDING_WARNING, /* works, but worse than it could */
	FINDING_PROBLEM, /* does not work */
};

struct finding {
	enum finding_level level;
	char about[32]; /* kernel, a device or a service */
	char subject[16];
	char says[480];
	char command[320]; /* empty: nothing to do */
};

struct doctor {
	const char *instance;
	struct instance opened;
	bool is_loaded; /* then `opened` and `running` hold it */
	struct running running;
	struct attachment *attachments;
	size_t attachment_count;
	struct node_facts facts;
	const char *about; /* of the findings to come */
	struct finding *findings;
	size_t count;
	bool failed; /* no memory */
};

/* Adds a finding about doctor->about. */
void doctor_says(struct doctor *doctor, enum finding_level level, const char *subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The command that mends what was found last. */
void doctor_mends(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The number in a file below /proc/sys; -1: there is none. */
long doctor_sysctl(const char *path, ...) __attribute__((format(printf, 1, 2)));

/* -- what is looked at ---------------------------------------------------------------- */

void doctor_kernel(struct doctor *doctor);                    /* doctor_kernel.c */
int doctor_device(struct doctor *doctor, const char *device); /* doctor_device.c */
void doctor_servers(struct doctor *doctor);                   /* doctor_servers.c */

#endif
