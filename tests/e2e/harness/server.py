# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under test: its configuration, its start, its end, and what it must not leave behind."""
import os
import re
import signal

from harness import wait

LISTENING = re.compile(r"listening on (udp|tcp|tls):(\[[0-9a-fA-F:.]+\]|[0-9.]+):([0-9]+)")
SANITIZER = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer)")
FIGURES = re.compile(r"([0-9]+) sessions, ([0-9]+) objects")
ALIVE = re.compile(r"objects alive: ([0-9]+)")


def root():
    return os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def build_dir():
    return os.path.join(root(), os.environ.get("SYLK_BUILD", "build/test"))


def sanitized():
    """Whether the binary under test carries a sanitizer: slower, and its memory figures mean nothing."""
    return os.environ.get("SYLK_SANITIZED", "") != ""


class Server:
    """One sylk-server on loopback. Ports are the kernel's choice and are read from its output."""

    def __init__(self, folder, ip="127.0.0.1", transports=("udp", "tcp"), settings=None, files=None,
                 rtp_pairs=40, resources=None):
        """
        settings: {section: {option: value}} on top of what a test needs; files: further files of the
        configuration folder, by name. resources: a folder to stand for the one with the server's own
        sounds.
        """
        self.folder = str(folder)
        self.ip = ip
        self.transports = transports
        self.ports = {}
        self.terminated = self.judged = False
        self.rtp_ports = wait.free_port_range(rtp_pairs, ip)
        self._write(settings or {}, files or {})
        # 31: an exit status that says "sanitizer" and nothing else.
        env = {
            "PATH": "/usr/bin:/bin", "HOME": self.folder, "LC_ALL": "C.UTF-8",
            "ASAN_OPTIONS": "exitcode=31:detect_leaks=1:abort_on_error=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=31",
            "TSAN_OPTIONS": "exitcode=31",
        }
        self.child = wait.Child(
            "sylk-server",
            [self._binary(resources), "--no-fork", "--debug-memory",
             "--config-dir", os.path.join(self.folder, "config"),
             "--runtime-dir", os.path.join(self.folder, "run")],
            os.path.join(self.folder, "sylk-server.log"), env=env, cwd=self.folder)
        try:
            for _ in transports:
                self._await_port()
        except wait.Timeout:
            self.child.kill()
            raise

    def _binary(self, resources):
        built = os.path.join(build_dir(), "src", "sylk-server")
        if not resources:
            return built
        # It looks for them beside itself.
        place = os.path.join(self.folder, "program")
        os.makedirs(place)
        os.link(built, os.path.join(place, "sylk-server"))
        os.symlink(os.path.abspath(resources), os.path.join(place, "resources"))
        return os.path.join(place, "sylk-server")

    def _write(self, settings, files):
        wanted = {
            "Server": {
                "log_level": "debug",
            },
            "SIP": {
                "local_ip": self.ip,
                "local_udp_port": "0" if "udp" in self.transports else "none",
                "local_tcp_port": "0" if "tcp" in self.transports else "none",
                "local_tls_port": "0" if "tls" in self.transports else "none",
            },
            "RTP": {"port_range": "%d:%d" % self.rtp_ports},
        }
        for section, options in settings.items():
            wanted.setdefault(section, {}).update(options)
        for name in ("config", "run"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        text = "".join(
            f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()) + "\n"
            for section, options in wanted.items())
        # Rooms of silence, so that a test hears what it plays itself; those about prompts say so.
        silence = "[Conference]\nwelcome_prompts = off\ndisable_music_on_hold = yes\n"
        for name, content in {"config.ini": text, "conference.ini": silence, **files}.items():
            with open(os.path.join(self.folder, "config", name), "w", encoding="utf-8") as out:
                out.write(content)

    def _await_port(self):
        transport, _, port = self.child.expect(
            lambda line: (m := LISTENING.search(line)) and m[1] not in self.ports and m.groups(), 10)
        self.ports[transport] = int(port)

    def host(self, transport="udp"):
        ip = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{ip}:{self.ports[transport]}"

    def uri(self, user, transport="udp"):
        suffix = "" if transport == "udp" else f";transport={transport}"
        return f"sip:{user}@{self.host(transport)}{suffix}"

    @property
    def pid(self):
        return self.child.process.pid

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def figures(self):
        """What the server counts, as it logs it on SIGUSR2."""
        seen = len(self.child.drain())
        self.child.process.send_signal(signal.SIGUSR2)
        match = self.child.expect(FIGURES.search, 10, seen)
        return {"sessions": int(match[1]), "objects": int(match[2])}

    def terminate(self):
        """Begin to stop it; stop() then waits and judges."""
        self.child.process.send_signal(signal.SIGTERM)
        self.terminated = True

    def stop(self):
        """End it; raises AssertionError when it did not end well."""
        self.judged = True
        running = self.child.running or self.terminated
        status = self.child.wait(10) if self.terminated else self.child.stop(10)
        self.judge(running, status)

    def judge(self, was_running, status):
        lines = self.child.drain()
        report = [line for line in lines if SANITIZER.search(line)]
        assert not report, f"sanitizer report\n{self.child.tail(120)}"
        assert was_running, f"the server had ended before the test did ({status})\n{self.child.tail()}"
        assert status == 0, f"exit status {status}\n{self.child.tail()}"
        counts = [int(m[1]) for line in lines if (m := ALIVE.search(line))]
        assert counts, f"--debug-memory printed no 'objects alive: N'\n{self.child.tail()}"
        assert counts[-1] == 0, f"{counts[-1]} objects leaked\n{self.child.tail()}"
