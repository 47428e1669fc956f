# SPDX-License-Identifier: Apache-2.0

"""Liveness by ``services.last_seen_up``, aged by the database's clock."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import operator
import time
from typing import Any

from oslo_config import cfg
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import departures
from nova_sg.db import engine
from nova_sg.db import invocations
from nova_sg.servicegroup import clockwatch
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.backends.sql import marker as sql_marker
from nova_sg.servicegroup.backends.sql import roll
from nova_sg.servicegroup.backends.sql import workers as sql_workers
from nova_sg.servicegroup.membership import admitted
from nova_sg.servicegroup.membership import base

Context = sg_context.RequestContext

SERVICES = beats.SERVICES


class SqlMembership(admitted.AdmittedMembership):
    """The row is the membership: one for all workers of a service.

    A beat is one UPDATE that touches neither what an operator decides nor
    ``updated_at``.

    :param conf: a loaded configuration
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._database = engine.get(conf)
        self._workers = sql_workers.Writer(self._database)
        self._down_time = conf.servicegroup.service_down_time
        self._verdicts = sa.select(
            SERVICES.uuid,
            beats.seen_within(self._down_time),
            SERVICES.last_seen_up,
            clock.epoch(),
        ).where(beats.LIVE)
        self._some_verdicts = self._verdicts.where(
            SERVICES.uuid.in_(beats.SOME)
        )
        self._doubt: Callable[[str], None] | None = None
        self._clock = clockwatch.ClockWatch(self._tell)
        #: Is told what a list has read.
        self.roll_call = roll.RollCall(
            self._database, self._down_time, self.note_clock
        )

    @property
    def marker_store(self) -> marker.MarkerStore:
        return sql_marker.SqlMarkerStore(self._database)

    def report(self, context: Context, uuids: Sequence[str]) -> Sequence[str]:
        gone: list[str] = []
        # Always in the same order, so that two batches do not deadlock.
        for batch in beats.batches(sorted(set(uuids))):
            gone += self._beat(batch)
        return gone

    def admit(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        """Beat once, and note what was there before.

        A token is ``report_count`` of the row after this beat, and whether
        no other worker had beaten within the service down time before it.
        """
        before = self._before(uuids)
        # First: a command that takes another invocation out, and then ages
        # the row, either sees this one or comes before its beat.
        self._appear(before, invocation)
        gone = set(self.report(context, list(before)))
        return {
            uuid: [count + 1, not others]
            for uuid, (count, others) in before.items()
            if uuid not in gone
        }

    def withdraw(self, context: Context, stays: Sequence[base.Stay]) -> None:
        """Age the rows where no other worker can have beaten since.

        A worker that beats leaves its trace in ``report_count``. One that
        beat just before this worker joined, and not again, would not. So a
        row is aged only if no worker had beaten before the join, or if the
        join is longer ago than the service down time.
        """
        self._disappear(stays)
        values = [
            {
                'left_uuid': stay.uuid,
                'left_count': self._own_count(stay),
                'left_by': stay.left_by,
            }
            # In the same order as beats, so that the two do not deadlock.
            for stay in sorted(stays, key=operator.attrgetter('uuid'))
        ]
        if values:
            self._workers.write(sql_workers.leave, values)

    def note_wedged(
        self, context: Context, uuids: Sequence[str], noted_by: str
    ) -> None:
        self._workers.write(
            sql_workers.hang, sorted(uuids), self._down_time // 2, noted_by
        )

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        """Age the row where the invocation was the only one.

        Where other invocations have workers, or one has beaten meanwhile, the
        row stays as it is: the beats of one of several workers cannot be told
        from those of the others.
        """
        found = self._all(invocations.workers(uuid, invocation))
        if not found:
            return sg_invocation.Removal(0)
        ((workers, count),) = found
        aged = self._workers.write(sql_workers.miss, uuid, count, invocation)
        kept = None if aged else invocations.SHARED
        return sg_invocation.Removal(max(1, workers), kept)

    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        # A row of an old nova may have none.
        wanted = {uuid for uuid in uuids if uuid}
        known_at = time.monotonic()
        if len(wanted) <= beats.BATCH:
            rows = self._all(self._some_verdicts, uuids=sorted(wanted))
        else:
            rows = self._all(self._verdicts)
        if rows:
            self.note_clock(rows[0][3], known_at)
        return {
            uuid: liveness.Liveness(bool(up), last_seen_up, known_at)
            for uuid, up, last_seen_up, _ in rows
            if uuid in wanted
        }

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        found = {}
        for batch in beats.batches(uuids):
            for uuid, *row in self._all(departures.READ, uuids=sorted(batch)):
                why = reasons.of_row(*row)
                if why is not None:
                    found[uuid] = why
        return found

    def all_but(
        self, context: Context, uuid: str, known: Collection[str]
    ) -> liveness.AllBut:
        return self.roll_call.all_but(uuid)

    def tell_of_doubt(self, callback: Callable[[str], None]) -> None:
        self._doubt = callback

    def note_clock(self, now: float, asked_at: float) -> None:
        """Take in what the database's clock showed with an answer.

        :param now: ``clock.epoch`` of it
        :param asked_at: ``time.monotonic()`` before it was asked for
        """
        self._clock.note(now, asked_at, time.monotonic())

    def _tell(self, step: str) -> None:
        if self._doubt is not None:
            self._doubt(f"The database's clock was set {step}.")

    def forget(self, context: Context, uuid: str) -> None:
        """Forget the workers that joined; the membership goes with the row."""
        self._workers.write(sql_workers.forget, uuid)

    def _appear(
        self, before: Mapping[str, tuple[int, bool]], invocation: str | None
    ) -> None:
        """Count a worker more of an invocation, for services.

        :param before: what :meth:`_before` found
        """
        for batch in beats.batches(sorted(before)):
            dead = [uuid for uuid in batch if not before[uuid][1]]
            self._workers.write(sql_workers.appear, batch, dead, invocation)

    def _disappear(self, stays: Sequence[base.Stay]) -> None:
        """Count a worker less of the invocation of each membership."""
        by_invocation: dict[str | None, list[str]] = {}
        for stay in stays:
            by_invocation.setdefault(stay.invocation, []).append(stay.uuid)
        for invocation, uuids in by_invocation.items():
            for batch in beats.batches(uuids):
                self._database.write(
                    functools.partial(sql_workers.disappear, batch, invocation)
                )

    def _before(self, uuids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """Return the beats of rows, and whether one of them was lately."""
        lately = sa.and_(
            SERVICES.last_seen_up.is_not(None),
            beats.seen_within(self._down_time),
        )
        found: dict[str, tuple[int, bool]] = {}
        for batch in beats.batches(uuids):
            statement = sa.select(
                SERVICES.uuid, SERVICES.report_count, lately
            ).where(beats.LIVE, SERVICES.uuid.in_(batch))
            for uuid, count, others in self._all(statement):
                found[uuid] = (count, bool(others))
        return found

    def _beat(self, uuids: Sequence[str]) -> list[str]:
        if self._database.beat(
            lambda c: c.execute(beats.BEAT, {'uuids': uuids}).rowcount
        ) == len(uuids):
            return []
        live = {uuid for (uuid,) in self._all(beats.live(uuids))}
        return [uuid for uuid in uuids if uuid not in live]

    def _all(
        self, statement: sa.Select[Any], **parameters: Any
    ) -> Sequence[Any]:
        return self._database.read(
            lambda c: c.execute(statement, parameters).all()
        )

    def _own_count(self, stay: base.Stay) -> int:
        """Return what ``report_count`` is if only this one has beaten.

        :returns: that of no row where that cannot be told
        """
        count, alone = stay.token
        if alone or stay.seconds > self._down_time:
            return int(count) + stay.beats
        return departures.NO_COUNT
