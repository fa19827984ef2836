/* ring.c: exit events from PID 1 to the manager, in the order of reaping, each kept until it is consumed.
 *
 * It cannot overflow: whoever wants an exit event reserves its place first (fi_ring_reserve), and
 * reserved = processes tracked + events not consumed <= FI_RING_CAPACITY at all times. */
#include "shared.h"

#include <errno.h>

static fi_exit *place(struct fi_shared *s, uint64_t seq)
{
	return &s->ring[seq & (FI_RING_CAPACITY - 1)];
}

uint64_t fi_ring_write(struct fi_shared *s, fi_exit *event)
{
	uint64_t seq = atomic_load_explicit(&s->head, memory_order_relaxed) + 1;

	event->seq = seq;
	*place(s, seq) = *event;
	/* The head is what makes the event valid: a reader that sees it sees the whole event. */
	atomic_store_explicit(&s->head, seq, memory_order_release);
	return seq;
}

int fi_ring_read(struct fi_shared *s, uint64_t after, fi_exit *out, int n)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	int count = 0;

	/* A consumed event may be overwritten at any moment. */
	for (uint64_t seq = after > tail ? after : tail; seq < head && count < n;)
		out[count++] = *place(s, ++seq);
	return count;
}

int fi_ring_consume(struct fi_shared *s, uint64_t seq)
{
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);

	if (seq > atomic_load_explicit(&s->head, memory_order_acquire))
		return -EINVAL;
	if (seq <= tail)
		return 0;
	atomic_store_explicit(&s->tail, seq, memory_order_release);
	/* Last: places are given away only after the events in them are. A crash in between is repaired by PID 1. */
	fi_ring_release(s, (int64_t)(seq - tail));
	return 0;
}

int fi_ring_reserve(struct fi_shared *s)
{
	if (atomic_fetch_add(&s->reserved, 1) < (int64_t)FI_RING_CAPACITY)
		return 0;
	atomic_fetch_sub(&s->reserved, 1);
	return -ENOSPC;
}

void fi_ring_release(struct fi_shared *s, int64_t n)
{
	atomic_fetch_sub(&s->reserved, n);
}
