"""Clients that try to be taken for another process, and honest ones.

Usage: clients.py PORT NODE. Each line on standard input is a command: `<name> [argument]` starts the
round of that name, `done` kills what the round left. Every connection begins with one line,
"<program>:<uid>", which says who wrote it: that is the truth an answer is held against.
Needs root, to run as several users and to choose a pid.
"""

import ctypes
import os
import random
import signal
import socket
import struct
import sys
import time

PORT = int(sys.argv[1])
ATTACKER, VICTIM = 60001, 60002
PROGRAMS = {
    "sleep": ["/bin/sleep", "30"],
    # Node sets close-on-exec on whatever it inherits.
    "node": [sys.argv[2], "-e", "setTimeout(() => {}, 30000)"],
}
children = []
# What nothing refers to, Python closes.
kept = []
libc = ctypes.CDLL(None, use_errno=True)


def become(uid):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def spawn(work, uid=ATTACKER):
    """Runs `work` as another user in a child, which stays until it is killed."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            become(uid)
            work()
            time.sleep(60)
        finally:
            os._exit(0)
    children.append(pid)
    return pid


def wait_a_little(most=0.003):
    time.sleep(random.random() * most)


def who():
    name = os.path.basename(os.readlink("/proc/self/exe"))
    return f"{name}:{os.geteuid()}\n".encode()


def connect(source=0, inheritable=False):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("127.0.0.1", source))
    client.connect(("127.0.0.1", PORT))
    client.set_inheritable(inheritable)
    client.send(who())
    kept.append(client)
    return client


def run(program):
    os.execv(PROGRAMS[program][0], PROGRAMS[program])


# Honest ones.


def honest(kind):
    def work():
        client = connect(inheritable=kind == "inheritable")
        if kind == "half-closed":
            client.shutdown(socket.SHUT_WR)
        time.sleep(60)

    spawn(work, VICTIM)


def curl(_):
    """Another program, with descriptors that an exec would keep."""
    spawn(lambda: os.execv("/usr/bin/curl", ["curl", "-s", f"http://127.0.0.1:{PORT}/"]), VICTIM)


# Attacks.


def leaves(_):
    def work():
        connect()
        wait_a_little()
        os._exit(0)

    spawn(work)


source = 20000


def same_tuple(_):
    """Resets the connection, and the victim opens one from the same port to the same port."""
    global source
    source = 20000 + (source - 19999) % 10000
    read, write = os.pipe()

    def first():
        client = connect(source)
        wait_a_little()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        os.write(write, b"x")

    def second():
        os.read(read, 1)
        client = connect(source)
        time.sleep(60)
        client.close()

    spawn(second, VICTIM)
    spawn(first)
    os.close(read)
    os.close(write)


def pid_reused(_):
    """Two attackers hold the connection; one exits, and its pid goes to the victim."""

    def work():
        connect()
        if os.fork() == 0:
            time.sleep(60)
        wait_a_little()
        os._exit(0)

    pid = spawn(work)
    os.waitpid(pid, 0)
    wanted = (ctypes.c_int32 * 1)(pid)
    arguments = (ctypes.c_uint64 * 11)()
    arguments[4] = signal.SIGCHLD
    arguments[8] = ctypes.addressof(wanted)
    arguments[9] = 1
    child = libc.syscall(435, arguments, ctypes.sizeof(arguments))
    if child == 0:
        # The group of the one that had this pid before, whose other member lives on.
        os.setpgid(0, 0)
        become(VICTIM)
        time.sleep(60)
        os._exit(0)


def exec_in_place(program):
    def work():
        connect(inheritable=True)
        wait_a_little(0.03)
        run(program)

    spawn(work)


def exec_cleared(program):
    """Close-on-exec until just before the exec."""

    def work():
        client = connect()
        wait_a_little(0.03)
        client.set_inheritable(True)
        run(program)

    spawn(work)


def exec_by_child(program):
    """A child inherits the connection, runs the victim, and the parent exits."""

    def work():
        connect(inheritable=True)
        if os.fork() == 0:
            wait_a_little(0.01)
            run(program)
        wait_a_little(0.02)
        os._exit(0)

    spawn(work)


def exec_then_fork(_):
    """The victim, run in place, forks itself; what holds the connection then has never run exec."""

    def work():
        connect(inheritable=True)
        read, write = os.pipe()
        os.set_inheritable(read, True)
        os.set_inheritable(write, True)
        os.execv("/bin/bash", ["bash", "-c", f"(read -t 30 x <&{read}) & exit"])

    spawn(work)


def exec_when_told(program):
    """Runs the victim once the connection has been in use: on SIGUSR1, see `tell`."""

    def work():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        connect(inheritable=True)
        signal.sigwait([signal.SIGUSR1])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        run(program)

    spawn(work)


def tell(_):
    os.kill(children[-1], signal.SIGUSR1)


def traced_exec(program):
    """Stops in the exec: the program is the victim, and the kernel has told nobody yet."""
    PTRACE_TRACEME, PTRACE_CONT, PTRACE_SETOPTIONS, PTRACE_O_TRACEEXEC = 0, 7, 0x4200, 0x10

    def work():
        traced = os.fork()
        if traced == 0:
            libc.ptrace(PTRACE_TRACEME, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            connect(inheritable=True)
            run(program)
        os.waitpid(traced, 0)
        libc.ptrace(PTRACE_SETOPTIONS, traced, 0, PTRACE_O_TRACEEXEC)
        libc.ptrace(PTRACE_CONT, traced, 0, 0)
        os.waitpid(traced, 0)
        time.sleep(60)

    spawn(work)


keeper = None
victims = []


def victim(_):
    """A process that lives through all rounds, makes an honest connection and takes descriptors."""
    global keeper
    keeper, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def work():
        connect()
        descriptors = []
        while True:
            _, taken, _, _ = socket.recv_fds(theirs, 1, 4)
            for descriptor in descriptors:
                os.close(descriptor)
            descriptors = taken

    victims.append(spawn(work, VICTIM))
    children.clear()


def passed(_):
    """Gives the connection to a process of another user."""

    def work():
        client = connect()
        wait_a_little()
        socket.send_fds(keeper, [b"x"], [client.fileno()])
        wait_a_little()
        os._exit(0)

    spawn(work)


def done(_):
    for pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
    children.clear()


for line in sys.stdin:
    name, _, argument = line.strip().partition(" ")
    globals()[name](argument)
    print(name, flush=True)
children.extend(victims)
done("")
