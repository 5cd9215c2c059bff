# SPDX-License-Identifier: GPL-3.0-or-later
"""
A caller of sockets and strings, for what no telephone does: its SDP and its packets are whatever a
test wants. SIP over UDP; media from any socket.
"""
import random
import re
import socket
import struct

from harness import wait


def media_socket(ip="127.0.0.1", port=0):
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ip, port))
    return sock


def rtp(seq, payload=b"\x55" * 160, payload_type=0, ssrc=0x11223344, step=160):
    """Packet number seq of a stream of PCMU."""
    return struct.pack("!BBHII", 0x80, payload_type, seq & 0xffff, seq * step & 0xffffffff, ssrc) + payload


def receiver_report(ssrc=0x11223344):
    """RR without a block, and the SDES that belongs to it."""
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc) + struct.pack("!BBHIBB", 0x81, 202, 2, ssrc, 1, 1) + b"x\0"


class Caller:
    """One call. Use as a context: it is hung up at the end, if it still stands."""

    def __init__(self, server, user="echo", announced=None, attributes=(), formats="0"):
        """announced: (ip, port) of its SDP; by default that of self.media, a socket of its own. formats: payload types."""
        self.server = server
        self.sip = media_socket(server.ip)
        self.media = media_socket(server.ip)
        self.announced = announced or self.media.getsockname()[:2]
        self.user = user
        self.attributes = attributes
        self.profile, self.formats = "RTP/AVP", formats
        self.tag = f"{random.getrandbits(60):x}"
        self.number = 0
        self.to_tag = ""
        self.answer = ""
        self.up = False

    def _request(self, method, body="", lines=()):
        host, port = self.sip.getsockname()[:2]
        if method != "ACK":
            self.number += 1
        uri = self.server.uri(self.user)
        head = [f"{method} {uri} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{self.tag}{method}{self.number}",
                "Max-Forwards: 70", f"From: <sip:caller@{host}>;tag={self.tag}",
                f"To: <{uri}>{self.to_tag}", f"Call-ID: {self.tag}", f"CSeq: {self.number} {method}",
                f"Contact: <sip:caller@{host}:{port}>", *lines, f"Content-Length: {len(body)}"]
        self.sip.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(),
                        (self.server.ip, self.server.ports["udp"]))

    def receive(self, seconds=10):
        """The next SIP message."""
        self.sip.settimeout(seconds * wait.PATIENCE)
        return self.sip.recv(65536).decode()

    def _final(self):
        while True:
            message = self.receive()
            status = int(message.split(" ")[1]) if message.startswith("SIP/2.0 ") else 0
            if status >= 200:
                return status, message

    def sdp(self):
        ip, port = self.announced
        lines = ["v=0", f"o=- 1 {self.number + 1} IN IP4 {ip}", "s=-", f"c=IN IP4 {ip}", "t=0 0",
                 f"m=audio {port} {self.profile} {self.formats}", *self.attributes]
        return "\r\n".join(lines) + "\r\n"

    def call(self):
        """INVITE, and ACK; again: a re-INVITE. Returns the final response, its status in self.status."""
        self._request("INVITE", self.sdp(), ["Content-Type: application/sdp"])
        self.status, message = self._final()
        tag = re.search(r"\r\nTo: [^\r]*(;tag=[^;\r]+)", message)
        self.to_tag = tag[1] if tag else ""
        self._request("ACK")
        self.answer = message.partition("\r\n\r\n")[2]
        self.up = self.status == 200
        return message

    def update(self):
        """Change the call by UPDATE (RFC 3311); returns the final response, its status in self.status."""
        self._request("UPDATE", self.sdp(), ["Content-Type: application/sdp"])
        self.status, message = self._final()
        self.answer = message.partition("\r\n\r\n")[2]
        return message

    @property
    def to(self):
        """Where the server takes media."""
        return (re.search(r"\r\nc=IN IP[46] (\S+)", self.answer)[1],
                int(re.search(r"m=audio (\d+)", self.answer)[1]))

    def ask_info(self, content_type, body):
        """INFO in the call; its status comes by final()."""
        self._request("INFO", body, [f"Content-Type: {content_type}"])

    def final(self):
        """The status of the next final response."""
        return self._final()[0]

    def info(self, content_type, body):
        """INFO in the call; returns its status."""
        self.ask_info(content_type, body)
        return self.final()

    def bye(self):
        """Hang up."""
        self.up = False
        self._request("BYE")
        return self._final()[0]

    def await_bye(self, seconds=15):
        """Wait for the server's BYE; returns it, answered."""
        while True:
            message = self.receive(seconds)
            if message.startswith("BYE "):
                break
        self.up = False
        keep = [line for line in message.split("\r\n")
                if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
        self.sip.sendto(("\r\n".join(["SIP/2.0 200 OK", *keep, "Content-Length: 0"]) + "\r\n\r\n").encode(),
                        (self.server.ip, self.server.ports["udp"]))
        return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.up:
            self.bye()
        self.sip.close()
        self.media.close()
