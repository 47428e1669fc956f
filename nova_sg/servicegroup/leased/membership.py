# SPDX-License-Identifier: Apache-2.0

"""What joins, beats and leaves on the lease of this process."""

from collections.abc import Iterable
from collections.abc import Mapping
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
from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import loop
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.leased import entry
from nova_sg.servicegroup.leased import expected
from nova_sg.servicegroup.leased import keys as sg_keys
from nova_sg.servicegroup.leased import leaving as sg_leaving
from nova_sg.servicegroup.leased import living as sg_living
from nova_sg.servicegroup.leased import memory
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.mirror import mirror as sg_mirror
from nova_sg.servicegroup.records import known

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext

#: Up to so many services are named in a message.
FEW = 10


class LeasedMembership(base.Membership, sg_lease.Listener):
    """A key for each worker, on the lease of its process.

    :param conf: a loaded configuration
    :param lease: the lease of this process
    :param keys: the keys of members in the backend
    :param mirror: it tells of members where this process asks often
    :param records: where the records are; None where they cannot be asked
        from here
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        lease: sg_lease.Lease,
        keys: sg_keys.MemberKeys,
        mirror: sg_mirror.Mirror,
        records: known.KnownRecords | None,
    ) -> None:
        super().__init__(conf)
        self.lease = lease
        self.mirror = mirror
        self._keys = keys
        self._records = records
        self._down_time: int = conf.servicegroup.service_down_time
        self._begin()
        self._keeping = loop.Loop(
            'members', self._keep, lambda: lease.keep_every
        )
        lease.add_listener(self)

    def _begin(self) -> None:
        #: Held while keys come or go, so that a member that leaves is not
        #: taken in again by a thread that has just seen it missing.
        self._changing = threading.Lock()
        self._handles: set[sg_keys.Handle] = set()
        self._leaving = sg_leaving.Leaving(self._keys)
        self._reader = memory.LivenessReader(
            self.lease,
            self._keys,
            self.mirror,
            max(1, self.conf.servicegroup.report_interval),
        )
        self._entry = entry.Entry(
            self._keys, self._records, self._reader, self._down_time
        )
        self._expected = expected.Expected(self._keys, self._down_time)

    def lease_changed(self) -> None:
        self._keeping.wake()
        if not self.lease.connected:
            self._reader.lost()

    def closed(self) -> None:
        self._begin()
        # Its thread ends unless a service joins meanwhile.
        self._keeping.wake()

    def forked(self) -> None:
        # What has joined is the parent's.
        self._begin()

    def watch(self, context: Context) -> None:
        self.mirror.follow(None)

    def announce(self, context: Context, created: record.Record) -> None:
        with self._changing:
            # First what takes the key away again; it waits for the lock.
            self._keeping.start()
            self._expected.add(created.uuid)
        self._reader.changed([created.uuid])

    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[base.Handle]:
        handles = [
            sg_keys.Handle(self, each, context, *self._keys.new(context, each))
            for each in joined
        ]
        without_record = self._entry.without_record(handles)
        with self._changing:
            # Without a thread that would keep them nothing enters.
            self._keeping.start()
            gone = self._entry.enter(handles, without_record)
            staying = [each for each in handles if each not in gone]
            self._handles.update(staying)
            # From now on only its workers keep a service up.
            self._leaving.drop(
                self._expected.joined(each.uuid for each in staying)
            )
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                self._delete_leaving()
        return staying

    def beat_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> Sequence[base.Handle]:
        """Note that the loops of services turn, and see that it shows.

        The lease is kept alive by other means; a beat looks at the key of
        each handle, and creates it where it is missing. It looks for the
        record as well: a service may be destroyed by a process that cannot
        delete its members any more.
        """
        beating = [cast(sg_keys.Handle, each) for each in handles]
        now = time.monotonic()
        gone = {each for each in beating if each.gone}
        beating = [each for each in beating if not each.gone]
        for each in beating:
            if each not in self._handles:
                raise self._not_joined([each.uuid])
            each.beaten_at = now
        lost, without_record = self._keys.look(beating)
        asking = [e for e in beating if e in lost or e.is_doubtful(now)]
        if asking or without_record:
            without_record |= self._entry.without_record(asking)
            with self._changing:
                entering = self._handles & (lost | without_record)
                gone |= self._entry.enter(list(entering), without_record)
                self._handles -= gone
        for each in gone:
            each.gone = True
        return [each for each in handles if each in gone]

    def leave_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> None:
        with self._changing:
            mine = self._handles.intersection(
                cast(Sequence[sg_keys.Handle], handles)
            )
            self._handles -= mine
            self._leaving.end(mine, reasons.STOPPED)
            self._delete_leaving()
        self._reader.forget([each.uuid for each in mine])

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        """Delete the keys of an invocation before their lease expires.

        A process of it that lives after all is back with its next beat.
        """
        count = self._keys.delete_all(uuid, invocation)
        if count:
            self._reader.forget([uuid])
        return sg_invocation.Removal(count)

    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        wanted = list(uuids)
        found = self.living(wanted).verdicts(wanted)
        if self._records is not None:
            not_up = [uuid for uuid, each in found.items() if not each.up]
            for uuid in self._records.missing(context, not_up):
                del found[uuid]
        return found

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        return self._keys.departures(uuids)

    def living(self, uuids: Sequence[str]) -> sg_living.Living:
        """Return which workers of services live; see `LivenessReader`."""
        return self._reader.living(uuids)

    def last_known(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        return self._reader.last(uuids)

    def forget(self, context: Context, uuid: str) -> None:
        self._keys.delete_all(uuid)
        self._reader.forget([uuid])

    def _keep(self) -> float | None:
        """Do what is due; returns in how many seconds there is more to do."""
        with self._changing:
            if self.lease.connected:
                self._withdraw()
                self._leaving.drop(self._expected.overdue())
                if self._leaving:
                    self._delete_leaving()
            lost = self._lost()
        if lost and self.lease.connected:
            self._enter_again(lost)
        with self._changing:
            if not (self._handles or self._leaving or self._expected):
                return None
        self.lease.keep()
        return self.lease.keep_every

    def _withdraw(self) -> None:
        """Delete members that have not beaten for the down time."""
        last = time.monotonic() - self._down_time
        silent = [
            each
            for each in self._handles
            if each.under is not None and each.beaten_at < last
        ]
        if not silent:
            return
        self._keys.end({each.key: reasons.WEDGED for each in silent})
        for each in silent:
            each.under = None
        self._reader.forget([each.uuid for each in silent])
        LOG.warning(
            'No heartbeat for %(seconds)d s, so down until the next one: '
            '%(named)s',
            {
                'seconds': self._down_time,
                'named': record.named([each.record for each in silent], FEW),
            },
        )

    def _lost(self) -> list[sg_keys.Handle]:
        """Return the members of an earlier lease that go on beating."""
        last = time.monotonic() - self._down_time
        return [
            each
            for each in self._handles
            if each.under != self.lease.number and each.beaten_at >= last
        ]

    def _enter_again(self, lost: Sequence[sg_keys.Handle]) -> None:
        """Have members enter again, unless they leave meanwhile."""
        without_record = self._entry.without_record(lost)
        with self._changing:
            staying = [each for each in lost if each in self._handles]
            self._entry.enter(staying, without_record)
        if staying:
            LOG.info('Rejoined %d service(s)', len(staying))

    def _delete_leaving(self) -> None:
        """Delete what has left, or else have the thread do it later."""
        try:
            self._leaving.delete()
        except exception.ServiceGroupUnavailable:
            self._keeping.start()
            raise
