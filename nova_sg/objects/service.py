# SPDX-License-Identifier: Apache-2.0

"""``ServiceGroupService``: the one door to services."""

from collections.abc import MutableMapping
from typing import Any

from oslo_versionedobjects import fields as ovo_fields

from nova_sg import exception
from nova_sg.objects import base
from nova_sg.objects import behaviour
from nova_sg.objects import rendering

#: What a service of nova_sg writes into ``version`` when it is created.
#: Raise it when a peer must know that a service has learned something new.
SERVICE_VERSION = 1


@base.Registry.register
class ServiceGroupService(
    behaviour.ServiceBehaviour, base.Object, base.PersistentObject
):
    """A service: which binary runs on which host, wanted or not, alive or not.

    Remotable methods run where the servicegroup API is: here, or in the
    conductor over RPC.
    """

    # Version 1.0: Initial version
    VERSION = '1.0'

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
    }

    @base.remotable
    def obj_load_attr(self, attrname: str) -> None:
        """Fill ``is_up`` or ``availability_zone`` when it is looked at."""
        self._load(attrname)

    @classmethod
    @base.remotable
    def get_by_id(cls, context: Any, service_id: int) -> Any:
        """Return a service by its integer id.

        :raises ServiceNotFound: there is none
        """
        return cls._get_by_id(context, service_id)

    @classmethod
    @base.remotable
    def get_by_uuid(cls, context: Any, service_uuid: str) -> Any:
        """Return a service by its uuid.

        :raises ServiceNotFound: there is none
        """
        return cls._get_by_uuid(context, service_uuid)

    @classmethod
    @base.remotable
    def get_by_host_and_topic(cls, context: Any, host: str, topic: str) -> Any:
        """Return the enabled service of a topic on a host, or None."""
        return cls._get_by_host_and_topic(context, host, topic)

    @classmethod
    @base.remotable
    def get_by_host_and_binary(
        cls, context: Any, host: str, binary: str
    ) -> Any:
        """Return the service of a binary on a host, or None."""
        return cls._get_by_host_and_binary(context, host, binary)

    @classmethod
    @base.remotable
    def get_by_args(cls, context: Any, host: str, binary: str) -> Any:
        """Return the service of a binary on a host.

        :raises HostBinaryNotFound: there is none
        """
        return cls._get_by_args(context, host, binary)

    @classmethod
    @base.remotable
    def get_by_compute_host(cls, context: Any, host: str) -> Any:
        """Return the nova-compute service of a host.

        :raises ComputeHostNotFound: there is none
        """
        return cls._get_by_compute_host(context, host)

    @classmethod
    @base.remotable
    def get_minimum_version(cls, context: Any, binary: str) -> int:
        """Return the lowest version of a binary, 0 without a service."""
        return cls._get_minimum_version_multi(context, [binary])

    @classmethod
    @base.remotable
    def get_minimum_version_multi(
        cls, context: Any, binaries: list[str]
    ) -> int:
        """Return the lowest version of several binaries."""
        return cls._get_minimum_version_multi(context, binaries)

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
        self._create(self.obj_get_changes())

    @base.remotable
    def save(self) -> None:
        """Write what was changed: a decision, or a beat.

        :raises ServiceNotFound: the record is gone
        """
        self._save(self.obj_get_changes())

    @base.remotable
    def destroy(self) -> None:
        """Delete this service.

        :raises ServiceNotFound: the record is gone
        """
        self._destroy()

    @base.remotable
    def report_state(self) -> None:
        """Say that this service is alive.

        :raises ServiceNotFound: the record is gone
        """
        self._report_state()


@base.Registry.register
class ServiceGroupServiceList(
    behaviour.ServiceListBehaviour,
    rendering.Rendering,
    base.ObjectListBase,  # type: ignore[type-arg] # not yet in 3.6
    base.Object,
):
    """Services with their state, read in a constant number of calls."""

    # Version 1.0: Initial version
    VERSION = '1.0'

    fields: 'MutableMapping[str, ovo_fields.Field[Any]]' = {
        'objects': ovo_fields.ListOfObjectsField('ServiceGroupService'),
    }

    service_class = ServiceGroupService

    @classmethod
    @base.remotable
    def get_all(
        cls,
        context: Any,
        disabled: bool | None = None,
        set_zones: bool = False,
    ) -> Any:
        """Return all services, or all that are disabled or enabled."""
        return cls._list(context, disabled=disabled, set_zones=set_zones)

    @classmethod
    @base.remotable
    def get_by_topic(cls, context: Any, topic: str) -> Any:
        """Return the enabled services of a topic."""
        return cls._list(context, topic=topic, disabled=False)

    @classmethod
    @base.remotable
    def get_by_binary(
        cls,
        context: Any,
        binary: str,
        include_disabled: bool = False,
        set_zones: bool = False,
    ) -> Any:
        """Return the services of a binary, enabled ones unless asked."""
        return cls._list(
            context,
            binary=binary,
            disabled=None if include_disabled else False,
            set_zones=set_zones,
        )

    @classmethod
    @base.remotable
    def get_by_host(
        cls, context: Any, host: str, set_zones: bool = False
    ) -> Any:
        """Return the services of a host."""
        return cls._list(context, host=host, set_zones=set_zones)

    @classmethod
    @base.remotable
    def get_all_computes_by_hv_type(
        cls, context: Any, hv_type: str, include_disabled: bool = False
    ) -> Any:
        """Return the computes with a hypervisor of this type."""
        return cls._get_all_computes_by_hv_type(
            context, hv_type, include_disabled
        )
