# SPDX-License-Identifier: Apache-2.0

"""What the tests of the ``zk`` driver have in common."""

from collections.abc import Callable
import contextlib
import itertools
import os
import re
import time
from typing import Any
import uuid

import fixtures
from kazoo import client as kazoo_client
from oslotest import base

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.conf import servicegroup as servicegroup_conf
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.testing import environment
from nova_sg.servicegroup.testing import processes
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

#: Seconds that a laden machine gets on top of what is promised.
PATIENCE = 20.0

CELL = servicegroup_conf.CELL0_UUID

_numbers = itertools.count(1)


class ZooKeeperTestCase(base.BaseTestCase):
    """A chroot of its own on the server of the test process.

    :cvar timings: ``[servicegroup]`` options
    :cvar session_timeout: seconds
    :cvar request_timeout: whole seconds
    """

    timings = {'report_interval': 1, 'service_down_time': 3}
    session_timeout = 1.5
    request_timeout = 2

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(100, gentle=True))
        self.useFixture(environment.Environment())
        self.server = self.make_server()
        self.root = f'/test-{uuid.uuid4().hex}'
        self.layout = layout.Layout(self.root)
        self.cell = self.layout.cell(CELL)
        self.context = sg_context.get_admin_context()
        self.addCleanup(session.close_all)

    def make_server(self) -> Any:
        return zookeeper_deployments.ZOOKEEPER.running()

    def write_conf(self, **options: Any) -> str:
        """Write the configuration of a process, and return its path.

        :param options: options of ``[zookeeper]``, or a dict of options of
            another group by its name
        """
        values: dict[str, dict[str, Any]] = {
            'servicegroup': {'driver': 'zk', **self.timings},
            'zookeeper': {
                'hosts': self.server.hosts,
                'chroot': self.root,
                'session_timeout': self.session_timeout,
                # Processes of the same options share a session.
                'request_timeout': self.request_timeout
                + next(_numbers) / 1000000,
            },
        }
        for name, value in options.items():
            if isinstance(value, dict):
                values.setdefault(name, {}).update(value)
            else:
                values['zookeeper'][name] = value
        path = os.path.join(
            self.useFixture(fixtures.TempDir()).path, 'nova-sg.conf'
        )
        with open(path, 'w') as config_file:
            for group, each in values.items():
                print(f'[{group}]', file=config_file)
                for name, value in each.items():
                    print(f'{name} = {value}', file=config_file)
        return path

    def process(self, **options: Any) -> sg_api.API:
        """Return an API with a session of its own, as another process's."""
        return sg_api.API(sg_conf.load([self.write_conf(**options)]))

    def worker(self, **options: Any) -> processes.Worker:
        """Return another process, in fact."""
        return self.useFixture(processes.Worker(self.write_conf(**options)))

    def register(
        self, api: sg_api.API, host: str = 'host1', **values: Any
    ) -> record.Record:
        return api.create(
            self.context,
            {
                'host': host,
                'binary': 'nova-compute',
                'topic': 'compute',
                **values,
            },
        )

    def session_of(self, api: sg_api.API) -> session.Session:
        found: session.Session = api.driver.membership.session
        return found

    def is_up(self, api: sg_api.API, service: record.Record) -> bool:
        """Return what a process is told by the driver, not by its memory."""
        found = api.driver.membership.alive(self.context, [service.uuid])
        return found[service.uuid].up

    def mirrored(self, **options: Any) -> sg_api.API:
        """Return a process that has a mirror, which has been filled."""
        api = self.process(**options)
        api.list(self.context)
        api.driver.watch(self.context)
        api.list(self.context)
        with zookeeper_deployments.count_round_trips() as count:
            api.list(self.context)
            self.assertEqual(0, count())
        return api

    def eventually(
        self,
        condition: Callable[[], object],
        what: str,
        within: float = 0.0,
    ) -> float:
        """Wait for a state, and return after how many seconds it came."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() > began + within + PATIENCE:
                self.fail(f'{what}: not within {within + PATIENCE:g} s')
            time.sleep(0.02)
        return time.monotonic() - began

    def behind(
        self, **options: Any
    ) -> contextlib.AbstractContextManager[kazoo_client.KazooClient]:
        """Return a client of kazoo's own, to look behind the driver."""
        return zookeeper_deployments.client(self.server.hosts, **options)

    def end_session(self, api: sg_api.API) -> None:
        """Have the server end a session, as it does when it hears nothing."""
        kazoo = self.session_of(api)._client.kazoo
        with self.behind(client_id=kazoo.client_id):
            pass

    def lists(self, api: sg_api.API) -> bool:
        """Return whether a process can list services."""
        try:
            api.list(self.context)
        except exception.ServiceGroupUnavailable:
            return False
        return True

    def watches(self) -> dict[int, int]:
        """Return how many watches each session has set, by its number."""
        found: dict[int, int] = {}
        number = 0
        for line in self.server.command('wchc').splitlines():
            if re.fullmatch('0x[0-9a-f]+', line):
                number = int(line, 16)
            elif line.strip():
                found[number] = found.get(number, 0) + 1
        return found
