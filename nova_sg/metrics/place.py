# SPDX-License-Identifier: Apache-2.0

"""Where the workers of one program share what they count.

A worker counts in files of its own, and a worker that is replaced must not
take its counts along: Prometheus would see counters go back. Nor may each
worker that there ever was leave files behind. So a worker takes a *slot*, and
goes on from what the last one in that slot has counted::

    t=0   workers A and B take slots 0 and 1
    t=60  A is replaced by C while A answers its last request: C takes slot 2
    t=61  A ends; the kernel releases its lock on slot 0
    t=90  B is replaced by D: D takes slot 0, and goes on counting there

A slot is held by a lock on a file, which ends with the process, however it
ends.
"""

from collections.abc import Iterator
import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import tempfile

from nova_sg import exception

#: Memory, and nothing cleans it up by age as it does ``/tmp``.
_IN_MEMORY = pathlib.Path('/dev/shm')  # noqa: S108

_PREFIX = 'nova-sg-metrics-'

#: What the process that made a place holds, and all that it forked.
_OWNER = 'owner'


class Place:
    """A directory of the workers of one program.

    :param path: the directory; only these workers may use it
    :raises InvalidConfiguration: it cannot be used
    """

    def __init__(self, path: str) -> None:
        self.path = pathlib.Path(path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise exception.InvalidConfiguration(
                option='[monitoring] directory',
                reason=f'cannot write to {path}: {error.strerror}',
            ) from error
        self._held: int | None = None

    @classmethod
    def make(cls) -> 'Place':
        """Make a place for a program, until its last process ends.

        It is removed by :meth:`remove`, or by the next program of this user
        that makes one.
        """
        parent = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
        parent = parent or pathlib.Path(tempfile.gettempdir())
        for each in parent.glob(f'{_PREFIX}*'):
            _remove_abandoned(each)
        made = cls(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        made._held = _lock(made.path / _OWNER)
        return made

    def remove(self) -> None:
        """Remove it, with all that was counted."""
        shutil.rmtree(self.path, ignore_errors=True)

    def take_slot(self) -> int:
        """Return a number that no other living process has here."""
        for number in itertools.count():
            if _lock(self.path / f'{number}.slot') is not None:
                self._forget_state(number)
                return number
        raise AssertionError

    def forget_dead(self) -> None:
        """Drop the state of workers that have ended; their counts stay."""
        for each in self.path.glob('*.slot'):
            with self.locked(each.name, wait=False) as locked:
                if locked:
                    self._forget_state(int(each.stem))

    @contextlib.contextmanager
    def locked(self, name: str, *, wait: bool) -> Iterator[bool]:
        """Hold a lock among the workers, and yield whether it is held.

        :param wait: until another one has released it
        """
        descriptor = _lock(self.path / name, wait=wait)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _forget_state(self, slot: int) -> None:
        """Remove what is of a process while it lives, such as a queue."""
        for each in self.path.glob(f'gauge_live*_{slot}.db'):
            each.unlink(missing_ok=True)


def _lock(path: pathlib.Path, *, wait: bool = False) -> int | None:
    """Return the open file of a lock, None where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned(path: pathlib.Path) -> None:
    """Remove a place whose processes were all killed."""
    try:
        if path.stat().st_uid != os.geteuid() or not (path / _OWNER).exists():
            return
        descriptor = _lock(path / _OWNER)
    except OSError:
        return
    if descriptor is not None:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)
