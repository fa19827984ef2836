/* manager.h: what is private to the manager's process. */
#ifndef FI_MANAGER_H
#define FI_MANAGER_H

#include "shared.h"

struct fi_manager {
	struct fi_shared *shared;       /* NULL: not attached */
	void *state;
	int init_fd, wake_fd, doorbell_fd;
	uint16_t slot_of[FI_SLOTS];     /* where fi_spawn_settle() looks first, by spawn_id */
};

extern struct fi_manager fi_manager;

#endif
