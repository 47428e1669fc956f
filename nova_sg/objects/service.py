# SPDX-License-Identifier: Apache-2.0

"""``ServiceGroupService``: the one door to services."""

from collections.abc import Iterator
from collections.abc import MutableMapping
import contextlib
import datetime
import logging
from typing import Any
from typing import Self

from oslo_versionedobjects import fields as ovo_fields

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg import texts
from nova_sg.inventory import base as inventory_base
from nova_sg.objects import base
from nova_sg.objects import behaviour
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member

LOG = logging.getLogger(__name__)

#: What a service of nova_sg writes into ``version`` when it is created.
#: Raise it when a peer must know that a service has learned something new.
SERVICE_VERSION = 1

#: Fields which show something else than the record; they are never written.
VIEW_FIELDS = frozenset({'is_up', 'availability_zone'})


@base.Registry.register
class ServiceGroupService(behaviour.ServiceBehaviour, base.Object):
    """A service: which binary runs on which host, wanted or not, alive or not.

    Remotable methods run where the servicegroup API is: here, or in the
    conductor over RPC.
    """

    # Version 1.0: Initial version
    VERSION = '1.0'

    # Quoted, for releases of the library in which Field is not generic.
    fields: 'MutableMapping[str, ovo_fields.Field[Any]]' = {
        'id': ovo_fields.IntegerField(read_only=True),
        'uuid': ovo_fields.UUIDField(),
        'host': ovo_fields.StringField(nullable=True),
        'binary': ovo_fields.StringField(nullable=True),
        'topic': ovo_fields.StringField(nullable=True),
        'report_count': ovo_fields.IntegerField(),
        'disabled': ovo_fields.BooleanField(),
        'disabled_reason': ovo_fields.StringField(nullable=True),
        'availability_zone': ovo_fields.StringField(nullable=True),
        'forced_down': ovo_fields.BooleanField(),
        'version': ovo_fields.IntegerField(),
        'last_seen_up': ovo_fields.DateTimeField(nullable=True),
        'is_up': ovo_fields.BooleanField(),
        'created_at': ovo_fields.DateTimeField(nullable=True),
        'updated_at': ovo_fields.DateTimeField(nullable=True),
        'deleted_at': ovo_fields.DateTimeField(nullable=True),
        'deleted': ovo_fields.BooleanField(default=False),
    }

    @base.remotable
    def obj_load_attr(self, attrname: str) -> None:
        """Fill ``is_up`` or ``availability_zone`` when it is looked at."""
        if attrname not in VIEW_FIELDS:
            raise exception.ObjectActionError(
                action='obj_load_attr',
                reason=f'attribute {attrname} not lazy-loadable',
            )
        api = servicegroup.get()
        if attrname == 'is_up':
            self._obj_is_up = api.service_is_up(self)
        else:
            self._obj_availability_zone = api.inventory.zone_of(
                self.host or '', self.topic
            )

    @property
    def state(self) -> str:
        """``up``, ``down``, or ``unknown``, as far as this object knows.

        It never asks the backend: a list fills in the state of every service
        that its reader knows, and the rest is unknown.
        """
        try:
            return liveness.UP if self._obj_is_up else liveness.DOWN
        except AttributeError:
            return liveness.UNKNOWN

    def load_state(self) -> str:
        """Return :attr:`state`, and ask for it where it is not known yet."""
        if self.state == liveness.UNKNOWN:
            with _where_it_is_told():
                _ = self.is_up
        return self.state

    @property
    def seen_or_changed_at(self) -> datetime.datetime | None:
        """When it last beat or was changed: ``updated_at`` in REST.

        As far as this object knows; one out of a list knows the last beat.
        """
        return member.latest(
            self.created_at, self.updated_at, self.last_seen_up
        )

    @classmethod
    @base.remotable
    def get_by_id(cls, context: Any, service_id: int) -> Any:
        """Return a service by its integer id.

        :raises ServiceNotFound: there is none
        """
        found = servicegroup.get().get_by_id(context, service_id)
        return cls._from_record(context, found)

    @classmethod
    @base.remotable
    def get_by_uuid(cls, context: Any, service_uuid: str) -> Any:
        """Return a service by its uuid.

        :raises ServiceNotFound: there is none
        """
        found = servicegroup.get().get_by_uuid(context, service_uuid)
        return cls._from_record(context, found)

    @classmethod
    @base.remotable
    def get_by_host_and_topic(cls, context: Any, host: str, topic: str) -> Any:
        """Return the enabled service of a topic on a host, or None."""
        found = servicegroup.get().get_by_host_and_topic(context, host, topic)
        return None if found is None else cls._from_record(context, found)

    @classmethod
    @base.remotable
    def get_by_host_and_binary(
        cls, context: Any, host: str, binary: str
    ) -> Any:
        """Return the service of a binary on a host, or None."""
        return cls._find(context, host, binary)

    @classmethod
    @base.remotable
    def get_by_args(cls, context: Any, host: str, binary: str) -> Any:
        """Return the service of a binary on a host.

        :raises HostBinaryNotFound: there is none
        """
        found = cls._find(context, host, binary)
        if found is None:
            raise exception.HostBinaryNotFound(host=host, binary=binary)
        return found

    @classmethod
    @base.remotable
    def get_by_compute_host(cls, context: Any, host: str) -> Any:
        """Return the nova-compute service of a host.

        :raises ComputeHostNotFound: there is none
        """
        found = cls._find(context, host, inventory_base.COMPUTE_BINARY)
        if found is None:
            raise exception.ComputeHostNotFound(host=host)
        return found

    @classmethod
    def _find(cls, context: Any, host: str, binary: str) -> Self | None:
        found = servicegroup.get().get_by_host_and_binary(
            context, host, binary
        )
        return None if found is None else cls._from_record(context, found)

    @classmethod
    @base.remotable
    def get_minimum_version(cls, context: Any, binary: str) -> int:
        """Return the lowest version of a binary, 0 without a service."""
        return servicegroup.get().minimum_version(context, [binary])

    @classmethod
    @base.remotable
    def get_minimum_version_multi(
        cls, context: Any, binaries: list[str]
    ) -> int:
        """Return the lowest version of several binaries."""
        return servicegroup.get().minimum_version(context, binaries)

    @base.remotable
    def create(self) -> None:
        """Register this service.

        :raises InvalidInput: it has no host or no binary, or a value is not
            acceptable
        :raises ServiceBinaryExists, ServiceTopicExists: it is registered
        :raises ServiceTooOld: its version is below the deployment's
        """
        if self.obj_attr_is_set('id'):
            raise exception.ObjectActionError(
                action='create', reason='already created'
            )
        if not self.obj_attr_is_set('version'):
            self.version = SERVICE_VERSION
        values = self._changes_to_write()
        if not (values.get('host') and values.get('binary')):
            raise exception.InvalidInput(
                reason='a service needs a host and a binary'
            )
        self._take(servicegroup.get().create(self._context, values))

    @base.remotable
    def save(self) -> None:
        """Write what was changed: a decision, or a beat.

        A change of ``report_count`` is a beat (nova's services report that
        way), and a beat never writes a record. ``version`` travels with it
        in nova and is written where it differs from the record's: it says
        what was started, and the deployment's minimum stands on it.

        :raises ServiceNotFound: the record is gone
        """
        changes = self._changes_to_write()
        beats = changes.pop('report_count', None) is not None
        api = servicegroup.get()
        if set(changes) == {'version'}:
            # Where there is none any more the update tells, which knows
            # whether it was made before.
            with contextlib.suppress(exception.ServiceNotFound):
                record = api.get_by_uuid(self._context, self.uuid)
                if record.version == self.version:
                    changes = {}
        if changes:
            state_shown = self.obj_attr_is_set('is_up')
            self._take(api.update(self._context, self.uuid, changes))
            if state_shown and 'forced_down' in changes:
                # A caller over RPC would go on showing what it was before.
                with _where_it_is_told():
                    self._obj_is_up = api.service_is_up(self)
        if beats:
            api.report_state(self._context, self.uuid)
        self._changed_fields.clear()

    @base.remotable
    def destroy(self) -> None:
        """Delete this service.

        :raises ServiceNotFound: the record is gone
        """
        servicegroup.get().destroy(self._context, self.uuid)

    @base.remotable
    def report_state(self) -> None:
        """Say that this service is alive.

        :raises ServiceNotFound: the record is gone
        """
        servicegroup.get().report_state(self._context, self.uuid)

    def _changes_to_write(self) -> dict[str, Any]:
        """Return the changes that can be written."""
        changes = self.obj_get_changes()
        return {k: v for k, v in changes.items() if k not in VIEW_FIELDS}


@contextlib.contextmanager
def _where_it_is_told() -> Iterator[None]:
    """Ask for a state which may not be told, and go on without it.

    A change may have been made just before, and nothing is to turn the answer
    to it into a failure.
    """
    try:
        yield
    except exception.ServiceGroupUnavailable:
        # Logged where it was found out.
        return
    except Exception as error:
        LOG.error(
            'The state of a service cannot be told: %s',
            texts.one_line(str(error)),
        )
