# SPDX-License-Identifier: Apache-2.0

"""Writing what may collide with the names of another record."""

from collections.abc import Callable
from collections.abc import Mapping
import time
from typing import Any
from typing import TypeVar

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.servicegroup.backends.sql.rows import LIVE
from nova_sg.servicegroup.backends.sql.rows import SERVICES

#: How often a taken name is tried, where no record is found to have it.
_TRIES = 5

#: Seconds between two such tries.
_PAUSE = 0.05

T = TypeVar('T')


class Names:
    """Tells which of its names a record collides with.

    :param database: where the records are
    """

    def __init__(self, database: engine.Database) -> None:
        self._database = database

    def run(
        self, attempt: Callable[[], T], row: Callable[[], Mapping[str, Any]]
    ) -> T:
        """Do what may collide with the names of another record.

        :param attempt: done again where the others are gone by then
        :param row: returns the row that collides, as it would be
        :raises ServiceBinaryExists, ServiceTopicExists: it collides
        """
        names: Mapping[str, Any] = {}
        for _attempt in range(_TRIES):
            try:
                return attempt()
            except db_exc.DBDuplicateEntry as error:
                names = row()
                taken = self._taken(names)
                if taken is not None:
                    raise taken from error
            time.sleep(_PAUSE)
        # Others come and go, or the database calls equal what we do not.
        raise exception.ServiceBinaryExists(
            host=names['host'], binary=names['binary']
        )

    def _taken(self, row: Mapping[str, Any]) -> exception.Conflict | None:
        """Tell which of its names a row collided with.

        Databases name the key in different ways, and by the wrong one where
        both collide; asking again is the same everywhere.

        :returns: None where the names are free by now
        """
        host, binary, topic = row['host'], row['binary'], row.get('topic')
        same = SERVICES.binary == binary
        names = (
            same if topic is None else sa.or_(same, SERVICES.topic == topic)
        )
        # A row that a nova before 16 has left may have no uuid.
        another = sa.or_(SERVICES.uuid.is_(None), SERVICES.uuid != row['uuid'])
        others = sa.select(same).where(
            LIVE, SERVICES.host == host, names, another
        )
        found = self._database.read(
            lambda c: c.execute(others).scalars().all()
        )
        if any(found):
            return exception.ServiceBinaryExists(host=host, binary=binary)
        if found:
            return exception.ServiceTopicExists(host=host, topic=topic)
        return None
