# SPDX-License-Identifier: Apache-2.0

"""The ephemeral znodes of this process's members."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import posixpath
from typing import Any

from kazoo import exceptions

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import traces
from nova_sg.servicegroup.leased import keys
from nova_sg.servicegroup.records import change as sg_change
from nova_sg.servicegroup.records import known

#: Of more records than these the names are asked for as a whole.
MANY = 100


class MemberZnodes(keys.MemberKeys):
    """Creates the znodes of members, and clears what is in their way.

    :param session: the session that will hold them
    :param records: where the records are; None where they cannot be asked
        from here
    :param down_time: seconds without a beat after which a worker withdraws
    """

    def __init__(
        self,
        session: sg_session.Session,
        records: known.KnownRecords | None,
        down_time: int,
    ) -> None:
        self._session = session
        self._records = records
        self._down_time = down_time
        self._traces = traces.Traces(session)
        self._directories_made = False

    def new(
        self, context: sg_context.RequestContext, joined: record.Record
    ) -> tuple[str, str | None]:
        name = members.new_name(joined.uuid, self._down_time)
        guard = None
        if self._records is not None:
            guard = self._records.guard(context, joined.uuid, self._session)
        return self._session.layout.member(joined.uuid, name), guard

    def expected(self, uuid: str) -> str:
        return self._session.layout.member(uuid, members.expected(uuid))

    def expect(self, key: str) -> None:
        asked = [requests.make(key, ephemeral=True)]
        (answer,) = self._session.ask(asked)
        if isinstance(answer, exceptions.NoNodeError):
            self._directories_made = False
            self._make_directories()
            self._session.ask(asked)

    def look(
        self, handles: Sequence[keys.Handle]
    ) -> tuple[set[keys.Handle], set[keys.Handle]]:
        guards = _Guards(handles)
        due = traces.due(handles)
        asked = [*self._traces.renewals(due), *guards.requests]
        values, answers = multiread.read_with(
            self._session, [each.key for each in handles], asked
        )
        gone = guards.gone(answers[len(due) :])
        missing = [
            each
            for each in self._traces.renewed(due, answers[: len(due)])
            # Its trace went with it, and another one would stay for ever.
            if each not in gone
        ]
        if missing:
            self.expect_beats(missing)
        lost = {
            handle
            for handle, value in zip(handles, values, strict=True)
            if value is None
            or value.stat.ephemeralOwner != self._session.number
        }
        return lost, gone

    def create(self, handles: Sequence[keys.Handle]) -> set[keys.Handle]:
        gone: set[keys.Handle] = set()
        waiting = list(handles)
        change = self._session.change(self._session.layout.members)

        def attempt() -> None:
            nonlocal waiting
            self._make_directories()
            self._session.wait_until_connected(change.deadline)
            number = self._session.number
            outcomes = self._session.commit_many(
                [_creation(each) for each in waiting], change.deadline
            )
            tried, waiting = waiting, []
            for handle, outcome in zip(tried, outcomes, strict=True):
                if not isinstance(outcome, errors.TransactionFailed):
                    handle.under = number
                elif outcome.path == handle.guard:
                    gone.add(handle)
                else:
                    waiting.append(handle)
                    if isinstance(outcome.error, exceptions.NoNodeError):
                        self._directories_made = False
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

    def expect_beats(self, handles: Sequence[keys.Handle]) -> None:
        self._traces.expect(handles)

    def delete(self, keys: Iterable[str]) -> None:
        members.delete(self._session, keys)

    def end(self, ended: Mapping[str, str]) -> None:
        self._traces.end(ended)

    def delete_all(self, uuid: str, invocation: str | None = None) -> int:
        count = members.remove(self._session, uuid, invocation)
        if invocation is None:
            self._traces.remove(uuid)
        return count

    def departures(
        self, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        return self._traces.read(uuids)

    def read(self, uuids: Iterable[str]) -> liveness.Members:
        return members.read(self._session, uuids)

    def _not_mine(
        self, handles: Sequence[keys.Handle], number: int | None
    ) -> list[keys.Handle]:
        """Take what this session holds already, and clear what is left over.

        :returns: the handles whose znode is still to be created
        """
        stats = self._session.ask([requests.exists(h.key) for h in handles])
        leftover = []
        for handle, stat in zip(handles, stats, strict=True):
            if stat is not None and stat.ephemeralOwner == number:
                handle.under = number
            else:
                leftover.append(handle)
        members.delete(self._session, [each.key for each in leftover])
        return leftover

    def _make_directories(self) -> None:
        if not self._directories_made:
            paths = self._session.layout
            self._session.make_directories(
                [
                    *(paths.members, paths.lasts),
                    *(paths.shard(s) for s in layout.SHARDS),
                ]
            )
            self._directories_made = True


def _creation(handle: keys.Handle) -> list[requests.Operation]:
    guard = [] if handle.guard is None else [requests.check(handle.guard)]
    value = members.value_of(handle.record)
    return [*guard, requests.create(handle.key, value, ephemeral=True)]


class _Guards:
    """Whether the records of handles are there, where ZooKeeper has them.

    :param handles: their handles; others are left out
    :ivar requests: what is to be asked
    """

    def __init__(self, handles: Sequence[keys.Handle]) -> None:
        self._guarded: list[tuple[keys.Handle, str, str]] = [
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

    def gone(self, answers: Sequence[Any]) -> set[keys.Handle]:
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
