# SPDX-License-Identifier: GPL-3.0-or-later
"""tshark as a judge: captures on the loopback interface and dissects what went over it."""
import csv
import functools
import io
import os
import signal
import subprocess

from harness import wait


@functools.cache
def permitted():
    """Whether this user may capture at all; found out by capturing for a second."""
    out = subprocess.run(["tshark", "-i", "lo", "-a", "duration:1", "-w", "/dev/null", "-q"],
                         capture_output=True, check=False)
    return out.returncode == 0


class Capture:
    """Everything on the loopback interface that passes a filter, while the context lasts."""

    def __init__(self, folder, packet_filter):
        self.path = os.path.join(str(folder), "capture.pcapng")
        self.folder = str(folder)
        self.filter = packet_filter
        self.sip_ports = []
        self.rtcp_ports = []

    def __enter__(self):
        # A small buffer flushed per packet (-l, -P) so that stopping loses nothing.
        self.child = wait.Child(
            "tshark", ["tshark", "-i", "lo", "-f", self.filter, "-w", self.path, "-q", "-B", "32"],
            os.path.join(self.folder, "tshark.log"))
        self.child.expect(lambda line: "Capture started" in line or "Capturing on" in line, 20)
        wait.until(lambda: os.path.exists(self.path) and os.path.getsize(self.path) > 0, 20,
                   "the capture file")
        return self

    def __exit__(self, *_):
        self.child.stop(20, signal.SIGINT)

    def _decode_as(self):
        out = []
        for port in self.sip_ports:
            out += ["-d", f"udp.port=={port},sip", "-d", f"tcp.port=={port},sip"]
        for port in self.rtcp_ports:
            out += ["-d", f"udp.port=={port},rtcp"]
        return out

    def rows(self, display_filter, *fields):
        """One dict per packet that passes the display filter."""
        command = ["tshark", "-r", self.path, "-Y", display_filter, "-T", "fields", "-E", "header=y",
                   "-E", "separator=/t", "-E", "occurrence=f", "-o", "rtp.heuristic_rtp:TRUE",
                   *self._decode_as()]
        for field in fields:
            command += ["-e", field]
        out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        return list(csv.DictReader(io.StringIO(out.stdout), delimiter="\t"))

    def malformed(self, source_ports):
        """What tshark finds wrong in packets that came from these ports, as sentences."""
        ports = " or ".join(f"udp.srcport == {p} or tcp.srcport == {p}" for p in source_ports)
        # 8388608: error; 6291456: warning (the protocol's own expert information).
        rows = self.rows(
            f"({ports}) and (_ws.malformed or ((sip or sdp or rtp or rtcp) and "
            "_ws.expert.severity >= 8388608))",
            "frame.number", "_ws.col.Protocol", "_ws.col.Info", "_ws.expert.message")
        return [f"frame {r['frame.number']}: {r['_ws.col.Info']}: {r['_ws.expert.message']}"
                for r in rows]

    def rtp_streams(self):
        """{(source port, destination port, ssrc): [(time, sequence, timestamp, payload type)]}"""
        streams = {}
        for row in self.rows("rtp", "frame.time_epoch", "udp.srcport", "udp.dstport", "rtp.ssrc",
                             "rtp.seq", "rtp.timestamp", "rtp.p_type"):
            key = (int(row["udp.srcport"]), int(row["udp.dstport"]), int(row["rtp.ssrc"], 0))
            streams.setdefault(key, []).append(
                (float(row["frame.time_epoch"]), int(row["rtp.seq"]), int(row["rtp.timestamp"]),
                 int(row["rtp.p_type"])))
        return streams


def stream_faults(packets, clock, ptime=0.020, late=0.020):
    """
    What is wrong with one RTP stream: every packet one sequence number and one packet time after the
    other, and none later than `late` seconds after its turn.
    """
    found = []
    step = round(clock * ptime)
    for before, after in zip(packets, packets[1:]):
        if (after[1] - before[1]) & 0xffff != 1:
            found.append(f"sequence {before[1]} is followed by {after[1]}")
        elif (after[2] - before[2]) & 0xffffffff != step:
            found.append(f"timestamp moves by {(after[2] - before[2]) & 0xffffffff}, not {step}")
        gap = after[0] - before[0]
        if gap > ptime + late:
            found.append(f"{gap * 1000:.0f} ms between packets {before[1]} and {after[1]}")
    return found[:20]
