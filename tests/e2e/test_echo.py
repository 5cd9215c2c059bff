# SPDX-License-Identifier: GPL-3.0-or-later
"""The echo test: one hears oneself, over every transport and address family that the server has."""
import time

import pytest

from harness import audio, hearing
from harness.hearing import await_voice


def hears_himself(caller):
    await_voice(caller, caller)
    assert hearing.faults(caller, [caller.frequency], audio.TONES[1:]) == []


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "opus"])
def test_echo_returns_the_callers_voice(server, phone, codec):
    caller = phone("caller", codec=codec)
    caller.dial(server.uri("echo"))
    hears_himself(caller)
    caller.hangup()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_echo_over_each_transport_and_address_family(start_server, phone, transport, ip):
    server = start_server(ip=ip)
    caller = phone("caller", ip=ip)
    caller.dial(server.uri("echo", transport))
    hears_himself(caller)
    caller.hangup()


def test_server_hangs_up_its_calls_when_it_stops(start_server, phone):
    server = start_server()
    caller = phone("caller")
    caller.dial(server.uri("echo"))
    hears_himself(caller)
    server.terminate()
    caller.event("CALL_CLOSED")


def test_server_stops_cleanly_after_having_been_idle(start_server):
    server = start_server()
    # The one thing awaited here is time: longer than the limit for stopping, with nothing going on.
    time.sleep(6)
    server.stop()
