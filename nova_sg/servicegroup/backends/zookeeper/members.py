# SPDX-License-Identifier: Apache-2.0

"""The znodes of living workers, and what their names say.

A member is an ephemeral znode in the shard of its service. Its name tells
all there is to know, so that one request for the names of a shard answers
for every service in it::

    <service uuid>:<pid>:<started, ms since 1970, hex>:<ttl, s>:<token>

and a sixth part where the process has one, its invocation (see
:mod:`nova_sg.servicegroup.invocation`).
"""

from collections.abc import Iterable
import datetime
import json
import os
import secrets

from kazoo import exceptions

from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session

FORMAT = 1


def new_name(uuid: str, ttl: int) -> str:
    """Return the name of a member that this process is about to become.

    :param ttl: seconds without a beat after which it withdraws
    """
    now = datetime.datetime.now(datetime.UTC)
    started = f'{int(now.timestamp() * 1000):x}'
    token = secrets.token_hex(4)
    name = f'{layout.quote(uuid)}:{os.getpid()}:{started}:{ttl}:{token}'
    invocation = sg_invocation.current()
    return name if invocation is None else f'{name}:{invocation}'


def expected(uuid: str) -> str:
    """Return the name that stands for a service until it joins."""
    return f'{layout.quote(uuid)}:expected'


def value_of(joined: record.Record) -> bytes:
    """Return the value of a member: its service, for an operator."""
    return json.dumps(
        {
            'format': FORMAT,
            'host': joined.host,
            'binary': joined.binary,
        }
    ).encode()


def uuid_of(name: str) -> str:
    """Return the uuid of a member's service."""
    return layout.unquote(name.partition(':')[0])


def parse(name: str) -> tuple[str, liveness.Member | None]:
    """Return the uuid of a member's service, and what describes the member.

    :returns: no member where the name says less, as that of a service which
        is expected, or something else, as one of a later version may; its
        service is up all the same
    """
    uuid, *details = name.split(':')
    member = None
    try:
        pid, started, ttl = details[:3]
        seconds = int(started, 16) / 1000
        if 0 <= seconds < liveness.NEVER:
            member = liveness.Member(int(pid), seconds, int(ttl))
    except (ValueError, OverflowError):
        pass
    return layout.unquote(uuid), member


def collect(names: Iterable[str]) -> dict[str, tuple[liveness.Member, ...]]:
    """Return the living workers of services from the names in a shard."""
    found: dict[str, tuple[liveness.Member, ...]] = {}
    for name in names:
        uuid, member = parse(name)
        there = found.get(uuid, ())
        found[uuid] = there if member is None else (*there, member)
    return found


def read(
    session: sg_session.Session, uuids: Iterable[str]
) -> liveness.Members:
    """Ask ZooKeeper which workers of services live.

    :returns: without the services of which none does; with some that were
        not asked for
    :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
    """
    shards = sorted({layout.shard_of(uuid) for uuid in uuids})
    _, *answers = session.ask(
        [
            requests.sync(session.layout.root),
            *(
                requests.children(session.layout.shard(each))
                for each in shards
            ),
        ]
    )
    found: dict[str, tuple[liveness.Member, ...]] = {}
    for names in answers:
        if isinstance(names, exceptions.NoNodeError):
            continue
        found.update(collect(names))
    return found


def invocation_of(name: str) -> str | None:
    """Return the invocation of a member, None where it does not say."""
    parts = name.split(':')
    return parts[5] if len(parts) > 5 else None


def remove(
    session: sg_session.Session, uuid: str, invocation: str | None = None
) -> int:
    """Delete members of a service, whichever session holds them.

    :param invocation: only its members; None for all
    :returns: how many there were
    :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
    """
    shard = session.layout.shard(layout.shard_of(uuid))
    _, names = session.ask(
        [requests.sync(session.layout.root), requests.children(shard)]
    )
    if isinstance(names, exceptions.NoNodeError):
        return 0
    paths = [
        f'{shard}/{name}'
        for name in names
        if uuid_of(name) == uuid and invocation in (None, invocation_of(name))
    ]
    delete(session, paths)
    return len(paths)


def delete(session: sg_session.Session, paths: Iterable[str]) -> None:
    """Delete members; one that is gone already is as good.

    :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
    """
    session.ask([requests.remove(path) for path in paths])
