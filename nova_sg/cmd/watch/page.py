# SPDX-License-Identifier: Apache-2.0

"""A text that is shown anew again and again, at one place of a terminal.

Nothing is cleared: a new text is written over the old one, line by line and
in one write, after all of it is there. The old text stays while the new one
is made, however long that takes, and where it cannot be made.
"""

from collections.abc import Callable
import contextlib
import datetime
import io
import logging
import os
import sys
import textwrap
import time
from typing import NoReturn
from typing import TextIO

from nova_sg import texts
from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import messages

LOG = logging.getLogger(__name__)

#: Seconds after which another size of the terminal is seen.
TICK = 0.2

_HOME = '\x1b[H'
_ERASE_LINE = '\x1b[K'
_ERASE_BELOW = '\x1b[J'
#: Lines that are too long end at the edge, and take no second line.
_CUT, _WRAP = '\x1b[?7l', '\x1b[?7h'

Size = tuple[int, int]


def repeat(
    write: Callable[[TextIO], object], seconds: float, *, in_place: bool
) -> NoReturn:
    """Show a text again and again, until the process is interrupted.

    :param write: writes the text into a stream; it may raise
        one of ``follower.PASSING``, and is called again then
    :param seconds: from one text to the next
    :param in_place: over the text before, on a terminal, instead of below it
    """
    if in_place:
        try:
            _repeat_in_place(write, seconds)
        finally:
            # A terminal may throw away the end of a write on Ctrl-C.
            with contextlib.suppress(OSError):
                sys.stdout.write(_WRAP)
    while True:
        try:
            write(sys.stdout)
        except follower.PASSING as error:
            LOG.warning('%s', error)
        sys.stdout.flush()
        time.sleep(seconds)


def _repeat_in_place(
    write: Callable[[TextIO], object], seconds: float
) -> NoReturn:
    text, as_of = '', ''
    said: list[str] = []
    with messages.handed_over(said.append):
        while True:
            made = io.StringIO()
            try:
                write(made)
            except follower.PASSING as error:
                said.append(f'{as_of}{error}')
            else:
                now = datetime.datetime.now(datetime.UTC)
                text, as_of = made.getvalue(), f'As of {now:%H:%M:%SZ}: '
            size = size_of(sys.stdout)
            sys.stdout.write(drawn(text, said, size))
            said.clear()
            sys.stdout.flush()
            ends = time.monotonic() + seconds
            while (left := ends - time.monotonic()) > 0 and size == size_of(
                sys.stdout
            ):
                time.sleep(min(left, TICK))


def drawn(text: str, said: list[str], size: Size) -> str:
    """Return what makes a terminal show a text, and nothing else.

    :param said: messages, which are shown above it
    :param size: of the terminal: columns, lines
    """
    columns, rows = size
    lines = [
        line
        for each in said
        for line in textwrap.wrap(texts.one_line(each), columns)
    ] + text.splitlines()
    # The cursor stays in the line below, without scrolling.
    room = max(rows - 1, 1)
    if len(lines) > room:
        left_out = len(lines) - room + 1
        lines = [*lines[: room - 1], f'... {left_out} more lines']
    body = ''.join(f'{_ERASE_LINE}{line}\n' for line in lines)
    return f'{_HOME}{_CUT}{body}{_WRAP}{_ERASE_BELOW}'


def size_of(stream: TextIO) -> Size:
    """Return the columns and lines of a terminal; a usual size if unknown."""
    columns, lines = os.get_terminal_size(stream.fileno())
    return columns or 80, lines or 24
