/* test_core.c: the parts of the C core that need no kernel, under the sanitizers: ring, tracked pids, slots, vault, /proc parsers.
 *
 * usage: test_core TEST      exit 0 = holds. The sources are included, so that static functions can be tried too. */
#include "../../csrc/shared.c"
#include "../../csrc/ring.c"
#include "../../csrc/track.c"
#include "../../csrc/vault.c"
#include "../../csrc/final.c"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

struct fi_pid1 fi_pid1;

#define CHECK(claim) do { if (!(claim)) { printf("does not hold: %s (line %d)\n", #claim, __LINE__); exit(1); } } while (0)

static struct fi_shared *shared;
static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void write_one(uint64_t id)
{
	fi_exit e = { .spawn_id = id, .pid = (int32_t)(id % FI_PID_LIMIT), .status = (int32_t)(id % 256) };

	fi_ring_write(shared, &e);
}

static void ring_keeps_order(void)
{
	static fi_exit out[FI_RING_CAPACITY];
	uint64_t written = 0, read = 0;

	CHECK(fi_ring_consume(shared, 1) == -EINVAL);
	while (written < 5 * FI_RING_CAPACITY) {
		uint64_t burst = next_random() % FI_RING_CAPACITY;
		int n;

		while (burst-- && fi_ring_reserve(shared) == 0)
			write_one(++written);
		n = fi_ring_read(shared, read, out, (int)(next_random() % FI_RING_CAPACITY) + 1);
		for (int i = 0; i < n; i++)
			CHECK(out[i].seq == read + 1 + (uint64_t)i && out[i].spawn_id == out[i].seq);
		read += (uint64_t)n;
		CHECK(fi_ring_consume(shared, read) == 0 && fi_ring_consume(shared, read) == 0);
		CHECK(shared->reserved == (int64_t)(written - read));
	}
	CHECK(fi_ring_read(shared, 0, out, 1) == 0 || out[0].seq == read + 1);  /* consumed ones are never read again */
}

static void ring_cannot_overflow(void)
{
	for (uint32_t i = 0; i < FI_RING_CAPACITY; i++)
		CHECK(fi_ring_reserve(shared) == 0);
	CHECK(fi_ring_reserve(shared) == -ENOSPC && fi_ring_reserve(shared) == -ENOSPC);
	fi_ring_release(shared, 1);
	CHECK(fi_ring_reserve(shared) == 0 && fi_ring_reserve(shared) == -ENOSPC);
}

/* Any order of put, rename and take, against a plain array; pids that collide in the table on purpose. */
static void tracked_pids(void)
{
	static uint64_t model[1024];
	int64_t count = 0;

	for (int round = 0; round < 200000; round++) {
		uint32_t k = next_random() % 1024;
		pid_t pid = (pid_t)(1 + k % 4 + (k / 4) * 16384);      /* four neighbourhoods of 256 pids each, wrapped around */
		uint64_t id = 0, new_id = next_random() | 1;

		if (next_random() % 2) {
			CHECK(fi_tracked_put(shared, pid, new_id) == (model[k] == 0));
			count += model[k] == 0;
			model[k] = new_id;
		} else {
			CHECK(fi_tracked_take(shared, pid, &id) == (model[k] != 0));
			CHECK(id == model[k]);
			count -= model[k] != 0;
			model[k] = 0;
		}
		CHECK(fi_tracked_test(shared, pid) == (model[k] != 0) && shared->tracked_count == count);
	}
	CHECK(fi_tracked_put(shared, 0, 1) == -EINVAL && fi_tracked_put(shared, -5, 1) == -EINVAL);
	CHECK(fi_tracked_put(shared, FI_PID_LIMIT, 1) == -EINVAL && !fi_tracked_test(shared, FI_PID_LIMIT + 9));
	shared->tracked[60000].pid = 3000000;   /* left by a manager that was killed before it set the bit */
	CHECK(fi_tracked_repair(shared) == count && shared->tracked[60000].pid == 0);
}

static void slots(void)
{
	static fi_slot *slot[FI_SLOTS];

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < FI_SLOTS; i++)
			CHECK((slot[i] = fi_slot_claim(shared, i + 1)) != NULL);
		CHECK(!fi_slot_claim(shared, 9));
		for (uint32_t i = 0; i < FI_SLOTS; i++) {
			int first = (int)(next_random() % 2);

			fi_slot_mark(slot[i], first ? FI_SLOT_ADOPTED : FI_SLOT_SETTLED);
			CHECK(slot[i]->state != 0 && slot[i]->spawn_id == i + 1);
			fi_slot_mark(slot[i], first ? FI_SLOT_SETTLED : FI_SLOT_ADOPTED);
			CHECK(slot[i]->state == 0 && slot[i]->spawn_id == 0);
		}
	}
}

static void vault_rules(void)
{
	static const char three[] = "aa\0b\0aa";         /* with the NUL behind the last */
	char name[16], long_name[FI_VAULT_NAME];
	size_t bytes;

	for (int i = 0; i < 3; i++)
		CHECK(fi_vault_put(i == 1 ? "b" : "aa", i == 1 ? 1 : 2, dup(1)) == 0);
	CHECK(memcmp(fi_vault_names(&bytes), three, sizeof three) == 0 && bytes == sizeof three);
	CHECK(fi_vault_put("", 0, dup(1)) == -EINVAL && fi_vault_put("x:y", 3, dup(1)) == -EINVAL && fi_vault_put("\n", 1, dup(1)) == -EINVAL);
	CHECK(fi_vault_drop("aa", 2) == 2 && fi_vault_drop("aa", 2) == 0 && fi_vault_drop("", 0) == 0 && fi_vault_count() == 1);
	CHECK(memcmp(fi_vault_names(&bytes), "b", 2) == 0 && bytes == 2);
	CHECK(fi_vault_drop("b", 1) == 1 && fi_vault_names(&bytes) && bytes == 0);
	for (int i = 0; i < FI_VAULT_FDS; i++)
		CHECK(fi_vault_put(name, (size_t)snprintf(name, sizeof name, "n%d", i), -1) == 0);
	CHECK(fi_vault_put("n", 1, dup(1)) == -ENOSPC);
	CHECK(fi_vault_drop("n7", 2) == 1 && fi_vault_put("n", 1, -1) == 0 && fi_vault_put("n", 1, dup(1)) == -ENOSPC);
	for (int i = 0; i < FI_VAULT_FDS; i++)
		CHECK(fi_vault_drop(name, (size_t)snprintf(name, sizeof name, "n%d", i)) == (i != 7));
	CHECK(fi_vault_drop("n", 1) == 1 && fi_vault_count() == 0 && fi_vault_names(&bytes) && bytes == 0);
	memset(long_name, 'x', sizeof long_name);
	for (int i = 0; i < FI_VAULT_NAMES_BYTES / 256; i++)
		CHECK(fi_vault_put(long_name, sizeof long_name, -1) == 0);
	CHECK(fi_vault_put("n", 1, dup(1)) == -ENOSPC && fi_vault_drop(long_name, sizeof long_name) == FI_VAULT_NAMES_BYTES / 256);
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Random messages with random descriptors: each is taken or refused, no descriptor is left behind. */
static void requests_fuzz(void)
{
	static unsigned char bytes[600];
	int pair[2], before;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	before = count_fds();
	for (int round = 0; round < 20000; round++) {
		union { struct cmsghdr align; char bytes[CMSG_SPACE(16 * sizeof(int))]; } control;
		size_t size = next_random() % 3 ? sizeof(fi_request) : 1 + next_random() % sizeof bytes;
		struct iovec iov = { bytes, size };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
		int fds = (int)(next_random() % 8), values[8], fd;
		fi_request request;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)(next_random() % 7 ? next_random() % 5 : next_random());
		if (fds) {
			memset(&control, 0, sizeof control);
			m.msg_control = &control;
			m.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
			*CMSG_FIRSTHDR(&m) = (struct cmsghdr){
				.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN((size_t)fds * sizeof(int)) };
			for (int i = 0; i < fds; i++)
				values[i] = 1;
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), values, (size_t)fds * sizeof(int));
		}
		CHECK(sendmsg(pair[0], &m, 0) == (ssize_t)size);
		CHECK(fi_request_receive(pair[1], &request, &fd) == 1);
		CHECK(fds <= 1 || (fd == -1 && request.ask == 0));
		CHECK(size == sizeof request || request.ask == 0);
		CHECK(request.ask == 0 || request.name_bytes <= FI_VAULT_NAME);
		if (request.ask)
			fi_vault_drop(request.name, request.name_bytes);
		if (fd >= 0)
			close(fd);
		CHECK(fi_request_receive(pair[1], &request, &fd) == 0);
	}
	CHECK(count_fds() == before);
	close(pair[0]);
	CHECK(fi_request_receive(pair[1], &(fi_request){ 0 }, &(int){ 0 }) == -ECONNRESET);
}

static void proc_parsers(void)
{
	CHECK(parse_parent("12 (a) S 7 7") == 7 && parse_parent("12 (a) R (b) 9) S 8 7") == 8);
	CHECK(parse_parent("") == 0 && parse_parent(")") == 0 && parse_parent(") ") == 0 && parse_parent(") S") == 0 && parse_parent(") S ") == 0);
	CHECK(parse_parent("1 (x) S -5") == 0 && parse_parent("1 (x) S 99999999999999999999999") > 0);
	CHECK(parse_pid("1") == 1 && parse_pid("4194303") == 4194303 && parse_pid("") == 0 && parse_pid("1x") == 0 && parse_pid("self") == 0);
	CHECK(parse_pid("99999999999999999999999999") == 0);
	for (int round = 0; round < 200000; round++) {
		char text[64];
		size_t n = next_random() % (sizeof text - 1);

		for (size_t i = 0; i < n; i++)
			text[i] = "() S0129-x\n\xff"[next_random() % 12];
		text[n] = 0;
		CHECK(parse_parent(text) >= 0 && parse_pid(text) >= 0);
	}
	CHECK(parent_of(AT_FDCWD, 5) == 0);
}

/* ---- threads: one plays PID 1, one the manager -------------------------------------------------------------------- */

#define EVENTS 300000

static void *ring_writer(void *unused)
{
	(void)unused;
	for (uint64_t i = 1; i <= EVENTS;)
		if (fi_ring_reserve(shared) == 0)
			write_one(i++);
		else
			sched_yield();
	return NULL;
}

static void ring_threads(void)
{
	static fi_exit out[64];
	pthread_t writer;
	uint64_t read = 0;

	CHECK(pthread_create(&writer, NULL, ring_writer, NULL) == 0);
	while (read < EVENTS) {
		int n = fi_ring_read(shared, read, out, 64);

		if (n == 0)
			sched_yield();
		for (int i = 0; i < n; i++)
			CHECK(out[i].seq == ++read && out[i].spawn_id == read);
		fi_ring_consume(shared, read);
	}
	pthread_join(writer, NULL);
	CHECK(shared->reserved == 0);
}

/* The manager tracks, renames and untracks pids while the reaper takes the same ones: each tracking ends exactly once. */
static _Atomic int is_over;
static _Atomic uint64_t taken;

static void *taker(void *unused)
{
	uint64_t id, random = 88172645463325252u;

	(void)unused;
	while (!atomic_load(&is_over)) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		fi_section_enter(shared, 0);
		if (fi_tracked_take(shared, (pid_t)(1 + random % 64), &id)) {
			CHECK(id % 64 == random % 64);  /* an id of this pid, not of a neighbour in the table */
			atomic_fetch_add(&taken, 1);
		}
		fi_section_leave(shared, 0);
	}
	return NULL;
}

static void tracked_threads(void)
{
	uint64_t put = 0, untracked = 0, left = 0, id;
	pthread_t reaper;

	CHECK(pthread_create(&reaper, NULL, taker, NULL) == 0);
	for (int round = 0; round < 200000; round++) {
		uint64_t k = next_random() % 64;

		if (next_random() % 8)
			put += (uint64_t)fi_tracked_put(shared, (pid_t)(1 + k), k + 64 * (next_random() % 1000 + 1));
		else
			untracked += (uint64_t)fi_tracked_take(shared, (pid_t)(1 + k), &id);
	}
	atomic_store(&is_over, 1);
	pthread_join(reaper, NULL);
	for (pid_t pid = 1; pid <= 64; pid++)
		left += (uint64_t)fi_tracked_take(shared, pid, &id);
	CHECK(put == atomic_load(&taken) + untracked + left && shared->tracked_count == 0);
}

static void *marker(void *unused)
{
	(void)unused;
	for (uint32_t done = 0; !atomic_load(&is_over);)
		for (uint32_t i = 0; i < FI_SLOTS; i++, done++)
			if (shared->slots[i].state == FI_SLOT_CLAIMED || shared->slots[i].state == (FI_SLOT_CLAIMED | FI_SLOT_SETTLED))
				fi_slot_mark(&shared->slots[i], FI_SLOT_ADOPTED);
	return NULL;
}

static void slot_threads(void)
{
	pthread_t adopter;

	CHECK(pthread_create(&adopter, NULL, marker, NULL) == 0);
	for (uint64_t id = 1; id < 200000;) {
		fi_slot *slot = fi_slot_claim(shared, id);

		if (!slot) {
			sched_yield();
			continue;
		}
		CHECK(slot->spawn_id == id);
		fi_slot_mark(slot, FI_SLOT_SETTLED);
		id++;
	}
	for (uint32_t i = 0; i < FI_SLOTS; i++)
		while (shared->slots[i].state != 0)
			sched_yield();
	atomic_store(&is_over, 1);
	pthread_join(adopter, NULL);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } tests[] = {
		{ "ring_keeps_order", ring_keeps_order }, { "ring_cannot_overflow", ring_cannot_overflow }, { "tracked_pids", tracked_pids },
		{ "slots", slots }, { "vault_rules", vault_rules }, { "requests_fuzz", requests_fuzz }, { "proc_parsers", proc_parsers },
		{ "ring_threads", ring_threads }, { "tracked_threads", tracked_threads }, { "slot_threads", slot_threads },
	};
	int fd = fi_shared_create(&shared);
	struct fi_shared *again;

	CHECK(fd >= 0 && fi_shared_map(fd, &again) == 0);
	again->version++;
	CHECK(fi_shared_map(fd, &again) == -EPROTO && fi_shared_map(0, &again) < 0);
	shared->version--;
	for (unsigned i = 0; argc == 2 && i < sizeof tests / sizeof *tests; i++)
		if (strcmp(argv[1], tests[i].name) == 0) {
			tests[i].run();
			return 0;
		}
	puts("no such test");
	return 2;
}
