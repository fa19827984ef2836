/* shared.h: the memory that PID 1 and the manager share, and what both may do with it.
 *
 * One memfd: struct fi_shared, then the manager's state (FI_STATE_BYTES, sparse). PID 1 makes it and never trusts it further than
 * as numbers that it checks: no pointers, every index is masked.
 * Who writes what is said at each member; two writers of one member are always atomic. */
#ifndef FI_SHARED_H
#define FI_SHARED_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "api.h"

#define FI_MAGIC 0x66696e69u            /* "fini" */
#define FI_VERSION 2u                   /* counts up with every change of struct fi_shared */
#define FI_RING_CAPACITY 32768u         /* events not consumed + processes tracked; as many as the default pid_max */
#define FI_TABLE_ENTRIES 65536u         /* at most half full, so that a free entry is always near */
#define FI_PID_LIMIT 4194304            /* PID_MAX_LIMIT of 64-bit Linux: no pid is as high */
#define FI_SLOTS 4096u                  /* spawns that no manager has settled yet */
#define FI_SIGNALS 65
#define FI_STATE_BYTES (256ull << 20)

enum {                                  /* fi_slot.state */
	FI_SLOT_CLAIMED = 1,            /* manager: spawn_id is valid; pid is written by the kernel in clone() */
	FI_SLOT_ADOPTED = 2,            /* PID 1: the process stands in its own table */
	FI_SLOT_SETTLED = 4,            /* manager: its saved state knows the process */
};

typedef struct {
	_Atomic uint64_t spawn_id;
	_Atomic int32_t pid;
	_Atomic uint32_t state;
} fi_slot;

typedef struct {
	_Atomic uint64_t id;
	_Atomic int32_t pid;            /* 0 = free */
	int32_t reserved;
} fi_tracked;

#define FI_BUCKETS 40                   /* as in api.h */

/* How long something took: bucket i counts what took less than 2^i ns, but not less than 2^(i-1). */
typedef struct {
	_Atomic uint64_t log2[FI_BUCKETS], sum;
} fi_times;

/* The counters of api.h, as two threads can count. */
typedef struct {
	_Atomic uint64_t reaped_orphans, reaped_tracked, batches, largest_batch, wakeups, coalesced, manager_starts, signals;
	fi_times latency;
} fi_counting;

struct fi_shared {
	uint32_t magic, version;
	uint64_t bytes;                         /* sizeof(struct fi_shared): a manager of another build refuses to attach */
	_Atomic int32_t wake_fd, doorbell_fd;   /* PID 1, for the manager that it starts next: numbers in that process */

	_Alignas(64) _Atomic uint64_t head;     /* PID 1: number of events written */
	_Alignas(64) _Atomic uint64_t tail;     /* manager: number of events consumed */
	_Atomic int64_t reserved;               /* both: events unconsumed or still to come */

	_Alignas(64) _Atomic uint64_t section[2];       /* PID 1, one per thread: odd while a reap is in progress (track.c) */
	_Atomic int64_t tracked_count;                  /* both: bits set below; in the line that each reap needs anyway */

	_Atomic uint64_t signal_count[FI_SIGNALS];      /* PID 1 */
	_Atomic uint64_t signal_seen[FI_SIGNALS];       /* manager */
	_Alignas(64) fi_counting count;                 /* PID 1 */
	_Alignas(64) fi_times handler;                  /* manager */

	_Alignas(64) _Atomic uint64_t news[FI_SLOTS / 64];      /* manager sets, PID 1 clears: slots to look at */
	fi_slot slots[FI_SLOTS];
	_Atomic uint64_t tracked_bits[FI_PID_LIMIT / 64];       /* by pid: fi_track() has asked for its exit */
	fi_tracked tracked[FI_TABLE_ENTRIES];
	fi_exit ring[FI_RING_CAPACITY];
};

_Static_assert(sizeof(fi_exit) == 64, "fi_exit: one cache line, and Python reads 64 bytes");
_Static_assert(sizeof(fi_slot) == 16, "fi_slot");
_Static_assert((FI_RING_CAPACITY & (FI_RING_CAPACITY - 1)) == 0, "the ring is indexed by a mask");
_Static_assert((FI_TABLE_ENTRIES & (FI_TABLE_ENTRIES - 1)) == 0, "the table is indexed by a mask");
_Static_assert(FI_TABLE_ENTRIES >= 2 * FI_RING_CAPACITY, "the table is never more than half full");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomics are shared between processes: a hidden lock would not be");

static inline uint64_t fi_state_offset(void)
{
	return (sizeof(struct fi_shared) + 65535) & ~(uint64_t)65535;   /* a page boundary on every architecture */
}

/* shared.c */
int fi_shared_create(struct fi_shared **out);           /* the memfd, or -errno */
int fi_shared_map(int fd, struct fi_shared **out);      /* -EPROTO: made by another build */
uint64_t fi_now_ns(void);                               /* CLOCK_MONOTONIC */
void fi_times_add(fi_times *times, uint64_t from_ns, uint64_t to_ns);

/* ring.c */
uint64_t fi_ring_write(struct fi_shared *s, fi_exit *event);    /* PID 1, one thread at a time; returns its seq */
int fi_ring_read(struct fi_shared *s, uint64_t after, fi_exit *out, int n);
int fi_ring_consume(struct fi_shared *s, uint64_t seq);
int fi_ring_reserve(struct fi_shared *s);               /* -ENOSPC: no room for one event more */
void fi_ring_release(struct fi_shared *s, int64_t n);

/* track.c */
int fi_tracked_test(struct fi_shared *s, pid_t pid);
int fi_tracked_put(struct fi_shared *s, pid_t pid, uint64_t id);        /* manager; 1 = new, 0 = had an id already, -errno */
int fi_tracked_take(struct fi_shared *s, pid_t pid, uint64_t *id);      /* 1 = it was tracked and no longer is */
int64_t fi_tracked_repair(struct fi_shared *s);         /* PID 1, no manager alive; returns how many are tracked */
void fi_section_enter(struct fi_shared *s, int thread);
void fi_section_leave(struct fi_shared *s, int thread);
void fi_section_wait(struct fi_shared *s);              /* until each reap that is in progress now is over */

/* slots, track.c */
fi_slot *fi_slot_claim(struct fi_shared *s, uint64_t spawn_id);         /* manager; NULL: none free */
void fi_slot_free(fi_slot *slot);
void fi_slot_mark(fi_slot *slot, uint32_t mark);        /* ADOPTED or SETTLED; whoever comes second frees it */

#endif
