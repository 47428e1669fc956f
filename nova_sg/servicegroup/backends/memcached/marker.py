# SPDX-License-Identifier: Apache-2.0

"""The deployment marker in memcached, on every server.

A server that is restarted is empty, and must not look like a new deployment::

    t=0   conductor A claims servers 1 and 2, in this order: the marker of the
          first that answers is the one that counts
    t=10  server 2 is restarted, and knows nothing
    t=11  agent B beats to it, gives it a new epoch, and writes the marker it
          has seen again
    t=12  a command with other servers in [memcached] servers reads the marker,
          finds these two in it, and refuses to start
"""

from collections.abc import Callable
import dataclasses
import functools
import json
from typing import TypeVar

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import server as server_

T = TypeVar('T')


class MemcachedMarkerStore(marker.MarkerStore):
    """A key on each server, so that one which is out does not hide it.

    Beside the marker stand the servers of the deployment: a process with
    another list would look for members where they are not, and take all of
    them for dead. Where a server lost its memory, the marker comes back with
    the new epoch.

    :param cluster: the servers
    :ivar key: where the marker lies
    """

    def __init__(self, cluster: cluster_.Cluster) -> None:
        self._cluster = cluster
        self.key = cluster.keys.marker
        self._seen: marker.Marker | None = None
        cluster.on_new_epoch(self._again)

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._cluster.name

    def read(self) -> marker.Marker | None:
        found = [
            theirs
            for theirs in self._each(self._read_from)
            if theirs is not None
        ]
        if not found:
            return None
        self._seen = found[0]
        return found[0]

    def read_all(self) -> set[marker.Marker]:
        """See the base class; needs every server, as :meth:`move` does."""
        return {
            theirs
            for server in self._cluster.servers
            if (theirs := self._read_from(server)) is not None
        }

    def claim(self, ours: marker.Marker) -> marker.Marker:
        # One after the other and always in the same order, so that of two
        # racing claims the first server which answers decides.
        decided: marker.Marker | None = None
        error: exception.ServiceGroupUnavailable | None = None
        for server in self._cluster.servers:
            try:
                server.add([(self.key, self._encode(decided or ours))])
                theirs = self._read_from(server)
            except exception.ServiceGroupUnavailable as problem:
                error = problem
                continue
            if theirs is not None and (decided is None or theirs != ours):
                decided = theirs
        if decided is None:
            raise error or self._vanished()
        self._seen = decided
        return decided

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        """See the base class; needs every server."""
        moved = [
            self._move_on(server, theirs, ours)
            for server in self._cluster.servers
        ]
        if all(moved):
            self._seen = ours
        return all(moved)

    def facts(self) -> dict[str, str | int]:
        cluster = self._cluster
        versions = self._each(lambda server: server.version())
        settling = [
            server.name
            for server in cluster.servers
            if not cluster.memory(server).read([]).complete
        ]
        return {
            'memcached_version': ', '.join(sorted(set(versions))),
            'tls': 'yes' if cluster.tls else 'no',
            'settling': ', '.join(settling) or 'no',
        }

    def _move_on(
        self,
        server: server_.Server,
        theirs: marker.Marker,
        ours: marker.Marker,
    ) -> bool:
        found = server.gets([self.key]).get(self.key)
        if found is None:
            server.add([(self.key, self._encode(ours))])
            return self._read_from(server) == ours
        value, token = found
        if self.decode(value, server) == ours:
            return True
        if self.decode(value, server) != theirs:
            return False
        moved = server.cas([(self.key, self._encode(ours), token)])[0]
        # By us, and the answer was lost; or by another that moves the same.
        return moved or self._read_from(server) == ours

    def _each(self, ask: Callable[[server_.Server], T]) -> list[T]:
        """Ask every server; return the answers, in the order of servers."""
        servers = self._cluster.servers
        answers = self._cluster.ask_any(
            {server: functools.partial(ask, server) for server in servers}
        )
        return [answers[server] for server in servers if server in answers]

    def _read_from(self, server: server_.Server) -> marker.Marker | None:
        return self.decode(server.get([self.key]).get(self.key), server)

    def _again(self, server: server_.Server) -> None:
        """Mark a server that has lost its memory."""
        if self._seen is not None:
            server.add([(self.key, self._encode(self._seen))])

    def _encode(self, ours: marker.Marker) -> bytes:
        return json.dumps(
            {
                **dataclasses.asdict(ours),
                'servers': [each.name for each in self._cluster.servers],
            }
        ).encode()

    def decode(
        self, value: bytes | None, server: server_.Server
    ) -> marker.Marker | None:
        """Return the marker of a value, None without one.

        :raises InvalidConfiguration: the deployment has other servers
        """
        if value is None:
            return None
        try:
            values = json.loads(value)
            servers = list(values['servers'])
            theirs = marker.Marker(
                values['driver'], values['records'], values['format']
            )
        except (ValueError, TypeError, KeyError) as error:
            raise server.unavailable(
                f'the value of {self.key} is no deployment marker'
            ) from error
        ours = [each.name for each in self._cluster.servers]
        if servers != ours:
            raise exception.InvalidConfiguration(
                option='[memcached] servers',
                reason=f'it is {", ".join(ours)} here, but '
                f'{", ".join(servers)} in the deployment that uses '
                f'{server.name}',
            )
        return theirs

    def _vanished(self) -> exception.ServiceGroupUnavailable:
        return exception.ServiceGroupUnavailable(
            backend=self.name, reason='it does not keep what is written'
        )
