/* track.c: which pids the manager wants to hear about, and the slots of spawns in flight.
 *
 * Tracked pids: a bit per pid says yes or no (what the reaper asks for each orphan: 512 KiB for all pids that there can be), a
 * small table holds the ids. The bit decides: an entry is written before its bit is set, and belongs to whoever clears the bit. So a
 * search for an entry whose bit is set may simply go on until it finds it: no tombstones, no locks.
 * The manager alone inserts; PID 1 and the manager take.
 *
 * A pid can be reused as soon as it is reaped. Two rules keep the new owner's exit from being taken for the old one's:
 * fi_track() waits until every reap in progress is over (sections) before it sets the bit, so that a reaper that already holds
 * the old process's status cannot see the new bit; and again after it has set the bit, so that a reaper that
 * did not see the bit has finished before fi_track() looks whether the process is still there. */
#define _GNU_SOURCE
#include "shared.h"

#include <errno.h>
#include <sched.h>

static int is_pid(pid_t pid)
{
	return pid > 0 && pid < FI_PID_LIMIT;
}

int fi_tracked_test(struct fi_shared *s, pid_t pid)
{
	if (!is_pid(pid))
		return 0;
	return atomic_load(&s->tracked_bits[pid / 64]) >> (pid % 64) & 1;
}

static fi_tracked *find(struct fi_shared *s, int32_t wanted, pid_t pid)
{
	for (uint32_t i = 0; i < FI_TABLE_ENTRIES; i++) {
		fi_tracked *entry = &s->tracked[((uint32_t)pid + i) & (FI_TABLE_ENTRIES - 1)];

		if (atomic_load_explicit(&entry->pid, memory_order_acquire) == wanted)
			return entry;
	}
	return NULL;
}

int fi_tracked_put(struct fi_shared *s, pid_t pid, uint64_t id)
{
	fi_tracked *entry;

	if (!is_pid(pid))
		return -EINVAL;
	if (fi_tracked_test(s, pid)) {
		entry = find(s, pid, pid);
		if (entry)      /* else it was taken just now: its event is written, with the id that it had */
			atomic_store(&entry->id, id);
		return 0;
	}
	entry = find(s, 0, pid);
	if (!entry)
		return -ENOSPC;
	atomic_store(&entry->id, id);
	atomic_store_explicit(&entry->pid, pid, memory_order_release);
	atomic_fetch_add(&s->tracked_count, 1);         /* first: a reaper that sees 0 asks the kernel for no rusage */
	fi_section_wait(s);
	atomic_fetch_or(&s->tracked_bits[pid / 64], 1ull << (pid % 64));
	fi_section_wait(s);
	return 1;
}

int fi_tracked_take(struct fi_shared *s, pid_t pid, uint64_t *id)
{
	uint64_t bit = 1ull << (pid % 64);
	fi_tracked *entry;

	if (!fi_tracked_test(s, pid))
		return 0;
	entry = find(s, pid, pid);
	if (!entry)
		return 0;       /* the other side has taken it meanwhile */
	*id = atomic_load(&entry->id);
	if (!(atomic_fetch_and(&s->tracked_bits[pid / 64], ~bit) & bit))
		return 0;
	atomic_store_explicit(&entry->pid, 0, memory_order_release);
	atomic_fetch_sub(&s->tracked_count, 1);
	return 1;
}

int64_t fi_tracked_repair(struct fi_shared *s)
{
	int64_t count = 0;

	/* Entries whose bit was never set, or whose bit was cleared but not they: the manager was killed in between. */
	for (uint32_t i = 0; i < FI_TABLE_ENTRIES; i++) {
		pid_t pid = atomic_load(&s->tracked[i].pid);

		if (pid == 0)
			continue;
		if (fi_tracked_test(s, pid))
			count++;
		else
			atomic_store(&s->tracked[i].pid, 0);
	}
	atomic_store(&s->tracked_count, count);
	return count;
}

void fi_section_enter(struct fi_shared *s, int thread)
{
	/* Sequentially consistent: the reap that follows must not be seen before the section. */
	atomic_fetch_add(&s->section[thread], 1);
}

void fi_section_leave(struct fi_shared *s, int thread)
{
	atomic_fetch_add_explicit(&s->section[thread], 1, memory_order_release);
}

void fi_section_wait(struct fi_shared *s)
{
	for (int thread = 0; thread < 2; thread++) {
		uint64_t then = atomic_load(&s->section[thread]);

		/* A section is one waitid that does not block; sched_yield: its thread may wait for our CPU. */
		while (then % 2 && atomic_load(&s->section[thread]) == then)
			sched_yield();
	}
}

fi_slot *fi_slot_claim(struct fi_shared *s, uint64_t spawn_id)
{
	static uint32_t hint;

	for (uint32_t i = 0; i < FI_SLOTS; i++) {
		fi_slot *slot = &s->slots[(hint + i) % FI_SLOTS];

		if (atomic_load_explicit(&slot->state, memory_order_acquire) != 0)
			continue;
		hint = (hint + i + 1) % FI_SLOTS;
		atomic_store(&slot->pid, 0);
		atomic_store(&slot->spawn_id, spawn_id);
		atomic_store_explicit(&slot->state, FI_SLOT_CLAIMED, memory_order_release);
		return slot;
	}
	return NULL;
}

void fi_slot_free(fi_slot *slot)
{
	atomic_store(&slot->pid, 0);
	atomic_store(&slot->spawn_id, 0);
	atomic_store_explicit(&slot->state, 0, memory_order_release);
}

void fi_slot_mark(fi_slot *slot, uint32_t mark)
{
	const uint32_t both = FI_SLOT_ADOPTED | FI_SLOT_SETTLED;
	uint32_t before = atomic_fetch_or(&slot->state, mark);

	if (((before | mark) & both) == both && (before & both) != both)
		fi_slot_free(slot);
}
