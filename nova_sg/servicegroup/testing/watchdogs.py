# SPDX-License-Identifier: Apache-2.0

"""The watchdogs of a test, which end with it."""

from collections.abc import Iterable
from collections.abc import Set
import threading
from typing import Any

import fixtures

from nova_sg.servicegroup.membership import watchdog

#: Seconds for a note that a backend does not answer.
PATIENCE = 10.0


class Watchdogs(fixtures.Fixture):
    """Has what looks at the loops of a test end with the test.

    Its services have no loops. A minute later it would say in the middle of
    another test that they hang, and note that in a backend.
    """

    def _setUp(self) -> None:
        # Those of others may look on for a minute.
        others = set(threading.enumerate())
        watching: set[watchdog.Watchdog[Any]] = set()
        joined = watchdog.Watchdog.joined

        def remember(
            self: watchdog.Watchdog[Any], services: Iterable[Any]
        ) -> None:
            watching.add(self)
            joined(self, services)

        self.useFixture(
            fixtures.MockPatchObject(watchdog.Watchdog, 'joined', remember)
        )
        self.addCleanup(self._stop, watching, others)

    @staticmethod
    def _stop(
        watching: Iterable[watchdog.Watchdog[Any]],
        others: Set[threading.Thread],
    ) -> None:
        for each in watching:
            each.stop()
        for thread in set(threading.enumerate()) - others:
            # What it is about to note is no request of another test.
            if thread.name == watchdog.THREAD:
                thread.join(PATIENCE)
