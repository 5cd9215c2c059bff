# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a SIP call costs, from INVITE to BYE over UDP: with the SIP layer and nothing on top of it, and
with the echo application of the whole server, which gives every call an audio leg.

The server has one processor to itself, the load another. A rate counts as carried when every call
succeeds, no answer takes as long as T1 (500 ms, after which it would be asked for again), nothing comes
twice, and the calls could be begun at that rate. The highest one is searched for, held for 30 s, and the
server's CPU time counted until it has forgotten the last call; SIPp, slow but not ours, then makes some
calls for comparison. Memory is what the resident size grows by.

Then every INVITE is authenticated by digest (SHA-256), the nonce being used again and again, and at last
20,000 dialogs are ended at once: no turn of the server's loop may take longer than 10 ms.

How long the slowest answer took is told with how long the load itself was kept from the processor by
others, which is in it, and how long the server was, over the whole run.
"""
import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time

from harness.server import build_dir
from load import measure, sylk
from load.sip_caller import SipCaller
from load.sipp import Sipp

SHORT_S, LONG_S = 4, 30
# The clock of a rate: starting takes a moment.
STRETCH, START_S = 1.02, 0.3
# Somebody else's use of the processors delays calls: a rate that failed gets another chance.
TRIES = 3
LEAST = 20
# A rate is held again when others had more than DISTURBED of the server's processor, or kept the load from
# its own for longer than a caller waits for an answer in peace: that says nothing of the server.
HELD_TRIES, AGAIN = 6, 2
DISTURBED, LOAD_STOPPED_MS = 0.04, 50
# Finished transactions stay for 32 s (RFC 3261 17, RFC 6026).
FINISHED_S = 33
HELD, HELD_RATE = 4000, 1000
SIPP_RATE, SIPP_S = 2000, 5
ENDED, ENDED_RATE = 20000, 5000
# Responses to BYE are absorbed for T4 (RFC 3261 17.1.2.2): then the last trace of the calls goes.
T4_S = 5
USER, PASSWORD, REALM = "load", "secret", "bench"
HEAD = ("", "calls/s", "for s", "us/call", "CPU %", "others %", "longest ms", "load kept ms",
        "server kept ms", "failed", "late", "repeated", "carried")


class Responder:
    """The bare SIP layer on the server's processor. Use as a context."""

    def __init__(self, *arguments):
        """arguments: of sip_responder"""
        binary = os.path.join(build_dir(), "benchmarks", "load", "sip_responder")
        with measure.started_on(measure.SERVER_CORE):
            self.process = subprocess.Popen([binary, *arguments], stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.address = self.process.stdout.readline().removeprefix("listening on ").strip()

    def ask(self, number):
        """Send a signal that it prints something for, and return that."""
        os.kill(self.pid, number)
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        if not self.address:
            self.__exit__()
            raise RuntimeError("the responder did not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def responder():
    """The bare SIP layer; yields (pid, "ip:port")."""
    with Responder() as server:
        yield server.pid, server.address


@contextlib.contextmanager
def digest_responder():
    """The same, taking calls of one user alone."""
    ha1 = hashlib.sha256(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
    with Responder("127.0.0.1", REALM, f"{USER}:{REALM}:{ha1}") as server:
        yield server.pid, server.address


@contextlib.contextmanager
def application():
    """The whole server; calls go to echo. Yields (pid, "ip:port")."""
    with sylk.running() as server:
        yield server.pid, server.host()


SERVERS = {"": ("SIP layer", responder), "app_": ("echo application", application)}
DIGEST = "digest_"


class Run:
    """Calls at one rate for some seconds, against a server of their own."""

    def __init__(self, prefix, rate, seconds, forget=False):
        """forget: go on counting CPU time until the server has forgotten the calls."""
        self.name, server = SERVERS.get(prefix) or ("SIP layer, digest", digest_responder)
        credentials = (USER, PASSWORD) if prefix == DIGEST else ()
        self.rate = rate
        self.seconds = seconds
        with server() as (pid, address):
            window = measure.Window(pid)
            window.start()
            with SipCaller(address, "echo", rate, rate * seconds, credentials=credentials) as caller:
                found = caller.result()
            window.stop()
            self.kept = window.kept
            self.judge(found, seconds)
            after = measure.cpu_seconds(pid)
            if forget and self.carried:
                time.sleep(FINISHED_S)
            after = measure.cpu_seconds(pid) - after
        self.load = window.load
        self.others = window.others
        self.us = (window.cpu + after) * 1e6 / max(1, found["calls"])

    def judge(self, found, seconds):
        self.found = found
        self.good = found["done"] - found["refused"]
        self.failed = self.rate * seconds - self.good
        self.carried = (self.failed == 0 and found["late"] == 0 and found["repeated"] == 0
                        and found["unexpected"] == 0
                        and found["seconds"] <= seconds * STRETCH + START_S)

    @property
    def disturbed(self):
        return self.others > DISTURBED or self.found["stopped_ms"] > LOAD_STOPPED_MS

    def row(self):
        return (self.name, self.rate, self.seconds, f"{self.us:.1f}", f"{self.load * 100:.0f}",
                f"{self.others * 100:.0f}", self.found["longest_ms"], self.found["stopped_ms"],
                f"{self.kept * 1000:.0f}", self.failed, self.found["late"], self.found["repeated"],
                "yes" if self.carried else "no")


def next_rate(good, bad, load):
    """
    The rate to try after good was carried with this load of the processor (a fraction), and bad, if not
    None, was not. The more calls at once, the cheaper each: the load promises too little.
    """
    if bad is not None:
        return (good + bad) // 2
    return int(good * max(1.15, min(3.0, 0.95 / max(load, 0.01))))


def search(prefix, rate, seconds):
    """All runs of the search, and the highest rate carried; None when there is none at all."""
    end = time.monotonic() + seconds
    runs, good, bad = [], None, None
    while rate >= LEAST and (good is None or time.monotonic() < end and (bad is None or bad - good > good // 20)):
        for _ in range(TRIES):
            run = Run(prefix, rate, SHORT_S)
            runs.append(run)
            if run.carried or time.monotonic() > end:
                break
        if run.carried:
            good = rate
            rate = next_rate(good, bad, run.load)
        else:
            bad = rate
            rate = (good + bad) // 2 if good else rate // 2
    return runs, good


def highest_rate(prefix, first, seconds):
    """Find the highest rate and hold it; returns all runs and the JSON object's part."""
    runs, rate = search(prefix, first, seconds)
    found = {prefix + "calls_per_s": 0, prefix + "calls_per_s_short": rate or 0}
    again = AGAIN
    for _ in range(HELD_TRIES):
        if not rate:
            break
        held = Run(prefix, rate, LONG_S, forget=True)
        runs.append(held)
        if held.carried:
            found.update({prefix + "calls_per_s": rate, prefix + "us_per_call": round(held.us, 1),
                          prefix + "longest_ms": held.found["longest_ms"]})
            break
        if held.disturbed and again:
            again -= 1
            continue
        again = AGAIN
        # The server refuses when it remembers all the finished transactions that it may: what it
        # took until then, it can take every 32 s. And when the load was stopped for a moment, what it
        # makes up for then comes at once: the less room there is, the more of it is refused.
        rate = max(rate // 2, min(rate * 3 // 4, held.good // FINISHED_S))
    return runs, found


def by_sipp(prefix):
    """The same calls by SIPp: a row for its table."""
    name, server = SERVERS[prefix]
    with server() as (pid, address), Sipp(address, "echo", SIPP_RATE, SIPP_RATE * SIPP_S) as sipp:
        window = measure.Window(pid)
        window.start()
        result = sipp.wait(SIPP_S * 3 + 10)
        window.stop()
    return (name, SIPP_RATE, f"{window.cpu * 1e6 / max(1, result.calls):.1f}", f"{window.load * 100:.0f}",
            result.failed, result.repeated)


def hold_calls(stack, address):
    """Set up a batch of calls that stay until the stack is closed."""
    caller = stack.enter_context(SipCaller(address, "echo", HELD_RATE, HELD, hold_ms=-1))
    found = caller.result()
    if found["up"] != HELD:
        raise RuntimeError(f"of {HELD} calls to hold, {found['up']} came up")


def memory():
    """
    Bytes per established call. A second batch of calls is set up when the transactions of the first
    have come free: it uses their memory again, and what the process grows by is the calls alone.
    """
    found = {}
    with contextlib.ExitStack() as stack:
        places = {prefix: stack.enter_context(server()) for prefix, (_, server) in SERVERS.items()}
        sizes = {prefix: [measure.resident(pid)] for prefix, (pid, _) in places.items()}
        for pause in (FINISHED_S, 0):
            for prefix, (pid, address) in places.items():
                hold_calls(stack, address)
                sizes[prefix].append(measure.resident(pid))
            time.sleep(pause)
        for prefix, (empty, fresh, both) in sizes.items():
            found[prefix + "bytes_per_dialog"] = (both - fresh) // HELD
            found[prefix + "bytes_per_fresh_dialog"] = (fresh - empty) // HELD
    with responder() as (pid, address):
        empty = measure.resident(pid)
        with SipCaller(address, "echo", HELD_RATE, HELD) as caller:
            caller.result()
        # INVITE and BYE of each call.
        found["bytes_per_finished_transaction"] = (measure.resident(pid) - empty) // (2 * HELD)
    return found


def teardown():
    """End ENDED established dialogs at once; another's use of the processor gives it another chance."""
    best = None
    for _ in range(TRIES):
        with Responder() as server:
            with SipCaller(server.address, "echo", ENDED_RATE, ENDED, hold_ms=-1) as caller:
                up = caller.result()["up"]
                ended = server.ask(signal.SIGUSR1)
                time.sleep(T4_S + 1)
                block = server.ask(signal.SIGUSR2)["longest_turn_ms"]
        if up != ENDED or ended["ended"] != ENDED:
            raise RuntimeError(f"of {ENDED} calls, {up} came up and {ended['ended']} were ended")
        if best is None or block < best[0]:
            best = block, ended["ms"]
        if block <= 10:
            break
    print(f"{ENDED} dialogs ended at once: {best[1]:.0f} ms until the last was gone, no turn longer than "
          f"{best[0]:.1f} ms")
    return {"teardown_ms": round(best[1]), "teardown_max_block_ms": round(best[0], 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-memory", action="store_true", help="rates only")
    parser.add_argument("--no-app", action="store_true", help="the SIP layer only")
    parser.add_argument("--search", type=int, default=35, help="seconds of searching (default 35)")
    options = parser.parse_args()
    found, runs = {}, []
    for prefix, first in (("", 4000), ("app_", 2000)):
        if prefix and options.no_app:
            continue
        more, part = highest_rate(prefix, first, options.search)
        runs += more
        found.update(part)
    more, rate = search(DIGEST, 8000, options.search // 2)
    found[DIGEST + "calls_per_s"] = rate or 0
    runs += more
    measure.table(HEAD, [run.row() for run in runs])
    print()
    found.update(teardown())
    measure.table(("by SIPp", "calls/s", "us/call", "CPU %", "failed", "repeated"),
                  [by_sipp(prefix) for prefix in SERVERS if not (prefix and options.no_app)])
    if not options.no_memory:
        found.update(memory())
        print()
        measure.table(("bytes", "per dialog", "with its INVITE's transaction"),
                      [(name, found[prefix + "bytes_per_dialog"], found[prefix + "bytes_per_fresh_dialog"])
                       for prefix, (name, _) in SERVERS.items()])
        print(f"one finished transaction, for 32 s: {found['bytes_per_finished_transaction']} bytes")
    print()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
