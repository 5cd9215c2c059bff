# SPDX-License-Identifier: GPL-3.0-or-later
"""Kamailio as a registrar with passwords, Outbound and GRUU (tests/e2e/kamailio), from an unpacked tree."""
import glob
import os
import socket
import sys

from harness import server as server_module, wait

sys.path.insert(0, os.path.join(server_module.root(), "tests", "tools"))
import unpack  # noqa: E402

CONFIG = os.path.join(os.path.dirname(__file__), "..", "kamailio", "registrar.cfg")


class KamailioRegistrar:
    """Listens for UDP and TCP on one port; the realm is sylk.test, every password "secret"."""

    ip = "127.0.0.1"

    def __init__(self, folder):
        tree = unpack.unpack("kamailio-outbound-modules")
        last_error = None
        for attempt in range(5):
            try:
                self._start(os.path.join(folder, f"kamailio{attempt}"), tree)
                return
            except wait.Timeout as error:  # somebody else took the port
                last_error = error
                self.child.kill()
        raise last_error

    def _start(self, folder, tree):
        os.makedirs(folder)
        self.port = wait.free_port(socket.SOCK_STREAM)
        modules = glob.glob(os.path.join(tree, "usr/lib/*/kamailio/modules"))[0]
        command = [os.path.join(tree, "usr/sbin/kamailio"), "-DD", "-E", "-m", "64", "-M", "8", "-L", modules,
                   "-Y", folder, "-w", folder, "-A", f"PLACE=127.0.0.1:{self.port}", "-f", CONFIG]
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

    def host(self, transport="udp"):
        return f"127.0.0.1:{self.port}"

    def uri(self, transport):
        return f"sip:127.0.0.1:{self.port};transport={transport}"

    def stop(self):
        self.child.stop(10)
