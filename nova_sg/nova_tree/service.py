# SPDX-License-Identifier: Apache-2.0

"""``Service`` and ``ServiceList`` as nova has them, over our behaviour.

Remotable methods are written without annotations, as nova's are: oslo takes
annotations for a part of the signature. The ``service_*`` functions are
called by their names in ``nova.db.main.api``, as nova does: what stubs those
stubs these classes.
"""

from collections.abc import Sequence
from typing import Any

from nova import exception as nova_exception
from nova import objects
from nova.db.main import api as db
from nova.notifications.objects import base as notification
from nova.notifications.objects import service as service_notification
from nova.objects import base
from nova.objects import fields
from nova.objects import service as nova_service
from oslo_log import log as logging
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

LOG = logging.getLogger(__name__)

#: As nova's own, but for class methods with any release of the library.
remotable = sg_remotable.remotable

#: Changes which nova sends a notification for.
NOTIFIED = frozenset({'disabled', 'disabled_reason', 'forced_down'})

#: Fields that older peers do not know, with the version which has them.
_SINCE = (
    ('uuid', (1, 21)),
    ('version', (1, 16)),
    ('forced_down', (1, 14)),
    ('last_seen_up', (1, 13)),
)


class Service(
    behaviour.ServiceBehaviour,
    base.NovaPersistentObject,
    base.NovaObject,
    base.NovaObjectDictCompat,
):
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

    # On each class of its own: nova_sg has others over the same behaviour.
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
        super().__init__(*args, **kwargs)
        self.version = nova_service.SERVICE_VERSION

    def obj_make_compatible_from_manifest(
        self, primitive: Any, target_version: str, version_manifest: Any
    ) -> None:
        """Serve older peers what they know, and all they expect."""
        super().obj_make_compatible_from_manifest(
            primitive, target_version, version_manifest
        )
        target = versionutils.convert_version_to_tuple(target_version)
        for name, since in _SINCE:
            if target < since:
                primitive.pop(name, None)
        if target < (1, 10):
            self._add_compute_node(primitive, version_manifest)

    def _add_compute_node(self, primitive: Any, manifest: Any) -> None:
        """Add the compute node, which such a peer does not load itself."""
        try:
            nodes = objects.ComputeNodeList.get_all_by_host(
                self._context, primitive['host']
            )
            primitive['compute_node'] = nodes[0].obj_to_primitive(
                target_version=manifest['ComputeNode'],
                version_manifest=manifest,
            )
        except Exception as error:
            # nova's rule: an older peer goes without a compute node if there
            # is none, or if it cannot be read.
            LOG.debug('No compute node for an older peer: %s', error)

    @base.lazy_load_counter
    def obj_load_attr(self, attrname: str) -> None:
        """Load the compute node of a nova-compute."""
        if not self._context:
            raise nova_exception.OrphanedObjectError(
                method='obj_load_attr', objtype=self.obj_name()
            )
        if attrname != 'compute_node':
            raise nova_exception.ObjectActionError(
                action='obj_load_attr',
                reason=f'attribute {attrname} not lazy-loadable',
            )
        if self.binary != 'nova-compute':
            raise nova_exception.ServiceNotFound(service_id=self.id)
        nodes = objects.ComputeNodeList.get_all_by_host(
            self._context, self.host
        )
        self.compute_node = nodes[0]

    # From rows

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

    # Getters

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

    @staticmethod
    @db.select_db_reader_mode
    def _db_service_get_by_compute_host(
        context: Any, host: str, use_slave: bool = False
    ) -> Any:
        return db.service_get_by_compute_host(context, host)

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

    # Versions

    @classmethod
    def enable_min_version_cache(cls) -> None:
        """Keep minimum versions from now on. nova's, which others call."""
        cls.clear_min_version_cache()
        cls._SERVICE_VERSION_CACHING = True

    @classmethod
    def clear_min_version_cache(cls) -> None:
        """Forget the minimum versions that were kept."""
        cls._MIN_VERSION_CACHE = {}

    @staticmethod
    @db.select_db_reader_mode
    def _db_service_get_minimum_version(
        context: Any, binaries: Sequence[str], use_slave: bool = False
    ) -> Any:
        return db.service_get_minimum_version(context, binaries)

    @classmethod
    @remotable
    def get_minimum_version_multi(cls, context, binaries, use_slave=False):
        """Return the lowest version of several binaries, 0 without one."""
        if not all(binary.startswith('nova-') for binary in binaries):
            nova_service.LOG.warning(
                'get_minimum_version called with likely-incorrect '
                "binaries `%s'",
                ','.join(binaries),
            )
            raise nova_exception.ObjectActionError(
                action='get_minimum_version', reason='Invalid binary prefix'
            )
        kept = cls._MIN_VERSION_CACHE
        if cls._SERVICE_VERSION_CACHING and kept.keys() >= set(binaries):
            return min((kept[binary] for binary in binaries), default=0)
        versions = cls._db_service_get_minimum_version(
            context, binaries, use_slave=use_slave
        )
        versions = {name: low or 0 for name, low in (versions or {}).items()}
        kept.update(versions)
        return int(min(versions.values(), default=0))

    @classmethod
    @remotable
    def get_minimum_version(cls, context, binary, use_slave=False):
        """Return the lowest version of a binary, 0 without a service."""
        return cls.get_minimum_version_multi(
            context, [binary], use_slave=use_slave
        )

    def _check_minimum_version(self) -> None:
        """Refuse what is older than everything there."""
        if not (
            self.obj_attr_is_set('version') and self.obj_attr_is_set('binary')
        ):
            return
        lowest = self.get_minimum_version(self._context, self.binary)
        if lowest > self.version:
            raise nova_exception.ServiceTooOld(
                thisver=self.version, minver=lowest
            )

    # Writes

    @remotable
    def create(self):
        """Register this service."""
        if self.obj_attr_is_set('id'):
            raise nova_exception.ObjectActionError(
                action='create', reason='already created'
            )
        self._check_minimum_version()
        if not self.obj_attr_is_set('uuid'):
            self.uuid = nova_service.uuidutils.generate_uuid()
        row = db.service_create(self._context, self.obj_get_changes())
        self._from_db_object(self._context, self, row)
        self._send_notification(fields.NotificationAction.CREATE)

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

    @remotable
    def destroy(self):
        """Delete this service, and the compute nodes of a nova-compute."""
        db.service_destroy(self._context, self.id)
        self._send_notification(fields.NotificationAction.DELETE)

    # Notifications, which are nova's

    def _send_status_update_notification(self, changes: Any) -> None:
        if NOTIFIED.intersection(changes):
            self._send_notification(fields.NotificationAction.UPDATE)

    def _send_notification(self, action: str) -> None:
        service_notification.ServiceStatusNotification(
            publisher=notification.NotificationPublisher.from_service_obj(
                self
            ),
            event_type=notification.EventType(object='service', action=action),
            priority=fields.NotificationPriority.INFO,
            payload=service_notification.ServiceStatusPayload(self),
        ).emit(self._context)


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
