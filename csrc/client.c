/* client.c: systemctl as a small executable; says what it is and what was typed, copies what comes back, exits with the code.
 *
 * The same frames as fastinit/cli/client.py (fastinit/control/frames.py has the format); no option is looked at here. Whatever
 * cannot be done by asking a manager (we are PID 1, none answers, or it says "do it yourself") is done by becoming the Python
 * client with the same argv. One test holds both clients to the same bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST = 1, STDOUT = 2, STDERR = 3, EXIT = 4, LOCAL = 5, RESUME = 6 };
enum { HEADER_BYTES = 8, REQUEST_LIMIT = 1 << 20, COPY_BYTES = 65536, RESUME_LIMIT = 4096 };
enum { LOST = -1, DO_IT_HERE = -2 };

static const char *const RENDER_ENVIRONMENT[] = {
	"TERM", "COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "SYSTEMD_COLORS", "SYSTEMD_URLIFY", "SYSTEMD_UTF8",
	"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
};
static const char WHOLE_ENVIRONMENT_VERB[] = "import-environment";

extern char **environ;
static char request[HEADER_BYTES + REQUEST_LIMIT];
static size_t used = HEADER_BYTES;
static int too_long;

static void put(const char *text, size_t n)
{
	if (n > sizeof request - used) {
		too_long = 1;
		return;
	}
	memcpy(request + used, text, n);
	used += n;
}

static void put_fact(const char *prefix, const char *text)
{
	put(prefix, strlen(prefix));
	put(text, strlen(text) + 1);
}

static int wants_whole_environment(char *const *argv)
{
	for (; *argv; argv++)
		if (strcmp(*argv, WHOLE_ENVIRONMENT_VERB) == 0)
			return 1;
	return 0;
}

/* A variable "NAME=value" travels as "env.NAME=value"; one without a name or '=' does not. */
static void put_environment(char *const *argv)
{
	if (wants_whole_environment(argv)) {
		for (char **entry = environ; *entry; entry++)
			if (**entry != '=' && strchr(*entry, '='))
				put_fact("env.", *entry);
		return;
	}
	for (size_t i = 0; i < sizeof RENDER_ENVIRONMENT / sizeof *RENDER_ENVIRONMENT; i++) {
		const char *value = getenv(RENDER_ENVIRONMENT[i]);

		if (value) {
			put_fact("env.", RENDER_ENVIRONMENT[i]);
			request[used - 1] = '=';
			put(value, strlen(value) + 1);
		}
	}
}

/* The same facts in the same order as client.facts(). */
static void build_request(char *const *argv, const char *resume)
{
	char text[PATH_MAX], columns[16];
	struct winsize size;

	used = HEADER_BYTES;
	too_long = 0;
	snprintf(text, sizeof text, "%d%d%d", isatty(0), isatty(1), isatty(2));
	put_fact("tty=", text);
	int is_tty = text[1] == '1';
	put_fact("cwd=", getcwd(text, sizeof text) ? text : "/");
	if (is_tty && ioctl(1, TIOCGWINSZ, &size) == 0) {
		snprintf(columns, sizeof columns, "%d", size.ws_col);
		put_fact("columns=", columns);
	}
	put_environment(argv);
	if (*resume)
		put_fact("resume=", resume);
	put("", 1);
	for (; *argv; argv++)
		put(*argv, strlen(*argv) + 1);
	uint32_t length = (uint32_t)(used - HEADER_BYTES);

	memset(request, 0, HEADER_BYTES);
	request[0] = REQUEST;
	for (int i = 0; i < 4; i++)
		request[4 + i] = (char)(length >> (8 * i));
}

static int open_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *run = getenv("FASTINIT_RUN");
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/fastinit/control", run && *run ? run : "/run");

	if (n < 0 || (size_t)n >= sizeof address.sun_path)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, data, n);

		if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return;         /* closed, or a full disk: the exit code still tells */
		data += written;
		n -= (size_t)written;
	}
}

static int read_all(int sock, char *data, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(sock, data, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		data += got;
		n -= (size_t)got;
	}
	return 0;
}

/* Copy `length` bytes of payload to fd (-1: throw away what we do not know). */
static int copy(int sock, int fd, size_t length)
{
	static char buffer[COPY_BYTES];

	while (length > 0) {
		size_t n = length < sizeof buffer ? length : sizeof buffer;

		if (read_all(sock, buffer, n) < 0)
			return -1;
		if (fd >= 0)
			write_all(fd, buffer, n);
		length -= n;
	}
	return 0;
}

/* The exit code, DO_IT_HERE, or LOST; resume is what the next manager would have to be told. */
static int exchange(int sock, char *resume)
{
	/* A manager that refuses a request may close before it has read all of it: its reason is still there to be read. */
	for (size_t sent = 0; sent < used;) {
		ssize_t n = send(sock, request + sent, used - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	for (;;) {
		unsigned char header[HEADER_BYTES], code;

		if (read_all(sock, (char *)header, sizeof header) < 0)
			return LOST;
		size_t length = header[4] | (size_t)header[5] << 8 | (size_t)header[6] << 16 | (size_t)header[7] << 24;

		if (header[0] == EXIT && length == 1)
			return read_all(sock, (char *)&code, 1) < 0 ? LOST : code;
		if (header[0] == LOCAL)
			return DO_IT_HERE;
		if (header[0] == RESUME && length < RESUME_LIMIT) {
			if (read_all(sock, resume, length) < 0)
				return LOST;
			resume[length] = 0;
			continue;
		}
		if (copy(sock, header[0] == STDOUT ? 1 : header[0] == STDERR ? 2 : -1, length) < 0)
			return LOST;
	}
}

static int talk(int sock, char *const *argv)
{
	char resume[RESUME_LIMIT] = "";

	for (;;) {
		build_request(argv, resume);
		if (too_long) {
			fprintf(stderr, "The request is too long.\n");
			return 1;
		}
		resume[0] = 0;          /* the next manager says anew what it wants to be told */
		int code = exchange(sock, resume);

		close(sock);
		if (code != LOST)
			return code;
		sock = resume[0] ? open_socket() : -1;
		if (sock < 0) {
			fprintf(stderr, "Connection to the manager was lost.\n");
			return 1;
		}
	}
}

/* Become fastinit/cli/start.py, which lies beside our own directory: DIR/_bin/systemctl -> DIR/cli/start.py. The interpreter:
 * _bin/python3 (made by `fastinit install`), that of our own prefix (PREFIX/lib/pythonX.Y/site-packages/fastinit/_bin), the system's. */
static void become_python(int argc, char *const *argv)
{
	char self[PATH_MAX], beside[PATH_MAX + 64], script[PATH_MAX + 64], prefix[PATH_MAX + 64] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0) {
		fprintf(stderr, "%s: cannot find the Python client: /proc is not there\n", argv[0]);
		return;
	}
	self[n] = 0;
	char *bin = dirname(self);

	snprintf(beside, sizeof beside, "%s/python3", bin);
	char *lib = strstr(bin, "/lib/python");

	if (lib) {
		int version = (int)strcspn(lib + 5, "/");

		snprintf(prefix, sizeof prefix, "%.*s/bin/%.*s", (int)(lib - bin), bin, version, lib + 5);
	}
	snprintf(script, sizeof script, "%s/cli/start.py", dirname(bin));
	char **args = calloc((size_t)argc + 5, sizeof *args);

	if (!args)
		return;
	char *const head[] = { NULL, "-I", "-S", script };
	char *const interpreters[] = { beside, prefix, "/usr/bin/python3", "/usr/local/bin/python3" };

	memcpy(args, head, sizeof head);
	memcpy(args + 4, argv, ((size_t)argc + 1) * sizeof *argv);
	for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++) {
		args[0] = interpreters[i];      /* whole: by a mere name Python would look for its library through $PATH */
		if (*args[0])
			execv(args[0], args);
	}
	fprintf(stderr, "%s: cannot start the Python client: no python3 in %s, %s or /usr/bin\n", argv[0], beside, prefix);
}

/* The names under which a manager is asked at once; fastinit/cli/start.py has the same list, and decides about all others: companions
 * (systemd-notify …), or systemctl by a name that somebody has given it. */
static int is_systemctl(const char *path)
{
	static const char *const names[] = { "systemctl", "init", "halt", "poweroff", "reboot" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

/* The kernel drops what PID 1 neither blocks nor handles: a stop in the tens of milliseconds in which the interpreter starts would be
 * lost. Blocked, it waits (exec keeps the mask) for csrc/init.c. What a fault of our own raises stays as it is. */
static void block_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&set, faults[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	const int is_init = getpid() == 1;

	if (is_init)
		block_signals();

	if (argc == 0)
		return 1;

	int sock = is_init || !is_systemctl(argv[0]) ? -1 : open_socket();

	if (sock >= 0) {
		int code = talk(sock, argv);

		if (code != DO_IT_HERE)
			return code;
	}
	become_python(argc, argv);
	return 1;
}
