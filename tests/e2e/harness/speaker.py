# SPDX-License-Identifier: GPL-3.0-or-later
"""
A voice of a tone for the caller of caller.py, in G.711, whose codec and keys change while it speaks. SRTP
is libsrtp's.
"""
import base64
import os
import re
import socket
import threading
import time

import pylibsrtp

from harness import audio, caller

LAWS = {0: audio.to_mu_law, 8: audio.to_a_law}
SAMPLES = 160
PERIOD = 0.020
SUITE = "AES_CM_128_HMAC_SHA1_80"


def new_key():
    """Master key and salt."""
    return os.urandom(30)


def crypto(key):
    """The line of a description that tells a key."""
    return f"a=crypto:1 {SUITE} inline:{base64.b64encode(key).decode()}"


def key_of(answer):
    """The key in a line of an answer."""
    return base64.b64decode(re.search(rf"a=crypto:1 {SUITE} inline:([A-Za-z0-9+/=]+)", answer)[1])


class Speaker(threading.Thread):
    """Speaks and hears by the socket of a call. Use as a context."""

    def __init__(self, call, frequency, level=audio.LEVEL):
        super().__init__(daemon=True)
        self.call, self.frequency, self.level, self.name = call, frequency, level, "speaker"
        self.payload_type = 0
        self.unreadable = 0
        self.heard = b""
        self._voice = audio.tone(frequency, 1, 8000, level=level) / 32768
        self._seal, self._open = None, []
        self._ended = threading.Event()

    def use_keys(self, send, receive):
        """From the next packet on; what comes under an older key is read as well."""
        policies = [pylibsrtp.Policy(key=send, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND),
                    pylibsrtp.Policy(key=receive, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)]
        seal, opened = (pylibsrtp.Session(policy=policy) for policy in policies)
        self._open = [opened, *self._open]
        self._seal = seal

    def _speak(self, number):
        at = number * SAMPLES % len(self._voice)
        payload_type = self.payload_type
        packet = caller.rtp(number, LAWS[payload_type](self._voice[at:at + SAMPLES]), payload_type)
        self.call.media.sendto(self._seal.protect(packet) if self._seal else packet, self.call.to)

    def _read(self, packet):
        for session in self._open:
            try:
                return session.unprotect(packet)
            except pylibsrtp.Error:
                continue
        return None if self._open else packet

    def _hear(self):
        try:
            while True:
                packet = self._read(self.call.media.recv(4096))
                if packet is None:
                    self.unreadable += 1
                elif packet[1] & 0x7f == 0:
                    self.heard += packet[12:]
        except (BlockingIOError, socket.timeout):
            pass

    def run(self):
        self.call.media.setblocking(False)
        begin, number = time.monotonic(), 0
        while not self._ended.wait(max(0.0, begin + number * PERIOD - time.monotonic())):
            self._speak(number)
            self._hear()
            number += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()
