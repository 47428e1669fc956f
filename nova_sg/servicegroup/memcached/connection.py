# SPDX-License-Identifier: Apache-2.0

"""A connection of pymemcache's, and what it lacks: writes of many keys."""

from collections.abc import Sequence

from pymemcache import exceptions
from pymemcache.client import base

_RECEIVE = 65536


class Refused(Exception):
    """A server answered that it does not do it."""


class Connection(base.Client):  # type: ignore[misc]
    """A connection of pymemcache's for thousands of keys in one request."""

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, in the order of the keys.

        pymemcache's ``get_many`` looks at each key and copies what is left
        of the reply for each value: a third of that time is enough.

        :param keys: keys that are legal
        """
        if self.sock is None:
            self._connect()
        self.sock.sendall(f'get {" ".join(keys)}\r\n'.encode())
        reply = bytearray()
        while True:
            more = self.sock.recv(_RECEIVE)
            if not more:
                raise exceptions.MemcacheUnexpectedCloseError
            reply += more
            if _is_last_line(reply):
                found = _parse(bytes(reply))
                if found is not None:
                    return found

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


def _is_last_line(reply: bytearray) -> bool:
    """Tell whether a reply may be over; a value may look like its end."""
    if not reply.endswith(b'\r\n'):
        return False
    line = reply[reply.rfind(b'\n', 0, -1) + 1 : -2]
    return line == b'END' or b'ERROR' in line


def _parse(reply: bytes) -> dict[str, bytes] | None:
    """Return the values in a reply, None where it is not over.

    :raises Refused: the server answered with an error
    """
    found = {}
    position = 0
    find = reply.find
    while reply.startswith(b'VALUE ', position):
        end = find(b'\r\n', position)
        key, _flags, length = reply[position + 6 : end].split(b' ')
        start = end + 2
        position = start + int(length)
        found[key.decode()] = reply[start:position]
        position += 2
    rest = reply[position:]
    if rest == b'END\r\n':
        return found
    if b'ERROR' in rest:
        raise Refused(rest.decode(errors='replace').strip())
    return None


class Pool(base.PooledClient):  # type: ignore[misc]
    """Connections of one process to one server."""

    client_class = Connection
