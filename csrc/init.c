/* init.c: becoming PID 1, keeping a manager alive, and the services thread's loop.
 *
 * Order matters: signals are blocked before anything else (fi_init_block_signals), so that a stop during the boot is kept by the kernel
 * until the orphans thread takes it. After fi_init_run() has set up there is no allocation and no parsing. */
#define _GNU_SOURCE
#include "pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "epoll_tags.h"

#define MS 1000000ull                   /* in ns */
#define NEVER UINT64_MAX
#define SWEEP_DELAY_NS (1000 * MS)      /* a stray may stay a zombie for a second; a sweep looks at every live service */
#define QUICK_DEATH_NS (1000 * MS)      /* a manager that lives longer has worked: no backoff */
#define FREE_RESTARTS 10                /* quick deaths in a row before restarts are delayed at all */
#define BACKOFF_DOUBLINGS 5             /* 100 ms to 3.2 s: a manager that cannot start at all costs less than a tenth of a core */
#define STOP_TRIES 5                    /* quick deaths or hangs in a row during a stop, then PID 1 ends it alone */
#define START_RETRY_NS (50 * MS)        /* clone: EAGAIN, ENOMEM, EMFILE */
#define SERVICES_STACK (256 * 1024)
#define CHILD_STACK (64 * 1024)
#define ENV_MAX 1024
#define FIRST_FD 3
#define OWN_FDS 5                       /* memory, socket, wake-up, doorbell, names of the vault's; after the vault's */
#define EXIT_STOP_FAILED 1

static struct {
	pid_t pid;
	int socket;                     /* our end; -1 = no manager */
	uint64_t started_ns, restart_ns, hang_ns, sweep_ns;
	unsigned quick_deaths, stop_failures;
	int reexec;
	char *envp[ENV_MAX + 8];
	char shm_fd[40], init_fd[40], vault_fd[40];
	int source[FI_VAULT_FDS + OWN_FDS];     /* descriptors for the manager, at FIRST_FD and up */
	int stands_at[FI_VAULT_FDS + OWN_FDS];  /* which of them, plus one, is at FIRST_FD + i now */
	int exec_errno;
} manager = { .socket = -1, .restart_ns = NEVER, .hang_ns = NEVER, .sweep_ns = NEVER };

/* ---- crash signals ------------------------------------------------------------------------------------------------ */

static const int CRASHES[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };

static void crash_set(sigset_t *set)
{
	sigemptyset(set);
	for (unsigned i = 0; i < sizeof CRASHES / sizeof *CRASHES; i++)
		sigaddset(set, CRASHES[i]);
}

/* Not blocked, or the kernel would kill us without a word. A fault of our own: the container ends with 128 + signal and its engine may
 * restart it; going on with a broken memory, or freezing as systemd does, would leave it half alive. Sent by somebody: counted. */
static void on_crash(int signo, siginfo_t *si, void *context)
{
	static const char text[] = "fastinit: PID 1 crashed\n";

	(void)context;
	if (si->si_code <= 0 && si->si_pid != getpid()) {
		if (fi_pid1.shared) {
			atomic_fetch_add(&fi_pid1.shared->signal_count[signo], 1);
			atomic_fetch_add(&fi_pid1.shared->count.signals, 1);
		}
		return;
	}
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(128 + signo);
}

static void handle_crashes(void)
{
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };

	sigfillset(&sa.sa_mask);
	for (unsigned i = 0; i < sizeof CRASHES / sizeof *CRASHES; i++)
		sigaction(CRASHES[i], &sa, NULL);
}

int fi_init_block_signals(void)
{
	sigset_t all, crashes;
	struct sigaction deflt = { .sa_handler = SIG_DFL };

	sigfillset(&all);
	crash_set(&crashes);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &crashes, NULL) < 0)
		return -errno;
	/* Inherited as ignored, the kernel would reap our children itself and tell nobody. */
	return sigaction(SIGCHLD, &deflt, NULL) < 0 ? -errno : 0;
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void say(const char *text)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* Never waits for whoever reads our output. */
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT))
		(void)!write(STDERR_FILENO, text, strlen(text));
}

/* ---- starting the manager -------------------------------------------------------------------------------------------- */

static char *put_number(char *at, uint64_t n)
{
	char digits[24];
	int count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while (n /= 10);
	while (count)
		*at++ = digits[--count];
	*at = 0;
	return at;
}

static char *set_variable(char *room, const char *name, int value)
{
	put_number(stpcpy(room, name), (uint64_t)value);
	return room;
}

/* In the vfork child. One that stands where another belongs moves up first: with all of them up there, thousands of them would not stay
 * below the limit of descriptors. */
static int place_descriptors(int count)
{
	memset(manager.stands_at, 0, (size_t)count * sizeof manager.stands_at[0]);
	for (int i = 0; i < count; i++)
		if (manager.source[i] < FIRST_FD + count)
			manager.stands_at[manager.source[i] - FIRST_FD] = i + 1;
	for (int i = 0; i < count; i++) {
		const int place = FIRST_FD + i, other = manager.stands_at[i] - 1;

		if (other == i) {
			if (fcntl(place, F_SETFD, 0) < 0)
				return -1;
			continue;
		}
		if (other > i) {
			manager.source[other] = fcntl(place, F_DUPFD_CLOEXEC, FIRST_FD + count);
			if (manager.source[other] < 0)
				return -1;
		}
		if (dup2(manager.source[i], place) < 0)
			return -1;
	}
	return 0;
}

/* In the vfork child: our memory, its own descriptors. Nothing here may write what the parent reads, except exec_errno. */
static int manager_child(void *unused)
{
	const int count = fi_vault_count() + OWN_FDS;
	sigset_t none;

	(void)unused;
	if (place_descriptors(count) < 0)
		goto fail;
	syscall(SYS_close_range, FIRST_FD + count, ~0u, 0);     /* old kernels: all of ours are close-on-exec anyway */
	setrlimit(RLIMIT_NOFILE, &fi_pid1.nofile);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(fi_pid1.config->manager_argv[0], fi_pid1.config->manager_argv, manager.envp);
fail:
	manager.exec_errno = errno;
	_exit(203);
}

static int names_file(void)
{
	size_t bytes, at = 0;
	const char *names = fi_vault_names(&bytes);
	int fd = memfd_create("fastinit-vault", MFD_CLOEXEC);

	while (fd >= 0 && at < bytes) {
		ssize_t n = write(fd, names + at, bytes - at);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return fd;
}

static void prepare(int theirs, int names)
{
	const int fds = fi_vault_count();
	int n = 0;

	for (; fi_pid1.config->manager_envp[n]; n++)
		manager.envp[n] = fi_pid1.config->manager_envp[n];
	manager.envp[n++] = set_variable(manager.shm_fd, "FASTINIT_SHM_FD=", FIRST_FD + fds);
	manager.envp[n++] = set_variable(manager.init_fd, "FASTINIT_INIT_FD=", FIRST_FD + fds + 1);
	manager.envp[n++] = set_variable(manager.vault_fd, "FASTINIT_VAULT_FD=", FIRST_FD + fds + 4);
	manager.envp[n] = NULL;
	atomic_store(&fi_pid1.shared->wake_fd, FIRST_FD + fds + 2);
	atomic_store(&fi_pid1.shared->doorbell_fd, FIRST_FD + fds + 3);
	for (int i = 0; i < fds; i++)
		manager.source[i] = fi_vault_fd(i);
	manager.source[fds] = fi_pid1.shm_fd;
	manager.source[fds + 1] = theirs;
	manager.source[fds + 2] = fi_pid1.wake_fd;
	manager.source[fds + 3] = fi_pid1.doorbell_fd;
	manager.source[fds + 4] = names;
}

static void watch_descriptor(int fd, uint64_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = FI_TAG(tag, 0) };

	epoll_ctl(fi_pid1.epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static void start_manager(void)
{
	static _Alignas(64) char stack[CHILD_STACK];
	uint64_t now = fi_now_ns(), one = 1;
	int pair[2], names = names_file();

	manager.restart_ns = NEVER;
	/* A socket of its own for each manager: what its predecessor has left unsaid is not said in its name. */
	if (names < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		if (names >= 0)
			close(names);
		manager.restart_ns = now + START_RETRY_NS;
		return;
	}
	prepare(pair[1], names);
	manager.exec_errno = 0;
	manager.pid = clone(manager_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	close(pair[1]);
	close(names);
	if (manager.pid < 0) {
		close(pair[0]);
		manager.restart_ns = now + START_RETRY_NS;
		return;
	}
	if (manager.exec_errno)
		say("fastinit: cannot execute the manager\n");
	manager.socket = pair[0];
	manager.started_ns = now;
	watch_descriptor(manager.socket, FI_TAG_REQUEST);
	atomic_fetch_add(&fi_pid1.shared->count.manager_starts, 1);
	if (fi_stop_signal_pending())
		manager.hang_ns = now + fi_pid1.config->manager_grace_ms * MS;
	/* It finds signals and events of before by looking at once. */
	(void)!write(fi_pid1.wake_fd, &one, sizeof one);
	fi_services_watch(manager.pid, 0);
}

/* ---- the end --------------------------------------------------------------------------------------------------------- */

static void end_it_all(int code)
{
	atomic_store(&fi_pid1.exit_code, code);
	atomic_store(&fi_pid1.is_final, 1);
	kill(getpid(), SIGCHLD);        /* pending for the process: only the orphans thread takes signals */
	for (;;)
		pause();                /* as a living thread: its exit would move every service to the other list */
}

/* ---- requests ---------------------------------------------------------------------------------------------------------- */

static int32_t carry_out(const fi_request *r, int fd)
{
	int answer = -EINVAL;

	switch (r->ask) {
	case FI_ASK_STORE:
		return fd < 0 ? -EBADF : fi_vault_put(r->name, r->name_bytes, fd);
	case FI_ASK_REMOVE:
		answer = fi_vault_drop(r->name, r->name_bytes);
		break;
	case FI_ASK_UNTRACK:
		answer = fi_services_untrack(r->number);
		break;
	case FI_ASK_REEXEC:
		manager.reexec = 1;
		answer = 0;
		break;
	case FI_ASK_EXIT:
		answer = 0;
		break;
	}
	if (fd >= 0)
		close(fd);
	return answer;
}

static void serve_requests(void)
{
	static fi_request request;

	while (manager.socket >= 0) {
		int fd, r = fi_request_receive(manager.socket, &request, &fd);
		int32_t answer;

		if (r == 0)
			return;
		if (r < 0) {            /* it has closed its end: its death, if it is one, is told by its pidfd */
			close(manager.socket);
			manager.socket = -1;
			return;
		}
		answer = carry_out(&request, fd);
		(void)!send(manager.socket, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (request.ask == FI_ASK_EXIT)
			end_it_all(request.number & 0xff);
	}
}

/* ---- the manager's death ------------------------------------------------------------------------------------------------- */

/* Reserved places in the ring, from what is known for certain; the counter of a killed manager may be off by one. */
static void repair_counts(void)
{
	struct fi_shared *s = fi_pid1.shared;
	int64_t tracked;

	pthread_mutex_lock(&fi_pid1.reap_lock);
	tracked = fi_tracked_repair(s);
	atomic_store(&s->reserved, tracked + fi_services_count() + (int64_t)(atomic_load(&s->head) - atomic_load(&s->tail)));
	pthread_mutex_unlock(&fi_pid1.reap_lock);
}

static uint64_t restart_delay(uint64_t lived_ns)
{
	unsigned doublings;

	if (lived_ns >= QUICK_DEATH_NS || manager.reexec) {
		manager.quick_deaths = 0;
		return 0;
	}
	if (++manager.quick_deaths <= FREE_RESTARTS)
		return 0;
	doublings = manager.quick_deaths - FREE_RESTARTS - 1;
	return (uint64_t)fi_pid1.config->backoff_ms * MS << (doublings < BACKOFF_DOUBLINGS ? doublings : BACKOFF_DOUBLINGS);
}

void fi_manager_died(const siginfo_t *si)
{
	uint64_t now = fi_now_ns(), lived = now - manager.started_ns, delay;

	(void)si;
	serve_requests();               /* what it has asked for before it died counts */
	if (manager.socket >= 0)
		close(manager.socket);
	manager.socket = -1;
	manager.pid = 0;
	manager.hang_ns = NEVER;
	fi_services_adopt_all();
	repair_counts();
	if (!manager.reexec)
		say("fastinit: the manager has died, starting it again\n");
	delay = restart_delay(lived);
	if (fi_stop_signal_received() && !manager.reexec) {
		manager.stop_failures = lived < QUICK_DEATH_NS || fi_stop_signal_pending() ? manager.stop_failures + 1 : 1;
		if (manager.stop_failures >= STOP_TRIES) {
			say("fastinit: the manager cannot be kept alive, stopping everything without it\n");
			end_it_all(EXIT_STOP_FAILED);
		}
		delay = 0;
	}
	manager.reexec = 0;
	manager.restart_ns = now + delay;
}

/* ---- services thread -------------------------------------------------------------------------------------------------------- */

static void on_poke(void)
{
	uint64_t count, now = fi_now_ns();

	(void)!read(fi_pid1.poke_fd, &count, sizeof count);
	if (manager.sweep_ns == NEVER && atomic_load(&fi_pid1.sweep_armed))
		manager.sweep_ns = now + SWEEP_DELAY_NS;
	if (manager.hang_ns == NEVER && manager.pid > 0 && fi_stop_signal_pending())
		manager.hang_ns = now + fi_pid1.config->manager_grace_ms * MS;
	fi_services_look();
}

static void on_deadlines(uint64_t now)
{
	if (now >= manager.sweep_ns) {
		manager.sweep_ns = NEVER;
		atomic_store(&fi_pid1.sweep_armed, 0);  /* first: an activity during the sweep arms the next one */
		fi_services_sweep();
	}
	if (now >= manager.hang_ns) {
		manager.hang_ns = NEVER;
		if (fi_stop_signal_pending() && manager.pid > 0) {
			say("fastinit: the manager does not answer, killing it\n");
			kill(manager.pid, SIGKILL);
		}
	}
	if (now >= manager.restart_ns)
		start_manager();
}

static int wait_ms(void)
{
	uint64_t next = manager.sweep_ns, now = fi_now_ns();

	if (manager.hang_ns < next)
		next = manager.hang_ns;
	if (manager.restart_ns < next)
		next = manager.restart_ns;
	if (next == NEVER)
		return -1;
	return next <= now ? 0 : (int)((next - now + MS - 1) / MS);
}

static void on_event(uint64_t tag)
{
	uint64_t count;

	switch (tag >> 32) {
	case FI_TAG_DOORBELL:
		(void)!read(fi_pid1.doorbell_fd, &count, sizeof count);
		fi_services_adopt_news();
		break;
	case FI_TAG_REQUEST:
		serve_requests();
		break;
	case FI_TAG_POKE:
		on_poke();
		break;
	case FI_TAG_CHILD:
		fi_services_exited((uint32_t)tag);
		break;
	}
}

static void *services_main(void *unused)
{
	struct epoll_event events[64];

	(void)unused;
	prctl(PR_SET_NAME, "fi-services");
	fi_set_short_slice();
	watch_descriptor(fi_pid1.doorbell_fd, FI_TAG_DOORBELL);
	watch_descriptor(fi_pid1.poke_fd, FI_TAG_POKE);
	start_manager();
	for (;;) {
		int n = epoll_wait(fi_pid1.epoll_fd, events, 64, wait_ms());

		for (int i = 0; i < n; i++)
			on_event(events[i].data.u64);
		on_deadlines(fi_now_ns());
	}
	return NULL;
}

/* ---- set-up ------------------------------------------------------------------------------------------------------------------ */

/* Containers may start us without 0, 1 or 2; then our own descriptors would end up there and be written to by mistake. */
static int fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < 3);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	close(fd);
	return 0;
}

static int open_descriptors(void)
{
	int *fds[] = { &fi_pid1.wake_fd, &fi_pid1.doorbell_fd, &fi_pid1.poke_fd };

	fi_pid1.shm_fd = fi_shared_create(&fi_pid1.shared);
	if (fi_pid1.shm_fd < 0)
		return fi_pid1.shm_fd;
	for (unsigned i = 0; i < 3; i++) {
		*fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (*fds[i] < 0)
			return -errno;
	}
	fi_pid1.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return fi_pid1.epoll_fd < 0 ? -errno : 0;
}

static void raise_nofile(void)
{
	struct rlimit most;

	/* A pidfd for each service. If that is refused, what does not fit is found by scanning. */
	if (getrlimit(RLIMIT_NOFILE, &fi_pid1.nofile) < 0)
		return;
	most = fi_pid1.nofile;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

static int check_config(const fi_init_config *config)
{
	int n = 0;

	if (!config || !config->manager_argv || !config->manager_argv[0] || config->manager_argv[0][0] != '/')
		return -EINVAL;
	while (config->manager_envp && config->manager_envp[n])
		n++;
	return !config->manager_envp ? -EINVAL : n > ENV_MAX ? -E2BIG : 0;
}

static int become_init(void)
{
	fi_pid1.is_pid1 = getpid() == 1;
	prctl(PR_SET_NAME, "systemd");  /* what scripts look for in /proc/1/comm */
	if (!fi_pid1.is_pid1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	return 0;
}

static int start_services_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SERVICES_STACK);
	r = pthread_create(&thread, &attr, services_main, NULL);
	pthread_attr_destroy(&attr);
	if (r == EPERM)
		say("fastinit: cannot start a thread: this sandbox refuses clone3(2) with EPERM instead of ENOSYS, so that no program can start one. "
		    "Use a newer container engine (Docker 20.10.10, libseccomp 2.5), or --security-opt seccomp=unconfined\n");
	return -r;
}

int fi_init_run(const fi_init_config *config)
{
	int r = check_config(config);

	if (r < 0)
		return r;
	fi_pid1.config = config;
	pthread_mutex_init(&fi_pid1.reap_lock, NULL);
	if ((r = fi_init_block_signals()) < 0 || (r = fill_standard_fds()) < 0)
		return r;
	handle_crashes();
	raise_nofile();
	if ((r = become_init()) < 0 || (r = open_descriptors()) < 0 || (r = start_services_thread()) < 0)
		return r;
	return fi_orphans_run();
}
