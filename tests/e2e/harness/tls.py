# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, and peers that speak TLS."""
import os
import socket
import ssl
import subprocess

from harness import wait

NAMES = "DNS:localhost,DNS:example.com,IP:127.0.0.1"


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True, timeout=60)


def authority(folder):
    """Make a certificate authority: ca.pem and ca.key in the folder. Returns the former's path."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem", cwd=folder)
    return os.path.join(folder, "ca.pem")


def issue(folder, name, names=NAMES):
    """A certificate of the folder's authority: name.crt, name.key, and both in name.pem (whose path it returns)."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={names}", "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-copy_extensions", "copy", "-out", f"{name}.crt", cwd=folder)
    path = os.path.join(folder, name + ".pem")
    # In one step, as a careful operator does it: a server may be reading.
    with open(path + ".new", "w", encoding="ascii") as out:
        for part in (".crt", ".key"):
            with open(os.path.join(folder, name + part), encoding="ascii") as file:
                out.write(file.read())
    os.rename(path + ".new", path)
    return path


def connect(server, ca_file, version=None):
    """A TLS connection to the server, which is verified."""
    context = ssl.create_default_context(cafile=ca_file)
    if version:
        context.minimum_version = context.maximum_version = version
    raw = socket.create_connection((server.ip, server.ports["tls"]), 10 * wait.PATIENCE)
    try:
        return context.wrap_socket(raw, server_hostname="localhost")
    except (OSError, ssl.SSLError):
        raw.close()
        raise


def options(call_id):
    """A plain request, as bytes."""
    return (
        "OPTIONS sip:room@localhost SIP/2.0\r\n"
        f"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{call_id};rport\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:alice@example.com>;tag=1\r\n"
        "To: <sip:room@localhost>\r\n"
        f"Call-ID: {call_id}\r\n"
        "CSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n").encode()


def answered(sock, call_id="a"):
    """Send OPTIONS and return the answer's first line."""
    sock.sendall(options(call_id))
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        assert more, f"closed after {data!r}"
        data += more
    return data.split(b"\r\n")[0].decode()
