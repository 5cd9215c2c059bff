# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./run does before it builds: install what is missing, only that, and only when it may."""
import os
import subprocess

import pytest

SCRIPT = os.path.join(os.path.dirname(__file__), "packages.sh")


@pytest.fixture
def need(tmp_path):
    """need(installed, uid, failures, sudo) -> (status, commands that apt saw, what was said)"""

    def program(name, text):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def run(installed, uid=0, failures=0, sudo=False):
        log = tmp_path / "log"
        log.write_text("")
        (tmp_path / "list.txt").write_text("# comment\none\ntwo # why\n\n")
        program("dpkg-query", f'case " {installed} " in *" ${{@: -1}} "*) printf installed ;; esac\n')
        program("id", f"echo {uid}\n")
        # apt-get fails as often as told, then succeeds.
        program("apt-get", f'echo "$@" >>{log}\n'
                f'[ "$(grep -c install {log})" -gt {failures} ] || [ "$1" = update ]\n')
        if sudo:
            program("sudo", f'echo "sudo $1" >>{log}\n"$@"\n')
        # No real sudo, whether this machine has one or not.
        for name in ("bash", "sed", "env", "tee", "chmod", "rm", "grep", "printf", "mkdir", "cat"):
            (tmp_path / "bin" / name).exists() or (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
        policy = tmp_path / "policy-rc.d"
        command = f'set -eu; . {SCRIPT}; policy={policy}; need_packages {tmp_path}/list.txt'
        out = subprocess.run(["/bin/bash", "-c", command], env={"PATH": str(tmp_path / "bin")},
                             capture_output=True, text=True, check=False)
        assert not policy.exists(), "services stay forbidden"
        return out.returncode, log.read_text(), out.stderr

    return run


def test_nothing_is_installed_when_nothing_is_missing(need):
    assert need("one two", uid=1000) == (0, "", "")


def test_only_what_is_missing_is_installed_without_refreshing_the_lists(need):
    status, log, _ = need("one")
    assert status == 0
    assert "install" in log and "two" in log and " one" not in log and "update" not in log
    assert "--no-install-recommends" in log


def test_lists_are_refreshed_when_the_installation_fails(need):
    status, log, _ = need("one", failures=1)
    assert status == 0
    assert [line.split()[0] for line in log.splitlines()] == ["install", "update", "install"]


def test_failing_installation_is_reported(need):
    status, _, said = need("one", failures=9)
    assert status == 1 and "could not install" in said


def test_sudo_is_used_by_others_than_root(need):
    status, log, _ = need("one", uid=1000, sudo=True)
    assert status == 0 and "sudo env" in log


def test_without_root_and_sudo_the_command_is_named(need):
    status, log, said = need("one", uid=1000)
    assert (status, log) == (1, "") and "apt-get install" in said and "two" in said
