# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls encrypted by SRTP with keys in the session descriptions: what telephones and eavesdroppers hear."""
import collections
import math
import os
import re

import pytest

from harness import audio, capture
from test_echo import hears_himself
from harness.hearing import hears, settled

INLINE = re.compile(r"a=crypto:\d+ (\S+) inline:([A-Za-z0-9+/=]+)")


def log_of(server):
    with open(os.path.join(server.folder, "sylk-server.log"), encoding="utf-8", errors="replace") as log:
        return log.read()


def descriptions(recorded):
    """What went over the wire as SIP over UDP, as text."""
    rows = recorded.rows("sip", "udp.payload")
    return "\n".join(bytes.fromhex(row["udp.payload"].replace(":", "")).decode("utf-8", "replace")
                     for row in rows)


def entropy(recorded, ports):
    """Bits per byte of what follows the header in all packets of audio from or to these ports."""
    counts = collections.Counter()
    ends = " or ".join(f"({end} >= {ports[0]} and {end} <= {ports[1]})" for end in ("udp.srcport", "udp.dstport"))
    # RTCP is shorter than 20 ms of PCMU.
    for row in recorded.rows(f"({ends}) and udp.length > 160", "udp.payload"):
        counts.update(bytes.fromhex(row["udp.payload"].replace(":", ""))[12:])
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values()) if total else 0.0


def test_encrypted_and_plain_phones_in_a_room_hear_each_other(server, phone, folder):
    """Mandatory, optional and no encryption; who listens on the wire hears the last only."""
    names = {"alice": "srtp-mand", "bob": "srtp", "carol": None}
    phones = [phone(name, codec="pcmu", frequency=audio.TONES[i], encryption=encryption)
              for i, (name, encryption) in enumerate(names.items())]
    with capture.Capture(folder, "udp") as recorded:
        recorded.sip_ports = [server.ports["udp"]]
        for one in phones:
            one.dial(server.uri("room"))
        settled(phones)
        for one in phones:
            hears(one, [other for other in phones if other is not one])
        for one in phones:
            one.hangup()
    alice, bob, carol = (entropy(recorded, one.rtp_ports) for one in phones)
    # Tones in PCMU use few of its values, and those unevenly; what is encrypted uses all alike.
    assert alice > 7.9 and bob > 7.9 and 0 < carol < 7.5, (alice, bob, carol)
    text, log = descriptions(recorded), log_of(server)
    keys = INLINE.findall(text)
    assert len({key for _, key in keys}) >= 4, text
    assert not [key for _, key in keys if key in log]
    assert "inline:" not in log
    assert log.count("its keys came over a connection that is not") == 1


@pytest.mark.parametrize("codec", ["pcma", "opus"])
def test_echo_of_an_encrypted_call(server, phone, codec):
    caller = phone("caller", codec=codec, encryption="srtp-mand")
    caller.dial(server.uri("echo"))
    hears_himself(caller)
    caller.hangup()


def test_without_encryption_allowed_only_optional_encryption_is_let_in(start_server, phone):
    server = start_server(settings={"RTP": {"srtp_encryption": "disabled"}})
    strict, lax = phone("strict", encryption="srtp-mand"), phone("lax", encryption="srtp")
    strict.command("dial", server.uri("echo"))
    assert "488" in str(strict.event("CALL_CLOSED"))
    lax.dial(server.uri("echo"))
    hears_himself(lax)
