# SPDX-License-Identifier: GPL-3.0-or-later
"""More than the server can do: new work is put off, calls in progress go on, and it comes back."""
import contextlib
import os
import signal
import socket

import pytest

from harness import caller as caller_module, wait

# So many requests at once take far longer to work off than the 50 ms that the server bears.
BURST = 20000
QUEUE_BYTES = 16 << 20
SO_RCVBUFFORCE = 33


def open_socket():
    """A socket of 127.0.0.1 where much may wait, as far as the kernel permits."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES)
    sock.bind(("127.0.0.1", 0))
    return sock


def message(host, port, number):
    """A MESSAGE to nobody, whose answer goes to port."""
    return (f"MESSAGE sip:nobody@{host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port}-{number}\r\n"
            f"From: <sip:a@127.0.0.1>;tag={number}\r\nTo: <sip:nobody@127.0.0.1>\r\n"
            f"Call-ID: {port}-{number}\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n").encode()


@contextlib.contextmanager
def stopped(server):
    """The server stands still, while what is sent to it waits in its socket."""
    os.kill(server.child.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.child.process.pid, signal.SIGCONT)


def flood(server):
    """BURST requests, whose answers nobody reads."""
    with open_socket() as sock:
        port = sock.getsockname()[1]
        for number in range(BURST):
            sock.sendto(message(server.host(), port, number), ("127.0.0.1", server.ports["udp"]))


def echoed(caller):
    """Speak for 20 ms; returns how many packets have come back until now."""
    caller.media.setblocking(False)
    caller.media.sendto(caller_module.rtp(caller.spoken), caller.to)
    caller.spoken += 1
    with contextlib.suppress(BlockingIOError):
        while True:
            caller.media.recv(2048)
            caller.heard += 1
    return caller.heard


class Asker:
    """Asks for new work, one request after the other."""

    def __init__(self, server):
        self.host = server.host()
        self.sock = open_socket()
        self.sock.connect(("127.0.0.1", server.ports["udp"]))
        self.sock.settimeout(10 * wait.PATIENCE)
        self.number = 0

    def ask(self):
        self.number += 1
        self.sock.send(message(self.host, self.sock.getsockname()[1], self.number))

    def was_put_off(self):
        """Whether the one asked for was put off, rightly."""
        answer = self.sock.recv(4096).decode()
        if not answer.startswith("SIP/2.0 503 "):
            return False
        assert 5 <= int(answer.split("\r\nRetry-After: ")[1].split("\r\n")[0]) <= 15, answer
        return True

    def is_put_off(self):
        self.ask()
        return self.was_put_off()


def test_overload_puts_new_work_off_and_calls_in_progress_go_on(start_server):
    with open_socket() as sock:
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < QUEUE_BYTES:
            pytest.skip("the kernel grants no queue that an overload could be seen by")
    # The log of thousands of requests would be most of what the server does.
    server = start_server(settings={"Server": {"log_level": "info"}})
    asker = Asker(server)
    with caller_module.Caller(server) as caller:
        caller.spoken = caller.heard = 0
        caller.call()
        assert caller.status == 200
        assert not asker.is_put_off()
        with stopped(server):
            flood(server)
            asker.ask()
            caller.ask_info("application/dtmf", "5")
        assert asker.was_put_off()
        assert caller.final() == 200
        wait.until(lambda: echoed(caller) >= 50, 20, "the caller's voice to come back")
        assert caller.bye() == 200
        assert any("Overload: signalling is " in line for line in server.child.drain())
    wait.until(lambda: not asker.is_put_off(), 20, "new work to be taken again")
