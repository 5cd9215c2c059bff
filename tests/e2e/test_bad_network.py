# SPDX-License-Identifier: GPL-3.0-or-later
"""A real telephone behind a real line that loses and delays, in real time; the other hears what is made of it."""
from harness import audio, relay, wait
from harness.hearing import await_voice

TRIES = 3

# The part of the voice's time in which it may be missing with that line. Without concealment it is what is lost.
PHASES = (
    ("1 %", relay.Line(loss=0.01), 0.02),
    ("5 %", relay.Line(loss=0.05), 0.03),
    ("10 %", relay.Line(loss=0.10), 0.05),
    ("bursts", relay.Line(begin=0.03, end=0.5), 0.05),
    ("jitter", relay.Line(jitter=0.120), 0.08),
)


def missing(samples, rate, talker):
    """The part of the time in which a voice is not heard."""
    return float(audio.np.mean(audio.envelope(samples, rate, talker.frequency) < talker.level + audio.DIP))


def test_a_telephone_behind_a_bad_network_is_understood(start_server, phone):
    server = start_server(rtp_pairs=4, settings={"SIP": {"advertised_ip": relay.IP}})
    alice, bob = (phone(name, frequency=audio.TONES[i]) for i, name in enumerate(("alice", "bob")))
    ports = [server.ports["udp"], *range(*server.rtp_ports)]
    with relay.Relay(server.ip, ports, range(alice.rtp_ports[0], alice.rtp_ports[1] + 1)) as line:
        for one in (alice, bob):
            one.dial(server.uri("room"))
        await_voice(bob, alice)
        for name, bad, most in PHASES:
            line.line = bad
            # A busy machine stops somebody now and then; a fault of the server's comes again.
            for _ in range(TRIES):
                samples, rate = bob.listen(2)
                part = missing(samples, rate, alice)
                if part <= most:
                    break
            assert part <= most, f"{name}: {part:.1%} of what alice says is missing"
            assert audio.level(samples, rate, alice.frequency) > alice.level - 4, name
        assert line.lost > 15, f"{line.lost} of {line.carried} lost"
        for one in (alice, bob):
            one.hangup()
        # A telephone whose BYE is not answered repeats it for half a minute.
        wait.until(lambda: server.figures()["sessions"] == 0, 10, "the server to hear of the end")
