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

static struct {
	int count;
	size_t name_bytes;              /* sum of the lengths, each with its separator */
	struct { int fd; uint8_t length; char name[FI_VAULT_NAME]; } entry[FI_VAULT_FDS];
} vault;

int fi_vault_count(void)
{
	return vault.count;
}

int fi_vault_fd(int i)
{
	return vault.entry[i].fd;
}

size_t fi_vault_names(char *out, size_t room)
{
	size_t at = 0;

	for (int i = 0; i < vault.count && at + vault.entry[i].length + 1 < room; i++) {
		if (i > 0)
			out[at++] = ':';
		memcpy(out + at, vault.entry[i].name, vault.entry[i].length);
		at += vault.entry[i].length;
	}
	out[at] = 0;
	return at;
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

	if (!is_name(name, length))
		r = -EINVAL;
	else if (vault.count == FI_VAULT_FDS || vault.name_bytes + length + 1 > FI_VAULT_NAMES_BYTES)
		r = -ENOSPC;
	if (r < 0) {
		close(fd);
		return r;
	}
	vault.entry[vault.count].fd = fd;
	vault.entry[vault.count].length = (uint8_t)length;
	memcpy(vault.entry[vault.count].name, name, length);
	vault.count++;
	vault.name_bytes += length + 1;
	return 0;
}

int fi_vault_drop(const char *name, size_t length)
{
	int kept = 0;
	int dropped;

	for (int i = 0; i < vault.count; i++) {
		if (vault.entry[i].length == length && memcmp(vault.entry[i].name, name, length) == 0) {
			close(vault.entry[i].fd);
			vault.name_bytes -= length + 1;
		} else {
			vault.entry[kept++] = vault.entry[i];   /* in order: a socket unit's listeners keep theirs */
		}
	}
	dropped = vault.count - kept;
	vault.count = kept;
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

int fi_request_ask(int socket, const fi_request *request, int fd)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { (void *)(uintptr_t)request, sizeof *request };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int32_t answer;
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
	if (n < 0)
		return -errno;
	do
		n = recv(socket, &answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof answer ? answer : -ECONNRESET;
}
