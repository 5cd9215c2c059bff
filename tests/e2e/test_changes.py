# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that change while somebody speaks: another codec, other keys; nobody hears that."""
from harness import audio, caller, hearing, speaker

TRIES = 3


def change_unheard(bob, talker, change):
    """Change the talker's call while bob listens; returns what he hears wrongly. What a busy machine spoils is tried anew."""
    found = []
    for _ in range(TRIES):
        start = bob.heard_seconds()
        change()
        bob.listen(1.2)
        samples, rate = bob.heard()
        found = audio.faults(samples[int(start * rate):], rate, [talker.frequency], [])
        if not found or not all(audio.INTERRUPTED in fault for fault in found):
            break
    return found


def test_codec_changes_while_speaking(server, phone):
    bob = phone("bob", frequency=audio.TONES[0])
    with caller.Caller(server, "room") as alice:
        def change():
            alice.formats = {"0": "8", "8": "0"}[alice.formats]
            alice.call()
            assert alice.status == 200 and f" RTP/AVP {alice.formats}\r\n" in alice.answer, alice.answer
            voice.payload_type = int(alice.formats)

        alice.call()
        bob.dial(server.uri("room"))
        with speaker.Speaker(alice, audio.TONES[3]) as voice:
            hearing.await_voice(bob, voice)
            assert change_unheard(bob, voice, change) == []
            assert change_unheard(bob, voice, change) == []
            bob.hangup()


def test_keys_change_by_invite_and_by_update_while_speaking(server, phone):
    bob = phone("bob", frequency=audio.TONES[0])
    with caller.Caller(server, "room") as alice:
        def change_by(request):
            key = speaker.new_key()
            alice.attributes = [speaker.crypto(key)]
            request()
            assert alice.status == 200, alice.status
            voice.use_keys(key, speaker.key_of(alice.answer))

        voice = speaker.Speaker(alice, audio.TONES[3])
        alice.profile = "RTP/SAVP"
        change_by(alice.call)
        bob.dial(server.uri("room"))
        with voice:
            hearing.await_voice(bob, voice)
            for request in (alice.call, alice.update):
                assert change_unheard(bob, voice, lambda request=request: change_by(request)) == []
            bob.hangup()
    # What the server sent was libsrtp's to read, under each key; but for what came before the answer was read.
    heard = audio.mu_law(voice.heard[-16000:-8000])
    assert abs(audio.level(heard, 8000, bob.frequency) - bob.level) < audio.TOLERANCE
    assert voice.unreadable <= 25, voice.unreadable
