# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A connection of pymemcache's, and what it lacks: writes of many keys."""

from collections.abc import Sequence

from pymemcache import exceptions
from pymemcache.client import base

_RECEIVE = 65536


class Refused(Exception):
    """A server answered that it does not do it."""


class Connection(base.Client):  # type: ignore[misc]
    """A connection of pymemcache's that writes many keys in one request."""

    def store(
        self, command: str, items: Sequence[tuple[str, bytes, bytes]], ttl: int
    ) -> list[bool]:
        """Return which of the items were stored.

        :param command: ``set``, ``add`` or ``cas``
        :param items: keys, values, and tokens, which are for ``cas``
        """
        request = b''.join(
            f'{command} {key} 0 {ttl} {len(value)}'.encode()
            + (b' ' + token if token else b'')
            + (b'\r\n' + value + b'\r\n')
            for key, value, token in items
        )
        if self.sock is None:
            self._connect()
        self.sock.sendall(request)
        reply = b''
        while reply.count(b'\n') < len(items):
            more = self.sock.recv(_RECEIVE)
            if not more:
                raise exceptions.MemcacheUnexpectedCloseError
            reply += more
        return [_is_stored(line) for line in reply.split(b'\r\n')[:-1]]


def _is_stored(line: bytes) -> bool:
    match line:
        case b'STORED':
            return True
        case b'NOT_STORED' | b'EXISTS' | b'NOT_FOUND':
            return False
    raise Refused(line.decode(errors='replace'))


class Pool(base.PooledClient):  # type: ignore[misc]
    """Connections of one process to one server."""

    client_class = Connection
