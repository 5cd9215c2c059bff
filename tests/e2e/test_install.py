# SPDX-License-Identifier: GPL-3.0-or-later
"""From the sources to a running server, the way a person does it."""
import os
import subprocess

import pytest

from harness import server as server_module, wait

pytestmark = pytest.mark.plain


def run_script(*arguments):
    return subprocess.run([os.path.join(server_module.root(), "run"), *arguments], text=True,
                          capture_output=True, check=False, timeout=600)


def test_run_builds_and_hands_its_options_on():
    out = run_script("--version")
    assert out.returncode == 0, out.stderr
    assert out.stdout.startswith("sylk-server "), out.stdout


def test_run_hands_the_exit_status_on():
    assert run_script("--no-such-option").returncode != 0


def test_run_starts_the_server_in_the_foreground(folder):
    os.makedirs(folder + "/config")
    with open(folder + "/config/config.ini", "w", encoding="ascii") as out:
        out.write("[SIP]\nlocal_ip = 127.0.0.1\nlocal_udp_port = 0\nlocal_tcp_port = 0\n")
    child = wait.Child("run", [server_module.root() + "/run", "--config-dir", folder + "/config"],
                       folder + "/run.log")
    try:
        child.expect(server_module.LISTENING.search, 600)
        assert child.stop() == 0, child.tail()
    finally:
        child.kill()


def test_written_samples_are_accepted(folder):
    """Every option, as the sample explains it and uncommented, is one that the server knows."""
    binary = os.path.join(server_module.build_dir(), "src", "sylk-server")
    os.makedirs(folder + "/config")
    for name in ("config.ini", "conference.ini", "playback.ini"):
        sample = subprocess.run([binary, "--write-sample", name], text=True, capture_output=True,
                                check=True).stdout
        assert "[" in sample and "=" in sample
        with open(f"{folder}/config/{name}", "w", encoding="utf-8") as out:
            out.write(sample)
    out = subprocess.run([binary, "--check", "--config-dir", folder + "/config"], text=True,
                         capture_output=True, check=False, env={"HOME": folder})
    assert out.returncode == 0, out.stdout


def test_check_names_file_line_and_the_right_word(folder):
    binary = os.path.join(server_module.build_dir(), "src", "sylk-server")
    with open(folder + "/config.ini", "w", encoding="ascii") as out:
        out.write("[SIP]\nlocal_udp_prot = 5060\n\n[RTP]\nport_range = 7\n")
    out = subprocess.run([binary, "--check", "--config-dir", folder], text=True, capture_output=True,
                         check=False, env={"HOME": folder})
    assert out.returncode == 1
    assert "config.ini:2" in out.stdout and "local_udp_port" in out.stdout, out.stdout
    assert "config.ini:5" in out.stdout and "port_range" in out.stdout, out.stdout


def test_installation_puts_everything_in_its_place(folder):
    build = server_module.build_dir()
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder],
                   check=True, capture_output=True)
    found = {os.path.relpath(os.path.join(where, name), folder)
             for where, _, names in os.walk(folder) for name in names}
    for wanted in ("bin/sylk-server", "sylkserver/config.ini.sample", "sylkserver/conference.ini.sample",
                   "sylkserver/playback.ini.sample",
                   "sounds/co_welcome_conference.wav",
                   "sounds/bi_99.wav", "sounds/de/bi_25.wav", "sounds/fr/connected_tone.wav",
                   "sounds/moh/waiting_1.wav", "man8/sylk-server.8", "systemd/system/sylkserver.service",
                   "sysusers.d/sylkserver.conf", "logrotate.d/sylkserver"):
        assert any(name.endswith(wanted) for name in found), f"{wanted} is not among {sorted(found)}"
