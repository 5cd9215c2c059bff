# SPDX-License-Identifier: GPL-3.0-or-later
"""Codecs as telephones experience them: everybody hears everybody, whatever each one speaks."""
import pytest
from harness import audio, wait
from harness.hearing import hears, settled

A, B, C, D, E = audio.TONES[:5]
ALL = {"RTP": {"audio_codecs": "opus, G722, speex, GSM, PCMU, PCMA"}}


def hears_each(listener, talkers, seconds=2.0):
    """
    For codecs made for one voice, which a chord of tones is not: each talker is there, nothing is
    interrupted, and the listener does not hear himself.
    """
    samples, rate = listener.listen(seconds)
    for talker in talkers:
        got = audio.level(samples, rate, talker.frequency)
        assert abs(got - talker.level) < 3 * audio.TOLERANCE, f"{listener.name} hears {talker.name} at {got:.1f} dB"
    own = audio.level(samples, rate, listener.frequency)
    assert own < listener.level - 20, f"{listener.name} hears himself at {own:.1f} dB"


def test_five_codecs_in_a_room_hear_each_other(start_server, phone):
    server = start_server(settings=ALL)
    phones = [phone(codec, codec=codec, frequency=frequency) for codec, frequency in
              (("opus", A), ("g722", B), ("pcmu", C), ("pcma", D), ("gsm", E))]
    for one in phones:
        one.dial(server.uri("room"))
    settled(phones)
    for one in phones:
        check = hears_each if one.codec == "gsm" else hears
        check(one, [other for other in phones if other is not one])


def test_gsm_and_a_telephone_hear_each_other_as_loud_as_sent(start_server, phone):
    server = start_server(settings=ALL)
    phones = [phone("alice", codec="gsm", frequency=A), phone("bob", codec="g722", frequency=B)]
    for one in phones:
        one.dial(server.uri("room"))
    settled(phones)
    hears(phones[0], [phones[1]])
    hears(phones[1], [phones[0]])


@pytest.mark.parametrize("codec", ["speex8", "speex", "speex32"])
def test_speex_of_linphone_is_heard_and_hears(start_server, phone, linphone_phone, codec):
    server = start_server(settings=ALL)
    alice, bob = linphone_phone("alice", codec=codec, frequency=A), phone("bob", frequency=B)
    for one in (alice, bob):
        one.dial(server.uri("room"))
    settled([alice, bob])
    hears(alice, [bob])
    hears(bob, [alice])
    alice.hangup()
    wait.until(lambda: server.figures()["sessions"] == 1, 10, "linphone's call to end")
