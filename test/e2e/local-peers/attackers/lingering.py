"""A client whose last close waits half a minute, as its peer takes no data.

Usage: lingering.py PORT. Prints the number of its descriptor, and closes it on SIGUSR1.
"""

import os
import signal
import socket
import struct
import sys
import time

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 30))
client.setblocking(False)
try:
    while True:
        client.send(bytes(65536))
except BlockingIOError:
    pass
signal.signal(signal.SIGUSR1, lambda *_: os.close(client.detach()))
print(client.fileno(), flush=True)
while True:
    time.sleep(60)
