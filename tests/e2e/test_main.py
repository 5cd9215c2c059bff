# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as a whole: options, mistakes in the configuration, signals, the background, giving up root."""
import os
import re
import signal
import socket
import subprocess

import pytest

import hostile
from harness import server as server_module, wait

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
QUIET = "[SIP]\nlocal_ip = 127.0.0.1\nlocal_udp_port = 0\nlocal_tcp_port = none\nlocal_tls_port = none\n"
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "exitcode=31",
       "UBSAN_OPTIONS": "halt_on_error=1:exitcode=31", "TSAN_OPTIONS": "exitcode=31"}


def binary():
    return os.path.join(server_module.build_dir(), "src", "sylk-server")


def configure(folder, **files):
    """A configuration folder: configure(folder, config="...") writes config.ini."""
    path = os.path.join(folder, "config")
    os.makedirs(path, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(path, name + ".ini"), "w", encoding="utf-8") as out:
            out.write(text)
    return path


def run(folder, *arguments):
    """Run to the end; what was printed, by either way, is in stdout."""
    return subprocess.run(
        [binary(), *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, check=False, timeout=60 * wait.PATIENCE, cwd=folder,
        env={**ENV, "HOME": folder})


def start(folder, *arguments):
    return wait.Child("sylk-server", [binary(), *arguments], os.path.join(folder, "server.log"),
                      env={**ENV, "HOME": folder}, cwd=folder)


def status_of(pid, what):
    """A line of the status of every thread that there is."""
    values = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii", errors="replace") as file:
                values += [line.split(":", 1)[1].split() for line in file if line.startswith(what + ":")]
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended meanwhile
    return values


def gone(pid):
    return all(state[0] == "Z" for state in status_of(pid, "State"))


@pytest.fixture
def daemon(folder):
    """Start in the background with these options; every daemon is gone at the end."""
    pid_file = os.path.join(folder, "run", "sylk-server.pid")
    pids = []

    def begin(*arguments):
        result = run(folder, "--runtime-dir", "run", *arguments)
        if result.returncode == 0:
            with open(pid_file, encoding="ascii") as file:
                pids.append(int(file.read()))
        result.pid_file = pid_file
        result.pid = pids[-1] if pids else None
        return result

    yield begin
    for pid in pids:
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)


# ---- options and configuration --------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["argument"], ["--config-dir"]])
def test_wrong_command_line_is_refused_with_1(folder, arguments):
    out = run(folder, *arguments)
    assert out.returncode == 1
    assert arguments[0] in out.stdout or "argument" in out.stdout


def test_help_and_version_are_printed(folder):
    out = run(folder, "--help")
    assert out.returncode == 0
    for option in ("--no-fork", "--systemd", "--config-dir", "--runtime-dir", "--debug", "--check",
                   "--write-sample", "--version"):
        assert option in out.stdout
    out = run(folder, "--version")
    assert out.returncode == 0 and re.fullmatch(r"sylk-server [0-9.]+\n", out.stdout)


@pytest.mark.parametrize("option", ["--check", "--no-fork"])
def test_config_dir_that_is_not_there_is_refused(folder, option):
    out = run(folder, option, "--config-dir", "nowhere")
    assert out.returncode == 1
    assert "nowhere: No such file or directory (see --config-dir)" in out.stdout


def test_check_names_every_mistake_with_file_and_line(folder):
    config = configure(
        folder,
        config="[Server]\napplication_map = echo:echo, confrence\nlog_levle = info\n"
               "[SIP]\nlocal_ip = 127.0.0.1, here\nadvertised_ip = 224.0.0.1\n"
               "trusted_peers = 192.0.2.0/33\n[RTPP]\n",
        conference="[Conference]\nanswer_delay = soon\n")
    out = run(folder, "--check", "--config-dir", "config")
    assert out.returncode == 1
    for wanted in (r"config.ini:2: .*key:application.*confrence", r"config.ini:3: .*did you mean log_level",
                   r"config.ini:5: .*here is no IP address", r"config.ini:6: .*no host's IP address",
                   r"config.ini:7: .*192.0.2.0/33 is no IP address, network",
                   r"config.ini:8: .*did you mean \[RTP\]", r"conference.ini:2: answer_delay"):
        assert re.search(re.escape(config) + "/" + wanted, out.stdout), f"{wanted} is not in\n{out.stdout}"


@pytest.mark.parametrize("section, line", [
    ("Server", "application_map = echo:echo, echo"),
    ("SIP", "trusted_peers = 192.0.2.0/33"),
    ("SIP", "local_ip = here"),
    ("SIP", "advertised_ip = here"),
])
def test_mistake_whose_default_would_do_harm_stops_the_start(folder, section, line):
    text = QUIET.replace("local_ip = 127.0.0.1\n", "") if "local_ip" in line else QUIET
    config = configure(folder, config=text + f"[{section}]\n{line}\n")
    out = run(folder, "--no-fork", "--config-dir", config)
    assert out.returncode == 1, out.stdout
    assert re.search(r"config.ini:\d+: " + line.split()[0] + r" in \[" + section, out.stdout), out.stdout


def test_harmless_mistake_is_warned_of_and_the_default_taken(folder):
    config = configure(folder, config=QUIET + "[Server]\nlog_level = loud\n")
    child = start(folder, "--no-fork", "--config-dir", config)
    try:
        child.expect(lambda line: "config.ini:7: log_level" in line and "the default counts" in line)
        child.expect(server_module.LISTENING.search)
        assert child.stop() == 0
    finally:
        child.kill()


def test_port_in_use_is_named_with_its_setting(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = configure(folder, config=QUIET.replace("local_udp_port = 0", f"local_udp_port = {port}"))
        out = run(folder, "--no-fork", "--config-dir", config)
    assert out.returncode == 1
    assert re.search(f"UDP on 127.0.0.1 port {port}: Address already in use .*local_udp_port", out.stdout), out.stdout


def test_server_without_any_transport_does_not_start(folder):
    config = configure(folder, config=QUIET.replace("local_udp_port = 0", "local_udp_port = none"))
    out = run(folder, "--no-fork", "--config-dir", config)
    assert out.returncode == 1
    assert "local_udp_port, local_tcp_port" in out.stdout


# ---- signals --------------------------------------------------------------------------------------


def call(server, sock, user="room"):
    """A call from this socket; returns what a request in its dialog needs."""
    sock.connect(("127.0.0.1", server.ports["udp"]))
    sock.settimeout(10 * wait.PATIENCE)
    uri = f"sip:{user}@127.0.0.1"
    contact = "<sip:caller@127.0.0.1:%d>" % sock.getsockname()[1]
    sock.send(hostile.invite("main", uri=uri, Contact=contact))
    while True:
        answer = sock.recv(65536).decode()
        if answer.startswith("SIP/2.0 200"):
            break
    to = re.search(r"^To: (.*)\r$", answer, re.M)[1]
    sock.send(hostile.request("ACK", uri=uri, call_id="main", To=to, Contact=contact,
                              Via="SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKmainack"))


def test_sigterm_ends_calls_with_bye_and_exits_with_0(start_server):
    server = start_server()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        call(server, sock)
        server.terminate()
        bye = sock.recv(65536).decode()
        while not bye.startswith("BYE "):
            bye = sock.recv(65536).decode()
        head = "".join(line + "\r\n" for line in bye.split("\r\n")
                       if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq"))
        sock.send(("SIP/2.0 200 OK\r\n" + head + "Content-Length: 0\r\n\r\n").encode())
        server.stop()


def test_sigterm_exits_with_0_though_a_peer_is_silent(start_server):
    server = start_server()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        call(server, sock)
        server.stop()


def test_sigint_stops_too(folder):
    child = start(folder, "--no-fork", "--config-dir", configure(folder, config=QUIET))
    try:
        child.expect(server_module.LISTENING.search)
        assert child.stop(sign=signal.SIGINT) == 0
    finally:
        child.kill()


def test_sigusr1_switches_debug_messages_on_and_off(folder):
    child = start(folder, "--no-fork", "--config-dir",
                  configure(folder, config=QUIET + "[Server]\nlog_level = error\n"))
    try:
        child.expect(server_module.LISTENING.search)
        child.process.send_signal(signal.SIGUSR1)
        child.expect(lambda line: "Debug messages switched on" in line)
        child.process.send_signal(signal.SIGUSR1)
        child.expect(lambda line: "Debug messages switched off" in line)
        # At error again, stopping is no news.
        assert child.stop() == 0
        assert not any("Stopping" in line for line in child.lines)
    finally:
        child.kill()


def test_sigusr1_says_that_debug_is_what_was_configured(server):
    server.child.process.send_signal(signal.SIGUSR1)
    server.child.expect(lambda line: "stay on: [Server] log_level is debug" in line)


def test_sigusr2_logs_what_there_is(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert server.figures()["sessions"] == 0
        call(server, sock)
        wait.until(lambda: server.figures()["sessions"] == 1, 10, "the call in the figures")


# ---- the background and root ----------------------------------------------------------------------


def test_daemon_is_there_when_its_caller_returns_and_takes_its_pid_file_with_it(folder, daemon):
    configure(folder, config=QUIET)
    # Relative paths, which the daemon itself could not follow any more.
    out = daemon("--config-dir", "config")
    assert out.returncode == 0, out.stdout
    assert server_module.LISTENING.search(out.stdout)
    assert os.readlink(f"/proc/{out.pid}/cwd") == "/" or os.geteuid() != 0
    os.kill(out.pid, signal.SIGTERM)
    wait.until(lambda: gone(out.pid), 10, "the end of the daemon")
    assert not os.path.exists(out.pid_file)


def test_second_daemon_is_refused_and_the_first_keeps_its_pid_file(folder, daemon):
    configure(folder, config=QUIET)
    first = daemon("--config-dir", "config")
    assert first.returncode == 0, first.stdout
    second = run(folder, "--runtime-dir", "run", "--config-dir", "config")
    assert second.returncode == 1
    assert "the server runs already" in second.stdout
    with open(first.pid_file, encoding="ascii") as file:
        assert int(file.read()) == first.pid
    os.kill(first.pid, signal.SIGTERM)
    wait.until(lambda: gone(first.pid), 10, "the end of the daemon")


def test_daemon_that_cannot_start_exits_with_1_and_leaves_no_pid_file(folder, daemon):
    configure(folder, config=QUIET + "[Server]\napplication_map = nonsense\n")
    out = daemon("--config-dir", "config")
    assert out.returncode == 1
    assert "did not start" in out.stdout
    assert not os.path.exists(out.pid_file)


@AS_ROOT
def test_pid_file_in_a_folder_of_root_is_left_empty(folder, daemon):
    configure(folder, config=QUIET)
    os.makedirs(folder + "/run")
    out = daemon("--config-dir", "config")
    assert out.returncode == 0, out.stdout
    os.kill(out.pid, signal.SIGTERM)
    wait.until(lambda: gone(out.pid), 10, "the end of the daemon")
    assert os.path.getsize(out.pid_file) == 0
    # Which does not keep the next one from starting.
    assert daemon("--config-dir", "config").returncode == 0


@AS_ROOT
def test_root_is_given_up_in_every_thread(server):
    for what in ("Uid", "Gid"):
        values = status_of(server.pid, what)
        assert len(values) >= 2
        assert all("0" not in ids for ids in values), values
    assert all(groups == [] for groups in status_of(server.pid, "Groups"))
