# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the audio benchmark works from its unpacked packages: one talks, one hears."""
import socket
import struct
import subprocess

import pytest

import janus


SILENCE = b"\xd5" * 160


@pytest.fixture(scope="module")
def bridge():
    try:
        one = janus.Janus()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Janus cannot be had here: {error.stderr.strip()[-200:]}")
    yield one
    one.stop()


def rtp(sequence, ssrc, payload):
    return struct.pack("!BBHII", 0x80, 8, sequence, sequence * 160, ssrc) + payload


def test_participants_with_plain_rtp_hear_each_other(bridge):
    bridge.create_room(1234, rate=16000)
    talker, listener = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with talker, listener:
        for sock in (talker, listener):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(10)
        one, two = bridge.participant(), bridge.participant()
        to_talker = one.join_rtp(1234, "127.0.0.1", talker.getsockname()[1], codec="pcma")
        to_listener = two.join_rtp(1234, "127.0.0.1", listener.getsockname()[1], codec="pcma")
        # A square wave in A-law: neither silence nor symmetric by accident.
        payload = (b"\xaa" * 4 + b"\x2a" * 4) * 20
        heard = b""
        # The bridge holds back the first packets: go on talking, at the pace of waiting for its answer.
        listener.settimeout(0.02)
        for sequence in range(500):
            talker.sendto(rtp(sequence, 7, payload), to_talker)
            listener.sendto(rtp(sequence, 9, SILENCE), to_listener)
            try:
                heard = listener.recv(2048)
            except socket.timeout:
                continue
            if len(set(heard[12:])) > 1:
                break
        assert len(set(heard[12:])) > 1, "only silence came back"
        one.leave()
        two.leave()
