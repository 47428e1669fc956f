# SPDX-License-Identifier: Apache-2.0

"""Decisions through two conductors, which are killed in turn."""

from collections.abc import Callable
from collections.abc import Sequence
import itertools
from typing import Any

from oslo_config import cfg

from nova_sg import conductor as sg_conductor
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.conductor import records
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import history
from nova_sg.servicegroup.testing import link
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.conductor import base
from nova_sg.tests.functional.servicegroup import deployments

#: Seconds a caller waits for an answer.
TIMEOUT = 2


class _Objects(records.RemoteRecords):
    """Decides by the objects, as whatever calls a conductor does."""

    def get_by_uuid(self, context: Any, uuid: str) -> record.Record:
        service = objects.ServiceGroupService.get_by_uuid(context, uuid)
        return self._record(service)

    def get_by_host_and_binary(
        self, context: Any, host: str, binary: str
    ) -> record.Record | None:
        found = objects.ServiceGroupService.get_by_host_and_binary(
            context, host, binary
        )
        return None if found is None else self._record(found)

    def create(self, context: Any, values: Any) -> record.Record:
        service = objects.ServiceGroupService(context, **values)
        service.create()
        return self._record(service)

    def update(self, context: Any, uuid: str, changes: Any) -> record.Record:
        service = objects.ServiceGroupService.get_by_uuid(context, uuid)
        for name, value in changes.items():
            setattr(service, name, value)
        service.save()
        return self._record(service)

    def destroy(self, context: Any, uuid: str) -> None:
        objects.ServiceGroupService.get_by_uuid(context, uuid).destroy()

    def list(self, context: Any, **filters: Any) -> list[record.Record]:
        services = objects.ServiceGroupServiceList.get_all(context)
        return view.select([self._record(e) for e in services], **filters)

    def made(self, context: Any, uuid: str | None = None) -> None:
        """Leave it to the conductor to know a change again."""

    def _record(self, service: Any) -> record.Record:
        values = {name: getattr(service, name) for name in record.FIELDS}
        values['deleted'] = service.id if service.deleted else 0
        return record.Record(**values)


def _setup(conf: cfg.ConfigOpts) -> servicegroup.API:
    api = sg_conductor.setup(conf)
    api.driver.records = _Objects(conf, api.driver._conductor)
    return api


class TwoConductorsDeployment(deployments.PostgresqlDeployment):
    """Processes whose changes are made by conductors, over RabbitMQ.

    The test itself goes past them, and its faults are on the way to the
    broker.
    """

    process_api = staticmethod(_setup)

    def make(self) -> deployment.Options:
        options = super().make()
        self._broker = conductor.RABBITMQ.running()
        timings = {
            **deployment.TIMINGS,
            **self._options.get('servicegroup', {}),
        }
        environment = commands.environment(
            OS_DATABASE__CONNECTION=self.database.url,
            OS_DEFAULT__TRANSPORT_URL=self._broker.url,
            **{
                f'OS_SERVICEGROUP__{name.upper()}': str(value)
                for name, value in timings.items()
            },
        )
        self._conductors = [
            self.useFixture(conductor.Conductor(environment)) for _ in range(2)
        ]
        for each in self._conductors:
            each.wait_until_serving()
        self._turns = itertools.cycle(self._conductors)
        return options

    def proxied(self) -> link.Link:
        way = self.useFixture(proxy.TcpProxy(self._broker.port))
        through = self._broker.url.replace(self._broker.hosts, way.hosts)
        return link.Link(
            [way],
            {
                'DEFAULT': {
                    'transport_url': through,
                    'rpc_response_timeout': TIMEOUT,
                },
                'database': {'connection': base.NO_DATABASE},
                'servicegroup': {'use_conductor': True},
            },
        )

    def disturbances(self) -> Sequence[Callable[[], Any]]:
        return [self._kill_the_next] * 3

    def _kill_the_next(self) -> None:
        # The other one serves until it is back.
        doomed = next(self._turns)
        doomed.kill()
        doomed.start()


class TestHistory(history.HistoryTests):
    deployment_class = TwoConductorsDeployment
    # A conductor takes longer to be back than any other process.
    seconds = 6.0
