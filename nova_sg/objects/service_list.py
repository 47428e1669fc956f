# SPDX-License-Identifier: Apache-2.0

"""``ServiceGroupServiceList``: many services, with their state."""

from collections.abc import Iterable
from collections.abc import MutableMapping
from typing import Any
from typing import Self

from oslo_versionedobjects import fields as ovo_fields

from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.objects import base
from nova_sg.objects import behaviour
from nova_sg.objects import rendering
from nova_sg.objects import service
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import liveness


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

    service_class = service.ServiceGroupService

    @classmethod
    def _list(
        cls,
        context: Any,
        *,
        set_zones: bool = False,
        hosts: Iterable[str] | None = None,
        **filters: Any,
    ) -> Self:
        """Read services with their state, in a constant number of calls.

        :param set_zones: fill ``availability_zone`` too
        :param hosts: keep only services on these
        :param filters: ``host``, ``binary``, ``topic``, ``disabled``
        """
        api = servicegroup.get()
        with collector.paused():
            records, alive = api.list(context, **filters)
            if hosts is not None:
                wanted = set(hosts)
                records = [each for each in records if each.host in wanted]
            zone_of = (
                api.inventory.zoning([each.host for each in records])
                if set_zones
                else None
            )
            verdicts, others = liveness.brief(alive)
            verdict_of, made = verdicts.get, cls.service_class
            new, show = made.__new__, made._show
            services = []
            # As _from_record does it, without a call and a set for each.
            for each in records:
                shown = new(made)
                shown._context = context
                show(shown, each, verdict_of(each.uuid, others))
                if zone_of is not None:
                    shown._obj_availability_zone = zone_of(
                        each.host, each.topic
                    )
                services.append(shown)
            # Before the collector goes on, which would look at each of them.
            del records
            return cls._of(context, services)

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
        return cls._list(
            context,
            hosts=servicegroup.get().inventory.hosts_of_type(hv_type),
            binary=inventory_base.COMPUTE_BINARY,
            disabled=None if include_disabled else False,
        )
