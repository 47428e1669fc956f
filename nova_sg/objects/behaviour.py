# SPDX-License-Identifier: Apache-2.0

"""How service objects are made of records, ours and those in a nova tree.

oslo merges fields and remotable methods over the bases of a class, and a
subclass cannot take them away again. So the mixins here have neither.
"""

from collections.abc import Iterator
from typing import Any
from typing import Self

from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import record as sg_record


class ServiceBehaviour:
    """How one service is made of a record."""

    # Declared by oslo's base class.
    _context: Any
    _changed_fields: set[str]
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
            up, seen, _known_at, _members, unknown = liveness
            forced_down = self._obj_forced_down
            if up or unknown is None or forced_down:
                self._obj_is_up = up and not forced_down
            if seen is not None:
                self._obj_last_seen_up = seen


class ServiceListBehaviour:
    """How a list is made of services."""

    # Declared by oslo's base class, which also takes the context.
    objects: list[Any]

    def __iter__(self) -> Iterator[Any]:
        """Go through the services, in a fifth of the time of oslo's list."""
        return iter(self.objects)

    @classmethod
    def _of(cls, context: Any, services: list[Any]) -> Self:
        """Build a list object of elements that are known to be services."""
        made = cls(context)  # type: ignore[call-arg]
        # The list coerces each element that is added in the usual way.
        list.extend(made.objects, services)
        return made
