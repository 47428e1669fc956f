# SPDX-License-Identifier: Apache-2.0

"""The loop that beats for the services of one process."""

from collections.abc import Callable
from collections.abc import Sequence
import random
import threading
import time

from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import forks
from nova_sg import instruments
from nova_sg import lasting
from nova_sg import sequences
from nova_sg.servicegroup.membership import base

LOG = logging.getLogger(__name__)

#: Handles that beat together.
BATCH = 500


def first_delay(interval: float) -> float:
    """Return how long to wait for the first beat after joining.

    Random, so that a mass restart does not make a deployment beat in step.

    :param interval: seconds between two beats
    """
    return random.uniform(0, interval)  # noqa: S311


def trouble() -> lasting.Trouble:
    """Return what logs that the heartbeats of a process are not written."""
    return lasting.Trouble(
        LOG,
        'Cannot report state, will try again: %s',
        'Unexpected error while reporting state, will try again',
        'Recovered from being unable to report state.',
    )


def log_gone(binary: str | None, host: str | None) -> None:
    """Log that a service was deleted while its process runs."""
    LOG.error(
        'The record of %(binary)s on host %(host)s is gone: it was '
        'deleted while this process runs. Stop the process, or restart it '
        'to create the record anew.',
        {'binary': binary, 'host': host},
    )


class Heartbeat:
    """Beats for handles, each once per report interval.

    Handles are added in batches, and each batch starts at a random moment of
    the interval: after a mass restart the beats of a deployment are spread
    over it. A failed beat is logged once, and does not delay the next one. If
    the record of a service is gone, ``on_gone`` is called, and its beats end.

    :param membership: where the handles are from
    :param context: the context to beat in
    :param interval: seconds between two beats of a handle
    :param on_gone: called with each handle that has lost its record
    :param on_turn: called in the thread each time its loop turns
    :param turns_within: seconds within which the loop turns even where
        nothing is due; None: no matter how long
    """

    def __init__(
        self,
        membership: base.Membership,
        context: sg_context.RequestContext,
        interval: float,
        on_gone: Callable[[base.Handle], None] | None = None,
        *,
        on_turn: Callable[[], None] | None = None,
        turns_within: float | None = None,
    ) -> None:
        self._membership = membership
        self._context = context
        self._interval = interval
        self._on_gone = on_gone
        self._on_turn = on_turn
        self._turns_within = turns_within
        self._batches: list[tuple[float, list[base.Handle]]] = []
        self._changed = forks.renewed(self, '_changed', threading.Condition)
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._trouble = trouble()

    def add(self, handles: Sequence[base.Handle]) -> None:
        """Take on handles that have just joined, and so have just beaten."""
        now = time.monotonic()
        with self._changed:
            for batch in sequences.batched(handles, BATCH):
                due = now + first_delay(self._interval)
                self._batches.append((due, list(batch)))
            self._changed.notify()

    def start(self) -> None:
        """Beat in a thread of this process until :meth:`stop`."""
        self._thread = threading.Thread(
            target=self._run, name='heartbeat', daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop beating and wait for the beat under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def beat(self, handles: list[base.Handle]) -> None:
        """Beat once for handles, and remove the handles without a record.

        Never raises: a timer that died of one error would make a healthy
        service look down.
        """
        try:
            with instruments.beats(len(handles)):
                gone = self._membership.beat_many(self._context, handles)
        except Exception as error:
            self._trouble.failed(error)
            return
        self._trouble.over()
        LOG.debug('Reported the state of %d service(s)', len(handles))
        for handle in gone:
            if handle in handles:
                handles.remove(handle)
            log_gone(handle.record.binary, handle.record.host)
            self._tell_gone(handle)

    def _tell_gone(self, handle: base.Handle) -> None:
        if self._on_gone is None:
            return
        try:
            self._on_gone(handle)
        except Exception:
            LOG.exception(
                'Unexpected error after the record of a service was deleted'
            )

    def _run(self) -> None:
        while (handles := self._next()) is not None:
            self.beat(handles)

    def _next(self) -> list[base.Handle] | None:
        """Wait for the next batch that is due; None means stop."""
        with self._changed:
            while not self._stopping:
                if self._on_turn is not None:
                    self._on_turn()
                if not self._batches:
                    self._changed.wait(self._turns_within)
                    continue
                now = time.monotonic()
                self._batches.sort(key=lambda batch: batch[0])
                due, handles = self._batches[0]
                if due > now:
                    patience = due - now
                    if self._turns_within is not None:
                        patience = min(patience, self._turns_within)
                    self._changed.wait(patience)
                    continue
                again = due + self._interval
                if again <= now:
                    # Beats that were missed are not made up for.
                    again = now + self._interval
                self._batches[0] = (again, handles)
                return handles
        return None
