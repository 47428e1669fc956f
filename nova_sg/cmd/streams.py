# SPDX-License-Identifier: Apache-2.0

"""The standard streams of a command, and what it says there."""

from collections.abc import Iterator
import contextlib
import logging
import os
import sys

#: Loggers of what cannot be reached, or is not installed. A command raises an
#: error for that, or goes on without.
_REPORTED_ANYWAY = frozenset(
    {
        'nova_sg.servicegroup.outages',
        'nova_sg.servicegroup.backends.memcached.endpoint',
        'oslo.messaging._drivers.impl_rabbit',
        'oslo_db.sqlalchemy.exc_filters',
        'stevedore.named',
    }
)


class _OneLine(logging.Formatter):
    """``program: warning: message``, whatever the message and its error."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def format(self, record: logging.LogRecord) -> str:
        text = ' '.join(record.getMessage().split())
        return f'{self._program}: {record.levelname.lower()}: {text}'


@contextlib.contextmanager
def as_messages(program: str) -> Iterator[None]:
    """Show warnings of all libraries, a line each, and nothing else."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine(program))
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    handler.addFilter(lambda record: record.name not in _REPORTED_ANYWAY)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def log_everything() -> None:
    """Show what all libraries log, with times."""
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    for handler in root.handlers:
        handler.setFormatter(
            logging.Formatter('%(asctime)s %(levelname)s %(name)s %(message)s')
        )


def open_missing_streams() -> None:
    """Open ``/dev/null`` in place of each standard stream that is closed.

    Else the next file to be opened would take its number, and a message for
    the terminal would be written into that file.
    """
    for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))


def accept_any_character() -> None:
    """Let output name any service, whatever the locale can show."""
    reconfigure = getattr(sys.stdout, 'reconfigure', None)
    if reconfigure is not None:
        reconfigure(errors='backslashreplace')


def discard_unwritable_output() -> None:
    """Discard what is left to be written, where it cannot be."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()


def discard_output() -> None:
    """Keep the interpreter from writing the rest at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        output = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, output)
        os.close(nowhere)
