# SPDX-License-Identifier: GPL-3.0-or-later
"""
Debian packages of servers that are only needed as peers, unpacked below build/peers and never
installed: no service starts, no root is needed. Libraries that the machine lacks come with them.
"""
import glob
import os
import re
import shutil
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib")


def run(*command, **options):
    return subprocess.run(command, text=True, check=True, capture_output=True, **options).stdout


def refresh():
    """Fetch apt's package lists; needs root."""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    run(*prefix, "apt-get", "update", "-qq")


def needed(packages):
    """The packages and those of their dependencies that are not installed here."""
    out = run("apt-get", "-s", "-q", "install", "--reinstall", "--no-install-recommends", *packages)
    names = re.findall(r"^Inst (\S+)", out, re.M)
    return [package for package in packages if package not in names] + names


def unpack(*packages):
    """Unpack packages once, into one tree; returns its root."""
    tree = os.path.join(ROOT, "build", "peers", "+".join(packages))
    if os.path.exists(os.path.join(tree, ".complete")):
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    archives = os.path.join(tree, ".archives")
    os.makedirs(archives)
    try:
        names = needed(packages)
        run("apt-get", "download", "-q", *names, cwd=archives)
    except subprocess.CalledProcessError:
        refresh()
        names = needed(packages)
        run("apt-get", "download", "-q", *names, cwd=archives)
    for archive in sorted(glob.glob(archives + "/*.deb")):
        run("dpkg-deb", "-x", archive, tree)
    shutil.rmtree(archives)
    with open(os.path.join(tree, ".complete"), "w", encoding="ascii") as out:
        out.write("\n".join(names) + "\n")
    return tree


def environment(tree, **more):
    """Environment in which programs of the tree find their libraries."""
    paths = [os.path.join(tree, folder) for folder in LIBRARIES]
    paths += [path for folder in paths for path in glob.glob(folder + "/*/") if glob.glob(path + "/*.so.*")]
    return {"PATH": f"{tree}/usr/sbin:{tree}/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
            "LD_LIBRARY_PATH": ":".join(path for path in paths if os.path.isdir(path)), **more}
