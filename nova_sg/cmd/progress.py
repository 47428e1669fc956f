# SPDX-License-Identifier: Apache-2.0

"""What a user sees while a command takes its time: on a terminal only."""

import os
import sys
import threading
import time
from typing import Self

from nova_sg.cmd import terminals

#: Seconds before anything is shown, and between two changes of it.
INTERVAL = 1.0


class _Line:
    """A line on stderr that is written over again and again, then erased.

    A context manager.

    :param what: what is being done
    """

    #: The width of a terminal that does not tell it.
    COLUMNS = 80

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._on_terminal = terminals.takes_sequences(self._stream)
        self._began = time.monotonic()
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._written:
            self._write('')

    def _write(self, text: str) -> None:
        self._written = True
        self._stream.write(f'\r\x1b[K{text[: self._room()]}')
        self._stream.flush()

    def _room(self) -> int:
        """Return how many characters one line of the terminal shows.

        Longer text would wrap, and only its last part would be erased.
        """
        try:
            columns, _lines = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return self.COLUMNS
        return (columns or self.COLUMNS) - 1


class Waiting(_Line):
    """Shows what is being done and for how long.

    Shows nothing where stderr is no terminal, or where the work is done
    within :data:`INTERVAL`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._on_terminal:
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        super().__exit__(*error)

    def _show(self) -> None:
        while not self._done.wait(INTERVAL):
            elapsed = time.monotonic() - self._began
            self._write(f'{self._what}: {elapsed:.0f} s')


class Bar(_Line):
    """Shows how much of a work is done.

    Call :meth:`show` as often as there is news. Shows nothing where stderr is
    no terminal.
    """

    WIDTH = 30

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._shown_at: float | None = None

    def show(self, done: int, total: int) -> None:
        """Show how far it is, not more often than ten times a second."""
        now = time.monotonic()
        if not self._on_terminal or not total:
            return
        due = self._shown_at is None or now - self._shown_at >= 0.1
        if due or done == total:
            self._shown_at = now
            self._write(self.line(done, total))

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
