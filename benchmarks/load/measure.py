# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time, memory, and which processor runs what: read from /proc."""
import contextlib
import glob
import os
import resource
import signal
import sys
import time

CORES = sorted(os.sched_getaffinity(0))
LOAD_CORE = CORES[0]
SERVER_CORE = CORES[-1]
TICKS = os.sysconf("SC_CLK_TCK")
# Before everything else on the machine, where that is permitted; alike for server, load and ourselves.
NICE = -10
MOST_FILES = 200000


@contextlib.contextmanager
def started_on(core):
    """Processes started inside run on this core alone; we ourselves come back to the load's."""
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, {LOAD_CORE})


def raise_file_limit():
    """For us and all that we start: every participant holds files in the server and in the load."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(hard, MOST_FILES), hard):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return


raise_file_limit()
with contextlib.suppress(OSError):
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
# So that a benchmark that is told to end still ends what it has started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))


def cpu_seconds(pid):
    """What all threads of a process have used, user and system, to the microsecond."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError):
            with open(path, encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total / 1e9


def kept_seconds(pid):
    """How long all threads of a process have waited for a processor that somebody else had."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError):
            with open(path, encoding="ascii") as file:
                total += int(file.read().split()[1])
    return total / 1e9


def core_seconds(core):
    """How long a processor has been busy, whoever it was."""
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[0] == f"cpu{core}":
                # user nice system idle iowait irq softirq steal
                return (sum(map(int, words[1:9])) - int(words[4]) - int(words[5])) / TICKS
    raise RuntimeError(f"no processor {core}")


def resident(pid):
    """
    Resident bytes of a process: its heap, stacks and the program's own pages. The kernel's memory
    for its sockets is not in it.
    """
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no Rss")


def waiting(pid):
    """Bytes, as the kernel counts them, that lie unread in the UDP sockets of a process."""
    inodes = set()
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(path))
    total = 0
    with open("/proc/net/udp", encoding="ascii") as file:
        for words in map(str.split, file):
            if f"socket:[{words[9]}]" in inodes:
                total += int(words[4].split(":")[1], 16)
    return total


class Window:
    """What a process used between start() and stop()."""

    def __init__(self, pid, core=SERVER_CORE):
        self.pid = pid
        self.core = core

    def start(self):
        self.begin = time.monotonic(), cpu_seconds(self.pid), core_seconds(self.core)
        self.kept = -kept_seconds(self.pid)

    def stop(self):
        end = time.monotonic(), cpu_seconds(self.pid), core_seconds(self.core)
        self.kept += kept_seconds(self.pid)
        self.seconds, self.cpu, busy = (b - a for a, b in zip(self.begin, end))
        self.load = self.cpu / self.seconds
        # What others took of the server's processor: much of it, and the figures are in doubt.
        self.others = max(0.0, busy - self.cpu) / self.seconds


def table(head, rows):
    """Print rows of cells under their heads, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))), flush=True)
