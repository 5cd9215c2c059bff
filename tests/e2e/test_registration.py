# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in both directions: callers who prove theirs to us, and our own registrations."""
import hashlib
import os

import pytest

from harness import kamailio_registrar, sipp as sipp_module, wait

USERS = "alice:sylk.test:" + hashlib.md5(b"alice:sylk.test:secret").hexdigest() + "\n"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture
def guarded(start_server, folder):
    """A server that lets nobody in without a password."""
    users = os.path.join(folder, "users.digest")
    with open(users, "w", encoding="ascii") as file:
        file.write(USERS)
    return start_server(settings={"SIP": {
        "trusted_peers": "192.0.2.1", "digest_realm": "sylk.test", "digest_users": users}})


@TRANSPORTS
def test_caller_with_the_password_is_let_in(guarded, folder, transport):
    result = sipp_module.run(folder, "call_digest", guarded, transport=transport, calls=3)
    sipp_module.check(result, 3)


@TRANSPORTS
def test_caller_without_the_password_is_not(guarded, folder, transport):
    sipp_module.check(sipp_module.run(folder, "call_digest_wrong", guarded, transport=transport))


def test_caller_is_whom_the_password_proves(guarded, folder):
    sipp_module.check(sipp_module.run(folder, "call_digest_other", guarded))


class Registrar:
    """SIPp as a registrar that wants a password, for one binding."""

    def __init__(self, folder, transport):
        self.port = wait.free_port()
        self.folder = os.path.join(folder, "registrar")
        os.makedirs(self.folder)
        scenario = os.path.join(sipp_module.SCENARIOS, "registrar.xml")
        self.child = wait.Child(
            "sipp", ["sipp", "-sf", scenario, "-i", "127.0.0.1", "-p", str(self.port), "-m", "1",
                     "-t", {"udp": "u1", "tcp": "t1"}[transport], "-nostdin", "-trace_err",
                     "-timeout", "60", "-timeout_error", "-skip_rlimit"],
            os.path.join(self.folder, "sipp.out"), cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": self.folder})

    def check(self):
        status = self.child.wait(20)
        errors = "".join(
            open(os.path.join(self.folder, name), encoding="utf-8", errors="replace").read()
            for name in os.listdir(self.folder) if name.endswith("_errors.log"))
        assert status == 0, f"SIPp ended with {status}\n{errors}"


@TRANSPORTS
def test_server_registers_with_a_password_and_takes_it_back(start_server, folder, transport):
    registrar = Registrar(folder, transport)
    proxy = f"sip:127.0.0.1:{registrar.port};transport={transport}"
    server = start_server(settings={"SIP": {
        "register": "sip:room@sylk.test", "register_password": "secret",
        "register_proxies": proxy}})
    server.child.expect(lambda line: "sip:room@sylk.test is registered for 3600 s" in line, 20)
    server.stop()
    registrar.check()


def test_refused_registration_is_logged_with_what_to_change(start_server, folder):
    registrar = Registrar(folder, "udp")
    server = start_server(settings={"SIP": {
        "register": "sip:room@sylk.test", "register_password": "wrong",
        "register_proxies": f"sip:127.0.0.1:{registrar.port}"}})
    line = server.child.expect(lambda line: line if "is not registered" in line else None, 20)
    assert "register_password" in line and "next attempt in" in line
    registrar.child.kill()


@pytest.fixture
def kamailio(folder):
    registrar = kamailio_registrar.KamailioRegistrar(folder)
    yield registrar
    registrar.stop()


@TRANSPORTS
def test_room_registered_with_kamailio_is_called_through_it(start_server, folder, kamailio, transport):
    server = start_server(settings={"SIP": {
        "register": "sip:room@sylk.test", "register_password": "secret",
        "register_proxies": kamailio.uri(transport)}})
    line = server.child.expect(
        lambda line: line if "sip:room@sylk.test is registered" in line else None, 20)
    assert ";gr=urn:uuid:" in line, "the registrar gave no GRUU"
    sipp_module.check(sipp_module.run(folder, "call", kamailio, user="room"))
