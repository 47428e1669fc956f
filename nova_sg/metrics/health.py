# SPDX-License-Identifier: Apache-2.0

"""How the processes of a program are, for probes.

Three questions, each with a path, since each has another answer to *and now?*

``/live``
    Do the loops turn? If not: start the program anew.
``/ready``
    Does it do what it is for? If not: wait, and send it nothing.
``/backend``
    Did the backend answer when it was asked last? If not: look at the
    backend. To start the program anew mends nothing.

The workers of a program share a piece of memory, so that whichever is probed
answers for all of them.
"""

import json
import mmap
import struct
import threading
import time

from nova_sg import instruments
from nova_sg.metrics import listener

#: More workers than any program has.
_WORKERS = 1024

#: Seconds for which no loop is called stuck: it waits for a thread and for
#: its turn.
LEAST_PATIENCE = 30.0

#: Of a worker: when its loop turned, or 0.0; whether it is ready; when the
#: backend was asked last, negative where it did not answer, or 0.0.
_STATE = struct.Struct('ddd')
_FIELD = struct.Struct('d')
_TURNED, _READY, _ASKED = (number * _FIELD.size for number in range(3))


class Health:
    """The state of the workers of one program; made before they are forked.

    :param patience: seconds after which a loop that does not turn is stuck
    :cvar turn: seconds within which a loop turns, where nothing holds it
    """

    turn = 5.0

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._ended = False
        self._memory = mmap.mmap(-1, _WORKERS * _STATE.size)
        self._mine = 0

    def begin(self, worker: int = 0) -> None:
        """Begin to tell of this process, as one of several workers.

        :param worker: its slot, in which no other living process is
        """
        self._mine = (worker % _WORKERS) * _STATE.size
        self._ended = False
        _STATE.pack_into(self._memory, self._mine, time.monotonic(), 0.0, 0.0)
        instruments.tell_of_backend(self._asked)

    def end(self) -> None:
        """Tell no more of this process, which ends in good order."""
        instruments.tell_of_backend(None)
        with self._lock:
            self._ended = True
            _STATE.pack_into(self._memory, self._mine, 0.0, 0.0, 0.0)

    def turned(self) -> None:
        """Note that the loop of this process has turned."""
        self._set(_TURNED, time.monotonic())

    def set_ready(self, ready: bool) -> None:
        """Note whether this process does what it is for."""
        self._set(_READY, float(ready))

    @property
    def live(self) -> bool:
        """Whether the loops of all workers turn."""
        stuck_since = time.monotonic() - self._patience
        return all(turned >= stuck_since for turned, _, _ in self._workers())

    @property
    def ready(self) -> bool:
        """Whether a worker does what it is for."""
        return any(ready for _, ready, _ in self._workers())

    @property
    def backend(self) -> bool | None:
        """Whether the backend answered last; None: it was not asked yet."""
        latest = max((asked for *_, asked in self._workers()), key=abs)
        return None if not latest else latest > 0

    def pages(self) -> listener.Pages:
        """Return what is answered to probes, without a token: a bit each."""
        return {
            '/live': lambda: _answer('live', self.live),
            '/ready': lambda: _answer('ready', self.ready),
            '/backend': lambda: _answer('backend', self.backend),
        }

    def _asked(self, answered: bool) -> None:
        now = time.monotonic()
        self._set(_ASKED, now if answered else -now)

    def _set(self, field: int, value: float) -> None:
        with self._lock:
            if not self._ended:
                _FIELD.pack_into(self._memory, self._mine + field, value)

    def _workers(self) -> list[tuple[float, float, float]]:
        found = _STATE.iter_unpack(self._memory)
        there = [each for each in found if each[0]]
        # Before the first worker has begun nothing is stuck.
        return there or [(time.monotonic(), 0.0, 0.0)]


def _answer(name: str, state: bool | None) -> listener.Answer:
    # What was not asked yet has not failed.
    status = 503 if state is False else 200
    return listener.Answer(
        status, 'application/json', json.dumps({name: state}).encode() + b'\n'
    )
