# SPDX-License-Identifier: Apache-2.0

"""What tests inside a nova have in common."""

import itertools
import os
import types
from typing import Any
from typing import ClassVar
from unittest import mock

from nova import context as nova_context
from nova import objects
from nova import test
from nova.db.main import api as db
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models
from nova_sg.nova_tree import testing
from nova_sg.nova_tree.grouped import sender
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.testing import watchdogs
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.nova_suite import watcher

testing.enable()

NONE = ('none', {'driver': None, 'records': None})
DB = ('db', {'driver': 'db', 'records': None})
GROUPED = ('db:grouped', {**DB[1], 'beats': 'grouped'})
ZK = ('zk', {'driver': 'zk', 'records': None})
ZK_SQL = ('zk:sql', {'driver': 'zk', 'records': 'sql'})
MC = ('mc:memcached', {'driver': 'mc', 'records': 'memcached'})
MC_SQL = ('mc:sql', {'driver': 'mc', 'records': 'sql'})

#: Every driver. A short run meets each kind of liveness once: records and
#: liveness do not know each other, and the lists below have every pair.
DRIVERS = long.matrix([DB, ZK, MC_SQL], [ZK_SQL, MC])
#: Those whose records are outside of nova's database; those which keep them
#: there, and only liveness elsewhere.
ELSEWHERE = [ZK, MC]
BESIDE = [ZK_SQL, MC_SQL]

UUID = '11111111-1111-4111-8111-111111111111'
OTHER_UUID = '22222222-2222-4222-8222-222222222222'

OUT = exception.ServiceGroupUnavailable(backend='it', reason='it is out')

#: The memcached which all tests share.
MEMCACHED = os.environ['OS_MEMCACHED__SERVERS']

_prefixes = itertools.count()


def old_memcached() -> str:
    """Return a prefix under which memcached has served for long.

    A new one takes no service for dead.
    """
    prefix = f'tree{next(_prefixes)}'
    port = int(MEMCACHED.rpartition(':')[2])
    memcached_deployments.look_old(port, keys.Keys(prefix))
    return prefix


class TestCase(test.TestCase):
    """A nova with two cells, whose services are kept by a driver.

    :cvar driver: ``[servicegroup] driver``, given by a scenario; None
        leaves nova as it is
    :cvar records: ``[servicegroup] records``; None for the driver's own
    :cvar beats: ``[servicegroup] beats``
    """

    NUMBER_OF_CELLS = 2

    driver: ClassVar[str | None]
    records: ClassVar[str | None]
    beats: ClassVar[str] = 'nova'

    def setUp(self) -> None:
        super().setUp()
        self.flags(driver=self.driver, group='servicegroup')
        self.flags(records=self.records, group='servicegroup')
        self.flags(beats=self.beats, group='servicegroup')
        if self.driver == 'zk':
            # A backend is of one deployment.
            chroot = f'/{self.records or "own"}'
            self.flags(chroot=chroot, group='zookeeper')
        if self.driver == 'mc':
            self.flags(key_prefix=old_memcached(), group='memcached')
        self.context = nova_context.get_admin_context()
        self.end_watching()

    def end_watching(self) -> None:
        """Let no thread that looks at a timer outlive the test."""
        watch = sender.Sender.watch

        def watched(mine: sender.Sender) -> None:
            self.addCleanup(mine.unwatch)
            watch(mine)

        self.useFixture(watchdogs.Watchdogs())
        self.stub_out('nova_sg.nova_tree.grouped.sender.Sender.watch', watched)

    def in_cell(self, name: str) -> Any:
        """Return a context that is targeted at a cell."""
        context = nova_context.get_admin_context()
        nova_context.set_target_cell(context, self.cell_mappings[name])
        return context

    def make_service(
        self,
        host: str = 'one',
        binary: str = 'nova-compute',
        topic: str | None = 'compute',
        context: Any = None,
        **values: Any,
    ) -> Any:
        """Return a service that was created."""
        service = objects.Service(context or self.context)
        service.host, service.binary, service.topic = host, binary, topic
        service.report_count = 0
        for name, value in values.items():
            setattr(service, name, value)
        service.create()
        return service

    def read(self, service: Any) -> Any:
        """Return a service as it is now."""
        return objects.Service.get_by_uuid(service._context, service.uuid)

    def process_of(self, service: Any, topic: str = 'compute') -> Any:
        """Return what nova's ``Service`` is to its servicegroup driver."""
        return types.SimpleNamespace(
            service_ref=self.read(service),
            report_interval=10,
            topic=topic,
            host=service.host,
            tg=mock.Mock(),
        )

    def make_instance(self, host: str) -> Any:
        """Return an instance that was created."""
        instance = objects.Instance(
            self.context,
            project_id=self.context.project_id,
            host=host,
            flavor=objects.Flavor(name='small', memory_mb=1),
        )
        instance.create()
        return instance

    def make_zone(self, zone: str, *hosts: str) -> None:
        """Make an aggregate that is an availability zone."""
        aggregate = objects.Aggregate(
            self.context, name=zone, metadata={'availability_zone': zone}
        )
        aggregate.create()
        for host in hosts:
            aggregate.add_host(host)

    def make_tables(self, *tables: sa.Table) -> None:
        """Make tables of nova_sg in the database of the context."""
        with db.get_engine(context=self.context).begin() as connection:
            for each in tables:
                each.create(connection, checkfirst=True)

    def mark(self, driver: str, records: str) -> None:
        """Mark the database of the context as a move there does."""
        self.make_tables(models.deployment)
        with db.get_engine(context=self.context).begin() as connection:
            connection.execute(
                models.deployment.insert().values(
                    id=1, driver=driver, records=records, format=1
                )
            )

    def make_compute_node(
        self, host: str, context: Any = None, **values: Any
    ) -> Any:
        """Return a compute node that was created."""
        node = objects.ComputeNode(
            context or self.context,
            **{
                'host': host,
                'hypervisor_hostname': f'{host}.example.com',
                'hypervisor_type': 'fake',
                'hypervisor_version': 1,
                'vcpus': 4,
                'memory_mb': 512,
                'local_gb': 6,
                'vcpus_used': 1,
                'memory_mb_used': 128,
                'local_gb_used': 2,
                'cpu_info': '{}',
                **values,
            },
        )
        node.create()
        return node


class NamesServices(statements.StatementCounter):
    """Counts statements that name the table ``services``."""

    def _count(
        self,
        connection: sa.Connection,
        cursor: Any,
        statement: str,
        *rest: Any,
    ) -> None:
        if watcher.names_services(statement):
            super()._count(connection, cursor, statement, *rest)
