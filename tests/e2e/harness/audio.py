# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tones as voices: every participant sends a tone of its own, so that a recording tells who was heard,
how loud, and without a gap. Levels are in dB relative to a full-scale sine.
"""
import numpy as np

# Not harmonics of each other, far apart for the short windows below, within G.711's band.
TONES = (450.0, 770.0, 1130.0, 1510.0, 1910.0, 2330.0, 2770.0)
LEVEL = -20.0  # what a participant sends
TOLERANCE = 2.0  # dB: how far a heard tone may be from what was sent
SILENT = -40.0  # dB relative to what was sent: not heard
GAP = 0.020  # seconds
WINDOW = 0.010
HOP = 0.0025
INTERRUPTED = "interrupted for"
# Within a window this far below the usual level the tone counts as interrupted.
DIP = -10.0


def tone(frequency, seconds, rate, channels=1, level=LEVEL):
    """Samples (int16, interleaved) of a sine."""
    t = np.arange(int(seconds * rate)) / rate
    one = np.sin(2 * np.pi * frequency * t) * 10 ** (level / 20) * 32767
    return np.repeat(np.round(one).astype("<i2"), channels)


def write_wav(path, samples, rate, channels=1):
    data = np.asarray(samples, dtype="<i2").tobytes()
    head = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (1).to_bytes(2, "little") + channels.to_bytes(2, "little") + rate.to_bytes(4, "little")
    head += (rate * channels * 2).to_bytes(4, "little") + (channels * 2).to_bytes(2, "little")
    head += (16).to_bytes(2, "little") + b"data" + len(data).to_bytes(4, "little")
    with open(path, "wb") as out:
        out.write(head + data)


def read_wav(path):
    """(float samples of the first channel, rate); reads a file that is still being written too."""
    with open(path, "rb") as file:
        raw = file.read()
    fmt = raw.find(b"fmt ")
    data = raw.find(b"data")
    if fmt < 0 or data < 0:
        return np.zeros(0), 8000
    channels = int.from_bytes(raw[fmt + 10:fmt + 12], "little")
    rate = int.from_bytes(raw[fmt + 12:fmt + 16], "little")
    body = raw[data + 8:]
    body = body[:len(body) // (2 * channels) * 2 * channels]
    samples = np.frombuffer(body, dtype="<i2").reshape(-1, channels)[:, 0]
    return samples / 32768.0, rate


def mu_law(data):
    """Samples of G.711 mu-law bytes."""
    code = ~np.frombuffer(data, dtype=np.uint8)
    size = (((code & 15).astype(int) << 3) + 132 << ((code >> 4) & 7)) - 132
    return np.where(code & 128, -size, size) / 32768.0


def to_mu_law(samples):
    """G.711 mu-law bytes of samples: the nearest of all values."""
    values = mu_law(bytes(range(256)))
    return np.abs(np.asarray(samples)[:, None] - values[None, :]).argmin(axis=1).astype(np.uint8).tobytes()


def to_a_law(samples):
    """G.711 A-law bytes of samples."""
    x = np.round(np.asarray(samples) * 32768).astype(int)
    size = np.minimum(np.abs(x), 32767)
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(int) - 7, 0)
    code = (x >= 0) << 7 | exponent << 4 | size >> (np.maximum(exponent, 1) + 3) & 15
    return (code ^ 0x55).astype(np.uint8).tobytes()


def to_db(amplitude):
    return 20 * np.log10(np.maximum(amplitude, 1e-9))


def envelope(samples, rate, frequency, window=WINDOW, hop=HOP):
    """Level of one frequency in short windows, one every hop seconds."""
    n = int(window * rate)
    step = max(1, int(hop * rate))
    if len(samples) < n:
        return np.zeros(0)
    t = np.arange(len(samples)) / rate
    base = samples * np.exp(-2j * np.pi * frequency * t)
    shape = np.hanning(n)
    frames = np.lib.stride_tricks.sliding_window_view(base, n)[::step]
    return to_db(2 * np.abs(frames @ shape) / np.sum(shape))


def level(samples, rate, frequency):
    """
    Level of one frequency over all the samples: the mean power of windows, so that a step in phase,
    as when a jitter buffer drops a packet's time, does not count as faintness.
    """
    env = envelope(samples, rate, frequency, 0.05, 0.0125)
    return float(10 * np.log10(np.mean(10 ** (env / 10)))) if len(env) else -180.0


def longest_gap(samples, rate, frequency):
    """Seconds of the longest interruption of a tone. A window dips when about half of it is gone."""
    env = envelope(samples, rate, frequency)
    if len(env) == 0:
        return 0.0
    low = env < np.median(env) + DIP
    longest = run = 0
    for value in low:
        run = run + 1 if value else 0
        longest = max(longest, run)
    # A hole of d seconds makes dips while it covers most of the window.
    return longest * HOP + WINDOW * 0.3 if longest else 0.0


def last(samples, rate, seconds):
    n = int(seconds * rate)
    if len(samples) < n:
        raise AssertionError(f"only {len(samples) / rate:.2f} s of audio were received, {seconds} wanted")
    return samples[-n:]


def faults(samples, rate, heard, absent, sent=LEVEL):
    """
    What is wrong with a recording, as a list of sentences: each frequency of heard must be there as
    loud as it was sent and without a gap, each of absent must not.
    """
    found = []
    for frequency in heard:
        got = level(samples, rate, frequency)
        if abs(got - sent) > TOLERANCE:
            found.append(f"{frequency:.0f} Hz at {got:.1f} dB, sent at {sent:.1f} dB")
        gap = longest_gap(samples, rate, frequency)
        if got > sent + SILENT and gap > GAP:
            found.append(f"{frequency:.0f} Hz {INTERRUPTED} {gap * 1000:.0f} ms")
    for frequency in absent:
        got = level(samples, rate, frequency)
        if got > sent + SILENT:
            found.append(f"{frequency:.0f} Hz at {got:.1f} dB must not be heard")
    return found
