# SPDX-License-Identifier: Apache-2.0

"""The files that hosts share."""

from collections.abc import Iterator
import contextlib
import fcntl
import json
import os
import pathlib
import tempfile
import time
from typing import Any
from typing import ClassVar

from oslo_config import cfg

from nova_sg import exception
from nova_sg_toy import options

FORMAT = 1


class Directory:
    """What the driver asks of the file system; each method asks once.

    Reading needs no lock: the state is replaced as a whole, never changed.

    :param conf: a loaded configuration
    :ivar asked: how often this process has asked any directory
    """

    asked: ClassVar[int] = 0

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.path = pathlib.Path(options.directory(conf))
        self._patience = conf.servicegroup.report_interval

    @property
    def name(self) -> str:
        return f'toy:{self.path}'

    def read(self) -> dict[str, Any]:
        """Return the state: format, last_id, marker, services."""
        with self._errors():
            try:
                state: dict[str, Any] = json.loads(
                    (self.path / 'state.json').read_text()
                )
            except FileNotFoundError:
                # Nothing is written yet; but is the directory there?
                os.stat(self.path)
                return {
                    'format': FORMAT,
                    'last_id': 0,
                    'marker': None,
                    'services': {},
                }
        if state['format'] != FORMAT:
            raise exception.ServiceGroupUnavailable(
                backend=self.name,
                reason=f'its format {state["format"]} is unknown here',
            )
        return state

    @contextlib.contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """Give the state to be changed; without an error it is written."""
        with self._errors(), self._locked():
            state = self.read()
            yield state
            with tempfile.NamedTemporaryFile(
                'w', dir=self.path, prefix='.state', delete=False
            ) as new:
                json.dump(state, new)
                new.flush()
                os.fsync(new.fileno())
            os.replace(new.name, self.path / 'state.json')

    def now(self) -> int:
        """Return the time by the file system's clock.

        :returns: in milliseconds since 1970
        """
        with self._errors():
            descriptor, probe = tempfile.mkstemp(dir=self.path, prefix='.now')
            try:
                return os.fstat(descriptor).st_mtime_ns // 1_000_000
            finally:
                os.close(descriptor)
                os.unlink(probe)

    def touch(self, member: str) -> None:
        """Let a member's file say that it was seen now."""
        with self._errors():
            (self.path / member).touch()

    def remove(self, member: str) -> None:
        """Take a member's file away; it may be gone."""
        with self._errors():
            os.stat(self.path)
            (self.path / member).unlink(missing_ok=True)

    def members(self) -> dict[str, int]:
        """Return each member's file, and when it was last touched.

        :returns: in milliseconds since 1970, by name
        """
        found = {}
        with self._errors(), os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.startswith('member,'):
                    # It may leave at this moment.
                    with contextlib.suppress(FileNotFoundError):
                        touched = entry.stat().st_mtime_ns
                        found[entry.name] = touched // 1_000_000
        return found

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        deadline = time.monotonic() + self._patience
        with open(self.path / 'lock', 'a') as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.002)
            yield

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        Directory.asked += 1
        try:
            yield
        except OSError as error:
            raise exception.ServiceGroupUnavailable(
                backend=self.name, reason=error.strerror
            ) from error
