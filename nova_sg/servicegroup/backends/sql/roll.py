# SPDX-License-Identifier: Apache-2.0

"""The verdicts about all services: they are up, but for these.

A scheduler has listed 100,000 services, and asks for each of them a moment
later. Nearly all are up::

    t=0    a list: 100,000 rows, the sum of their ids, the highest id
    t=1.5  one statement: how many rows there are, their sum, their highest;
           and those that are not up, three rows
    t=1.5+ the numbers are the same: all that were listed are up, but for three

The numbers are a *roll*. A service that was created meanwhile, or destroyed,
changes them, and then the verdicts of all are read, which is a roll again. To
return to what it was, ids would have to be given anew.

So a list of enabled services is no roll: an operator who enables services 2
and 3, and disables 1 and 4, changes none of the numbers.
"""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Mapping
import time
from typing import Any
from typing import NamedTuple

import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.sql import rows as sql_rows

SERVICES = sql_rows.SERVICES


class Roll(NamedTuple):
    """Services that were read at one moment.

    :param filters: by what they were chosen: ``binary`` at most
    :param services: their uuids
    :param size: how many there are
    :param total: the sum of their ids
    :param highest: the highest of their ids; 0 without any
    """

    filters: Mapping[str, Any]
    services: Container[str]
    size: int
    total: int
    highest: int

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self.size, self.total, self.highest


class RollCall:
    """Asks which services of a roll are not up.

    :param database: where they are
    :param down_time: ``[servicegroup] service_down_time``, in seconds
    :param note_clock: is told the database's time, and when it was asked for
    """

    def __init__(
        self,
        database: engine.Database,
        down_time: int,
        note_clock: Callable[[float, float], None],
    ) -> None:
        self._database = database
        self._note_clock = note_clock
        seen = beats.seen_within(down_time)
        self._all = sa.select(
            SERVICES.id,
            SERVICES.uuid,
            seen,
            SERVICES.last_seen_up,
            clock.epoch(),
        ).where(sql_rows.LIVE)
        # Where both times are NULL, so is the condition: not up.
        self._not_up = sa.func.coalesce(seen, sa.false()) == sa.false()
        self._statements: dict[tuple[str, ...], sa.Select[Any]] = {}
        self._roll: Roll | None = None

    def note(self, roll: Roll) -> None:
        """Take in what a list has read."""
        self._roll = roll

    def all_but(self, uuid: str) -> liveness.AllBut:
        """Return the verdicts about all services; see ``Membership``.

        :param uuid: a service it should speak of
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        roll = self._roll
        if roll is not None and uuid in roll.services:
            found = self._call(roll)
            if found is not None:
                return found
        return self._read()

    def _call(self, roll: Roll) -> liveness.AllBut | None:
        """Ask for those that are not up; None where the roll is another."""
        names = tuple(roll.filters)
        statement = self._statements.get(names)
        if statement is None:
            statement = self._statements[names] = self._calling(names)
        known_at = time.monotonic()
        found = self._database.read(
            lambda c: c.execute(statement, roll.filters).all()
        )
        size, total, highest, now, *_service = found[0]
        self._note_clock(now, known_at)
        if (size, int(total), highest) != roll.numbers:
            return None
        # A row of an old nova may have no uuid, and without any that is not
        # up there is one row, with none.
        but = {
            uuid: liveness.Liveness(False, last_seen, known_at)
            for *_numbers, uuid, last_seen in found
            if uuid is not None
        }
        return liveness.AllBut(roll.services, but, known_at)

    def _calling(self, names: tuple[str, ...]) -> sa.Select[Any]:
        """Return a statement with the numbers of a roll in each row."""
        among = sa.and_(sql_rows.LIVE, *sql_rows.conditions(names))
        numbers = (
            sa.select(
                sa.func.count().label('size'),
                sa.func.coalesce(sa.func.sum(SERVICES.id), 0).label('total'),
                sa.func.coalesce(sa.func.max(SERVICES.id), 0).label('highest'),
                clock.epoch().label('now'),
            )
            .where(among)
            .subquery()
        )
        return sa.select(
            *numbers.c, SERVICES.uuid, SERVICES.last_seen_up
        ).select_from(
            numbers.outerjoin(SERVICES.id.table, sa.and_(among, self._not_up))
        )

    def _read(self) -> liveness.AllBut:
        """Read the verdicts of all services, one by one."""
        known_at = time.monotonic()
        found = self._database.read(lambda c: c.execute(self._all).all())
        if found:
            self._note_clock(found[0][4], known_at)
        verdicts = {
            uuid: liveness.Liveness(bool(up), last_seen, known_at)
            for _id, uuid, up, last_seen, _now in found
            if uuid is not None
        }
        ids = [row[0] for row in found]
        self.note(
            Roll({}, verdicts.keys(), len(ids), sum(ids), max(ids, default=0))
        )
        return liveness.AllBut(verdicts.keys(), verdicts, known_at)
