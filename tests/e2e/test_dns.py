# SPDX-License-Identifier: GPL-3.0-or-later
"""
Requests of the server's own find their way by the DNS: registrations through names of a zone that
dnsmasq serves, with servers that are dead.
"""
import time

import pytest

from harness import dnsmasq, wait
from harness import sipp as sipp_module
from test_registration import registrar_of

# A target that is silent is given up for the next after 8 * T1 (RFC 3261's T1 is 500 ms).
PATIENCE = 4.0


@pytest.fixture
def zone(folder):
    """Start name servers: zone("host-record=a.sylk.test,127.0.0.1", ...)."""
    started = []

    def start(*records):
        started.append(dnsmasq.NameServer(folder, records))
        return started[-1]

    yield start
    for one in started:
        one.close()


def registers(start_server, name_servers, **options):
    """A server that registers; how long that took from its start."""
    begin = time.monotonic()
    server = start_server(settings={
        "Server": {"dns_servers": ", ".join(f"127.0.0.1:{port}" for port in name_servers)},
        "SIP": {"register": "sip:room@sylk.test", "register_password": "secret", **options}})
    server.child.expect(lambda line: "sip:room@sylk.test is registered for 3600 s" in line, 30)
    took = time.monotonic() - begin
    server.stop()
    return took


def test_naptr_and_srv_lead_to_the_registrar_by_tcp(start_server, folder, zone):
    registrar = registrar_of(folder, "tcp")
    names = zone("naptr-record=sylk.test,50,50,s,SIPS+D2T,,_sips._sctp.sylk.test",
                 "naptr-record=sylk.test,90,50,s,SIP+D2T,,_sip._tcp.sylk.test",
                 "naptr-record=sylk.test,100,50,s,SIP+D2U,,_sip._udp.sylk.test",
                 f"srv-host=_sip._tcp.sylk.test,server1.sylk.test,{registrar.port},0,1",
                 "host-record=server1.sylk.test,127.0.0.1")
    registers(start_server, [names.port])
    registrar.check()


def test_dead_target_is_passed_over(start_server, folder, zone):
    registrar = registrar_of(folder, "udp")
    names = zone(f"srv-host=_sip._udp.sylk.test,dead.sylk.test,{wait.free_port()},0,1",
                 f"srv-host=_sip._udp.sylk.test,alive.sylk.test,{registrar.port},1,1",
                 "host-record=dead.sylk.test,127.0.0.1",
                 "host-record=alive.sylk.test,127.0.0.1")
    took = registers(start_server, [names.port])
    registrar.check()
    assert PATIENCE <= took < PATIENCE + 10 * wait.PATIENCE


def test_refused_connection_is_passed_over_at_once(start_server, folder, zone):
    registrar = registrar_of(folder, "tcp")
    names = zone(f"srv-host=_sip._tcp.sylk.test,dead.sylk.test,{wait.free_port()},0,1",
                 f"srv-host=_sip._tcp.sylk.test,alive.sylk.test,{registrar.port},1,1",
                 "host-record=dead.sylk.test,127.0.0.1",
                 "host-record=alive.sylk.test,127.0.0.1")
    took = registers(start_server, [names.port])
    registrar.check()
    assert took < PATIENCE * wait.PATIENCE


def test_outbound_proxy_is_a_name_and_is_not_written(start_server, folder, zone):
    registrar = registrar_of(folder, "udp")
    names = zone(f"srv-host=_sip._udp.proxy.sylk.test,alive.sylk.test,{registrar.port},0,1",
                 "host-record=alive.sylk.test,127.0.0.1")
    registers(start_server, [names.port], outbound_proxy="proxy.sylk.test")
    registrar.check()


def test_dead_name_server_costs_little(start_server, folder, zone):
    registrar = registrar_of(folder, "udp")
    names = zone(f"srv-host=_sip._udp.sylk.test,alive.sylk.test,{registrar.port},0,1",
                 "host-record=alive.sylk.test,127.0.0.1")
    took = registers(start_server, [wait.free_port(), names.port])
    registrar.check()
    # NAPTR, SRV and A each would pay again.
    assert took < 5 * wait.PATIENCE


@pytest.mark.parametrize("address, scenario_is_answered", [("127.0.0.1", True), ("192.0.2.1", False)])
def test_trusted_peer_is_a_name(start_server, folder, zone, address, scenario_is_answered):
    names = zone(f"host-record=peer.sylk.test,{address}")
    server = start_server(settings={
        "Server": {"dns_servers": f"127.0.0.1:{names.port}"},
        "SIP": {"trusted_peers": "192.0.2.9, peer.sylk.test"}})
    names.child.expect(lambda line: "peer.sylk.test is " + address in line, 10)
    # The answer has been sent; two more turns of the server's loop and it is known there.
    result = sipp_module.run(folder, "options", server)
    if scenario_is_answered:
        sipp_module.check(result)
    else:
        with pytest.raises(AssertionError):
            sipp_module.check(result)


def test_call_passes_over_a_dead_target_and_answers_a_challenge(start_server, folder, zone, phone):
    """A room calls by a name: the first server is silent, the second one wants a password."""
    callee = sipp_module.Answerer(folder, "called_digest")
    names = zone(f"srv-host=_sip._udp.sylk.test,dead.sylk.test,{wait.free_port()},0,1",
                 f"srv-host=_sip._udp.sylk.test,alive.sylk.test,{callee.port},1,1",
                 "host-record=dead.sylk.test,127.0.0.1",
                 "host-record=alive.sylk.test,127.0.0.1")
    server = start_server(settings={
        "Server": {"dns_servers": f"127.0.0.1:{names.port}"},
        "SIP": {"auth_realm": "sylk.test", "auth_username": "room", "auth_password": "secret"}})
    alice = phone("alice")
    alice.dial(server.uri("room"))
    begin = time.monotonic()
    alice.transfer("sip:bob@sylk.test")
    server.child.expect(lambda line: "bob@sylk.test was called into" in line, 30)
    assert PATIENCE <= time.monotonic() - begin < PATIENCE + 10 * wait.PATIENCE
    server.terminate()
    callee.check()
