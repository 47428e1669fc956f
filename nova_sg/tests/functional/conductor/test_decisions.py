# SPDX-License-Identifier: Apache-2.0

"""Decisions of several operators at once, while services beat."""

from concurrent import futures
import functools

from nova_sg import objects
from nova_sg.tests.fixtures import children
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.functional.conductor import base

CLIENTS = 4
SERVICES = 40
#: Changes in a round.
CHANGES = 400
#: Ten thousand changes in a long run, which take a minute or two.
ROUNDS = long.times(1, 25)


class DecisionsTestCase(base.ConductorTestCase):
    database = schemas.PostgresqlSchema

    def decide(self, hosts, round_):
        """Disable and enable services in threads, in turn, over RPC.

        :returns: by host, what was last acknowledged
        """
        each = CHANGES // SERVICES

        def decide(host):
            service = objects.ServiceGroupService.get_by_compute_host(
                self.context, host
            )
            for number in range(each):
                service.disabled = number % 2 == 0
                service.disabled_reason = f'{round_}-{number}'
                service.save()
            return [service.disabled, service.disabled_reason]

        with self.remotely(), futures.ThreadPoolExecutor(len(hosts)) as pool:
            return dict(zip(hosts, pool.map(decide, hosts), strict=True))

    def test_every_change_that_was_acknowledged_is_there(self):
        self.start_conductor()
        agent = self.start_agent('--host', 'sim', '--count', str(SERVICES))
        hosts = [f'sim-{number:04d}' for number in range(SERVICES)]
        before = self.stored(hosts[0]).report_count
        for round_ in range(ROUNDS):
            acknowledged = {}
            for told in children.at_once(
                [
                    functools.partial(
                        self.decide, hosts[number::CLIENTS], round_
                    )
                    for number in range(CLIENTS)
                ]
            ):
                acknowledged.update(told)
            services = objects.ServiceGroupServiceList.get_all(self.context)
            self.assertEqual(
                acknowledged,
                {
                    service.host: [service.disabled, service.disabled_reason]
                    for service in services
                },
            )
            self.assertEqual({True}, {service.is_up for service in services})
        self.wait_for_beats(host=hosts[0])
        self.assertGreater(self.stored(hosts[0]).report_count, before)
        self.assertIsNone(agent.exit_code, agent.log)
