# SPDX-License-Identifier: Apache-2.0

"""Promises of a backend that has lost one of its servers."""

from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

#: So many that each server has some of them.
SERVICES = 12


class OneAwayTests(base.ConformanceTest):
    """One of several servers is unreachable: some are unknown, not all."""

    def setUp(self) -> None:
        super().setUp()
        self.services = [self.register(f'host{n}') for n in range(SERVICES)]
        beating = self.worker()
        for each in self.services:
            beating.call(actions.join_and_beat, each)
        gone = self.register('gone')
        self.gone = gone.uuid
        self.membership.join(self.context, gone).leave(self.context)
        self.api.list(self.context)

    def check(self, reader: sg_api.API) -> None:
        """Check that all are listed, and no living service is down."""
        records, alive = self.recovered(reader.list, self.context)
        self.assertEqual(SERVICES + 1, len(records))
        certain = 0
        for each in self.services:
            verdict = alive[each.uuid]
            certain += verdict.unknown is None
            self.assertTrue(verdict.up or verdict.unknown, each.host)
        self.assertGreater(certain, 0, 'nothing is known of any service')
        verdict = alive[self.gone]
        self.assertFalse(verdict.up and not verdict.unknown)

    def test_a_new_process_lists_all_services(self) -> None:
        self.deployment.kill_one()
        self.check(self.new_api())

    def test_a_process_that_goes_on_lists_all_services(self) -> None:
        self.deployment.kill_one()
        self.check(self.api)

    def test_all_is_known_again_when_it_is_back(self) -> None:
        self.deployment.kill_one()
        reader = self.new_api()
        self.check(reader)
        self.deployment.restart()

        def is_known() -> bool:
            _, alive = self.recovered(reader.list, self.context)
            return all(
                alive[each.uuid].up and not alive[each.uuid].unknown
                for each in self.services
            )

        self.eventually(
            is_known,
            'every service is known to be up',
            within=2 * self.conf.servicegroup.report_interval,
        )
