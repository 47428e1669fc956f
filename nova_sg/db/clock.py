# SPDX-License-Identifier: Apache-2.0

"""The database's own clock, in each dialect.

No verdict about a service may depend on the clock of the reader's host. So
the database stamps and ages times, by SQL expressions.
"""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext import compiler
from sqlalchemy.sql import expression

from nova_sg.db import types


class utcnow(expression.FunctionElement[datetime.datetime]):  # noqa: N801
    """The database's time now, in UTC."""

    type = types.UtcDateTime()
    inherit_cache = True


class ago(expression.FunctionElement[datetime.datetime]):  # noqa: N801
    """The database's time some seconds ago, in UTC.

    To compare a column with it costs less than to compute an age in each
    row: it is evaluated once per statement.

    :param seconds: an expression or a number of whole seconds; less than
        zero for a time to come
    """

    type = types.UtcDateTime()
    inherit_cache = True


class epoch(expression.FunctionElement[float]):  # noqa: N801
    """The database's time now, as a plain number: seconds since 1970.

    The same in each row of a result, where the database has such a time; to
    the second, where it has no other that is as cheap.
    """

    # No conversion: a list has it in each row.
    type = sa.types.NULLTYPE
    inherit_cache = True


@compiler.compiles(utcnow, 'sqlite')
def _utcnow_sqlite(element: utcnow, _compiler: Any, **_kw: Any) -> str:
    # CURRENT_TIMESTAMP is whole seconds; six digits are SQLAlchemy's format.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiler.compiles(utcnow, 'postgresql')
def _utcnow_postgresql(element: utcnow, _compiler: Any, **_kw: Any) -> str:
    # now() would be the start of the transaction.
    return "(clock_timestamp() AT TIME ZONE 'utc')"


@compiler.compiles(utcnow, 'mysql', 'mariadb')
def _utcnow_mysql(element: utcnow, _compiler: Any, **_kw: Any) -> str:
    # Whole seconds, as the column has them: rounding up would be a future.
    return 'UTC_TIMESTAMP()'


@compiler.compiles(ago, 'sqlite')
def _ago_sqlite(element: ago, compiler_: Any, **kw: Any) -> str:
    seconds = compiler_.process(element.clauses, **kw)
    return (
        "(strftime('%Y-%m-%d %H:%M:%f', 'now', "
        f"(-({seconds})) || ' seconds') || '000')"
    )


@compiler.compiles(ago, 'postgresql')
def _ago_postgresql(element: ago, compiler_: Any, **kw: Any) -> str:
    seconds = compiler_.process(element.clauses, **kw)
    # A query of its own is evaluated once, and not for each row.
    return (
        "(SELECT clock_timestamp() AT TIME ZONE 'utc' - "
        f'make_interval(secs => {seconds}))'
    )


@compiler.compiles(ago, 'mysql', 'mariadb')
def _ago_mysql(element: ago, compiler_: Any, **kw: Any) -> str:
    seconds = compiler_.process(element.clauses, **kw)
    return f'(UTC_TIMESTAMP() - INTERVAL {seconds} SECOND)'


@compiler.compiles(epoch, 'sqlite')
def _epoch_sqlite(element: epoch, _compiler: Any, **_kw: Any) -> str:
    return "(SELECT (julianday('now') - 2440587.5) * 86400.0)"


@compiler.compiles(epoch, 'postgresql')
def _epoch_postgresql(element: epoch, _compiler: Any, **_kw: Any) -> str:
    # A query of its own is evaluated once: a microsecond in each row would
    # be a third of all that a list costs.
    return '(SELECT CAST(extract(epoch FROM statement_timestamp()) AS float8))'


@compiler.compiles(epoch, 'mysql', 'mariadb')
def _epoch_mysql(element: epoch, _compiler: Any, **_kw: Any) -> str:
    return 'UNIX_TIMESTAMP()'


class text(expression.FunctionElement[str]):  # noqa: N801
    """A time as text, of which ``types.moment`` makes the time again.

    For lists: to make a time of a text in Python takes less than what the
    drivers do, each in its own way, and the zone is given at once.

    :param column: a time
    """

    type = sa.types.NULLTYPE
    inherit_cache = True


@compiler.compiles(text, 'sqlite')
def _text_sqlite(element: text, compiler_: Any, **kw: Any) -> str:
    # It keeps text, as SQLAlchemy wrote it.
    return str(compiler_.process(element.clauses, **kw))


@compiler.compiles(text, 'postgresql')
def _text_postgresql(element: text, compiler_: Any, **kw: Any) -> str:
    return f'CAST({compiler_.process(element.clauses, **kw)} AS text)'


@compiler.compiles(text, 'mysql', 'mariadb')
def _text_mysql(element: text, compiler_: Any, **kw: Any) -> str:
    return f'CAST({compiler_.process(element.clauses, **kw)} AS char)'


class changed(expression.FunctionElement[str]):  # noqa: N801
    """When a service last changed or beat, as text.

    The newest of ``created_at``, ``updated_at`` and ``last_seen_up``; NULL
    where it neither changed nor beat. See ``servicegroup.member.latest``.

    :param created_at: a column
    :param updated_at: a column
    :param last_seen_up: a column
    """

    type = sa.types.NULLTYPE
    inherit_cache = True


def _newest(element: changed, function: str, compiler_: Any, kw: Any) -> str:
    # Of what is NULL, one of the others takes the place: in most databases
    # the newest of several is NULL where one of them is.
    created, updated, seen = (
        compiler_.process(each, **kw) for each in element.clauses
    )
    return (
        f'{function}(coalesce({seen}, {updated}), '
        f'coalesce({updated}, {seen}), '
        f'coalesce({created}, {seen}, {updated}))'
    )


@compiler.compiles(changed, 'sqlite')
def _changed_sqlite(element: changed, compiler_: Any, **kw: Any) -> str:
    newest = _newest(element, 'max', compiler_, kw)
    # It keeps text, as SQLAlchemy wrote it.
    return f"replace({newest}, ' ', 'T')"


@compiler.compiles(changed, 'postgresql')
def _changed_postgresql(element: changed, compiler_: Any, **kw: Any) -> str:
    newest = _newest(element, 'greatest', compiler_, kw)
    return f'to_char({newest}, \'YYYY-MM-DD"T"HH24:MI:SS.US\')'


@compiler.compiles(changed, 'mysql', 'mariadb')
def _changed_mysql(element: changed, compiler_: Any, **kw: Any) -> str:
    newest = _newest(element, 'greatest', compiler_, kw)
    # Doubled, since the drivers put parameters where a percent sign is.
    return f"date_format({newest}, '%%Y-%%m-%%dT%%H:%%i:%%s.%%f')"
