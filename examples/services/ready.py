"""Tell the service manager READY=1, a STATUS= and a WATCHDOG=1 now and then (sd_notify(3), without any library)."""

import os
import socket
import time

address = os.environ["NOTIFY_SOCKET"]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.connect("\0" + address[1:] if address.startswith("@") else address)
manager.send(b"READY=1\nSTATUS=Waiting for nothing in particular")
interval_sec = int(os.environ["WATCHDOG_USEC"]) / 2e6
while True:
    time.sleep(interval_sec)
    manager.send(b"WATCHDOG=1")
