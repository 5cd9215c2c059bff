# SPDX-License-Identifier: GPL-3.0-or-later
"""Conference rooms as telephones experience them: who hears whom, how loud, and without a gap."""
from harness import audio, capture, wait
from harness.hearing import await_silence_of, hears, settled

A, B, C, D = audio.TONES[:4]


def test_two_phones_in_a_room_hear_each_other(server, phone):
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    hears(alice, [bob])
    hears(bob, [alice])


def test_three_codecs_in_a_room_hear_each_other(server, phone):
    phones = [phone("alice", codec="pcmu", frequency=A), phone("bob", codec="pcma", frequency=B),
              phone("carol", codec="opus", frequency=C)]
    for one in phones:
        one.dial(server.uri("room"))
    settled(phones)
    for one in phones:
        hears(one, [other for other in phones if other is not one])


def test_late_joiner_is_heard_and_interrupts_nobody(server, phone):
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    carol = phone("carol", codec="opus", frequency=C)
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    before = alice.heard_seconds()
    carol.dial(server.uri("room"))
    settled([alice, bob, carol])
    hears(carol, [alice, bob])
    # From before the joining until now: bob's voice without a gap.
    samples, rate = alice.heard()
    part = samples[int(before * rate):]
    gap = audio.longest_gap(part, rate, B)
    assert gap <= audio.GAP, f"bob interrupted for {gap * 1000:.0f} ms when carol joined"


def test_leaver_is_gone_and_interrupts_nobody(server, phone):
    alice, bob, carol = (phone(name, frequency=f) for name, f in
                         (("alice", A), ("bob", B), ("carol", C)))
    for one in (alice, bob, carol):
        one.dial(server.uri("room"))
    settled([alice, bob, carol])
    before = alice.heard_seconds()
    carol.hangup()
    await_silence_of(alice, carol)
    hears(alice, [bob], absent=[carol])
    samples, rate = alice.heard()
    gap = audio.longest_gap(samples[int(before * rate):], rate, B)
    assert gap <= audio.GAP, f"bob interrupted for {gap * 1000:.0f} ms when carol left"


def test_last_leaver_empties_the_room(server, phone):
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    idle = server.figures()
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    assert server.figures()["sessions"] == 2
    for one in (alice, bob):
        one.hangup()
    wait.until(lambda: server.figures()["sessions"] == 0, 10, "the sessions to end")
    # Finished transactions stay for a while (RFC 3261 17); sessions, legs and the room do not.
    alice.dial(server.uri("room"))
    alice.listen(1)
    assert server.figures()["sessions"] == 1
    assert idle["sessions"] == 0


def test_rooms_do_not_hear_each_other(server, phone):
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    carol, dave = phone("carol", frequency=C), phone("dave", frequency=D)
    for one, room in ((alice, "one"), (bob, "one"), (carol, "two"), (dave, "two")):
        one.dial(server.uri(room))
    settled([alice, bob])
    settled([carol, dave])
    hears(alice, [bob], absent=[carol, dave])
    hears(dave, [carol], absent=[alice, bob])


def test_stream_to_a_phone_is_steady_and_well_formed(server, phone, captured):
    alice, bob = phone("alice", frequency=A), phone("bob", codec="pcma", frequency=B)
    with captured("udp") as packets:
        for one in (alice, bob):
            one.dial(server.uri("room"))
        settled([alice, bob])
        alice.listen(3)
        for one in (alice, bob):
            one.hangup()
    packets.sip_ports = [server.ports["udp"], alice.port, bob.port]
    first, last = server.rtp_ports
    streams = {key: packets_ for key, packets_ in packets.rtp_streams().items()
               if first <= key[0] < last and len(packets_) > 50}
    assert len(streams) == 2, f"streams from the server: {list(streams)}"
    for key, sent in streams.items():
        # A busy machine may delay a packet; what was not sent in time must not be bunched or lost.
        assert capture.stream_faults(sent, 8000, late=0.040) == [], key
    assert packets.malformed([server.ports["udp"], *range(first, last)]) == []
