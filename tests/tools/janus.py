# SPDX-License-Identifier: GPL-3.0-or-later
"""
Debian's Janus with its AudioBridge plugin alone, started from an unpacked tree on loopback, as the
reference of the audio benchmark. Controlled over its UNIX socket; participants speak plain RTP.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

import unpack

CORE = """\
general: {{
	configs_folder = "{folder}/etc"
	plugins_folder = "{folder}/plugins"
	transports_folder = "{folder}/transports"
	events_folder = "{folder}/none"
	loggers_folder = "{folder}/none"
	session_timeout = 0
	debug_level = 3
	debug_timestamps = false
	debug_colors = false
}}
nat: {{
	ice_lite = true
	ice_enforce_list = "lo"
}}
"""
UNIX = """\
general: {{
	enabled = true
	json = "compact"
	path = "{folder}/api"
	type = "SOCK_SEQPACKET"
}}
admin: {{
	admin_enabled = false
}}
"""
BRIDGE = """\
general: {{
	local_ip = "{ip}"
	rtp_port_range = "{first}-{last}"
}}
"""


class Janus:
    """One Janus. Use as a context, or call stop()."""

    def __init__(self, ip="127.0.0.1", ports=(40000, 49998)):
        self.tree = unpack.unpack("janus")
        # A UNIX socket's path must be short: not below the build folder.
        self.folder = tempfile.mkdtemp(prefix="janus-")
        self.pending = []
        self._write(ip, ports)
        self.log = open(os.path.join(self.folder, "log"), "wb")
        try:
            # Janus 1.1.2 has a race of its own: its socket's thread ends at once when it runs before
            # the plug-in has said that it is initialized, and Janus then gives up ("No Janus API
            # transport is available"). On a busy machine that is every third start.
            for attempt in range(20):
                self._start()
                if self._connect(last=attempt == 19):
                    break
        except Exception:
            self.stop()
            raise

    def _start(self):
        binary = os.path.join(self.tree, "usr", "bin", "janus")
        self.process = subprocess.Popen(
            [binary, "-F", self.folder + "/etc"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env=unpack.environment(self.tree), cwd=self.folder)

    def _write(self, ip, ports):
        for name in ("etc", "none", "plugins", "transports"):
            os.mkdir(os.path.join(self.folder, name))
        files = {"janus.jcfg": CORE, "janus.transport.pfunix.jcfg": UNIX,
                 "janus.plugin.audiobridge.jcfg": BRIDGE}
        for name, text in files.items():
            with open(os.path.join(self.folder, "etc", name), "w", encoding="ascii") as out:
                out.write(text.format(folder=self.folder, ip=ip, first=ports[0], last=ports[1]))
        for folder, library in (("plugins", "libjanus_audiobridge.so"),
                                ("transports", "libjanus_pfunix.so")):
            for base in unpack.LIBRARIES:
                path = os.path.join(self.tree, base, "janus", folder, library)
                if os.path.exists(path):
                    os.symlink(path, os.path.join(self.folder, folder, library))
                    break

    def _connect(self, last):
        """Connect to its socket. False: it has ended, start it again."""
        path = os.path.join(self.folder, "api")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            try:
                self.socket.connect(path)
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        if last or self.process.poll() is None:
            raise RuntimeError("Janus did not start:\n" + self.output())
        self.socket.close()
        return False

    def output(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    @property
    def pid(self):
        return self.process.pid

    def request(self, wanted="success", **message):
        """
        Send a request and return the answer; where Janus only acknowledges, wanted="event" waits for
        the event that brings the result.
        """
        token = f"{random.getrandbits(64):x}"
        self.socket.send(json.dumps({**message, "transaction": token}).encode())
        while True:
            answer = json.loads(self.socket.recv(1 << 18).rstrip(b"\0"))
            if answer.get("transaction") != token:
                self.pending.append(answer)
            elif answer["janus"] == "error":
                raise RuntimeError(f"Janus refused {message}: {answer['error']}")
            elif answer["janus"] == wanted:
                return answer

    def participant(self):
        """A new session with a handle of the plugin."""
        session = self.request(janus="create")["data"]["id"]
        handle = self.request(janus="attach", session_id=session,
                              plugin="janus.plugin.audiobridge")["data"]["id"]
        return Participant(self, session, handle)

    def create_room(self, room, rate=48000, **options):
        """Make a room that admits plain RTP participants."""
        manager = self.participant()
        data = manager.ask("success", request="create", room=room, sampling_rate=rate,
                           allow_rtp_participants=True, is_private=True, permanent=False, **options)
        if data.get("audiobridge") != "created":
            raise RuntimeError(f"no room: {data}")
        return manager

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Participant:
    """One handle of the AudioBridge."""

    def __init__(self, janus, session, handle):
        self.janus = janus
        self.session = session
        self.handle = handle

    def ask(self, wanted, **body):
        answer = self.janus.request(wanted, janus="message", session_id=self.session,
                                    handle_id=self.handle, body=body)
        data = answer["plugindata"]["data"]
        if "error" in data:
            raise RuntimeError(f"AudioBridge refused {body}: {data['error']}")
        return data

    def join_rtp(self, room, ip, port, codec="opus", payload_type=111, muted=False, **options):
        """
        Join with plain RTP: what the room says is sent to ip:port; returns (ip, port) to which the
        participant's own RTP goes. codec: opus, pcma or pcmu. Janus sends nothing before it has
        received a packet from the participant, not even to one that is muted.
        """
        rtp = {"ip": ip, "port": port, "payload_type": {"pcma": 8, "pcmu": 0}.get(codec, payload_type)}
        data = self.ask("event", request="join", room=room, codec=codec, muted=muted, rtp=rtp, **options)
        if data.get("audiobridge") != "joined":
            raise RuntimeError(f"not joined: {data}")
        return data["rtp"]["ip"], data["rtp"]["port"]

    def leave(self):
        self.ask("event", request="leave")
        self.janus.request(janus="destroy", session_id=self.session)
