# SPDX-License-Identifier: Apache-2.0

"""``Service`` and ``ServiceList`` as nova has them, over our behaviour.

``Service`` is nova's own class, but for the methods which take a row, and for
those which look up their class by its name in nova's module: they find ours.

Remotable methods are written without annotations, as nova's are: oslo takes
annotations for a part of the signature. The ``service_*`` functions are
called by their names in ``nova.db.main.api``, as nova does: what stubs those
stubs these classes.
"""

from typing import Any

from nova import exception as nova_exception
from nova.db.main import api as db
from nova.objects import base
from nova.objects import fields
from nova.objects import service as nova_service
from oslo_utils import versionutils

from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import rows
from nova_sg.nova_tree import zones
from nova_sg.objects import behaviour
from nova_sg.objects import remotable as sg_remotable
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record as sg_record

#: As nova's own, but for class methods with any release of the library.
remotable = sg_remotable.remotable

#: nova's own class, before its place is taken.
_NovasService = nova_service.Service

#: Fields that older peers do not know, with the version which has them.
_SINCE = (
    ('uuid', (1, 21)),
    ('version', (1, 16)),
    ('forced_down', (1, 14)),
    ('last_seen_up', (1, 13)),
)


class Service(behaviour.ServiceBehaviour, _NovasService):
    """A service of nova's, kept by the driver that owns the services.

    :ivar liveness: what was read of its liveness along with it; None where
        it was read alone
    """

    VERSION = '1.22'

    fields = {
        'id': fields.IntegerField(read_only=True),
        'uuid': fields.UUIDField(),
        'host': fields.StringField(nullable=True),
        'binary': fields.StringField(nullable=True),
        'topic': fields.StringField(nullable=True),
        'report_count': fields.IntegerField(),
        'disabled': fields.BooleanField(),
        'disabled_reason': fields.StringField(nullable=True),
        'availability_zone': fields.StringField(nullable=True),
        'compute_node': fields.ObjectField('ComputeNode'),
        'last_seen_up': fields.DateTimeField(nullable=True),
        'forced_down': fields.BooleanField(),
        'version': fields.IntegerField(),
    }

    # Not those of nova's class.
    _MIN_VERSION_CACHE: dict[str, int] = {}
    _SERVICE_VERSION_CACHING = False

    liveness: sg_liveness.Liveness | None = None

    indirection_api = endpoint.ByEndpoint()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a service of the version of this code (nova's rule)."""
        if 'version' in kwargs:
            raise nova_exception.ObjectActionError(
                action='init', reason='Version field is immutable'
            )
        super(_NovasService, self).__init__(*args, **kwargs)
        self.version = nova_service.SERVICE_VERSION

    def obj_make_compatible_from_manifest(
        self, primitive: Any, target_version: str, version_manifest: Any
    ) -> None:
        """Serve older peers what they know, and all they expect."""
        super(_NovasService, self).obj_make_compatible_from_manifest(
            primitive, target_version, version_manifest
        )
        target = versionutils.convert_version_to_tuple(target_version)
        for name, since in _SINCE:
            if target < since:
                primitive.pop(name, None)
        if target < (1, 10):
            self._do_compute_node(self._context, primitive, version_manifest)

    @staticmethod
    def _from_db_object(context: Any, service: 'Service', row: Any) -> Any:
        """Show the state of a row. nova's signature, which others call."""
        service._context = context
        service._take(rows.record_of(row), rows.liveness_of(row))
        if 'availability_zone' in row:
            service.availability_zone = row['availability_zone']
            service.obj_reset_changes(['availability_zone'])
        return service

    def _show(
        self,
        record: sg_record.Record,
        liveness: sg_liveness.Liveness | None,
    ) -> None:
        super()._show(record, None)
        self.liveness = liveness
        if record.uuid is None:
            # nova's oldest rows have none.
            del self._obj_uuid
        if liveness is not None and liveness.last_seen is not None:
            self._obj_last_seen_up = liveness.last_seen
            # nova's own beats change it, and its lists of zones show it.
            self._obj_updated_at = member.latest(
                record.created_at, record.updated_at, liveness.last_seen
            )

    @classmethod
    def _from_row(cls, context: Any, row: Any) -> Any:
        return cls._from_record(
            context, rows.record_of(row), rows.liveness_of(row)
        )

    @classmethod
    @remotable
    def get_by_id(cls, context, service_id):
        """Return a service by its integer id."""
        return cls._from_row(context, db.service_get(context, service_id))

    @classmethod
    @remotable
    def get_by_uuid(cls, context, service_uuid):
        """Return a service by its uuid."""
        row = db.service_get_by_uuid(context, service_uuid)
        return cls._from_row(context, row)

    @classmethod
    @remotable
    def get_by_host_and_topic(cls, context, host, topic):
        """Return the enabled service of a topic on a host, or None."""
        row = db.service_get_by_host_and_topic(context, host, topic)
        return None if row is None else cls._from_row(context, row)

    @classmethod
    @remotable
    def get_by_host_and_binary(cls, context, host, binary):
        """Return the service of a binary on a host, or None."""
        try:
            row = db.service_get_by_host_and_binary(context, host, binary)
        except nova_exception.HostBinaryNotFound:
            return None
        return cls._from_row(context, row)

    @classmethod
    @remotable
    def get_by_compute_host(cls, context, host, use_slave=False):
        """Return the nova-compute service of a host."""
        row = cls._db_service_get_by_compute_host(
            context, host, use_slave=use_slave
        )
        return cls._from_row(context, row)

    @classmethod
    @remotable
    def get_by_args(cls, context, host, binary):
        """Return the service of a binary on a host."""
        row = db.service_get_by_host_and_binary(context, host, binary)
        return cls._from_row(context, row)

    @remotable
    def save(self):
        """Write what was changed: a decision, a version, or a beat."""
        changes = self.obj_get_changes()
        changes.pop('id', None)
        if 'version' in changes:
            self._check_minimum_version()
        row = db.service_update(self._context, self.id, changes)
        self._from_db_object(self._context, self, row)
        self._send_status_update_notification(changes)


class ServiceList(
    behaviour.ServiceListBehaviour, base.ObjectListBase, base.NovaObject
):
    """Services of nova's, with what was read of their liveness."""

    VERSION = '1.19'

    fields = {'objects': fields.ListOfObjectsField('Service')}

    service_class = Service

    @classmethod
    def _from_rows(cls, context: Any, found: Any) -> Any:
        make = cls.service_class._from_row
        with collector.paused():
            return cls._of(context, [make(context, row) for row in found])

    @classmethod
    @remotable
    def get_by_topic(cls, context, topic):
        """Return the enabled services of a topic."""
        found = db.service_get_all_by_topic(context, topic)
        return cls._from_rows(context, found)

    @classmethod
    @remotable
    def get_by_binary(cls, context, binary, include_disabled=False):
        """Return the services of a binary, enabled ones unless asked."""
        found = db.service_get_all_by_binary(
            context, binary, include_disabled=include_disabled
        )
        return cls._from_rows(context, found)

    @classmethod
    @remotable
    def get_by_host(cls, context, host):
        """Return the services of a host."""
        found = db.service_get_all_by_host(context, host)
        return cls._from_rows(context, found)

    @classmethod
    @remotable
    def get_all(cls, context, disabled=None, set_zones=False):
        """Return all services, or all that are disabled or enabled."""
        found = db.service_get_all(context, disabled=disabled)
        services = cls._from_rows(context, found)
        if set_zones:
            zones.set_zones(context, services)
        return services

    @classmethod
    @remotable
    def get_all_computes_by_hv_type(cls, context, hv_type):
        """Return the enabled computes with a hypervisor of this type."""
        found = db.service_get_all_computes_by_hv_type(
            context, hv_type, include_disabled=False
        )
        return cls._from_rows(context, found)
