/* fuzz_core.c: the parts of the C core that read what they did not write, under libFuzzer, AddressSanitizer and UBSan.
 *
 * The first byte chooses: messages of a manager to PID 1, /proc, the vault, the table of tracked pids, the ring. What the last three do
 * is held against a model. The sources are included, so that static functions can be tried too. */
#include "../../csrc/shared.c"
#include "../../csrc/ring.c"
#include "../../csrc/track.c"
#include "../../csrc/vault.c"
#include "../../csrc/final.c"

#include <stdio.h>
#include <sys/socket.h>

struct fi_pid1 fi_pid1;

#define CHECK(claim) do { if (!(claim)) { fprintf(stderr, "does not hold: %s (line %d)\n", #claim, __LINE__); abort(); } } while (0)
#define MODEL_NAMES 16

static struct fi_shared *shared;

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static uint64_t number(struct input *in, int bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | byte(in);
	return n;
}

/* One message as it comes, with up to three descriptors: taken whole or refused, no descriptor is left behind. */
static void message(struct input *in)
{
	static int pair[2] = { -1, -1 };
	union { struct cmsghdr align; char bytes[CMSG_SPACE(3 * sizeof(int))]; } control;
	fi_request request;
	int fds = byte(in) % 4, fd, values[3], probe;
	size_t size = in->left && in->left < 2 * sizeof request ? in->left : sizeof request;
	uint8_t bytes[2 * sizeof request] = { 0 };
	struct iovec iov = { bytes, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (pair[0] < 0)
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	memcpy(bytes, in->at, in->left < size ? in->left : size);
	if (fds) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN((size_t)fds * sizeof(int)) };
		for (int i = 0; i < fds; i++)
			values[i] = pair[0];
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), values, (size_t)fds * sizeof(int));
	}
	CHECK(sendmsg(pair[0], &m, 0) == (ssize_t)size);
	CHECK(fi_request_receive(pair[1], &request, &fd) == 1);
	CHECK(request.ask == 0 || (size == sizeof request && request.name_bytes <= FI_VAULT_NAME && fds <= 1));
	if (request.ask) {
		fi_vault_drop(request.name, request.name_bytes);
		if (fd >= 0 && fi_vault_put(request.name, request.name_bytes, dup(fd)) == 0)
			CHECK(fi_vault_drop(request.name, request.name_bytes) == 1);
	}
	if (fd >= 0)
		close(fd);
	probe = dup(pair[0]);                   /* the lowest free number: it grows when one is left open */
	CHECK(probe >= 0 && probe < 64);
	close(probe);
}

static void proc_files(struct input *in)
{
	char text[512];
	size_t n = in->left < sizeof text - 1 ? in->left : sizeof text - 1;

	memcpy(text, in->at, n);
	text[n] = 0;
	CHECK(parse_parent(text) >= 0);
	CHECK(parse_pid(text) >= 0 && parse_pid(text) < FI_PID_LIMIT * 10);
}

/* Puts and drops of a few names, valid or not; counts per name and the whole, and the order of what is left. */
static void vault_model(struct input *in)
{
	int held[MODEL_NAMES] = { 0 }, total = 0;
	char name[FI_VAULT_NAME + 8];
	size_t bytes;

	while (in->left) {
		uint8_t op = byte(in);
		int which = op % MODEL_NAMES;
		size_t length = op & 0x40 ? 1 + (size_t)which * 17 : 2;

		memset(name, 'a' + which, sizeof name);
		if (length > FI_VAULT_NAME)
			length = FI_VAULT_NAME;
		name[length - 1] = op & 0x40 ? 'L' : 'S';
		if (op & 0x80) {
			int dropped = fi_vault_drop(name, length);

			CHECK(op & 0x40 || dropped == held[which]);
			if (!(op & 0x40))
				held[which] = 0;
			total -= dropped;
		} else if (op & 0x20) {
			name[0] = ":\n\x7f\0"[which % 4];
			CHECK(fi_vault_put(name, length, -1) == -EINVAL);
		} else if (fi_vault_put(name, length, -1) == 0) {
			if (!(op & 0x40))
				held[which]++;
			total++;
		}
		CHECK(fi_vault_count() == total);
	}
	const char *all = fi_vault_names(&bytes);
	int seen = 0;

	for (size_t at = 0; at < bytes; at += strlen(all + at) + 1)
		seen++;
	CHECK(seen == total);
	for (size_t left; (all = fi_vault_names(&left)) && left > 0;)
		CHECK(fi_vault_drop(all, strlen(all)) > 0);
	CHECK(fi_vault_count() == 0);
}

static void tracked_model(struct input *in)
{
	static uint64_t model[256];
	int64_t count = 0;

	memset(model, 0, sizeof model);
	while (in->left > 1) {
		uint8_t k = byte(in), op = byte(in);
		pid_t pid = (pid_t)(1 + k % 4 + k / 4 * 16384);         /* neighbourhoods that collide and wrap around */
		uint64_t id = 0;

		if (op & 1) {
			CHECK(fi_tracked_put(shared, pid, op + 1u) == (model[k] == 0));
			count += model[k] == 0;
			model[k] = op + 1u;
		} else {
			CHECK(fi_tracked_take(shared, pid, &id) == (model[k] != 0) && id == model[k]);
			count -= model[k] != 0;
			model[k] = 0;
		}
		CHECK(shared->tracked_count == count);
	}
	CHECK(fi_tracked_repair(shared) == count);
	for (int k = 0; k < 256; k++)
		CHECK(fi_tracked_take(shared, (pid_t)(1 + k % 4 + k / 4 * 16384), &(uint64_t){ 0 }) == (model[k] != 0));
	CHECK(shared->tracked_count == 0);
}

/* Any numbers from a manager: it reads only what was written and not consumed, and cannot consume what was not written. */
static void ring_model(struct input *in)
{
	static fi_exit out[64];

	while (in->left) {
		uint8_t op = byte(in);

		if (op < 128) {
			for (int i = 0; i < op % 16 && fi_ring_reserve(shared) == 0; i++)
				fi_ring_write(shared, &(fi_exit){ .spawn_id = op });
		} else if (op < 192) {
			uint64_t after = op & 1 ? shared->tail + number(in, 1) : number(in, 8);
			int n = fi_ring_read(shared, after, out, op % 64);

			for (int i = 0; i < n; i++)
				CHECK(out[i].seq > shared->tail && out[i].seq > after && out[i].seq <= shared->head);
		} else {
			uint64_t seq = op & 1 ? shared->tail + number(in, 1) : number(in, 8);
			int r = fi_ring_consume(shared, seq);

			CHECK(r == (seq > shared->head ? -EINVAL : 0));
		}
		CHECK(shared->reserved == (int64_t)(shared->head - shared->tail) && shared->reserved <= (int64_t)FI_RING_CAPACITY);
	}
	CHECK(fi_ring_consume(shared, shared->head) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct input *) = { message, proc_files, vault_model, tracked_model, ring_model };
	struct input in = { data, size };

	if (!shared)
		CHECK(fi_shared_create(&shared) >= 0);
	targets[byte(&in) % (sizeof targets / sizeof *targets)](&in);
	return 0;
}
