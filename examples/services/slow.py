"""On SIGTERM go on for as many seconds as the argument says, then end with 0."""

import signal
import sys
import time

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.sigwait([signal.SIGTERM])
print("finishing my work", flush=True)
time.sleep(float(sys.argv[1]))
print("done", flush=True)
