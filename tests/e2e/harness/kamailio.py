# SPDX-License-Identifier: GPL-3.0-or-later
"""Kamailio as a proxy in front of the server, from an unpacked tree, with the documentation's configuration."""
import glob
import os
import socket
import sys

from harness import server as server_module, wait

sys.path.insert(0, os.path.join(server_module.root(), "tests", "tools"))
import unpack  # noqa: E402

EXAMPLES = os.path.join(server_module.root(), "docs", "examples")
SUBSCRIBERS = """\
id(int,auto) username(string) domain(string) password(string)
1:alice:example.com:secret
2:bob:example.com:secret
3:carol:example.com:secret
"""


VERSIONS = """\
table_name(string) table_version(int)
subscriber:7
"""


class Kamailio:
    """
    TLS towards telephones, TLS or TCP towards the server, with the server's certificates. users: alice, bob and carol of example.com, password "secret".
    """

    def __init__(self, folder, server, transport="tcp", users=False, inner=None):
        """inner: the port towards the server, if that must know it."""
        tree = unpack.unpack("kamailio-tls-modules", "kamailio-outbound-modules")
        last_error = None
        for attempt in range(1 if inner else 5):
            try:
                self._start(os.path.join(folder, f"run{attempt}"), tree, server, transport, users, inner)
                return
            except wait.Timeout as error:  # somebody else took one of the ports
                last_error = error
                self.child.kill()
        raise last_error

    def _start(self, folder, tree, server, transport, users, inner):
        os.makedirs(folder)
        self.port = wait.free_port(socket.SOCK_STREAM)
        inner = inner or wait.free_port(socket.SOCK_STREAM)
        values = {
            "CLIENT_SIDE": f"tls:127.0.0.1:{self.port}",
            "CLIENT_PORT": str(self.port),
            "SERVER_SIDE": f"{transport}:127.0.0.1:{inner}",
            "SERVER_SOCKET": f'"{transport}:127.0.0.1:{inner}"',
            "SERVER": f'"sip:{server.host(transport)};transport={transport}"',
            "SERVER_ADDRESS": f'"{server.ip}"',
            "TLS_FILE": f'"{self._tls_file(folder, server.certificates)}"',
        }
        if users:
            values.update({"WITH_USERS": None, "USERS": f'"text://{self._users(folder)}"'})
        modules = glob.glob(os.path.join(tree, "usr/lib/*/kamailio/modules"))[0]
        command = [os.path.join(tree, "usr/sbin/kamailio"), "-DD", "-E", "-m", "64", "-M", "8", "-L", modules,
                   "-Y", folder, "-w", folder, "-f", os.path.join(EXAMPLES, "kamailio.cfg")]
        for name, value in values.items():
            command += ["-A", name if value is None else f"{name}={value}"]
        self.child = wait.Child("kamailio", command, os.path.join(folder, "kamailio.log"),
                                env=unpack.environment(tree, HOME=folder), cwd=folder)
        wait.until(self._listens, 10, "kamailio to listen")

    @staticmethod
    def _tls_file(folder, certificates):
        """The documentation's, with our certificates in place of the operator's."""
        with open(os.path.join(EXAMPLES, "kamailio-tls.cfg"), encoding="ascii") as file:
            text = file.read()
        for name, ours in (("fullchain.pem", "server.crt"), ("privkey.pem", "server.key"), ("ca.pem", "ca.pem")):
            text = text.replace("/etc/kamailio/tls/" + name, os.path.join(certificates, ours))
        path = os.path.join(folder, "tls.cfg")
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        return path

    @staticmethod
    def _users(folder):
        path = os.path.join(folder, "users")
        os.makedirs(path)
        for name, text in (("subscriber", SUBSCRIBERS), ("version", VERSIONS)):
            with open(os.path.join(path, name), "w", encoding="ascii") as out:
                out.write(text)
        return path

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
