# SPDX-License-Identifier: Apache-2.0

"""Promises of a process that read a moment ago, and is cut off now."""

from collections.abc import Callable
from collections.abc import Mapping
from concurrent import futures
import time

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import link as link_
from nova_sg.servicegroup.testing import reads

#: Seconds between two looks.
PAUSE = 0.1


class CutOffTests(base.ConformanceTest):
    """What it has read before is told no longer than is declared."""

    def setUp(self) -> None:
        super().setUp()
        self.link = self.deployment.proxied()
        self.service = self.register(version=1)
        self.reader = self.warm(self.link)

    def warm(self, link: link_.Link) -> Mapping[str, Callable[[], int]]:
        """Return the getters of a process that keeps a copy if it can."""
        api = self.api_through(link)
        api.driver.watch(self.context)
        calls = reads.getters(api.driver.records, self.context, self.service)
        for _ in range(3):
            api.list(self.context)
            self.assertEqual(dict.fromkeys(calls, 1), self.answers(calls))
            time.sleep(PAUSE)
        return calls

    def answers(
        self, calls: Mapping[str, Callable[[], int]]
    ) -> dict[str, int | None]:
        """Ask by every getter at once; None is for no backend."""

        def answer(call: Callable[[], int]) -> int | None:
            try:
                return call()
            except exception.ServiceGroupUnavailable:
                return None

        with futures.ThreadPoolExecutor(len(calls)) as pool:
            return dict(
                zip(calls, pool.map(answer, calls.values()), strict=True)
            )

    def changed(self) -> record.Record:
        return self.api.update(self.context, self.service.uuid, {'version': 2})

    def check_cut_off(self) -> None:
        """Check what every getter answers from now on."""
        self.changed()
        acknowledged = time.monotonic()
        declared = self.characteristics
        staleness = 0.0 if declared.linearizable else declared.staleness
        deadline = acknowledged + staleness + base.PATIENCE
        nothing = dict.fromkeys(self.reader)
        while True:
            begun = time.monotonic()
            found = self.answers(self.reader)
            if begun > acknowledged + staleness:
                # Every getter of a store answers alike.
                self.assertEqual(nothing, found)
                return
            self.assertLess(begun, deadline)
            time.sleep(PAUSE)

    def check_healed(self) -> None:
        """Check that what happened meanwhile is read."""
        for name, call in self.reader.items():
            self.assertEqual(2, self.recovered(call), name)

    def test_a_silent_network_is_told(self) -> None:
        self.link.cut()
        self.check_cut_off()
        self.link.heal()
        self.check_healed()

    def test_a_backend_that_refuses_is_told(self) -> None:
        self.link.refuse()
        self.check_cut_off()
        self.link.listen()
        self.check_healed()
