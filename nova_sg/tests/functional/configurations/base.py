# SPDX-License-Identifier: Apache-2.0

"""Our processes with a configuration file as deployments have it."""

from collections.abc import Mapping
import configparser
import json
import pathlib
import signal
from typing import Any
import urllib.error
import urllib.request

import fixtures
from oslo_utils import netutils
from oslotest import base
import sqlalchemy as sa

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import base as cmd_base
from nova_sg.tests.functional.configurations import servers

#: By group: the values of options.
Options = Mapping[str, Mapping[str, Any]]

wait_until = commands.wait_until


class ConfigurationTestCase(base.BaseTestCase):
    """A file ``nova.conf``, a broker and a database for our processes.

    Beside what a test takes from a deployment, the processes read a second
    file, with intervals that let a test be short.
    """

    host = 'c1'
    #: Where nova-sg-api listens, and the token that a test has.
    listen = ports.HOST
    token = 'admin'

    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.port = self.useFixture(ports.Port()).number
        self.files = ['nova.conf', 'nova-sg.conf']
        self.write(
            'nova-sg.conf',
            {
                'api': {
                    'listen': self.listen,
                    'port': self.port,
                    'workers': 1,
                },
                'servicegroup': {
                    'report_interval': 2,
                    'service_down_time': 20,
                },
            },
        )

    @property
    def broker(self) -> Any:
        """The broker that all tests of this process share."""
        return servers.BROKER.get()

    def make_mariadb(self) -> str:
        """Return the name of a database in which USER may do everything."""
        made = self.useFixture(
            databases.MariadbDatabase(servers.MARIADB.get())
        )
        self._grant(
            made.url,
            f"CREATE OR REPLACE USER {servers.USER}@'%%' "
            f"IDENTIFIED BY '{servers.PASSWORD.replace('%', '%%')}'",
            f"GRANT ALL ON {made.name}.* TO {servers.USER}@'%%'",
        )
        return made.name

    def make_postgresql(self) -> str:
        """Return the name of a database whose superuser is nova_sg."""
        return self.useFixture(
            databases.PostgresqlDatabase(servers.POSTGRESQL.get())
        ).name

    def _grant(self, url: str, *statements: str) -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def write(self, name: str, options: Options) -> pathlib.Path:
        """Write a configuration file."""
        parser = configparser.RawConfigParser(default_section='')
        parser.read_dict(options)
        path = self.directory / name
        with path.open('w') as file:
            parser.write(file)
        return path

    def arguments(self) -> list[str]:
        return [
            f'--config-file={self.directory / name}' for name in self.files
        ]

    def start(self, program: str, *words: str) -> commands.Command:
        """Start one of our processes that stay."""
        return self.useFixture(
            commands.Command(
                f'nova_sg.cmd.{program}',
                *self.arguments(),
                *words,
                environment=commands.environment(),
            )
        )

    def manage(self, *words: str, remote: bool = False) -> cmd_base.Result:
        """Run nova-sg-manage.

        :param remote: have a conductor do everything
        """
        environment = commands.environment(HOME=str(self.directory))
        if remote:
            environment['OS_SERVICEGROUP__USE_CONDUCTOR'] = 'true'
        done = commands.run(
            'nova_sg.cmd.manage',
            *self.arguments(),
            *words,
            environment=environment,
        )
        return cmd_base.Result(done.returncode, done.stdout, done.stderr)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return what nova-sg-api answers; 0 where it does not."""
        host = netutils.escape_ipv6(self.listen)
        request = urllib.request.Request(
            f'http://{host}:{self.port}{path}',
            headers={'X-Auth-Token': self.token},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b''

    def wait_to_answer(self, path: str, status: int = 200) -> None:
        wait_until(
            lambda: self.get(path)[0] == status, f'{path} answers {status}'
        )

    def assert_ends(self, *processes: commands.Command) -> None:
        """See that processes end well, and have logged no traceback."""
        for process in processes:
            process.send(signal.SIGTERM)
        for process in processes:
            self.assertEqual(0, process.wait(), process.log)
            self.assertNotIn('Traceback', process.log)

    def assert_serves(
        self, options: Options, server: str | None = None
    ) -> None:
        """See that all our processes work with a file of a deployment.

        A decision is made through the conductor, and seen by the REST
        service, which asks the backend itself.

        :param server: a conductor to be called by its name, too
        """
        self.write(
            'nova.conf', {'api': {'auth_strategy': 'noauth2'}, **options}
        )
        synced = self.manage('db', 'sync')
        self.assertEqual((0, ''), (synced.code, synced.err), synced)
        serving = self.start('conductor')
        api = self.start('api')
        agent = self.start('agent', '--remote', '--host', self.host)
        serving.wait_to_say('Serving ')
        agent.wait_to_say(' up, reporting ')
        decided = self.manage(
            *('service', 'disable', self.host, 'nova-compute'), remote=True
        )
        self.assertEqual((0, ''), (decided.code, decided.err), serving.log)
        if server is not None:
            asked = self.manage('conductor', 'check', '--host', server)
            self.assertEqual((0, ''), (asked.code, asked.err), serving.log)
        self.wait_to_answer('/healthcheck')
        status, body = self.get('/v2.1/os-services')
        self.assertEqual(200, status, api.log)
        (service,) = json.loads(body)['services']
        self.assertEqual(
            (self.host, 'disabled', 'up'),
            (service['host'], service['status'], service['state']),
        )
        self.assert_ends(agent, api, serving)
