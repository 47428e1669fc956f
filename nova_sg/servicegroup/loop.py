# SPDX-License-Identifier: Apache-2.0

"""A thread of this process that does a task again and again.

::

    beating = loop.Loop('beats', self._beat, pause=lambda: 2.0)
    beating.start()  # _beat returns seconds until the next time, or None
    beating.wake()   # now, not only when it is due
    beating.stop()
"""

from collections.abc import Callable
import math
import threading
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import forks
from nova_sg import lasting

LOG = logging.getLogger(__name__)

#: What the names of all such threads begin with.
PREFIX = 'loop-'

#: Seconds without a call after an unexpected error, however often the loop is
#: woken.
UNEXPECTED_PAUSE = 1.0


class Loop:
    """Calls a task when it is due, or earlier when something has happened.

    The task may wait, and may fail: it is called again. A forked child has
    no thread; there the loop can be started anew. An unexpected error that
    lasts is logged once.

    :param name: of the thread, behind :data:`PREFIX`
    :param task: does what is due; returns the seconds until it is due again,
        ``math.inf`` where only :meth:`wake` makes it due, and None where
        nothing is left to do: the thread ends until the next :meth:`start`
    :param pause: returns the seconds until the next call where the backend
        was unavailable
    """

    def __init__(
        self,
        name: str,
        task: Callable[[], float | None],
        pause: Callable[[], float],
    ) -> None:
        self._name = PREFIX + name
        self._task = task
        self._pause = pause
        self._trouble = lasting.Trouble(
            LOG,
            f'The thread {self._name} will try again: %s',
            f'Unexpected error in the thread {self._name}, will try again',
        )
        self._starts = 0
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        #: Wakes the thread that runs; None without one.
        self._woken: threading.Event | None
        self._woken = forks.renewed(self, '_woken', lambda: None)

    @property
    def running(self) -> bool:
        return self._woken is not None

    def start(self) -> None:
        """See to it that the thread runs, or runs on."""
        with self._lock:
            self._starts += 1
            if self._woken is None:
                self._woken = woken = threading.Event()
                thread = threading.Thread(
                    target=self._run,
                    args=(woken,),
                    name=self._name,
                    daemon=True,
                )
                try:
                    thread.start()
                except RuntimeError:
                    # The next start() is to try again.
                    self._woken = None
                    raise

    def wake(self) -> None:
        """Have the task called at once; never waits."""
        woken = self._woken
        if woken is not None:
            woken.set()

    def stop(self) -> None:
        """Have the thread end, without waiting for it."""
        with self._lock:
            woken, self._woken = self._woken, None
        if woken is not None:
            woken.set()

    def _run(self, woken: threading.Event) -> None:
        pause = 0.0
        while True:
            woken.wait(None if math.isinf(pause) else pause)
            if self._woken is not woken:
                return
            woken.clear()
            starts = self._starts
            wanted = self._call()
            with self._lock:
                if wanted is None and starts == self._starts:
                    if self._woken is woken:
                        self._woken = None
                    return
            pause = wanted or 0.0

    def _call(self) -> float | None:
        try:
            wanted = self._task()
        except exception.ServiceGroupUnavailable as error:
            # It was logged once where it was found out.
            LOG.debug('%s: %s', self._name, error)
            return self._pause()
        except Exception as error:
            # A timer that died of an error would let a healthy service look
            # down.
            self._trouble.failed(error)
            time.sleep(UNEXPECTED_PAUSE)
            return 0.0
        self._trouble.over()
        return wanted
