# SPDX-License-Identifier: GPL-3.0-or-later
"""Many calls at once: none is refused, repeated or forgotten, and their memory comes back."""
import pytest

from harness import sipp as sipp_module, wait

CALLS = 200


def many(folder, server, hold=3000):
    """200 calls to one room at 50 a second, all of them up for a while."""
    result = sipp_module.run(folder, "call", server, user="crowd", calls=CALLS, rate=50,
                             hold=hold, seconds=60)
    sipp_module.check(result, CALLS)


def wide(start_server):
    """A server that has ports for all of them."""
    return start_server(rtp_pairs=CALLS + 20)


def test_two_hundred_calls_are_set_up_held_and_ended(start_server, folder):
    server = wide(start_server)
    idle = server.descriptors()
    many(folder, server, hold=5000)
    wait.until(lambda: server.figures()["sessions"] == 0, 10, "the sessions to end")
    wait.until(lambda: server.descriptors() <= idle, 10, "the sockets to be closed")


@pytest.mark.plain
def test_memory_returns_after_many_calls(start_server, folder):
    server = wide(start_server)
    sizes = []
    for _ in range(4):
        many(folder, server, hold=500)
        wait.until(lambda: server.figures()["sessions"] == 0, 10, "the sessions to end")
        sizes.append(server.rss())
    # The first rounds fill pools, and finished transactions (RFC 3261 17) of up to 32 s: the later
    # rounds, in which the earlier ones' come free, may add no more than those still cost.
    allowed = 2 * CALLS * 3 * 1024 + (1 << 20)
    assert sizes[-1] - sizes[1] < allowed, f"resident bytes after each round of {CALLS}: {sizes}"
