# SPDX-License-Identifier: Apache-2.0

"""Decisions through two conductors, which are killed in turn."""

from collections.abc import Callable
from collections.abc import Sequence
import itertools
from typing import Any

from nova_sg import conductor as sg_conductor
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import history
from nova_sg.servicegroup.testing import link
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.conductor import base
from nova_sg.tests.functional.servicegroup import deployments

#: Seconds a caller waits for an answer.
TIMEOUT = 2


class TwoConductorsDeployment(deployments.PostgresqlDeployment):
    """Processes whose changes are made by conductors, over RabbitMQ.

    The test itself goes past them, and its faults are on the way to the
    broker.
    """

    process_api = staticmethod(sg_conductor.setup)

    def make(self) -> deployment.Options:
        options = super().make()
        self._broker = conductor.RABBITMQ.running()
        environment = commands.environment(
            OS_DATABASE__CONNECTION=self.database.url,
            OS_DEFAULT__TRANSPORT_URL=self._broker.url,
        )
        self._conductors = [
            self.useFixture(conductor.Conductor(environment)) for _ in range(2)
        ]
        for each in self._conductors:
            each.wait_until_serving()
        self._turns = itertools.cycle(self._conductors)
        return options

    def proxied(self) -> link.Link:
        way = self.useFixture(proxy.TcpProxy(self._broker.port))
        through = self._broker.url.replace(self._broker.hosts, way.hosts)
        return link.Link(
            [way],
            {
                'DEFAULT': {
                    'transport_url': through,
                    'rpc_response_timeout': TIMEOUT,
                },
                'database': {'connection': base.NO_DATABASE},
                'servicegroup': {'use_conductor': True},
            },
        )

    def disturbances(self) -> Sequence[Callable[[], Any]]:
        return [self._kill_the_next] * 3

    def _kill_the_next(self) -> None:
        # The other one serves until it is back.
        doomed = next(self._turns)
        doomed.kill()
        doomed.start()


class TestHistory(history.HistoryTests):
    deployment_class = TwoConductorsDeployment
