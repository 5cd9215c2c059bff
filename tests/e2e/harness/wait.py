# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for events: lines of a child's output, conditions; always with a limit, never a bare sleep."""
import os
import queue
import signal
import random
import socket
import subprocess
import threading
import time

# A sanitizer build on a busy machine of two cores is many times slower than a release build.
PATIENCE = float(os.environ.get("SYLK_TEST_PATIENCE", "1"))


class Timeout(AssertionError):
    """What was awaited did not come."""


def until(condition, seconds, what):
    """Wait until condition() is true and return its value; raise Timeout after seconds."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {seconds * PATIENCE:g} s")
        time.sleep(0.02)


def free_port(kind=socket.SOCK_DGRAM, ip="127.0.0.1"):
    """A port that the kernel says is free now; who uses it must be ready to lose the race."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.bind((ip, 0))
        return sock.getsockname()[1]


def free_sip_port(ip="127.0.0.1"):
    """
    A port free for UDP and TCP: connections that were just closed (TIME_WAIT) keep thousands of those
    that the kernel hands out from being bound.
    """
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for _ in range(500):
        port = random.randrange(10000, 32768)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(family, kind) as sock:
                    sock.bind((ip, port))
            return port
        except OSError:
            continue
    raise RuntimeError("no free port")


def free_port_range(pairs, ip="127.0.0.1"):
    """(first, last) of an even-aligned range of UDP ports of which every one is free now."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for _ in range(500):
        # Anywhere: the kernel's own choices all lie in a range that others may have filled.
        first = random.randrange(10000, 65536 - 2 * pairs) & ~1
        last = first + 2 * pairs
        taken = []
        try:
            for port in range(first, last):
                sock = socket.socket(family, socket.SOCK_DGRAM)
                taken.append(sock)
                sock.bind((ip, port))
            return first, last
        except OSError:
            continue
        finally:
            for sock in taken:
                sock.close()
    raise RuntimeError("no free range of UDP ports")


class Child:
    """A process whose output is kept, line by line, and can be waited for."""

    def __init__(self, name, command, log, stdin=subprocess.DEVNULL, **options):
        self.name = name
        self.command = [str(word) for word in command]
        self.log_path = log
        self.lines = []
        self._news = queue.Queue()
        self._log = open(log, "ab")
        self.process = subprocess.Popen(
            self.command, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self.process.stdout:
            self._log.write(raw)
            self._log.flush()
            self._news.put(raw.decode("utf-8", "replace").rstrip("\r\n"))
        self._news.put(None)

    def expect(self, match, seconds=10, start=0):
        """
        Wait for a line (from the start-th on) for which match(line) is true; returns match's value.
        Raises Timeout with the end of the output, also when the process ends first.
        """
        end = time.monotonic() + seconds * PATIENCE
        seen = start
        while True:
            while seen < len(self.lines):
                value = match(self.lines[seen])
                seen += 1
                if value:
                    return value
            try:
                line = self._news.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Timeout(f"{self.name} did not say what was awaited\n{self.tail()}") from None
            if line is None:
                self._news.put(None)
                raise Timeout(f"{self.name} ended early\n{self.tail()}")
            self.lines.append(line)

    def drain(self):
        """Take in what has been printed so far."""
        while True:
            try:
                line = self._news.get_nowait()
            except queue.Empty:
                return self.lines
            if line is None:
                self._news.put(None)
                return self.lines
            self.lines.append(line)

    def tail(self, n=40):
        self.drain()
        return "\n".join(f"  {self.name}| {line}" for line in self.lines[-n:])

    @property
    def running(self):
        return self.process.poll() is None

    def wait(self, seconds):
        """Wait for the end; returns the exit status (Timeout: it is killed first)."""
        try:
            status = self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Timeout(f"{self.name} did not end within {seconds} s\n{self.tail()}") from None
        self._finish()
        return status

    def stop(self, seconds=10, sign=signal.SIGTERM):
        """Ask it to end and wait for it; returns the exit status."""
        if self.running:
            self.process.send_signal(sign)
        return self.wait(seconds)

    def kill(self):
        if self.running:
            self.process.kill()
        self.process.wait()
        self._finish()

    def _finish(self):
        self._reader.join(5)
        self.drain()
        self._log.close()
