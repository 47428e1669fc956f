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

The files are mapped into memory. To write to a page that has no room on its
file system kills a process, whatever else it does: so each file has all of its
room before a process begins to count in it.
"""

from collections.abc import Iterator
import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import tempfile
import time

from nova_sg import exception

#: Memory, and nothing cleans it up by age as it does ``/tmp``.
_IN_MEMORY = pathlib.Path('/dev/shm')  # noqa: S108

_PREFIX = 'nova-sg-metrics-'

#: What the process that made a place holds, and all that it forked.
_OWNER = 'owner'

#: Seconds between two looks at a lock that another worker holds.
_PAUSE = 0.05

#: The bytes of each file of a slot, by the kind of what is counted there:
#: more than a program with all of its routes comes to.
_SIZES = {
    'counter': 1 << 18,
    'histogram': 1 << 18,
    'gauge_livemostrecent': 1 << 16,
    'gauge_livesum': 1 << 16,
}


class Place:
    """A directory of the workers of one program.

    :param path: the directory; only these workers may use it
    :raises InvalidConfiguration: it cannot be used
    """

    def __init__(self, path: str) -> None:
        self.path = pathlib.Path(path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as trial:
                os.posix_fallocate(trial.fileno(), 0, sum(_SIZES.values()))
        except OSError as error:
            raise unusable(path, error) from error
        self._held: int | None = None

    @classmethod
    def make(cls) -> 'Place':
        """Make a place for a program, until its last process ends.

        It is removed by :meth:`remove`, or by the next program of this user
        that makes one.

        :raises InvalidConfiguration: nowhere is room for it
        """
        if os.access(_IN_MEMORY, os.W_OK):
            # Another program may have filled it: a container has 64 MB.
            with contextlib.suppress(exception.InvalidConfiguration):
                return cls._make_in(_IN_MEMORY)
        return cls._make_in(None)

    @classmethod
    def _make_in(cls, parent: pathlib.Path | None) -> 'Place':
        """Make a place in a directory, None for that of temporary files."""
        try:
            parent = parent or pathlib.Path(tempfile.gettempdir())
            for each in parent.glob(f'{_PREFIX}*'):
                _remove_abandoned(each)
            path = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
        except OSError as error:
            raise unusable(f'{parent or "a temporary file"}', error) from error
        try:
            made = cls(path)
        except exception.InvalidConfiguration:
            shutil.rmtree(path, ignore_errors=True)
            raise
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

    def allot(self, slot: int) -> None:
        """Give the files of a slot all of their room; what is there stays.

        :raises OSError: there is none left
        """
        for kind, size in _SIZES.items():
            path = self.path / f'{kind}_{slot}.db'
            # Another worker may read it meanwhile, and an empty one is none.
            new = path if path.exists() else path.with_suffix('.new')
            with new.open('ab') as opened:
                os.posix_fallocate(opened.fileno(), 0, size)
            new.replace(path)

    def forget_dead(self) -> None:
        """Drop the state of workers that have ended; their counts stay."""
        for each in self.path.glob('*.slot'):
            with self.locked(each.name) as locked:
                if locked:
                    self._forget_state(int(each.stem))

    @contextlib.contextmanager
    def locked(self, name: str, *, patience: float = 0.0) -> Iterator[bool]:
        """Hold a lock among the workers, and yield whether it is held.

        :param patience: seconds to wait for another one that holds it
        """
        until = time.monotonic() + patience
        # To wait in flock() would stop a whole process under eventlet, and
        # with it the thread that may hold the lock.
        while (descriptor := _lock(self.path / name)) is None and (
            time.monotonic() < until
        ):
            time.sleep(_PAUSE)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _forget_state(self, slot: int) -> None:
        """Remove what is of a process while it lives, such as a queue."""
        for each in self.path.glob(f'gauge_live*_{slot}.db'):
            each.unlink(missing_ok=True)


def unusable(
    path: pathlib.Path | str, error: OSError
) -> exception.InvalidConfiguration:
    """Return what is told of a place where nothing can be written."""
    return exception.InvalidConfiguration(
        option='[monitoring] directory',
        reason=f'cannot write to {path}: {error.strerror}',
    )


def _lock(path: pathlib.Path) -> int | None:
    """Return the open file of a lock, None where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
