# SPDX-License-Identifier: GPL-3.0-or-later
"""sylk-server set up for benchmarks: on its core, one media thread, enough ports, a quiet log."""
import contextlib
import shutil
import tempfile

from harness.server import Server
from load import measure

# Below the ports that the kernel gives to the load's sockets.
PORTS = "10000:32000"


@contextlib.contextmanager
def running(**settings):
    """A server; settings: further options of [RTP]."""
    folder = tempfile.mkdtemp(prefix="sylk-bench-")
    server = None
    try:
        with measure.started_on(measure.SERVER_CORE):
            server = Server(folder, transports=("udp",), settings={
                "Server": {"log_level": "warning"},
                "RTP": {"port_range": PORTS, "timeout": 0, "media_threads": 1, **settings}})
        yield server
    finally:
        if server and server.child.running:
            try:
                server.stop()
            except AssertionError as error:
                print(f"the server did not end well:\n{error}", flush=True)
                server.child.kill()
        shutil.rmtree(folder, ignore_errors=True)
