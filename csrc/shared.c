/* shared.c: makes and maps the shared memory. */
#define _GNU_SOURCE
#include "shared.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int map_whole(int fd, struct fi_shared **out)
{
	void *at = mmap(NULL, sizeof(struct fi_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

int fi_shared_create(struct fi_shared **out)
{
	int fd = memfd_create("fastinit", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	/* Both parts are sparse: pages that nobody touches are never allocated, nor charged to the container. */
	if (ftruncate(fd, (off_t)(fi_state_offset() + FI_STATE_BYTES)) < 0) {
		r = -errno;
		goto fail;
	}
	r = map_whole(fd, out);
	if (r < 0)
		goto fail;
	(*out)->magic = FI_MAGIC;
	(*out)->version = FI_VERSION;
	(*out)->bytes = sizeof(struct fi_shared);
	return fd;
fail:
	close(fd);
	return r;
}

int fi_shared_map(int fd, struct fi_shared **out)
{
	struct stat st;
	struct fi_shared *s = NULL;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < fi_state_offset() + FI_STATE_BYTES)
		return -EPROTO;
	r = map_whole(fd, &s);
	if (r < 0)
		return r;
	if (s->magic != FI_MAGIC || s->version != FI_VERSION || s->bytes != sizeof(struct fi_shared)) {
		munmap(s, sizeof *s);
		return -EPROTO;
	}
	*out = s;
	return 0;
}

uint64_t fi_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void fi_times_add(fi_times *times, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ns = to_ns > from_ns ? to_ns - from_ns : 0;
	int bucket = ns ? 64 - __builtin_clzll(ns) : 0;

	atomic_fetch_add_explicit(&times->log2[bucket < FI_BUCKETS ? bucket : FI_BUCKETS - 1], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&times->sum, ns, memory_order_relaxed);
}
