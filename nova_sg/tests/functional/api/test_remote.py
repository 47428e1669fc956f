# SPDX-License-Identifier: Apache-2.0


"""The REST service of a host without a database, beside a conductor."""

import collections
from collections.abc import Iterator
import contextlib
from typing import Any

import fixtures

from nova_sg.conductor import sender
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import base
from nova_sg.tests.functional.api import test_clients
from nova_sg.tests.functional.conductor import base as conductor_base

#: Calls to the conductor that a list costs, by its path and version.
COSTS = {
    ('os-services', '2.1'): 1,
    ('os-services?binary=nova-compute', '2.104'): 1,
    ('os-services?host=h1', '2.104'): 1,
    ('os-hosts', '2.1'): 1,
    ('os-availability-zone', '2.1'): 1,
    ('os-availability-zone/detail', '2.104'): 1,
    ('os-hypervisors', '2.1'): 2,
    ('os-hypervisors/detail', '2.104'): 2,
    ('os-hypervisors/detail?with_servers=true', '2.104'): 3,
    ('os-hypervisors/statistics', '2.1'): 2,
    ('os-aggregates', '2.1'): 1,
}


class TestClient(test_clients.TestSdk):
    """nova-sg-api, whose database nobody can reach, and openstacksdk."""

    def make_cloud(self) -> rest.Cloud:
        return rest.Cloud(backends.Remote())

    def served_with(self) -> dict[str, dict[str, Any]]:
        return {
            'DEFAULT': {
                'transport_url': self.cloud.conf.transport_url,
                'rpc_response_timeout': 5,
            },
            'database': {'connection': conductor_base.NO_DATABASE},
            'servicegroup': {'use_conductor': True},
        }

    def test_without_the_conductor_it_says_so_until_it_is_back(self):
        admin, _known = self.served.identity.issue('admin')

        def status(path: str) -> int:
            return self.served.get(path, admin)

        self.assertEqual(200, status('/healthcheck/backend'))
        self.cloud.deployment.kill()
        self.assertEqual(200, status('/healthcheck'))
        for path in ('/v2.1/os-services', '/healthcheck/backend'):
            self.served.wait_for(lambda path=path: status(path) == 503)
        self.cloud.deployment.start()
        self.served.wait_for(lambda: status('/v2.1/os-services') == 200)


class TestCosts(base.RestTestCase):
    backend = backends.Remote
    fixture = rest.Rest

    def populate(self, numbers: range) -> None:
        hosts = [f'h{number}' for number in numbers]
        for host in hosts:
            self.cloud.service(host)
            self.cloud.node(host)
        self.cloud.api.inventory.set_zone(hosts[0], 'az1')

    @contextlib.contextmanager
    def counted(self) -> Iterator[collections.Counter[str]]:
        """Count the calls to the conductor, by what is called."""
        calls: collections.Counter[str] = collections.Counter()
        send = sender.Sender._send

        def counting(mine: Any, client: Any, context: Any, *sent: Any) -> Any:
            method, _since, arguments = sent
            names = (arguments.get('objmethod'), arguments.get('name'), method)
            calls[next(filter(None, names))] += 1
            return send(mine, client, context, *sent)

        with fixtures.MonkeyPatch(
            'nova_sg.conductor.sender.Sender._send', counting
        ):
            yield calls

    def assert_costs(self, number: int) -> None:
        for (path, version), cost in COSTS.items():
            with self.counted() as calls, statements.StatementCounter() as own:
                response = self.ask('GET', f'/v2.1/{path}', version=version)
            self.assertEqual(200, response.status_int, response.text[:300])
            self.assertEqual(cost, calls.total(), (path, calls))
            self.assertEqual(0, len(own), own)
            if path in ('os-services', 'os-hypervisors/detail'):
                (listed,) = response.json.values()
                self.assertEqual(number, len(listed), path)

    def test_a_list_costs_the_same_calls_for_ten_and_for_a_hundred(self):
        self.populate(range(10))
        self.assert_costs(10)
        self.populate(range(10, 100))
        self.assert_costs(100)


class TestTrouble(base.RestTestCase):
    @staticmethod
    def backend() -> backends.Remote:
        return backends.Remote(rpc_response_timeout=2)

    def test_a_conductor_that_is_gone_is_named_in_the_log_alone(self):
        log = self.useFixture(fixtures.FakeLogger())
        names = self.cloud.names
        self.cloud.deployment.kill()
        for method, path, version, body in (
            ('GET', 'os-services', '2.1', None),
            (
                'PUT',
                f'os-services/{names["C1_UUID"]}',
                '2.53',
                {'status': 'disabled'},
            ),
            ('DELETE', f'os-services/{names["C1_UUID"]}', '2.53', None),
            ('GET', 'os-hypervisors/detail', '2.104', None),
            ('GET', 'os-availability-zone/detail', '2.104', None),
            ('GET', 'os-hosts/c1', '2.1', None),
        ):
            response = self.ask(
                method, f'/v2.1/{path}', version=version, body=body
            )
            self.assertEqual(503, response.status_int, response.text)
            self.assertEqual('10', response.headers['Retry-After'])
            self.assertIn('The backend of the services', response.text)
            self.assertNotIn('rabbit', response.text)
            self.assertIn('nova-sg-conductor over rabbit', log.output)
            self.assertNotIn('guest', log.output)
        self.cloud.deployment.start()
        # What was not answered was not done either: it is dropped in time.
        commands.wait_until(
            lambda: self.ask('GET', '/v2.1/os-services').status_int == 200,
            'the conductor serves again',
        )
        response = self.ask('GET', '/v2.1/os-services?host=c1')
        (c1,) = response.json['services']
        self.assertEqual('enabled', c1['status'])
