# SPDX-License-Identifier: Apache-2.0

"""What is logged while a screen is shown."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import logging
import sys


class _Handler(logging.Handler):
    """Hands over what is logged, a line each."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = say

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(f'{record.levelname.lower()}: {record.getMessage()}')


@contextlib.contextmanager
def handed_over(say: Callable[[str], None]) -> Iterator[None]:
    """Keep what is logged from being written across the screen.

    What a command does not show elsewhere is not shown here either. Where
    stderr is no terminal, it is told as well: a file wants the messages, too.
    """
    root = logging.getLogger()
    before = root.handlers[:]
    handler = _Handler(say)
    for each in before:
        for chosen in each.filters:
            handler.addFilter(chosen)
    kept = [] if sys.stderr.isatty() else before
    root.handlers[:] = [*kept, handler]
    try:
        yield
    finally:
        root.handlers[:] = before
