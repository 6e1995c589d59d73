/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/pins.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/cli.h"

#define BPFFS_DEFAULT "/sys/fs/bpf"

static bool is_bpffs(const char *path)
{
	struct statfs info;

	return !statfs(path, &info) && (unsigned long)info.f_type == BPF_FS_MAGIC;
}

int pins_prepare(const char *bpffs)
{
	char folder[PIN_PATH];
	int result;

	/* only the usual place is mounted unasked, as bpftool and libbpf's users expect */
	if (!is_bpffs(bpffs) && !strcmp(bpffs, BPFFS_DEFAULT) &&
	    mount("bpf", bpffs, "bpf", 0, "mode=0700")) {
		result = -errno;
		complain("cannot mount a BPF file system on %s: %s", bpffs, strerror(errno));
		return result;
	}
	if (!is_bpffs(bpffs)) {
		complain("%s is no BPF file system: run `mount -t bpf bpf %s`", bpffs, bpffs);
		return -ENOTDIR;
	}
	snprintf(folder, sizeof(folder), "%s/tierwall", bpffs);
	if (mkdir(folder, 0755) && errno != EEXIST) {
		result = -errno;
		complain("cannot make %s: %s", folder, strerror(errno));
		return result;
	}
	return 0;
}

static int remove_entry(const char *path)
{
	struct stat info;

	if (lstat(path, &info))
		return -errno;
	if (S_ISDIR(info.st_mode))
		return pins_remove(path);
	return unlink(path) ? -errno : 0;
}

int pins_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int result = 0;

	if (!dir)
		return -errno;
	while (!result && (entry = readdir(dir))) {
		char path[PIN_PATH];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
		    (int)sizeof(path))
			result = -ENAMETOOLONG;
		else
			result = remove_entry(path);
	}
	closedir(dir);
	if (!result && rmdir(folder))
		result = -errno;
	return result;
}

void pin_name(char *out, size_t size, const char *device)
{
	size_t at = 0;

	for (const char *c = device; *c && at + 4 < size; c++) {
		if (isalnum((unsigned char)*c) || *c == '-')
			out[at++] = *c;
		else
			at += (size_t)snprintf(out + at, size - at, "_%02x", (unsigned char)*c);
	}
	out[at] = '\0';
}
