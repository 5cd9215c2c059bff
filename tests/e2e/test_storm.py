# SPDX-License-Identifier: GPL-3.0-or-later
"""
A thousand callers at once who join, talk, hold, hang up and vanish, round after round: nothing is left.

The default is a small storm, after which the kernel tells the server who is not there any more;
SYLK_STORM=10 blows ten rounds of a thousand, and nobody tells.
"""
import os

from harness import server as server_module, storm, wait

ROUNDS = int(os.environ.get("SYLK_STORM", "0"))
CALLERS = 1000 if ROUNDS else 200
PLACES = [f"room{n}" for n in range(12)] + ["echo"]
TIMEOUT_S = 10 if server_module.sanitized() else 3
# RFC 3261 17.1.2.2: how long a BYE is repeated to somebody who does not answer.
BYE_S = 32


def test_storm_of_calls_leaves_nothing_behind(start_server):
    server = start_server(rtp_pairs=CALLERS * 3, settings={
        "RTP": {"timeout": TIMEOUT_S}, "Server": {"log_level": "info"}})
    idle = server.descriptors()
    storms = []
    for number in range(ROUNDS or 2):
        storms.append(storm.Storm(server, PLACES, CALLERS, number))
        up, refused = storms[-1].blow()
        assert not refused, f"round {number}: requests of calls were refused: {refused}"
        assert up > CALLERS * 0.9, f"round {number}: {up} of {CALLERS} calls came up"
        if not ROUNDS:
            storms[-1].close()
    wait.until(lambda: server.figures()["sessions"] == 0, TIMEOUT_S + BYE_S + 20,
               "the sessions of those who vanished to end")
    wait.until(lambda: server.descriptors() <= idle, 10, "the sockets to be closed")
    for each in storms:
        each.close()
