# SPDX-License-Identifier: Apache-2.0

"""The thread in which a process records transitions."""

from collections.abc import Callable
import random
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import loop
from nova_sg.servicegroup.history import recorder as recorder_

LOG = logging.getLogger(__name__)

#: The share of the time that looking may take at most.
SHARE = 0.1


class Recording:
    """Has a recorder look once per interval.

    :param recorder: the recorder
    :param interval: seconds between two looks
    :param may: tells whether this process is the one to look, of several
        that share its work
    """

    def __init__(
        self,
        recorder: recorder_.Recorder,
        interval: float,
        may: Callable[[], bool],
    ) -> None:
        self._recorder = recorder
        self._interval = interval
        self._may = may
        self._failing: type[Exception] | None = None
        # Watchers that start together look at different times.
        self._first = True
        self._told = False
        self._loop = loop.Loop('history', self._turn, lambda: interval)

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        self._loop.stop()

    def _turn(self) -> float:
        """Look; returns seconds until the next time."""
        if self._first:
            self._first = False
            return random.uniform(0, self._interval)  # noqa: S311
        if not self._may():
            return self._interval
        if not self._told:
            self._told = True
            LOG.info(
                'Recording the transitions of services, every %g s',
                self._interval,
            )
        began = time.monotonic()
        self._look()
        took = time.monotonic() - began
        return max(self._interval, took / SHARE - took)

    def _look(self) -> None:
        """Look; what lasts is logged once."""
        before, self._failing = self._failing, None
        try:
            self._recorder.look()
        except Exception as error:
            self._failing = type(error)
            if before is self._failing:
                return
            if not isinstance(error, exception.NovaSgException):
                LOG.exception(
                    'Unexpected error while recording transitions, will try '
                    'again'
                )
                return
            # A database without the table may be meant to have none.
            optional = isinstance(error, exception.SchemaNotReady)
            LOG.log(
                logging.INFO if optional else logging.WARNING,
                'Recording no transitions until this is over: %s',
                error,
            )
