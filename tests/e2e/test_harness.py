# SPDX-License-Identifier: GPL-3.0-or-later
"""The judges judged: the audio analysis on signals of known faults, and baresip against baresip."""
import numpy as np
import pytest

from harness import audio, capture, hearing, sipp as sipp_module
from harness.hearing import hears

# None of these meets the server, so once is enough.
pytestmark = pytest.mark.plain
RATE = 16000
A, B, C = audio.TONES[:3]


def voice(frequency, seconds=2.0, level=audio.LEVEL):
    return audio.tone(frequency, seconds, RATE, 1, level) / 32768.0


def test_sound_of_others_without_fault_is_accepted():
    assert audio.faults(voice(A) + voice(B), RATE, [A, B], [C]) == []


def test_missing_voice_is_noticed():
    assert "450 Hz" in audio.faults(voice(B), RATE, [A, B], [])[0]


@pytest.mark.parametrize("offset", [-3.0, 3.0])
def test_voice_of_wrong_loudness_is_noticed(offset):
    assert audio.faults(voice(A, level=audio.LEVEL + offset), RATE, [A], [])


def test_own_voice_coming_back_is_noticed():
    assert "must not" in audio.faults(voice(A) + voice(B, level=-55), RATE, [A], [B])[0]


def test_faint_remainder_is_not_taken_for_a_voice():
    assert audio.faults(voice(A) + voice(B, level=-65), RATE, [A], [B]) == []


def test_step_in_phase_is_no_faintness():
    samples = voice(A)
    assert audio.level(np.concatenate((samples[:RATE], samples[RATE + 18:])), RATE, A) == \
        pytest.approx(audio.LEVEL, abs=0.5)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("frequency", audio.TONES)
def test_gap_is_measured_in_either_voice(frequency, rate):
    other = audio.TONES[0] if frequency != audio.TONES[0] else audio.TONES[1]
    for missing in (0.0, 0.005, 0.030, 0.060):
        samples = audio.tone(frequency, 2.0, rate) / 32768.0
        n = int(missing * rate)
        samples[rate:rate + n] = 0
        samples += audio.tone(other, 2.0, rate) / 32768.0
        gap = audio.longest_gap(samples, rate, frequency)
        assert (gap > audio.GAP) == (missing > audio.GAP), f"{missing} s measured as {gap} s"
        assert audio.longest_gap(samples, rate, other) <= audio.GAP


def test_recording_is_readable_while_it_is_written(tmp_path):
    path = tmp_path / "half.wav"
    audio.write_wav(path, audio.tone(A, 1.0, 8000), 8000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4001])
    samples, rate = audio.read_wav(path)
    assert rate == 8000 and len(samples) == 8000 - 2001
    assert np.max(np.abs(samples)) == pytest.approx(0.1, abs=0.001)


def test_stream_with_holes_is_noticed():
    good = [(i * 0.02, (65530 + i) & 0xffff, (2 ** 32 - 800 + i * 160) % 2 ** 32, 0) for i in range(50)]
    assert capture.stream_faults(good, 8000) == []
    assert "sequence" in capture.stream_faults(good[:20] + good[21:], 8000)[0]
    late = good[:20] + [(t + 0.03, s, ts, p) for t, s, ts, p in good[20:]]
    assert "50 ms" in capture.stream_faults(late, 8000)[0]


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "g722", "opus"])
def test_two_phones_hear_each_other_directly(phone, codec):
    alice = phone("alice", codec=codec, frequency=A)
    bob = phone("bob", codec=codec, frequency=B, auto_answer=True)
    alice.dial(bob.uri)
    for listener, talker in ((alice, bob), (bob, alice)):
        hears(listener, [talker])
    alice.hangup()
    bob.event("CALL_CLOSED")


class Recorded:
    """A telephone that hears these spans, one after the other."""

    def __init__(self, *spans):
        self.spans = list(spans)

    def listen(self, _):
        return self.spans.pop(0), RATE


def with_gap():
    samples = voice(A)
    samples[4000:4400] = 0
    return samples


def test_interruption_counts_when_it_comes_again():
    assert hearing.faults(Recorded(with_gap(), with_gap(), voice(A)), [A]) == []
    assert "interrupted" in hearing.faults(Recorded(with_gap(), with_gap(), with_gap(), voice(A)), [A])[0]
    assert "at -1" in hearing.faults(Recorded(voice(A, level=-15), voice(A)), [A])[0]


def test_capture_finds_the_streams_of_a_call(phone, captured):
    alice = phone("alice", frequency=A)
    bob = phone("bob", frequency=B, auto_answer=True)
    with captured("udp") as packets:
        alice.dial(bob.uri)
        alice.listen(2)
        alice.hangup()
    packets.sip_ports = [alice.port, bob.port]
    own = range(*alice.rtp_ports), range(*bob.rtp_ports)
    streams = [key for key, sent in packets.rtp_streams().items()
               if len(sent) > 50 and any(key[0] in ports for ports in own)]
    assert len(streams) == 2, streams
    assert packets.malformed([alice.port, bob.port]) == []
    assert packets.rows("sip.Method == INVITE", "sip.r-uri.user")[0]["sip.r-uri.user"] == "bob"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("scenario", ["call", "late_offer", "hold", "cancel"])
def test_scenarios_are_fair_to_another_phone(phone, folder, scenario, transport):
    class Peer:
        ip = "127.0.0.1"

        @staticmethod
        def host(_):
            return f"127.0.0.1:{bob.port}"

    bob = phone("bob", codec="pcma", auto_answer=scenario != "cancel")
    result = sipp_module.run(folder, scenario, Peer, user="bob", transport=transport)
    sipp_module.check(result)
