# SPDX-License-Identifier: GPL-3.0-or-later
"""
Callers by the thousand who do everything at once: join, talk, hold, resume, take back, hang up, or
vanish without a word. Each follows a script drawn from a seed; one thread plays them all.
"""
import collections
import heapq
import random
import re
import select
import socket
import struct
import time

# Calls that wait for an answer at once: more would only fill the server's socket.
WINDOW = 200
REPEAT_S, PATIENCE_S = 0.5, 30
# A refusal for the moment; telephones try again.
AGAIN_S = 0.3
PACKET_S = 0.02
HOLDS = ("sendonly", "inactive", "0.0.0.0")
CALL_ID = re.compile(rb"\r\nCall-ID: *storm-([0-9]+)\.[0-9]+@", re.I)
TO = re.compile(rb"\r\nTo: *([^\r]*)", re.I)
CONTACT = re.compile(rb"\r\nContact: *<([^>\r]*)>", re.I)
CSEQ = re.compile(rb"\r\nCSeq: *([0-9]+) *([A-Z]+)", re.I)
COPIED = re.compile(rb"\r\n((?:Via|From|To|Call-ID|CSeq): *[^\r]*)", re.I)
MEDIA = re.compile(rb"\r\nm=audio ([0-9]+) ")


def media_socket(server):
    """
    A socket on a port that is none of the server's: when a caller has vanished the server could take
    his port for another call, and the two calls would keep each other alive.
    """
    first, last = server.rtp_ports
    refused = []
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        if not first <= sock.getsockname()[1] <= last:
            break
        refused.append(sock)  # kept until another has been found
    for each in refused:
        each.close()
    return sock


class Caller:
    """One caller. His script yields what he does next; a question gives it the status of the answer."""

    def __init__(self, number, user, seed, media):
        self.number = number
        self.user = user
        self.random = random.Random(f"{seed}-{number}")
        self.vanishes = number % 2 == 0
        self.media = media
        self.attempt = self.cseq = 0
        self.direction = ""
        self.fresh()
        self.script = self.plan()

    def fresh(self):
        """A new call to the same place."""
        self.attempt += 1
        self.to = self.target = self.remote = None
        self.request = b""
        self.branch = ""
        self.due = self.end = 0.0
        self.confirms = True

    def plan(self):
        """The life of a caller; who vanishes just stops."""
        fate = self.random.random()
        if fate < 0.08:
            if (yield "take back", None) == 200:
                yield "bye", None
            return
        if fate < 0.12 and self.vanishes:
            self.confirms = False
            yield "invite", "sendrecv"
            return
        if (yield "invite", "sendrecv") != 200:
            return
        yield "talk", self.random.randrange(1, 40)
        for _ in range(self.random.randrange(3)):
            yield "invite", self.random.choice(HOLDS)
            yield "talk", self.random.randrange(1, 5)
            # Who vanished while nothing was to be heard of him would be missed by nobody.
            yield "invite", "sendrecv"
            yield "talk", self.random.randrange(1, 20)
        if not self.vanishes:
            yield "bye", None


class Storm:
    """All callers of a round against one server."""

    def __init__(self, server, users, callers, seed):
        self.server = server
        self.address = (server.ip, server.ports["udp"])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.connect(self.address)
        self.host = "%s:%d" % self.socket.getsockname()
        self.seed = seed
        draw = random.Random(seed)
        self.callers = {n: Caller(n, draw.choice(users), seed, media_socket(server))
                        for n in range(callers)}
        self.asking = set()
        self.later = []  # (when, number, what)
        self.up = 0
        self.refused = collections.Counter()

    # ---- messages

    def _head(self, caller, method, cseq, to, branch):
        uri = f"sip:{caller.user}@{self.server.host()}"
        return (f"{method} {caller.target or uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {self.host};branch=z9hG4bK{branch}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:caller{caller.number}@{self.host}>;tag=s\r\n"
                f"To: {to or f'<{uri}>'}\r\n"
                f"Call-ID: storm-{caller.number}.{caller.attempt}@{self.seed}\r\n"
                f"CSeq: {cseq} {method}\r\nContact: <sip:storm@{self.host}>\r\n")

    def _invite(self, caller, direction):
        caller.cseq += 1
        caller.branch = f"{self.seed}.{caller.number}.{caller.attempt}.{caller.cseq}"
        ip = "0.0.0.0" if direction == "0.0.0.0" else "127.0.0.1"
        direction = "sendrecv" if direction == "0.0.0.0" else direction
        body = (f"v=0\r\no=- 1 {caller.cseq} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
                f"m=audio {caller.media.getsockname()[1]} RTP/AVP 0\r\na={direction}\r\n")
        return (self._head(caller, "INVITE", caller.cseq, caller.to, caller.branch)
                + f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()

    def _plain(self, caller, method, cseq=None, to=None, branch=None):
        if cseq is None:
            caller.cseq += 1
            cseq = caller.cseq
        branch = branch or f"{self.seed}.{caller.number}.{caller.attempt}.{cseq}.{method}"
        return (self._head(caller, method, cseq, to or caller.to, branch)
                + "Content-Length: 0\r\n\r\n").encode()

    def _send(self, data):
        try:
            self.socket.send(data)
        except OSError:
            pass  # the kernel tells of an earlier packet, or its buffer is full: sent again later

    # ---- what callers do

    def _step(self, caller, status=None):
        """Let a caller go on with his script."""
        try:
            word, argument = caller.script.send(status)
        except StopIteration:
            caller.media.close()
            del self.callers[caller.number]
            return
        if word == "talk":
            self._talk(caller, argument)
        elif word == "bye":
            self._ask(caller, self._plain(caller, "BYE"))
        else:
            caller.direction = argument or "sendrecv"
            self._ask(caller, self._invite(caller, caller.direction))
            if word == "take back":
                self._at(caller, caller.random.random() * 0.02, "cancel")

    def _ask(self, caller, request):
        caller.request = request
        caller.due = time.monotonic() + REPEAT_S
        caller.end = time.monotonic() + PATIENCE_S
        self.asking.add(caller.number)
        self._send(request)

    def _at(self, caller, seconds, what):
        heapq.heappush(self.later, (time.monotonic() + seconds, caller.number, what))

    def _talk(self, caller, packets):
        """One packet now, the rest one by one."""
        if caller.remote:
            header = struct.pack(">BBHII", 0x80, 0, caller.random.randrange(1 << 16),
                                 caller.random.randrange(1 << 32), caller.number)
            try:
                caller.media.sendto(header + bytes(160), caller.remote)
            except OSError:
                pass
        self._at(caller, PACKET_S, packets - 1)

    def _later(self, number, what):
        caller = self.callers.get(number)
        if not caller:
            return
        if what == "cancel":
            if number in self.asking:
                self._send(self._plain(caller, "CANCEL", caller.cseq, branch=caller.branch))
        elif what == "again":
            self._ask(caller, self._invite(caller, caller.direction))
        elif what:
            self._talk(caller, what)
        else:
            self._step(caller)

    # ---- what the server says

    def _response(self, caller, message):
        status = int(message[8:11])
        cseq = CSEQ.search(message)
        if status < 200:
            caller.due = time.monotonic() + PATIENCE_S
            return
        if cseq[2] == b"INVITE":
            self._invite_answered(caller, message, status, int(cseq[1]))
        elif cseq[2] == b"BYE":
            self._answered(caller, status)

    def _invite_answered(self, caller, message, status, cseq):
        asked = caller.number in self.asking and cseq == caller.cseq
        to = TO.search(message)[1].decode()
        if status >= 300:
            self._send(self._plain(caller, "ACK", cseq, to, branch=caller.branch))
            # 503: the server is busy; 491: it has not read our last ACK yet.
            if asked and (status == 491 or status == 503 and not caller.to):
                self.asking.discard(caller.number)
                if status == 503:
                    caller.fresh()
                self._at(caller, AGAIN_S, "again")
            elif asked:
                # 487 is what a caller gets who took his call back, 481 who was hung up on.
                self.refused[status] += status not in (481, 487)
                self._answered(caller, status)
            return
        if caller.to is None:
            caller.to = to
            caller.target = CONTACT.search(message)[1].decode()
            caller.remote = ("127.0.0.1", int(MEDIA.search(message)[1]))
            self.up += 1
        if caller.confirms:
            self._send(self._plain(caller, "ACK", cseq))
        if asked:
            self._answered(caller, status)

    def _answered(self, caller, status):
        self.asking.discard(caller.number)
        self._step(caller, status)

    def _message(self, message):
        match = CALL_ID.search(message)
        caller = self.callers.get(int(match[1])) if match else None
        if not caller:
            return  # who has vanished says nothing
        if message.startswith(b"SIP/2.0 "):
            self._response(caller, message)
        elif not message.startswith(b"ACK "):
            lines = b"\r\n".join(COPIED.findall(message))
            self._send(b"SIP/2.0 200 OK\r\n" + lines + b"\r\nContent-Length: 0\r\n\r\n")

    def _receive(self):
        if not select.select([self.socket], [], [], 0.005)[0]:
            return
        for _ in range(WINDOW):
            try:
                self._message(self.socket.recv(65536, socket.MSG_DONTWAIT))
            except OSError:
                break

    def _repeat(self):
        now = time.monotonic()
        while self.later and self.later[0][0] <= now:
            _, number, what = heapq.heappop(self.later)
            self._later(number, what)
        for number in list(self.asking):
            caller = self.callers[number]
            if caller.end < now:
                raise AssertionError(f"no answer to\n{caller.request.decode()}")
            if caller.due < now:
                caller.due = now + REPEAT_S
                self._send(caller.request)

    def blow(self):
        """Play all callers to their end; returns (calls that came up, counts of refusals by status)."""
        waiting = list(self.callers.values())
        while waiting or self.callers:
            while waiting and len(self.asking) < WINDOW:
                self._step(waiting.pop())
            self._receive()
            self._repeat()
        return self.up, +self.refused

    def close(self):
        """From now on the kernel tells the server that nobody is there."""
        self.socket.close()
