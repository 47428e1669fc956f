# SPDX-License-Identifier: Apache-2.0

"""Verdicts from the stamps in nova's table, by the database's clock.

nova asks for one service after the other, with an object that it has read a
moment or longer ago. No statement is executed for that, but one for the
database's time, twice a minute and cell, and where a heartbeat does not fit
what is known of that time.

A stock nova-compute, or one with ``beats = nova``, is stamped by the clock of
its conductor. The table does not tell such stamps from those of the database,
so the clocks of conductors that write such stamps have to be right.
"""

import datetime
import math
import time
from typing import Any

from nova import conf as nova_conf
from nova.objects import base as objects_base

from nova_sg import exception
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import clocks
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import last_known
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member

CONF = nova_conf.CONF

#: How often a service has beaten, and when it was seen last.
State = tuple[int, datetime.datetime]


class Reader:
    """What this process knows of the services of one cell. Thread safe.

    :param context: nova's, which leads to the cell
    """

    def __init__(self, context: Any) -> None:
        self._down_time = CONF.service_down_time
        self._knowledge = knowledge.Knowledge(
            doubt.bounds_of(CONF.report_interval, self._down_time)
        )

        mine = cells.administrator_in(context)

        def database_time() -> float:
            with errors.as_ours():
                return _database_time(mine)

        def stepped(step: str) -> None:
            self._knowledge.outages.explained(
                f"The database's clock was set {step}."
            )

        self._clock = clocks.DatabaseClock(database_time, stepped)
        # The newest state of each service this process has judged by.
        self._newest: dict[str, State] = {}
        self._prune_above = last_known.PRUNE_STEP

    @property
    def age(self) -> float:
        """How old knowledge is, in seconds; 0.0 while the database answers."""
        return self._knowledge.age

    def database_time(self) -> float:
        """Return the time of the cell's database, in seconds since 1970.

        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        return self._clock.now()

    def liveness_of(self, service: Any) -> liveness.Liveness:
        """Return the verdict about a service.

        Where a heartbeat that is new to this process would have it down, the
        clock of the database may have been set since it was looked at.

        :param service: an object or a row with a uuid
        :raises ServiceGroupUnavailable: the database cannot be asked, and
            nothing is known of the service
        """
        uuid = sg_member.field(service, 'uuid')
        newest = self._newest.get(uuid)
        try:
            now = self._clock.now()
            state = _newer(newest, service, now)
            if state is None:
                return liveness.Liveness(False, None, time.monotonic())
            count, seen = state
            up = self._is_up(seen, now)
            if not up and (newest is None or newest[0] != count):
                up = self._is_up(seen, self._clock.now(doubted=True))
        except exception.ServiceGroupUnavailable as error:
            return self._last_known(uuid, error)
        # Not before: to another thread the heartbeat has to be new as well.
        self._newest[uuid] = state
        if len(self._newest) > self._prune_above:
            self._prune()
        verdict = liveness.Liveness(up, seen, time.monotonic())
        return self._knowledge.learn({uuid: verdict})[uuid]

    def failed(self, error: exception.ServiceGroupUnavailable) -> None:
        """Note that the database of the cell could not be asked."""
        self._knowledge.failed(error)
        self._clock.ask_again()

    def answered(self) -> None:
        """Note that the database of the cell answers.

        An outage that is noted ends then, and not with the next question for
        a service, which may be much later.
        """
        if self._knowledge.outages.out:
            self._clock.ask_again()
            self._knowledge.learn({})

    def _is_up(self, seen: datetime.datetime, now: float) -> bool:
        """Return whether a service is up that was seen last at a time."""
        if not seen.microsecond:
            # The column has whole seconds, as with MariaDB.
            now = math.floor(now)
        return abs(now - seen.timestamp()) <= self._down_time

    def _prune(self) -> None:
        """Drop services that others destroyed, so that memory is bounded."""
        known = self._knowledge.last(list(self._newest))
        self._newest = {
            uuid: newest
            for uuid, newest in list(self._newest.items())
            if uuid in known
        }
        self._prune_above = 2 * len(self._newest) + last_known.PRUNE_STEP

    def _last_known(
        self, uuid: str, error: exception.ServiceGroupUnavailable
    ) -> liveness.Liveness:
        self._knowledge.failed(error)
        last = self._knowledge.last([uuid]).get(uuid)
        if last is None:
            raise error
        # What was up is not sure any more.
        return last._replace(unknown=str(error)) if last.up else last


def _newer(newest: State | None, service: Any, now: float) -> State | None:
    """Return the state of a service, or the newest one if that is newer.

    An object may be older than the last one: a scheduler keeps them. A row
    that was aged by a leave has an older stamp, but no lower count. One of a
    database that was restored from a backup has a lower count, and a newer
    stamp as soon as its service has beaten; so has an old object after the
    clock was set back, but that stamp is yet to come.

    :param newest: the newest state that is known of the service
    :param now: the database's time, in seconds since 1970
    :returns: None for a service that was never seen
    """
    seen = sg_member.time(service, 'last_seen_up') or sg_member.time(
        service, 'created_at'
    )
    if seen is None:
        return None
    count = sg_member.field(service, 'report_count') or 0
    if (
        newest is not None
        and newest[0] > count
        and not newest[1].timestamp() < seen.timestamp() <= now + 1
    ):
        return newest
    return count, seen


def of(context: Any) -> Reader:
    """Return the reader of the cell that a context leads to.

    :param context: nova's; None as for :class:`cells.Context`
    """
    ours = cells.Context(context)
    key = (
        ours.cell_uuid,
        # nova's tests change them.
        CONF.report_interval,
        CONF.service_down_time,
    )
    found = _readers.get(key)
    if found is None:
        found = _readers.setdefault(key, Reader(ours.nova))
    return found


_readers: dict[Any, Reader] = {}


def knowledge_age() -> float:
    """Return how old the knowledge of the cell that is behind most is.

    In seconds; 0.0 while the databases answer.
    """
    return max((each.age for each in list(_readers.values())), default=0.0)


def _database_time(context: Any) -> float:
    if objects_base.NovaObject.indirection_api is None:
        return written.database_time(context)
    # It has no database: its conductor has.
    found: float = client.client().call({}, 'database_time')
    return found
