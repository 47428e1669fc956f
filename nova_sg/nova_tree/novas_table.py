# SPDX-License-Identifier: Apache-2.0

"""Statements on nova's own table for which nova has no function.

For lists it has some, which map each row to an object. The statements are
executed in the cell that nova's context leads to.
"""

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Unpack

from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import copies
from nova_sg.nova_tree import rows
from nova_sg.servicegroup import record as sg_record

_SERVICES = beats.SERVICES

#: The fields of live records, in order. The columns are those of our table,
#: which is nova's with aware times: a row is a record once it is read. A
#: mapped object of nova's takes ten times as long.
_RECORDS = sa.select(
    *(
        _SERVICES[name]
        if name not in rows.DEFAULTS
        else sa.func.coalesce(_SERVICES[name], rows.DEFAULTS[name])
        for name in sg_record.FIELDS
    )
).where(beats.LIVE)


def listed(
    context: Any, **filters: Unpack[sg_record.Filters]
) -> list[sg_record.Record]:
    """Return live records, in any order, as the database compares names."""
    return _read(
        context,
        *(
            _SERVICES[name] == value
            for name, value in filters.items()
            if value is not None
        ),
    )


def of_hosts(
    context: Any, binary: str, hosts: Iterable[str]
) -> list[sg_record.Record]:
    """Return the records of a binary on some hosts, in any order."""
    return _read(
        context, _SERVICES.binary == binary, _SERVICES.host.in_(hosts)
    )


@db.pick_context_manager_reader
def _read(
    context: Any, *conditions: sa.ColumnElement[bool]
) -> list[sg_record.Record]:
    found = context.session.execute(_RECORDS.where(*conditions))
    return list(map(sg_record.Record.from_row, found))


@db.pick_context_manager_reader
def destroyed(context: Any) -> Sequence[Any]:
    """Return the rows of services that were destroyed."""
    service = models.Service
    query = context.session.query(service).filter(service.deleted != 0)
    found: Sequence[Any] = query.order_by(service.id).all()
    return found


@db.pick_context_manager_writer
def purge(context: Any, uuids: Sequence[str]) -> None:
    """Delete the rows of destroyed services."""
    copies.purge(context.session.connection(), models.Service.__table__, uuids)


@db.pick_context_manager_writer
def insert(context: Any, row: rows.Row) -> None:
    """Insert a row as it is, with its id and times."""
    copies.insert(
        context.session.connection(), models.Service.__table__, dict(row)
    )


@db.pick_context_manager_reader
def same(context: Any, **keys: Any) -> list[Any]:
    """Return rows, live or destroyed, that have one of these keys."""
    query = db.model_query(context, models.Service, read_deleted='yes')
    found: list[Any] = query.filter(
        sa.or_(*(getattr(models.Service, key) == keys[key] for key in keys))
    ).all()
    return found
