/* final.c: the end of everything: TERM, wait, KILL, until no child is left.
 *
 * In:  the exit code, the time between TERM and KILL.   Out: the code, when no process is left that we could wait for.
 * As PID 1 kill(-1) reaches the whole pid namespace. As a subreaper our descendants are found in /proc: a process whose chain of parents
 * leads to us. No allocation: one fixed buffer, and a chain is walked by reading one stat file per step. */
#define _GNU_SOURCE
#include "pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_WAIT_NS 10000000000ull     /* after KILL: only what hangs in the kernel is left, and will not go */
#define CHAIN_MAX 4096                  /* a chain of parents that is longer was read while it changed */

struct dirent64_ {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static pid_t parse_pid(const char *text)
{
	long n = 0;

	if (!*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n >= FI_PID_LIMIT)
			return 0;
		n = n * 10 + (*text - '0');
	}
	return (pid_t)n;
}

/* The parent's pid in /proc/PID/stat: "pid (comm) S ppid …", where comm may hold anything. 0 = unknown. */
static pid_t parse_parent(const char *stat)
{
	const char *at = strrchr(stat, ')');
	long n = 0;

	if (!at || at[1] != ' ' || !at[2] || at[3] != ' ')
		return 0;
	for (at += 4; *at >= '0' && *at <= '9' && n < FI_PID_LIMIT; at++)
		n = n * 10 + (*at - '0');
	return (pid_t)n;
}

static pid_t parent_of(int proc, pid_t pid)
{
	char path[32], text[512];
	char *at = path + sizeof path;
	ssize_t n;
	int fd;

	memcpy(at -= 6, "/stat", 6);
	for (; pid > 0; pid /= 10)
		*--at = (char)('0' + pid % 10);
	fd = openat(proc, at, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	return parse_parent(text);
}

static int is_ours(int proc, pid_t pid)
{
	const pid_t self = getpid();

	if (pid == self)
		return 0;
	for (int i = 0; i < CHAIN_MAX && pid > 1; i++) {
		pid = parent_of(proc, pid);
		if (pid == self)
			return 1;
	}
	return 0;
}

static void signal_descendants(int signo)
{
	static _Alignas(8) char buffer[32768];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (proc < 0)
		return;
	while ((n = syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0)
		for (long at = 0; at < n;) {
			struct dirent64_ *entry = (struct dirent64_ *)(void *)(buffer + at);
			pid_t pid = parse_pid(entry->name);

			if (pid > 0 && is_ours(proc, pid))
				kill(pid, signo);
			at += entry->reclen;
		}
	close(proc);
}

static void signal_all(int signo)
{
	if (fi_pid1.is_pid1)
		kill(-1, signo);
	else
		signal_descendants(signo);
}

/* 1: no child is left. Without __WNOTHREAD: both threads' children. */
static int reap_all(void)
{
	for (;;) {
		siginfo_t si = { 0 };

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return errno == ECHILD;
		}
		if (si.si_pid == 0)
			return 0;
		if (fi_pid1.shared)
			atomic_fetch_add(&fi_pid1.shared->count.reaped_orphans, 1);
	}
}

/* Until the deadline; `again` is repeated after each round of deaths (0: no), since deaths reveal new children. */
static int wait_for_all(uint64_t deadline_ns, int again)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!reap_all()) {
		uint64_t now = fi_now_ns();
		struct timespec left;

		if (now >= deadline_ns)
			return 0;
		left.tv_sec = (time_t)((deadline_ns - now) / 1000000000u);
		left.tv_nsec = (long)((deadline_ns - now) % 1000000000u);
		sigtimedwait(&child, NULL, &left);
		if (again)
			signal_all(again);
	}
	return 1;
}

int fi_final(int code, uint32_t grace_ms)
{
	signal_all(SIGTERM);
	signal_all(SIGCONT);            /* a stopped process would take its TERM only after the grace */
	if (wait_for_all(fi_now_ns() + grace_ms * 1000000ull, 0))
		return code;
	signal_all(SIGKILL);
	wait_for_all(fi_now_ns() + KILL_WAIT_NS, SIGKILL);
	return code;
}
