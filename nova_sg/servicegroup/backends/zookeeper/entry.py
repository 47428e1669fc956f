# SPDX-License-Identifier: Apache-2.0

"""How a worker gets its ephemeral znode, and gets it back."""

from collections.abc import Sequence
import posixpath
import time
from typing import Any

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import (
    records as zookeeper_records,
)
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.records import base as records_base
from nova_sg.servicegroup.records import change as sg_change

#: Of more records than these the names are asked for as a whole.
MANY = 100


class Handle(base.Handle):
    """A worker's own ephemeral znode.

    :param session: the session of this process
    :param context: the context it joined in
    :param path: of the znode
    :param guard: the znode of the record, without which there is no
        membership; None where records are elsewhere
    :ivar beaten_at: ``time.monotonic()`` of the latest beat
    :ivar under: the number of the session that holds the znode, or None
    :ivar doubtful_until: ``time.monotonic()`` until when each beat asks
        whether the record is still there, where records are elsewhere
    :ivar gone: a beat has found that the record is not there any more
    """

    def __init__(
        self,
        membership: base.Membership,
        session: sg_session.Session,
        joined: record.Record,
        context: sg_context.RequestContext,
        path: str,
        guard: str | None,
    ) -> None:
        super().__init__(membership, joined)
        self.session = session
        self.context = context
        self.path = path
        self.guard = guard
        self.beaten_at = time.monotonic()
        self.under: int | None = None
        self.doubtful_until = 0.0
        self.gone = False

    @property
    def presumed_dead(self) -> bool:
        """Whether others must take this member for dead, by its own clock.

        It may know so before ZooKeeper can tell it, while it is cut off.
        """
        return self.under is None or self.session.presumed_dead


class Guards:
    """Whether the records of handles are there, where ZooKeeper has them.

    :param handles: their handles; others are left out
    :ivar requests: what is to be asked
    """

    def __init__(self, handles: Sequence[Handle]) -> None:
        self._guarded: list[tuple[Handle, str, str]] = [
            (each, *posixpath.split(each.guard))
            for each in handles
            if each.guard is not None
        ]
        self._many = len(self._guarded) > MANY
        # All names of a cell are one request.
        self._directories = sorted({where for _, where, _ in self._guarded})
        self.requests = (
            [requests.children(each) for each in self._directories]
            if self._many
            else [requests.exists(f'{d}/{n}') for _, d, n in self._guarded]
        )

    def gone(self, answers: Sequence[Any]) -> set[Handle]:
        """Return the handles whose record is not there.

        :param answers: to the requests
        """
        if not self._many:
            return {
                each
                for (each, _, _), stat in zip(
                    self._guarded, answers, strict=True
                )
                if stat is None
            }
        names = {
            where: set(answer) if isinstance(answer, list) else set()
            for where, answer in zip(self._directories, answers, strict=True)
        }
        return {
            e for e, where, name in self._guarded if name not in names[where]
        }


class Entry:
    """Creates the znodes of members, and clears what is in their way.

    :param session: the session that will hold them
    :param records: where the records are; None where they cannot be asked
        from here
    :param down_time: seconds without a beat after which a worker withdraws
    """

    def __init__(
        self,
        session: sg_session.Session,
        records: records_base.RecordStore | None,
        down_time: int,
    ) -> None:
        self._session = session
        self._records = records
        self._down_time = down_time
        self._directories_made = False

    def handle(
        self,
        membership: base.Membership,
        context: sg_context.RequestContext,
        joined: record.Record,
    ) -> Handle:
        """Return a handle whose znode is still to be created."""
        name = members.new_name(joined.uuid, self._down_time)
        guard = None
        if isinstance(self._records, zookeeper_records.ZooKeeperRecordStore):
            guard = self._records.paths(context).service(joined.uuid)
        return Handle(
            membership,
            self._session,
            joined,
            context,
            self._session.layout.member(joined.uuid, name),
            guard,
        )

    def without_record(self, handles: Sequence[Handle]) -> set[Handle]:
        """Return those whose record is gone, where records are elsewhere.

        Asked before :meth:`enter`, where nobody has to wait for the answer:
        an RPC without one takes a minute.

        Where they are in ZooKeeper, the transaction that creates a member
        finds out. A record is destroyed a moment after its members: whose
        znode had to be created asks again at the next beats.
        """
        elsewhere = [each for each in handles if each.guard is None]
        if self._records is None or not elsewhere:
            return set()
        missing = self._records.missing(
            elsewhere[0].context, [each.uuid for each in elsewhere]
        )
        return {each for each in elsewhere if each.uuid in missing}

    def enter(
        self, handles: Sequence[Handle], without_record: set[Handle]
    ) -> set[Handle]:
        """Create the znodes of handles, where they are not there.

        :param without_record: what :meth:`without_record` has found
        :returns: the handles whose record is gone
        """
        gone = without_record.intersection(handles)
        waiting = [each for each in handles if each not in gone]
        members.delete(
            self._session, [each.path for each in gone if each.under]
        )
        if not waiting:
            return gone
        self.make_directories()
        change = self._session.change(self._session.layout.members)

        def attempt() -> None:
            nonlocal waiting
            self._session.wait_until_connected(change.deadline)
            number = self._session.number
            outcomes = self._session.commit_many(
                [_creation(each) for each in waiting], change.deadline
            )
            tried, waiting = waiting, []
            for handle, outcome in zip(tried, outcomes, strict=True):
                if not isinstance(outcome, errors.TransactionFailed):
                    self._entered(handle, number)
                elif outcome.path == handle.guard:
                    gone.add(handle)
                else:
                    waiting.append(handle)
            if waiting:
                waiting = self._not_mine(waiting, number)
            if waiting:
                raise sg_change.Conflict

        try:
            change.run(attempt)
        except exception.OutcomeUnknown as unknown:
            # An operator need not look: joining twice is joining once.
            reason = unknown.kwargs['reason']
            raise self._session.unavailable(reason) from unknown
        return gone

    def _entered(self, handle: Handle, number: int | None) -> None:
        """Note that a znode was created by the session of a number."""
        handle.under = number
        if handle.guard is None:
            handle.doubtful_until = time.monotonic() + self._down_time

    def _not_mine(
        self, handles: Sequence[Handle], number: int | None
    ) -> list[Handle]:
        """Take what this session holds already, and clear what is left over.

        :returns: the handles whose znode is still to be created
        """
        stats = self._session.ask([requests.exists(h.path) for h in handles])
        leftover = []
        for handle, stat in zip(handles, stats, strict=True):
            if stat is not None and stat.ephemeralOwner == number:
                self._entered(handle, number)
            else:
                leftover.append(handle)
        members.delete(self._session, [each.path for each in leftover])
        return leftover

    def make_directories(self) -> None:
        """Create what holds the znodes of members, once per process.

        :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
        """
        if not self._directories_made:
            paths = self._session.layout
            self._session.make_directories(
                [paths.members, *(paths.shard(s) for s in layout.SHARDS)]
            )
            self._directories_made = True


def _creation(handle: Handle) -> list[requests.Operation]:
    guard = [] if handle.guard is None else [requests.check(handle.guard)]
    value = members.value_of(handle.record)
    return [*guard, requests.create_ephemeral(handle.path, value)]
