# SPDX-License-Identifier: GPL-3.0-or-later
"""
baresip as a telephone: sends a tone from a WAV file, records what it decodes, and is controlled over
its TCP interface (netstrings of JSON), whose events are awaited.
"""
import glob
import json
import os
import socket
import time

from harness import audio, wait

BINARY = "/usr/bin/baresip"
# SDP names of the codecs, with the clock and channels that the audio source must have.
CODECS = {
    "pcmu": ("PCMU/8000/1", 8000, 1),
    "pcma": ("PCMA/8000/1", 8000, 1),
    "g722": ("G722/16000/1", 16000, 1),
    "gsm": ("GSM/8000/1", 8000, 1),
    "opus": ("opus/48000/1", 48000, 1),
}
MODULE_OF = {"pcmu": "g711", "pcma": "g711", "g722": "g722", "gsm": "gsm", "opus": "opus"}

# baresip keeps paths in 128 bytes, so voices and recordings are named as seen from the working folder.
VOICE = "voice.wav"
CONFIG = """\
poll_method epoll
sip_listen {listen}
call_max_calls 8
audio_player nothing,nil
audio_alert nothing,nil
audio_source aufile,{voice}
audio_buffer 20-160
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports {rtp_first}-{rtp_last}
jitter_buffer_delay 1-20
rtcp_mux {rtcp_mux}
rtp_stats yes
net_interface {ip}
module_path {modules}
{modules_list}
module_app menu.so
module_app ctrl_tcp.so
module_tmp uuid.so
module_tmp account.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path .
opus_bitrate 48000
opus_stereo no
opus_sprop_stereo no
"""


class Phone:
    """One baresip. Use as a context, or call close()."""

    def __init__(self, folder, name, codec="pcmu", frequency=audio.TONES[0], ip="127.0.0.1",
                 auto_answer=False, seconds=90, level=audio.LEVEL, encryption=None, outbound=None,
                 register=None, rtcp_mux=False, trace=False):
        """
        outbound: URI of a proxy. register: a domain whose user it is, with the password "secret", by flows of RFC
        5626. trace: all SIP messages go to the log.
        """
        self.name = name
        self.codec = codec
        self.frequency = frequency
        self.ip = ip
        self.level = level
        self.folder = os.path.join(str(folder), name)
        self.outbound = outbound
        self.rtcp_mux = rtcp_mux
        self.register = register
        self.trace = trace
        self.events = []
        self._token = 0
        self._buffer = b""
        os.makedirs(self.folder)
        _, rate, channels = CODECS[codec]
        self.rate = rate
        audio.write_wav(os.path.join(self.folder, VOICE), audio.tone(frequency, seconds, rate, channels, level), rate,
                        channels)
        self._start(auto_answer, encryption)

    def _start(self, auto_answer, encryption):
        last_error = None
        for _ in range(5):
            self.port = wait.free_sip_port(self.ip)
            self._write_config(auto_answer, encryption)
            log = os.path.join(self.folder, "baresip.log")
            self.child = wait.Child(
                self.name,
                [BINARY, *(["-s"] if self.trace else []), "-v", "-6" if ":" in self.ip else "-4", "-f", self.folder], log,
                env={"HOME": self.folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C"}, cwd=self.folder)
            try:
                self._connect()
                return
            except wait.Timeout as error:  # somebody else took one of the ports
                last_error = error
                self.child.kill()
        raise last_error

    def _write_config(self, auto_answer, encryption):
        self.control = wait.free_port(socket.SOCK_STREAM)
        self.rtp_ports = wait.free_port_range(4, self.ip)
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        modules = [MODULE_OF[self.codec], "aufile", "sndfile", "srtp"]
        text = CONFIG.format(
            ip=self.ip, listen=f"{host}:{self.port}", voice=VOICE, rtp_first=self.rtp_ports[0], rtp_last=self.rtp_ports[1],
            control=self.control, rtcp_mux="yes" if self.rtcp_mux else "no", modules=self._module_path(),
            modules_list="\n".join(f"module {name}.so" for name in modules))
        with open(os.path.join(self.folder, "config"), "w", encoding="ascii") as out:
            out.write(text)
        codec = CODECS[self.codec][0]
        place = self.register or f"{host}:{self.port}"
        account = f"<sip:{self.name}@{place}>;audio_codecs={codec}"
        if self.register:
            account += f";regint=600;sipnat=outbound;auth_user={self.name};auth_pass=secret"
        else:
            account += ";regint=0"
        if encryption:
            account += f";mediaenc={encryption}"
        if self.outbound:
            account += f';outbound="{self.outbound}"'
        if auto_answer:
            account += ";answermode=auto"
        with open(os.path.join(self.folder, "accounts"), "w", encoding="ascii") as out:
            out.write(account + "\n")
        open(os.path.join(self.folder, "contacts"), "w", encoding="ascii").close()

    @staticmethod
    def _module_path():
        for path in ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"):
            if os.path.isdir(path):
                return path
        raise RuntimeError("no baresip modules: install baresip-core")

    def _connect(self):
        def attempt():
            if not self.child.running:
                raise wait.Timeout(f"{self.name} ended at its start\n{self.child.tail()}")
            try:
                return socket.create_connection(("127.0.0.1", self.control), 1)
            except OSError:
                return None

        self.socket = wait.until(attempt, 5, f"{self.name}: control connection")
        self.child.expect(lambda line: "baresip is ready" in line, 5)
        if self.register:
            self.event("REGISTER_OK")

    @property
    def uri(self):
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"sip:{self.name}@{host}:{self.port}"

    def _receive(self, end):
        """One message from baresip, or Timeout."""
        while True:
            size, colon, rest = self._buffer.partition(b":")
            if colon and len(rest) > int(size):
                body, self._buffer = rest[:int(size)], rest[int(size) + 1:]
                return json.loads(body.decode("utf-8", "replace"))
            left = end - time.monotonic()
            if left <= 0:
                raise wait.Timeout(f"{self.name}: nothing more from baresip\n{self.child.tail()}")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise wait.Timeout(f"{self.name}: baresip closed\n{self.child.tail()}")
            self._buffer += data

    def command(self, name, params="", seconds=5):
        """Run one of baresip's long commands; returns what it prints."""
        self._token += 1
        message = {"command": name, "params": params, "token": str(self._token)}
        text = json.dumps(message).encode()
        self.socket.sendall(b"%d:%s," % (len(text), text))
        end = time.monotonic() + seconds * wait.PATIENCE
        while True:
            answer = self._receive(end)
            if answer.get("event"):
                self.events.append(answer)
            elif answer.get("token") == str(self._token):
                return answer.get("data", "")

    def event(self, kind, seconds=10):
        """Wait for an event such as CALL_ESTABLISHED, which is taken out; returns it."""
        end = time.monotonic() + seconds * wait.PATIENCE
        while True:
            for i, seen in enumerate(self.events):
                if seen.get("type") == kind:
                    return self.events.pop(i)
                if seen.get("type") == "CALL_CLOSED" and kind != "CALL_CLOSED":
                    raise AssertionError(f"{self.name}: call closed while waiting for {kind}: {seen}")
            answer = self._receive(end)
            if answer.get("event"):
                self.events.append(answer)

    def dial(self, uri, seconds=10):
        """Call and wait until the call is up."""
        self.command("dial", uri)
        return self.event("CALL_ESTABLISHED", seconds)

    def transfer(self, uri):
        """Ask the peer to call somebody else; the call ends when that has worked."""
        self.command("transfer", uri)

    def press(self, keys):
        """Press and release keys, one behind the other."""
        self.command("sndcode", keys)

    def await_key(self, key):
        """Wait until the peer has sent this key as a telephone-event to its end."""
        self.child.expect(lambda line: f"received event: '{key}' (end=1)" in line, 10)

    def hangup(self):
        """End the call and wait until baresip has."""
        self.command("hangup")
        self.event("CALL_CLOSED")

    def recording(self):
        """Path of the newest recording of what was decoded, or None."""
        files = glob.glob(os.path.join(self.folder, "dump-*-dec.wav"))
        return max(files, key=os.path.getmtime) if files else None

    def heard(self):
        """(samples, rate) of what has been decoded so far."""
        path = self.recording()
        return audio.read_wav(path) if path else (audio.np.zeros(0), self.rate)

    def heard_seconds(self):
        """How much audio has been decoded so far, from the size of the recording."""
        path = self.recording()
        _, rate, channels = CODECS[self.codec]
        return max(0, os.path.getsize(path) - 44) / (2 * channels * rate) if path else 0.0

    def listen(self, seconds, limit=None):
        """Wait until that much more audio has been decoded; returns (its samples, rate)."""
        start = self.heard_seconds()
        wait.until(lambda: self.heard_seconds() >= start + seconds, limit or seconds * 2 + 5,
                   f"{self.name}: {seconds} s of audio ({self.heard_seconds():.2f} came)")
        samples, rate = self.heard()
        return audio.last(samples, rate, seconds), rate

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass
        return self.child.stop(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
