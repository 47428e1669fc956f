# SPDX-License-Identifier: Apache-2.0

"""The services of a cell, with what a list shows of them, and no objects."""

from collections.abc import Callable
from collections.abc import Sequence
import datetime
import functools
from typing import Any
from typing import NamedTuple

from nova import objects
from nova.db.main import api as db
from nova.db.main import models
from oslo_utils import timeutils
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import looks
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import zones
from nova_sg.nova_tree.grouped import driver as grouped
from nova_sg.nova_tree.grouped import reader
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record as sg_record


class Shown(NamedTuple):
    """What a list shows of a service.

    :param up: None where that is unknown
    :param updated_at: as the object has it
    :param changed_at: when it last changed or beat
    """

    id: int
    uuid: str
    host: str
    binary: str
    topic: str | None
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    up: bool | None
    updated_at: datetime.datetime | None
    changed_at: datetime.datetime | None


class Cell(NamedTuple):
    """The services of one cell.

    :param zones: the zones of the computes by host, where they were asked for
    :param error: why the last one of those that are unknown is
    """

    services: list[Shown]
    zones: dict[str, str]
    error: exception.ServiceGroupUnavailable | None


class Reading:
    """Reads the services of a cell, and then of others.

    nova's tests expect what is called for each cell to be a method.

    :param driver: the driver of nova's servicegroup API
    :param binary: only services of this binary
    :param set_zones: read their zones, too
    """

    def __init__(
        self,
        driver: Any,
        *,
        binary: str | None = None,
        set_zones: bool = False,
    ) -> None:
        self._driver = driver
        self._binary = binary
        self._set_zones = set_zones

    def read(self, context: Any) -> Cell:
        """Read the services of the cell that a context of nova's leads to."""
        with collector.paused(), looks.not_up() as look:
            services = self._services(context)
            found = (
                zones.of_computes(context, services) if self._set_zones else {}
            )
            return Cell(services, found, look.error)

    def _services(self, context: Any) -> list[Shown]:
        api = owner.get()
        if api is None:
            return _of_novas_table(context, self._driver, self._binary)
        with errors.as_novas():
            owner.check_cell(api, context)
            return _of_owner(api, context, self._driver, self._binary)


def _verdict(ask: Callable[[], bool]) -> bool | None:
    """Return the answer of a driver about one service, None without one."""
    with looks.not_up() as look:
        up = ask()
    if look.error is None:
        return up
    # For the look around this one.
    looks.note(look.error)
    return None


def _of_owner(
    api: Any, context: Any, driver: Any, binary: str | None
) -> list[Shown]:
    records, alive = api.list(cells.Context(context), binary=binary)
    return [
        _shown(context, driver, each, alive.get(each.uuid)) for each in records
    ]


def _shown(
    context: Any,
    driver: Any,
    record: sg_record.Record,
    found: sg_liveness.Liveness | None,
) -> Shown:
    up: bool | None = False
    seen = None
    if found is not None:
        up, seen = found.up, found.last_seen
    if record.forced_down:
        up = False
    elif found is None or (not up and found.unknown is not None):
        # What the list does not tell is asked for, or decided by nova's rule.
        service = objects.Service._from_record(context, record, found)
        up = _verdict(functools.partial(driver.is_up, service))
    updated_at = record.updated_at
    if seen is not None:
        updated_at = member.latest(record.created_at, updated_at, seen)
    changed_at = member.latest(
        record.created_at, updated_at, seen or record.last_seen_up
    )
    return _made(
        (
            record.id,
            record.uuid,
            record.host,
            record.binary,
            record.topic,
            record.disabled,
            record.disabled_reason,
            record.forced_down,
            up,
            updated_at,
            changed_at,
        )
    )


#: Makes a service of all its values, in order. For lists: the constructor
#: takes twice as long.
_made = functools.partial(tuple.__new__, Shown)


# nova's own table

_TABLE = models.Service.__table__

_SELECT = sa.select(
    *(
        _TABLE.c[name]
        for name in (
            *('id', 'uuid', 'host', 'binary', 'topic', 'report_count'),
            *('disabled', 'disabled_reason', 'forced_down'),
            *('last_seen_up', 'created_at', 'updated_at'),
        )
    )
).where(_TABLE.c.deleted == 0)


def _of_novas_table(
    context: Any, driver: Any, binary: str | None
) -> list[Shown]:
    moved.refuse(context)
    if owner.groups_beats():
        found = grouped.noting_outages(_select, context, binary)
        judge = functools.partial(_by_stamp, reader.of(context))
    else:
        found = _select(context, binary)
        judge = functools.partial(_by_clock, *_bounds(driver))
    return [
        _of_row(each, False if each.forced_down else judge(each))
        for each in found
    ]


def _bounds(driver: Any) -> tuple[datetime.datetime, datetime.datetime]:
    """Return between which times a service has beaten that is up."""
    now = timeutils.utcnow()
    reach = datetime.timedelta(seconds=driver.service_down_time)
    return now - reach, now + reach


def _by_clock(
    first: datetime.datetime, last: datetime.datetime, row: Any
) -> bool:
    """Apply nova's rule: a beat, or the creation, is near this clock."""
    return bool(first <= (row.last_seen_up or row.created_at) <= last)


def _by_stamp(mine: reader.Reader, row: Any) -> bool | None:
    return _verdict(lambda: mine.liveness_of(row).up)


@db.pick_context_manager_reader
def _select(context: Any, binary: str | None) -> Sequence[Any]:
    query = _SELECT
    if binary is not None:
        query = query.where(_TABLE.c.binary == binary)
    found: Sequence[Any] = context.session.execute(query).all()
    return found


def _of_row(row: Any, up: bool | None) -> Shown:
    updated_at = row.updated_at
    return _made(
        (
            row.id,
            row.uuid,
            row.host,
            row.binary,
            row.topic,
            bool(row.disabled),
            row.disabled_reason,
            bool(row.forced_down),
            up,
            updated_at,
            updated_at,
        )
    )


def text(moment: datetime.datetime | None) -> str | None:
    """Return a time in UTC as nova's serializer would write it."""
    if moment is None:
        return None
    # Half of what isoformat takes, which asks for the zone.
    return (
        f'{moment.year:04}-{moment.month:02}-{moment.day:02}'
        f'T{moment.hour:02}:{moment.minute:02}:{moment.second:02}'
        f'.{moment.microsecond:06}'
    )
