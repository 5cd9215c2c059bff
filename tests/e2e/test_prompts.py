# SPDX-License-Identifier: GPL-3.0-or-later
"""
What participants hear that nobody else does: prompts and music on hold, which are tones here, so that
their order and loudness can be told.
"""
import os

import pytest

from harness import audio, hearing, wait
from harness.hearing import await_silence_of, await_voice

A, B = audio.TONES[:2]
WELCOME, ONLY, ONE, CONNECTED, MUSIC = audio.TONES[2:7]
RATE = 32000
LOUD = -12.0
# Spec 2.5, in dB: prompts at half, music at a fifth; the room is heard at 0.3 under prompts.
PROMPT, MUSIC_LEVEL, UNDER = LOUD - 6.0, LOUD - 14.0, audio.LEVEL - 10.5


@pytest.fixture
def sounds(folder):
    """sounds({name: tone}) makes a folder of resources with these sounds, half a second each."""
    def make(files):
        root = os.path.join(folder, "made")
        for name, frequency in files.items():
            path = os.path.join(root, "sounds", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            seconds = 20 if name.startswith("moh/") else 0.5
            audio.write_wav(path, audio.tone(frequency, seconds, RATE, level=LOUD), RATE)
        os.makedirs(os.path.join(root, "sounds"), exist_ok=True)
        return root

    return make


def spans(phone, frequency, level):
    """(begin, end) in seconds of what the phone has heard of a tone at about this level."""
    samples, rate = phone.heard()
    env = audio.envelope(samples, rate, frequency, 0.05, 0.01)
    found = []
    for i, value in enumerate(env):
        if value < level - 6:
            continue
        if found and i - found[-1][1] < 10:
            found[-1][1] = i
        else:
            found.append([i, i])
    return [(begin / 100, end / 100 + 0.05) for begin, end in found if end - begin > 10]


def await_tone(phone, frequency, level):
    return wait.until(lambda: spans(phone, frequency, level), 12, f"{phone.name} to hear {frequency} Hz")


def level_in(phone, frequency, begin, seconds):
    samples, rate = phone.heard()
    return audio.level(samples[int(begin * rate):int((begin + seconds) * rate)], rate, frequency)


def near(got, wanted):
    return abs(got - wanted) <= audio.TOLERANCE


ALL = {"co_welcome_conference.wav": WELCOME, "co_only_one.wav": ONLY, "co_there_is_one.wav": ONE,
       "connected_tone.wav": CONNECTED, "moh/a.wav": MUSIC}


def test_who_is_alone_hears_prompts_and_music_and_a_joiner_hears_prompts_over_the_room(
        start_server, phone, sounds):
    server = start_server(resources=sounds(ALL), files={"conference.ini": ""})
    alice, bob = phone("alice", frequency=A), phone("bob", codec="opus", frequency=B)
    alice.dial(server.uri("room"))
    music = await_tone(alice, MUSIC, MUSIC_LEVEL)[0]
    order = [spans(alice, tone, PROMPT) for tone in (WELCOME, ONLY, CONNECTED)]
    assert all(len(heard) == 1 for heard in order), order
    begins = [heard[0][0] for heard in order] + [music[0]]
    assert begins == sorted(begins)
    for heard in order:
        assert abs(heard[0][1] - heard[0][0] - 0.5) < 0.1, order
    alice.listen(0.5)
    assert near(level_in(alice, MUSIC, music[0] + 0.2, 0.3), MUSIC_LEVEL)

    bob.dial(server.uri("room"))
    await_voice(alice, bob)
    assert hearing.faults(alice, [B], [A, WELCOME, ONE, MUSIC], 0.5) == []
    await_tone(bob, CONNECTED, PROMPT)
    begin = await_tone(bob, ONE, PROMPT)[0][0]
    assert not spans(bob, ONLY, PROMPT) and not spans(bob, MUSIC, MUSIC_LEVEL)
    assert near(level_in(bob, ONE, begin + 0.1, 0.3), PROMPT)
    assert near(level_in(bob, A, begin + 0.1, 0.3), UNDER)
    bob.listen(1)
    assert hearing.faults(bob, [A], [B, WELCOME, CONNECTED, MUSIC], 0.5) == []

    bob.hangup()
    await_silence_of(alice, bob)
    wait.until(lambda: len(spans(alice, MUSIC, MUSIC_LEVEL)) == 2, 5, "the music to come back")


def test_before_he_hears_prompts_only_and_then_the_room(start_server, phone, sounds):
    server = start_server(
        resources=sounds(ALL), files={"conference.ini": "[Conference]\nwelcome_prompts = before\n"
                                                        "disable_music_on_hold = yes\n"})
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    alice.dial(server.uri("room"))
    await_tone(alice, CONNECTED, PROMPT)
    bob.dial(server.uri("room"))
    await_voice(bob, alice)
    await_voice(alice, bob)
    begin = spans(bob, ONE, PROMPT)[0][0]
    assert level_in(bob, A, begin + 0.1, 0.3) < audio.LEVEL + audio.SILENT
    assert not spans(alice, MUSIC, MUSIC_LEVEL)


def test_prompts_and_music_can_be_switched_off(start_server, phone, sounds):
    server = start_server(
        resources=sounds(ALL), files={"conference.ini": "[Conference]\nwelcome_prompts = off\n"
                                                        "[quiet@127.0.0.1]\ndisable_music_on_hold = yes\n"})
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    alice.dial(server.uri("quiet"))
    bob.dial(server.uri("other"))
    await_tone(bob, MUSIC, MUSIC_LEVEL)
    samples, rate = alice.listen(1.5)
    assert audio.faults(samples, rate, [], audio.TONES) == []


def test_missing_sounds_are_logged_and_calls_go_on(start_server, phone, sounds):
    server = start_server(
        resources=sounds({}), files={"conference.ini": "[Conference]\nwelcome_prompts = before\n"})
    alice, bob = phone("alice", frequency=A), phone("bob", frequency=B)
    alice.dial(server.uri("room"))
    bob.dial(server.uri("room"))
    await_voice(alice, bob)
    await_voice(bob, alice)
    log = server.child.drain()
    assert any("co_there_is_one.wav cannot be played: No such file" in line for line in log)
    assert any("No music on hold" in line for line in log)


def test_sounds_that_come_with_the_server_speak(start_server, phone):
    server = start_server(files={"conference.ini": "[Conference]\nlanguage = de\n"})
    alice = phone("alice", codec="opus", frequency=A)
    alice.dial(server.uri("room"))
    samples, _ = alice.listen(2.5)
    # A voice at half: its loudest tenth of a second.
    frames = samples[:len(samples) // 4800 * 4800].reshape(-1, 4800)
    loudest = audio.to_db(audio.np.sqrt(2 * audio.np.max(audio.np.mean(frames ** 2, axis=1))))
    assert -30 < loudest < -8, loudest
    assert not [line for line in server.child.drain() if "cannot be played" in line]
