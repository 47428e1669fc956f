# SPDX-License-Identifier: Apache-2.0

"""What a list costs: the same for ten and for a thousand."""

import dataclasses
from typing import Any
import uuid

from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import base
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

#: Statements that a list may cost.
LIMIT = 6


#: Path, version, and the key of what it lists.
LISTS = [
    *(
        (path, version, 'services')
        for path in ('os-services', 'os-services?binary=nova-compute')
        for version in ('2.1', '2.104')
    ),
    *(
        (path, version, 'hypervisors')
        for path in ('os-hypervisors', 'os-hypervisors/detail')
        for version in ('2.1', '2.33', '2.53', '2.87', '2.88', '2.104')
    ),
    *(
        (f'os-hypervisors{query}', '2.104', 'hypervisors')
        for query in (
            '?with_servers=true',
            '/detail?with_servers=true',
            '/detail?hypervisor_hostname_pattern=example',
        )
    ),
    # However many there are, one is of this host.
    ('os-services?host=h1', '2.1', None),
    ('os-services?host=h1', '2.104', None),
    ('os-hypervisors/h/search', '2.1', 'hypervisors'),
    ('os-hypervisors/h/servers', '2.1', 'hypervisors'),
    ('os-hosts', '2.1', 'hosts'),
    ('os-availability-zone', '2.1', None),
    ('os-availability-zone/detail', '2.1', None),
    ('os-hypervisors/statistics', '2.1', None),
    ('os-aggregates', '2.1', None),
]


class TestCosts(base.RestTestCase):
    fixture = rest.Rest
    options = {'api': {'max_limit': 5000}}

    def populate(self, numbers: range) -> None:
        """Write hosts past the API: services, nodes and instances."""
        hosts = [f'h{number}' for number in numbers]
        rows.insert_computes(self.cloud.conf, hosts)
        inventory = self.cloud.api.inventory
        inventory.report(
            dataclasses.replace(
                rows.NODE, host=host, hypervisor_hostname=f'{host}.example'
            )
            for host in hosts
        )
        for host in hosts[:9]:
            self.cloud.instance(str(uuid.uuid4()), host)
            inventory.set_zone(host, 'az1')

    def costs(self, number: int) -> dict[tuple[str, str], list[str]]:
        """Return the statements of each list.

        :param number: how many things a list must hold
        """
        costs = {}
        for path, version, key in LISTS:
            with statements.StatementCounter() as counted:
                response = self.ask('GET', f'/v2.1/{path}', version=version)
            self.assertEqual(200, response.status_int, response.text[:300])
            if key is not None:
                self.assertEqual(number, len(response.json[key]), path)
            costs[path, version] = counted.statements
        return costs

    def test_a_list_costs_the_same_for_ten_and_for_a_thousand(self):
        self.populate(range(10))
        # What a process asks once.
        self.costs(10)
        ten = self.costs(10)
        for asked, cost in ten.items():
            self.assertGreater(len(cost), 0, asked)
            self.assertLessEqual(len(cost), LIMIT, (asked, cost))
        self.populate(range(10, 1000))
        self.assertEqual(
            {asked: len(cost) for asked, cost in ten.items()},
            {asked: len(cost) for asked, cost in self.costs(1000).items()},
        )


class _MembersElsewhereTests:
    """GET /os-services where members are not in SQL.

    :cvar count: counts the requests to where they are
    :cvar cost: so many requests and statements
    """

    count: Any
    cost: tuple[int, int]
    fixture = rest.Rest

    def populate(self, numbers: range) -> None:
        for number in numbers:
            self.cloud.service(f'h{number}')

    def costs(self, number: int) -> tuple[int, int]:
        """Return what a list of so many services costs."""
        # Takes what this process has written, and asks what it asks once.
        self.ask('GET', '/v2.1/os-services')
        with (
            self.count() as requests,
            statements.StatementCounter() as counted,
        ):
            response = self.ask('GET', '/v2.1/os-services')
        states = [each['state'] for each in response.json['services']]
        self.assertEqual(['up'] * number, states)
        return requests(), len(counted)

    def test_a_list_costs_the_same_for_ten_and_for_a_hundred(self):
        self.populate(range(10))
        self.assertEqual(self.cost, self.costs(10))
        self.populate(range(10, 100))
        self.assertEqual(self.cost, self.costs(100))


class TestZooKeeper(_MembersElsewhereTests, base.RestTestCase):
    backend = staticmethod(backends.zookeeper)
    count = staticmethod(zookeeper_deployments.count_round_trips)
    # All is in the mirror but the zones.
    cost = (0, 1)


class TestMemcached(_MembersElsewhereTests, base.RestTestCase):
    backend = staticmethod(backends.memcached)
    count = staticmethod(memcached_deployments.count_requests)
    # The members; the records, and the zones.
    cost = (1, 2)
