# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq as a name server on loopback, for one test and its zone."""
import os
import socket

from harness import wait


class NameServer:
    """
    records: dnsmasq's options, as "host-record=a.sylk.test,127.0.0.1". What is not in the zone
    sylk.test does not exist; nothing else is known, and nobody else is asked.
    """

    def __init__(self, folder, records):
        self.port = wait.free_port()
        self.child = wait.Child(
            "dnsmasq",
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
             "--no-hosts", "--log-facility=-", "--log-queries", f"--port={self.port}",
             "--listen-address=127.0.0.1", "--bind-interfaces", "--local=/test/", "--user=",
             "--group=", "--pid-file=", *("--" + record for record in records)],
            os.path.join(folder, f"dnsmasq{self.port}.log"), env={"PATH": "/usr/bin:/bin"})
        wait.until(self._listens, 10, "dnsmasq listens")

    def _listens(self):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.child.kill()
