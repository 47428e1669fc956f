# SPDX-License-Identifier: Apache-2.0

"""Changes that are made once, however often they are attempted.

The token of a change is inserted by the first statement of its transaction.
Where the answer to a COMMIT is lost, the next attempt finds the token, or
waits for the transaction that still holds it::

    t=0  attempt 1: INSERT token, UPDATE, COMMIT; the answer is lost
    t=1  another operator changes the same record, and is told "done"
    t=2  attempt 2: the token is there: nothing is changed, success

A second process that is sent the same change finds the token likewise.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from oslo_log import log as logging
import sqlalchemy as sa
from sqlalchemy import orm

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import clock
from nova_sg.db import dialects
from nova_sg.db import engine
from nova_sg.db import models

LOG = logging.getLogger(__name__)

T = TypeVar('T')

WRITES = models.writes.c

#: The first characters of a random token after which old ones are deleted:
#: one change in 256 does it, whichever process makes it.
_PRUNING = '00'

#: The action that chooses the uuid of a service.
CREATE = 'create'

#: Old tokens deleted at once: more than are added until the next time.
_PRUNED = 1000


class Write(NamedTuple):
    """A change, as it is noted.

    :param token: names it, and no other
    :param action: what it does: ``create``, ``update``, ...
    :param uuid: the service that it changes, or another name of a thing
    """

    token: str
    action: str
    uuid: str


def make(
    database: engine.Database,
    write: Write,
    work: Callable[[sa.Connection], T],
    again: Callable[[sa.Connection, str], T],
) -> T:
    """Make a change once, and commit it.

    :param write: what to note it by
    :param work: makes the change
    :param again: called instead where the change was made before, with the
        uuid that was noted then; returns what is there now
    :returns: what ``work`` or ``again`` returned
    :raises TokenReused: the token is that of another action
    :raises OutcomeUnknown: the connection was lost at the commit, and the
        database cannot be asked whether it was made

    and what ``Database.write`` raises.
    """

    def once(connection: sa.Connection) -> T:
        made = note(connection, write)
        if made is None:
            return work(connection)
        return again(connection, made.uuid)

    result = database.change(once)
    if prunes(write):
        _prune(database)
    return result


def note(
    connection: sa.Connection | orm.Session, write: Write
) -> Write | None:
    """Note a change as made.

    Must be the first statement: SQLite takes its lock for writing by it.

    :param connection: or a session, in the transaction of the change

    :returns: what was noted under the token before; None where nothing was.
        Of a creation it may have another uuid: each attempt makes one.
    :raises TokenReused: the token is that of another change
    """
    values = {**write._asdict(), 'made_at': clock.utcnow()}
    # An error could not be told from that of a name that is taken.
    insertion = dialects.insert_new(
        _dialect(connection), models.writes
    ).values(values)
    if connection.execute(insertion).rowcount:  # type: ignore[union-attr]
        return None
    made = noted(connection, write.token)
    if made is None:
        raise exception.ServiceGroupUnavailable(
            backend='for changes',
            reason='the token of this change was deleted a moment ago',
        )
    if made.action != write.action or (
        made.uuid != write.uuid and write.action != CREATE
    ):
        raise exception.TokenReused(
            token=write.token,
            made=f'{made.action} {made.uuid}',
            asked=f'{write.action} {write.uuid}',
        )
    return made


def noted(connection: sa.Connection | orm.Session, token: str) -> Write | None:
    """Return the change that was made with a token, None without one."""
    found = connection.execute(
        sa.select(WRITES.token, WRITES.action, WRITES.uuid).where(
            WRITES.token == token
        )
    ).first()
    return None if found is None else Write(*found)


def _dialect(connection: sa.Connection | orm.Session) -> str:
    if isinstance(connection, orm.Session):
        connection = connection.connection()
    return connection.dialect.name


def prunes(write: Write) -> bool:
    """Whether the process that made this change deletes old tokens."""
    return write.token.startswith(_PRUNING)


def old() -> Any:
    """Return a statement that selects tokens which are no longer needed."""
    return (
        sa.select(WRITES.token)
        .where(WRITES.made_at < clock.ago(sg_context.CHANGE_KEPT))
        .limit(_PRUNED)
    )


def deletion(tokens: Sequence[str]) -> Any:
    """Return a statement that deletes tokens."""
    return models.writes.delete().where(WRITES.token.in_(tokens))


def _prune(database: engine.Database) -> None:
    """Delete old tokens.

    The change is committed: a failure is none of it.
    """
    try:
        tokens = database.read(lambda c: c.execute(old()).scalars().all())
        if tokens:
            database.write(lambda c: c.execute(deletion(tokens)))
    except Exception as error:
        LOG.debug('Not deleting old tokens of changes: %s', error)
