# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in both directions: callers who prove theirs to us, and our own registrations."""
import hashlib
import os

import pytest

from harness import kamailio_registrar, sipp as sipp_module

USERS = "alice:sylk.test:" + hashlib.md5(b"alice:sylk.test:secret").hexdigest() + "\n"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
PLACES = pytest.mark.parametrize("transport, ip", [("udp", "127.0.0.1"), ("tcp", "127.0.0.1"), ("udp", "::1"), ("tcp", "::1")])


@pytest.fixture
def start_guarded(start_server, folder):
    """Start a server that lets nobody in without a password."""

    def start(ip="127.0.0.1"):
        users = os.path.join(folder, "users.digest")
        with open(users, "w", encoding="ascii") as file:
            file.write(USERS)
        return start_server(ip=ip, settings={"SIP": {
            "trusted_peers": "192.0.2.1", "digest_realm": "sylk.test", "digest_users": users}})

    return start


@pytest.fixture
def guarded(start_guarded):
    return start_guarded()


@PLACES
def test_caller_with_the_password_is_let_in(start_guarded, folder, transport, ip):
    result = sipp_module.run(folder, "call_digest", start_guarded(ip), transport=transport, calls=3)
    sipp_module.check(result, 3)


@TRANSPORTS
def test_caller_without_the_password_is_not(guarded, folder, transport):
    sipp_module.check(sipp_module.run(folder, "call_digest_wrong", guarded, transport=transport))


def test_caller_is_whom_the_password_proves(guarded, folder):
    sipp_module.check(sipp_module.run(folder, "call_digest_other", guarded))


def registrar_of(folder, transport, ip="127.0.0.1"):
    """SIPp as a registrar that wants a password, for one binding."""
    return sipp_module.Answerer(folder, "registrar", transport, ip)


@PLACES
def test_server_registers_with_a_password_and_takes_it_back(start_server, folder, transport, ip):
    registrar = registrar_of(folder, transport, ip)
    proxy = f"sip:{f'[{ip}]' if ':' in ip else ip}:{registrar.port};transport={transport}"
    server = start_server(ip=ip, settings={"SIP": {
        "register": "sip:room@sylk.test", "register_password": "secret",
        "register_proxies": proxy}})
    server.child.expect(lambda line: "sip:room@sylk.test is registered for 3600 s" in line, 20)
    server.stop()
    registrar.check()


def test_refused_registration_is_logged_with_what_to_change(start_server, folder):
    registrar = registrar_of(folder, "udp")
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
