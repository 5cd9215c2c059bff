# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is sent to it, the server goes on answering, and those in a call notice nothing."""
import itertools
import os
import random
import socket

import pytest

import hostile
from harness import audio, sipp as sipp_module
from harness.hearing import hears, settled

# Two requests with one branch would be one to the server (RFC 3261 17.2.3).
COUNTER = itertools.count()
SEED = int(os.environ.get("SYLK_SEED", "0")) or 4475


def answering(folder, server):
    for transport in ("udp", "tcp"):
        sipp_module.check(sipp_module.run(folder, "options", server, transport=transport))


def udp_socket(server):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((server.ip, server.ports["udp"]))
    return sock


def status_of(sock, message, marker):
    """
    The final status that the server answers to a message, or None. Datagrams are answered in order,
    so the answer to the marker, sent behind it, says that no answer to the message will come.
    """
    sock.settimeout(10)
    sock.send(message)
    sock.send(marker)
    while True:
        data = sock.recv(65536)
        status = hostile.answer_to(data)
        if b"z9hG4bKmarker" in data:
            return None
        if status is not None and status >= 200:
            sock.recv(65536)
            return status


@pytest.mark.parametrize("name", hostile.CASES)
def test_odd_message_gets_the_right_answer(shared_server, name):
    message, accepted = hostile.CASES[name]
    if len(message) > 60000:
        pytest.skip("does not fit in a datagram")
    with udp_socket(shared_server) as sock:
        status = status_of(sock, message, hostile.request(call_id="marker-" + name))
    assert status in accepted, f"answered {status}, acceptable: {accepted}"


def test_hostile_datagrams_leave_the_server_answering(server, folder, phone):
    print(f"seed {SEED} (set SYLK_SEED to try another)")
    alice = phone("alice", frequency=audio.TONES[0])
    bob = phone("bob", frequency=audio.TONES[1])
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    with udp_socket(server) as sock:
        sock.settimeout(0)
        for number, message in enumerate(hostile.garbage(SEED, 3000)):
            try:
                sock.send(message)
            except (BlockingIOError, ConnectionRefusedError):
                pass
            if number % 100 == 99:
                answering_udp(server)
    answering(folder, server)
    hears(alice, [bob])


def answering_udp(server):
    """One exchange on a socket of its own: paces the flood, and shows that the server lives."""
    with udp_socket(server) as sock:
        sock.settimeout(10)
        sock.send(hostile.request(call_id=f"alive{next(COUNTER)}"))
        assert hostile.answer_to(sock.recv(65536)) == 200


def test_hostile_streams_leave_the_server_answering(server, folder):
    print(f"seed {SEED} (set SYLK_SEED to try another)")
    for message in [m for m, _ in hostile.CASES.values()] + list(hostile.garbage(SEED + 1, 200)):
        with socket.create_connection((server.ip, server.ports["tcp"])) as sock:
            sock.settimeout(10)
            try:
                sock.sendall(message)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
    # A header that never ends must not grow without limit, nor be waited for without end of memory.
    with socket.create_connection((server.ip, server.ports["tcp"])) as sock:
        sock.settimeout(10)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(2000):
                sock.sendall(b"X-Endless: " + b"x" * 65536)
    answering(folder, server)


def test_hostile_media_leaves_the_call_undisturbed(server, phone):
    alice = phone("alice", frequency=audio.TONES[0])
    bob = phone("bob", frequency=audio.TONES[1])
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    first, last = server.rtp_ports
    source = random.Random(SEED)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(20):
            for port in range(first, first + 8):
                sock.sendto(source.randbytes(source.randrange(0, 200)), (server.ip, port))
                # Right version bits, wrong everything else.
                sock.sendto(b"\x80" + source.randbytes(source.randrange(0, 200)), (server.ip, port))
    hears(alice, [bob])
