# SPDX-License-Identifier: GPL-3.0-or-later
"""RTP and RTCP on the wire: reports, whose audio is taken, and what is said when none comes."""
import socket
import threading

from harness import audio, caller, wait
from harness.hearing import settled


def came(sock, seconds=0.02):
    """The datagrams that come within so many seconds, as (bytes, source)."""
    got = []
    sock.settimeout(seconds)
    try:
        while True:
            got.append(sock.recvfrom(4096))
    except (socket.timeout, BlockingIOError):
        return got


def echoed(sock, to, first, tries=200):
    """Send packets from sock until some come back to it; returns how many were sent, or None."""
    for n in range(tries):
        sock.sendto(caller.rtp(first + n), to)
        if any(len(packet) == 172 for packet, _ in came(sock)):
            return n + 1
    return None


def test_reports_are_well_formed_and_end_with_a_bye(server, phone, captured):
    alice = phone("alice", frequency=audio.TONES[0], rtcp_mux=True)
    bob = phone("bob", frequency=audio.TONES[1])
    first, last = server.rtp_ports
    with captured("udp") as packets:
        packets.sip_ports = [server.ports["udp"], alice.port, bob.port]
        packets.rtcp_ports = range(first + 1, last, 2)
        for one in (alice, bob):
            one.dial(server.uri("room"))
        settled([alice, bob])
        alice.listen(4)  # the first report comes after three seconds at most
        for one in (alice, bob):
            one.hangup()
        ours = f"udp.srcport >= {first} and udp.srcport < {last}"
        wait.until(lambda: len(packets.rows(f"rtcp.pt == 203 and {ours}", "frame.number")) == 2, 10,
                   "the BYE of each leg")
    rows = packets.rows(f"rtcp and {ours}", "udp.srcport", "rtcp.pt", "rtcp.ssrc.identifier",
                        "_ws.col.Info")
    for even, who in ((True, "alice, who multiplexes"), (False, "bob, who does not")):
        sent = [row for row in rows if (int(row["udp.srcport"]) % 2 == 0) == even]
        assert len(sent) >= 2, f"reports to {who}: {rows}"
        assert all(row["rtcp.pt"] in ("200", "201") and "Source description" in row["_ws.col.Info"]
                   for row in sent), sent
        assert any(row["rtcp.ssrc.identifier"] for row in sent), f"no block to {who}: {sent}"
        assert "Goodbye" in sent[-1]["_ws.col.Info"], sent
    assert packets.malformed([*range(first, last)]) == []


def test_audio_follows_a_peer_behind_nat_and_nobody_else(server):
    hidden = caller.media_socket()  # the address that the SDP announces
    with caller.Caller(server, announced=hidden.getsockname()) as alice:
        alice.call()
        assert alice.status == 200
        assert echoed(alice.media, alice.to, 0), "nothing came back to where the packets come from"
        ip, port = alice.media.getsockname()
        server.child.expect(lambda line: f"comes from {ip}:{port} instead of the announced" in line
                            and "sending there" in line)
        # A stranger is not heard, and hears nothing.
        with caller.media_socket() as stranger:
            for n in range(10):
                stranger.sendto(caller.rtp(1000 + n, ssrc=5), alice.to)
            assert echoed(alice.media, alice.to, 300)
            assert not came(stranger)
        # The announced address wins, whenever it shows itself.
        assert echoed(hidden, alice.to, 600)
        came(alice.media)
        alice.media.sendto(caller.rtp(900), alice.to)
        assert echoed(hidden, alice.to, 601)
        assert not any(len(packet) == 172 for packet, _ in came(alice.media))
    hidden.close()


class Chatter(threading.Thread):
    """Sends the same datagram again and again until it is stopped."""

    def __init__(self, sock, datagram, to):
        super().__init__(daemon=True)
        self.args = (datagram, to)
        self.sock = sock
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.2):
            self.sock.sendto(*self.args)

    def stop(self):
        self.ended.set()
        self.join()


def test_silence_is_explained_and_ends_the_call_unless_reports_come(start_server):
    server = start_server(settings={"RTP": {"timeout": "6"}})
    with caller.Caller(server, "room") as mute, caller.Caller(server, "room") as keyed, \
            caller.Caller(server, "echo", attributes=["a=rtcp-mux"]) as listener:
        for one in (mute, keyed, listener):
            one.call()
            assert one.status == 200
        assert "a=rtcp-mux" in listener.answer
        keys = Chatter(keyed.media, bytes([22, 254, 253]) + bytes(20), keyed.to)
        reports = Chatter(listener.media, caller.receiver_report(), listener.to)
        try:
            ip, port = mute.to
            server.child.expect(lambda line: f"nothing at all has arrived at {ip}:{port}" in line and
                                "port_range" in line and "advertised_ip" in line, 10)
            server.child.expect(lambda line: "only DTLS arrives from" in line, 10)
            server.child.expect(lambda line: "its RTCP reports arrive, but no RTP" in line, 10)
            for one in (mute, keyed):
                assert "\r\nReason: SIP" in one.await_bye() and "timeout" in server.child.tail(400)
            lines = [line for line in server.child.drain() if "No audio comes from" in line]
            assert len(lines) == 3, lines
            # Who reports is there, and stays.
            assert listener.bye() == 200
        finally:
            keys.stop()
            reports.stop()


def can_call(server):
    with caller.Caller(server) as one:
        one.call()
        return one.up


def test_call_without_a_free_port_is_refused_and_the_setting_named(start_server):
    server = start_server(rtp_pairs=1, settings={"SIP": {"advertised_ip": "203.0.113.7"}})
    with caller.Caller(server) as first, caller.Caller(server) as second:
        message = first.call()
        assert first.status == 200
        assert f"@203.0.113.7:{server.ports['udp']}" in message.split("\r\nContact: ")[1].split("\r\n")[0]
        assert "\r\nc=IN IP4 203.0.113.7\r\n" in message and " IN IP4 203.0.113.7\r\ns=" in message
        message = second.call()
        assert second.status == 503 and "\r\nRetry-After: " in message, message
        server.child.expect(lambda line: "all ports of [RTP] port_range are taken" in line)
        assert first.bye() == 200
        wait.until(lambda: can_call(server), 5, "the port to be free again")
