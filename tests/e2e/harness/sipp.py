# SPDX-License-Identifier: GPL-3.0-or-later
"""SIPp with scenarios of our own (tests/e2e/sipp): an exact and unforgiving SIP peer."""
import csv
import glob
import os

from harness import wait

SCENARIOS = os.path.join(os.path.dirname(__file__), "..", "sipp")


class Result:
    """What a run came to: counters of SIPp's statistics file, and what it complained about."""

    def __init__(self, status, folder):
        self.status = status
        self.folder = folder
        self.stats = self._last_row("*_.csv")
        self.counts = self._last_row("*_counts.csv")

    def _last_row(self, pattern):
        rows = []
        for path in glob.glob(os.path.join(self.folder, pattern)):
            with open(path, encoding="ascii", errors="replace") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        return rows[-1] if rows else {}

    def total(self, name):
        return int(self.stats.get(name) or 0)

    @property
    def successful(self):
        return self.total("SuccessfulCall(C)")

    @property
    def failed(self):
        return self.total("FailedCall(C)")

    @property
    def retransmissions(self):
        """Both directions: what SIPp sent again and what it received again."""
        return sum(int(value or 0) for name, value in self.counts.items()
                   if name and name.endswith("_Retrans"))

    def errors(self):
        text = ""
        for path in glob.glob(os.path.join(self.folder, "*_errors.log")):
            with open(path, encoding="utf-8", errors="replace") as file:
                text += file.read()
        return text[-6000:]


def run(folder, scenario, server, user="room", transport="udp", calls=1, rate=10, limit=None,
        seconds=30, hold=300):
    """
    Run a scenario against the server and return its Result. hold: milliseconds that a call lasts.
    Raises Timeout when SIPp does not end by itself.
    """
    folder = os.path.join(str(folder), "sipp-" + scenario)
    os.makedirs(folder, exist_ok=True)
    for old in glob.glob(os.path.join(folder, "*")):
        os.unlink(old)
    ip = server.ip
    media = wait.free_port_range(2, ip)[0]  # SIPp takes two pairs
    command = ["sipp", server.host(transport), "-sf", os.path.join(SCENARIOS, scenario + ".xml"),
               "-s", user, "-i", f"[{ip}]" if ":" in ip else ip, "-mp", str(media),
               "-m", str(calls), "-r", str(rate),
               "-l", str(limit or calls), "-t", {"udp": "u1", "tcp": "t1"}[transport],
               "-nostdin", "-trace_err", "-trace_stat", "-fd", "1", "-trace_counts",
               "-timeout", str(int(seconds * wait.PATIENCE)), "-timeout_error", "-recv_timeout",
               str(int(8000 * wait.PATIENCE)), "-max_retrans", "6", "-skip_rlimit",
               "-d", str(hold), "-p", str(wait.free_sip_port(ip))]
    child = wait.Child("sipp", command, os.path.join(folder, "sipp.out"), cwd=folder,
                       env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": folder})
    status = child.wait(seconds + 10)
    return Result(status, folder)


class Answerer:
    """SIPp as the side that is called or registered with, for one run of a scenario."""

    def __init__(self, folder, scenario, transport="udp", ip="127.0.0.1"):
        self.port = wait.free_sip_port(ip)
        self.folder = os.path.join(str(folder), scenario)
        os.makedirs(self.folder)
        media = wait.free_port_range(2, ip)[0]
        self.child = wait.Child(
            "sipp", ["sipp", "-sf", os.path.join(SCENARIOS, scenario + ".xml"), "-i", f"[{ip}]" if ":" in ip else ip,
                     "-p", str(self.port), "-mp", str(media), "-m", "1", "-t", {"udp": "u1", "tcp": "t1"}[transport],
                     "-nostdin", "-trace_err", "-timeout", "60", "-timeout_error", "-skip_rlimit"],
            os.path.join(self.folder, "sipp.out"), cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": self.folder})

    def check(self):
        """Wait for its end; all went as the scenario says."""
        status = self.child.wait(20)
        errors = "".join(
            open(os.path.join(self.folder, name), encoding="utf-8", errors="replace").read()
            for name in os.listdir(self.folder) if name.endswith("_errors.log"))
        assert status == 0, f"SIPp ended with {status}\n{errors}"


def check(result, calls=1):
    """Every call went as the scenario says, and nothing was sent twice."""
    assert result.status == 0 and result.failed == 0 and result.successful == calls, (
        f"SIPp ended with {result.status}: {result.successful} of {calls} calls succeeded, "
        f"{result.failed} failed\n{result.errors()}")
    assert result.retransmissions == 0, f"{result.retransmissions} retransmissions\n{result.counts}"
