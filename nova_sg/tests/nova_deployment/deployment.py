# SPDX-License-Identifier: Apache-2.0

"""The deployment: its databases, processes, and what they say."""

from collections.abc import Sequence
import dataclasses
import json
import pathlib
import re
from typing import Any
import urllib.error
import urllib.request

import fixtures

from nova_sg.tests.fixtures.servers import mariadb
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import servers
from nova_sg.tests.nova_deployment import ways

#: Seconds between two beats.
REPORT_INTERVAL = 1

#: Seconds without a beat until a service is down.
SERVICE_DOWN_TIME = 6


@dataclasses.dataclass(frozen=True)
class State:
    """What the compute API says of a service."""

    status: str
    state: str


class Deployment(fixtures.Fixture):
    """A nova without any process yet, but with databases and placement.

    :param driver: ``[servicegroup] driver`` of all processes that have
        nova_sg
    :param report_interval: seconds between two beats
    :param service_down_time: seconds without a beat until a service is down
    :param prefix: the environment of the nova that makes the databases; None
        for ours
    :param beats: ``[servicegroup] beats``; None for its default
    :ivar directory: all it keeps
    :ivar database: the server of all databases
    :ivar messaging: the broker
    """

    directory: pathlib.Path
    database: mariadb.MariadbServer
    messaging: rabbitmq.RabbitmqServer

    def __init__(
        self,
        driver: str,
        report_interval: int = REPORT_INTERVAL,
        service_down_time: int = SERVICE_DOWN_TIME,
        prefix: str | None = None,
        beats: str | None = None,
    ) -> None:
        super().__init__()
        self._servers = servers.Servers(driver)
        self._stock = ways.Way(on=False, prefix=prefix)
        self._options: dict[str, dict[str, object]] = {
            'DEFAULT': {
                'report_interval': report_interval,
                'service_down_time': service_down_time,
            },
        }
        self.use(driver)
        if beats is not None:
            self._options['servicegroup']['beats'] = beats
        self._cell = ''

    def _setUp(self) -> None:
        made = self.useFixture(self._servers)
        self.directory = made.directory
        self.database = made.database
        self.messaging = made.messaging
        self._addresses = made.addresses
        self._options.update(made.backend)
        self._make_databases()

    def use(self, driver: str) -> None:
        """Give what starts from now on another ``[servicegroup] driver``.

        :param driver: ``db``, or the one that this was made with
        """
        mine: dict[str, object] = {'driver': driver}
        if driver == 'mc':
            mine['records'] = 'memcached'
        self._options['servicegroup'] = mine

    def prepare(self, way: ways.Way) -> str:
        """Make the tables of nova_sg in the database of the cell."""
        return self._sg_manage(way, 'db', 'sync')

    def _make_databases(self) -> None:
        stock = self._stock
        self.manage(stock, 'api_db', 'sync')
        cell0 = self._addresses.database.format(name='nova_cell0')
        self.manage(
            stock, 'cell_v2', 'map_cell0', '--database_connection', cell0
        )
        self.manage(stock, 'db', 'sync')
        created = self.manage(
            stock, 'cell_v2', 'create_cell', '--name', 'cell1', '--verbose'
        )
        found = re.search(
            r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', created
        )
        if found is None:
            raise processes.Failed(f'no cell was created: {created}')
        self._cell = found.group()

    def start(
        self, way: ways.Way, name: str, host: str, **variables: str
    ) -> processes.Process:
        """Start a service of nova.

        :param name: its command, nova-compute for instance
        :param variables: more of its environment
        """
        file = self._write_nova(way, f'{name}-{host}', host)
        process = processes.Process(
            f'{name}-{host}',
            way.command(name, '--config-file', str(file)),
            file.parent,
            {'PYTHONPATH': str(configuration.VIRT), **variables},
        )
        self.addCleanup(process.kill)
        return process

    def start_api(
        self, way: ways.Way, host: str = 'controller', **variables: str
    ) -> processes.Process:
        """Start the compute API, and return its process when it answers.

        :param variables: more of its environment
        """
        directory = self._write_nova(way, f'nova-api-{host}', host).parent
        configuration.write_api(
            directory,
            self._addresses.api,
            way.application,
            way.api_on_threads,
        )
        process = processes.Process(
            f'nova-api-{host}',
            [processes.program('gunicorn', way.prefix)],
            directory,
            {'OS_NOVA_CONFIG_DIR': str(directory), **variables},
        )
        self.addCleanup(process.kill)
        processes.wait_until(
            'the compute API answers',
            lambda: servers.answers(self._addresses.api_url),
            [process],
        )
        return process

    def _write_nova(self, way: ways.Way, name: str, host: str) -> pathlib.Path:
        options = {group: dict(some) for group, some in self._options.items()}
        if not way.on:
            # What stock nova would not understand is not there.
            options = {'DEFAULT': options['DEFAULT']}
        elif self._cell:
            options['servicegroup']['cell'] = self._cell
        if way.on and way.by == 'conf':
            options['oslo_messaging_notifications'] = {'driver': 'nova_sg'}
        return configuration.write_nova(
            self.directory / name,
            self._addresses,
            host,
            options,
            database=not name.startswith('nova-compute'),
        )

    def manage(self, way: ways.Way, *arguments: str) -> str:
        """Run nova-manage, and return what it printed.

        :raises processes.Failed: it failed
        """
        file = self._write_nova(way, 'nova-manage', 'controller')
        return processes.run(
            way.command('nova-manage', '--config-file', str(file), *arguments)
        )

    def _sg_manage(self, way: ways.Way, *arguments: str) -> str:
        file = self._write_nova(way, 'nova-sg-manage', 'controller')
        program = processes.program('nova-sg-manage', way.prefix)
        return processes.run([program, '--config-file', str(file), *arguments])

    def openstack(self, *arguments: str) -> str:
        """Run the openstack client, and return what it printed."""
        return processes.run(
            [processes.program('openstack'), *arguments],
            {
                'HOME': str(self.directory),
                'OS_AUTH_TYPE': 'none',
                'OS_ENDPOINT': f'{self._addresses.api_url}/v2.1',
            },
        )

    def records(self, way: ways.Way) -> list[dict[str, Any]]:
        """Return what nova_sg knows of the services, without nova's API."""
        listed: list[dict[str, Any]] = json.loads(
            self._sg_manage(way, 'service', 'list', '--long', '-f', 'json')
        )
        return listed

    def services(self) -> dict[tuple[str, str], State]:
        """Return what the compute API says, by host and binary."""
        request = urllib.request.Request(
            f'{self._addresses.api_url}/v2.1/os-services',
            headers={'OpenStack-API-Version': 'compute 2.69'},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                listed = json.load(answer)['services']
        except urllib.error.HTTPError as error:
            raise processes.Failed(
                f'GET /os-services: {error}: {error.read().decode()}'
            ) from None
        return {
            (each['host'], each['binary']): State(
                each['status'], each['state']
            )
            for each in listed
        }

    def rows(self) -> dict[str, int]:
        """Return how many rows the ``services`` tables have, by database."""
        counts = {}
        with self._servers.cursor() as cursor:
            for name in ('nova_cell0', 'nova_cell1'):
                cursor.execute(f'SELECT COUNT(*) FROM {name}.services')
                counts[name] = cursor.fetchone()[0]
        return counts

    def registered(self) -> Sequence[tuple[Any, ...]]:
        """Return host, binary and report count of the rows of the cell."""
        with self._servers.cursor() as cursor:
            cursor.execute(
                'SELECT host, `binary`, report_count'
                ' FROM nova_cell1.services WHERE deleted = 0'
                ' ORDER BY host, `binary`'
            )
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows
