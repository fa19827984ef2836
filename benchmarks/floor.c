/* floor.c: the least that a PID 1 can do, the floor under every figure: start one child, then waitpid forever.
 *
 * In:  floor [-l MS] ARGV...; with -l it looks only every MS milliseconds: an init that is slow on purpose, to test the benchmarks. */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long late_ms = 0;
	char **child = argv + 1;

	if (argc > 2 && !strcmp(argv[1], "-l")) {
		late_ms = atol(argv[2]);
		child += 2;
	}
	if (child >= argv + argc)
		return 2;
	if (fork() == 0) {
		execv(child[0], child);
		_exit(127);
	}
	for (;;) {
		struct timespec t = { late_ms / 1000, late_ms % 1000 * 1000000 };

		if (late_ms)
			nanosleep(&t, NULL);
		while (waitpid(-1, NULL, late_ms ? WNOHANG : 0) > 0)
			;
		if (!late_ms)
			pause();        /* no child is left; a signal without a handler does not end a PID 1 */
	}
}
