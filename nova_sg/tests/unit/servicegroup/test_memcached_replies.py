# SPDX-License-Identifier: Apache-2.0


"""What a memcached answers, as a connection reads it."""

import socket
import threading
from typing import Any

from oslotest import base
from pymemcache import exceptions

from nova_sg.servicegroup.backends.memcached import connection

KEYS = ['a', 'b', 'c']


class TestFetch(base.BaseTestCase):
    """A connection whose other end says what a test wants it to."""

    def fetch(self, *pieces: bytes) -> dict[str, bytes]:
        """Fetch keys, and be answered in pieces; then the server is gone."""
        return self.answered(lambda c: c.fetch(KEYS), *pieces)

    def answered(self, ask: Any, *pieces: bytes) -> Any:
        ours, server = socket.socketpair()

        def answer() -> None:
            self.request = server.recv(4096)
            for piece in pieces:
                server.sendall(piece)
            server.close()

        fetching = connection.Connection(('localhost', 11211))
        fetching.sock = ours
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            return ask(fetching)
        finally:
            thread.join()
            ours.close()

    def test_what_is_there_is_returned(self) -> None:
        reply = b'VALUE a 0 2\r\n{}\r\nVALUE c 0 0\r\n\r\nEND\r\n'
        self.assertEqual({'a': b'{}', 'c': b''}, self.fetch(reply))
        self.assertEqual(b'get a b c\r\n', self.request)

    def test_nothing_may_be_there(self) -> None:
        self.assertEqual({}, self.fetch(b'END\r\n'))

    def test_a_reply_comes_in_any_pieces(self) -> None:
        value = b'VALUE a 0 9\r\nEND\r\nEND \r\nEND\r\n'
        for size in range(1, len(value)):
            with self.subTest(size=size):
                pieces = [
                    value[start : start + size]
                    for start in range(0, len(value), size)
                ]
                self.assertEqual({'a': b'END\r\nEND '}, self.fetch(*pieces))

    def test_a_value_may_look_like_the_end_or_an_error(self) -> None:
        looks = b'x\r\nSERVER_ERROR not really\r\nEND\r\n'
        reply = b'VALUE b 0 %d\r\n%b\r\n' % (len(looks), looks)
        self.assertEqual({'b': looks}, self.fetch(reply, b'END\r\n'))

    def test_a_value_may_look_like_several(self) -> None:
        for looks in (
            b'\r\nVALUE c 0 0\r\n',
            b'\r\nVALUE c 0 2\r\n{}',
            b'\r\nVALUE nonsense\r\n',
            b'\r\nVALUE c 0 x\r\n\r\n',
            b'VALUE c 0 2',
            b'\r\nEND',
        ):
            values = {'a': looks, 'b': b'{}', 'c': looks + b'\r\n'}
            reply = b''.join(
                b'VALUE %b 0 %d\r\n%b\r\n' % (key.encode(), len(each), each)
                for key, each in values.items()
            )
            self.assertEqual(values, self.fetch(reply, b'END\r\n'))

    def again(self, before: bytes, *pieces: bytes) -> Any:
        """Fetch what a reply came to before."""
        return self.answered(
            lambda c: c.fetch_changed(connection.question(KEYS), before),
            *pieces,
        )

    def test_the_same_reply_is_not_taken_apart_again(self) -> None:
        reply = b'VALUE a 0 9\r\nEND\r\nEND \r\nEND\r\n'
        for size in range(1, len(reply) + 1):
            pieces = [
                reply[start : start + size]
                for start in range(0, len(reply), size)
            ]
            with self.subTest(size=size):
                self.assertEqual((reply, None), self.again(reply, *pieces))
        self.assertEqual(b'get a b c\r\n', self.request)

    def test_a_reply_that_only_begins_alike_is_taken_apart(self) -> None:
        before = b'VALUE a 0 2\r\n{}\r\nEND\r\n'
        longer = b'VALUE a 0 2\r\n{}\r\nVALUE b 0 1\r\nx\r\nEND\r\n'
        self.assertEqual(
            (longer, {'a': b'{}', 'b': b'x'}),
            self.again(before, longer[:20], longer[20:]),
        )
        self.assertEqual((before, {'a': b'{}'}), self.again(longer, before))
        as_long = before.replace(b'{}', b'[]')
        self.assertEqual((as_long, {'a': b'[]'}), self.again(before, as_long))
        nothing = b'END\r\n'
        self.assertEqual((nothing, {}), self.again(before, nothing))
        self.assertEqual((nothing, None), self.again(nothing, nothing))

    def test_an_error_is_refused_with_what_it_says(self) -> None:
        error = self.assertRaises(
            connection.Refused,
            self.fetch,
            b'VALUE a 0 2\r\n{}\r\n',
            b'SERVER_ERROR out of memory writing get response\r\n',
        )
        self.assertIn('out of memory', str(error))

    def test_an_end_in_the_middle_is_an_error(self) -> None:
        self.assertRaises(
            exceptions.MemcacheUnexpectedCloseError,
            self.fetch,
            b'VALUE a 0 20\r\n{}\r\n',
        )
