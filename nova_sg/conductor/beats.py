# SPDX-License-Identifier: Apache-2.0

"""Beats by the thousand: many callers, one statement."""

import collections
from collections.abc import Callable
from collections.abc import Sequence
from concurrent import futures
import threading
import time

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import instruments

#: Writes beats at once, and returns the uuids whose record is gone.
Report = Callable[[sg_context.RequestContext, Sequence[str]], Sequence[str]]


class _Batch(futures.Future[set[str]]):
    """Beats of one commit; its result are the uuids whose record is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.beats: collections.Counter[str] = collections.Counter()

    def outcome(self) -> set[str]:
        """Wait for the commit, and return the uuids whose record is gone.

        :raises ServiceGroupUnavailable: nothing is known to be committed
        """
        error = self.exception()
        if error is not None:
            # One for each thread that raises it.
            raise _again(error) from error
        return self.result()


class GroupCommit:
    """Groups the beats of many threads into few statements.

    The first beat of a batch leads it: its thread waits for its turn, closes
    the batch, and writes it; the threads of all others wait for that. One
    batch is written at a time, and some time lies between two writes, so that
    under load a batch grows instead of the number of statements. A beat that
    comes later than that after the last is written at once.

    A caller is answered only after its beat is committed; or the error of
    the write is raised by each of them.

    :param report: writes a batch
    :param spacing: seconds between the end of a write and the next
    :param limit: beats that may wait; further ones are refused
    :param linger: seconds for which a batch is open at least, where beats
        come in bursts
    """

    def __init__(
        self,
        report: Report,
        spacing: float,
        limit: int,
        linger: float = 0.0,
    ) -> None:
        self._report = report
        self._spacing = spacing
        self._linger = linger
        self._limit = limit
        #: Guards what follows, for moments only.
        self._lock = threading.Lock()
        self._open: _Batch | None = None
        self._waiting = 0
        self._written = 0
        self._writes = 0
        #: Held by the thread that writes.
        self._turn = threading.Lock()
        self._last_write = -spacing

    def report(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services; returns when it is committed.

        :returns: the uuids whose record is gone
        :raises ServiceGroupUnavailable: it is not committed: the backend
            cannot be asked, or too many beats wait for it already
        """
        batch, leads = self._join(uuids)
        if leads:
            self._write(batch)
        gone = batch.outcome()
        return [uuid for uuid in uuids if uuid in gone]

    def post(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        """Beat once for services, and let another thread write it.

        The first beat of a batch still leads it, and returns when it is
        committed.

        :raises ServiceGroupUnavailable: this thread knows that the beat is
            lost
        """
        batch, leads = self._join(uuids)
        if leads:
            self._write(batch)
            batch.outcome()

    def facts(self) -> dict[str, int]:
        """Return what an operator should know: beats waiting and written."""
        with self._lock:
            return {
                'beats_waiting': self._waiting,
                'beats_written': self._written,
                'beat_writes': self._writes,
            }

    def _join(self, uuids: Sequence[str]) -> tuple[_Batch, bool]:
        with self._lock:
            if self._waiting + len(uuids) > self._limit:
                instruments.current.beats_refused(len(uuids))
                raise exception.ServiceGroupUnavailable(
                    backend='for beats',
                    reason=f'{self._waiting} of them wait in this conductor '
                    'already',
                )
            self._waiting += len(uuids)
            instruments.current.beats_waiting(self._waiting)
            leads = self._open is None
            if self._open is None:
                self._open = _Batch()
            self._open.beats.update(uuids)
            return self._open, leads

    def _write(self, batch: _Batch) -> None:
        with self._turn:
            pause = self._last_write + self._spacing - time.monotonic()
            if max(pause, self._linger) > 0:
                time.sleep(max(pause, self._linger))
            with self._lock:
                # What comes from now on goes into the next.
                self._open = None
            try:
                gone = self._commit(batch.beats)
            except BaseException as error:
                self._end(batch)
                batch.set_exception(error)
                if not isinstance(error, Exception):
                    # This thread is ended.
                    raise
            else:
                self._end(batch, writes=1)
                batch.set_result(gone)

    def _commit(self, beats: collections.Counter[str]) -> set[str]:
        context = sg_context.get_admin_context()
        gone: set[str] = set()
        left = beats.copy()
        # Workers of one service may beat at once, and each beat counts.
        while left:
            gone.update(self._report(context, sorted(left)))
            left -= collections.Counter(dict.fromkeys(left, 1))
        return gone

    def _end(self, batch: _Batch, writes: int = 0) -> None:
        """Count a batch that is written, or with no writes one that is not."""
        self._last_write = time.monotonic()
        with self._lock:
            beats = batch.beats.total()
            self._waiting -= beats
            self._written += beats * writes
            self._writes += writes
            waiting = self._waiting
        instruments.current.beats_waiting(waiting)
        if writes:
            instruments.current.beats_committed(beats)
        else:
            instruments.current.beats_refused(beats)
        instruments.current.backend_answered(bool(writes))


def _again(error: BaseException) -> Exception:
    """Return an error for one more thread to raise."""
    if isinstance(error, exception.NovaSgException):
        return type(error)(str(error), **error.kwargs)
    # Below the first line of an error of a database are the statement and its
    # parameters: all services of the batch.
    said = str(error).strip().partition('\n')[0]
    return exception.ServiceGroupUnavailable(
        backend='for beats',
        reason=f'{type(error).__name__}: {said}'.removesuffix(': '),
    )
