# SPDX-License-Identifier: Apache-2.0

"""What a process without a backend asks of the conductor's records."""

from collections.abc import Sequence

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg.conductor import rpcapi
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry
from nova_sg.servicegroup.records import known

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext


class RemoteMarkerStore(marker.MarkerStore):
    """How the conductor is configured, in the place of a marker."""

    def __init__(self, conductor: rpcapi.ConductorAPI) -> None:
        self._conductor = conductor
        self.name = conductor.name

    def read(self) -> marker.Marker | None:
        health = self._conductor.health(sg_context.get_admin_context())
        return marker.Marker(health['driver'], health['records'])

    def claim(self, marker: marker.Marker) -> marker.Marker:
        return self.read() or marker

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        raise exception.InvalidConfiguration(
            option='[servicegroup] use_conductor',
            reason='a deployment is moved where its backend is, and not over '
            'RPC',
        )


class RemoteHistory(history_base.Told):
    """The history that the conductor keeps."""

    def __init__(self, conductor: rpcapi.ConductorAPI) -> None:
        self._conductor = conductor

    def of(
        self, context: Context, question: history_base.Question
    ) -> Sequence[entry.Entry]:
        return self._conductor.history(context, question)


class RemoteRecords(known.KnownRecords):
    """Tells memberships which services the conductor has records of.

    Whatever else reads or writes records goes through the objects.
    """

    def __init__(
        self, conf: cfg.ConfigOpts, conductor: rpcapi.ConductorAPI
    ) -> None:
        super().__init__(conf)
        self._conductor = conductor
        self._marker_store = RemoteMarkerStore(conductor)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        try:
            return self._conductor.known(context, uuids)
        except exception.ConductorTooOld as error:
            LOG.debug('Asking for the services themselves: %s', error)
        if len(uuids) > known.FEW:
            services = objects.ServiceGroupServiceList.get_all(context)
            return {each.uuid for each in services} & set(uuids)
        return known.one_by_one(
            objects.ServiceGroupService.get_by_uuid, context, uuids
        )
