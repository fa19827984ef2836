/* calls.c: times a command, over and over, from inside the system that is measured.
 *
 * In:  calls COUNT COMMAND...   Out: nanoseconds of each call, from before its vfork to after its waitpid, one a line.
 * The command's output goes to /dev/null. Exit code 3 when one could not be executed (127). */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = atoi(argv[1]); i > 0; i--) {
		const uint64_t began = now();
		const pid_t pid = vfork();
		int status;

		if (pid == 0) {
			for (int fd = 0; fd < 3; fd++)
				dup2(null, fd);
			execv(argv[2], argv + 2);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 3;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			return 3;
		printf("%llu\n", (unsigned long long)(now() - began));
	}
	return 0;
}
