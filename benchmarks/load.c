/* load.c: makes orphans inside a PID namespace from outside of it, and times their ends.
 *
 * In:  load MODE PID ...; PID is any process of the namespace as seen from here (its init will do). Needs CAP_SYS_ADMIN.
 * Out: "key value" lines on stdout; lifetimes as native uint64 nanoseconds in a file.
 *
 * An orphan is made as a daemon is: the spawner (joined by setns + fork, so its own parent is outside) makes a middle process, that makes
 * the orphan, the middle process ends, and the kernel gives the orphan to the namespace's init. All of them share the spawner's memory
 * (CLONE_VM): the orphans are as cheap as Linux can make them, so that the load is on the init and not on the page tables.
 *
 * A zombie's lifetime = EPOLLIN (it has exited) to EPOLLHUP (it is reaped) on its pidfd (Linux 6.9). Where both are seen by the same
 * look, it starts with the orphan's own clock just before exit(2): an upper bound, counted as "together". Where the kernel has no
 * EPOLLHUP (probe), the end is the first ESRCH of pidfd_send_signal(fd, 0), asked every 20 us: coarser, said so in the output. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	STACK = 16 * 1024,      /* of one orphan; only its top page is ever touched */
	EVENTS = 256,
	RETRY_US = 500,         /* clone: EAGAIN, the namespace is full of zombies */
	LOOK_US = 20,           /* fallback: between two looks at who is gone */
};

struct slot {
	atomic_int tid;         /* not 0 while it runs: cleared by the kernel (CLONE_CHILD_CLEARTID), then the stack is free again */
	atomic_int gate;        /* the orphan ends when this is 1 */
	atomic_int watched;     /* its end is being timed */
	int pidfd;
	uint64_t exit_ns;       /* its own clock, just before exit(2) */
	uint64_t in_ns;         /* EPOLLIN seen */
};

static struct slot *slots;
static char *stacks;
static int n_slots;
static int epoll_fd = -1;
static int spin;                        /* the watcher burns a CPU of its own instead of sleeping in epoll_wait */
static int hup;                         /* this kernel reports reaping on a pidfd */
static uint64_t *lifetimes;
static atomic_long n_lifetimes, n_together;
static long max_lifetimes;
static atomic_int everyone;             /* one gate for all: hold and burst */
static char middle_stack[64 * 1024] __attribute__((aligned(16)));


static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* The orphans share the spawner's errno: their system calls must not write it. */
static long raw4(long nr, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long ret;
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "load.c: this architecture's system call is not written down yet"
#endif
}

/* What is parked ends too: it holds our pipes open, and whoever reads them would wait for it. */
static void die(const char *what)
{
	fprintf(stderr, "load: cannot %s: %s\n", what, strerror(errno));
	atomic_store(&everyone, 1);
	raw4(SYS_futex, (long)&everyone, FUTEX_WAKE_PRIVATE, INT_MAX, 0);
	_exit(1);
}

static void wait_gate(atomic_int *gate)
{
	while (atomic_load(gate) == 0)
		raw4(SYS_futex, (long)gate, FUTEX_WAIT_PRIVATE, 0, 0);
}

static void open_gate(atomic_int *gate)
{
	atomic_store(gate, 1);
	raw4(SYS_futex, (long)gate, FUTEX_WAKE_PRIVATE, INT_MAX, 0);
}

static int orphan(void *arg)
{
	struct slot *s = arg;

	wait_gate(&s->gate);
	s->exit_ns = now_ns();
	raw4(SYS_exit, 0, 0, 0, 0);
	return 0;
}

static int orphan_of_all(void *arg)
{
	struct slot *s = arg;

	wait_gate(&everyone);
	s->exit_ns = now_ns();
	raw4(SYS_exit, 0, 0, 0, 0);
	return 0;
}

struct order {                          /* from the spawner to the middle process, and its answer */
	struct slot *first;
	int n;
	int pidfds;
	int (*body)(void *);
	int made;
	int error;
};

static int middle(void *arg)
{
	struct order *o = arg;
	int flags = CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_CHILD_CLEARTID | (o->pidfds ? CLONE_PIDFD : 0) | SIGCHLD;

	for (o->made = 0, o->error = 0; o->made < o->n; o->made++) {
		struct slot *s = o->first + o->made;
		char *top = stacks + (size_t)(s - slots + 1) * STACK;

		atomic_store(&s->tid, 1);
		if (clone(o->body, top, flags, s, &s->pidfd, NULL, &s->tid) < 0) {
			atomic_store(&s->tid, 0);
			o->error = errno;
			break;
		}
	}
	_exit(0);
}

/* Returns how many were made; the rest did not fit into the pid limit. */
static int make_orphans(struct order *o)
{
	int pid = clone(middle, middle_stack + sizeof middle_stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, o);

	if (pid < 0) {
		if (errno != EAGAIN && errno != ENOMEM)
			die("clone");
		return 0;
	}
	if (waitpid(pid, NULL, 0) != pid)
		die("wait for the middle process");
	if (o->error && o->error != EAGAIN && o->error != ENOMEM) {
		errno = o->error;
		die("clone an orphan");
	}
	return o->made;
}

static void record(struct slot *s, uint64_t out_ns)
{
	uint64_t from = s->in_ns;
	long i = atomic_load(&n_lifetimes);

	if (from == 0) {
		from = s->exit_ns ? s->exit_ns : out_ns;        /* no clock of its own: within one look */
		atomic_fetch_add(&n_together, 1);
	}
	if (i < max_lifetimes)
		lifetimes[i] = out_ns - from;
	close(s->pidfd);
	atomic_store(&s->watched, 0);
	atomic_fetch_add(&n_lifetimes, 1);
}

static void first_cpu_only(int only)
{
	cpu_set_t all, mine;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof all, &all) < 0 || CPU_COUNT(&all) < 2)
		return;
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&mine);
	if (only)
		CPU_SET(cpu, &mine);
	else
		CPU_CLR(cpu, &all);
	sched_setaffinity(0, sizeof all, only ? &mine : &all);
}

static void *watch(void *arg)
{
	struct epoll_event ev[EVENTS];
	struct sched_param fifo = { .sched_priority = 1 };

	(void)arg;
	if (spin) {
		first_cpu_only(1);
		setpriority(PRIO_PROCESS, 0, -20);      /* of this thread alone */
	} else            /* its lateness would be measured as the init's; refused without the privilege, then it stays as it is */
		sched_setscheduler(0, SCHED_FIFO, &fifo);
	for (;;) {
		int n = epoll_wait(epoll_fd, ev, EVENTS, spin ? 0 : -1);
		uint64_t t = now_ns();

		for (int i = 0; i < n; i++) {
			struct slot *s = ev[i].data.ptr;

			if (ev[i].events & EPOLLHUP)
				record(s, t);
			else if (s->in_ns == 0)
				s->in_ns = t;
		}
	}
	return NULL;
}

static void *watch_without_hup(void *arg)
{
	(void)arg;
	for (;;) {
		for (int i = 0; i < n_slots; i++) {
			struct slot *s = &slots[i];

			if (!atomic_load(&s->watched) || atomic_load(&s->tid) != 0)
				continue;
			if (syscall(SYS_pidfd_send_signal, s->pidfd, 0, NULL, 0) < 0 && errno == ESRCH)
				record(s, now_ns());
		}
		usleep(LOOK_US);
	}
	return NULL;
}

static int probe_hup(void)
{
	int pid = fork(), fd, yes;
	struct pollfd p = { 0 };

	if (pid == 0)
		_exit(0);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pid < 0 || fd < 0)
		die("make a pidfd (Linux 5.3 or later)");
	waitpid(pid, NULL, 0);
	p.fd = fd;
	yes = poll(&p, 1, 100) == 1 && (p.revents & POLLHUP);
	close(fd);
	return yes;
}

static void allocate(int n)
{
	struct rlimit lim;

	n_slots = n;
	slots = mmap(NULL, sizeof *slots * (size_t)n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stacks = mmap(NULL, (size_t)STACK * (size_t)n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (slots == MAP_FAILED || stacks == MAP_FAILED)
		die("allocate stacks");
	/* where the hard limit is lower it is a clone that fails, if it comes to that: few orphans of a storm have a pidfd */
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = (rlim_t)n + 512 < lim.rlim_max ? (rlim_t)n + 512 : lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		die("raise RLIMIT_NOFILE");
}

static void write_lifetimes(const char *path)
{
	long n = atomic_load(&n_lifetimes);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(lifetimes, sizeof *lifetimes, (size_t)n, f) != (size_t)n || fclose(f) != 0)
		die("write the lifetimes");
}

/* Everything the watcher still waits for has `seconds` to be reaped; what is not is reported, not waited for. */
static void await_reaped(long sampled, double seconds)
{
	uint64_t deadline = now_ns() + (uint64_t)(seconds * 1e9);

	while (atomic_load(&n_lifetimes) < sampled && now_ns() < deadline)
		usleep(1000);
}

/* churn PID COUNT RATE EVERY SPIN LINGER SECONDS FILE: COUNT orphans (or as many as go into SECONDS), RATE a second (0: as fast as
 * possible), every EVERYth is timed; LINGER: how long the last may stay zombies. */
static void churn(long count, double rate, long every, double linger, double seconds, const char *path)
{
	pthread_t thread;
	uint64_t begin, end, limit;
	long made = 0, sampled = 0, stalls = 0;
	double step = rate > 0 ? 1e9 / rate : 0;
	int at = 0;

	allocate(count < 20000 ? (int)count + 16 : 20000);
	max_lifetimes = count / every + 1;
	lifetimes = calloc((size_t)max_lifetimes, sizeof *lifetimes);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!lifetimes || epoll_fd < 0 || pthread_create(&thread, NULL, hup ? watch : watch_without_hup, NULL))
		die("start the watcher");
	if (spin)
		first_cpu_only(0);
	begin = now_ns();
	limit = begin + (uint64_t)(seconds * 1e9);
	while (made < count && now_ns() < limit) {
		struct slot *s = &slots[at];
		int timed = made % every == 0;
		struct order o = { s, 1, timed, orphan, 0, 0 };

		at = (at + 1) % n_slots;
		if (atomic_load(&s->tid) || atomic_load(&s->watched))
			continue;
		if (step > 0)
			sleep_until(begin + (uint64_t)(step * (double)made));
		s->in_ns = s->exit_ns = 0;
		/* in a storm, one whose end nobody times does not wait: it may even end before its parent, as they do in real life */
		atomic_store(&s->gate, !timed && step == 0);
		if (make_orphans(&o) != 1) {
			stalls++;
			usleep(RETRY_US);
			continue;
		}
		if (timed) {
			struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = s };

			atomic_store(&s->watched, 1);
			if (hup && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->pidfd, &ev) < 0)
				die("watch a pidfd");
			sampled++;
		}
		if (!atomic_load(&s->gate))
			open_gate(&s->gate);
		made++;
	}
	end = now_ns();
	await_reaped(sampled, linger);
	write_lifetimes(path);
	printf("made %ld\nseconds %.9f\nsampled %ld\nunreaped %ld\ntogether %ld\nstalls %ld\n", made, (double)(end - begin) / 1e9, sampled,
	       sampled - atomic_load(&n_lifetimes), atomic_load(&n_together), stalls);
}

/* Sleeps until it is reaped; 0 when the deadline came first. */
static int await_one(struct slot *s, uint64_t deadline)
{
	struct pollfd p = { .fd = s->pidfd };

	for (;;) {
		uint64_t t = now_ns();

		if (t >= deadline)
			return 0;
		if (!hup) {
			if (syscall(SYS_pidfd_send_signal, s->pidfd, 0, NULL, 0) < 0 && errno == ESRCH)
				return 1;
			usleep(LOOK_US);
		} else if (poll(&p, 1, (int)((deadline - t) / 1000000u) + 1) > 0) {
			return 1;
		}
	}
}

/* burst PID COUNT LINGER: COUNT orphans end at the same moment. No watcher: it asks for one after the other, so it sleeps while the
 * init works. exits_ns: until the last of them called exit(2); drained_ns: until all are reaped. */
static void burst(int count, double linger)
{
	struct order o = { NULL, count, 1, orphan_of_all, 0, 0 };
	uint64_t begin, deadline, last = 0, end;
	int reaped = 0;

	allocate(count);
	o.first = slots;
	if (make_orphans(&o) != count)
		die("make so many orphans (pid limit, or RLIMIT_NOFILE's hard limit)");
	usleep(100000);         /* they are parked, and the init has gone back to sleep */
	begin = now_ns();
	deadline = begin + (uint64_t)(linger * 1e9);
	open_gate(&everyone);
	for (int i = 0; i < count; i++)
		reaped += await_one(&slots[i], deadline);
	end = now_ns();
	for (int i = 0; i < count; i++)
		if (slots[i].exit_ns > last)
			last = slots[i].exit_ns;
	printf("made %d\nexits_ns %llu\ndrained_ns %llu\nunreaped %d\n", count, (unsigned long long)(last - begin),
	       (unsigned long long)(end - begin), count - reaped);
}

/* ends SECONDS FILE PID...: the ends of these processes, as they come, for SECONDS at most. */
static void ends(double seconds, const char *path, int count, char **pids)
{
	pthread_t thread;

	allocate(count);
	max_lifetimes = count;
	lifetimes = calloc((size_t)count, sizeof *lifetimes);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!lifetimes || epoll_fd < 0)
		die("start the watcher");
	for (int i = 0; i < count; i++) {
		struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = &slots[i] };

		slots[i].pidfd = (int)syscall(SYS_pidfd_open, atoi(pids[i]), 0);
		if (slots[i].pidfd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, slots[i].pidfd, &ev) < 0)
			die("watch a process: it has ended");
	}
	if (pthread_create(&thread, NULL, watch, NULL))
		die("start the watcher");
	await_reaped(count, seconds);
	write_lifetimes(path);
	printf("unreaped %ld\ntogether %ld\n", count - atomic_load(&n_lifetimes), atomic_load(&n_together));
}

/* hold PID COUNT: COUNT live orphans, children of the init, until stdin ends. */
static void hold(int count)
{
	struct order o = { NULL, count, 0, orphan_of_all, 0, 0 };
	char byte;

	allocate(count);
	o.first = slots;
	if (make_orphans(&o) != count)
		die("make so many orphans (pid limit, or RLIMIT_NOFILE's hard limit)");
	printf("made %d\n", count);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	open_gate(&everyone);
}

/* Join the PID namespace of pid; returns in a child inside of it, whose parent waits here and passes on its exit code. */
static void join(const char *pid)
{
	char path[64];
	int fd, status, child;

	snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		die("open the PID namespace");
	if (setns(fd, CLONE_NEWPID) < 0)
		die("join the PID namespace (root is needed)");
	close(fd);
	if ((child = fork()) < 0)
		die("fork into the PID namespace");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("wait for the spawner");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void mount_or_die(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data) < 0) {
		fprintf(stderr, "load: cannot mount %s: %s\n", target, strerror(errno));
		_exit(1);
	}
}

/* init FD UPPER BIN ARGV...: ARGV is PID 1 of a new PID and mount namespace, with UPPER over /etc, BIN (- = none)
 * over /usr/bin, and /run, /var/log its own. Writes its pid to FD; the
 * namespace goes when we go, however we go. */
static void become_init(int argc, char **argv)
{
	int status, pid, report = argc > 2 ? atoi(argv[2]) : -1;
	char options[PATH_MAX * 3];

	if (argc < 6)
		_exit(2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		die("make namespaces (root is needed)");
	mount_or_die("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(options, sizeof options, "lowerdir=/etc,upperdir=%s,workdir=%s.work", argv[3], argv[3]);
	mount_or_die("overlay", "/etc", "overlay", 0, options);
	if (strcmp(argv[4], "-")) {
		snprintf(options, sizeof options, "lowerdir=%s:/usr/bin", argv[4]);
		mount_or_die("overlay", "/usr/bin", "overlay", MS_RDONLY, options);
	}
	mount_or_die("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	mount_or_die("tmpfs", "/var/log", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	if ((pid = fork()) < 0)
		die("fork PID 1");
	if (pid == 0) {
		close(report);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		mount_or_die("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
		execv(argv[5], argv + 5);
		die("exec the init");
	}
	dprintf(report, "%d\n", pid);
	close(report);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("wait for PID 1");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	signal(SIGCHLD, SIG_DFL);
	if (!strcmp(mode, "init"))
		become_init(argc, argv);
	hup = !getenv("FASTINIT_BENCH_NO_HUP") && probe_hup();         /* the variable: to test the fallback */
	if (!strcmp(mode, "probe") && argc == 2) {
		printf("hup %d\n", hup);
		return 0;
	}
	if (!strcmp(mode, "churn") && argc == 10) {
		spin = atoi(argv[6]) && hup && sysconf(_SC_NPROCESSORS_ONLN) > 1;
		join(argv[2]);
		churn(atol(argv[3]), atof(argv[4]), atol(argv[5]), atof(argv[7]), atof(argv[8]), argv[9]);
	} else if (!strcmp(mode, "burst") && argc == 5) {
		join(argv[2]);
		burst(atoi(argv[3]), atof(argv[4]));
	} else if (!strcmp(mode, "ends") && argc > 4) {
		if (!hup)
			die("see a process reaped (Linux 6.9 or later)");
		spin = sysconf(_SC_NPROCESSORS_ONLN) > 1;
		ends(atof(argv[2]), argv[3], argc - 4, argv + 4);
	} else if (!strcmp(mode, "hold") && argc == 4) {
		join(argv[2]);
		hold(atoi(argv[3]));
	} else {
		fprintf(stderr, "load: churn PID COUNT RATE EVERY SPIN LINGER SECONDS FILE | burst PID COUNT LINGER | hold PID COUNT | "
				"ends SECONDS FILE PID... | init FD UPPER BIN ARGV... | probe\n");
		return 2;
	}
	fflush(stdout);
	_exit(0);       /* not exit(3): the watcher runs on */
}
