/* vault.c: descriptors that outlive the manager, and the socket by which it hands them over.
 *
 * Requests are SOCK_SEQPACKET messages with at most one descriptor; each is answered by one int32. A message of another length, of
 * no known kind or with several descriptors is refused with -EINVAL; it cannot hurt more than that. */
#define _GNU_SOURCE
#include "pid1.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Names lie in one block, so that a new manager gets them by one write. What is removed leaves a gap, and gaps are closed when there are
 * as many as entries: a service's two descriptors come and go at the cost of a look at the hashes. */
static struct {
	uint32_t used, count;           /* entries from the first on; those of them that are not removed */
	uint32_t name_bytes;            /* used of names[] */
	uint32_t hash[FI_VAULT_FDS];
	struct { int fd; uint32_t at, length; } entry[FI_VAULT_FDS];    /* length 0: removed */
	char names[FI_VAULT_NAMES_BYTES];       /* each with a NUL behind it, in the order of the entries */
} vault;

int fi_vault_count(void)
{
	return (int)vault.count;
}

static void close_gaps(void)
{
	uint32_t kept = 0, at = 0;

	if (vault.count == vault.used)
		return;
	for (uint32_t i = 0; i < vault.used; i++) {
		uint32_t length = vault.entry[i].length;

		if (length == 0)
			continue;
		memmove(vault.names + at, vault.names + vault.entry[i].at, length + 1);
		vault.entry[kept].fd = vault.entry[i].fd;
		vault.entry[kept].length = length;
		vault.entry[kept].at = at;
		vault.hash[kept++] = vault.hash[i];
		at += length + 1;
	}
	vault.used = kept;
	vault.name_bytes = at;
}

const char *fi_vault_names(size_t *bytes)
{
	close_gaps();
	*bytes = vault.name_bytes;
	return vault.names;
}

int fi_vault_fd(int i)
{
	return vault.entry[i].fd;
}

static uint32_t hash_of(const char *name, size_t length)
{
	uint32_t hash = 2166136261u;    /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static int is_name(const char *name, size_t length)
{
	if (length < 1 || length > FI_VAULT_NAME)
		return 0;
	for (size_t i = 0; i < length; i++)
		if (name[i] == ':' || (unsigned char)name[i] < ' ' || name[i] == 127)
			return 0;
	return 1;
}

int fi_vault_put(const char *name, size_t length, int fd)
{
	int r = 0;

	if (vault.used == FI_VAULT_FDS || vault.name_bytes + length + 1 > FI_VAULT_NAMES_BYTES)
		close_gaps();
	if (!is_name(name, length))
		r = -EINVAL;
	else if (vault.used == FI_VAULT_FDS || vault.name_bytes + length + 1 > FI_VAULT_NAMES_BYTES)
		r = -ENOSPC;
	if (r < 0) {
		close(fd);
		return r;
	}
	vault.entry[vault.used].fd = fd;
	vault.entry[vault.used].length = (uint32_t)length;
	vault.entry[vault.used].at = vault.name_bytes;
	vault.hash[vault.used++] = hash_of(name, length);
	memcpy(vault.names + vault.name_bytes, name, length);
	vault.names[vault.name_bytes + length] = 0;
	vault.name_bytes += (uint32_t)length + 1;
	vault.count++;
	return 0;
}

int fi_vault_drop(const char *name, size_t length)
{
	const uint32_t hash = hash_of(name, length);
	int dropped = 0;

	for (uint32_t i = 0; length > 0 && i < vault.used; i++) {
		if (vault.hash[i] != hash || vault.entry[i].length != length || memcmp(vault.names + vault.entry[i].at, name, length) != 0)
			continue;
		close(vault.entry[i].fd);
		vault.entry[i].length = 0;
		dropped++;
	}
	vault.count -= (uint32_t)dropped;
	if (vault.used > 2 * vault.count + FI_VAULT_GAPS)
		close_gaps();           /* in order: a socket unit's listeners keep theirs */
	return dropped;
}

/* At most one descriptor; with more than one in a message none is kept. */
static int take_fds(struct msghdr *m, int *fd)
{
	int count = 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof got);
			if (count++ == 0)
				*fd = got;
			else
				close(got);
		}
	}
	if (count > 1) {
		close(*fd);
		*fd = -1;
		return -EINVAL;
	}
	return 0;
}

int fi_request_receive(int socket, fi_request *request, int *fd)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(4 * sizeof(int))]; } control;
	struct iovec iov = { request, sizeof *request };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (take_fds(&m, fd) < 0 || n != sizeof *request || (m.msg_flags & MSG_TRUNC) || request->name_bytes > FI_VAULT_NAME)
		request->ask = 0;       /* refused by whoever looks at it */
	return 1;
}

int fi_request_send(int socket, const fi_request *request, int fd)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { (void *)(uintptr_t)request, sizeof *request };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
	}
	do
		n = sendmsg(socket, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int fi_request_answer(int socket)
{
	int32_t answer;
	ssize_t n;

	do
		n = recv(socket, &answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof answer ? answer : -ECONNRESET;
}
