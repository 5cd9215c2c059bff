# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP over TLS with real peers: telephones, OpenSSL's client, a proxy in front, and people who mean no good."""
import os
import socket
import ssl
import subprocess

import pytest

from harness import audio, server as server_module, tls, wait
from harness.hearing import hears, settled

A, B = audio.TONES[:2]
OK = "SIP/2.0 200 OK"


@pytest.fixture
def certified(folder, start_server):
    """certified(...) starts a server with a certificate of its own; its ca_file says whom to believe."""

    def start(transports=("udp", "tcp", "tls"), sip=None, **server_section):
        path = os.path.join(folder, "certificates")
        os.makedirs(path, exist_ok=True)
        ca_file = tls.authority(path)
        settings = {"Server": {"certificate": tls.issue(path, "server"), "ca_file": ca_file, **server_section},
                    "SIP": sip or {}}
        server = start_server(transports=transports, settings=settings)
        server.ca_file = ca_file
        server.certificates = path
        return server

    return start


# ---- telephones ---------------------------------------------------------------------------------------


def test_phone_over_tls_meets_one_over_udp(certified, phone):
    server = certified()
    alice = phone("alice", frequency=A)
    bob = phone("bob", frequency=B)
    alice.dial(server.uri("room", "tls"))
    bob.dial(server.uri("room"))
    settled([alice, bob])
    hears(alice, [bob])
    hears(bob, [alice])
    alice.hangup()
    wait.until(lambda: server.figures()["sessions"] == 1, 5, "alice's session to end")


# ---- OpenSSL ------------------------------------------------------------------------------------------


def test_openssl_client_verifies_us_and_is_answered(certified):
    server = certified()
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", server.host("tls"), "-servername", "localhost", "-verify_hostname",
         "localhost", "-CAfile", server.ca_file, "-verify_return_error", "-quiet", "-no_ign_eof"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        client.stdin.write(tls.options("openssl"))
        client.stdin.flush()
        assert client.stdout.readline().decode().strip() == OK
    finally:
        client.kill()
        client.communicate()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_current_versions_are_spoken(certified, version):
    server = certified(transports=("tls",))
    with tls.connect(server, server.ca_file, getattr(ssl.TLSVersion, version)) as sock:
        assert sock.version().replace(".", "_") == version
        assert tls.answered(sock) == OK


def test_renegotiation_and_old_versions_are_refused(certified):
    server = certified()
    old = subprocess.run(
        ["openssl", "s_client", "-connect", server.host("tls"), "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert old.returncode != 0 and b"alert protocol version" in old.stderr
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", server.host("tls"), "-tls1_2"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = client.communicate(b"R\n", timeout=60)
    finally:
        client.kill()
    assert b"no renegotiation" in output


def test_double_crlf_is_answered_over_tls(certified):
    server = certified(transports=("tls",))
    with tls.connect(server, server.ca_file) as sock:
        for _ in range(3):
            sock.sendall(b"\r\n\r\n")
            assert sock.recv(16) == b"\r\n"
        # And it is still a SIP connection.
        assert tls.answered(sock) == OK


# ---- the files ----------------------------------------------------------------------------------------


def test_new_certificate_is_used_without_a_restart(certified):
    server = certified(transports=("tls",))
    with tls.connect(server, server.ca_file) as before:
        old = before.getpeercert()["serialNumber"]
        tls.issue(server.certificates, "server")

        def renewed():
            with tls.connect(server, server.ca_file) as sock:
                return sock.getpeercert()["serialNumber"] != old

        wait.until(renewed, 20, "the new certificate")
        assert tls.answered(before) == OK


def test_missing_certificate_leaves_the_other_transports(start_server):
    server = start_server(settings={"Server": {"certificate": "/nowhere/x.pem"}, "SIP": {"local_tls_port": "0"}})
    server.child.expect(
        lambda line: "WARNING" in line and "[Server] certificate /nowhere/x.pem: No such file" in line)
    assert set(server.ports) == {"udp", "tcp"}


def test_rubbish_certificate_is_an_error_and_leaves_the_other_transports(start_server, folder):
    path = os.path.join(folder, "rubbish.pem")
    with open(path, "w", encoding="ascii") as out:
        out.write("rubbish\n")
    server = start_server(settings={"Server": {"certificate": path}, "SIP": {"local_tls_port": "0"}})
    server.child.expect(lambda line: "ERROR" in line and f"[Server] certificate {path}: " in line)


def check_says(folder, certificate, ca_file):
    """What --check prints of these two; line 2 names the certificate, line 3 the authorities."""
    config = os.path.join(folder, "config.ini")
    with open(config, "w", encoding="ascii") as out:
        out.write(f"[Server]\ncertificate = {certificate}\nca_file = {ca_file}\n")
    done = subprocess.run(
        [os.path.join(server_module.build_dir(), "src", "sylk-server"), "--check", "--config-dir", folder], text=True,
        capture_output=True, check=False, env={"HOME": folder})
    assert done.returncode == (0 if "is good" in done.stdout else 1)
    return done.stdout.replace(config, "config.ini").splitlines()


def test_check_says_what_is_wrong_with_each_file(folder):
    ca_file = tls.authority(folder)
    good = tls.issue(folder, "good")
    other = tls.issue(folder, "other")
    assert check_says(folder, good, ca_file) == ["The configuration is good."]

    def assemble(name, *parts):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as out:
            for part in parts:
                with open(os.path.join(folder, part), encoding="ascii") as file:
                    out.write(file.read())
        return path

    tls.openssl("x509", "-req", "-in", "good.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "-1", "-out",
                "old.crt", cwd=folder)
    tls.openssl("ec", "-in", "good.key", "-aes128", "-passout", "pass:x", "-out", "locked.key", cwd=folder)
    rubbish = assemble("rubbish.pem")
    bad = {
        os.path.join(folder, "nowhere.pem"): "No such file or directory",
        rubbish: "holds no certificate",
        assemble("keyless.pem", "good.crt"): "holds no private key",
        assemble("mixed.pem", "good.crt", "other.key"): "its private key is not that of its first certificate",
        assemble("locked.pem", "good.crt", "locked.key"): "its key has a passphrase",
        assemble("expired.pem", "old.crt", "good.key"): "its certificate has expired, on 2",
    }
    for path, reason in bad.items():
        lines = check_says(folder, path, ca_file)
        assert len(lines) == 1 and lines[0].startswith(f"config.ini:2: certificate in [Server]: {path}: {reason}"), lines
    for path, reason in ((rubbish, "holds no certificate"), (folder + "/nowhere.pem", "No such file")):
        lines = check_says(folder, other, path)
        assert len(lines) == 1 and lines[0].startswith(f"config.ini:3: ca_file in [Server]: {path}: {reason}"), lines


# ---- people who mean no good --------------------------------------------------------------------------


def hello():
    """The first flight of a TLS client."""
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def abuse(server, count):
    """Connections closed at once, with garbage, with half a handshake, and amid one."""
    greeting = hello()
    pieces = [b"", b"OPTIONS sip:x SIP/2.0\r\n\r\n", os.urandom(600), greeting[:len(greeting) // 2], greeting]
    for piece in pieces:
        for _ in range(count):
            with socket.create_connection((server.ip, server.ports["tls"]), 10) as sock:
                sock.sendall(piece)


def quiet(server, descriptors):
    """When all that was left of strangers is gone."""
    wait.until(lambda: server.descriptors() <= descriptors, 20, "strangers' connections to go")
    return server.rss()


@pytest.mark.plain
def test_two_thousand_strangers_of_each_kind_leave_memory_flat(certified):
    server = certified(transports=("tls",))
    descriptors = server.descriptors()
    # The first round shows how much the allocator keeps at the ready. What leaks, leaks every round.
    sizes = []
    for _ in range(4):
        abuse(server, 2000)
        sizes.append(quiet(server, descriptors))
    grown = min(after - before for before, after in zip(sizes, sizes[1:]))
    assert grown < 1 << 19, f"at least {grown} bytes more after each 10,000 connections: {sizes}"
    with tls.connect(server, server.ca_file) as sock:
        assert tls.answered(sock) == OK


def test_unfinished_handshakes_are_limited_and_do_not_shut_others_out(certified):
    server = certified(transports=("tls",))
    idle = []
    try:
        for _ in range(80):
            idle.append(socket.create_connection((server.ip, server.ports["tls"]), 10))

        def refused():
            count = 0
            for sock in idle:
                sock.setblocking(False)
                try:
                    count += sock.recv(1) == b""
                except BlockingIOError:
                    pass
                except ConnectionResetError:
                    count += 1
            return count == 16

        wait.until(refused, 5, "all but 64 to be turned away")
        # One that gives up makes room for one who goes on.
        idle[0].close()

        def let_in():
            try:
                with tls.connect(server, server.ca_file) as sock:
                    return tls.answered(sock) == OK
            except (OSError, ssl.SSLError):
                return False

        wait.until(let_in, 5, "somebody else to be let in")
    finally:
        for sock in idle:
            sock.close()


# ---- a proxy in front ---------------------------------------------------------------------------------


@pytest.fixture
def kamailio(folder):
    """Start Kamailio with the configuration of docs/examples in front of a server; returns its TLS address."""
    from harness.kamailio import Kamailio

    started = []

    def start(server, **options):
        path = os.path.join(folder, f"kamailio{len(started)}")
        os.makedirs(path)
        started.append(Kamailio(path, server, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_calls_through_kamailio_with_the_configuration_of_the_documentation(certified, kamailio, phone):
    server = certified()
    proxy = kamailio(server)
    alice = phone("alice", frequency=A, outbound=proxy.uri)
    bob = phone("bob", frequency=B, outbound=proxy.uri)
    for one in (alice, bob):
        one.dial("sip:room@example.com")
    settled([alice, bob])
    hears(alice, [bob])
    hears(bob, [alice])
    # The telephone's BYE finds the server, the server's finds the telephone.
    alice.hangup()
    wait.until(lambda: server.figures()["sessions"] == 1, 5, "alice's session to end")
    server.terminate()
    bob.event("CALL_CLOSED")


def test_registered_users_and_rooms_call_each_other_through_kamailio_by_tls(certified, kamailio, phone):
    """The proxy and the server prove themselves to each other; a user is called by the flow he registered by."""
    inner = wait.free_port(socket.SOCK_STREAM)
    server = certified(transports=("tls",), verify_server="yes",
                       sip={"outbound_proxy": f"localhost:{inner};transport=tls"})
    proxy = kamailio(server, transport="tls", users=True, inner=inner)
    users = {"outbound": proxy.uri, "register": "example.com"}
    alice = phone("alice", frequency=A, **users)
    bob = phone("bob", frequency=B, auto_answer=True, **users)
    alice.dial("sip:room@example.com")
    server.child.expect(lambda line: "alice@example.com" in line)
    # The room calls bob because alice asks it to; that done, her own call ends.
    alice.transfer("sip:bob@example.com")
    bob.event("CALL_ESTABLISHED")
    alice.event("CALL_CLOSED")
    descriptors = server.descriptors()
    alice.dial("sip:room@example.com")
    settled([alice, bob])
    hears(alice, [bob])
    hears(bob, [alice])
    # Two ports of RTP, and nothing for SIP: the connections that there are serve this call too.
    assert server.descriptors() <= descriptors + 2
    # Every way back is found: bob's BYE by the server's Contact, the server's by the route to alice.
    bob.hangup()
    wait.until(lambda: server.figures()["sessions"] == 1, 5, "bob's session to end")
    server.terminate()
    alice.event("CALL_CLOSED")
