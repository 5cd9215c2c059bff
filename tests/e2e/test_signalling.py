# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact SIP dialogues, judged by SIPp; every message in its place and none of them twice."""
import socket

import pytest

from harness import sipp as sipp_module

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@TRANSPORTS
def test_options_outside_a_dialog_tells_what_the_server_can(sipp, transport):
    sipp("options", transport=transport, calls=5)


@TRANSPORTS
def test_call_is_set_up_and_ended(sipp, transport):
    sipp("call", transport=transport)


@TRANSPORTS
def test_call_taken_back_while_ringing_is_cancelled(start_server, folder, transport):
    server = start_server(files={"conference.ini": "[Conference]\nanswer_delay = 30\n"})
    sipp_module.check(sipp_module.run(folder, "cancel", server, transport=transport))


@TRANSPORTS
def test_late_offer_is_made_in_the_200(sipp, transport):
    sipp("late_offer", transport=transport)


@TRANSPORTS
def test_hold_and_resume_are_answered(sipp, transport):
    sipp("hold", transport=transport)


@pytest.mark.parametrize("scenario", ["options", "call"])
def test_signalling_over_ipv6(start_server, folder, scenario):
    server = start_server(ip="::1")
    sipp_module.check(sipp_module.run(folder, scenario, server))


def test_tcp_request_in_small_pieces_is_answered(server):
    request = (
        "OPTIONS sip:room@{host} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKpieces\r\n"
        "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:room@{host}>\r\nCall-ID: pieces\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody"
    ).format(host=server.host("tcp")).encode()
    with socket.create_connection(("127.0.0.1", server.ports["tcp"])) as sock:
        sock.settimeout(10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # RFC 3261 18.3: a stream has no message borders but Content-Length; two requests at once.
        for byte in request[:-1]:
            sock.sendall(bytes([byte]))
        sock.sendall(request[-1:] + request.replace(b"pieces", b"second"))
        answer = b""
        while answer.count(b"SIP/2.0 ") < 2:
            data = sock.recv(4096)
            assert data, answer
            answer += data
    assert answer.count(b"SIP/2.0 200") == 2, answer


def test_answers_are_well_formed_to_tshark(server, folder, captured):
    with captured("udp") as packets:
        for scenario in ("options", "call", "hold", "late_offer"):
            result = sipp_module.run(folder, scenario, server)
            sipp_module.check(result)
    packets.sip_ports = [server.ports["udp"]]
    assert packets.rows(f"sip and udp.srcport == {server.ports['udp']}", "sip.Status-Code")
    first, last = server.rtp_ports
    assert packets.malformed([server.ports["udp"], *range(first, last)]) == []


@TRANSPORTS
def test_reliable_ringing_is_acknowledged(start_server, folder, transport):
    # It rings for a second: SIPp cannot take a 200 before it has sent its PRACK.
    server = start_server(files={"conference.ini": "[Conference]\nanswer_delay = 1\n"})
    sipp_module.check(sipp_module.run(folder, "reliable", server, transport=transport))


@TRANSPORTS
def test_update_holds_resumes_and_refreshes(sipp, transport):
    sipp("update", transport=transport)


@TRANSPORTS
def test_a_call_takes_the_place_of_another(sipp, transport):
    sipp("replaces", transport=transport)


@TRANSPORTS
def test_keys_by_info_are_taken(sipp, transport):
    sipp("info", transport=transport)


@pytest.mark.parametrize("scenario", ["timer_expires", "timer_refreshed", "timer_reinvite"])
def test_session_timer(start_server, folder, scenario):
    server = start_server(settings={"SIP": {"session_timer_min": 2}})
    sipp_module.check(sipp_module.run(folder, scenario, server))


def test_more_calls_than_one_source_may_bring_are_put_off(start_server):
    server = start_server(settings={"SIP": {"max_calls_per_second_per_source": 1}})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", server.ports["udp"]))
        answers = []
        for number in range(4):  # one more than may be in a second that has just begun anew
            port = sock.getsockname()[1]
            sock.send((
                f"MESSAGE sip:nobody@{server.host('udp')} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKrate{number};rport\r\n"
                "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:nobody@127.0.0.1>\r\n"
                f"Call-ID: rate{number}\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"
                "Content-Length: 0\r\n\r\n").encode())
            answers.append(sock.recv(4096))
    put_off = [answer for answer in answers if answer.startswith(b"SIP/2.0 503 ")]
    assert put_off and len(put_off) < len(answers)
    assert all(b"\r\nRetry-After: " in answer for answer in put_off)
