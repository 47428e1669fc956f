# SPDX-License-Identifier: Apache-2.0

"""A clock, a lease and a logger for tests of what needs no backend."""

from collections.abc import Callable
import time
from types import ModuleType

import fixtures
from oslotest import base

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import last_known
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import outages
from nova_sg.servicegroup import pace

#: Seconds that a laden machine gets.
PATIENCE = 30.0

#: Those of nova's defaults.
BOUNDS = doubt.bounds_of(interval=10, down_time=60)


class Clock(fixtures.Fixture):
    """Stands for the module ``time`` in some modules, and stands still.

    :ivar now: what it shows; a test may add to it
    """

    def __init__(self, *modules: ModuleType) -> None:
        super().__init__()
        self.now = 1000.0
        self._modules = modules

    def _setUp(self) -> None:
        for each in self._modules:
            self.useFixture(
                fixtures.MonkeyPatch(f'{each.__name__}.time', self)
            )

    def monotonic(self) -> float:
        return self.now


class Lease(lease.Lease):
    """A lease with a backend that grants everything."""

    name = 'fake://'

    def connect(self, unless: Callable[[], bool] | None = None) -> None:
        self._note_connected(1)

    def watch(self) -> None:
        self.connect()

    def keep(self) -> None:
        self._note_heard(time.monotonic())

    def vouch(self) -> None:
        self._note_vouched(time.monotonic())


class WaitingTestCase(base.BaseTestCase):
    def eventually(self, condition: Callable[[], object]) -> None:
        """Wait until something is so, however laden the machine is."""
        until = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), until, 'it never happened')
            time.sleep(0.005)


class KnowledgeTestCase(base.BaseTestCase):
    """Services are named by a letter here."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = self.useFixture(
            Clock(knowledge, last_known, outages, pace)
        )
        self.log = self.useFixture(fixtures.FakeLogger(outages.__name__))
        self.knowledge = knowledge.Knowledge(BOUNDS)

    def learn(self, **verdicts):
        """Learn which services are up, and which are not."""
        self.knowledge.learn(
            {
                uuid: liveness.Liveness(up, None, self.clock.now)
                for uuid, up in verdicts.items()
            }
        )

    def lose(self):
        """Note that the backend did not answer."""
        self.knowledge.failed(Exception('No answer.'))

    def last(self, *uuids):
        """Return which services were up when they were last known."""
        return {
            uuid: known.up
            for uuid, known in self.knowledge.last(uuids).items()
        }
