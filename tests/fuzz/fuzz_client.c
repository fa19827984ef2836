/* fuzz_client.c: csrc/client.c and what a manager, or whoever sits on its socket, may answer; and any words and variables of its user.
 *
 * The first byte: how many bytes of the input are words of the command line (NUL ends one), the rest is the answer. */
#define main client_main
#include "../../csrc/client.c"
#undef main

#define CHECK(claim) do { if (!(claim)) { fprintf(stderr, "does not hold: %s (line %d)\n", #claim, __LINE__); abort(); } } while (0)
enum { WORDS = 16, ANSWER_MOST = 100000 };      /* an answer fits into a socket's buffer: nobody writes while the client reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[257], none[] = "";
	static int quiet;
	char *argv[WORDS + 1] = { none }, resume[RESUME_LIMIT] = "";
	size_t words = size ? data[0] : 0;
	int pair[2], room = 1 << 20, n = 0;

	if (!quiet) {                           /* what the client shows goes nowhere */
		quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		CHECK(quiet >= 0 && dup2(quiet, 1) == 1);
	}
	if (size == 0 || size > ANSWER_MOST)
		return 0;
	data++, size--;
	words = words < size ? words : size;
	memcpy(text, data, words);
	text[words] = 0;
	for (size_t at = 0; at < words && n < WORDS; at += strlen(text + at) + 1)
		argv[n++] = text + at;
	build_request(argv, words > 3 ? argv[0] : "");
	CHECK(!too_long && used > HEADER_BYTES && used <= sizeof request);

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0 || setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	CHECK(send(pair[1], data + words, size - words, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(size - words));
	close(pair[1]);
	int code = exchange(pair[0], resume);

	CHECK(code == LOST || code == DO_IT_HERE || (code >= 0 && code <= 255));
	CHECK(memchr(resume, 0, sizeof resume));
	close(pair[0]);
	return 0;
}
