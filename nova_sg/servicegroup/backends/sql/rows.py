# SPDX-License-Identifier: Apache-2.0

"""The rows of ``services``, as records."""

from typing import Any

import sqlalchemy as sa

from nova_sg.db import models
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


def listing(
    *extra: sa.ColumnElement[Any],
    host: str | None = None,
    binary: str | None = None,
    topic: str | None = None,
    disabled: bool | None = None,
) -> sa.Select[Any]:
    """Return the statement that lists live records, filtered, by id.

    :param extra: columns selected before those of the record
    """
    statement = sa.select(*extra, *COLUMNS).where(LIVE).order_by(SERVICES.id)
    if host is not None:
        statement = statement.where(SERVICES.host == host)
    if binary is not None:
        statement = statement.where(SERVICES.binary == binary)
    if topic is not None:
        statement = statement.where(SERVICES.topic == topic)
    if disabled is not None:
        flag = sa.func.coalesce(SERVICES.disabled, sa.false())
        statement = statement.where(flag == disabled)
    return statement
