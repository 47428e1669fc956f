# SPDX-License-Identifier: Apache-2.0

"""The statements of heartbeats in the ``services`` table.

One UPDATE writes the beats of many services. It touches neither what an
operator decides nor ``updated_at``, and the database's clock stamps it.
:mod:`nova_sg.servicegroup.backends.sql` and the grouped beats inside a nova
execute the same statements.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nova_sg import sequences
from nova_sg.db import clock
from nova_sg.db import models

SERVICES = models.services.c

#: The condition that a service was not destroyed.
LIVE = SERVICES.deleted == 0

#: Seconds a row is aged by when its service leaves: more than any service
#: down time, less than what would hide when it was.
A_DAY = 86400

#: Rows per statement: far below what any database limits, and short enough
#: not to hold row locks for long.
BATCH = 500


def batches(uuids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut uuids into what one statement takes."""
    return sequences.batched(uuids, BATCH)


def seen_within(seconds: int) -> sa.ColumnElement[bool]:
    """Return the condition that a service was seen lately.

    A service that was never seen counts from its creation. This is nova's
    rule: a service is not down before its first beat. A stamp in the future
    counts for as long as one in the past, since a nova that runs beside
    nova_sg stamps by its host's clock, which may be a little ahead. A stamp
    that is far ahead is no beat of now.

    :param seconds: whole seconds, by the database's clock
    """
    seen = sa.func.coalesce(SERVICES.last_seen_up, SERVICES.created_at)
    return seen.between(clock.ago(seconds), clock.ago(-seconds))


def beat(
    uuids: Sequence[str] | sa.BindParameter[Any], age: int = 0
) -> sa.Update:
    """Return the UPDATE that beats once for services.

    :param uuids: sorted, so that two statements do not deadlock
    :param age: whole seconds since the heartbeats were received; a newer
        stamp of another worker stays
    """
    seen: sa.ColumnElement[Any] = clock.utcnow()
    if age:
        seen = sa.case(
            (
                SERVICES.last_seen_up.between(clock.ago(age), clock.utcnow()),
                SERVICES.last_seen_up,
            ),
            else_=clock.ago(age),
        )
    return (
        models.services.update()
        .where(SERVICES.uuid.in_(uuids), LIVE)
        .values(
            last_seen_up=seen,
            report_count=SERVICES.report_count + 1,
            updated_at=SERVICES.updated_at,
        )
    )


def live(uuids: Sequence[str]) -> sa.Select[Any]:
    """Return the SELECT of those uuids that have a live row."""
    return sa.select(SERVICES.uuid).where(SERVICES.uuid.in_(uuids), LIVE)


def age(condition: sa.ColumnElement[bool]) -> sa.Update:
    """Return the UPDATE that makes a service down at once.

    :param condition: on the row that is aged
    """
    return (
        models.services.update()
        .where(condition, LIVE)
        .values(last_seen_up=clock.ago(A_DAY), updated_at=SERVICES.updated_at)
    )


#: The parameter of a statement about some services: their uuids, sorted.
SOME = sa.bindparam('uuids', expanding=True)

#: Beats once for them. To build a statement costs as much as to execute it.
BEAT = beat(SOME)
