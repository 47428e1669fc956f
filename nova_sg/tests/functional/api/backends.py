# SPDX-License-Identifier: Apache-2.0

"""What the REST service is tested over: a backend for each driver."""

from typing import Any

import fixtures

from nova_sg.objects import base as objects_base
from nova_sg.servicegroup.testing import deployment
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class Backend(fixtures.Fixture):
    """A deployment of the conformance suite, for its backend's sake.

    :param made: the deployment
    :ivar backends: the options that lead to its backends, by group
    """

    backends: dict[str, dict[str, Any]]

    def __init__(self, made: deployment.Deployment) -> None:
        super().__init__()
        self.deployment = made

    def _setUp(self) -> None:
        made = self.useFixture(self.deployment)
        self.backends = {
            group: dict(values) for group, values in made.backend.items()
        }


def zookeeper() -> Backend:
    return Backend(zookeeper_deployments.ZooKeeperDeployment())


def memcached() -> Backend:
    return Backend(memcached_deployments.McSqlDeployment())


#: By the name of the driver; None is SQLite, which needs no server.
class Remote(fixtures.Fixture):
    """A nova-sg-conductor with a database, for a service without one.

    :param inventory: that of the conductor
    :param options: further options of the service, without a group
    :ivar backends: the options that lead to it, by group
    :ivar deployment: the conductor
    """

    backends: dict[str, dict[str, Any]]
    deployment: conductor.Conductor

    def __init__(self, inventory: str = 'sql', **options: Any) -> None:
        super().__init__()
        self._inventory = inventory
        self._options = options

    def _setUp(self) -> None:
        url = self.useFixture(schemas.SqliteSchema()).url
        broker = conductor.RABBITMQ.running().url
        times = rest.OPTIONS['servicegroup'].items()
        self.deployment = self.useFixture(
            conductor.Conductor(
                commands.environment(
                    OS_DATABASE__CONNECTION=url,
                    OS_DEFAULT__TRANSPORT_URL=broker,
                    OS_INVENTORY__BACKEND=self._inventory,
                    **{
                        f'OS_SERVICEGROUP__{name.upper()}': str(value)
                        for name, value in times
                    },
                )
            )
        )
        self.deployment.wait_until_serving()
        self.backends = {
            'DEFAULT': {'transport_url': broker, **self._options},
            # For the fixture, which writes what no agent reports.
            'database': {'connection': url},
            'servicegroup': {'use_conductor': True},
        }
        self.addCleanup(self._disconnect)

    @staticmethod
    def _disconnect() -> None:
        """Close what the application of a test has connected."""
        objects_base.Object.indirection_api.close()
        objects_base.Object.indirection_api = None


def remote_without_inventory() -> Remote:
    return Remote(inventory='none')


BACKENDS: dict[str, Any] = {
    'db': None,
    'zk': zookeeper,
    'mc': memcached,
    **({'remote': Remote} if long.LONG else {}),
}

#: The same where nobody has an inventory.
WITHOUT_INVENTORY: dict[str, Any] = {
    **BACKENDS,
    'remote': remote_without_inventory,
}
