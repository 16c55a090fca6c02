"""Servers that take each other's connections.

Usage: servers.py KIND ADDRESS [PYTHON], with PYTHON a copy of the interpreter. Each server waits for one byte on a connection it accepted,
answers "<program>:<uid>", which says who it is, and closes. Prints "up" when there is a listener.
Needs root, to run as several users.
"""

import os
import random
import signal
import socket
import sys
import threading
import time

KIND, ADDRESS = sys.argv[1:3]
FIRST, SECOND = 60001, 60002


def become(uid):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def spawn(work, uid):
    pid = os.fork()
    if pid == 0:
        try:
            become(uid)
            work()
        finally:
            os._exit(0)
    return pid


def listener(reuse_port=False):
    if ADDRESS.startswith("/"):
        server = socket.socket(socket.AF_UNIX)
        server.bind(ADDRESS)
        os.chmod(ADDRESS, 0o777)
    else:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", int(ADDRESS)))
    server.listen(128)
    return server


def answer(connection):
    try:
        connection.settimeout(5)
        if connection.recv(1):
            name = os.path.basename(os.readlink("/proc/self/exe"))
            connection.send(f"{name}:{os.geteuid()}\n".encode())
    except OSError:
        pass
    connection.close()


def serve(server):
    """Accepts now and then, and does not wait for one answer before it takes the next."""
    while True:
        time.sleep(random.random() * 0.003)
        try:
            connection, _ = server.accept()
        except TimeoutError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def up():
    os.write(1, b"up\n")


def take_turns():
    """Two users have the port in turn, each for a few milliseconds."""

    def work():
        while True:
            try:
                server = listener()
            except OSError:
                time.sleep(random.random() * 0.001)
                continue
            server.settimeout(random.random() * 0.005 + 0.001)
            serve(server)
            server.close()
            time.sleep(random.random() * 0.002)

    spawn(work, FIRST)
    spawn(work, SECOND)
    up()


def forked():
    """One user listens, and a child that has become another one accepts."""
    server = listener()
    spawn(lambda: serve(server), SECOND)
    up()


def forked_per_connection():
    """The listener accepts, and a child of the same user answers: both hold the connection."""
    server = listener()

    def work():
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                answer(connection)
                os._exit(0)
            time.sleep(random.random() * 0.003)
            connection.close()

    spawn(work, SECOND)
    up()


def shared_port():
    """Two programs of one user listen on one port at the same time."""
    def other():
        # The same interpreter under another name: a program of its own to whoever asks for a path.
        os.execv(sys.argv[3], [sys.argv[3], __file__, "join", ADDRESS])

    spawn(other, FIRST)
    spawn(join, FIRST)


def join():
    server = listener(reuse_port=True)
    up()
    serve(server)


def come_and_go():
    """One program stays on a port; another one of its user joins it, again and again, and leaves."""

    def guests():
        while True:
            if os.fork() == 0:
                os.execv(sys.argv[3], [sys.argv[3], __file__, "join-briefly", ADDRESS])
            os.wait()
            time.sleep(random.random() * 0.01)

    spawn(join, FIRST)
    spawn(guests, FIRST)


def join_briefly():
    """Leaves with whatever it has not answered, or not even accepted."""
    server = listener(reuse_port=True)
    threading.Timer(random.random() * 0.1, os._exit, args=(0,)).start()
    serve(server)


def written_before_exec():
    """Writes an answer in advance, and then runs the victim, which inherits the connection."""
    server = listener()

    def work():
        while True:
            connection, _ = server.accept()
            connection.set_inheritable(True)
            if os.fork() == 0:
                connection.send(f"{os.path.basename(os.readlink('/proc/self/exe'))}:{FIRST}\n".encode())
                time.sleep(random.random() * 0.003)
                os.execv("/bin/sleep", ["sleep", "1"])
            connection.close()

    spawn(work, FIRST)
    up()


{
    "take-turns": take_turns,
    "forked": forked,
    "forked-per-connection": forked_per_connection,
    "shared-port": shared_port,
    "join": join,
    "come-and-go": come_and_go,
    "join-briefly": join_briefly,
    "written-before-exec": written_before_exec,
}[KIND]()
while True:
    # Until whoever started us closes our standard input.
    if not sys.stdin.readline():
        os.killpg(0, signal.SIGKILL)
