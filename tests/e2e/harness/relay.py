# SPDX-License-Identifier: GPL-3.0-or-later
"""
A bad network: a relay of UDP in front of a server, as a NAT is one, in real time. It has an address of
its own and the server's port numbers; the server names it as its own by advertised_ip. What one telephone
sends and gets is lost and delayed as the test says; all else goes straight through.
"""
import heapq
import random
import selectors
import socket
import threading
import time

IP = "127.0.0.2"


class Line:
    """What happens to packets: independent losses, bursts of them (Gilbert), and delays up to jitter seconds."""

    def __init__(self, loss=0.0, begin=0.0, end=1.0, jitter=0.0):
        self.loss, self.begin, self.end, self.jitter = loss, begin, end, jitter


class Relay(threading.Thread):
    """Use as a context. ports: the server's, which are forwarded. bad_ports: of the telephone on the bad line."""

    def __init__(self, server_ip, ports, bad_ports, seed=1):
        super().__init__(daemon=True)
        self.server_ip = server_ip
        self.bad_ports = bad_ports
        self.line = Line()
        self.lost = self.carried = 0
        self._random = random.Random(seed)
        self._in_burst = {}
        self._selector = selectors.DefaultSelector()
        self._upstream = {}  # (port, client) -> socket towards the server
        self._queue = []
        self._number = 0
        self._ended = threading.Event()
        for port in ports:
            sock = self._socket(port)
            self._selector.register(sock, selectors.EVENT_READ, (port, None, None))
        self.start()

    @staticmethod
    def _socket(port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((IP, port))
        return sock

    def _towards_server(self, front, port, client):
        key = (port, client)
        if key not in self._upstream:
            sock = self._socket(0)
            self._upstream[key] = sock
            self._selector.register(sock, selectors.EVENT_READ, (port, client, front))
        return self._upstream[key]

    def _is_lost(self, direction):
        line, burst = self.line, self._in_burst.get(direction, False)
        burst = self._random.random() >= line.end if burst else self._random.random() < line.begin
        self._in_burst[direction] = burst
        return burst or self._random.random() < line.loss

    def _carry(self, sock, to, packet, client, direction):
        due = time.monotonic()
        if client[1] in self.bad_ports:
            self.carried += 1
            if self._is_lost(direction):
                self.lost += 1
                return
            due += self._random.random() * self.line.jitter
        self._number += 1
        heapq.heappush(self._queue, (due, self._number, sock, to, packet))

    def _receive(self, sock, data):
        port, client, front = data
        while True:
            try:
                packet, source = sock.recvfrom(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if front:
                self._carry(front, client, packet, client, "down")
            else:
                self._carry(self._towards_server(sock, port, source), (self.server_ip, port), packet, source, "up")

    def _deliver(self):
        while self._queue and self._queue[0][0] <= time.monotonic():
            _, _, sock, to, packet = heapq.heappop(self._queue)
            try:
                sock.sendto(packet, to)
            except (BlockingIOError, ConnectionRefusedError):
                pass

    def _turn(self, seconds):
        for key, _ in self._selector.select(seconds):
            self._receive(key.fileobj, key.data)
        self._deliver()

    def run(self):
        while not self._ended.is_set():
            left = self._queue[0][0] - time.monotonic() if self._queue else 0.1
            self._turn(max(0.0, min(left, 0.1)))
        self._turn(0)  # what came before the end is still carried

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
