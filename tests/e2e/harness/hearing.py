# SPDX-License-Identifier: GPL-3.0-or-later
"""What a telephone hears of the others: who, how loud, and without a gap."""
from harness import audio, wait

TRIES = 3


def faults(listener, heard, absent=(), seconds=2.0):
    """
    What is wrong with the next seconds that the telephone decodes, as audio.faults() says it: each
    frequency of heard must be there, each of absent must not. A busy machine stops a telephone or the
    server for a moment now and then; so where there is nothing but an interruption, the seconds after it
    are listened to as well, twice. A fault of the server's comes again.
    """
    found = []
    for _ in range(TRIES):
        samples, rate = listener.listen(seconds)
        found = audio.faults(samples, rate, heard, absent)
        if not all(audio.INTERRUPTED in fault for fault in found) or not found:
            break
    return found


def hears(listener, talkers, seconds=2.0, absent=()):
    """
    The listener decodes each of talkers as loud as sent and without a gap, neither himself nor any of absent.
    """
    found = faults(listener, [t.frequency for t in talkers],
                   [listener.frequency, *(a.frequency for a in absent)], seconds)
    assert found == [], f"{listener.name} ({listener.codec}) hears wrongly: {'; '.join(found)}"


def await_voice(listener, *talkers):
    """Wait until each of talkers is heard at all: joining takes a moment."""
    def heard():
        samples, rate = listener.heard()
        part = samples[-int(rate * 0.1):]
        return len(part) >= int(rate * 0.1) and all(
            audio.level(part, rate, t.frequency) > t.level + 2 * audio.DIP for t in talkers)

    wait.until(heard, 10, f"{listener.name} to hear {[t.name for t in talkers]}")


def await_silence_of(listener, *talkers):
    """Wait until none of talkers is heard any more."""
    def silent():
        samples, rate = listener.heard()
        part = samples[-int(rate * 0.1):]
        return all(audio.level(part, rate, t.frequency) < t.level + audio.SILENT for t in talkers)

    wait.until(silent, 10, f"{listener.name} no longer to hear {[t.name for t in talkers]}")


def settled(phones):
    """Wait until everybody hears everybody else."""
    for phone in phones:
        await_voice(phone, *(other for other in phones if other is not phone))
