# SPDX-License-Identifier: Apache-2.0

"""The thread in which a process records transitions."""

from collections.abc import Callable
import random
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import lasting
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
        self._trouble = lasting.Trouble(
            LOG,
            'Recording no transitions until this is over: %s',
            'Unexpected error while recording transitions, will try again',
        )
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
        try:
            self._recorder.look()
        except exception.SchemaNotReady as error:
            # A database without the table may be meant to have none.
            self._trouble.failed(error, logging.INFO)
        except Exception as error:
            self._trouble.failed(error)
        else:
            self._trouble.over()
