# SPDX-License-Identifier: Apache-2.0

"""What a service object does, whatever its name, fields and version are.

oslo merges fields and remotable methods over the bases of a class, and a
subclass cannot take them away again. So the mixins here have neither: a leaf
class declares its fields and its remotable methods, and each of those calls
the method of the same name with an underscore.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
from typing import Any
from typing import Self

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record as sg_record

#: Fields which show something else than the record; they are never written.
VIEW_FIELDS = frozenset({'is_up', 'availability_zone'})


class ServiceBehaviour:
    """What one service does."""

    # Declared by oslo's base class, or by the fields of a leaf.
    uuid: str
    version: int
    host: str | None
    topic: str | None
    forced_down: bool
    last_seen_up: datetime.datetime | None
    created_at: datetime.datetime | None
    updated_at: datetime.datetime | None
    _context: Any
    _changed_fields: set[str]
    # Declared by the leaves that have it.
    is_up: bool
    # Where oslo keeps the value of a field.
    _obj_availability_zone: str
    _obj_is_up: bool

    @classmethod
    def _from_record(
        cls,
        context: Any,
        record: sg_record.Record,
        liveness: sg_liveness.Liveness | None = None,
        zone: str | None = None,
    ) -> Self:
        """Build an object from what a store returned.

        A record is typed already, so its values are put where the fields'
        setters would put them after coercion. That costs a tenth.

        :param liveness: fills ``is_up`` where it tells; None leaves it to be
            loaded
        :param zone: fills ``availability_zone``; None leaves it to be loaded
        """
        made = cls.__new__(cls)
        made._context = context
        made._changed_fields = set()
        made._show(record, liveness)
        if zone is not None:
            made._obj_availability_zone = zone
        return made

    def _take(
        self,
        record: sg_record.Record,
        liveness: sg_liveness.Liveness | None = None,
    ) -> None:
        """Show the state of a record, with no change pending."""
        self.__dict__.pop('_obj_is_up', None)
        self._show(record, liveness)
        self._changed_fields.clear()

    def _show(
        self,
        record: sg_record.Record,
        liveness: sg_liveness.Liveness | None,
    ) -> None:
        """Set the fields, and leave all else as it is."""
        # Fields in order, as attributes: as long as no code reads __dict__,
        # Python makes none, which halves the time of this and of reading.
        (
            self._obj_id,
            self._obj_uuid,
            self._obj_host,
            self._obj_binary,
            self._obj_topic,
            self._obj_report_count,
            self._obj_disabled,
            self._obj_disabled_reason,
            self._obj_forced_down,
            self._obj_version,
            self._obj_last_seen_up,
            self._obj_created_at,
            self._obj_updated_at,
            self._obj_deleted_at,
            deleted,
        ) = record
        self._obj_deleted = deleted != 0
        if liveness is not None:
            up = liveness.up
            if up or liveness.unknown is None or record.forced_down:
                self._obj_is_up = up and not record.forced_down
            if liveness.last_seen is not None:
                self._obj_last_seen_up = liveness.last_seen

    @property
    def state(self) -> str:
        """``up``, ``down``, or ``unknown``, as far as this object knows.

        It never asks the backend: a list fills in the state of every service
        that its reader knows, and the rest is unknown.
        """
        try:
            return sg_liveness.UP if self._obj_is_up else sg_liveness.DOWN
        except AttributeError:
            return sg_liveness.UNKNOWN

    def load_state(self) -> str:
        """Return :attr:`state`, and ask for it where it is not known yet."""
        if self.state == sg_liveness.UNKNOWN:
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                _ = self.is_up
        return self.state

    @property
    def seen_or_changed_at(self) -> datetime.datetime | None:
        """When it last beat or was changed: ``updated_at`` in REST.

        As far as this object knows; one out of a list knows the last beat.
        """
        return sg_member.latest(
            self.created_at, self.updated_at, self.last_seen_up
        )

    def _load(self, name: str) -> None:
        """Fill a field that was left to be loaded."""
        if self._context is None:
            raise exception.ObjectActionError(
                action='obj_load_attr', reason='the object has no context'
            )
        if name not in VIEW_FIELDS:
            raise exception.ObjectActionError(
                action='obj_load_attr',
                reason=f'attribute {name} not lazy-loadable',
            )
        api = servicegroup.get()
        if name == 'is_up':
            self._obj_is_up = api.service_is_up(self)
        else:
            self._obj_availability_zone = api.inventory.zone_of(
                self.host or '', self.topic
            )

    @classmethod
    def _get_by_id(cls, context: Any, service_id: int) -> Self:
        record = servicegroup.get().get_by_id(context, service_id)
        return cls._from_record(context, record)

    @classmethod
    def _get_by_uuid(cls, context: Any, service_uuid: str) -> Self:
        record = servicegroup.get().get_by_uuid(context, service_uuid)
        return cls._from_record(context, record)

    @classmethod
    def _get_by_host_and_topic(
        cls, context: Any, host: str, topic: str
    ) -> Self | None:
        record = servicegroup.get().get_by_host_and_topic(context, host, topic)
        return None if record is None else cls._from_record(context, record)

    @classmethod
    def _get_by_host_and_binary(
        cls, context: Any, host: str, binary: str
    ) -> Self | None:
        record = servicegroup.get().get_by_host_and_binary(
            context, host, binary
        )
        return None if record is None else cls._from_record(context, record)

    @classmethod
    def _get_by_args(cls, context: Any, host: str, binary: str) -> Self:
        found = cls._get_by_host_and_binary(context, host, binary)
        if found is None:
            raise exception.HostBinaryNotFound(host=host, binary=binary)
        return found

    @classmethod
    def _get_by_compute_host(cls, context: Any, host: str) -> Self:
        found = cls._get_by_host_and_binary(
            context, host, inventory_base.COMPUTE_BINARY
        )
        if found is None:
            raise exception.ComputeHostNotFound(host=host)
        return found

    @classmethod
    def _get_minimum_version_multi(
        cls, context: Any, binaries: Sequence[str]
    ) -> int:
        return servicegroup.get().minimum_version(context, binaries)

    def _create(self, values: Mapping[str, Any]) -> None:
        if not (values.get('host') and values.get('binary')):
            raise exception.InvalidInput(
                reason='a service needs a host and a binary'
            )
        record = servicegroup.get().create(
            self._context, _without_views(values)
        )
        self._take(record)

    def _save(self, changes: Mapping[str, Any]) -> None:
        """Write pending changes: to the record, or as a beat.

        A change of ``report_count`` is a beat (nova's services report that
        way), and a beat never writes a record. ``version`` travels with it
        in nova and is written where it differs from the record's: it says
        what was started, and the deployment's minimum stands on it.
        """
        changes = _without_views(changes)
        beats = 'report_count' in changes
        changes.pop('report_count', None)
        api = servicegroup.get()
        if set(changes) == {'version'}:
            # Where there is none any more the update tells, which knows
            # whether it was made before.
            with contextlib.suppress(exception.ServiceNotFound):
                record = api.get_by_uuid(self._context, self.uuid)
                if record.version == self.version:
                    changes = {}
        if changes:
            state_shown = '_obj_is_up' in self.__dict__
            self._take(api.update(self._context, self.uuid, changes))
            if state_shown and 'forced_down' in changes:
                # A caller over RPC would go on showing what it was before.
                with contextlib.suppress(exception.ServiceGroupUnavailable):
                    self._load('is_up')
        if beats:
            self._report_state()
        self._changed_fields.clear()

    def _destroy(self) -> None:
        servicegroup.get().destroy(self._context, self.uuid)

    def _report_state(self) -> None:
        servicegroup.get().report_state(self._context, self.uuid)


class ServiceListBehaviour:
    """What a list of services does."""

    #: The class of the elements, given by a leaf.
    service_class: type[ServiceBehaviour]

    # Declared by oslo's base class, which also takes the context.
    objects: list[Any]

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
            make = cls.service_class._from_record
            services = [
                make(
                    context,
                    each,
                    alive.get(each.uuid),
                    None
                    if zone_of is None
                    else zone_of(each.host, each.topic),
                )
                for each in records
            ]
            return cls._of(context, services)

    @classmethod
    def _of(cls, context: Any, services: list[Any]) -> Self:
        """Build a list object of elements that are known to be services."""
        made = cls(context)  # type: ignore[call-arg]
        # The list coerces each element that is added in the usual way.
        list.extend(made.objects, services)
        return made

    @classmethod
    def _get_all_computes_by_hv_type(
        cls, context: Any, hv_type: str, include_disabled: bool
    ) -> Self:
        return cls._list(
            context,
            hosts=servicegroup.get().inventory.hosts_of_type(hv_type),
            binary=inventory_base.COMPUTE_BINARY,
            disabled=None if include_disabled else False,
        )


def _without_views(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k not in VIEW_FIELDS}
