# SPDX-License-Identifier: Apache-2.0

"""A process with a mirror, and another one that changes what it mirrors."""

import contextlib

from nova_sg import exception
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class MirrorTestCase(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.other = self.process()

    def register_many(self, count):
        return [
            self.register(self.other, f'host{number}')
            for number in range(count)
        ]

    def states(self, api):
        """Return host, disabled and up of all services, by host."""
        services, verdicts = api.list(self.context)
        return sorted(
            (each.host, each.disabled, verdicts[each.uuid].up)
            for each in services
        )

    def assert_agree(self, api):
        """Wait until a process shows what one that asks shows."""

        def agrees():
            # The process may not be connected again yet. States change with
            # time alone, so each time another process, which has no mirror
            # yet, asks the backend.
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                return self.states(api) == self.states(self.process())
            return False

        self.eventually(agrees, 'the mirror shows what one that asks shows')

    def costs_nothing(self, api):
        """Return whether a list comes from memory."""
        with zookeeper_deployments.count_round_trips() as count:
            self.states(api)
            return count() == 0
