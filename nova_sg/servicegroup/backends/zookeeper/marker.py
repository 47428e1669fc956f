# SPDX-License-Identifier: Apache-2.0

"""The deployment marker in ZooKeeper."""

import dataclasses
import json
from typing import Any
import weakref

from kazoo import exceptions
from kazoo import security
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.zookeeper import credentials
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.records import change as sg_change

LOG = logging.getLogger(__name__)

#: The sessions of which the log says that anybody may change what is there.
_warned: weakref.WeakSet[sg_session.Session] = weakref.WeakSet()


class ZooKeeperMarkerStore(marker.MarkerStore):
    """One znode, changed by compare-and-set.

    :param session: the session with the ensemble that is marked
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session
        self._path = session.layout.deployment
        self.name = session.name

    def read(self) -> marker.Marker | None:
        found = self.read_version()
        return None if found is None else found[0]

    def claim(self, ours: marker.Marker) -> marker.Marker:
        change = self._session.change(self._path)

        def attempt() -> marker.Marker:
            found = self.read_version(change.deadline)
            if found is not None:
                return found[0]
            self._session.make_directories([])
            try:
                self._session.commit(
                    [requests.create(self._path, _encode(ours))],
                    change.deadline,
                )
            except errors.TransactionFailed as failed:
                # See which marker was first.
                raise sg_change.Conflict from failed
            return ours

        return change.run(attempt)

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        change = self._session.change(self._path)

        def attempt() -> bool:
            found = self.read_version(change.deadline)
            if change.unsure and found is not None and found[0] == ours:
                return True
            if found is None or found[0] != theirs:
                return False
            try:
                self._session.commit(
                    [requests.change(self._path, _encode(ours), found[1])],
                    change.deadline,
                )
            except errors.TransactionFailed as failed:
                raise sg_change.Conflict from failed
            return True

        return change.run(attempt)

    def facts(self) -> dict[str, str | int]:
        session = self._session
        paths = [session.layout.shard(each) for each in layout.SHARDS]
        stats = session.ask([requests.exists(path) for path in paths])
        members = sum(each.numChildren for each in stats if each is not None)
        client = session.wait_until_connected(session.deadline())
        version = client.server_version()
        return {
            'zookeeper_version': version or 'unknown',
            'session_timeout': f'{session.timeout:g} s',
            'access': self._describe_access(),
            'tls': 'yes' if session.options.use_tls else 'no',
            'members': members,
        }

    def _describe_access(self) -> str:
        """Say which identities may change the marker."""
        (answer,) = self._session.ask([requests.access(self._path)])
        if isinstance(answer, exceptions.ZookeeperError):
            return 'nothing is there yet'
        if credentials.is_world_writable(answer[0]):
            return 'everybody may change it'
        writers = ', '.join(
            # Of a digest, without the hash of the password.
            f'{each.id.scheme}:{each.id.id.partition(":")[0]}'
            for each in answer[0]
            if each.perms & ~security.Permissions.READ
        )
        return f'only {writers} may change it'

    def read_version(
        self, deadline: float | None = None
    ) -> tuple[marker.Marker, int] | None:
        """Return the marker and the version of its znode, if it is there.

        :param deadline: see :meth:`Session.ask`
        """
        root = self._session.layout.root
        _, answer, access = self._session.ask(
            [
                requests.sync(root),
                requests.get(self._path),
                requests.access(self._path),
            ],
            deadline,
        )
        if isinstance(answer, exceptions.NoNodeError):
            return None
        self._check_access(access)
        value, stat = answer
        return _decode(value, f'{self.name}/{self._path}'), stat.version

    def _check_access(self, answer: Any) -> None:
        """Tell once of znodes from before there were credentials."""
        if (
            isinstance(answer, exceptions.ZookeeperError)
            or self._session in _warned
        ):
            return
        if credentials.configured(
            self._session.options
        ) and credentials.is_world_writable(answer[0]):
            _warned.add(self._session)
            LOG.warning(
                'Anybody may change %s, which was created without '
                'credentials: set the access lists of what lies there.',
                self.name,
            )


def _encode(ours: marker.Marker) -> bytes:
    return json.dumps(dataclasses.asdict(ours)).encode()


def _decode(value: bytes, where: str) -> marker.Marker:
    try:
        values = json.loads(value)
        return marker.Marker(
            str(values['driver']),
            str(values['records']),
            int(values['format']),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise exception.RecordUnreadable(
            where=where, reason=f'{type(error).__name__}: {error}'
        ) from error
