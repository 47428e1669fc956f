# SPDX-License-Identifier: Apache-2.0

"""Agents end in every way, and two readers tell why: one that watched them,
and a command that has just begun.
"""

from collections.abc import Mapping
import datetime
import json
import signal
from typing import Any

from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.testing import base
from nova_sg.tests.fixtures import agents
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import deployments
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

#: What can be told of each way in which some end. A killed, a suspended and a
#: cut off agent look the same from elsewhere.
ENDS = {
    'stopped': reasons.STOPPED,
    'killed': reasons.SILENT,
    'suspended': reasons.SILENT,
    'cut-off': reasons.SILENT,
    'hung': reasons.WEDGED,
    'forced': reasons.FORCED,
}

#: How many end in each way.
AGENTS = long.times(2, 4)


class _EndingAgents:
    timeout = 240
    options = {'servicegroup': {'service_down_time': 5}}  # noqa: RUF012

    def setUp(self):
        super().setUp()
        self.began = _now()
        self.link = self.deployment.proxied()
        linked = self.deployment.write('linked.conf', self.link.options)
        self.hosts = {
            end: [f'{end}-{n}' for n in range(AGENTS)] for end in ENDS
        }
        self.expected = {
            host: ENDS[end]
            for end, hosts in self.hosts.items()
            for host in hosts
        }
        self.agents = {
            host: self.useFixture(
                agents.Agent(host, linked, self.link.prepare)
                if host in self.hosts['cut-off']
                else agents.Agent(host, self.deployment.config_file)
            )
            for host in self.expected
        }
        for each in self.agents.values():
            each.wait_until_up()

    def end_all(self) -> None:
        for end, number in (
            ('stopped', signal.SIGTERM),
            ('killed', signal.SIGKILL),
            ('suspended', signal.SIGSTOP),
            ('hung', agents.HANG),
        ):
            for host in self.hosts[end]:
                self.agents[host].send(number)
        self.link.cut()
        for service in self.records.list(self.context):
            if service.host in self.hosts['forced']:
                forced = {'forced_down': True}
                self.api.update(self.context, service.uuid, forced)
        for host in self.hosts['stopped']:
            self.assertEqual(0, self.agents[host].wait())

    def watched(self) -> Mapping[str, reasons.Departure]:
        """Return what this process tells, by host."""
        services, known = self.api.list(self.context)
        found = self.api.departures(self.context, services, known)
        return {each.host: found[each.uuid] for each in services}

    def listed(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what a command tells that has just begun, by host."""
        result = commands.run(
            'nova_sg.cmd.manage',
            *('--config-file', self.deployment.config_file),
            *('service', 'list', '--long', '-f', 'json'),
            environment=commands.environment(),
        )
        rows = json.loads(result.stdout)
        return {each['Host']: each for each in rows}

    def of_watcher(self) -> Mapping[str, str]:
        return {host: each.reason for host, each in self.watched().items()}

    def of_command(self) -> Mapping[str, str]:
        return {host: row['Reason'] for host, row in self.listed().items()}

    def tells(self, told: Any, expected: Mapping[str, str]) -> bool:
        self.told = told()
        return {host: self.told.get(host) for host in expected} == expected

    def eventually_told(self, told: Any, expected: Mapping[str, str]) -> None:
        within = max(
            self.characteristics.crash_detection,
            self.conf.servicegroup.service_down_time,
        )
        within += self.characteristics.doubt
        if not self.within(
            within + base.PATIENCE, lambda: self.tells(told, expected)
        ):
            self.assertEqual(expected, dict(self.told))

    def test_each_end_of_agents_is_told_apart(self):
        up = dict.fromkeys(self.expected, reasons.UP)
        self.eventually_told(self.of_watcher, up)
        self.assertEqual(up, self.of_command())
        self.end_all()
        self.eventually_told(self.of_watcher, self.expected)
        self.eventually_told(self.of_command, self.expected)
        watched, listed = self.watched(), self.listed()
        for host, reason in self.expected.items():
            self.assertEqual('down', listed[host]['State'], host)
            seen = [watched[host].last_seen, _seen(listed[host])]
            for moment in seen:
                self.assert_meanwhile(moment)
            if reason == reasons.SILENT:
                # The process that watched may have seen it later.
                self.assertLessEqual(*reversed(seen))
        # What lives is back.
        for host in self.hosts['suspended']:
            self.agents[host].send(signal.SIGCONT)
        self.link.heal()
        back = [*self.hosts['suspended'], *self.hosts['cut-off']]
        self.eventually_told(self.of_watcher, dict.fromkeys(back, reasons.UP))

    def assert_meanwhile(self, moment: datetime.datetime | None) -> None:
        """Check that something was while the test ran."""
        assert moment is not None
        # A backend may keep whole seconds.
        early = self.began - datetime.timedelta(seconds=1)
        self.assertTrue(early <= moment <= _now(), moment)


class TestPostgresql(_EndingAgents, base.ConformanceTest):
    deployment_class = deployments.PostgresqlDeployment


class TestZooKeeper(_EndingAgents, base.ConformanceTest):
    deployment_class = zookeeper_deployments.ZooKeeperDeployment


class TestMemcached(_EndingAgents, base.ConformanceTest):
    deployment_class = memcached_deployments.McMemcachedDeployment


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _seen(row: Mapping[str, Any]) -> datetime.datetime | None:
    """Return the time of a last sign of life, as a list shows it."""
    text = row['Last Seen']
    if text is None:
        return None
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
