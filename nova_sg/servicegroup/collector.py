# SPDX-License-Identifier: Apache-2.0

"""The garbage collector, while thousands of services are read.

Several threads may read at the same time::

    t=0.00  thread A begins to read cell 1, of 10,000 services: the collector
            stops
    t=0.00  thread B begins to read cell 0, of three
    t=0.01  B is done. A is not, so the collector stays as it is.
    t=0.10  A is done: the collector goes on

In a process that reads all the time one pause would follow the other. So what
begins more than :data:`LONGEST` seconds after the collector stopped does not
keep it from going on. After :data:`HANGS` seconds it has the collector go on,
since a read may hang for minutes::

    t=0.00  thread A begins to read cell 1, whose database does not answer: the
            collector stops
    t=15.0  thread B begins to read: the collector goes on
    t=60.0  thread A gives up
"""

from collections.abc import Iterator
import contextlib
import gc
import os
import threading
import time

#: Seconds after which nobody joins a pause.
LONGEST = 1.0

#: Seconds after which a pause ends when another list begins: parts of a very
#: long list begin later than :data:`LONGEST`, and take half as long paused.
HANGS = 10.0


class _Pause:
    """The pause of a process: how many threads want it, and since when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._since = 0.0
        # Whether the collector was running, and this has not let it go on yet.
        self._stopped = False

    def begin(self) -> bool:
        """Stop the collector; return whether this caller holds it."""
        with self._lock:
            now = time.monotonic()
            if not self._wanted:
                self._since = now
                self._stopped = gc.isenabled()
                gc.disable()
            elif now - self._since > LONGEST:
                if now - self._since > HANGS:
                    self._go_on()
                return False
            self._wanted += 1
            return True

    def end(self) -> None:
        """Let it go on, where no other thread holds it."""
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                self._go_on()

    def forked(self) -> None:
        """Forget the threads that are not in this process."""
        self._lock = threading.Lock()
        if self._wanted:
            self._go_on()

    def _go_on(self) -> None:
        """Let the collector run, once: another may have stopped it since."""
        if self._stopped:
            self._stopped = False
            gc.enable()


_pause = _Pause()


def _after_fork() -> None:
    global _pause
    before, _pause = _pause, _Pause()
    before.forked()


os.register_at_fork(after_in_child=_after_fork)


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Keep the garbage collector from running while a list is built.

    It would look at all objects again and again, and free none of them:
    that doubles the time for ten thousand services.
    """
    pause = _pause
    held = pause.begin()
    try:
        yield
    finally:
        if held:
            pause.end()
