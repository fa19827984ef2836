"""Serve a directory on a free port of 127.0.0.1, and write the port's number to a file when it is open."""

import functools
import os
import sys
from http.server import HTTPServer, SimpleHTTPRequestHandler

directory, port_file = sys.argv[1:]
server = HTTPServer(("127.0.0.1", 0), functools.partial(SimpleHTTPRequestHandler, directory=directory))
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.replace(port_file + ".new", port_file)
print(f"serving {directory} on port {server.server_port}", flush=True)
server.serve_forever()
