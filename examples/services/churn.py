"""Make so many orphans a second: each is forked by a process that ends at once, so that PID 1 inherits it, and ends itself."""

import os
import sys
import time

BATCHES_PER_SEC = 20

per_batch = int(sys.argv[1]) // BATCHES_PER_SEC
while True:
    parent = os.fork()
    if parent == 0:
        for _ in range(per_batch):
            if os.fork() == 0:
                time.sleep(0.01)        # outlives its parent
                os._exit(0)
        os._exit(0)
    os.waitpid(parent, 0)
    time.sleep(1 / BATCHES_PER_SEC)
