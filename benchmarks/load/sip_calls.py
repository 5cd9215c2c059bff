# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain SIP caller over UDP for thousands of calls at once: INVITE, ACK, BYE, and no more."""
import base64
import collections
import os
import re
import select
import socket
import time

PAYLOADS = {"opus": (96, "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"),
            "pcmu": (0, "a=rtpmap:0 PCMU/8000\r\n")}
SUITE = "AES_CM_128_HMAC_SHA1_80"
KEY_BYTES = 30
# How many calls may wait for an answer at once: fewer than would overrun a socket's buffer.
WINDOW = 48
REPEAT_S = 0.5
# A server that is busy refuses calls for a while (503); they are tried again.
AGAIN_S = 0.5
CALL_ID = re.compile(rb"\r\nCall-ID: *([0-9]+)-([0-9]+)@", re.I)
TO = re.compile(rb"\r\nTo: *([^\r]*)", re.I)
CONTACT = re.compile(rb"\r\nContact: *<([^>\r]*)>", re.I)
CSEQ = re.compile(rb"\r\nCSeq: *([0-9]+) *([A-Z]+)", re.I)
COPIED = re.compile(rb"\r\n((?:Via|From|To|Call-ID|CSeq): *[^\r]*)", re.I)
MEDIA_IP = re.compile(rb"\r\nc=IN IP4 ([0-9.]+)")
MEDIA_PORT = re.compile(rb"\r\nm=audio ([0-9]+) ")
CRYPTO = re.compile(rb"\r\na=crypto:1 " + SUITE.encode() + rb" inline:([A-Za-z0-9+/]+)")


class Call:
    """One call: what was sent last, and once it is up, where its media goes."""

    def __init__(self, number, user, port, codec, srtp):
        self.number = number
        self.user = user
        self.port = port
        self.codec = codec
        # Master keys and salts: ours, and the server's once the call is up; None: plain RTP.
        self.key = os.urandom(KEY_BYTES) if srtp else None
        self.their_key = None
        self.to = None
        self.target = None
        self.media = None
        self.request = b""
        self.due = 0.0
        self.tries = 0


class Calls:
    """A user agent with one socket. Use as a context, or call stop()."""

    def __init__(self, server, ip="127.0.0.1"):
        """server: (ip, port)"""
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((ip, 0))
        self.socket.connect(server)
        self.host = "%s:%d" % self.socket.getsockname()
        # RTCP of all calls ends here, unread: a port of its own for each would only cost sockets.
        self.rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtcp.bind((ip, 0))
        self.ip = ip
        self.key = os.getpid()
        self.number = 0
        self.waiting = {}
        self.up = {}
        self.again = collections.deque()

    # ---- messages

    def _headers(self, call, method, cseq, to, branch=None):
        """Headers that all our requests have."""
        key = f"{self.key}-{call.number}-{cseq}{branch or method}"
        return (f"Via: SIP/2.0/UDP {self.host};branch=z9hG4bK{key}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:load{call.number}@{self.host}>;tag=l{call.number}\r\n"
                f"To: {to}\r\nCall-ID: {self.key}-{call.number}@{self.ip}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:load@{self.host}>\r\n")

    def _invite(self, call):
        number, description = PAYLOADS[call.codec]
        profile = "RTP/AVP"
        if call.key:
            profile = "RTP/SAVP"
            description += f"a=crypto:1 {SUITE} inline:{base64.b64encode(call.key).decode()}\r\n"
        body = (f"v=0\r\no=- {call.number} 1 IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {self.ip}\r\nt=0 0\r\n"
                f"m=audio {call.port} {profile} {number}\r\n{description}"
                f"a=rtcp:{self.rtcp.getsockname()[1]}\r\na=ptime:20\r\n")
        uri = f"sip:{call.user}@{self.server[0]}:{self.server[1]}"
        return (f"INVITE {uri} SIP/2.0\r\n{self._headers(call, 'INVITE', 1, '<' + uri + '>')}"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()

    def _in_dialog(self, call, method, cseq, branch=None):
        return (f"{method} {call.target} SIP/2.0\r\n"
                f"{self._headers(call, method, cseq, call.to, branch)}"
                "Content-Length: 0\r\n\r\n").encode()

    def _answer(self, request):
        """200 to whatever the server asks of us."""
        lines = b"\r\n".join(COPIED.findall(request))
        self.socket.send(b"SIP/2.0 200 OK\r\n" + lines + b"\r\nContent-Length: 0\r\n\r\n")

    # ---- one exchange for each of many calls

    def _start(self, call, request):
        call.request = request
        call.tries = 0
        self.waiting[call.number] = call
        self._send(call)

    def _send(self, call):
        call.tries += 1
        if call.tries > 40:
            raise RuntimeError(f"call {call.number} got no answer to\n{call.request.decode()}")
        call.due = time.monotonic() + REPEAT_S
        self.socket.send(call.request)

    def _response(self, message, call):
        status = int(message[8:11])
        match = CSEQ.search(message)
        if status < 200:
            # The server has it: repeat no more for a while (RFC 3261 17.1.1.2).
            call.due = time.monotonic() + 20
            return
        if status >= 300:
            self._refused(message, call, status)
            return
        if match[2] == b"INVITE":
            if call.to is None:
                call.to = TO.search(message)[1].decode()
                call.target = CONTACT.search(message)[1].decode()
                port = MEDIA_PORT.search(message)
                call.media = MEDIA_IP.search(message)[1].decode(), int(port[1])
                if call.key:
                    call.their_key = base64.b64decode(CRYPTO.search(message)[1])
                self.up[call.number] = call
            self.socket.send(self._in_dialog(call, "ACK", 1))
            if call.request.startswith(b"INVITE"):
                self.waiting.pop(call.number, None)
        elif match[2] == b"BYE":
            self.waiting.pop(call.number, None)

    def _refused(self, message, call, status):
        request = call.request.decode()
        if not request.startswith("INVITE "):
            # A BYE to a call that is over already ends it as well.
            self.waiting.pop(call.number, None)
            return
        call.to = TO.search(message)[1].decode()
        call.target = request.split(" ")[1]
        self.socket.send(self._in_dialog(call, "ACK", 1, branch="INVITE"))
        call.to = None
        self.waiting.pop(call.number, None)
        if status != 503:
            raise RuntimeError(f"call {call.number} was refused:\n{message.decode(errors='replace')}")
        self.number += 1
        call.number = self.number
        self.again.append((time.monotonic() + AGAIN_S, call))

    def _message(self, message):
        match = CALL_ID.search(message)
        if not message.startswith(b"SIP/2.0 "):
            if not message.startswith(b"ACK "):
                self._answer(message)
            if message.startswith(b"BYE ") and match:
                raise RuntimeError(f"the server ended call {int(match[2])}:\n{message.decode()}")
            return
        number = int(match[2]) if match else 0
        call = self.waiting.get(number) or self.up.get(number)
        if call:
            self._response(message, call)

    def _receive(self):
        """Wait for a message, then read what there is; send again what nobody answered."""
        if select.select([self.socket], [], [], 0.05)[0]:
            for _ in range(WINDOW):
                try:
                    self._message(self.socket.recv(65536, socket.MSG_DONTWAIT))
                except BlockingIOError:
                    break
        now = time.monotonic()
        for call in list(self.waiting.values()):
            if call.due < now:
                self._send(call)

    def _exchange(self, calls, request, seconds):
        """Send each call's request, a window of them at a time, until all are answered."""
        left = collections.deque(calls)
        end = time.monotonic() + seconds
        while left or self.waiting or self.again:
            while self.again and self.again[0][0] < time.monotonic():
                left.append(self.again.popleft()[1])
            while left and len(self.waiting) < WINDOW:
                call = left.popleft()
                self._start(call, request(call))
            self._receive()
            if time.monotonic() > end:
                missing = len(left) + len(self.waiting) + len(self.again)
                raise RuntimeError(f"{missing} of {len(calls)} requests are unanswered or refused "
                                   f"after {seconds} s")

    # ---- for the benchmarks

    def add(self, user, ports, codec, srtp=False, seconds=15):
        """Call user once for each port of ours; returns the calls, all of them up, or else none."""
        calls = []
        for port in ports:
            self.number += 1
            calls.append(Call(self.number, user, port, codec, srtp))
        try:
            self._exchange(calls, self._invite, seconds)
        except RuntimeError:
            self.waiting.clear()
            self.again.clear()
            self.remove([call for call in calls if call.number in self.up], seconds)
            raise
        return calls

    def remove(self, calls, seconds=15):
        """End these calls."""
        self._exchange(calls, lambda call: self._in_dialog(call, "BYE", 2), seconds)
        for call in calls:
            self.up.pop(call.number, None)

    def stop(self):
        self.socket.close()
        self.rtcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
