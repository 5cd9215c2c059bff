# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests outside calls: MESSAGE to the echo test, SUBSCRIBE and REFER that nobody takes."""
import re
import socket

import pytest

from harness import wait

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])

CPIM = (
    "From: Ann <sip:ann@example.org>\r\nTo: <sip:echo@example.org>\r\n"
    "DateTime: 2026-11-22T21:03:17+01:00\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
    "imdn.Message-ID: 34jk324j\r\nimdn.Disposition-Notification: positive-delivery\r\n\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nhello\nworld")


class Peer:
    """A SIP peer that sends MESSAGEs over UDP and answers those that come back."""

    def __init__(self, server):
        self.server = server
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(10 * wait.PATIENCE)
        self.port = self.sock.getsockname()[1]
        self.n = 0
        self.seen = set()

    def message(self, content_type, body, user="echo", headers=""):
        self.n += 1
        where = ("127.0.0.1", self.server.ports["udp"])
        self.sock.sendto((
            f"MESSAGE sip:{user}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKm{self.n}{self.port};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:ann@127.0.0.1:{self.port}>;tag=ann{self.n}\r\n"
            f"To: <sip:{user}@127.0.0.1>\r\nCall-ID: {self.n}-{self.port}\r\n"
            f"CSeq: 1 MESSAGE\r\n{headers}Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body.encode())}\r\n\r\n{body}").encode(), where)

    def receive(self):
        """The next response or new request, as (first line, headers, body); requests get 200."""
        while True:
            data, where = self.sock.recvfrom(65536)
            head, _, body = data.decode().partition("\r\n\r\n")
            first, *lines = head.split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            if first.startswith("SIP/2.0"):
                return first, headers, body
            copied = [line for line in lines if re.match("Via|From|To|Call-ID|CSeq", line)]
            self.sock.sendto("\r\n".join(
                ["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]).encode(), where)
            if headers["Call-ID"] not in self.seen:
                self.seen.add(headers["Call-ID"])
                return first, headers, body


@pytest.fixture
def peer(server):
    return Peer(server)


def collect(peer, n):
    got = [peer.receive() for _ in range(n)]
    return ([one for one in got if one[0].startswith("SIP/2.0")],
            [one for one in got if not one[0].startswith("SIP/2.0")])


def test_text_comes_back_quoted(peer):
    peer.message("text/plain", "hello\nworld")
    answers, messages = collect(peer, 2)
    assert answers[0][0] == "SIP/2.0 200 OK"
    first, headers, body = messages[0]
    assert first.startswith(f"MESSAGE sip:ann@127.0.0.1:{peer.port} ")
    assert headers["X-Sylk-To-Sip"] == "yes"
    assert headers["Content-Type"] == "text/plain"
    assert body == "Echo:\n>> hello\n>> world"


def test_delivery_of_a_cpim_message_is_confirmed_before_its_echo(peer):
    peer.message("message/cpim", CPIM)
    answers, messages = collect(peer, 3)
    assert answers[0][0] == "SIP/2.0 200 OK"
    types = {headers["Content-Type"]: body for _, headers, body in messages}
    assert "<message-id>34jk324j</message-id>" in types["message/imdn+xml"]
    assert "<delivered/>" in types["message/imdn+xml"]
    assert types["text/plain; charset=utf-8"] == "Echo:\n>> hello\n>> world"


@pytest.mark.parametrize("content_type, body, user, status", [
    ("text/plain", "", "echo", "400"),
    ("message/cpim", "no headers", "echo", "400"),
    ("text/plain", "hello", "room", "405"),
])
def test_message_that_nobody_takes_is_refused(peer, content_type, body, user, status):
    peer.message(content_type, body, user)
    first, headers, _ = peer.receive()
    assert first.split()[1] == status
    if status == "405":
        assert "INVITE" in headers["Allow"] and "MESSAGE" not in headers["Allow"]


def test_what_a_machine_wrote_is_not_echoed(peer):
    peer.message("text/plain", "hello", headers="Auto-Submitted: auto-replied\r\n")
    assert peer.receive()[0] == "SIP/2.0 200 OK"
    peer.message("text/plain", "really")
    _, messages = collect(peer, 2)
    assert messages[0][2] == "Echo:\n>> really"


@TRANSPORTS
def test_subscription_to_an_unknown_package_is_refused_with_what_there_is(sipp, transport):
    sipp("subscribe_unknown_event", transport=transport)


@TRANSPORTS
def test_referral_is_refused_for_what_it_lacks_or_who_it_is_to(sipp, transport):
    sipp("refer_refused", transport=transport, user="echo")
