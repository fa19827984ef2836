"""Become a daemon as programs did before service managers: fork, setsid, fork, write a PID file, and let the first process
end only when all of this is done."""

import os
import signal
import sys

read_fd, write_fd = os.pipe()
if os.fork():
    os.close(write_fd)
    os._exit(0 if os.read(read_fd, 1) else 1)
os.setsid()
if os.fork():
    os._exit(0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()}\n")
os.write(write_fd, b"1")
os.close(write_fd)
os.close(read_fd)
print(f"daemon {os.getpid()} is a child of {os.getppid()}", flush=True)
while True:
    signal.pause()
