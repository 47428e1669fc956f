# SPDX-License-Identifier: Apache-2.0

"""Metrics as a file for the textfile collector of node_exporter."""

from collections.abc import Callable
from collections.abc import Iterator
import logging
import os
import pathlib
import threading

from nova_sg import exception

LOG = logging.getLogger(__name__)

#: Seconds between two writes: as often as Prometheus scrapes a node.
INTERVAL = 15.0

SUFFIX = '.prom'


def check(path: pathlib.Path, option: str) -> None:
    """Refuse a file that cannot be written, or that nobody would read.

    :param option: which names it
    :raises InvalidConfiguration: saying what is wrong
    """
    if path.suffix != SUFFIX:
        reason = f'node_exporter reads files that end with {SUFFIX} only'
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        reason = f'cannot write to {path.parent}'
    else:
        return
    raise exception.InvalidConfiguration(option=option, reason=reason)


class TextFile:
    """Writes a file every :data:`INTERVAL` seconds, until :meth:`stop`.

    node_exporter shows the files of all processes as one page, on which no
    sample may be twice: each has the label ``process``, the name of its file.

    :param path: the file
    :param text: returns what it holds
    """

    def __init__(self, path: pathlib.Path, text: Callable[[], bytes]) -> None:
        self._path = path
        self._text = text
        self._stopping = threading.Event()
        self._failing = False
        self._thread = threading.Thread(
            target=self._run, name='textfile', daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and remove the file: nobody is there to tell of."""
        self._stopping.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def write(self) -> None:
        """Write the file once; a reader sees the old one or the new one."""
        written = self._path.with_suffix(f'.{os.getpid()}')
        text = with_label(self._text().decode(), 'process', self._path.stem)
        written.write_text(text)
        written.chmod(0o644)
        written.replace(self._path)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.write()
                self._failing = False
            except Exception as error:
                if not self._failing:
                    LOG.error('Cannot write %s: %s', self._path, error)
                self._failing = True
            self._stopping.wait(INTERVAL)


def with_label(text: str, name: str, value: str) -> str:
    """Return metrics with one more label on each sample.

    :param text: in Prometheus's text format
    :param value: a text without quotes, backslashes and line breaks
    """

    def lines() -> Iterator[str]:
        label = f'{name}="{value}"'
        # A label may hold what splitlines() takes for the end of one.
        for line in text.removesuffix('\n').split('\n'):
            if not line or line.startswith('#'):
                yield line
                continue
            head, brace, rest = line.partition('{')
            if brace:
                more = '' if rest.startswith('}') else ','
                yield f'{head}{{{label}{more}{rest}'
            else:
                head, _, rest = line.partition(' ')
                yield f'{head}{{{label}}} {rest}'

    return '\n'.join((*lines(), ''))
