/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Namespaces, commands and BPF_PROG_TEST_RUN behind node.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node.h"
#include "poison.skel.h"

#define INSTANCE  NODE_INSTANCE
#define WORDS_MAX 40

/* The most that BPF_PROG_TEST_RUN puts into the first buffer of a packet. */
#define LINEAR_MAX 3072

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

/* -- commands ------------------------------------------------------------------- */

static int exit_status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads to the end of file; returns an allocated string. */
static char *read_all(int fd)
{
	char *text = NULL, chunk[4096];
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	ssize_t got;

	if (!out)
		die("open_memstream");
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		fwrite(chunk, 1, got, out);
	if (fclose(out))
		die("open_memstream");
	return text;
}

static int run_words(char *const argv[], char **out)
{
	int pipes[2];
	pid_t pid;

	if (out && pipe2(pipes, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (out)
			dup2(pipes[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (out) {
		close(pipes[1]);
		*out = read_all(pipes[0]);
		close(pipes[0]);
	}
	return exit_status_of(pid);
}

/* Ends with NULL; the caller frees argv[WORDS_MAX], which holds the words. */
static void split_words(const struct node *node, const char *words, char *argv[WORDS_MAX + 1])
{
	char *copy = strdup(words), *rest = NULL, *word;
	int count = 0;

	argv[count++] = (char *)node->executable;
	argv[count++] = "--bpffs";
	argv[count++] = (char *)node->bpffs;
	argv[count++] = "-i";
	argv[count++] = INSTANCE;
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (count == WORDS_MAX - 1) {
			errno = E2BIG;
			die("%s", words);
		}
		argv[count++] = word;
	}
	argv[count] = NULL;
	argv[WORDS_MAX] = copy;
}

static int run_tierwall(const struct node *node, const char *words, char **out)
{
	char *argv[WORDS_MAX + 1];
	int status;

	split_words(node, words, argv);
	status = run_words(argv, out);
	free(argv[WORDS_MAX]);
	return status;
}

pid_t node_spawn(const struct node *node, const char *words, int out, int err)
{
	char *argv[WORDS_MAX + 1];
	pid_t pid;

	split_words(node, words, argv);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	free(argv[WORDS_MAX]);
	return pid;
}

int node_wait(pid_t pid)
{
	return exit_status_of(pid);
}

int node_command(const struct node *node, const char *words)
{
	char *out;
	int status = run_tierwall(node, words, &out);

	if (status)
		fprintf(stderr, "tierwall %s: exit %d\n%s", words, status, out);
	free(out);
	return status;
}

int node_output(const struct node *node, const char *words, char **out)
{
	return run_tierwall(node, words, out);
}

/* -- the program -------------------------------------------------------------------- */

static void open_program(struct node *node)
{
	struct poison_bpf *poison;
	char path[256];
	uint32_t first = 0;

	snprintf(path, sizeof(path), "%s/tierwall/" INSTANCE "/xdp", node->bpffs);
	node->program = bpf_obj_get(path);
	if (node->program < 0)
		die("%s", path);
	poison = poison_bpf__open_and_load();
	if (!poison)
		die("poison.bpf.o does not load");
	if (bpf_map_update_elem(bpf_map__fd(poison->maps.target), &first, &node->program, 0))
		die("the program cannot be called behind poison.bpf.o");
	node->poisoned = bpf_program__fd(poison->progs.poison);
	/* The skeleton stays open for as long as the process lives: the map holds the program. */
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		die("%s", path);
}

int node_apply(struct node *node, const char *configuration)
{
	char words[256];
	int status;

	write_file(node->file, configuration);
	snprintf(words, sizeof(words), "apply %s", node->file);
	status = node_command(node, words);
	if (status == 0 && node->program < 0)
		open_program(node);
	return status;
}

const char *verdict_name(uint32_t verdict)
{
	static const char *const names[] = {"ABORTED", "DROP", "PASS", "TX", "REDIRECT"};

	return verdict < 5 ? names[verdict] : "nonsense";
}

void node_send(const struct node *node, const struct frame *frame, struct outcome *out)
{
	size_t linear = frame->linear < LINEAR_MAX ? frame->linear : LINEAR_MAX;
	struct xdp_md ctx = {
		.data_end = linear < frame->length ? linear : frame->length,
		.ingress_ifindex = node->ifindex[frame->device],
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .data_out = out->bytes,
		    .data_size_out = sizeof(out->bytes), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	if (bpf_prog_test_run_opts(node->poisoned, &options))
		die("BPF_PROG_TEST_RUN of a frame of %zu bytes on %s", frame->length,
		    device_name(frame->device));
	out->verdict = options.retval;
	out->length = options.data_size_out;
}

/* -- namespaces ----------------------------------------------------------------------- */

static void set_sysctl(const char *name, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	write_file(path, value);
}

static void run_ip_batch(const struct node *node, void (*print)(FILE *out))
{
	char *argv[] = {"ip", "-batch", (char *)node->file, NULL};
	FILE *file = fopen(node->file, "w");

	if (!file)
		die("%s", node->file);
	print(file);
	if (fclose(file))
		die("%s", node->file);
	if (run_words(argv, NULL)) {
		fprintf(stderr, "ip -batch %s failed\n", node->file);
		exit(1);
	}
}

/*
 * Frames can be redirected to one end of a veth pair where the other has GRO on.  The
 * attic's has not, as drivers that cannot do it at all.
 */
static void take_redirected_frames(enum device device)
{
	struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_data = (void *)&on};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s-peer", device_name(device));
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("GRO on %s", request.ifr_name);
	close(fd);
}

static void make_network(struct node *node)
{
	char name[64];

	/*
	 * Only the tests may send to the node: the far ends of its links, which are of the
	 * same kernel, stay without IPv6 and do not answer ARP.
	 */
	set_sysctl("ipv6/conf/default/disable_ipv6", "1");
	set_sysctl("ipv4/conf/all/arp_ignore", "8");
	run_ip_batch(node, topology_print_links);
	for (enum device device = WAN; device < DEVICE_COUNT; device++) {
		node->ifindex[device] = if_nametoindex(device_name(device));
		if (!node->ifindex[device])
			die("%s", device_name(device));
		snprintf(name, sizeof(name), "ipv6/conf/%s/disable_ipv6", device_name(device));
		set_sysctl(name, "0");
		if (device != ATTIC)
			take_redirected_frames(device);
	}
	set_sysctl("ipv4/ip_forward", "1");
	set_sysctl("ipv6/conf/all/forwarding", "1");
	run_ip_batch(node, topology_print_addresses);
}

static void enter_namespaces(struct node *node)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		die("unshare (root is needed)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("mount /");
	if (mkdir(node->bpffs, 0700) || mount("bpf", node->bpffs, "bpf", 0, NULL))
		die("bpffs on %s", node->bpffs);
	make_network(node);
}

static volatile sig_atomic_t child;

/* Whoever ends the parent ends the child; the folder is then removed as always. */
static void pass_on(int number)
{
	kill(child, number);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

int node_run(const char *executable, int (*body)(struct node *node))
{
	struct node node = {.executable = executable, .program = -1, .poisoned = -1};
	const char *parent = getenv("TMPDIR");
	int status;
	pid_t pid;

	unsetenv("SSH_CONNECTION"); /* no test is typed over it */
	snprintf(node.folder, sizeof(node.folder), "%s/tierwall-test-XXXXXX",
		 parent ? parent : "/tmp");
	if (!mkdtemp(node.folder))
		die("%s", node.folder);
	snprintf(node.bpffs, sizeof(node.bpffs), "%s/bpf", node.folder);
	snprintf(node.file, sizeof(node.file), "%s/test.conf", node.folder);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		enter_namespaces(&node);
		exit(body(&node));
	}
	child = pid;
	signal(SIGINT, pass_on);
	signal(SIGTERM, pass_on);
	status = exit_status_of(pid);
	if (nftw(node.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS))
		fprintf(stderr, "%s remains: %s\n", node.folder, strerror(errno));
	return status;
}

int node_main(int argc, char **argv, int (*body)(struct node *node))
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s TIERWALL\n", argv[0]);
		return 2;
	}
	return node_run(argv[1], body);
}

void node_pin_to_cpu(void)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		die("sched_getaffinity");
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one))
			die("sched_setaffinity");
		return;
	}
}
