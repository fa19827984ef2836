/* manager.c: the manager's side of the shared memory; the rest of api.h but spawn. */
#define _GNU_SOURCE
#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pid1.h"

struct fi_manager fi_manager = { .init_fd = -1, .wake_fd = -1, .doorbell_fd = -1 };

static int close_on_exec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int fi_attach(int shm_fd, int init_fd)
{
	struct fi_shared *s;
	void *state;
	int r;

	if (fi_manager.shared)
		return -EALREADY;
	if ((r = close_on_exec(init_fd)) < 0 || (r = close_on_exec(shm_fd)) < 0 || (r = fi_shared_map(shm_fd, &s)) < 0)
		return r;
	state = mmap(NULL, FI_STATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, shm_fd, (off_t)fi_state_offset());
	if (state == MAP_FAILED) {
		r = -errno;
		goto fail;
	}
	fi_manager.wake_fd = atomic_load(&s->wake_fd);
	fi_manager.doorbell_fd = atomic_load(&s->doorbell_fd);
	if ((r = close_on_exec(fi_manager.wake_fd)) < 0 || (r = close_on_exec(fi_manager.doorbell_fd)) < 0)
		goto fail;
	fi_manager.init_fd = init_fd;
	fi_manager.state = state;
	fi_manager.shared = s;
	return 0;
fail:
	munmap(s, sizeof *s);
	return r;
}

int fi_wake_fd(void)
{
	return fi_manager.shared ? fi_manager.wake_fd : -ENOTCONN;
}

int fi_exit_read(uint64_t after, fi_exit *out, int n)
{
	int count = fi_manager.shared ? fi_ring_read(fi_manager.shared, after, out, n) : -ENOTCONN;
	uint64_t now = count > 0 ? fi_now_ns() : 0;

	for (int i = 0; i < count; i++)
		fi_times_add(&fi_manager.shared->handler, out[i].reaped_ns, now);
	return count;
}

int fi_exit_consume(uint64_t seq)
{
	return fi_manager.shared ? fi_ring_consume(fi_manager.shared, seq) : -ENOTCONN;
}

uint64_t fi_signal_count(int signo)
{
	if (!fi_manager.shared || signo < 1 || signo >= FI_SIGNALS)
		return 0;
	return atomic_load(&fi_manager.shared->signal_count[signo]);
}

uint64_t fi_signal_total(void)
{
	return fi_manager.shared ? atomic_load(&fi_manager.shared->count.signals) : 0;
}

int fi_signal_seen(int signo, uint64_t count)
{
	if (!fi_manager.shared)
		return -ENOTCONN;
	if (signo < 1 || signo >= FI_SIGNALS)
		return -EINVAL;
	atomic_store(&fi_manager.shared->signal_seen[signo], count);
	return 0;
}

int fi_spawn_pending(uint64_t *spawn_ids, int32_t *pids, int n)
{
	struct fi_shared *s = fi_manager.shared;
	int count = 0;

	if (!s)
		return -ENOTCONN;
	for (uint32_t i = 0; i < FI_SLOTS && count < n; i++) {
		uint32_t state = atomic_load(&s->slots[i].state);

		if (!(state & FI_SLOT_CLAIMED) || (state & FI_SLOT_SETTLED) || atomic_load(&s->slots[i].pid) == 0)
			continue;
		spawn_ids[count] = atomic_load(&s->slots[i].spawn_id);
		pids[count++] = atomic_load(&s->slots[i].pid);
	}
	return count;
}

int fi_spawn_settle(uint64_t spawn_id)
{
	struct fi_shared *s = fi_manager.shared;
	uint32_t start = fi_manager.slot_of[spawn_id % FI_SLOTS];

	if (!s)
		return -ENOTCONN;
	for (uint32_t i = 0; i < FI_SLOTS; i++) {
		fi_slot *slot = &s->slots[(start + i) % FI_SLOTS];

		if (!(atomic_load(&slot->state) & FI_SLOT_CLAIMED) || atomic_load(&slot->spawn_id) != spawn_id)
			continue;
		fi_slot_mark(slot, FI_SLOT_SETTLED);
		return 0;
	}
	return -ENOENT;
}

int fi_pidfd_open(int pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int fi_signal_queue(int pid, int signo, int value)
{
	union sigval with = { .sival_int = value };

	if (pid <= 1)           /* 0 and -1 would be many processes, 1 is the init */
		return -EINVAL;
	return sigqueue(pid, signo, with) < 0 ? -errno : 0;
}

/* Zombies are still there. */
static int is_there(int pidfd, pid_t pid)
{
	/* This very process, not the next one that gets its pid; any other error may be a sandbox's answer to the call as such. */
	if (pidfd >= 0) {
		if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0)
			return 1;
		if (errno == ESRCH)
			return 0;
	}
	return kill(pid, 0) == 0 || errno == EPERM;
}

static int track(pid_t pid, int pidfd, uint64_t id)
{
	struct fi_shared *s = fi_manager.shared;
	uint64_t old;
	int r = fi_ring_reserve(s);

	if (r < 0)
		return r;
	r = fi_tracked_put(s, pid, id);
	if (r <= 0) {
		fi_ring_release(s, 1);
		return r < 0 ? r : 1;
	}
	if (is_there(pidfd, pid) || !fi_tracked_take(s, pid, &old))
		return 1;       /* its exit will be an event, or is one already */
	fi_ring_release(s, 1);
	return 0;
}

int fi_track(int pid, uint64_t id)
{
	int pidfd, r;

	if (!fi_manager.shared)
		return -ENOTCONN;
	if (pid <= 1 || pid >= FI_PID_LIMIT || id == 0)
		return -EINVAL;
	pidfd = fi_pidfd_open(pid);
	if (pidfd == -ESRCH)
		return 0;
	r = is_there(pidfd, pid) ? track(pid, pidfd, id) : 0;
	if (pidfd >= 0)
		close(pidfd);
	return r;
}

static int send_request(uint32_t what, int number, const char *name, int fd)
{
	static fi_request request;
	size_t length = name ? strlen(name) : 0;

	if (!fi_manager.shared)
		return -ENOTCONN;
	if (length > FI_VAULT_NAME)
		return -ENAMETOOLONG;
	memset(&request, 0, sizeof request);
	request.ask = what;
	request.number = number;
	request.name_bytes = (uint32_t)length;
	if (name)
		memcpy(request.name, name, length);
	return fi_request_send(fi_manager.init_fd, &request, fd);
}

static int ask(uint32_t what, int number, const char *name, int fd)
{
	int r = send_request(what, number, name, fd);

	return r < 0 ? r : fi_request_answer(fi_manager.init_fd);
}

int fi_untrack(int pid)
{
	int was_tracked = 0, r;
	uint64_t id;

	if (!fi_manager.shared)
		return -ENOTCONN;
	if (pid <= 0 || pid >= FI_PID_LIMIT)
		return -EINVAL;
	if (fi_tracked_take(fi_manager.shared, pid, &id)) {
		fi_ring_release(fi_manager.shared, 1);
		was_tracked = 1;        /* and it may be a spawned one that was given another id */
	}
	r = ask(FI_ASK_UNTRACK, pid, NULL, -1);
	if (r == 1)
		fi_ring_release(fi_manager.shared, 1);
	return was_tracked && r == 0 ? 1 : r;
}

int fi_vault_store(const char *name, int fd)
{
	return fd < 0 ? -EBADF : ask(FI_ASK_STORE, 0, name, fd);
}

int fi_vault_store_pair(const char *name, int fd, const char *other_name, int other_fd)
{
	int r, other;

	if (fd < 0 || other_fd < 0)
		return -EBADF;
	r = send_request(FI_ASK_STORE, 0, name, fd);
	if (r < 0)
		return r;
	other = send_request(FI_ASK_STORE, 0, other_name, other_fd);
	r = fi_request_answer(fi_manager.init_fd);
	if (other == 0)
		other = fi_request_answer(fi_manager.init_fd);
	return r < 0 ? r : other;
}

int fi_vault_remove(const char *name)
{
	return ask(FI_ASK_REMOVE, 0, name, -1);
}

int fi_exit_request(int code)
{
	return ask(FI_ASK_EXIT, code, NULL, -1);
}

int fi_reexec_request(void)
{
	return ask(FI_ASK_REEXEC, 0, NULL, -1);
}

int fi_counters_read(fi_counters *out)
{
	struct fi_shared *s = fi_manager.shared;
	fi_counting *c;

	if (!s)
		return -ENOTCONN;
	c = &s->count;
	*out = (fi_counters){
		.reaped_orphans = c->reaped_orphans, .reaped_tracked = c->reaped_tracked, .batches = c->batches,
		.largest_batch = c->largest_batch, .wakeups = c->wakeups, .coalesced = c->coalesced,
		.manager_starts = c->manager_starts, .signals = c->signals, .events_written = s->head, .events_consumed = s->tail,
		.latency_ns_sum = c->latency.sum, .handler_ns_sum = s->handler.sum,
	};
	for (int i = 0; i < FI_BUCKETS; i++) {
		out->latency_ns_log2[i] = c->latency.log2[i];
		out->handler_ns_log2[i] = s->handler.log2[i];
	}
	return 0;
}

void *fi_state_memory(uint64_t *size)
{
	*size = fi_manager.shared ? FI_STATE_BYTES : 0;
	return fi_manager.state;
}

int64_t fi_splice(int pipe_fd, int file_fd, int64_t *offset, uint64_t n)
{
	loff_t at = *offset;
	ssize_t moved = splice(pipe_fd, NULL, file_fd, &at, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (moved < 0)
		return -errno;
	*offset = at;
	return moved;
}
