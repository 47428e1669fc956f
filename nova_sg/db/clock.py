# SPDX-License-Identifier: Apache-2.0

"""The database's own clock, in each dialect.

No verdict about a service may depend on the clock of whoever asks, so times
are stamped and aged by SQL expressions that the database evaluates.
"""

import datetime
from typing import Any

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
    row: SQLite evaluates it once per statement.

    :param seconds: an expression or a number of whole seconds
    """

    type = types.UtcDateTime()
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
        f"'-' || ({seconds}) || ' seconds') || '000')"
    )


@compiler.compiles(ago, 'postgresql')
def _ago_postgresql(element: ago, compiler_: Any, **kw: Any) -> str:
    seconds = compiler_.process(element.clauses, **kw)
    return (
        "(clock_timestamp() AT TIME ZONE 'utc' - "
        f'make_interval(secs => {seconds}))'
    )


@compiler.compiles(ago, 'mysql', 'mariadb')
def _ago_mysql(element: ago, compiler_: Any, **kw: Any) -> str:
    seconds = compiler_.process(element.clauses, **kw)
    return f'(UTC_TIMESTAMP() - INTERVAL {seconds} SECOND)'
