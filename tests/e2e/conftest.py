# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the end-to-end tests. Every test has a folder of its own, kept when it fails."""
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from harness import baresip, capture, linphone, server as server_module, sipp as sipp_module  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "plain: makes sense only without a sanitizer")


@pytest.fixture(autouse=True)
def without_sanitizer(request):
    if request.node.get_closest_marker("plain") and server_module.sanitized():
        pytest.skip("figures of a sanitizer build mean nothing")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, "report_" + call.when, outcome.get_result())


@pytest.fixture
def folder(request):
    """Where a test's peers keep their files: under the build folder; emptied when it passes."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)
    path = os.path.join(server_module.build_dir(), "e2e", name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    yield path
    report = getattr(request.node, "report_call", None)
    if report is not None and report.passed and not os.environ.get("SYLK_KEEP"):
        shutil.rmtree(path, ignore_errors=True)
    else:
        print(f"logs: {path}")


@pytest.fixture
def start_server(folder):
    """Start servers; each is stopped and judged at the end of the test."""
    started = []

    def start(**options):
        path = os.path.join(folder, f"server{len(started)}")
        os.makedirs(path)
        started.append(server_module.Server(path, **options))
        return started[-1]

    yield start
    # All are stopped before the first complaint.
    complaints = []
    for one in started:
        if one.judged:
            continue
        try:
            one.stop()
        except AssertionError as error:
            complaints.append(str(error))
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture(scope="module")
def shared_server():
    """One server for all tests of a module that leave no trace in it."""
    path = os.path.join(server_module.build_dir(), "e2e", "shared")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    one = server_module.Server(path)
    yield one
    one.stop()


@pytest.fixture
def phone(folder):
    """Start telephones: phone("alice", codec="opus", frequency=TONES[0])."""
    started = []

    def start(name, **options):
        started.append(baresip.Phone(folder, name, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def linphone_phone(folder):
    """Start linphones, as the fixture above starts baresips."""
    started = []

    def start(name, **options):
        started.append(linphone.Phone(folder, name, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def sipp(folder, server):
    """Run a SIPp scenario against the server and demand that it went well."""

    def run(scenario, **options):
        result = sipp_module.run(folder, scenario, server, **options)
        sipp_module.check(result, options.get("calls", 1))
        return result

    return run


@pytest.fixture
def captured(folder):
    """captured(filter) is a context that captures on loopback."""
    if not capture.permitted():
        pytest.skip("this user may not capture packets")
    return lambda packet_filter: capture.Capture(folder, packet_filter)
