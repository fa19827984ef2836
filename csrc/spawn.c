/* spawn.c: a process from its description: clone, the steps of systemd.exec(5) in systemd's order, exec.
 *
 * CLONE_PARENT: the process is PID 1's child. CLONE_VM | CLONE_VFORK: no page table is copied, and we wait until it has exec'ed or
 * exited, so that it can tell by our own memory what went wrong. CLONE_PARENT_SETTID: its pid stands in the slot before it can run.
 * The child runs on a stack of its own and makes raw system calls only: glibc's setuid() and friends would talk to our threads, and
 * anything that allocates or locks would change our memory.
 * A step that fails ends the child with the exit status that systemd uses for that step. */
#define _GNU_SOURCE
#include "manager.h"
#include "pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_BYTES (64 * 1024)
#define GUARD_BYTES (64 * 1024)
#define PASS_FDS_MAX 4096
#define KERNEL_SIGSET_BYTES 8
#ifndef CLOSE_RANGE_UNSHARE             /* linux/close_range.h, which older headers lack */
#define CLOSE_RANGE_UNSHARE (1u << 1)
#endif

enum {                                  /* systemd.exec(5), "PROCESS EXIT CODES" */
	EXIT_CHDIR_ = 200, EXIT_NICE_ = 201, EXIT_FDS_ = 202, EXIT_EXEC_ = 203, EXIT_LIMITS_ = 205, EXIT_OOM_ADJUST_ = 206,
	EXIT_SIGNAL_MASK_ = 207, EXIT_STDIN_ = 208, EXIT_STDOUT_ = 209, EXIT_CHROOT_ = 210, EXIT_IOPRIO_ = 211, EXIT_TIMERSLACK_ = 212,
	EXIT_SECUREBITS_ = 213, EXIT_SETSCHEDULER_ = 214, EXIT_CPUAFFINITY_ = 215, EXIT_GROUP_ = 216, EXIT_USER_ = 217,
	EXIT_CAPABILITIES_ = 218, EXIT_SETSID_ = 220, EXIT_STDERR_ = 222, EXIT_NO_NEW_PRIVILEGES_ = 227, EXIT_SECCOMP_ = 228,
	EXIT_PERSONALITY_ = 230, EXIT_KEYRING_ = 237,
};

typedef struct {
	const fi_spawn_spec *spec;
	volatile int status, error;             /* written by the child */
	int shares_fds;                         /* the child starts with our descriptors, not with copies */
	int source[3 + PASS_FDS_MAX];           /* spec's descriptors, or low copies of them; -1 = /dev/null */
	int high[3 + PASS_FDS_MAX];             /* the same, out of the way of their places */
} child_state;

static child_state state;

static long raw(long number, long a, long b, long c, long d)
{
	long r = syscall(number, a, b, c, d, 0L, 0L);    /* prctl checks its fifth argument too */

	return r < 0 ? -errno : r;
}

#define RAW0(n) raw(n, 0, 0, 0, 0)
#define RAW1(n, a) raw(n, (long)(a), 0, 0, 0)
#define RAW2(n, a, b) raw(n, (long)(a), (long)(b), 0, 0)
#define RAW3(n, a, b, c) raw(n, (long)(a), (long)(b), (long)(c), 0)
#define RAW4(n, a, b, c, d) raw(n, (long)(a), (long)(b), (long)(c), (long)(d))

static int is_refused(long r)
{
	return r == -EPERM || r == -EACCES;
}

/* ---- steps: 0 or -errno ------------------------------------------------------------------------------------------- */

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static long reset_signals(const fi_spawn_spec *spec)
{
	struct kernel_sigaction sa = { 0 };

	/* Handlers would be reset by exec, but until then they would run in our memory; what is ignored would stay so. */
	for (int signo = 1; signo <= 64; signo++) {
		if (signo == SIGKILL || signo == SIGSTOP)
			continue;
		sa.handler = signo == SIGPIPE && spec->ignore_sigpipe ? (void *)SIG_IGN : (void *)SIG_DFL;
		RAW4(SYS_rt_sigaction, signo, &sa, NULL, KERNEL_SIGSET_BYTES);
	}
	return 0;
}

static long open_null(int writable)
{
	return RAW4(SYS_openat, AT_FDCWD, "/dev/null", (writable ? O_WRONLY : O_RDONLY) | O_CLOEXEC | O_NOCTTY, 0);
}

/* First of all, while the descriptors are still the manager's own. In one step a table of its own, without those from FI_HIGH_FD on:
 * copies of thousands, which exec would close again, are what a spawn would spend nearly all of its time on. */
static long unshare_fds(const fi_spawn_spec *spec)
{
	(void)spec;
	return state.shares_fds ? RAW3(SYS_close_range, FI_HIGH_FD, ~0u, CLOSE_RANGE_UNSHARE) : 0;
}

/* First all sources up, then each into its place: a source in another's place must not be overwritten before it is copied. */
static long lift_fds(const fi_spawn_spec *spec)
{
	const int places = 3 + spec->n_pass_fds;

	for (int i = 0; i < places; i++) {
		long r;

		state.high[i] = -1;
		if (state.source[i] < 0 && i < 3)
			continue;
		r = RAW3(SYS_fcntl, state.source[i], F_DUPFD_CLOEXEC, places);
		if (r < 0)
			return r;
		state.high[i] = (int)r;
	}
	return 0;
}

static long place_standard_fd(int i)
{
	long fd = state.high[i] >= 0 ? state.high[i] : open_null(i > 0);
	long r;

	if (fd < 0)
		return fd;
	if (fd == i)            /* /dev/null was opened right there, because nothing stood there */
		return RAW3(SYS_fcntl, fd, F_SETFD, 0);
	r = RAW3(SYS_dup3, fd, i, 0);
	return r < 0 ? r : 0;
}

static long take_terminal(void)
{
	long r = RAW3(SYS_ioctl, 0, TIOCSCTTY, 0);

	/* It may belong to a session that is gone, or that we are replacing: with CAP_SYS_ADMIN it can be taken over. */
	return r == -EPERM ? RAW3(SYS_ioctl, 0, TIOCSCTTY, 1) : r;
}

static long set_stdin(const fi_spawn_spec *spec)
{
	long r = place_standard_fd(0);

	return r < 0 || !spec->controlling_tty ? r : take_terminal();
}

static long set_stdout(const fi_spawn_spec *spec)
{
	(void)spec;
	return place_standard_fd(1);
}

static long set_stderr(const fi_spawn_spec *spec)
{
	(void)spec;
	return place_standard_fd(2);
}

static int put_decimal(char *at, long n)
{
	char digits[24];
	int count = 0, length = 0;

	if (n < 0)
		at[length++] = '-';
	n = n < 0 ? -n : n;
	do
		digits[count++] = (char)('0' + n % 10);
	while (n /= 10);
	while (count)
		at[length++] = digits[--count];
	at[length] = 0;
	return length;
}

/* What is refused is left out: writing these files of one's own needs no right, going against the engine's limits does. */
static long write_own(const char *path, long number)
{
	char text[32];
	long fd, r;

	fd = RAW4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return is_refused(fd) ? 0 : fd;
	r = RAW3(SYS_write, fd, text, put_decimal(text, number));
	RAW1(SYS_close, fd);
	return r < 0 && !is_refused(r) ? r : 0;
}

/* Lowering it needs CAP_SYS_RESOURCE, which a container seldom has. */
static long set_oom(const fi_spawn_spec *spec)
{
	return spec->set_oom ? write_own("/proc/self/oom_score_adj", spec->oom_score_adj) : 0;
}

#define COREDUMP_FILTER "/proc/self/coredump_filter"

/* The filter belongs to the memory, which is still the manager's: clone_with_filter() puts the manager's own back. */
static long set_coredump_filter(const fi_spawn_spec *spec)
{
	long r = spec->set_coredump_filter ? write_own(COREDUMP_FILTER, spec->coredump_filter) : 0;

	return r == -ENOENT ? 0 : r;            /* a kernel without core dumps */
}

/* The nearest that RLIMIT_NICE allows, where it is refused. */
static long set_nice(const fi_spawn_spec *spec)
{
	struct rlimit limit;
	long r, current, best;

	if (!spec->set_nice)
		return 0;
	r = RAW3(SYS_setpriority, PRIO_PROCESS, 0, spec->nice);
	if (!is_refused(r))
		return r;
	current = 20 - RAW2(SYS_getpriority, PRIO_PROCESS, 0);  /* the raw call returns 20 - nice */
	if (spec->nice > current)
		return r;               /* being nicer is always allowed: the call itself is blocked */
	r = RAW4(SYS_prlimit64, 0, RLIMIT_NICE, NULL, &limit);
	if (r < 0)
		return r;
	best = limit.rlim_cur > 40 ? -20 : 20 - (long)limit.rlim_cur;
	if (best > spec->nice && best < current)
		return RAW3(SYS_setpriority, PRIO_PROCESS, 0, best);
	return 0;
}

/* Ours is short (reaper.c), a service has what everybody has. Where it cannot be had the service runs all the same. */
static long set_slice(const fi_spawn_spec *spec)
{
	(void)spec;
	fi_set_slice(0);
	return 0;
}

static long set_scheduler(const fi_spawn_spec *spec)
{
	struct sched_param param = { .sched_priority = spec->sched_priority };
	int policy = spec->sched_policy | (spec->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);

	return spec->set_sched ? RAW3(SYS_sched_setscheduler, 0, policy, &param) : 0;
}

static long set_affinity(const fi_spawn_spec *spec)
{
	long r = spec->set_affinity ? RAW3(SYS_sched_setaffinity, 0, 128, spec->affinity) : 0;

	return r < 0 ? r : 0;
}

static long set_ioprio(const fi_spawn_spec *spec)
{
	return spec->set_ioprio ? RAW3(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, spec->ioprio) : 0;
}

static long set_timer_slack(const fi_spawn_spec *spec)
{
	return spec->set_timer_slack ? RAW2(SYS_prctl, PR_SET_TIMERSLACK, spec->timer_slack_ns) : 0;
}

static long set_umask(const fi_spawn_spec *spec)
{
	RAW1(SYS_umask, spec->umask);
	return 0;
}

static rlim_t lower(uint64_t wanted, rlim_t most)
{
	return wanted < most ? (rlim_t)wanted : most;
}

/* As much of it as the present hard limit allows, where more is refused; nothing where even reading it is: a sandbox. */
static long set_limits(const fi_spawn_spec *spec)
{
	for (int i = 0; i < spec->n_limits; i++) {
		const fi_limit *l = &spec->limits[i];
		struct rlimit now, wanted = { l->soft, l->hard };
		long r = RAW4(SYS_prlimit64, 0, l->resource, &wanted, NULL);

		if (r == -EPERM) {
			r = RAW4(SYS_prlimit64, 0, l->resource, NULL, &now);
			if (is_refused(r))
				continue;
			if (r < 0)
				return r;
			wanted = (struct rlimit){ lower(l->soft, now.rlim_max), lower(l->hard, now.rlim_max) };
			r = RAW4(SYS_prlimit64, 0, l->resource, &wanted, NULL);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int groups_are_set_already(const fi_spawn_spec *spec)
{
	static uint32_t groups[65536];
	long n = RAW2(SYS_getgroups, 65536, groups);

	if (n != spec->n_groups)
		return 0;
	for (long i = 0; i < n; i++) {
		long k = 0;

		while (k < n && groups[k] != spec->groups[i])
			k++;
		if (k == n)
			return 0;
	}
	return 1;
}

static long set_groups(const fi_spawn_spec *spec)
{
	long r;

	if (!spec->set_ids)
		return 0;
	r = RAW2(SYS_setgroups, spec->n_groups, spec->groups);
	/* In a user namespace of an ordinary user setgroups is denied for good: then "no more groups" is what there is. */
	if (r == -EPERM && (spec->n_groups == 0 ? RAW2(SYS_getgroups, 0, NULL) == 0 : groups_are_set_already(spec)))
		r = 0;
	return r < 0 ? r : RAW3(SYS_setresgid, spec->gid, spec->gid, spec->gid);
}

static long close_from_by_number(unsigned first)
{
	struct rlimit limit;
	long r = RAW4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);

	if (r < 0)
		return r;
	for (rlim_t fd = first; fd < (limit.rlim_max < 1048576 ? limit.rlim_max : 1048576); fd++)
		RAW1(SYS_close, fd);
	return 0;
}

static long place_passed_fds(const fi_spawn_spec *spec)
{
	long r;

	for (int i = 3; i < 3 + spec->n_pass_fds; i++) {
		r = RAW3(SYS_dup3, state.high[i], i, 0);
		if (r < 0)
			return r;
		r = spec->nonblocking ? RAW3(SYS_fcntl, i, F_GETFL, 0) : 0;
		if (r >= 0 && spec->nonblocking)
			r = RAW3(SYS_fcntl, i, F_SETFL, r | O_NONBLOCK);
		if (r < 0)
			return r;
	}
	r = RAW3(SYS_close_range, 3 + spec->n_pass_fds, ~0u, 0);
	return r == -ENOSYS || r == -EPERM ? close_from_by_number(3u + (unsigned)spec->n_pass_fds) : r;
}

static long capabilities(int set, uint64_t *effective, uint64_t *permitted, uint64_t *inheritable)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	long r;

	if (!set) {
		r = RAW2(SYS_capget, &header, data);
		*effective = data[0].effective | (uint64_t)data[1].effective << 32;
		*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
		*inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
		return r;
	}
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(*effective >> 32 * i);
		data[i].permitted = (uint32_t)(*permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(*inheritable >> 32 * i);
	}
	return RAW2(SYS_capset, &header, data);
}

static long drop_bounding(const fi_spawn_spec *spec)
{
	uint64_t e, p, i;
	long r;

	if (!spec->set_bounding)
		return 0;
	for (long cap = 0; cap < 64; cap++) {
		if (spec->bounding >> cap & 1)
			continue;
		r = RAW2(SYS_prctl, PR_CAPBSET_READ, cap);
		if (r < 0)
			break;          /* the kernel knows no more capabilities */
		if (r == 0)
			continue;       /* gone already: nothing that would need CAP_SETPCAP */
		r = RAW2(SYS_prctl, PR_CAPBSET_DROP, cap);
		if (r < 0)
			return r;
	}
	r = capabilities(0, &e, &p, &i);
	if (r < 0 || !(i & ~spec->bounding))
		return r;
	i &= spec->bounding;
	return capabilities(1, &e, &p, &i);
}

static long change_root(const fi_spawn_spec *spec)
{
	long r;

	if (!spec->root)
		return 0;
	r = RAW1(SYS_chroot, spec->root);
	return r < 0 ? r : RAW1(SYS_chdir, "/");
}

static long set_user(const fi_spawn_spec *spec)
{
	if (!spec->set_ids)
		return 0;
	/* setresuid drops all capabilities; kept, those that are wanted can be made ambient afterwards. exec ends the keeping. */
	if (spec->set_ambient && spec->ambient) {
		long r = RAW2(SYS_prctl, PR_SET_KEEPCAPS, 1);

		if (r < 0)
			return r;
	}
	return RAW3(SYS_setresuid, spec->uid, spec->uid, spec->uid);
}

static long set_ambient(const fi_spawn_spec *spec)
{
	uint64_t e, p, i;
	long r;

	if (!spec->set_ambient)
		return 0;
	r = RAW4(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
	if (r < 0)
		return spec->ambient || r != -EINVAL ? r : 0;   /* before Linux 4.3 there is nothing to clear */
	r = capabilities(0, &e, &p, &i);
	if (r < 0)
		return r;
	e = p;                  /* a change of uid has emptied the effective set, not the permitted one */
	i |= spec->inheritable | spec->ambient;
	r = capabilities(1, &e, &p, &i);
	for (long cap = 0; r >= 0 && cap < 64; cap++)
		if (spec->ambient >> cap & 1)
			r = RAW4(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0);
	return r;
}

static long change_directory(const fi_spawn_spec *spec)
{
	long r = spec->cwd ? RAW1(SYS_chdir, spec->cwd) : 0;

	return r < 0 && spec->cwd_optional ? RAW1(SYS_chdir, "/") : r;   /* not where the manager happens to be */
}

static long set_secure_bits(const fi_spawn_spec *spec)
{
	/* Asking is free, setting needs CAP_SETPCAP: not when they are so already. */
	if (!spec->secure_bits || RAW1(SYS_prctl, PR_GET_SECUREBITS) == spec->secure_bits)
		return 0;
	return RAW2(SYS_prctl, PR_SET_SECUREBITS, spec->secure_bits);
}

static long set_no_new_privs(const fi_spawn_spec *spec)
{
	return spec->no_new_privs ? RAW4(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0) : 0;
}

/* LockPersonality=: personality(2) may ask, and set what is set already; anything else is EPERM. */
static long lock_personality(const fi_spawn_spec *spec)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0 /* the present one, below */, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	if (!spec->lock_personality)
		return 0;
	code[4].k = (uint32_t)RAW1(SYS_personality, 0xffffffff);
	return RAW3(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Only the execution domain changes: ADDR_NO_RANDOMIZE and its kin stay as they are. */
static long set_personality(const fi_spawn_spec *spec)
{
	long now, r;

	if (!spec->set_personality)
		return 0;
	now = RAW1(SYS_personality, 0xffffffff);
	r = now < 0 ? now : RAW1(SYS_personality, (now & ~0xffL) | spec->personality);
	return r < 0 ? r : 0;
}

static int has_no_keys(long r)
{
	return is_refused(r) || r == -ENOSYS || r == -EOPNOTSUPP || r == -EDQUOT;
}

/* A session keyring of its own; after the change of user, for it is charged to whom it belongs. */
static long set_keyring(const fi_spawn_spec *spec)
{
	long r;

	if (!spec->keyring)
		return 0;
	r = RAW2(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (r >= 0 && spec->keyring == 2)
		r = RAW3(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING);
	return r < 0 && !has_no_keys(r) ? r : 0;
}

static long start_session(const fi_spawn_spec *spec)
{
	long r = RAW0(SYS_setsid);

	(void)spec;
	return r < 0 ? r : 0;
}

static long unblock_signals(const fi_spawn_spec *spec)
{
	uint64_t none = 0;

	(void)spec;
	return RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_SIGSET_BYTES);
}

static long execute(const fi_spawn_spec *spec)
{
	long pid = RAW0(SYS_getpid);

	for (int i = 0; i < spec->n_pid_env; i++)
		put_decimal(spec->pid_env[i], pid);
	return spec->path ? RAW3(SYS_execve, spec->path, spec->argv, spec->envp) : -ENOENT;
}

/* In systemd's order, which decides what is told when several things are wrong. LIMITS come after the descriptors:
 * LimitNOFILE=3 must not forbid to put them in their places. */
static const struct {
	long (*run)(const fi_spawn_spec *spec);
	int exit_status;
} STEPS[] = {
	{ unshare_fds,       EXIT_FDS_ },
	{ reset_signals,     EXIT_SIGNAL_MASK_ },
	{ start_session,     EXIT_SETSID_ },
	{ lift_fds,          EXIT_FDS_ },
	{ set_stdin,         EXIT_STDIN_ },
	{ set_stdout,        EXIT_STDOUT_ },
	{ set_stderr,        EXIT_STDERR_ },
	{ set_oom,           EXIT_OOM_ADJUST_ },
	{ set_slice,         EXIT_SETSCHEDULER_ },
	{ set_nice,          EXIT_NICE_ },
	{ set_scheduler,     EXIT_SETSCHEDULER_ },
	{ set_coredump_filter, EXIT_LIMITS_ },
	{ set_affinity,      EXIT_CPUAFFINITY_ },
	{ set_ioprio,        EXIT_IOPRIO_ },
	{ set_timer_slack,   EXIT_TIMERSLACK_ },
	{ set_umask,         EXIT_FDS_ },
	{ set_groups,        EXIT_GROUP_ },
	{ place_passed_fds,  EXIT_FDS_ },
	{ set_limits,        EXIT_LIMITS_ },
	{ drop_bounding,     EXIT_CAPABILITIES_ },
	{ change_root,       EXIT_CHROOT_ },
	{ set_user,          EXIT_USER_ },
	{ set_keyring,       EXIT_KEYRING_ },
	{ set_ambient,       EXIT_CAPABILITIES_ },
	{ change_directory,  EXIT_CHDIR_ },
	{ set_secure_bits,   EXIT_SECUREBITS_ },
	{ set_no_new_privs,  EXIT_NO_NEW_PRIVILEGES_ },
	{ set_personality,   EXIT_PERSONALITY_ },
	{ lock_personality,  EXIT_SECCOMP_ },
	{ unblock_signals,   EXIT_SIGNAL_MASK_ },
	{ execute,           EXIT_EXEC_ },
};

static void leave(int status, int error)
{
	state.status = status;
	state.error = error;
	for (;;)
		RAW1(SYS_exit_group, status);
}

static int child_main(void *unused)
{
	const fi_spawn_spec *spec = state.spec;

	(void)unused;
	if (spec->fail_status)
		leave(spec->fail_status, spec->fail_errno);
	/* From here on only what stands in STEPS, unshare_fds first. */
	for (unsigned i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
		long r = STEPS[i].run(spec);

		if (r < 0)
			leave(STEPS[i].exit_status, (int)-r);
	}
	return 0;
}

/* ---- the parent ----------------------------------------------------------------------------------------------------- */

static char *stack_top;

static int make_stack(void)
{
	char *at;

	if (stack_top)
		return 0;
	at = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	if (mprotect(at, GUARD_BYTES, PROT_NONE) < 0) {
		munmap(at, GUARD_BYTES + STACK_BYTES);
		return -ENOMEM;
	}
	stack_top = at + GUARD_BYTES + STACK_BYTES;
	return 0;
}

static int check_spec(const fi_spawn_spec *spec)
{
	if (spec->spawn_id == 0 || spec->n_pass_fds < 0 || spec->n_pass_fds > PASS_FDS_MAX)
		return -EINVAL;
	if (!spec->fail_status && (!spec->path || spec->path[0] != '/' || !spec->argv || !spec->argv[0] || !spec->envp))
		return -EINVAL;
	return 0;
}

/* PID 1 looks at the slot when it hears the bell, or finds it when we die. */
static void announce(const fi_slot *slot)
{
	uint32_t i = (uint32_t)(slot - fi_manager.shared->slots);
	uint64_t one = 1;

	atomic_fetch_or(&fi_manager.shared->news[i / 64], 1ull << (i % 64));
	(void)!write(fi_manager.doorbell_fd, &one, sizeof one);
	fi_manager.slot_of[atomic_load(&slot->spawn_id) % FI_SLOTS] = (uint16_t)i;
}

static int clone_child(fi_slot *slot)
{
	const int flags = CLONE_PARENT | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD | (state.shares_fds ? CLONE_FILES : 0);
	uint64_t all = ~0ull, before;
	int pid;

	/* Also the two that glibc keeps for itself: a handler of ours that ran in the child would run in our memory. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, KERNEL_SIGSET_BYTES);
	pid = clone(child_main, stack_top, flags, NULL, (pid_t *)(void *)&slot->pid);
	if (pid < 0)
		pid = -errno;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SIGSET_BYTES);
	return pid;
}

/* Whether close_range(2) can do what unshare_fds() asks of it: on ourselves it changes nothing. Linux 5.9; sandboxes may refuse it. */
static int can_unshare(void)
{
	static int known = -1;

	if (known < 0)
		known = RAW3(SYS_close_range, ~0u, ~0u, CLOSE_RANGE_UNSHARE) == 0;
	return known;
}

static void return_fds(void)
{
	const int places = 3 + state.spec->n_pass_fds;

	for (int i = 0; i < places; i++)
		if (state.source[i] >= 0 && state.source[i] != (i < 3 ? state.spec->fd[i] : state.spec->pass_fds[i - 3]))
			RAW1(SYS_close, state.source[i]);
}

/* The child's descriptors are to be found below FI_HIGH_FD; where that cannot be it gets a copy of all. */
static void lend_fds(void)
{
	const int places = 3 + state.spec->n_pass_fds;

	state.shares_fds = can_unshare();
	for (int i = 0; i < places; i++) {
		state.source[i] = i < 3 ? state.spec->fd[i] : state.spec->pass_fds[i - 3];
		if (!state.shares_fds || state.source[i] < FI_HIGH_FD)
			continue;
		long low = RAW3(SYS_fcntl, state.source[i], F_DUPFD_CLOEXEC, 3);

		if (low >= 0)
			state.source[i] = (int)low;
		state.shares_fds = low >= 0 && low < FI_HIGH_FD;
	}
}

static long read_coredump_filter(void)
{
	char text[32] = "";
	long fd = RAW4(SYS_openat, AT_FDCWD, COREDUMP_FILTER, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	(void)RAW3(SYS_read, fd, text, sizeof text - 1);
	RAW1(SYS_close, fd);
	return strtol(text, NULL, 16);
}

static int clone_with_filter(fi_slot *slot)
{
	long own = state.spec->set_coredump_filter ? read_coredump_filter() : -ENOENT;
	int pid;

	lend_fds();
	pid = clone_child(slot);
	return_fds();
	if (own >= 0)
		write_own(COREDUMP_FILTER, own);
	return pid;
}

int fi_spawn(const fi_spawn_spec *spec, fi_spawn_result *result)
{
	fi_slot *slot;
	int r;

	if (!fi_manager.shared)
		return -ENOTCONN;
	if ((r = check_spec(spec)) < 0 || (r = make_stack()) < 0 || (r = fi_ring_reserve(fi_manager.shared)) < 0)
		return r;
	slot = fi_slot_claim(fi_manager.shared, spec->spawn_id);
	if (!slot) {
		fi_ring_release(fi_manager.shared, 1);
		return -EAGAIN;
	}
	state.spec = spec;
	state.status = state.error = 0;
	r = clone_with_filter(slot);
	if (r < 0) {
		fi_slot_free(slot);
		fi_ring_release(fi_manager.shared, 1);
		return r;
	}
	announce(slot);
	*result = (fi_spawn_result){ .pid = r, .exec_status = state.status, .error = state.error };
	return 0;
}
