# SPDX-License-Identifier: Apache-2.0

"""Records of a process without a backend for them: the conductor's."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg.conductor import rpcapi
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import view

Context = sg_context.RequestContext
Service = objects.ServiceGroupService


class RemoteMarkerStore(marker.MarkerStore):
    """How the conductor is configured, in the place of a marker.

    :param conductor: the client that calls a conductor
    """

    def __init__(self, conductor: rpcapi.ConductorAPI) -> None:
        self._conductor = conductor
        self.name = conductor.name

    def read(self) -> marker.Marker | None:
        health = self._conductor.health(sg_context.get_admin_context())
        return marker.Marker(health['driver'], health['records'])

    def claim(self, marker: marker.Marker) -> marker.Marker:
        return self.read() or marker

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        raise _not_from_here('the deployment is moved')


class RemoteRecordStore(base.RecordStore):
    """Reads and writes records through the objects, and so over RPC.

    The process itself reaches services through the objects, too; this is for
    memberships, which ask whether a record is still there.

    :param conf: a loaded configuration
    :param conductor: the client that calls a conductor
    """

    def __init__(
        self, conf: cfg.ConfigOpts, conductor: rpcapi.ConductorAPI
    ) -> None:
        super().__init__(conf)
        self._marker_store = RemoteMarkerStore(conductor)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    def create(
        self, context: Context, values: Mapping[str, Any]
    ) -> record.Record:
        service = Service(context, **values)
        service.create()
        return _record(service)

    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        return _record(Service.get_by_uuid(context, uuid))

    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        return _record(Service.get_by_id(context, service_id))

    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        found = Service.get_by_host_and_binary(context, host, binary)
        return None if found is None else _record(found)

    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        found = Service.get_by_host_and_topic(context, host, topic)
        return None if found is None else _record(found)

    def list(
        self,
        context: Context,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> Sequence[record.Record]:
        services = objects.ServiceGroupServiceList.get_all(context, disabled)
        return view.select(
            [_record(each) for each in services],
            host=host,
            binary=binary,
            topic=topic,
        )

    def traces(self, context: Context) -> Sequence[record.Record]:
        raise _not_from_here('what was destroyed is looked for')

    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        service = Service.get_by_uuid(context, uuid)
        for name, value in changes.items():
            setattr(service, name, value)
        service.save()
        return _record(service)

    def destroy(self, context: Context, uuid: str) -> None:
        Service.get_by_uuid(context, uuid).destroy()

    def minimum_versions(
        self, context: Context, binaries: Iterable[str]
    ) -> dict[str, int]:
        versions = {
            binary: Service.get_minimum_version(context, binary)
            for binary in binaries
        }
        return {binary: each for binary, each in versions.items() if each}

    def restore(self, context: Context, restored: record.Record) -> None:
        raise _not_from_here('records are restored')

    def purge(self, context: Context, uuids: Sequence[str]) -> None:
        raise _not_from_here('records are purged')


def _record(service: Any) -> record.Record:
    values = {name: getattr(service, name) for name in record.FIELDS}
    values['deleted'] = service.id if service.deleted else 0
    return record.Record(**values)


def _not_from_here(what: str) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(
        option='[servicegroup] use_conductor',
        reason=f'{what} where the backend is, and not over RPC',
    )
