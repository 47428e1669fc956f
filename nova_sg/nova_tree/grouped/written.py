# SPDX-License-Identifier: Apache-2.0

"""Heartbeats written into nova's table, many by one statement.

A process writes them in the database that nova's context leads to: its own.

A service that left is down at once: its row is aged by a day. A heartbeat
that it sent before may still be on its way, in another worker of a conductor
or in a queue. So only a heartbeat of a service that joins revives such a
row; the others leave it as it is.
"""

from collections.abc import Sequence
import threading
from typing import Any
import weakref

from nova import conf as nova_conf
from nova.db.main import api as db
from oslo_db import api as oslo_db_api
import sqlalchemy as sa

from nova_sg import forks
from nova_sg.conductor import beats as group
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import moved

CONF = nova_conf.CONF

#: Of the report interval: between the end of a write and the next. Half a
#: second at nova's default, far less than a call waits for its answer.
SPACING = 0.05

#: Heartbeats that may wait to be written; further ones are refused.
LIMIT = 50_000

#: Attempts after the first one that met a deadlock; nova's number.
_DEADLOCKS = 5

_SERVICES = beats.SERVICES

#: That a row is not of a service that left, nor of one that was silent for
#: very long, which joins again.
_NOT_AGED = _SERVICES.last_seen_up >= clock.ago(beats.A_DAY // 2)


def write(
    context: Any, uuids: Sequence[str], *, joining: bool
) -> Sequence[str]:
    """Beat once for services, in one transaction.

    :param context: nova's
    :param joining: revive services that left
    :returns: the uuids that were not written: the row is gone, or the service
        left
    """
    moved.refuse(context)
    unwritten: list[str] = []
    ordered = sorted(set(uuids))
    for start in range(0, len(ordered), beats.BATCH):
        unwritten += _write(
            context, ordered[start : start + beats.BATCH], joining
        )
    return unwritten


@oslo_db_api.wrap_db_retry(max_retries=_DEADLOCKS, retry_on_deadlock=True)
@db.pick_context_manager_writer
def _write(context: Any, uuids: Sequence[str], joining: bool) -> list[str]:
    update, select = beats.beat(uuids), beats.live(uuids)
    if not joining:
        update, select = update.where(_NOT_AGED), select.where(_NOT_AGED)
    session = context.session
    if session.execute(update).rowcount == len(uuids):
        return []
    written = set(session.execute(select).scalars())
    return [uuid for uuid in uuids if uuid not in written]


@db.pick_context_manager_reader
def is_there(context: Any, uuid: str) -> bool:
    """Return whether a service has a row that was not destroyed."""
    found = context.session.execute(beats.live([uuid])).first()
    return found is not None


@oslo_db_api.wrap_db_retry(max_retries=_DEADLOCKS, retry_on_deadlock=True)
@db.pick_context_manager_writer
def leave(context: Any, uuid: str, count: int) -> None:
    """Make a service down at once, if nobody else has beaten for it.

    :param count: what ``report_count`` is at most where only the service
        that leaves has beaten
    """
    context.session.execute(
        beats.age(
            sa.and_(_SERVICES.uuid == uuid, _SERVICES.report_count <= count)
        )
    )


@db.pick_context_manager_reader
def database_time(context: Any) -> float:
    """Return the database's time, in seconds since 1970."""
    found: float = context.session.execute(
        sa.select(clock.epoch())
    ).scalar_one()
    return float(found)


class Groups:
    """The heartbeats that wait in this process, by database.

    That is one in a conductor. Under nova's test fixtures, one process is the
    conductor of many cells.
    """

    def __init__(self) -> None:
        self._groups: weakref.WeakKeyDictionary[
            Any, dict[bool, group.GroupCommit]
        ] = weakref.WeakKeyDictionary()
        self._lock = forks.renewed(self, '_lock', threading.Lock)

    def of(self, context: Any, *, joining: bool) -> group.GroupCommit:
        """Return where a heartbeat waits for others.

        :param context: nova's
        """
        engine = db.get_engine(context=context)
        with self._lock:
            mine = self._groups.get(engine)
            if mine is None:
                mine = self._groups[engine] = {
                    each: _group(context, each) for each in (False, True)
                }
        return mine[joining]


def _group(context: Any, joining: bool) -> group.GroupCommit:
    mine = cells.administrator_in(context)

    def report(_ours: Any, uuids: Sequence[str]) -> Sequence[str]:
        return write(mine, uuids, joining=joining)

    return group.GroupCommit(report, SPACING * CONF.report_interval, LIMIT)
