# SPDX-License-Identifier: Apache-2.0

"""Whether a backend answers, when it is asked again, and what the log says."""

import time

from oslo_log import log as logging

from nova_sg import instruments
from nova_sg.servicegroup import doubt as sg_doubt
from nova_sg.servicegroup import liveness

LOG = logging.getLogger(__name__)

#: Seconds for which a backend that failed once is not asked again; twice as
#: long with each further failure. A single failed read is then seen to be as
#: short as it was.
FIRST_PAUSE = 0.1

#: Seconds for which a backend that fails again and again is not asked again.
LONGEST_PAUSE = 1.0


class Outages:
    """The outages of one backend, as one reader sees them.

    Not thread safe, but for reads.

    :param bounds: of the doubt after an outage
    """

    def __init__(self, bounds: sg_doubt.Bounds) -> None:
        self._doubting = sg_doubt.Doubting(bounds, lambda: time.monotonic())
        self._answered_at: float | None = None
        # When it failed last, and how often since it last answered.
        self._failed_at = 0.0
        self._failures = 0

    @property
    def failing(self) -> bool:
        """Whether it failed so recently that asking is no use."""
        failures = self._failures
        if not failures:
            return False
        # Capped, so that a long outage does not make a number of it.
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 8))
        return time.monotonic() - self._failed_at < pause

    @property
    def out(self) -> bool:
        """Whether it failed when it was asked last."""
        return bool(self._failures)

    @property
    def silent_for(self) -> float | None:
        """Seconds since it last answered; None while it does."""
        if not self._failures or self._answered_at is None:
            return None
        return time.monotonic() - self._answered_at

    def answered(self) -> liveness.Doubt | None:
        """Note an answer.

        :returns: why a missing beat proves nothing now, None where it does
        """
        instruments.current.backend_answered(True)
        self._doubting.found()
        doubt = self._doubting.now
        now = time.monotonic()
        if self._failures:
            self._failures = 0
            LOG.info(
                'The servicegroup backend answers again.%s',
                ''
                if doubt is None
                else f' For up to {doubt.until - now:.0f} s, services that '
                'were up and have not beaten since are still shown as up.',
            )
        self._answered_at = now
        return doubt

    def failed(self, error: Exception, standing: int) -> None:
        """Note that it could not be asked; what lasts is logged once.

        :param standing: how many services keep their last known state
        """
        instruments.current.backend_answered(False)
        now = time.monotonic()
        if not self._failures:
            LOG.warning(
                '%(error)s Until it answers, %(count)d service(s) keep their '
                'last known state, which is %(age)s.',
                {
                    'error': error,
                    'count': standing,
                    'age': 'of unknown age'
                    if self._answered_at is None
                    else f'{now - self._answered_at:.0f} s old',
                },
            )
        self._doubting.lost(str(error))
        self._failures += 1
        self._failed_at = now

    def explained(self, why: str) -> None:
        """Note what explains missing beats, though the backend answers.

        :param why: in words for an operator
        """
        self._doubting.explained(why)
        LOG.warning(
            '%s Services that were up stay up until they have had time to '
            'beat again.',
            why,
        )
