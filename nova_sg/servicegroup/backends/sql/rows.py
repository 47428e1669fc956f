# SPDX-License-Identifier: Apache-2.0

"""The rows of ``services``, as records."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
from typing import Any
from typing import Unpack

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models
from nova_sg.db import refusals
from nova_sg.servicegroup import record

SERVICES = models.services.c
LIVE = SERVICES.deleted == 0

#: What nova's older rows leave NULL.
_DEFAULTS = {
    'disabled': sa.false(),
    'forced_down': sa.false(),
    'version': sa.literal_column('0', sa.Integer),
}

#: The columns of a record, in the order of its fields.
COLUMNS = [
    sa.func.coalesce(SERVICES[name], _DEFAULTS[name]).label(name)
    if name in _DEFAULTS
    else SERVICES[name]
    for name in record.FIELDS
]


#: All records, also those of destroyed services.
ALL = sa.select(*COLUMNS)


def first(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> record.Record | None:
    """Return a record that meets conditions, None without one."""
    row = connection.execute(ALL.where(*conditions).limit(1)).first()
    return None if row is None else record.Record.from_row(row)


class Listing:
    """The statements that list live records by id, one for each filter.

    To build a statement costs more than to execute it for one host: each is
    built once.

    :param extra: columns selected before those of the record
    :param columns: instead of those of the record
    :param limit: the number of rows at most; None for all
    """

    def __init__(
        self,
        *extra: sa.ColumnElement[Any],
        columns: Iterable[sa.ColumnElement[Any]] = (),
        limit: int | None = None,
    ) -> None:
        self._all = (
            sa.select(*extra, *(columns or COLUMNS))
            .where(LIVE)
            .order_by(SERVICES.id)
            .limit(limit)
        )
        self._filtered: dict[tuple[str, ...], sa.Select[Any]] = {}

    def execute(
        self, connection: sa.Connection, **filters: Unpack[record.Filters]
    ) -> sa.CursorResult[Any]:
        """Execute the statement of a filter."""
        given = {k: v for k, v in filters.items() if v is not None}
        names = tuple(given)
        statement = self._filtered.get(names)
        if statement is None:
            statement = self._all.where(*conditions(names))
            self._filtered[names] = statement
        return connection.execute(statement, given)


def fetched(
    result: sa.CursorResult[Any], size: int
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield rows as the driver of the database has them, part by part.

    A row of SQLAlchemy's, and a type that looks at each value, take as long as
    all else that a long list does.

    :raises DBConnectionError: they could not be read to the end
    :raises RecordUnreadable: the driver cannot make out a value of a row,
        whenever it is asked
    """
    cursor: Any = result.cursor
    dbapi = result.dialect.loaded_dbapi
    with contextlib.closing(result):
        try:
            while rows := cursor.fetchmany(size):
                yield rows
        except (dbapi.Error, ValueError, OverflowError) as error:
            if refusals.cannot_read(error, dbapi):
                raise exception.RecordUnreadable(
                    where=f'a row of {models.services.name}',
                    reason=refusals.reason_of(error),
                ) from error
            raise db_exc.DBConnectionError(error) from error


#: What records are filtered by.
_FILTERED: dict[str, sa.ColumnElement[Any]] = {
    'host': SERVICES.host,
    'binary': SERVICES.binary,
    'topic': SERVICES.topic,
    'disabled': sa.func.coalesce(SERVICES.disabled, sa.false()),
}


def conditions(names: Iterable[str]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a filter, with parameters of these names."""
    return [_FILTERED[name] == sa.bindparam(name) for name in names]
