# SPDX-License-Identifier: Apache-2.0

"""Promises while a network comes and goes: ten short faults, not a long one.

Each fault is too short to explain why a service has not beaten, so that a
death shows as soon as is declared, and no living service is shown down.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import signal
import threading
import time

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import link as link_

#: Seconds: how long a fault is, and how long there is none: for one that
#: reads, and for one that must get a beat through on a laden machine.
FAULT = 0.15
CALM = 0.65
CALM_TO_BEAT = 1.6


class Flapping(fixtures.Fixture):
    """A link that is cut for a moment, again and again, until the end.

    :param calm: seconds between two faults
    """

    def __init__(self, link: link_.Link, calm: float) -> None:
        super().__init__()
        self._link = link
        self._calm = calm
        self._over = threading.Event()

    def _setUp(self) -> None:
        self._thread = threading.Thread(target=self._flap, daemon=True)
        self._thread.start()
        self.addCleanup(self._end)

    def _flap(self) -> None:
        while not self._over.is_set():
            self._link.refuse()
            self._over.wait(FAULT)
            self._link.listen()
            self._over.wait(self._calm)

    def _end(self) -> None:
        self._over.set()
        self._thread.join()


class FlapTests(base.ConformanceTest):
    """Faults come and go on the way of a reader, or of a member."""

    def setUp(self) -> None:
        super().setUp()
        self.link = self.deployment.proxied()
        self.living = self.register('living')
        self.dying = self.register('dying')

    def die(self) -> None:
        """Let the process of a service join, beat and die."""
        doomed = self.worker()
        doomed.call(actions.join_and_beat, self.dying)
        self.eventually(lambda: self.verdict(self.api, self.dying), 'it is up')
        doomed.signal(signal.SIGKILL)

    def verdict(
        self, reader: sg_api.API, service: record.Record
    ) -> bool | None:
        """Return whether a service is listed up, None for no answer."""
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            _, alive = reader.list(self.context)
            return alive[service.uuid].up
        return None

    def watch_a_death(
        self, verdicts: Callable[[], Iterator[sg_api.API]]
    ) -> None:
        """Check that a death shows as declared, and nobody else is down.

        :param verdicts: gives the readers to ask, again and again
        """
        declared = self.characteristics
        within = declared.crash_detection + declared.doubt
        self.die()
        deadline = time.monotonic() + within + base.PATIENCE
        for reader in verdicts():
            self.assertIsNot(
                False, self.verdict(reader, self.living), 'it lives'
            )
            if self.verdict(reader, self.dying) is False:
                return
            self.assertLess(
                time.monotonic(), deadline, f'not down within {within:g} s'
            )
            time.sleep(0.05)

    def test_a_death_shows_to_a_reader_whose_link_flaps(self) -> None:
        self.worker().call(actions.join_and_beat, self.living)
        reader = self.api_through(self.link)
        reader.driver.watch(self.context)
        self.eventually(lambda: self.verdict(reader, self.living), 'it is up')

        def always() -> Iterator[sg_api.API]:
            while True:
                yield reader

        self.useFixture(Flapping(self.link, CALM))
        self.watch_a_death(always)

    def test_a_death_shows_while_the_link_of_another_host_flaps(self) -> None:
        self.worker(self.link).call(actions.join_and_beat, self.living)

        def anew() -> Iterator[sg_api.API]:
            while True:
                yield self.new_api()

        self.useFixture(Flapping(self.link, CALM_TO_BEAT))
        self.watch_a_death(anew)

    def test_a_member_whose_link_flaps_is_never_down(self) -> None:
        self.worker(self.link).call(actions.join_and_beat, self.living)
        self.api.list(self.context)
        self.useFixture(Flapping(self.link, CALM_TO_BEAT))
        over = (
            time.monotonic()
            + self.characteristics.crash_detection
            + self.conf.servicegroup.report_interval
        )
        while time.monotonic() < over:
            self.assertTrue(
                self.api.list(self.context)[1][self.living.uuid].up
            )
            time.sleep(0.05)
