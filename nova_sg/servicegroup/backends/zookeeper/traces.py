# SPDX-License-Identifier: Apache-2.0

"""The znodes that stay when a member is gone, and say why it is.

An ephemeral znode leaves nothing behind. Beside it each service has a
persistent one, with the time of the ensemble's clock when it was written::

    {"format": 1, "reason": "expected", "by": "c1:4711"}

    t=0    agent A has created its member, and writes that it is expected
    t=300  a beat of A writes the same, so that the time is not too old
    t=420  A is killed: its session expires, and its trace stays
    t=500  a command that has just begun finds no member, and "expected" of
           t=300: A is silent, and was seen at t=300 or later

    t=0    agent B leaves: one transaction deletes its member and writes
           "stopped", so that whatever finds B down finds out why

A worker that leaves writes nothing where another worker is left. Of two that
leave together the second sees, after its member is gone, that no other is
there. A worker that joins writes after it has created its member, and what
leaves meanwhile finds another version of the trace than it has read.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import json
import posixpath
import time
from typing import Any
from typing import NamedTuple

from kazoo import exceptions

from nova_sg import exception
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.leased import keys as sg_keys

FORMAT = 1

#: Seconds after which a member that beats writes its trace again.
RENEWAL = 300.0

_EXPECTED = 'expected'


class _End(NamedTuple):
    """The end of workers of a service.

    :param mine: the paths of their members that are there
    :param alone: no other worker is there
    :param version: of the trace, None without one
    """

    mine: list[str]
    alone: bool
    version: int | None


class Traces:
    """Writes and reads the traces of a deployment.

    :param session: with the ensemble
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session

    def expect(self, handles: Sequence[sg_keys.Handle]) -> None:
        """Note that the services of members are expected to beat.

        :raises ServiceGroupUnavailable: it may not be noted
        """
        answers = self._session.ask(self.renewals(handles))
        missing = self.renewed(handles, answers)
        asked = [
            requests.make(self._path(each.uuid), _value(_EXPECTED))
            for each in missing
        ]
        if asked:
            self._session.ask(asked)
        for each in missing:
            each.traced_at = time.monotonic()

    def renewals(
        self, handles: Sequence[sg_keys.Handle]
    ) -> list[requests.Request]:
        """Return what renews the traces of members."""
        value = _value(_EXPECTED)
        return [requests.put(self._path(each.uuid), value) for each in handles]

    def renewed(
        self, handles: Sequence[sg_keys.Handle], answers: Sequence[Any]
    ) -> list[sg_keys.Handle]:
        """Take in the answers to :meth:`renewals`.

        :returns: the handles without a trace
        """
        missing = []
        for each, answer in zip(handles, answers, strict=True):
            if isinstance(answer, exceptions.NoNodeError):
                missing.append(each)
            else:
                each.traced_at = time.monotonic()
        return missing

    def read(self, uuids: Sequence[str]) -> dict[str, reasons.Departure]:
        """Return why services are down, by uuid; one round trip.

        :returns: without those that have no trace, or an illegible one
        """
        if not uuids:
            return {}
        values = multiread.read(self._session, [self._path(u) for u in uuids])
        found = {}
        for uuid, value in zip(uuids, values, strict=True):
            why = None if value is None else _departure(value)
            if why is not None:
                found[uuid] = why
        return found

    def end(self, keys: Mapping[str, str]) -> None:
        """Delete members, and note why where no other worker is left.

        Two round trips; two more for services with other workers.

        :param keys: the reasons, by path of the member
        :raises ServiceGroupUnavailable: some may be there still
        """
        by_uuid: dict[str, list[str]] = {}
        for key in keys:
            uuid = members.uuid_of(posixpath.basename(key))
            by_uuid.setdefault(uuid, []).append(key)
        if not by_uuid:
            return
        ends = self._look(by_uuid, [])
        last = [uuid for uuid, end in ends.items() if end.alone]
        try:
            outcomes = self._session.commit_many(
                [
                    [
                        *(requests.delete(path) for path in ends[uuid].mine),
                        self._note(uuid, keys[by_uuid[uuid][0]], ends[uuid]),
                    ]
                    for uuid in last
                ]
            )
        except exception.OutcomeUnknown as unknown:
            # To delete them again does no harm.
            reason = unknown.kwargs['reason']
            raise self._session.unavailable(reason) from unknown
        done = {
            uuid
            for uuid, outcome in zip(last, outcomes, strict=True)
            if not isinstance(outcome, errors.TransactionFailed)
        }
        rest = {u: mine for u, mine in by_uuid.items() if u not in done}
        if rest:
            self._end_among_others(rest, keys)

    def remove(self, uuid: str) -> None:
        """Remove the trace of a service that is destroyed."""
        self._session.ask([requests.remove(self._path(uuid))])

    def _end_among_others(
        self, by_uuid: Mapping[str, Sequence[str]], keys: Mapping[str, str]
    ) -> None:
        """Delete members first, and look whether others are left then."""
        gone = [path for mine in by_uuid.values() for path in mine]
        ends = self._look(by_uuid, [requests.remove(path) for path in gone])
        operations = [
            self._note(uuid, keys[by_uuid[uuid][0]], end)
            for uuid, end in ends.items()
            if end.alone
        ]
        if operations:
            # Where it is refused, another worker has written meanwhile.
            self._session.ask(
                [requests.transaction([each]) for each in operations]
            )

    def _look(
        self,
        by_uuid: Mapping[str, Sequence[str]],
        before: Sequence[requests.Request],
    ) -> dict[str, _End]:
        """Look at traces, do something, and then look at members.

        :param by_uuid: the members that end, by service
        """
        shards = sorted({layout.shard_of(uuid) for uuid in by_uuid})
        values, answers = multiread.read_with(
            self._session,
            [self._path(uuid) for uuid in by_uuid],
            [
                *before,
                *(
                    requests.children(self._session.layout.shard(each))
                    for each in shards
                ),
            ],
        )
        there: dict[str, set[str]] = {}
        for shard, names in zip(shards, answers[len(before) :], strict=True):
            directory = self._session.layout.shard(shard)
            for name in names if isinstance(names, list) else []:
                uuid = members.uuid_of(name)
                if uuid in by_uuid and name != members.expected(uuid):
                    there.setdefault(uuid, set()).add(f'{directory}/{name}')
        return {
            uuid: _End(
                [path for path in mine if path in there.get(uuid, ())],
                there.get(uuid, set()) <= set(mine),
                None if value is None else value.stat.version,
            )
            for (uuid, mine), value in zip(
                by_uuid.items(), values, strict=True
            )
        }

    def _note(self, uuid: str, reason: str, end: _End) -> requests.Operation:
        path, value = self._path(uuid), _value(reason)
        if end.version is None:
            return requests.create(path, value)
        return requests.change(path, value, end.version)

    def _path(self, uuid: str) -> str:
        return self._session.layout.last(uuid)


def due(handles: Iterable[sg_keys.Handle]) -> list[sg_keys.Handle]:
    """Return the members whose traces are to be renewed with a beat."""
    before = time.monotonic() - RENEWAL
    return [each for each in handles if each.traced_at < before]


def _value(reason: str) -> bytes:
    return json.dumps(
        {'format': FORMAT, 'reason': reason, 'by': reasons.this_process()}
    ).encode()


def _departure(value: multiread.Value) -> reasons.Departure | None:
    try:
        content = json.loads(value.data)
        reason, seen_by = str(content['reason']), content.get('by')
        if content['format'] > FORMAT:
            return None
    except (ValueError, LookupError, TypeError):
        return None
    if reason == _EXPECTED:
        reason = reasons.SILENT
    moment = datetime.datetime.fromtimestamp(
        value.stat.mtime / 1000, datetime.UTC
    )
    return reasons.Departure(reason, moment, moment, seen_by)
