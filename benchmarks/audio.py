# SPDX-License-Identifier: GPL-3.0-or-later
"""
What audio in a room costs: everybody speaking, and three speaking to an audience; Opus at 48 kHz and
PCMU; beside Debian's Janus AudioBridge in the same run. And three speaking to an audience in SRTP (Opus,
SDES, AES_CM_128_HMAC_SHA1_80), beside a program that only protects and sends as many packets.

The server has one processor to itself with one media thread, the load another. A room counts as on
time when everybody in it gets his 50 packets a second: 49.9 on average, nobody less than 49, and on
average nobody waits for one longer than 40 ms more than once in a minute; and when the server reads what
it is sent, so that no more than a packet of each participant waits for it. The largest such room is
searched for; "ms" is CPU milliseconds of the server, all threads, per participant and second of talk. Of
SRTP every sixteenth participant opens all that he hears; all of it must be authentic.
"""
import argparse
import contextlib
import json
import time

import janus
from load import limit, measure, sylk
from load.generator import Generator
from load.sip_calls import PAYLOADS, Calls

SPEAKERS = 3
SMALL = (50, 80)
SHORT_S, LONG_S = 3, 8
GAPS_PER_SECOND = 1 / 60
# What a packet of our sizes costs in a socket, and a little: the kernel counts its own memory.
WAITING_BYTES = 1000
# A failed window in which others used so much of the server's processor, or in which the generator
# itself came late, is repeated.
DISTURBED = 0.03
PACE = 1.03
REPEATS = 2
SEARCH_S = 24
HEAD = ("", "participants", "ms", "packets/s", "least", "gaps/s", "unread", "CPU %", "others %",
        "on time")


class Result:
    """One window with a room of a certain size."""

    def __init__(self, name, size, window, heard, unread, overtaxed):
        self.name = name
        self.size = size
        self.load = window.load
        self.others = window.others
        self.heard = heard
        self.ms = window.load * 1000 / size
        self.gaps = heard["gaps"] / heard["flows"] / heard["seconds"]
        self.unread = unread / size
        self.on_time = (not overtaxed and heard["rate_mean"] >= 49.9 and heard["behind"] == 0
                        and heard["bad"] == 0 and self.gaps <= GAPS_PER_SECOND
                        and self.unread <= WAITING_BYTES)
        # The generator could not keep its own pace: nothing is said about the server.
        self.overtaxed = overtaxed
        self.disturbed = window.others > DISTURBED or heard["late_slots"] > 0

    def row(self):
        heard = self.heard
        return (self.name, self.size, f"{self.ms:.3f}", f"{heard['rate_mean']:.2f}",
                f"{heard['rate_min']:.1f}", f"{self.gaps:.3f}", f"{self.unread:.0f}", f"{self.load * 100:.1f}",
                f"{self.others * 100:.1f}", "yes" if self.on_time else "no")


def observe(name, pid, generator, seconds):
    """Count for a while; a window that failed in a disturbed time gets another chance."""
    for _ in range(1 + REPEATS):
        window = measure.Window(pid)
        window.start()
        heard = generator.run(seconds)
        window.stop()
        # Of three looks the best: what a moment left, the next reads away.
        unread = min(measure.waiting(pid) for _ in range(3))
        result = Result(name, generator.flows, window, heard, unread,
                        heard["seconds"] > seconds * PACE)
        if result.on_time or not result.disturbed:
            break
    return result


class Room:
    """A room of sylk-server that can be made larger and smaller."""

    def __init__(self, name, server, generator, calls, codec, speakers, srtp=False):
        self.name = name
        self.server = server
        self.generator = generator
        self.calls = calls
        self.codec = codec
        self.speakers = speakers
        self.srtp = srtp
        self.members = []
        self.overtaxed = False  # whether the generator, not the server, set the limit

    def resize(self, size, seconds=15):
        first, more = len(self.members), size - len(self.members)
        if more > 0:
            ports = self.generator.open(more)
            try:
                self.members += self.calls.add("load", ports, self.codec, self.srtp, seconds)
            except RuntimeError:
                self.generator.drop(more)
                raise
        elif more < 0:
            self.calls.remove(self.members[size:])
            del self.members[size:]
            self.generator.drop(-more)
        for index in range(first, size):
            talks = self.speakers is None or index < self.speakers
            member = self.members[index]
            self.generator.flow(index, member.media, PAYLOADS[self.codec][0], self.codec,
                                "talk" if talks else "listen",
                                (member.key, member.their_key) if self.srtp else ())

    def measure(self, size, seconds):
        self.resize(size)
        self.generator.run(0.6)
        return observe(self.name, self.server.pid, self.generator, seconds)


def next_size(good, bad, load):
    """
    The size to try after good was on time with this load of the processor (a fraction), and bad, if
    not None, was not: as far as the load lets expect, at most the double.
    """
    expected = int(good * max(1.05, min(2.0, 0.96 / load)))
    if bad is None:
        return expected
    middle = (good + bad) // 2
    return min(middle, expected) if expected > good else middle


def search(room, first, verbose=False):
    """The largest room on time, confirmed by a longer window; None when not even a small one is."""
    end = time.monotonic() + SEARCH_S
    good = bad = None
    size = first
    while time.monotonic() < end and size > 1 and (
            bad is None or good is None or bad - good > max(1, good // 33)):
        try:
            result = room.measure(size, SHORT_S)
        except RuntimeError as error:
            # More participants are not even let in.
            print(f"{room.name}: {size} participants: {str(error).splitlines()[0]}", flush=True)
            result = None
        if verbose and result:
            print(result.row(), result.heard, flush=True)
        if result and result.on_time:
            good = size
            size = next_size(good, bad, result.load)
        else:
            bad = size
            room.overtaxed = result is not None and result.overtaxed
            size = (good + bad) // 2 if good else size // 2
    return confirm(room, good) if good else None


def confirm(room, size):
    for _ in range(3):
        result = room.measure(size, LONG_S)
        if result.on_time:
            return result
        size -= max(1, size // 25)
    return None


def our_mode(codec, speakers, first, verbose=False, srtp=False):
    """What was found of one kind of room, as figures() takes it."""
    name = f"sylk-server {codec}, " + ("SRTP, " if srtp else "") + (
        "all speak" if speakers is None else f"{speakers} speak")
    with sylk.running() as server, Generator() as generator, \
            Calls((server.ip, server.ports["udp"])) as calls:
        room = Room(name, server, generator, calls, codec, speakers, srtp)
        empty = measure.resident(server.pid)
        rows = [room.measure(size, SHORT_S) for size in SMALL]
        room.resize(first, 60)  # in any case: a disturbed machine lets few in at a time
        generator.run(1)
        bytes_each = (measure.resident(server.pid) - empty) // first
        largest = search(room, first, verbose)
        compared = limit.compare(server, generator) if srtp else None
        calls.remove(room.members)
    return {"rows": rows, "largest": largest, "bytes": bytes_each, "compared": compared,
            "limit": "load generator" if room.overtaxed else "server"}


def janus_mode(bridge, number, codec, speakers):
    """Rows of small rooms. Janus mixes PCMU at 16 kHz, and sends nothing to whom it never heard."""
    name = f"Janus {codec}, " + ("all speak" if speakers is None else f"{speakers} speak")
    rate, payload_type = (48000, 111) if codec == "opus" else (16000, 0)
    manager = bridge.create_room(number, rate=rate)
    members, rows = [], []
    with Generator() as generator:
        for size in SMALL:
            first = len(members)
            for index, port in enumerate(generator.open(size - first), first):
                member = bridge.participant()
                members.append(member)
                address = member.join_rtp(number, "127.0.0.1", port, codec=codec,
                                          payload_type=payload_type)
                talks = speakers is None or index < speakers
                generator.flow(index, address, payload_type, codec, "talk" if talks else "knock")
            generator.run(1.5)
            rows.append(observe(name, bridge.pid, generator, SHORT_S))
        for member in members:
            member.leave()
    manager.ask("success", request="destroy", room=number)
    return rows


def janus_modes(codecs):
    """All rows of Janus by (codec, speakers); none where its package cannot be had."""
    found = {}
    with contextlib.ExitStack() as stack:
        try:
            with measure.started_on(measure.SERVER_CORE):
                bridge = stack.enter_context(janus.Janus())
        except Exception as error:  # whatever keeps a foreign server from starting
            print(f"Janus cannot be had here: {error}", flush=True)
            return found
        for number, (codec, speakers) in enumerate(
                [(codec, speakers) for codec in codecs for speakers in (SPEAKERS, None)], 1):
            found[codec, speakers] = janus_mode(bridge, number, codec, speakers)
    return found


def figures(codec, ours, theirs):
    """The JSON object's part of one codec; Opus' keys have no prefix."""
    prefix = "" if codec == "opus" else codec + "_"
    found = {}
    for speakers, plural, one in ((SPEAKERS, "listeners", "listener"), (None, "talkers", "talker")):
        rows, largest = ours[speakers]["rows"], ours[speakers]["largest"]
        size = largest.size if largest else 0
        found[f"{plural}_on_time"] = max(0, size - speakers) if speakers else size
        found[f"{plural}_limited_by"] = ours[speakers]["limit"]
        found[f"ms_per_{one}_s"] = round((largest or rows[-1]).ms, 4)
        found[f"ms_per_{one}_s_at_{rows[-1].size}"] = round(rows[-1].ms, 4)
        found["bytes_per_participant" if speakers else "bytes_per_talker"] = ours[speakers]["bytes"]
        if speakers in theirs:
            found[f"janus_ms_per_{one}_s"] = round(theirs[speakers][-1].ms, 4)
            found[f"janus_packets_s_{plural}"] = theirs[speakers][-1].heard["rate_mean"]
    return {prefix + name: value for name, value in found.items()}


def srtp_mode(verbose):
    """Print what an audience in SRTP costs; its part of the JSON object."""
    ours = our_mode("opus", SPEAKERS, 1000, verbose, srtp=True)
    rows, largest = ours["rows"], ours["largest"]
    server_us, limit_us = ours["compared"]
    measure.table(HEAD, [row.row() for row in rows + ([largest] if largest else [])])
    size = largest.size if largest else 0
    print(f"the last room, us of CPU per packet: server {server_us:.3f}, protecting and sending alone "
          f"{limit_us:.3f}, ratio {limit_us / server_us:.2f}\n", flush=True)
    return {"listeners_srtp_on_time": max(0, size - SPEAKERS), "listeners_srtp_limited_by": ours["limit"],
            "ms_per_listener_srtp_s": round((largest or rows[-1]).ms, 4),
            "bytes_per_participant_srtp": ours["bytes"], "us_per_packet_srtp": round(server_us, 3),
            "us_per_packet_limit": round(limit_us, 3), "ratio_limit": round(limit_us / server_us, 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", choices=sorted(PAYLOADS), action="append", help="only this one")
    parser.add_argument("--srtp", action="store_true", help="only the audience in SRTP")
    parser.add_argument("--no-janus", action="store_true", help="without the reference")
    parser.add_argument("--verbose", action="store_true", help="show the windows of the search")
    options = parser.parse_args()
    codecs = [] if options.srtp else options.codec or ["opus", "pcmu"]
    found = {}
    reference = {} if options.no_janus or not codecs else janus_modes(codecs)
    print("ms: CPU per participant and second; packets/s, gaps/s (40 ms without a packet): per "
          "participant; unread: bytes in the server's sockets, likewise;\nothers: what else ran on the "
          "server's processor", flush=True)
    for codec in codecs:
        ours, theirs = {}, {}
        rows = []
        for speakers, first in ((SPEAKERS, 1000), (None, 160)):
            ours[speakers] = our_mode(codec, speakers, first, options.verbose)
            largest = ours[speakers]["largest"]
            rows += ours[speakers]["rows"] + ([largest] if largest else [])
            if (codec, speakers) in reference:
                theirs[speakers] = reference[codec, speakers]
                rows += theirs[speakers]
        measure.table(HEAD, [row.row() for row in rows])
        print(flush=True)
        found.update(figures(codec, ours, theirs))
    if options.srtp or "opus" in codecs:
        found.update(srtp_mode(options.verbose))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
