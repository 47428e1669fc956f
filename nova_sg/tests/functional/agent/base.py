# SPDX-License-Identifier: Apache-2.0

"""Real agents, each a process of its own, seen from another process."""

from typing import Any

from oslotest import base

from nova_sg import objects
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import schemas

REPORT_INTERVAL = 1
SERVICE_DOWN_TIME = 4

Agent = commands.Agent
wait_until = commands.wait_until


class AgentTestCase(base.BaseTestCase):
    """Agents, and the servicegroup API of this process beside them."""

    database: Any = schemas.SqliteSchema
    service_down_time = SERVICE_DOWN_TIME

    def setUp(self) -> None:
        super().setUp()
        self.url = self.make_database().url
        process = self.useFixture(
            api.Api(
                self.url,
                servicegroup={
                    'report_interval': REPORT_INTERVAL,
                    'service_down_time': self.service_down_time,
                },
            )
        )
        self.api = process.api
        self.context = process.context

    def make_database(self) -> Any:
        return self.useFixture(self.database())

    def environment(self, seconds_ahead: float = 0) -> dict[str, str]:
        """Return the environment of a command of this deployment.

        :param seconds_ahead: how wrong its clock is
        """
        environment = commands.environment(
            OS_DATABASE__CONNECTION=self.url,
            OS_SERVICEGROUP__REPORT_INTERVAL=str(REPORT_INTERVAL),
            OS_SERVICEGROUP__SERVICE_DOWN_TIME=str(self.service_down_time),
        )
        if seconds_ahead:
            return clock.shifted_environment(seconds_ahead, environment)
        return environment

    def begin(self, *arguments: str, seconds_ahead: float = 0) -> Agent:
        """Start an agent, whatever becomes of it.

        :param seconds_ahead: how wrong its clock is
        """
        agent = self.useFixture(
            Agent(*arguments, environment=self.environment(seconds_ahead))
        )
        self.addCleanup(lambda: self.assertNotIn('Traceback', agent.log))
        return agent

    def start(self, *arguments: str, seconds_ahead: float = 0) -> Agent:
        """Start an agent and wait until it is up."""
        agent = self.begin(*arguments, seconds_ahead=seconds_ahead)
        agent.wait_until_up()
        return agent

    def service(
        self, host: str = 'c1', binary: str = 'nova-compute'
    ) -> objects.ServiceGroupService:
        """Return a service as the backend has it now."""
        return objects.ServiceGroupService.get_by_args(
            self.context, host, binary
        )

    def states(self) -> dict[str, bool]:
        """Return which services are up, by host."""
        services = objects.ServiceGroupServiceList.get_all(self.context)
        return {service.host: service.is_up for service in services}

    def is_up(self, host: str = 'c1') -> bool:
        return self.states()[host]

    def wait_for_beats(self, number: int = 2, host: str = 'c1') -> None:
        """Return when a service has beaten some more times."""
        enough = self.service(host).report_count + number
        wait_until(
            lambda: self.service(host).report_count >= enough,
            f'{number} more beats of {host}',
        )
