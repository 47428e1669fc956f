# SPDX-License-Identifier: Apache-2.0

"""Heartbeats written into nova's table, many by one statement.

A process writes them in the database that nova's context leads to: its own.

A service that left is down at once: its row is aged by a day. A heartbeat
that it sent before may still be on its way, in another worker of a conductor
or in a queue. So only a heartbeat of a service that joins revives such a
row; the others leave it as it is.

A heartbeat is stamped with the time at which it was received::

    t=0   c1 beats; the UPDATE of its conductor waits for a locked row
    t=3   c1 dies
    t=40  the lock is released, and the UPDATE is executed; it took 40 s, so
          it is rolled back, and executed again with a stamp of 40 s ago

The monotonic clock of the conductor says how long that took, and the database
subtracts it from its own time.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any

from nova import conf as nova_conf
from nova.db.main import api as db
from oslo_db import api as oslo_db_api
from oslo_log import log as logging
import sqlalchemy as sa

from nova_sg import lasting
from nova_sg.conductor import beats as group
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import traces

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Of the report interval: how long a group is open, and the least time between
#: the end of a write and the next. A conductor reads heartbeats in bursts (see
#: :mod:`.serving`), and one burst takes less.
SPACING = 0.02

#: Heartbeats that may wait to be written; further ones are refused.
LIMIT = 50_000

#: Of the report interval: a heartbeat is stamped so much later than it was
#: received, at most.
PRECISION = 0.5

#: Attempts after the first one that met a deadlock; nova's number.
_DEADLOCKS = 5

_SERVICES = beats.SERVICES

#: That a row is not of a service that left, nor of one that was silent for
#: very long, which joins again.
_NOT_AGED = _SERVICES.last_seen_up >= clock.ago(beats.A_DAY // 2)


class _Slow(Exception):
    """A write took so long that its stamp is not that of the receipt."""


def write(
    context: Any,
    uuids: Sequence[str],
    *,
    joining: bool,
    received: Mapping[str, float] | None = None,
) -> Sequence[str]:
    """Beat once for services; each statement is a transaction.

    :param context: nova's
    :param joining: revive services that left
    :param received: when a heartbeat was received, by ``time.monotonic()``;
        without it: now
    :returns: the uuids that were not written: the row is gone, or the service
        left
    """
    moved.refuse(context)
    now = time.monotonic()
    unwritten: list[str] = []
    for since, together in _by_age(uuids, received or {}, now).items():
        for batch in beats.batches(together):
            unwritten += _write_since(context, batch, joining, since)
    return unwritten


def _precision() -> float:
    return max(1.0, PRECISION * CONF.report_interval)


def _by_age(
    uuids: Sequence[str], received: Mapping[str, float], now: float
) -> dict[float, list[str]]:
    """Return sorted uuids by when they were received, about.

    Nearly always that is now, of all of them. It is never too early: that
    would make a service down that beats.
    """
    found: dict[float, list[str]] = {}
    for uuid in sorted(set(uuids)):
        waited = now - received.get(uuid, now)
        since = now - waited // _precision() * _precision()
        found.setdefault(since, []).append(uuid)
    return found


def _write_since(
    context: Any, uuids: Sequence[str], joining: bool, since: float
) -> list[str]:
    """Write heartbeats that were received at ``since``."""
    try:
        return _write(context, uuids, joining, since)
    except _Slow:
        # What held it up is over, as a rule. A database that is slow for
        # long gets no more than this one statement in addition.
        return _write(context, uuids, joining, since, last=True)


@oslo_db_api.wrap_db_retry(max_retries=_DEADLOCKS, retry_on_deadlock=True)
@db.pick_context_manager_writer
def _write(
    context: Any,
    uuids: Sequence[str],
    joining: bool,
    since: float,
    last: bool = False,
) -> list[str]:
    began = time.monotonic()
    age = began - since
    update = beats.beat(uuids, int(age) if age >= _precision() else 0)
    # With nova's own heartbeats it is their time, and its REST API shows it.
    update = update.values(updated_at=clock.utcnow())
    select = beats.live(uuids)
    if not joining:
        update, select = update.where(_NOT_AGED), select.where(_NOT_AGED)
    session = context.session
    written_all = session.execute(update).rowcount == len(uuids)
    if not last and time.monotonic() - began >= _precision():
        raise _Slow
    if written_all:
        return []
    written = set(session.execute(select).scalars())
    return [uuid for uuid in uuids if uuid not in written]


@db.pick_context_manager_reader
def is_there(context: Any, uuid: str) -> bool:
    """Return whether a service has a row that was not destroyed."""
    found = context.session.execute(beats.live([uuid])).first()
    return found is not None


def leave(context: Any, uuid: str, count: int) -> None:
    """Make a service down at once, unless another process beats for it.

    :param count: what ``report_count`` is at most where only the service
        that leaves has beaten
    """
    _leave(context, uuid, count, traces.has_table(context))


@oslo_db_api.wrap_db_retry(max_retries=_DEADLOCKS, retry_on_deadlock=True)
@db.pick_context_manager_writer
def _leave(context: Any, uuid: str, count: int, keeps_reasons: bool) -> None:
    aged = context.session.execute(
        beats.age(
            sa.and_(_SERVICES.uuid == uuid, _SERVICES.report_count <= count)
        )
    )
    if aged.rowcount and keeps_reasons:
        traces.note_leave(context, _SERVICES.uuid == uuid)


def note_wedged(context: Any, uuid: str, noted_by: str) -> None:
    """Note that the timer of a service hangs, unless somebody beats for it.

    :param noted_by: the process that says so
    """
    if traces.has_table(context):
        _note_wedged(context, uuid, noted_by)


@oslo_db_api.wrap_db_retry(max_retries=_DEADLOCKS, retry_on_deadlock=True)
@db.pick_context_manager_writer
def _note_wedged(context: Any, uuid: str, noted_by: str) -> None:
    traces.note_wedged(
        context.session,
        _SERVICES.uuid == uuid,
        CONF.service_down_time // 2,
        noted_by,
    )


@db.pick_context_manager_reader
def database_time(context: Any) -> float:
    """Return the database's time, in seconds since 1970."""
    found: float = context.session.execute(
        sa.select(clock.epoch())
    ).scalar_one()
    return float(found)


class Group(group.GroupCommit):
    """Heartbeats that wait to be written, with when each was received.

    :param context: nova's, which leads to the database
    :param joining: revive services that left
    """

    def __init__(self, context: Any, joining: bool) -> None:
        self._context = context
        received: dict[str, float] = {}
        self._received = received
        # Of the statement before: of several heartbeats of one service in a
        # group, each is a statement.
        before: dict[str, float] = {}
        # Each caller is answered with an outage, whatever the error is.
        trouble = lasting.Trouble(
            LOG,
            'Cannot write heartbeats: %s',
            'Unexpected error while writing heartbeats',
        )

        def report(_ours: Any, uuids: Sequence[str]) -> Sequence[str]:
            nonlocal before
            now = time.monotonic()
            before = {
                uuid: received.pop(uuid, before.get(uuid, now))
                for uuid in uuids
            }
            try:
                unwritten = write(
                    context, uuids, joining=joining, received=before
                )
            except Exception as error:
                if errors.known(error) is None:
                    trouble.failed(error)
                raise
            trouble.over()
            return unwritten

        spacing = SPACING * CONF.report_interval
        super().__init__(report, spacing, LIMIT, linger=spacing)

    def report(self, context: Any, uuids: Sequence[str]) -> Sequence[str]:
        self._received.update(dict.fromkeys(uuids, time.monotonic()))
        return super().report(context, uuids)

    def post_received(self, received: Sequence[tuple[str, float]]) -> None:
        """Write heartbeats; see :meth:`GroupCommit.post`.

        :param received: services, and when each was heard, by
            ``time.monotonic()``
        """
        self._received.update(received)
        self.post(self._context, [uuid for uuid, _ in received])
