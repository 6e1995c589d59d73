/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pipes and processes behind listener.h. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "listener.h"
#include "row.h"
#include "tierwall/abi.h"

static struct tw_listening listening_now(void)
{
	struct tw_listening now;
	uint32_t zero = 0;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/tierwall/packet-test/maps/listening", row_node()->bpffs);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &now))
		die("%s", path);
	close(fd);
	return now;
}

/* Is there a monitor that was not there before?  It may have the slot of one that was killed. */
static bool one_came(const struct tw_listening *before)
{
	struct tw_listening now = listening_now();

	for (int i = 0; i < TW_LISTENERS; i++)
		if (now.slots & 1u << i && now.listeners[i].until &&
		    now.listeners[i].owner != before->listeners[i].owner)
			return true;
	return false;
}

static FILE *reading(int fd)
{
	FILE *file = fdopen(fd, "r");

	if (!file)
		die("fdopen");
	setvbuf(file, NULL, _IONBF, 0); /* poll() must see what is there */
	return file;
}

void listening_begin(struct listening *out, const char *words)
{
	int lines[2], errors[2];
	struct tw_listening before = listening_now();
	char all[256];

	if (pipe2(lines, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		die("pipe");
	fcntl(lines[0], F_SETPIPE_SZ, 1 << 20);
	snprintf(all, sizeof(all), "-j monitor %s", words);
	out->pid = node_spawn(row_node(), all, lines[1], errors[1]);
	close(lines[1]);
	close(errors[1]);
	out->lines = reading(lines[0]);
	out->words = reading(errors[0]);
	for (int i = 0; i < 500; i++) {
		if (one_came(&before))
			return;
		usleep(10000);
	}
	fail_msg("`tierwall %s` does not listen", all);
}

json_t *listening_next(struct listening *listening, int milliseconds)
{
	struct pollfd ready = {.fd = fileno(listening->lines), .events = POLLIN};
	char line[8192];
	json_t *event;

	if (poll(&ready, 1, milliseconds) != 1 || !fgets(line, sizeof(line), listening->lines))
		return NULL;
	event = json_loads(line, 0, NULL);
	if (!event)
		fail_msg("no JSON: %s", line);
	return event;
}

static char *read_rest(FILE *file)
{
	char *text = calloc(1, 4096);

	if (!text)
		die("calloc");
	fread(text, 1, 4095, file);
	return text;
}

static void close_both(struct listening *listening)
{
	fclose(listening->lines);
	fclose(listening->words);
}

static void add_line(struct listening_sum *sum, const char *line, size_t length)
{
	static const char missed[] = "{\"event\":\"missed\"";
	json_t *event;

	if (length < sizeof(missed) - 1 || memcmp(line, missed, sizeof(missed) - 1) != 0) {
		sum->got++;
		return;
	}
	event = json_loadb(line, length, 0, NULL);
	sum->missed += json_integer_value(json_object_get(event, "count"));
	json_decref(event);
}

/* Many lines at once: one system call for each byte of a hundred megabytes takes too long. */
struct listening_sum listening_sum(struct listening *listening, int64_t events)
{
	struct pollfd ready = {.fd = fileno(listening->lines), .events = POLLIN};
	struct listening_sum sum = {};
	static char buffer[1 << 16];
	size_t held = 0;

	while (poll(&ready, 1, sum.got + sum.missed < events ? 5000 : 200) == 1) {
		ssize_t more = read(ready.fd, buffer + held, sizeof(buffer) - held);
		char *line = buffer, *end;

		if (more <= 0)
			break;
		held += (size_t)more;
		while ((end = memchr(line, '\n', (size_t)(buffer + held - line)))) {
			add_line(&sum, line, (size_t)(end - line));
			line = end + 1;
		}
		held -= (size_t)(line - buffer);
		memmove(buffer, line, held);
	}
	return sum;
}

int listening_end(struct listening *listening, char **words)
{
	int status;

	kill(listening->pid, SIGINT);
	status = node_wait(listening->pid);
	if (words)
		*words = read_rest(listening->words);
	close_both(listening);
	return status;
}

void listening_kill(struct listening *listening)
{
	kill(listening->pid, SIGKILL);
	node_wait(listening->pid);
	close_both(listening);
}
