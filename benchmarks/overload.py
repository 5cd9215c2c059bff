# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is left of the server's throughput when half as many calls again are offered as it can carry.

The most that is completed in a second is searched for by offering more and more, as ./bench sip does, and
then too much; one and a half times that is offered, while calls that came before run on and end in the
midst of it. Of the peak throughput, at least 90 % must still be completed; every call that is taken must be
carried to its end, and what is not taken must be refused with 503 and Retry-After, not left without an answer.

Virtual machines change their speed from minute to minute. So the peak is offered once more before each run
and behind it, and what is completed then, on the average, is what the run is compared with.

Refusing comes before carrying: of a processor that others take a third of, refusals take the same as
before, and all that is missing is missing from the calls. So a run counts when others had less than
OTHERS of the server's processor and the load was not kept from its own; of COUNTED such runs the worst is
reported, and when too few of them are undisturbed, the best of all.
"""
import argparse
import json
import time

import sip
from load import measure
from load.sip_caller import SipCaller

TRIES, COUNTED = 9, 3
OTHERS, LOAD_STOPPED_MS = 0.04, 50
OFFERED, CLEARLY = 1.5, 1.03
SECONDS, PEAK_SECONDS = 6, 3
# Calls that are up before it begins, and are ended while it lasts.
STEADY, STEADY_RATE, STEADY_HOLD_MS = 2000, 1000, 5000
HEAD = ("", "peak calls/s", "just now", "offered", "completed/s", "ratio", "refused", "no answer", "broken", "running",
        "of them failed", "longest ms", "CPU %", "others %", "counts")


def carried(prefix, rate):
    """How many calls a second a server of their own completes, offered so many."""
    with sip.SERVERS[prefix][1]() as (_, address):
        with SipCaller(address, "echo", rate, rate * PEAK_SECONDS) as caller:
            found = caller.result()
    return int((found["done"] - found["refused"]) / found["seconds"])


class Overload:
    """Calls at OFFERED times the peak, against a server of their own. before: the peak, offered just now."""

    def __init__(self, prefix, peak, before):
        self.name, server = sip.SERVERS[prefix]
        self.peak = peak
        self.rate = int(peak * OFFERED)
        with server() as (pid, address):
            with SipCaller(address, "echo", STEADY_RATE, STEADY, hold_ms=STEADY_HOLD_MS) as steady:
                time.sleep(STEADY / STEADY_RATE + 1)
                window = measure.Window(pid)
                window.start()
                with SipCaller(address, "echo", self.rate, self.rate * SECONDS) as caller:
                    found = caller.result()
                window.stop()
                running = steady.result()
        self.window = window
        self.found = found
        self.running_failed = STEADY - (running["done"] - running["refused"])
        self.completed = found["done"] - found["refused"]
        self.throughput = int(self.completed / found["seconds"])
        self.unanswered = found["calls"] - found["up"] - found["refused"]
        # Taken and not ended, or refused otherwise than is right.
        self.broken = (found["up"] - self.completed + found["refused"] - found["busy"]
                       + found["unexpected"] + found["late"])
        self.after = carried(prefix, peak)
        self.now = (before + self.after) // 2
        self.ratio = self.throughput / self.now

    @property
    def clean(self):
        return self.running_failed == 0 and self.broken == 0 and self.unanswered == 0

    @property
    def disturbed(self):
        return self.window.others > OTHERS or self.found["stopped_ms"] > LOAD_STOPPED_MS

    def row(self):
        return (self.name, self.peak, self.now, self.rate, self.throughput,
                f"{self.ratio:.2f}", self.found["refused"], self.unanswered, self.broken, STEADY,
                self.running_failed, self.found["longest_ms"], f"{self.window.load * 100:.0f}",
                f"{self.window.others * 100:.0f}", "no" if self.disturbed else "yes")


def overload(prefix, peak):
    """
    Runs at OFFERED times the peak; where clearly more is completed than the peak, that is the peak, and all
    begins anew. Returns all runs, and the JSON object's part.
    """
    runs, counted, best, first = [], [], 0, 0
    before = carried(prefix, peak)
    while len(runs) - first < TRIES and len(counted) < COUNTED and len(runs) < 2 * TRIES:
        run = Overload(prefix, peak, before)
        before = run.after
        runs.append(run)
        if run.throughput > peak * CLEARLY:
            peak, counted, best, first = run.throughput, [], 0, len(runs)
            before = carried(prefix, peak)
            continue
        ratio = round(min(1, run.ratio), 3) if run.clean else 0
        best = max(best, ratio)
        if not run.disturbed:
            counted.append(ratio)
    return runs, {prefix + "peak_calls_per_s": peak,
                  prefix + "overload_ratio": min(counted) if len(counted) == COUNTED else best}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-app", action="store_true", help="the SIP layer only")
    parser.add_argument("--search", type=int, default=35, help="seconds of searching (default 35)")
    options = parser.parse_args()
    found, runs = {}, []
    for prefix, first in (("", 4000), ("app_", 2000)):
        if prefix and options.no_app:
            continue
        tried = sip.search(prefix, first, options.search)[0]
        more, part = overload(prefix, max(run.good // sip.SHORT_S for run in tried))
        runs += more
        found.update(part)
    measure.table(HEAD, [run.row() for run in runs])
    print()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
