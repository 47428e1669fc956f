# SPDX-License-Identifier: Apache-2.0


"""What a user sees while a command takes its time: on a terminal only."""

import sys
import threading
import time
from typing import Self

#: Seconds before anything is shown, and between two changes of it.
INTERVAL = 1.0

_ERASE_LINE = '\r\x1b[K'


class Waiting:
    """Shows on stderr what is being done and for how long, then erases it.

    A context manager. Shows nothing where stderr is no terminal, or where
    the work is done within :data:`INTERVAL`.

    :param what: what is being done
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = False

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        if self._shown:
            self._write(_ERASE_LINE)

    def _show(self) -> None:
        began = time.monotonic()
        while not self._done.wait(INTERVAL):
            elapsed = time.monotonic() - began
            self._shown = True
            self._write(f'{_ERASE_LINE}{self._what}: {elapsed:.0f} s')

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Bar:
    """Shows on stderr how much of a work is done, then erases it.

    A context manager; call :meth:`show` as often as there is news. Shows
    nothing where stderr is no terminal.

    :param what: what is being done
    """

    WIDTH = 30

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._on_terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._shown_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._shown_at is not None:
            self._write(_ERASE_LINE)

    def show(self, done: int, total: int) -> None:
        """Show how far it is, not more often than ten times a second."""
        now = time.monotonic()
        if not self._on_terminal or not total:
            return
        due = self._shown_at is None or now - self._shown_at >= 0.1
        if due or done == total:
            self._shown_at = now
            self._write(f'{_ERASE_LINE}{self.line(done, total)}')

    def line(self, done: int, total: int) -> str:
        """Return what is shown.

        :param done: parts that are done
        :param total: parts there are, at least one
        """
        full = '#' * (self.WIDTH * done // total)
        text = f'{self._what}: [{full:.<{self.WIDTH}}] {done} of {total}'
        if not 0 < done < total:
            return text
        elapsed = time.monotonic() - self._began
        left = elapsed * (total - done) / done
        return f'{text}, {left:.0f} s left'

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
