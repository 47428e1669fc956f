# SPDX-License-Identifier: Apache-2.0

"""A connection of pymemcache's, and what it lacks: writes of many keys."""

from collections.abc import Sequence
import contextlib
import socket
from typing import NamedTuple

from pymemcache import exceptions
from pymemcache.client import base

_RECEIVE = 65536


class Refused(Exception):
    """A server answered that it does not do it."""


class Write(NamedTuple):
    """One write, of several in a request.

    :param command: ``set``, ``add`` or ``cas``
    :param key: a key that is legal
    :param value: what is written
    :param ttl: seconds; 0: for ever, -1: the key is taken away
    :param token: for ``cas``: which value it replaces
    """

    command: str
    key: str
    value: bytes
    ttl: int = 0
    token: bytes = b''


class Connection(base.Client):  # type: ignore[misc]
    """A connection of pymemcache's for thousands of keys in one request.

    :ivar sent: whether the server may have heard of the latest writes
    """

    sent = False

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, in the order of the keys.

        pymemcache's ``get_many`` looks at each key and copies what is left
        of the reply for each value: a third of that time is enough.

        :param keys: keys that are legal
        """
        _reply, found = self.fetch_changed(question(keys), b'')
        return {} if found is None else found

    def fetch_changed(
        self, request: bytes, before: bytes
    ) -> tuple[bytes, dict[str, bytes] | None]:
        """Ask for values again; take apart only what differs.

        Values that are the same byte by byte are the same values: no version
        is compared, and no clock. A reply says where it ends, so that one
        which begins with a whole reply is no longer than that.

        :param request: of :func:`question`
        :param before: an earlier reply to it, or nothing
        :returns: the reply, and the values in it; None for the values where
            the reply is the one before
        """
        if self.sock is None:
            self._connect()
        self.sock.sendall(request)
        reply = bytearray()
        while True:
            more = self.sock.recv(_RECEIVE)
            if not more:
                raise exceptions.MemcacheUnexpectedCloseError
            reply += more
            if _is_last_line(reply):
                if reply == before:
                    return before, None
                whole = bytes(reply)
                found = parse(whole)
                if found is not None:
                    return whole, found

    def store(self, writes: Sequence[Write]) -> list[bool]:
        """Return which of the writes were done; all are one request."""
        self.sent = False
        request = b''.join(
            f'{command} {key} 0 {ttl} {len(value)}'.encode()
            + (b' ' + token if token else b'')
            + (b'\r\n' + value + b'\r\n')
            for command, key, value, ttl, token in writes
        )
        if self.sock is None:
            self._connect()
        self.sent = True
        self.sock.sendall(request)
        reply = b''
        while reply.count(b'\n') < len(writes):
            more = self.sock.recv(_RECEIVE)
            if not more:
                raise exceptions.MemcacheUnexpectedCloseError
            reply += more
        return [_is_stored(line) for line in reply.split(b'\r\n')[:-1]]

    def _connect(self) -> None:
        """Connect to the first address of the server that answers.

        pymemcache takes the first one for which there is a socket: an IPv6
        address where the server listens on IPv4 only.
        """
        self.close()
        if isinstance(self.server, str):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            sock = socket.create_connection(self.server, self.connect_timeout)
        try:
            sock.settimeout(self.connect_timeout)
            if isinstance(self.server, str):
                sock.connect(self.server)
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.tls_context is not None:
                    sock = self.tls_context.wrap_socket(
                        sock, server_hostname=self.server[0]
                    )
            sock.settimeout(self.timeout)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


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


def question(keys: Sequence[str]) -> bytes:
    """Return the request for the values of keys, which are legal."""
    return f'get {" ".join(keys)}\r\n'.encode()


def parse(reply: bytes) -> dict[str, bytes] | None:
    """Return the values in a reply, None where it is not over.

    :raises Refused: the server answered with an error
    """
    found = _split(reply)
    return _walk(reply) if found is None else found


_VALUE, _END = b'VALUE ', b'\r\nEND\r\n'


def _split(reply: bytes) -> dict[str, bytes] | None:
    """Return the values in a reply by where it seems to be cut.

    In half the time of :func:`_walk`. A value may look like the beginning of
    the next one, and then the length of what is before it is wrong.

    :returns: None where it has to be walked through
    """
    if not (reply.startswith(_VALUE) and reply.endswith(_END)):
        return None
    found = {}
    pieces = reply[len(_VALUE) : -len(_END)].split(b'\r\n' + _VALUE)
    with contextlib.suppress(ValueError):
        for piece in pieces:
            head, _line_end, value = piece.partition(b'\r\n')
            key, _flags, length = head.split(b' ')
            if int(length) != len(value):
                return None
            found[key.decode()] = value
        return found
    return None


def _walk(reply: bytes) -> dict[str, bytes] | None:
    """Return the values in a reply one after the other; see :func:`parse`."""
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
