# SPDX-License-Identifier: GPL-3.0-or-later
"""Playback: callers hear the file of the address that they called, and are hung up on; messages get a joke."""
import pytest

from harness import audio
from test_messages import Peer

TONE = audio.TONES[3]
SETTINGS = {"Server": {"application_map": "playback:playback,missing:playback,quiet:playback"}}


@pytest.fixture
def playback(start_server, folder):
    path = folder + "/tune.wav"
    # Another rate than the mixer's and the codec's, and two channels.
    audio.write_wav(path, audio.tone(TONE, 2.0, 44100, 2), 44100, 2)
    return start_server(settings=SETTINGS, files={
        "playback.ini": f"[Playback]\nanswer_delay = 0\nfiles_dir = {folder}\n[playback]\nfile = tune.wav\n"
                        f"[missing]\nfile = {folder}/missing.wav\n"
                        "[quiet]\nfile = tune.wav\nenable_chuck_norris_reply = no\n"})


@pytest.mark.parametrize("codec", ["pcmu", "opus"])
def test_file_is_heard_entirely_and_the_call_ends(playback, phone, codec):
    caller = phone("caller", codec=codec)
    caller.dial(playback.uri("playback"))
    caller.event("CALL_CLOSED", 10)
    samples, rate = caller.heard()
    env = audio.envelope(samples, rate, TONE, 0.05, 0.01)
    heard = audio.np.nonzero(env > audio.LEVEL - 6)[0]
    assert len(heard) and abs((heard[-1] - heard[0]) / 100 - 2.0) < 0.1, len(heard)
    part = samples[int((heard[0] + 10) * rate / 100):int((heard[-1] - 10) * rate / 100)]
    assert audio.faults(part, rate, [TONE], [caller.frequency]) == []


def test_missing_file_ends_the_call_and_is_logged(playback, phone):
    caller = phone("caller")
    caller.dial(playback.uri("missing"))
    caller.event("CALL_CLOSED", 5)
    playback.child.expect(lambda line: "missing.wav cannot be played: No such file" in line, 5, 0)


def test_message_is_answered_with_a_joke_where_that_is_wanted(playback):
    peer = Peer(playback)
    peer.message("text/plain", "hello", user="playback")
    first, _, _ = peer.receive()
    assert first.startswith("SIP/2.0 200"), first
    first, headers, body = peer.receive()
    assert first.startswith("MESSAGE ") and headers["Content-Type"] == "text/plain"
    assert "Chuck Norris" in body
    for user, headers in (("quiet", ""), ("echoes-nobody", "X-Sylk-App: playback\r\n")):
        peer.message("text/plain", "hello", user=user, headers=headers)
        assert peer.receive()[0].startswith("SIP/2.0 404")
    # A machine's own words are not replied to; the next one's answer comes at once.
    peer.message("text/plain", "ha", user="playback", headers="Auto-Submitted: auto-replied\r\n")
    assert peer.receive()[0].startswith("SIP/2.0 200")
    peer.message("text/plain", "hello", user="quiet")
    assert peer.receive()[0].startswith("SIP/2.0 404")
    peer.sock.close()
