# SPDX-License-Identifier: GPL-3.0-or-later
"""
linphonec as a telephone that speaks Speex: no sound card, a tone from a WAV file, what it decodes in another;
controlled over its standard input, its answers awaited. Used like harness.baresip.Phone.
"""
import os
import re
import subprocess

from harness import audio, wait

BINARY = "/usr/bin/linphonec"
CODECS = {"speex": ("speex", 16000), "speex8": ("speex", 8000), "speex32": ("speex", 32000)}
CONFIG = """\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
guess_hostname=0
use_ipv6=0
bind_address={ip}
contact="{name}" <sip:{name}@{ip}:{port}>
[rtp]
bind_address={ip}
audio_rtp_port={rtp}
audio_adaptive_jitt_comp_enabled=0
audio_jitt_comp=100
[net]
firewall_policy=0
[sound]
echocancellation=0
[storage]
uri=:memory:
"""


class Phone:
    """One linphonec. Use as a context, or call close()."""

    def __init__(self, folder, name, codec="speex", frequency=audio.TONES[0], ip="127.0.0.1",
                 seconds=90, level=audio.LEVEL):
        self.name = name
        self.codec = codec
        self.frequency = frequency
        self.level = level
        self.folder = os.path.join(str(folder), name)
        os.makedirs(self.folder)
        mime, self.rate = CODECS[codec]
        self.wav = os.path.join(self.folder, "voice.wav")
        self.recorded = os.path.join(self.folder, "heard.wav")
        audio.write_wav(self.wav, audio.tone(frequency, seconds, self.rate, 1, level), self.rate, 1)
        self.port = wait.free_sip_port(ip)
        config = os.path.join(self.folder, "linphonerc")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(name=name, ip=ip, port=self.port,
                                    rtp=wait.free_port_range(2, ip)[0]))
        self.child = wait.Child(
            name, [BINARY, "-c", config], os.path.join(self.folder, "linphone.log"),
            stdin=subprocess.PIPE, cwd=self.folder,
            env={"HOME": self.folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C"})
        self._command("soundcard use files", "Using wav files")
        self._choose(mime)
        self._command(f"play {self.wav}")
        self._command(f"record {self.recorded}")

    def _command(self, text, answer=None, seconds=10):
        """Type a command; wait for a line that matches answer, if given. Returns the match."""
        seen = len(self.child.drain())
        self.child.process.stdin.write(text.encode() + b"\n")
        self.child.process.stdin.flush()
        if answer:
            return self.child.expect(lambda line: re.search(answer, line), seconds, seen)
        return None

    def _choose(self, mime):
        """Speak this codec and no other."""
        self._command("codec disable all", rf"{mime} \({self.rate}\) disabled")
        number = self._command("codec list", rf"(\d+): {mime} \({self.rate}\)")[1]
        self._command(f"codec enable {number}", rf"{mime} \({self.rate}\) enabled")

    def dial(self, uri, seconds=10):
        """Call and wait until the call is up."""
        return self._command(f"call {uri}", r"Call \d+ .* connected", seconds)

    def hangup(self):
        self._command("terminate", r"Call \d+ .* ended")

    def heard(self):
        """(samples, rate) of what has been decoded so far; the file's header is written last."""
        if not os.path.exists(self.recorded):
            return audio.np.zeros(0), self.rate
        with open(self.recorded, "rb") as file:
            body = file.read()[44:]
        return audio.np.frombuffer(body[:len(body) & ~1], dtype="<i2") / 32768.0, self.rate

    def heard_seconds(self):
        samples, rate = self.heard()
        return len(samples) / rate

    def listen(self, seconds, limit=None):
        """Wait until that much more audio has been decoded; returns (its samples, rate)."""
        start = self.heard_seconds()
        wait.until(lambda: self.heard_seconds() >= start + seconds, limit or seconds * 2 + 5,
                   f"{self.name}: {seconds} s of audio ({self.heard_seconds():.2f} came)")
        samples, rate = self.heard()
        return audio.last(samples, rate, seconds), rate

    def close(self):
        if self.child.running:
            self._command("quit")
        return self.child.wait(10)
