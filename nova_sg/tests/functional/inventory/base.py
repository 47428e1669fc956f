# SPDX-License-Identifier: Apache-2.0

"""The inventory in SQL, on each database."""

import datetime

from oslotest import base

from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.inventory import sql
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import scenarios


class InventoryTestCase(base.BaseTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        url = self.useFixture(self.database()).url
        self.conf = self.useFixture(api.Configuration(url)).conf
        self.useFixture(api.Connections())
        self.db = engine.get(self.conf)
        self.inventory = sql.SqlInventory(self.conf)

    def another(self):
        """Return the inventory as another process has it."""
        self.useFixture(api.Connections())
        return sql.SqlInventory(self.conf)

    def aggregate(self, number, zone, *hosts):
        """Store an aggregate, which need not be named like its zone."""

        def work(connection):
            made = connection.execute(
                models.aggregates.insert().values(
                    uuid=f'uuid-{number}',
                    name=f'aggregate {number}',
                    availability_zone=zone,
                    created_at=datetime.datetime.now(datetime.UTC),
                )
            )
            for host in hosts:
                connection.execute(
                    models.aggregate_hosts.insert().values(
                        aggregate_id=made.inserted_primary_key[0], host=host
                    )
                )

        self.db.write(work)

    def instance(self, uuid, host='c1', project='p1', **values):
        row = {
            'uuid': uuid,
            'host': host,
            'project_id': project,
            'vcpus': 1,
            'memory_mb': 512,
            'root_gb': 10,
            'ephemeral_gb': 5,
            'created_at': datetime.datetime.now(datetime.UTC),
            **values,
        }
        self.db.write(
            lambda c: c.execute(models.instances.insert().values(**row))
        )
