/* api.h: all that Python may see of the C side; cffi reads this file as it is.
 *
 * Two users: PID 1 (fi_init_run, never returns to Python while the container lives) and the manager (everything else).
 * They share one memfd (struct fi_shared, private to C). Functions return >= 0 or -errno and print nothing.
 * Events: each tracked exit stands in a ring in the shared memory until the manager says that it was handled
 * (fi_exit_consume); a manager that is killed in between finds it again: at least once by the ring, exactly once because the
 * manager's own state, kept in the same way, holds the number of the last event it has handled. */

typedef struct {
	uint64_t seq;           /* 1, 2, 3 … in the order of reaping, never reset while PID 1 lives */
	uint64_t spawn_id;      /* fi_spawn_spec.spawn_id, or the id given to fi_track */
	uint64_t reaped_ns;     /* CLOCK_MONOTONIC of the waitid that took it; of a child of the services thread, before it */
	uint64_t utime_us;
	uint64_t stime_us;
	uint64_t maxrss_kib;
	int32_t  pid;
	int32_t  code;          /* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int32_t  status;        /* exit code or signal */
	int32_t  reserved;
} fi_exit;

typedef struct {
	uint64_t reaped_orphans;        /* not tracked: reaped, counted, forgotten */
	uint64_t reaped_tracked;        /* each became one fi_exit */
	uint64_t batches;               /* drains that reaped at least one */
	uint64_t largest_batch;
	uint64_t wakeups;
	uint64_t coalesced;             /* drains that were delayed on purpose */
	uint64_t manager_starts;
	uint64_t signals;
	uint64_t events_written;        /* ring head */
	uint64_t events_consumed;       /* ring tail */
	uint64_t latency_ns_log2[40];   /* SIGCHLD wake-up -> reaped, bucket i: < 2^i ns; the last one has no bound */
	uint64_t latency_ns_sum;
	uint64_t handler_ns_log2[40];   /* reaped -> read by the manager's handler, of tracked processes; likewise */
	uint64_t handler_ns_sum;
} fi_counters;

/* ---- PID 1 ---------------------------------------------------------------------------------------------------- */

typedef struct {
	char *const *manager_argv;      /* exec'ed by absolute path, at the first start as after a crash */
	char *const *manager_envp;      /* FASTINIT_SHM_FD, FASTINIT_INIT_FD, FASTINIT_VAULT_FD are added */
	uint32_t stop_grace_ms;         /* final TERM -> KILL of whatever is left */
	uint32_t manager_grace_ms;      /* a stop signal that the manager has not seen by then: it hangs, is killed and restarted */
	uint32_t backoff_ms;            /* after ten quick deaths in a row: delay of the next start, doubled up to 32 times; 0 = never */
} fi_init_config;

/* Block all signals; call it first of all, before imports take their time. */
int fi_init_block_signals(void);

/* Become init: PID 1, or a child subreaper where we are not PID 1. Starts the manager, reaps, forwards; returns the exit code
 * for _exit() after fi_exit_request() or when the manager could not be kept alive during a stop. */
int fi_init_run(const fi_init_config *config);

/* ---- the manager: attach --------------------------------------------------------------------------------------- */

/* Map the memory of FASTINIT_SHM_FD; init_fd is the SOCK_SEQPACKET of FASTINIT_INIT_FD. */
int fi_attach(int shm_fd, int init_fd);

/* Readable (EPOLLIN) when there are events or signals that have not been looked at; an eventfd: read it, then look. */
int fi_wake_fd(void);

/* ---- the manager: events ---------------------------------------------------------------------------------------- */

/* Copy up to n events with seq > after; returns how many. */
int fi_exit_read(uint64_t after, fi_exit *out, int n);

/* Every event up to seq is handled and its effect on the state is saved. */
int fi_exit_consume(uint64_t seq);

/* How often PID 1 has received signo (1..64) since its start; the manager keeps how many of them it has handled. */
uint64_t fi_signal_count(int signo);

/* All of them together, counted last: where this is as before, no count above has changed. */
uint64_t fi_signal_total(void);

/* Tell PID 1 how many of the stop signals have been seen: it stops expecting the manager to hang. */
int fi_signal_seen(int signo, uint64_t count);

/* ---- the manager: processes --------------------------------------------------------------------------------------- */

enum { FI_HIGH_FD = 1024 };     /* what the manager keeps for a unit stands here and above: spawning does not copy it */

typedef struct { int resource; uint64_t soft, hard; } fi_limit;     /* UINT64_MAX = RLIM_INFINITY; clamped, never refused */

typedef struct {
	uint64_t spawn_id;              /* > 0, unique */
	const char *path;               /* absolute; or NULL: fail with fail_status */
	char *const *argv;
	char *const *envp;              /* "LISTEN_PID=", "SYSTEMD_EXEC_PID=" … whose place is in pid_env get the child's pid */
	int n_pid_env;
	char *const *pid_env;           /* where to write the decimal pid and a NUL: room for 12 bytes each */
	int fd[3];                      /* stdin, stdout, stderr; -1 = /dev/null */
	int n_pass_fds;                 /* become 3, 4, 5 … */
	const int *pass_fds;
	int nonblocking;                /* NonBlocking=: O_NONBLOCK on the passed ones */
	const char *cwd;
	int cwd_optional;
	const char *root;               /* chroot, or NULL */
	int set_ids;                    /* apply uid, gid, groups */
	uint32_t uid, gid;
	int n_groups;
	const uint32_t *groups;
	uint32_t umask;
	int set_nice, nice;
	int set_oom, oom_score_adj;
	int set_ioprio, ioprio;         /* as ioprio_set(2) wants it */
	int set_sched, sched_policy, sched_priority, sched_reset_on_fork;
	int set_affinity;
	const uint64_t *affinity;       /* 1024 bits */
	int set_timer_slack;
	uint64_t timer_slack_ns;
	int n_limits;
	const fi_limit *limits;         /* RLIMIT_LOCKS, the member tag, is one of them */
	int set_bounding;
	uint64_t bounding, ambient, inheritable;
	int set_ambient;
	int secure_bits;                /* 0 = leave */
	int no_new_privs;
	int lock_personality;
	int set_personality;            /* personality(2) gets it, the flags of the present one kept */
	uint32_t personality;
	int set_coredump_filter;
	uint32_t coredump_filter;       /* /proc/self/coredump_filter */
	int keyring;                    /* KeyringMode=: 0 inherit, 1 private, 2 shared; going on without where keyctl(2) is refused */
	int ignore_sigpipe;
	int controlling_tty;            /* fd[0] becomes the controlling terminal */
	int fail_status, fail_errno;    /* found before the clone: the child does nothing but exit with it */
} fi_spawn_spec;

typedef struct {
	int32_t pid;
	int32_t exec_status;            /* 0, or systemd.exec(5)'s: 200 CHDIR … 203 EXEC … 217 USER … */
	int32_t error;                  /* errno at that place */
} fi_spawn_result;

/* Create a process as a child of PID 1 (CLONE_PARENT | CLONE_VM | CLONE_VFORK), tracked before it can run. Returns 0 with result
 * filled also when the exec failed (its exit event follows); -EAGAIN, -ENOMEM … when there is no process. */
int fi_spawn(const fi_spawn_spec *spec, fi_spawn_result *result);

/* Spawn ids whose process was made but about which no manager has called fi_spawn_settle(): after a crash they are adopted. */
int fi_spawn_pending(uint64_t *spawn_ids, int32_t *pids, int n);
int fi_spawn_settle(uint64_t spawn_id);

/* Track a process that we did not spawn (a forking daemon's main): 1 = its exit will be an event, 0 = it is gone already.
 * One exit is one event: a process that is tracked already (also by fi_spawn) gets the new id. A process whose parent lives is reaped
 * by that parent, and no event comes: only children of PID 1 can be tracked to the end. */
int fi_track(int pid, uint64_t id);
int fi_untrack(int pid);                /* 1 = no event will come, 0 = it was not tracked (any more) */

/* ---- the manager: the vault, the end, the counters ---------------------------------------------------------------- */

/* Have PID 1 keep a duplicate of fd under a name (1..255 bytes, no ':'); a second fd of the same name is kept beside it. */
int fi_vault_store(const char *name, int fd);

/* Two at once: PID 1 is woken and waited for once. */
int fi_vault_store_pair(const char *name, int fd, const char *other_name, int other_fd);
int fi_vault_remove(const char *name);

/* PID 1: TERM, wait, KILL what is left, then exit with code. */
int fi_exit_request(int code);

/* PID 1 shall start this manager again when it ends now (daemon-reexec). */
int fi_reexec_request(void);

int fi_counters_read(fi_counters *out);

/* A memory of `size` bytes (sparse) that outlives the manager, for its state (run/store.py): address, or NULL. */
void *fi_state_memory(uint64_t *size);

/* splice(2): move up to n bytes from a pipe to a file at *offset, which is advanced. */
int64_t fi_splice(int pipe_fd, int file_fd, int64_t *offset, uint64_t n);

/* Close-on-exec descriptor for a live process, or -errno. */
int fi_pidfd_open(int pid);

/* sigqueue(3): a signal with a value, which Python's standard library lacks. 0 or -errno. */
int fi_signal_queue(int pid, int signo, int value);

/* inotify(7), which Python's standard library lacks; close-on-exec and non-blocking. Read and close it as any descriptor. */
int fi_inotify_init(void);
int fi_inotify_add(int inotify_fd, const char *path, uint32_t mask);
