# SPDX-License-Identifier: Apache-2.0

"""Agents end in each way, and two readers tell why: one that watched them,
and a command that has just begun.
"""

import json

from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.testing import reasons as testing
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.servicegroup import deployments
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class _AgentTests:
    timeout = 180

    def begin(self) -> commands.Agent:
        """Start an agent of the service, and see that it is up."""
        agent = self.useFixture(
            commands.Agent(
                *('--config-file', self.deployment.config_file),
                *('--host', self.service.host),
                environment=commands.environment(),
            )
        )
        agent.wait_until_up()
        self.watch_it_up()
        return agent

    def listed(self) -> dict[str, object]:
        """Return the service as ``service list --long`` shows it."""
        result = commands.run(
            'nova_sg.cmd.manage',
            *('--config-file', self.deployment.config_file),
            *('service', 'list', '--long', '-f', 'json'),
            environment=commands.environment(),
        )
        (row,) = json.loads(result.stdout)
        return row

    def assert_told(self, reason: str) -> None:
        self.assert_reason(reason)
        row: dict[str, object] = {}

        def is_told() -> bool:
            row.update(self.listed())
            return row['Reason'] == reason

        self.eventually(
            is_told,
            f'a command says {reason}',
            within=self.characteristics.doubt,
        )
        self.assertEqual('down', row['State'])
        self.assertIsNotNone(row['Last Seen'])

    def test_each_end_of_an_agent_is_told_apart(self):
        agent = self.begin()
        self.assertEqual(reasons.UP, self.listed()['Reason'])
        self.assertEqual(0, agent.stop())
        self.assert_told(reasons.STOPPED)

        self.begin().kill()
        self.assert_told(reasons.SILENT)

        agent = self.begin()
        # All its threads stand still: it cannot tell that it is wedged.
        agent.pause()
        self.assert_told(reasons.SILENT)
        agent.resume()
        self.watch_it_up()

        forced = {'forced_down': True}
        self.api.update(self.context, self.service.uuid, forced)
        self.assert_told(reasons.FORCED)


class TestSql(_AgentTests, testing.ReasonTest):
    deployment_class = deployments.SqliteDeployment


class TestZooKeeper(_AgentTests, testing.ReasonTest):
    deployment_class = zookeeper_deployments.ZooKeeperDeployment


class TestMemcached(_AgentTests, testing.ReasonTest):
    deployment_class = memcached_deployments.McMemcachedDeployment
