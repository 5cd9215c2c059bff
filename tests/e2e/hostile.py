# SPDX-License-Identifier: GPL-3.0-or-later
"""
Bad SIP messages, written for this project. Those that are named after a section of RFC 4475 show the
same fault as the message there; the words are our own.
"""
import random


def request(method="OPTIONS", uri="sip:room@server.invalid", version="SIP/2.0", drop=(), extra=(),
            body="", length=None, call_id="hostile", **changed):
    """A request, right unless told otherwise. changed: header values with _ for -, None: left out."""
    headers = {
        "Via": "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK" + call_id,
        "Max-Forwards": "70",
        "From": "<sip:caller@caller.invalid>;tag=h" + call_id,
        "To": f"<{uri}>",
        "Call-ID": call_id,
        "CSeq": f"1 {method}",
        "Contact": "<sip:caller@127.0.0.1>",
        "Content-Length": str(len(body.encode()) if length is None else length),
    }
    for name, value in changed.items():
        headers[name.replace("_", "-")] = value
    lines = [f"{method} {uri} {version}"]
    lines += [f"{name}: {value}" for name, value in headers.items()
              if name not in drop and value is not None]
    return ("\r\n".join([*lines, *extra]) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


SDP = ("v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
       "m=audio 9 RTP/AVP 0\r\n")


def invite(call_id, body=SDP, **changed):
    changed.setdefault("Content_Type", "application/sdp")
    return request("INVITE", body=body, call_id=call_id, **changed)


# name: (message, acceptable status codes; None: no answer is right too)
CASES = {
    # RFC 4475 3.1.1, valid but hard: they must be understood.
    "3.1.1.1-short-tortuous": (
        request(call_id="t1", Max_Forwards=None, Via=None, From=None, extra=(
            "MaX-fOrWaRdS :\t 0068", "v:  SIP  / 2.0  /\r\n UDP  127.0.0.1\r\n  ; rport ; branch = z9hG4bKt1",
            'f\t: "A \\"quoted\\" n\\\\ame"\r\n  <sip:caller@caller.invalid>\r\n ;\ttag = 98', "Unknown: a\r\n\tb\r\n c",
            "s:", "NewFangled:   newfangled value\r\n continued ;;,,;;")), {200}),
    "3.1.1.2-wide-characters": (
        request("!interesting-Method0123456789_*+`.%indeed'~", call_id="t2",
                To="<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@server.invalid>"), {405, 501}),
    "3.1.1.4-escaped-null": (request(uri="sip:null-%00-null@server.invalid", call_id="t4"), {200, 404}),
    "3.1.1.6-no-space-before-laquot": (
        request(call_id="t6", From="caller<sip:caller@caller.invalid>;tag=1"), {200}),
    "3.1.1.7-long-values": (
        request(call_id="t7", To=f'"{"long name " * 30}" <sip:{"u" * 250}@server.invalid;x={"y" * 200}>',
                extra=("Unknown-" + "Long" * 20 + ": " + "v" * 500,)), {200}),
    "3.1.1.8-extra-bytes": (request(call_id="t8") + b"OPTIONS sip:x SIP/2.0\r\nnext", {200}),
    "3.1.1.9-semicolon-in-user": (
        request(uri="sip:user;par=u%40example.net@server.invalid", call_id="t9"), {200}),
    "3.1.1.11-multipart-body": (
        request(call_id="t11", Content_Type='multipart/mixed;boundary="b"',
                body="--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n\x00\x01\r\n--b--"), {200, 415}),
    # RFC 4475 3.1.2, invalid: refused, or dropped when no answer can be addressed.
    "3.1.2.1-extra-via-separators": (
        request(call_id="b1", Via="SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKb1,;;,,",
                Contact='"joe" <sip:j@caller.invalid>;;,,;,'), {400, None}),
    "3.1.2.2-content-length-too-large": (request(call_id="b2", length=9999), {400, None}),
    "3.1.2.3-negative-content-length": (request(call_id="b3", length=-999), {400, None}),
    "3.1.2.4-numbers-out-of-range": (
        request(call_id="b4", CSeq="36893488147419103232 OPTIONS", Max_Forwards="300",
                extra=("Expires: " + "1" * 90,)), {400, None}),
    "3.1.2.6-quote-not-closed": (
        request(call_id="b6", To='"Mr. J. User <sip:j.user@server.invalid>'), {400, None}),
    "3.1.2.7-angle-brackets-around-target": (
        request(uri="<sip:room@server.invalid>", call_id="b7", To="<sip:room@server.invalid>"), {400, None}),
    "3.1.2.8-space-in-target": (
        request(uri="sip:room@server.invalid; lr", call_id="b8", To="<sip:room@server.invalid>"), {400, None}),
    "3.1.2.9-spaces-between-parts": (
        request(call_id="b9").replace(b"OPTIONS sip", b"OPTIONS  sip", 1), {400, None}),
    "3.1.2.10-spaces-at-line-end": (
        request(call_id="b10").replace(b"SIP/2.0\r\n", b"SIP/2.0  \r\n", 1), {200, 400, None}),
    "3.1.2.11-escaped-headers-in-target": (
        request(uri="sip:room@server.invalid?Route=%3Csip:a.invalid%3E", call_id="b11"), {200, 400, None}),
    "3.1.2.14-no-brackets-in-to": (
        request(call_id="b14", To="sip:room@server.invalid?Subject=x"), {200, 400, None}),
    "3.1.2.16-unknown-version": (request(version="SIP/7.0", call_id="b16"), {505}),
    "3.1.2.17-method-differs-from-cseq": (request(call_id="b17", CSeq="1 INVITE"), {400, None}),
    "3.1.2.18-unknown-method-differs": (
        request("NEWMETHOD", call_id="b18", CSeq="1 OPTIONS"), {400, 405, 501, None}),
    # RFC 4475 3.3, application layer.
    "3.3.1-missing-headers": (
        request(call_id="a1", drop=("From", "To", "Call-ID")), {400, None}),
    "3.3.2-unknown-scheme": (request(uri="nobodyKnowsThisScheme:totallyopaque", call_id="a2"), {400, 404, 416}),
    "3.3.3-known-but-wrong-scheme": (request(uri="soap.beep://192.0.2.103:3002", call_id="a3"), {400, 404, 416}),
    "3.3.6-unknown-content-type": (
        invite("a6", body="<audio/>", Content_Type="application/unknownformat"), {415, 488}),
    "3.3.8-several-of-one-value": (
        request(call_id="a8", extra=("CSeq: 2 OPTIONS", "Call-ID: other", "From: <sip:x@y.invalid>;tag=2",
                                     "To: <sip:z@y.invalid>")), {400, None}),
    "3.3.9-several-content-lengths": (request(call_id="a9", body="abcde", extra=("Content-Length: 3",)), {400, None}),
    "3.3.15-required-but-unknown-extension": (
        request(call_id="a15", extra=("Require: nothingSupportsThis, orThis",)), {420}),
    "3.3.10-max-forwards-zero": (request(call_id="a10", Max_Forwards="0"), {200, 483}),
    # Of our own.
    "sdp-that-is-none": (invite("o1", body="v=0\r\nm=audio\r\n"), {400, 488}),
    "sdp-with-bad-port": (invite("o2", body=SDP.replace("audio 9", "audio 99999999999")), {400, 488}),
    "sdp-with-500-media": (invite("o3", body=SDP + "m=audio 9 RTP/AVP 0\r\n" * 500), {200, 400, 413, 488}),
    "sdp-without-any-line-end": (invite("o4", body="v=0" + "x" * 4000), {400, 488}),
    "ack-of-no-call": (request("ACK", call_id="o5"), {None}),
    "bye-of-no-call": (request("BYE", call_id="o6", To="<sip:room@server.invalid>;tag=none"), {481}),
    "cancel-of-nothing": (request("CANCEL", call_id="o7"), {481}),
    "thousand-headers": (request(call_id="o8", extra=tuple(f"X-{i}: {i}" for i in range(1000))),
                         {200, 400, 413, 431, 513, None}),
    "thousand-vias": (
        request(call_id="o9", extra=tuple(f"Via: SIP/2.0/UDP h{i}.invalid" for i in range(1000))),
        {200, 400, 413, 431, 513, None}),
    "nested-parentheses": (request(call_id="o10", extra=("User-Agent: " + "(" * 20000,)),
                           {200, 400, 413, 431, 513, None}),
    "line-without-colon": (request(call_id="o11", extra=("nothing here",)), {200, 400, None}),
    "nul-in-a-header": (request(call_id="o12", extra=("X-Nul: a\0b",)), {200, 400, None}),
}


def answer_to(data):
    """Status code of a response, or None."""
    head, _, rest = data.partition(b" ")
    return int(rest[:3]) if head == b"SIP/2.0" and rest[:3].isdigit() else None


def garbage(seed, count):
    """Datagrams that hardly are SIP, and mutations of good requests; the same for the same seed."""
    source = random.Random(seed)
    good = [message for message, _ in CASES.values()] + [invite("m1"), request(call_id="m2")]
    for _ in range(count):
        kind = source.randrange(4)
        if kind == 0:
            yield source.randbytes(source.randrange(1, 1500))
            continue
        message = bytearray(source.choice(good)[:60000])
        for _ in range(source.randrange(1, 12)):
            at = source.randrange(len(message))
            if kind == 1:
                message[at] = source.randrange(256)
            elif kind == 2:
                del message[at:at + source.randrange(1, 40)]
            else:
                message[at:at] = source.choice((b"\r\n", b" ", b"\0", b";", b"<", b'"', b"%", b"\xff", b","))
            if not message:
                break
        yield bytes(message)
