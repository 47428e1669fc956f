# SPDX-License-Identifier: Apache-2.0

"""The history in the database, beside the ``services`` table.

Of the ``sql`` backend, and of a nova's own table inside a nova tree.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any
from typing import Protocol
from typing import TypeVar

import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import sequences
from nova_sg.db import transitions
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import entry as entry_

Context = sg_context.RequestContext

T = TypeVar('T')
E = TypeVar('E')

#: A service, and the number of an entry.
Key = tuple[str, int]


class Database(Protocol):
    """What the history asks of a database; see ``engine.Database``."""

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work``, which only reads."""

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in a transaction, and commit it."""


class SqlHistory(base.History):
    """Rows of ``nova_sg_transitions``; times are by the database's clock.

    Two watchers may insert the same entry: the primary key lets one of them.
    To insert it again after a lost answer does no harm either.

    :param database_of: returns where the services are that a call is for
    :param limits: how much is kept
    :param fence: called with the connection in a transaction that has written
        entries; it refuses them where the deployment has moved
    """

    def __init__(
        self,
        database_of: Callable[[Context], Database],
        limits: base.Limits,
        fence: Callable[[sa.Connection], None],
    ) -> None:
        super().__init__(limits)
        self._database_of = database_of
        self._fence = fence

    def of(
        self, context: Context, question: base.Question
    ) -> Sequence[entry_.Entry]:
        statement = transitions.matching(*question)
        rows = self._database_of(context).read(
            lambda c: c.execute(statement).all()
        )
        return entry_.in_order(_entry(each) for each in rows)

    def last(
        self, context: Context, uuids: Collection[str]
    ) -> Mapping[str, entry_.Entry]:
        return self._database_of(context).read(lambda c: _newest(c, uuids))

    def record(
        self, context: Context, entries: Sequence[entry_.Entry]
    ) -> Mapping[str, entry_.Entry]:
        database = self._database_of(context)
        now = database.read(lambda c: c.scalar(transitions.now()))
        # In the same order always, so that two watchers do not deadlock.
        for part in _parts(sorted(entries)):
            self._record(database, part, now)
        return self.last(context, [each.uuid for each in entries])

    def prune(self, context: Context, registered: Collection[str]) -> int:
        database = self._database_of(context)
        days = self.limits.days
        deleted = 0
        statement = transitions.superseded(days)
        while rows := database.read(lambda c: _keys(c, statement)):
            _delete(database, rows)
            deleted += len(rows)
        rows = database.read(lambda c: _keys(c, transitions.last_ones(days)))
        ended = [row for row in rows if row[0] not in registered]
        for part in _parts(ended):
            _delete(database, part)
        return deleted + len(ended)

    def _record(
        self,
        database: Database,
        entries: Sequence[entry_.Entry],
        now: datetime.datetime,
    ) -> None:
        rows = [_row(each, now) for each in entries]
        full = [
            {'of_uuid': each.uuid, 'up_to': up_to}
            for each in entries
            if (up_to := each.sequence - self.limits.entries) > 0
        ]

        def work(connection: sa.Connection) -> None:
            statement = transitions.insertion(connection.dialect.name)
            connection.execute(statement, rows)
            self._fence(connection)
            if full:
                connection.execute(transitions.overflow(), full)

        database.write(work)


def _keys(connection: sa.Connection, statement: Any) -> list[Key]:
    """Return the keys of rows, in the order in which all delete them."""
    return sorted(tuple(row) for row in connection.execute(statement))


def _delete(database: Database, rows: Sequence[Key]) -> None:
    values = [{'of_uuid': uuid, 'number': number} for uuid, number in rows]
    database.write(lambda c: c.execute(transitions.deletion(), values))


def _newest(
    connection: sa.Connection, uuids: Collection[str]
) -> dict[str, entry_.Entry]:
    return {
        row.uuid: _entry(row)
        for part in _parts(sorted(uuids))
        for row in connection.execute(transitions.newest(part))
    }


def _parts(values: Sequence[E]) -> Iterator[Sequence[E]]:
    return sequences.batched(values, transitions.PART)


def _row(entry: entry_.Entry, now: datetime.datetime) -> dict[str, Any]:
    return {**entry_.dump(entry), 'time': now}


def _entry(row: Any) -> entry_.Entry:
    found = entry_.load({**row._asdict(), 'time': None})
    return found._replace(time=row.time)
