/* pid1.h: what is private to PID 1. One instance, static memory only; nothing here is ever freed.
 *
 * Thread "orphans" (the main thread, 0) reaps what is reparented to us and takes all signals.
 * Thread "services" (1) is the parent of the manager and of every service, and does everything else. */
#ifndef FI_PID1_H
#define FI_PID1_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "shared.h"

enum { FI_THREAD_ORPHANS = 0, FI_THREAD_SERVICES = 1 };

struct fi_pid1 {
	struct fi_shared *shared;
	const fi_init_config *config;
	int is_pid1;                    /* else a child subreaper */
	int shm_fd;
	int wake_fd;                    /* eventfd: to the manager */
	int doorbell_fd;                /* eventfd: from the manager, slots are news */
	int poke_fd;                    /* eventfd: from the orphans thread to the services thread */
	int epoll_fd;
	struct rlimit nofile;           /* as we found it: the manager gets it back */
	pthread_mutex_t reap_lock;      /* tracked pid -> event is one step, and the ring has one writer */
	_Atomic int wants_poke;         /* services thread: poke me at each SIGCHLD */
	_Atomic int sweep_armed;
	_Atomic int is_final;           /* services thread: the orphans thread shall end it all */
	_Atomic int exit_code;
};

extern struct fi_pid1 fi_pid1;

/* reaper.c */
void fi_set_slice(uint64_t ns);
void fi_set_short_slice(void);                  /* this thread wants to run soon, and never long */
int fi_orphans_run(void);                       /* until is_final; returns the exit code */
int fi_services_watch(pid_t pid, uint64_t spawn_id);    /* spawn_id 0: the manager */
void fi_services_adopt_news(void);
void fi_services_adopt_all(void);               /* no manager is alive */
int fi_services_untrack(pid_t pid);
void fi_services_exited(uint32_t index);        /* epoll says so */
void fi_services_look(void);                    /* SIGCHLD: whatever epoll cannot say */
void fi_services_sweep(void);                   /* children that nobody told us of */
int64_t fi_services_count(void);
void fi_write_event(fi_exit *event);
void fi_poke_services(void);
int fi_stop_signal_pending(void);               /* 1: received, and the manager has not seen it */
int fi_stop_signal_received(void);

/* init.c */
void fi_manager_died(const siginfo_t *si);

/* vault.c */
enum {
	FI_VAULT_FDS = 32768,                   /* two are a service's log pipe: as many services as pids, by default */
	FI_VAULT_NAME = 255,
	FI_VAULT_NAMES_BYTES = FI_VAULT_FDS * 64,
	FI_VAULT_GAPS = 64,
};
int fi_vault_count(void);
const char *fi_vault_names(size_t *bytes);      /* each with a NUL behind it, in order; valid until the next put or drop */
int fi_vault_fd(int i);                         /* of the i-th of these names */
int fi_vault_put(const char *name, size_t length, int fd);      /* takes fd over, also on failure */
int fi_vault_drop(const char *name, size_t length);

enum { FI_ASK_STORE = 1, FI_ASK_REMOVE, FI_ASK_EXIT, FI_ASK_REEXEC, FI_ASK_UNTRACK };
typedef struct {
	uint32_t ask;
	int32_t number;                 /* exit code, pid */
	uint32_t name_bytes;
	char name[FI_VAULT_NAME + 1];
} fi_request;

int fi_request_receive(int socket, fi_request *request, int *fd);       /* 1, 0 = nothing there, -errno = closed or garbage */
int fi_request_send(int socket, const fi_request *request, int fd);     /* the manager's side: 0 or -errno */
int fi_request_answer(int socket);                                      /* to the first that has none yet */

/* final.c */
int fi_final(int code, uint32_t grace_ms);      /* orphans thread: TERM, wait, KILL everything; returns code */

#endif
