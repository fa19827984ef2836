/* crowd.c: many clients of one control socket at once, in one process that costs little.
 *
 * In:  crowd SOCKET COUNT MILLISECONDS; on stdin the bytes of one request.
 * Out: "answers N" and "bytes N" on stdout: requests that were answered to the end of the connection.
 * COUNT connections at any time: each sends the request, reads all there is, and is opened anew. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char request[1 << 16], buffer[1 << 18];
static size_t length;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static unsigned long answers, bytes;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* 0 = asked; -1 = the backlog is full, try later. */
static int ask(int epoll)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	strcpy(address.sun_path, argv[1]);
	const int count = atoi(argv[2]), epoll = epoll_create1(EPOLL_CLOEXEC);
	const uint64_t end = now_ms() + strtoull(argv[3], NULL, 10);
	int open_now = 0;

	for (ssize_t n; (n = read(0, request + length, sizeof request - length)) > 0;)
		length += (size_t)n;
	while (now_ms() < end) {
		struct epoll_event events[64];

		while (open_now < count && ask(epoll) == 0)
			open_now++;
		int ready = epoll_wait(epoll, events, 64, 10);

		for (int i = 0; i < ready; i++) {
			ssize_t n = read(events[i].data.fd, buffer, sizeof buffer);

			if (n > 0) {
				bytes += (unsigned long)n;
				continue;
			}
			if (n < 0 && errno == EAGAIN)
				continue;
			answers += n == 0;
			close(events[i].data.fd);
			open_now--;
		}
	}
	printf("answers %lu\nbytes %lu\n", answers, bytes);
	return 0;
}
