# SPDX-License-Identifier: Apache-2.0

"""What a process counts and measures, wherever it happens.

The code that beats, asks a backend or serves a request tells of it here, and
knows nothing of what becomes of it::

    with instruments.request('sql'):
        ...

By default nothing does: a call costs less than a microsecond, and imports
nothing. :mod:`nova_sg.metrics` puts instruments of its own here where an
operator asks for metrics.
"""

import abc
from collections.abc import Callable
import time
from types import TracebackType

from nova_sg import exception

#: Told whether the backend answers, with metrics and without.
_told_of_backend: Callable[[bool], None] | None = None


class Instruments:
    """Those of a process without metrics: they count nothing."""

    def request_done(
        self, backend: str, seconds: float, *, failed: bool
    ) -> None:
        """Note a request to a backend, with all its repetitions.

        :param backend: which kind it is, without an address
        :param failed: the backend could not be asked
        """

    def backend_answered(self, answered: bool) -> None:
        """Note whether the backend of the services could be asked."""
        if _told_of_backend is not None:
            _told_of_backend(answered)

    def beats_done(self, count: int, seconds: float, *, failed: bool) -> None:
        """Note heartbeats of services that this process sent together."""

    def lease_lost(self) -> None:
        """Note that the lease, or session, has expired with all it held."""

    def mirror_read(self, lag: float) -> None:
        """Note that a part of the mirror was brought up to date.

        :param lag: seconds since it was the last time, or since it was told
            that there is news
        """

    def mirror_rebuilt(self) -> None:
        """Note that a part of the mirror was read as a whole."""

    def rest_done(
        self, route: str, method: str, code: int, seconds: float
    ) -> None:
        """Note a request to the REST service.

        :param route: the template of its path, never the path itself
        """

    def beats_waiting(self, count: int) -> None:
        """Note how many heartbeats wait in this conductor to be written."""

    def beats_committed(self, count: int) -> None:
        """Note heartbeats that a conductor wrote with one statement."""

    def beats_refused(self, count: int) -> None:
        """Note heartbeats that a conductor did not take, or not write."""

    def verdict_changed(
        self, before: str, after: str, reason: str, count: int
    ) -> None:
        """Note services that have changed their state.

        :param before: ``up``, ``down`` or ``unknown``
        :param after: the same
        :param reason: why they are what they are; empty where nobody knows
        """


NONE = Instruments()

#: Those of this process.
current: Instruments = NONE


def use(instruments: Instruments) -> None:
    """Tell other instruments from now on."""
    global current
    current = instruments


def tell_of_backend(told: Callable[[bool], None] | None) -> None:
    """Tell from now on whether the backend answers, whatever else counts.

    :param told: called with each answer, and lack of one; None: nothing is
    """
    global _told_of_backend
    _told_of_backend = told


#: What says that a backend could not be asked.
FAILED = (exception.ServiceGroupUnavailable, exception.OutcomeUnknown)


class Measured(abc.ABC):
    """Measures what is done in it, as a context manager."""

    __slots__ = ('_began',)

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.done(time.perf_counter() - self._began, error)

    @abc.abstractmethod
    def done(self, seconds: float, error: BaseException | None) -> None:
        """Tell the instruments.

        :param error: what ended it, None where it came to its end
        """


class request(Measured):  # noqa: N801
    """Measures a request to a backend.

    :param backend: see :meth:`Instruments.request_done`
    :param failures: the errors that say that it could not be asked
    """

    __slots__ = ('_backend', '_failures')

    def __init__(
        self, backend: str, failures: tuple[type[BaseException], ...] = FAILED
    ) -> None:
        self._backend = backend
        self._failures = failures

    def done(self, seconds: float, error: BaseException | None) -> None:
        current.request_done(
            self._backend, seconds, failed=isinstance(error, self._failures)
        )


class beats(Measured):  # noqa: N801
    """Measures heartbeats that are sent together.

    :param count: of how many services
    """

    __slots__ = ('_count',)

    def __init__(self, count: int) -> None:
        self._count = count

    def done(self, seconds: float, error: BaseException | None) -> None:
        current.beats_done(self._count, seconds, failed=error is not None)
        if error is None or isinstance(error, FAILED):
            current.backend_answered(error is None)
