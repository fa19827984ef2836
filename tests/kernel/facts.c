/* facts.c FACT: exit 0 when this kernel behaves as the design says; run it as PID 1 of a pid namespace. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(claim) do { if (!(claim)) { printf("does not hold: %s (line %d, errno %d)\n", #claim, __LINE__, errno); exit(1); } } while (0)

static char stack[65536] __attribute__((aligned(64)));
static volatile pid_t *slot;

static int see_slot(void *unused)
{
	(void)unused;
	_exit(*slot == (pid_t)syscall(SYS_getpid) ? 0 : 1);
}

/* CLONE_PARENT_SETTID has written the pid, in our pid namespace, before the child's first instruction. */
static void settid(void)
{
	slot = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 1000; i++) {
		int status, flags = CLONE_PARENT_SETTID | SIGCHLD | (i % 2 ? CLONE_VM | CLONE_VFORK : 0);
		pid_t pid;

		*slot = 0;
		pid = clone(see_slot, stack + sizeof stack, flags, NULL, slot);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static int pause_child(void *unused)
{
	(void)unused;
	pause();
	return 0;
}

static pid_t other_threads_child;
static pthread_barrier_t barrier;

static void *other_thread(void *unused)
{
	siginfo_t si = { 0 };

	(void)unused;
	other_threads_child = fork();
	if (other_threads_child == 0)
		pause();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	/* The dead child of the main thread is not on our list, ours is not dead. */
	CHECK(waitid(P_ALL, 0, &si, WEXITED | WNOHANG | __WNOTHREAD) == 0 && si.si_pid == 0);
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

/* With __WNOTHREAD each thread waits for its own children only. */
static void lists(void)
{
	siginfo_t si = { 0 };
	pthread_t thread;
	pid_t mine;

	pthread_barrier_init(&barrier, NULL, 2);
	CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(waitid(P_ALL, 0, &si, WEXITED | WNOHANG | __WNOTHREAD) < 0 && errno == ECHILD);
	mine = fork();
	if (mine == 0)
		_exit(0);
	CHECK(waitid(P_PID, (id_t)mine, &si, WEXITED | WNOWAIT) == 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	CHECK(waitid(P_ALL, 0, &si, WEXITED | __WNOTHREAD) == 0 && si.si_pid == mine);
}

static void *idle_thread(void *fd)
{
	/* A parent that is this thread's child makes an orphan, and dies. */
	if (fork() == 0) {
		pid_t orphan = fork();

		if (orphan == 0) {
			usleep(50000);
			_exit(7);
		}
		_exit(write((int)(long)fd, &orphan, sizeof orphan) != sizeof orphan);
	}
	pause();
	return NULL;
}

/* An orphan goes to init's first thread, also when its dead parent was another thread's child. */
static void orphans(void)
{
	siginfo_t si = { 0 };
	pthread_t thread;
	pid_t orphan;
	int fds[2];

	CHECK(pipe(fds) == 0 && pthread_create(&thread, NULL, idle_thread, (void *)(long)fds[1]) == 0);
	CHECK(read(fds[0], &orphan, sizeof orphan) == sizeof orphan);
	while (waitid(P_ALL, 0, &si, WEXITED | __WNOTHREAD) < 0)
		CHECK(errno == ECHILD);         /* it is not reparented yet */
	CHECK(si.si_pid == orphan && si.si_status == 7);
}

/* A signal with default action "ignore" or "nothing happens to PID 1" is kept while it is blocked. */
static void blocked_signals(void)
{
	struct timespec now = { 0 };
	sigset_t all, pending;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	kill(getpid(), SIGCHLD);
	kill(getpid(), SIGTERM);
	sigpending(&pending);
	CHECK(sigismember(&pending, SIGCHLD) && sigismember(&pending, SIGTERM));
	CHECK(sigtimedwait(&all, NULL, &now) == SIGTERM && sigtimedwait(&all, NULL, &now) == SIGCHLD);
}

/* A pidfd can be opened for a zombie, and is readable at once. */
static void pidfd_of_zombie(void)
{
	siginfo_t si = { 0 };
	pid_t pid = fork();
	struct pollfd p;

	if (pid == 0)
		_exit(0);
	CHECK(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT) == 0);
	p = (struct pollfd){ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	CHECK(p.fd >= 0 && poll(&p, 1, 0) == 1);
}

/* PID 1 may not use CLONE_PARENT, its child may, and the new process is then PID 1's child. */
static void parent_of_init(void)
{
	int status;
	pid_t helper;

	CHECK(clone(pause_child, stack + sizeof stack, CLONE_PARENT | SIGCHLD, NULL) < 0 && errno == EINVAL);
	helper = fork();
	if (helper == 0) {
		pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			_exit(getppid() == 1 ? 9 : 8);
		_exit(pid > 0 ? 0 : 1);
	}
	CHECK(waitpid(helper, &status, 0) == helper && WEXITSTATUS(status) == 0);
	CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 9);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } facts[] = {
		{ "settid", settid }, { "lists", lists }, { "orphans-to-main-thread", orphans }, { "blocked-signals-stay", blocked_signals },
		{ "pidfd-of-zombie", pidfd_of_zombie }, { "parent-of-init", parent_of_init },
	};

	for (unsigned i = 0; argc == 2 && i < sizeof facts / sizeof *facts; i++)
		if (strcmp(argv[1], facts[i].name) == 0) {
			facts[i].run();
			return 0;
		}
	puts("no such fact");
	return 2;
}
