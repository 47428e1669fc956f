# SPDX-License-Identifier: Apache-2.0

"""Liveness by ephemeral znodes, under the session of who joined."""

from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import threading
import time
from typing import cast

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import loop
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import entry
from nova_sg.servicegroup.backends.zookeeper import expected
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import marker as zookeeper_marker
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import memory
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import (
    records as zookeeper_records,
)
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.mirror import mirror as sg_mirror
from nova_sg.servicegroup.records import base as records_base

LOG = logging.getLogger(__name__)

#: Up to so many services are named in a message.
FEW = 10

#: Seconds between two looks for members which may be on their way back.
LOOK_AGAIN = 0.2


class ZooKeeperMembership(base.Membership, lease.Listener):
    """An ephemeral znode for each worker.

    :param conf: a loaded configuration
    :param records: where the records are; None where they cannot be asked
        from here
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        records: records_base.RecordStore | None = None,
    ) -> None:
        super().__init__(conf)
        self.session = sg_session.get(conf)
        self._records = records
        self.mirror = (
            records.mirror
            if isinstance(records, zookeeper_records.ZooKeeperRecordStore)
            else sg_mirror.Mirror(
                self.session, feeds.ZooKeeperSource(self.session)
            )
        )
        self._down_time: int = conf.servicegroup.service_down_time
        self._begin()
        self.session.add_listener(self)
        self._keeping = loop.Loop(
            'zookeeper-keeper', self._keep, lambda: self.session.keep_every
        )

    def _begin(self) -> None:
        #: Held while znodes come or go, so that one who leaves is not taken
        #: in again by who has just seen it missing.
        self._changing = threading.Lock()
        self._handles: set[entry.Handle] = set()
        self._leaving: set[str] = set()
        self._memory = memory.Memory(
            self.session, max(1, self.conf.servicegroup.report_interval)
        )
        self._entry = entry.Entry(self.session, self._records, self._down_time)
        self._expected = expected.Expected(self.session, self._down_time)

    def lease_changed(self) -> None:
        self._keeping.wake()
        if self.session.connected:
            return
        # From now on the mirror may show what the outage does to members.
        mirrored = self.mirror.latest_living()
        if mirrored is not None:
            self._memory.learn(mirrored)

    def closed(self) -> None:
        self._begin()
        # It ends where nobody joins meanwhile.
        self._keeping.wake()

    def forked(self) -> None:
        # What has joined is the parent's.
        self._begin()

    @property
    def marker_store(self) -> marker.MarkerStore:
        return zookeeper_marker.ZooKeeperMarkerStore(self.session)

    def announce(
        self, context: sg_context.RequestContext, created: record.Record
    ) -> None:
        with self._changing:
            try:
                if not self._expected.add(created.uuid):
                    self._entry.make_directories()
                    self._expected.add(created.uuid)
            finally:
                self._keeping.start()
        self.mirror.touch([created.uuid])

    def join_many(
        self,
        context: sg_context.RequestContext,
        joined: Sequence[record.Record],
    ) -> Sequence[base.Handle]:
        handles = [self._entry.handle(self, context, each) for each in joined]
        without_record = self._entry.without_record(handles)
        with self._changing:
            gone = self._enter(handles, without_record)
            staying = [each for each in handles if each not in gone]
            self._handles.update(staying)
            # From now on only its workers keep a service up.
            self._leaving.update(
                self._expected.joined(each.uuid for each in staying)
            )
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                self._delete_leaving()
        self._keeping.start()
        return staying

    def beat_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> Sequence[base.Handle]:
        """Note that the loops of services turn, and see that it shows.

        The session is kept alive by other means; a beat reads the znode of
        each handle, and creates it where it is missing. It looks for the
        record as well: a service may be destroyed by a process that cannot
        take its members out any more.
        """
        beating = [cast(entry.Handle, each) for each in handles]
        now = time.monotonic()
        gone = {each for each in beating if each.gone}
        beating = [each for each in beating if not each.gone]
        for each in beating:
            if each not in self._handles:
                raise exception.ServiceNotJoined(
                    uuid=each.uuid, driver=self.conf.servicegroup.driver
                )
            each.beaten_at = now
        guards = entry.Guards(beating)
        values, answers = multiread.read_with(
            self.session, [each.path for each in beating], guards.requests
        )
        without_record = guards.gone(answers)
        lost = {
            handle
            for handle, value in zip(beating, values, strict=True)
            if value is None
            or value.stat.ephemeralOwner != self.session.number
        }
        asking = [
            each
            for each in beating
            if each in lost or now < each.doubtful_until
        ]
        if asking or without_record:
            without_record |= self._entry.without_record(asking)
            with self._changing:
                entering = self._handles & (lost | without_record)
                gone |= self._enter(list(entering), without_record)
                self._handles -= gone
        for each in gone:
            each.gone = True
        return [each for each in handles if each in gone]

    def leave_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> None:
        with self._changing:
            mine = self._handles.intersection(
                cast(Sequence[entry.Handle], handles)
            )
            self._handles -= mine
            self._leaving.update(each.path for each in mine)
            self._delete_leaving()
        self._taken_out([each.uuid for each in mine])

    def leave_invocation(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        invocation: str,
    ) -> sg_invocation.Departure:
        """Delete the znodes of an invocation before their session expires.

        A process of it that lives after all is back with its next beat.
        """
        count = members.remove(self.session, uuid, invocation)
        if count:
            self._taken_out([uuid])
        return sg_invocation.Departure(count)

    def alive(
        self, context: sg_context.RequestContext, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        wanted = list(uuids)
        living = self.living(wanted)
        if self._records is not None:
            missing = self._records.missing(context, living.without(wanted))
            wanted = [uuid for uuid in wanted if uuid not in missing]
        return living.verdicts(wanted)

    def living(self, uuids: Sequence[str]) -> memory.Living:
        """Return which workers of services live.

        After an outage a reader without prior state waits until all members
        have joined again, or had the time to. Where outages go on, what is
        still missing then is unknown.

        :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
        """
        self.mirror.note_verdicts(uuids)
        found, asked = self._read(uuids)
        deadline = time.monotonic() + self.session.timeout + LOOK_AGAIN
        while (
            doubtful := self._memory.in_doubt(found, uuids)
        ) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN)
            found = {**found, **self._read(doubtful)[0]}
        return self._memory.learn(found, asked)._replace(doubtful=doubtful)

    def _read(
        self, uuids: Sequence[str]
    ) -> tuple[liveness.Members, Sequence[str] | None]:
        """Return who lives, and which services that tells of (None: all)."""
        mirrored = self.mirror.living()
        if mirrored is None:
            return members.read(self.session, uuids), uuids
        if not self.session.connected:
            raise self.session.unavailable('the connection is lost')
        return mirrored, None

    def last_known(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        return self._memory.last(uuids, self.mirror.services())

    def forget(self, context: sg_context.RequestContext, uuid: str) -> None:
        members.remove(self.session, uuid)
        self._taken_out([uuid])

    def _taken_out(self, uuids: Sequence[str]) -> None:
        self._memory.forget(uuids)
        self.mirror.touch(uuids)

    def _enter(
        self,
        handles: Sequence[entry.Handle],
        without_record: set[entry.Handle],
    ) -> set[entry.Handle]:
        """Create the znodes of handles; returns those whose record is gone."""
        gone = self._entry.enter(handles, without_record)
        self.mirror.touch([each.uuid for each in handles])
        return gone

    def _keep(self) -> float | None:
        """Do what is due; returns in how many seconds there is more to do."""
        with self._changing:
            if self.session.connected:
                self._withdraw()
                self._leaving.update(self._expected.overdue())
                if self._leaving:
                    self._delete_leaving()
            lost = self._lost()
        if lost and self.session.connected:
            self._enter_again(lost)
        with self._changing:
            if not (self._handles or self._leaving or self._expected):
                return None
        self.session.keep()
        return self.session.keep_every

    def _withdraw(self) -> None:
        """Take members out whose own loop has stopped beating."""
        last = time.monotonic() - self._down_time
        silent = [
            each
            for each in self._handles
            if each.under is not None and each.beaten_at < last
        ]
        if not silent:
            return
        members.delete(self.session, [each.path for each in silent])
        for each in silent:
            each.under = None
        self._taken_out([each.uuid for each in silent])
        named = [
            f'{each.record.binary} on host {each.record.host}'
            for each in silent[:FEW]
        ]
        LOG.warning(
            'Not beaten for %(seconds)d s, and down until they do: '
            '%(named)s%(more)s',
            {
                'seconds': self._down_time,
                'named': ', '.join(named),
                'more': ', ...' if len(silent) > FEW else '',
            },
        )

    def _lost(self) -> list[entry.Handle]:
        """Return the members whose session is over, and whose loop turns."""
        last = time.monotonic() - self._down_time
        return [
            each
            for each in self._handles
            if each.under != self.session.number and each.beaten_at >= last
        ]

    def _enter_again(self, lost: Sequence[entry.Handle]) -> None:
        """Take members in again, but for those who leave meanwhile."""
        without_record = self._entry.without_record(lost)
        with self._changing:
            staying = [each for each in lost if each in self._handles]
            self._enter(staying, without_record)
        if staying:
            LOG.info('Joined again for %d service(s)', len(staying))

    def _delete_leaving(self) -> None:
        """Delete what has left, or else have the keeper do it later."""
        try:
            members.delete(self.session, self._leaving)
            self._leaving.clear()
        except exception.ServiceGroupUnavailable:
            self._keeping.start()
            raise
