# SPDX-License-Identifier: Apache-2.0

"""Conductors and their callers, in processes of their own."""

from collections.abc import Iterator
import contextlib
from typing import Any

import fixtures
from oslotest import base

from nova_sg import objects
from nova_sg.conductor import rpcapi
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.fixtures import services

#: There is nothing at this port, and no route to it is needed.
NO_DATABASE = 'postgresql+psycopg2://nobody@127.0.0.1:1/none'

wait_until = commands.wait_until


class ConductorTestCase(services.MakesServices, base.BaseTestCase):
    """A broker, a database, and this process beside it with an API.

    A test starts conductors; what this process does goes past them, to see
    what came of it, but for what is done ``remotely()``.
    """

    database: Any = schemas.SqliteSchema
    report_interval = 1
    service_down_time = 10
    #: Further options of all processes, as in the environment.
    options: dict[str, str] = {}

    def setUp(self) -> None:
        super().setUp()
        self.rabbitmq = self.make_broker()
        self.url = self.make_database().url
        self.process = self.make_process(
            DEFAULT={'transport_url': self.rabbitmq.url},
            servicegroup={
                'report_interval': self.report_interval,
                'service_down_time': self.service_down_time,
            },
        )
        self.api = self.process.api
        self.conf = self.process.conf
        self.context = self.process.context

    def make_broker(self) -> Any:
        return conductor.RABBITMQ.running()

    def make_database(self) -> Any:
        return self.useFixture(self.database())

    def make_process(self, **groups: dict[str, Any]) -> api.Api:
        """Set this process up.

        :param groups: options by group
        """
        return self.useFixture(api.Api(self.url, **groups))

    def environment(self, **options: str) -> dict[str, str]:
        """Return the environment of a command beside the database."""
        return commands.environment(
            OS_DATABASE__CONNECTION=self.url,
            OS_DEFAULT__TRANSPORT_URL=self.rabbitmq.url,
            OS_SERVICEGROUP__REPORT_INTERVAL=str(self.report_interval),
            OS_SERVICEGROUP__SERVICE_DOWN_TIME=str(self.service_down_time),
            **self.options,
            **options,
        )

    def remote_environment(self, **options: str) -> dict[str, str]:
        """Return the environment of a command without a database."""
        return {
            **self.environment(**options),
            'OS_DATABASE__CONNECTION': NO_DATABASE,
            'OS_SERVICEGROUP__USE_CONDUCTOR': 'true',
        }

    def start_conductor(self, **options: str) -> conductor.Conductor:
        """Start a conductor, and wait until it serves."""
        started = self.useFixture(
            conductor.Conductor(self.environment(**options))
        )
        started.wait_until_serving()
        return started

    def start_agent(self, *arguments: str) -> commands.Agent:
        """Start an agent without a database, and wait until it is up."""
        agent = self.useFixture(
            commands.Agent(
                '--remote', *arguments, environment=self.remote_environment()
            )
        )
        agent.wait_until_up()
        return agent

    def client(self, server: str | None = None) -> rpcapi.ConductorAPI:
        """Return a client of the conductors."""
        client = rpcapi.ConductorAPI(self.conf, server)
        self.addCleanup(client.close)
        return client

    @contextlib.contextmanager
    def remotely(self) -> Iterator[rpcapi.ConductorAPI]:
        """Have the objects of this process call a conductor."""
        client = self.client()
        with fixtures.MonkeyPatch(
            'nova_sg.objects.base.Object.indirection_api', client
        ):
            yield client

    def stored(self, host: str = 'c1') -> objects.ServiceGroupService:
        """Return a compute service as the database has it now."""
        return objects.ServiceGroupService.get_by_compute_host(
            self.context, host
        )

    def is_up(self, host: str = 'c1') -> bool:
        return self.api.service_is_up(self.stored(host))

    def wait_for_beats(self, number: int = 2, host: str = 'c1') -> None:
        """Return when a service has beaten some more times."""
        enough = self.stored(host).report_count + number
        wait_until(
            lambda: self.stored(host).report_count >= enough,
            f'{number} more beats of {host}',
        )
