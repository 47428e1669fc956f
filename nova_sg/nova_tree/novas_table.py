# SPDX-License-Identifier: Apache-2.0

"""Statements on nova's own table for which nova has no function.

They are executed in the cell that nova's context leads to.
"""

from collections.abc import Sequence
from typing import Any

from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa

from nova_sg.db import copies
from nova_sg.nova_tree import rows
from nova_sg.servicegroup import record as sg_record


@db.pick_context_manager_reader
def of_hosts(context: Any, binary: str, hosts: Sequence[str]) -> Sequence[Any]:
    """Return the columns of rows: a mapped object takes five times as long."""
    table = models.Service.__table__
    found: Sequence[Any] = context.session.execute(
        sa.select(*(table.c[name] for name in sg_record.FIELDS)).where(
            table.c.deleted == 0,
            table.c.binary == binary,
            table.c.host.in_(hosts),
        )
    ).all()
    return found


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
