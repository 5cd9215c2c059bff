# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of telephones, in both directions: the echo test tells them and sends them back."""
import struct

import pytest

from harness import audio, caller as caller_module, wait

KEYS = "5#"
EVENTS = ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]


def press_and_await(server, caller):
    """Press all keys: each is told and comes back."""
    caller.press(KEYS)
    for key in KEYS:
        server.child.expect(lambda line, key=key: f"DTMF key {key} of caller@" in line, 10)
    for key in KEYS:
        caller.await_key(key)


@pytest.mark.parametrize("options", [{}, {"codec": "opus"}, {"encryption": "srtp-mand"}], ids=["pcmu", "opus", "srtp"])
def test_keys_are_told_once_and_come_back(server, phone, options):
    caller = phone("caller", **options)
    caller.dial(server.uri("echo"))
    press_and_await(server, caller)
    caller.hangup()
    lines = server.child.drain()
    assert [sum(f"DTMF key {key} of" in line for line in lines) for key in KEYS] == [1, 1]


def events_of(sock, ends):
    """The event packets that come until so many have the end bit: (event, end, duration)."""
    found = []
    sock.settimeout(10 * wait.PATIENCE)
    while sum(end for _, end, _ in found) < ends:
        packet = sock.recv(2048)
        if packet[1] & 127 == 101:
            event, flags, duration = struct.unpack("!BBH", packet[12:16])
            found.append((event, bool(flags & 128), duration))
    return found


def test_key_by_two_ways_is_one_key(server):
    """A telephone that sends its keys by INFO and as telephone-event."""
    with caller_module.Caller(server, formats="0 101", attributes=EVENTS) as caller:
        caller.call()
        for seq in range(3):
            packet = struct.pack("!BBHII", 0x80, 101 | 128, seq, 800, 5) + struct.pack("!BBH", 10, 0x8a, 800)
            caller.media.sendto(packet, caller.to)
        server.child.expect(lambda line: "DTMF key * of caller@" in line and "100 ms" in line, 10)
        assert caller.info("application/dtmf-relay", "Signal=*\r\nDuration=100\r\n") == 200
        assert caller.info("application/dtmf-relay", "Signal=7\r\nDuration=160\r\n") == 200
        server.child.expect(lambda line: "DTMF key 7 of caller@" in line and "160 ms" in line, 10)
        came = events_of(caller.media, 6)
    lines = server.child.drain()
    assert [sum(f"DTMF key {key} of" in line for line in lines) for key in "*7"] == [1, 1]
    assert any("Key * of" in line and "by INFO" in line for line in lines)
    assert [(event, duration) for event, end, duration in came if end] == [(10, 800)] * 3 + [(7, 1280)] * 3


def test_key_of_a_telephone_without_events_is_heard_in_a_room(server):
    tone = (audio.tone(770, 0.2, 8000) + audio.tone(1336, 0.2, 8000)) / 32768
    sound = audio.to_mu_law(audio.np.concatenate([tone * 0, tone * 2, tone * 0]))
    with caller_module.Caller(server, "room") as caller:
        caller.call()
        caller.media.settimeout(10 * wait.PATIENCE)
        for seq in range(len(sound) // 160):
            caller.media.recv(2048)  # the room's packets are the clock
            caller.media.sendto(caller_module.rtp(seq, sound[160 * seq:160 * (seq + 1)]), caller.to)
        server.child.expect(lambda line: "Key 5 of caller@" in line and "as a tone" in line, 10)


def test_sent_keys_are_as_tshark_reads_them(server, phone, captured):
    caller = phone("caller")
    first, last = server.rtp_ports
    # Nothing of what other tests send at the same time.
    with captured(f"udp and (portrange {first}-{last} or port {server.ports['udp']})") as packets:
        caller.dial(server.uri("echo"))
        caller.listen(0.3)
        press_and_await(server, caller)
        caller.listen(0.3)
        caller.hangup()
    packets.sip_ports = [server.ports["udp"], caller.port]
    ours = f"udp.srcport >= {first} and udp.srcport < {last}"
    events = packets.rows(f"rtpevent and {ours}", "rtpevent.event_id", "rtpevent.end_of_event", "rtpevent.duration",
                          "rtp.marker", "rtp.seq", "rtp.timestamp", "rtp.ssrc")
    numbers = [int(row["rtp.seq"]) for row in packets.rows(f"rtp and {ours}", "rtp.seq")]
    assert len({row["rtp.ssrc"] for row in events}) == 1
    for event_id in ("5", "11"):
        rows = [row for row in events if row["rtpevent.event_id"] == event_id]
        ends = [row for row in rows if row["rtpevent.end_of_event"] in ("1", "True")]
        assert len({row["rtp.timestamp"] for row in rows}) == 1
        assert [row["rtp.marker"] in ("1", "True") for row in rows] == [True] + [False] * (len(rows) - 1)
        assert rows[-3:] == ends, "three packets say that it has ended"
        assert len({row["rtpevent.duration"] for row in ends}) == 1
        spans = [int(row["rtpevent.duration"]) for row in rows[:-3]]
        assert spans == [160 * (i + 1) for i in range(len(spans))]
    # Audio and events share one row of numbers.
    assert [(b - a) & 0xffff for a, b in zip(numbers, numbers[1:])] == [1] * (len(numbers) - 1)
    assert packets.malformed(range(first, last)) == []
