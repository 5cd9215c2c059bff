# SPDX-License-Identifier: GPL-3.0-or-later
"""Kamailio as a proxy in front of the server, from an unpacked tree, with the documentation's configuration."""
import glob
import os
import socket
import sys

from harness import server as server_module, wait

sys.path.insert(0, os.path.join(server_module.root(), "tests", "tools"))
import unpack  # noqa: E402


class Kamailio:
    """TLS towards telephones, TCP towards the server; certificate and key are the server's."""

    def __init__(self, folder, server):
        tree = unpack.unpack("kamailio-tls-modules")
        last_error = None
        for attempt in range(5):
            try:
                self._start(os.path.join(folder, f"run{attempt}"), tree, server)
                return
            except wait.Timeout as error:  # somebody else took one of the ports
                last_error = error
                self.child.kill()
        raise last_error

    def _start(self, folder, tree, server):
        os.makedirs(folder)
        self.port = wait.free_port(socket.SOCK_STREAM)
        inner = wait.free_port(socket.SOCK_STREAM)
        values = {
            "CLIENT_SIDE": f"tls:127.0.0.1:{self.port}",
            "SERVER_SIDE": f"tcp:127.0.0.1:{inner}",
            "SERVER": f'"sip:{server.host("tcp")};transport=tcp"',
            "SERVER_ADDRESS": f'"{server.ip}"',
            "CERTIFICATE": f'"{server.certificates}/server.crt"',
            "PRIVATE_KEY": f'"{server.certificates}/server.key"',
        }
        modules = glob.glob(os.path.join(tree, "usr/lib/*/kamailio/modules"))[0]
        command = [os.path.join(tree, "usr/sbin/kamailio"), "-DD", "-E", "-m", "64", "-M", "8", "-L", modules,
                   "-Y", folder, "-w", folder,
                   "-f", os.path.join(server_module.root(), "docs", "examples", "kamailio.cfg")]
        for name, value in values.items():
            command += ["-A", f"{name}={value}"]
        self.child = wait.Child("kamailio", command, os.path.join(folder, "kamailio.log"),
                                env=unpack.environment(tree, HOME=folder), cwd=folder)
        wait.until(self._listens, 10, "kamailio to listen")

    def _listens(self):
        if not self.child.running:
            raise wait.Timeout(f"kamailio ended at its start\n{self.child.tail()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    @property
    def uri(self):
        return f"sip:127.0.0.1:{self.port};transport=tls"

    def stop(self):
        self.child.stop(10)
