/* service.c: the service that every init under test has to run.
 *
 * In:  service FILE ID LIFE_MS LIVES.
 * Out: one 24-byte record in FILE at its start and, when it ends by itself, one just before its exit.
 * It ends after LIFE_MS while it has had fewer than LIVES lives, else it stays; LIFE_MS 0 = stays at once. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct record {
	uint64_t ns;            /* CLOCK_MONOTONIC: the same in every namespace */
	uint32_t id;
	uint32_t end;           /* 0 = started, 1 = about to exit */
	uint32_t pid;
	uint32_t reserved;
};
_Static_assert(sizeof(struct record) == 24, "record: Python reads 24 bytes");

static void stamp(int fd, uint32_t id, uint32_t end)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	struct record r = { (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec, id, end, (uint32_t)getpid(), 0 };
	if (write(fd, &r, sizeof r) != (ssize_t)sizeof r)
		_exit(3);
}

static int lives(int fd, uint32_t id)
{
	struct record r;
	int n = 0;

	for (off_t at = 0; pread(fd, &r, sizeof r, at) == (ssize_t)sizeof r; at += (off_t)sizeof r)
		n += r.id == id && !r.end;
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int fd = open(argv[1], O_RDWR | O_APPEND | O_CLOEXEC);
	uint32_t id = (uint32_t)atoi(argv[2]);
	long life_ms = atol(argv[3]);

	if (fd < 0)
		return 3;
	stamp(fd, id, 0);
	if (life_ms > 0 && lives(fd, id) < atoi(argv[4])) {
		struct timespec t = { life_ms / 1000, life_ms % 1000 * 1000000 };

		nanosleep(&t, NULL);
		stamp(fd, id, 1);
		return 0;
	}
	for (;;)
		pause();
}
