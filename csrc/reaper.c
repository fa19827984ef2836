/* reaper.c: the two threads' reaping, and the signals, which the orphans thread takes.
 *
 * Orphans thread: sigtimedwait, then waitid(P_ALL) until nothing is left. __WNOTHREAD keeps it to its own child list: orphans come
 * to the thread group's first thread, services stand on the other thread's list, so that thousands of live services cost nothing here.
 * Does not work: signalfd + epoll: two more system calls and one more wake-up on each path than sigtimedwait, which is all that
 * this thread has to wait for.
 * Services thread: knows its children's pids, has a pidfd of each in its epoll set, and reaps by pid: no scan. Where there is no pidfd (old
 * kernel, out of descriptors) it scans when the orphans thread has seen a SIGCHLD: slower, never wrong. */
#define _GNU_SOURCE
#include "pid1.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "epoll_tags.h"

/* Coalescing. From STORM_DEATHS within STORM_WINDOW_NS on (7,000 a second) the thread stops waiting for signals and looks every
 * STORM_SLEEP_NS instead. Measured in a virtual machine: a reap is 1.7 us, a wake-up by a signal 5 us, one by a timer 14 us (it has
 * to be programmed). A sleep that collects three zombies costs what three wake-ups by signals cost, and each zombie lives ten times
 * as long: at 5,000 a second there is nothing to be gained by it. */
#define STORM_DEATHS 14                 /* deaths, not wake-ups: on a busy machine one wake-up finds several */
#define STORM_WINDOW_NS 2000000u
#define STORM_SLEEP_NS 750000u          /* + wake-up + the drain itself: below 1 ms for a zombie */
#define STORM_WORTH 4                   /* zombies a sleep */
#define STORM_QUIET_DRAINS 4            /* this many drains of less end the storm */
#define TIMER_SLACK_NS 1000u            /* of this thread, which never forks: the usual 50 us would be added to each sleep */

/* Linux 6.12 and later: who asks for less at a time gets it sooner. A sleep among busy processes would otherwise end when one of their
 * slices does (3 ms): measured under full storm, 4 runs, zombie lifetime p99 2.5 ms without, 0.8 ms with it. Needs no privilege.
 * The manager inherits it: an exit while 5,000 orphans a second die is a restart after 6 to 8 ms at p99 instead of 9 to 12. */
#define KERNEL_SIGSET_BYTES 8
#define SLICE_NS 100000u                /* the least that the kernel takes */

struct fi_pid1 fi_pid1;

struct sched_attr_ {                    /* sched_setattr(2), which glibc lacks; the first version of the structure */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* In the calling thread; 0: the usual again. Only SCHED_OTHER and SCHED_BATCH have slices; older kernels ignore it. */
void fi_set_slice(uint64_t ns)
{
	struct sched_attr_ attr = { .size = sizeof attr };

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0 || (attr.policy != SCHED_OTHER && attr.policy != SCHED_BATCH))
		return;
	attr.runtime = ns;
	(void)syscall(SYS_sched_setattr, 0, &attr, 0);  /* refused by a sandbox: later, never wrong */
}

void fi_set_short_slice(void)
{
	fi_set_slice(SLICE_NS);
}

/* The raw system call: glibc's is a point of cancellation, and what stands between a death and its waitid is what a zombie lives. */
static int wait_signal(const sigset_t *set, const struct timespec *most)
{
	return (int)syscall(SYS_rt_sigtimedwait, set, NULL, most, KERNEL_SIGSET_BYTES);
}

static int wait_child(idtype_t type, pid_t pid, siginfo_t *si, int flags, struct rusage *ru)
{
	int r;

	/* The raw system call: glibc's waitid() has no rusage, wait4() has no siginfo. */
	si->si_pid = 0;
	do
		r = (int)syscall(SYS_waitid, type, pid, si, flags | WEXITED | WNOHANG | __WALL, ru);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static void count_batch(uint64_t n)
{
	fi_counting *c = &fi_pid1.shared->count;

	if (n == 0)
		return;
	atomic_fetch_add_explicit(&c->batches, 1, memory_order_relaxed);
	if (n > atomic_load_explicit(&c->largest_batch, memory_order_relaxed))
		atomic_store_explicit(&c->largest_batch, n, memory_order_relaxed);
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t usec(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_usec;
}

static void fill(fi_exit *e, uint64_t id, uint64_t reaped_ns, const siginfo_t *si, const struct rusage *ru)
{
	*e = (fi_exit){
		.spawn_id = id, .reaped_ns = reaped_ns, .pid = si->si_pid, .code = si->si_code, .status = si->si_status,
		.utime_us = usec(ru->ru_utime), .stime_us = usec(ru->ru_stime), .maxrss_kib = (uint64_t)ru->ru_maxrss,
	};
}

/* Called with reap_lock held. */
void fi_write_event(fi_exit *event)
{
	uint64_t one = 1;

	fi_ring_write(fi_pid1.shared, event);
	add(&fi_pid1.shared->count.reaped_tracked, 1);
	(void)!write(fi_pid1.wake_fd, &one, sizeof one);        /* EAGAIN: 2^64 - 1 wake-ups are pending, one is enough */
}

void fi_poke_services(void)
{
	uint64_t one = 1;

	(void)!write(fi_pid1.poke_fd, &one, sizeof one);
}

/* ---- orphans thread --------------------------------------------------------------------------------------------- */

static void forward_orphan(const siginfo_t *si, const struct rusage *ru)
{
	uint64_t id;
	fi_exit e;

	pthread_mutex_lock(&fi_pid1.reap_lock);
	if (fi_tracked_take(fi_pid1.shared, si->si_pid, &id)) {
		fill(&e, id, fi_now_ns(), si, ru);
		fi_write_event(&e);
	} else {
		add(&fi_pid1.shared->count.reaped_orphans, 1);
	}
	pthread_mutex_unlock(&fi_pid1.reap_lock);
}

static uint32_t drain(uint64_t woken_ns)
{
	struct fi_shared *s = fi_pid1.shared;
	uint32_t n = 0, untracked = 0;
	siginfo_t si = { 0 };
	struct rusage ru;

	for (;; n++) {
		int wants_rusage, r;

		fi_section_enter(s, FI_THREAD_ORPHANS);
		wants_rusage = atomic_load(&s->tracked_count) > 0;
		r = wait_child(P_ALL, 0, &si, __WNOTHREAD, wants_rusage ? &ru : NULL);
		if (r == 0 && si.si_pid != 0) {
			fi_times_add(&fi_pid1.shared->count.latency, woken_ns, fi_now_ns());
			if (wants_rusage && fi_tracked_test(s, si.si_pid))
				forward_orphan(&si, &ru);
			else
				untracked++;
		}
		fi_section_leave(s, FI_THREAD_ORPHANS);
		if (r < 0 || si.si_pid == 0)
			break;
	}
	add(&s->count.reaped_orphans, untracked);
	count_batch(n);
	return n;
}

static int is_stop_signal(int signo)
{
	/* systemd(1), "SIGNALS": what ends with everything stopped. */
	return signo == SIGTERM || signo == SIGINT || signo == SIGPWR || (signo >= SIGRTMIN + 3 && signo <= SIGRTMIN + 6) ||
	       (signo >= SIGRTMIN + 13 && signo <= SIGRTMIN + 16);
}

int fi_stop_signal_received(void)
{
	for (int signo = 1; signo < FI_SIGNALS; signo++)
		if (is_stop_signal(signo) && atomic_load(&fi_pid1.shared->signal_count[signo]) > 0)
			return 1;
	return 0;
}

int fi_stop_signal_pending(void)
{
	struct fi_shared *s = fi_pid1.shared;

	for (int signo = 1; signo < FI_SIGNALS; signo++)
		if (is_stop_signal(signo) && atomic_load(&s->signal_count[signo]) > atomic_load(&s->signal_seen[signo]))
			return 1;
	return 0;
}

static void forward_signal(int signo)
{
	uint64_t one = 1;

	if (signo < 1 || signo >= FI_SIGNALS)
		return;
	atomic_fetch_add(&fi_pid1.shared->signal_count[signo], 1);
	atomic_fetch_add(&fi_pid1.shared->count.signals, 1);    /* last: fi_signal_total() */
	(void)!write(fi_pid1.wake_fd, &one, sizeof one);
	if (is_stop_signal(signo))
		fi_poke_services();
}

static void note_activity(void)
{
	if (atomic_load_explicit(&fi_pid1.wants_poke, memory_order_relaxed) ||
	    (!atomic_load_explicit(&fi_pid1.sweep_armed, memory_order_relaxed) && !atomic_exchange(&fi_pid1.sweep_armed, 1)))
		fi_poke_services();
}

/* SIGCHLD stays pending meanwhile: it costs nothing, and makes the usual loop look once more when the storm is over, so that the death
 * of the last moment is not missed. Any other signal ends the sleep at once. */
static void weather_storm(const sigset_t *all)
{
	static const struct timespec pause = { .tv_nsec = STORM_SLEEP_NS };
	struct fi_shared *s = fi_pid1.shared;
	sigset_t others = *all;
	int quiet = 0;

	sigdelset(&others, SIGCHLD);
	while (quiet < STORM_QUIET_DRAINS && !atomic_load(&fi_pid1.is_final)) {
		uint64_t before = fi_now_ns();
		int signo = wait_signal(&others, &pause);

		if (signo > 0)
			forward_signal(signo);
		quiet = drain(before) < STORM_WORTH ? quiet + 1 : 0;
		note_activity();
		add(&s->count.coalesced, 1);
		add(&s->count.wakeups, 1);
	}
}

int fi_orphans_run(void)
{
	uint64_t window_ns = 0;         /* when it began */
	uint32_t deaths = 0;            /* in it */
	sigset_t all;

	sigfillset(&all);
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	fi_set_short_slice();
	while (!atomic_load(&fi_pid1.is_final)) {
		int signo = wait_signal(&all, NULL);
		uint64_t now = fi_now_ns();
		uint32_t n = signo == SIGCHLD ? drain(now) : 0;         /* before anything else is touched */

		add(&fi_pid1.shared->count.wakeups, 1);
		if (signo != SIGCHLD) {
			forward_signal(signo);
			continue;
		}
		note_activity();
		if (now - window_ns >= STORM_WINDOW_NS) {
			window_ns = now;
			deaths = 0;
		}
		deaths += n;
		if (deaths >= STORM_DEATHS) {
			weather_storm(&all);
			deaths = 0;
		}
	}
	return fi_final(atomic_load(&fi_pid1.exit_code), fi_pid1.config->stop_grace_ms);
}

/* ---- services thread -------------------------------------------------------------------------------------------- */

typedef struct {
	uint64_t id;
	pid_t pid;                      /* 0 = free */
	int pidfd;                      /* -1: found by scanning */
	uint8_t is_manager, is_untracked, is_lingering;
	uint32_t next_free;             /* index + 1 */
} child;

#define CHILDREN (FI_RING_CAPACITY + 1) /* one place in the ring each, and the manager */
static child children[CHILDREN];
static uint32_t free_list, used;        /* index + 1; how far the array was ever used */
static int64_t tracked_children;
static int lingering, without_pidfd;

static void update_wants_poke(void)
{
	atomic_store(&fi_pid1.wants_poke, lingering > 0 || without_pidfd > 0);
}

static child *find_child(pid_t pid)
{
	for (uint32_t i = 0; i < used; i++)
		if (children[i].pid == pid)
			return &children[i];
	return NULL;
}

static void watch(child *c)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = FI_TAG(FI_TAG_CHILD, c - children) };

	/* Edge-triggered: a zombie that its tracer still holds stays readable, but cannot be reaped by us yet. */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0 && epoll_ctl(fi_pid1.epoll_fd, EPOLL_CTL_ADD, c->pidfd, &e) < 0) {
		close(c->pidfd);
		c->pidfd = -1;
	}
	if (c->pidfd >= 0)
		return;
	without_pidfd++;
	update_wants_poke();
	fi_poke_services();             /* it may have ended before wants_poke was set */
}

int fi_services_watch(pid_t pid, uint64_t spawn_id)
{
	child *c;

	if (free_list) {
		c = &children[free_list - 1];
		free_list = c->next_free;
	} else if (used < CHILDREN) {
		c = &children[used++];
	} else {
		return -ENOSPC;
	}
	*c = (child){ .id = spawn_id, .pid = pid, .pidfd = -1, .is_manager = spawn_id == 0 };
	tracked_children += !c->is_manager;
	watch(c);
	return 0;
}

static void forget(child *c)
{
	if (c->pidfd >= 0)
		close(c->pidfd);        /* leaves the epoll set with its last descriptor */
	else
		without_pidfd--;
	lingering -= c->is_lingering;
	tracked_children -= !c->is_manager && !c->is_untracked;
	*c = (child){ .next_free = free_list };
	free_list = (uint32_t)(c - children) + 1;
	update_wants_poke();
}

int64_t fi_services_count(void)
{
	return tracked_children;
}

static void linger(child *c)
{
	if (c->is_lingering)
		return;
	c->is_lingering = 1;
	lingering++;
	update_wants_poke();
}

/* The id by which fi_track() has renamed this child, if it did; only asked of a zombie, which keeps its pid. */
static int take_renamed(pid_t pid, uint64_t *id)
{
	siginfo_t si = { 0 };

	return fi_tracked_test(fi_pid1.shared, pid) && wait_child(P_PID, pid, &si, WNOWAIT, NULL) == 0 && si.si_pid == pid &&
	       fi_tracked_take(fi_pid1.shared, pid, id);
}

/* One exit is one event. Returns 1 when the child is reaped, 0 when it cannot be yet. */
static int reap(child *c, uint64_t woken_ns)
{
	struct fi_shared *s = fi_pid1.shared;
	siginfo_t si = { 0 };
	struct rusage ru;
	uint64_t id = c->id, reaped_ns;
	int renamed, r;
	fi_exit e;

	memset(&ru, 0, sizeof ru);
	pthread_mutex_lock(&fi_pid1.reap_lock);
	fi_section_enter(s, FI_THREAD_SERVICES);
	renamed = take_renamed(c->pid, &id);
	reaped_ns = fi_now_ns();        /* before: the call takes 60 us, and what is told of the handler's delay shall count them */
	r = wait_child(P_PID, c->pid, &si, 0, &ru);
	fi_section_leave(s, FI_THREAD_SERVICES);
	if (r == 0 && si.si_pid == 0) {
		pthread_mutex_unlock(&fi_pid1.reap_lock);
		linger(c);
		return 0;
	}
	if (r < 0) {    /* ECHILD: cannot be; should it, then an exit that nobody hears of would be worse than an odd status */
		si.si_pid = c->pid;
		si.si_code = CLD_EXITED;
		si.si_status = 255;
	}
	fi_times_add(&fi_pid1.shared->count.latency, woken_ns, fi_now_ns());      /* before the event: who reads it finds it counted */
	if (!c->is_manager && (renamed || !c->is_untracked)) {
		fill(&e, id, reaped_ns, &si, &ru);
		fi_write_event(&e);
		if (renamed && !c->is_untracked)
			fi_ring_release(s, 1);  /* two places were reserved for one event */
	}
	pthread_mutex_unlock(&fi_pid1.reap_lock);
	if (c->is_manager) {
		forget(c);
		fi_manager_died(&si);
	} else {
		forget(c);
	}
	return 1;
}

void fi_services_exited(uint32_t index)
{
	/* pid 0: it was reaped since epoll_wait() returned, by an earlier event of the same batch. */
	if (index < used && children[index].pid != 0)
		reap(&children[index], fi_now_ns());
}

static void adopt(fi_slot *slot)
{
	if (atomic_load(&slot->state) & FI_SLOT_ADOPTED || atomic_load(&slot->pid) <= 0)
		return;
	/* Cannot fail: the ring has a place for each process, and so has the table. */
	fi_services_watch(atomic_load(&slot->pid), atomic_load(&slot->spawn_id));
	fi_slot_mark(slot, FI_SLOT_ADOPTED);
}

void fi_services_adopt_news(void)
{
	for (unsigned word = 0; word < FI_SLOTS / 64; word++) {
		uint64_t bits = 0;

		if (atomic_load_explicit(&fi_pid1.shared->news[word], memory_order_relaxed))
			bits = atomic_exchange(&fi_pid1.shared->news[word], 0);
		for (; bits; bits &= bits - 1)
			adopt(&fi_pid1.shared->slots[word * 64 + (unsigned)__builtin_ctzll(bits)]);
	}
}

void fi_services_adopt_all(void)
{
	const uint32_t both = FI_SLOT_ADOPTED | FI_SLOT_SETTLED;

	for (uint32_t i = 0; i < FI_SLOTS; i++) {
		fi_slot *slot = &fi_pid1.shared->slots[i];
		uint32_t state = atomic_load(&slot->state);

		if ((state & both) == both || (state && atomic_load(&slot->pid) == 0))
			fi_slot_free(slot);     /* killed while it freed it, or before it had cloned */
		else if (state)
			adopt(slot);
	}
	for (unsigned word = 0; word < FI_SLOTS / 64; word++)
		atomic_store(&fi_pid1.shared->news[word], 0);
}

int fi_services_untrack(pid_t pid)
{
	child *c;

	fi_services_adopt_news();
	c = pid > 0 ? find_child(pid) : NULL;
	if (!c || c->is_manager || c->is_untracked)
		return 0;
	c->is_untracked = 1;
	tracked_children--;
	return 1;
}

static fi_slot *find_slot(pid_t pid)
{
	for (uint32_t i = 0; i < FI_SLOTS; i++) {
		fi_slot *slot = &fi_pid1.shared->slots[i];

		if (atomic_load(&slot->state) && !(atomic_load(&slot->state) & FI_SLOT_ADOPTED) && atomic_load(&slot->pid) == pid)
			return slot;
	}
	return NULL;
}

/* A child that a service has made with CLONE_PARENT. */
static void reap_stray(pid_t pid)
{
	struct fi_shared *s = fi_pid1.shared;
	siginfo_t si = { 0 };
	struct rusage ru;
	uint64_t id = 0;
	int tracked;
	fi_exit e;

	memset(&ru, 0, sizeof ru);
	pthread_mutex_lock(&fi_pid1.reap_lock);
	fi_section_enter(s, FI_THREAD_SERVICES);
	tracked = fi_tracked_take(s, pid, &id);         /* before the reap: it still owns its pid */
	wait_child(P_PID, pid, &si, 0, &ru);
	fi_section_leave(s, FI_THREAD_SERVICES);
	if (tracked) {
		fill(&e, id, fi_now_ns(), &si, &ru);
		fi_write_event(&e);
	} else if (si.si_pid) {
		add(&s->count.reaped_orphans, 1);
	}
	pthread_mutex_unlock(&fi_pid1.reap_lock);
}

void fi_services_sweep(void)
{
	uint64_t now = fi_now_ns();
	siginfo_t si = { 0 };

	while (wait_child(P_ALL, 0, &si, WNOWAIT | __WNOTHREAD, NULL) == 0 && si.si_pid != 0) {
		child *c = find_child(si.si_pid);
		fi_slot *slot = c ? NULL : find_slot(si.si_pid);

		if (slot) {
			adopt(slot);
			c = find_child(si.si_pid);
		}
		if (!c)
			reap_stray(si.si_pid);
		else if (!reap(c, now))
			return;         /* a tracer holds it: the next SIGCHLD brings us back */
	}
}

void fi_services_look(void)
{
	uint64_t now = fi_now_ns();

	if (without_pidfd > 0)
		fi_services_sweep();
	for (uint32_t i = 0; i < used && lingering > 0; i++)
		if (children[i].is_lingering)
			reap(&children[i], now);
}
