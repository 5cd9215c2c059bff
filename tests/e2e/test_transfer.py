# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do with telephones in a call: hold it, resume it, hand it on."""
import contextlib
import re
import threading
import time
import types

from harness import audio, caller as caller_module, wait
from harness.hearing import await_silence_of, await_voice, hears, settled

A, B, C = audio.TONES[:3]


def received(packets, server, phone):
    """The longest silence, in seconds, in what the server sent to this telephone, and its last second as samples."""
    first, last = server.rtp_ports
    rows = packets.rows(
        f"rtp and udp.srcport >= {first} and udp.srcport < {last} and udp.dstport >= {phone.rtp_ports[0]} and "
        f"udp.dstport < {phone.rtp_ports[1]}", "frame.time_epoch", "rtp.payload")
    times = [float(row["frame.time_epoch"]) for row in rows]
    sound = bytes.fromhex("".join(row["rtp.payload"].replace(":", "") for row in rows[-50:]))
    return max(b - a for a, b in zip(times, times[1:])), audio.mu_law(sound)


def test_held_room_is_silent_until_it_is_resumed(server, phone, captured):
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    with captured("udp") as packets:
        for one in (alice, bob):
            one.dial(server.uri("room"))
        settled([alice, bob])
        bob.command("hold")
        alice.listen(0.7)
        bob.command("resume")
        alice.listen(1)
        await_voice(alice, bob)
        hears(alice, [bob])
        for one in (alice, bob):
            one.hangup()
    # bob himself records nothing any more after a hold: what came to him is taken from the wire.
    silence, sound = received(packets, server, bob)
    assert 0.4 < silence < 0.7 + 5 * wait.PATIENCE, f"the longest silence was {silence} s"
    assert audio.level(sound, 8000, A) > alice.level - audio.TOLERANCE
    assert audio.level(sound, 8000, B) < bob.level + audio.SILENT


@contextlib.contextmanager
def speaking(caller, frequency):
    """A caller that goes on and on in PCMU, whatever its SDP says; yields what is listened for."""
    sound = audio.to_mu_law(audio.tone(frequency, 1, 8000) / 32768)
    stop = threading.Event()

    def run():
        start, seq = time.monotonic(), 0
        while not stop.wait(max(0, start + 0.02 * seq - time.monotonic())):
            at = seq * 160 % len(sound)
            caller.media.sendto(caller_module.rtp(seq, sound[at:at + 160]), caller.to)
            seq += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield types.SimpleNamespace(name="the caller", frequency=frequency, level=audio.LEVEL)
    finally:
        stop.set()
        thread.join()


def test_music_of_one_who_holds_is_not_heard_in_the_room(server, phone):
    alice = phone("alice", frequency=A)
    alice.dial(server.uri("room"))
    with caller_module.Caller(server, "room") as bob:
        bob.call()
        with speaking(bob, B) as voice:
            await_voice(alice, voice)
            bob.attributes = ["a=sendonly"]
            bob.call()
            assert bob.status == 200 and "a=recvonly" in bob.answer
            await_silence_of(alice, voice)
            hears(alice, [], seconds=1, absent=[voice])
            bob.attributes = []
            bob.call()
            await_voice(alice, voice)


def test_call_between_telephones_is_transferred_to_a_room(server, phone):
    alice = phone("alice", frequency=A)
    bob = phone("bob", frequency=B, auto_answer=True)
    carol = phone("carol", frequency=C)
    carol.dial(server.uri("room"))
    alice.dial(bob.uri)
    await_voice(alice, bob)
    bob.event("CALL_ESTABLISHED")
    alice.transfer(server.uri("room"))
    alice.event("CALL_CLOSED")
    settled([bob, carol])
    hears(carol, [bob], absent=[alice])
    hears(bob, [carol], absent=[alice])


def test_room_is_transferred_to_a_telephone(server, phone):
    """The focus calls him who is named into the room (RFC 4579 5.5)."""
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    carol = phone("carol", frequency=C, auto_answer=True)
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    alice.transfer(carol.uri)
    carol.event("CALL_ESTABLISHED")
    alice.event("CALL_CLOSED")
    settled([bob, carol])
    hears(bob, [carol], absent=[alice])
    hears(carol, [bob], absent=[alice])


def dialog(phone, uri):
    """A telephone's call to this URI as a Replaces header names it for the other side, escaped for a URI."""
    text = "\n".join(phone.child.drain())
    for answer in re.findall(r"^SIP/2\.0 200 OK.*?(?:\n\n|\Z)", text.replace("\r", ""), re.M | re.S):
        if "INVITE" in answer and f"<{uri}>;tag=" in answer:
            ours = re.search(r"^From:.*;tag=([^;\s]+)", answer, re.M)[1]
            theirs = re.search(r"^To:.*;tag=([^;\s]+)", answer, re.M)[1]
            call_id = re.search(r"^Call-ID: *(\S+)", answer, re.M)[1]
            return f"{call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{ours}".replace("@", "%40")
    raise AssertionError(f"no answer from {uri} in\n{phone.child.tail()}")


def test_attended_transfer_puts_one_room_in_the_place_of_a_call_with_another(start_server, phone):
    """
    alice has asked carol's room whether bob's may join, and has hers call there in her place (RFC 5589 7.3): both
    her calls end, and the two rooms, on servers of their own, hear each other.
    """
    here, there = start_server(), start_server()
    alice = phone("alice", frequency=A, trace=True)
    bob, carol = phone("bob", frequency=B), phone("carol", frequency=C)
    bob.dial(here.uri("bobs"))
    carol.dial(there.uri("carols"))
    alice.dial(there.uri("carols"))
    await_voice(carol, alice)
    alice.dial(here.uri("bobs"))
    await_voice(bob, alice)
    alice.transfer(f"<{there.uri('carols')}?Replaces={dialog(alice, there.uri('carols'))}>")
    for _ in range(2):
        alice.event("CALL_CLOSED")
    settled([bob, carol])
    hears(bob, [carol], absent=[alice])
    hears(carol, [bob], absent=[alice])
    assert here.figures()["sessions"] == there.figures()["sessions"] == 2
