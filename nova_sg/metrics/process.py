# SPDX-License-Identifier: Apache-2.0

"""What one process counts, in the files of its slot.

:status: imported where metrics are on, and nowhere else
"""

import os
from typing import Any

import prometheus_client
from prometheus_client import values

from nova_sg import instruments
from nova_sg import private
from nova_sg.metrics import place as sg_place

#: Seconds; from a cache to a timeout.
_BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)

#: Where the library looks for the directory when it opens a file.
_VARIABLE = 'PROMETHEUS_MULTIPROC_DIR'


class Counted(instruments.Instruments):
    """Instruments that count for Prometheus.

    :param place: where they do
    :param slot: the slot of this process there
    :param conductor: this process is one
    :raises OSError: there is no room for what it would count
    """

    def __init__(
        self, place: sg_place.Place, slot: int, *, conductor: bool
    ) -> None:
        private.check('metrics')
        place.allot(slot)
        shared: Any = values.MultiProcessValue
        values.ValueClass = shared(lambda: slot)
        before = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = str(place.path)
        try:
            self._make()
            self._make_conductors(made=conductor)
        finally:
            # What this process starts may use the library as well.
            if before is None:
                del os.environ[_VARIABLE]
            else:
                os.environ[_VARIABLE] = before

    def _make(self) -> None:
        """Make all that any process has; each kind once opens its file."""
        self._backend_up = _gauge(
            'backend_up',
            'Whether the backend of the services answered when a process of '
            'this program asked it last.',
            'livemostrecent',
        )
        self._requests = _histogram(
            'backend_request_seconds',
            'Requests to a backend, with all repetitions.',
            'backend',
        )
        self._failures = _counter(
            'backend_request_failures',
            'Requests that a backend did not answer.',
            'backend',
        )
        self._beat_seconds = _histogram(
            'beat_seconds', 'Heartbeats that were sent together.'
        )
        self._beats = _counter(
            'beats', 'Heartbeats of services of this program.', 'outcome'
        )
        for outcome in ('written', 'failed'):
            self._beats.labels(outcome)
        self._losses = _counter(
            'session_losses', 'Sessions that a backend has expired.'
        )
        self._lag = _histogram(
            'mirror_lag_seconds',
            'From the word of a backend that there is news until the mirror '
            'has it.',
        )
        self._rebuilds = _counter(
            'mirror_rebuilds', 'Mirrors that were read as a whole.'
        )
        self._rest = _counter(
            'rest_requests',
            'Requests to the REST service.',
            *('route', 'method', 'code'),
        )
        self._rest_seconds = _histogram(
            'rest_request_seconds', 'Requests to the REST service.', 'route'
        )
        self._changes = _counter(
            'verdict_changes',
            'Services that changed their state between two scrapes.',
            *('from', 'to', 'reason'),
        )
        for before, after in (('up', 'down'), ('down', 'up')):
            self._changes.labels(before, after, '')

    def _make_conductors(self, *, made: bool) -> None:
        self._waiting = self._committed = None
        self._refused = self._statements = None
        if not made:
            return
        self._waiting = _gauge(
            'conductor_beats_waiting',
            'Heartbeats that wait to be written.',
            'livesum',
        )
        self._committed = _counter(
            'conductor_beats_written', 'Heartbeats that were written.'
        )
        self._refused = _counter(
            'conductor_beats_refused',
            'Heartbeats that were not taken, or could not be written.',
        )
        self._statements = _counter(
            'conductor_writes', 'Statements with which they were written.'
        )

    def request_done(
        self, backend: str, seconds: float, *, failed: bool
    ) -> None:
        self._requests.labels(backend).observe(seconds)
        if failed:
            self._failures.labels(backend).inc()

    def backend_answered(self, answered: bool) -> None:
        super().backend_answered(answered)
        self._backend_up.set(1 if answered else 0)

    def beats_done(self, count: int, seconds: float, *, failed: bool) -> None:
        self._beat_seconds.observe(seconds)
        self._beats.labels('failed' if failed else 'written').inc(count)

    def lease_lost(self) -> None:
        self._losses.inc()

    def mirror_read(self, lag: float) -> None:
        self._lag.observe(lag)

    def mirror_rebuilt(self) -> None:
        self._rebuilds.inc()

    def rest_done(
        self, route: str, method: str, code: int, seconds: float
    ) -> None:
        self._rest.labels(route, method, str(code)).inc()
        self._rest_seconds.labels(route).observe(seconds)

    def beats_waiting(self, count: int) -> None:
        if self._waiting is not None:
            self._waiting.set(count)

    def beats_committed(self, count: int) -> None:
        if self._committed is not None and self._statements is not None:
            self._committed.inc(count)
            self._statements.inc()

    def beats_refused(self, count: int) -> None:
        if self._refused is not None:
            self._refused.inc(count)

    def verdict_changed(
        self, before: str, after: str, reason: str, count: int
    ) -> None:
        self._changes.labels(before, after, reason).inc(count)


def _counter(
    name: str, documentation: str, *labels: str
) -> prometheus_client.Counter:
    return prometheus_client.Counter(
        f'nova_sg_{name}', documentation, labels, registry=None
    )


def _histogram(
    name: str, documentation: str, *labels: str
) -> prometheus_client.Histogram:
    return prometheus_client.Histogram(
        f'nova_sg_{name}',
        documentation,
        labels,
        registry=None,
        buckets=_BUCKETS,
    )


def _gauge(
    name: str, documentation: str, mode: str
) -> prometheus_client.Gauge:
    return prometheus_client.Gauge(
        f'nova_sg_{name}',
        documentation,
        registry=None,
        multiprocess_mode=mode,  # type: ignore[arg-type]
    )


def _stop_counting() -> None:
    """Count nothing in a forked child: its parent goes on in its slot."""
    instruments.use(instruments.NONE)


os.register_at_fork(after_in_child=_stop_counting)
