/* inotify.c: the two calls that Python's standard library lacks. */
#include <errno.h>
#include <stdint.h>
#include <sys/inotify.h>

#include "api.h"

int fi_inotify_init(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int fi_inotify_add(int inotify_fd, const char *path, uint32_t mask)
{
	int watch = inotify_add_watch(inotify_fd, path, mask);

	return watch < 0 ? -errno : watch;
}
