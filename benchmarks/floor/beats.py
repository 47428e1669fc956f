# SPDX-License-Identifier: Apache-2.0


"""Bare UPDATEs of what a beat changes."""

from collections.abc import Sequence

import sqlalchemy as sa

from benchmarks import child
from benchmarks.floor import process as floor
from benchmarks.floor import tables
from nova_sg import sequences
from nova_sg.db import clock
from nova_sg.servicegroup import heartbeat

operations = child.Operations()


@operations
def beat(process: floor.Process, number: int) -> child.Work:
    """Update one row after the other, each in a transaction."""
    return _updates(process, number, 1)


@operations
def beats(process: floor.Process, number: int) -> child.Work:
    """Update as many rows in a statement as a heartbeat does."""
    return _updates(process, number, heartbeat.BATCH)


def _updates(process: floor.Process, number: int, size: int) -> child.Work:
    uuids = [
        uuid
        for (uuid,) in process.rows(
            sa.select(tables.services.c.uuid).limit(number)
        )
    ]

    def work() -> child.Facts:
        for batch in sequences.batched(uuids, size):
            _update(process, batch)
        return {'units': len(uuids)}

    return work


def _update(process: floor.Process, uuids: Sequence[str]) -> None:
    statement = (
        tables.services.update()
        .where(tables.services.c.uuid.in_(uuids), tables.LIVE)
        .values(
            last_seen_up=clock.utcnow(),
            report_count=tables.services.c.report_count + 1,
        )
    )
    with process.engine.begin() as connection:
        connection.execute(statement)
