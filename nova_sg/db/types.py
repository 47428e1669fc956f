# SPDX-License-Identifier: Apache-2.0

"""Column types that are the same on every database."""

from collections.abc import Callable
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.dialects import mysql

#: Makes a time of a text, and :data:`UTC` is what a text of UTC ends with.
from_text = datetime.datetime.fromisoformat
UTC = '+00:00'


class UtcDateTime(types.TypeDecorator[datetime.datetime]):
    """A DATETIME column of nova's: naive UTC in the row, aware UTC outside.

    The zone is given once, where the value leaves the driver: doing it again
    for each object costs as much as building the object.
    """

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: sa.Dialect
    ) -> datetime.datetime | None:
        if value is None or value.tzinfo is None:
            return value
        return value.astimezone(datetime.UTC).replace(tzinfo=None)

    def result_processor(
        self, dialect: sa.Dialect, coltype: object
    ) -> Callable[[Any], datetime.datetime | None]:
        if dialect.name == 'sqlite':
            return _parse_utc
        return _stamp_utc


def _parse_utc(value: str | None) -> datetime.datetime | None:
    # SQLite keeps text; giving the zone while parsing costs nothing more.
    if value is None:
        return None
    return moment(value)


def _stamp_utc(value: datetime.datetime | None) -> datetime.datetime | None:
    if value is None:
        return None
    # replace() takes many times as long.
    return datetime.datetime.combine(value.date(), value.time(), datetime.UTC)


def moment(text: str) -> datetime.datetime:
    """Return the time that a database tells as text, see ``clock.text``."""
    return from_text(text + UTC)


#: Text of any length: MEDIUMTEXT in MySQL and MariaDB, as in nova.
MediumText = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
