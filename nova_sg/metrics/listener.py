# SPDX-License-Identifier: Apache-2.0

"""A small HTTP server for processes that have none.

It runs in a thread, native or green. The workers of a program listen on one
socket, which was opened before they were forked, and the kernel gives each
connection to one of them.
"""

from collections.abc import Callable
from collections.abc import Mapping
from http import server
import io
import logging
import re
import socket
import threading
import time
from typing import Any
from typing import NamedTuple

from oslo_config import cfg

from nova_sg import exception

LOG = logging.getLogger(__name__)

#: Seconds after which the thread looks whether it shall end, and in which a
#: client has to say all that it wants.
_TURN = 1.0
_PATIENCE = 5.0

#: The most bytes that a client says, and what ends it.
_LONGEST = 65536
_END = re.compile(rb'\n\r?\n')

#: Clients that are answered at a time; others wait.
_CLIENTS = 8


class Answer(NamedTuple):
    """What a path is answered with."""

    status: int
    content_type: str
    body: bytes


#: Makes an answer.
Page = Callable[[], Answer]

#: By path.
Pages = Mapping[str, Page]

_NOT_FOUND = Answer(404, 'text/plain; charset=utf-8', b'Not found\n')
_FAILED = Answer(500, 'text/plain; charset=utf-8', b'See the log\n')


def listen(conf: cfg.ConfigOpts, port: int) -> socket.socket:
    """Open the port of a program.

    :param port: see ``[monitoring] ports``
    :raises InvalidConfiguration: it is taken, or the address is no own one
    """
    address = conf.monitoring.listen
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    try:
        opened = socket.create_server((address, port), family=family)
    except OSError as error:
        raise exception.InvalidConfiguration(
            option='[monitoring] ports',
            reason=f'cannot listen on {address}:{port}: '
            f'{error.strerror or error}',
        ) from error
    opened.settimeout(_TURN)
    return opened


class Listener:
    """Answers GET for a few paths, from :meth:`start` to :meth:`stop`.

    :param opened: what :func:`listen` returned
    :param pages: what is answered
    """

    def __init__(self, opened: socket.socket, pages: Pages) -> None:
        self._socket = opened
        self._pages = pages
        self._stopping = False
        self._free = threading.Semaphore(_CLIENTS)
        self._thread = threading.Thread(
            target=self._run, name='monitoring', daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, soon.

        It is not waited for: others may go on listening on the socket.
        """
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            try:
                connection, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                # Too many open files, or a client that has closed.
                LOG.debug('No connection to a client: %s', error)
                threading.Event().wait(_TURN)
                continue
            self._free.acquire()
            thread = threading.Thread(
                target=self._serve, args=(connection, address), daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:
                LOG.debug('No thread for a client: %s', error)
                connection.close()
                self._free.release()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            with connection:
                connection.settimeout(_PATIENCE)
                _Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError as error:
            LOG.debug('A client of the metrics has closed: %s', error)
        finally:
            self._free.release()

    def answer(self, path: str) -> Answer:
        """Return the answer to a path, whatever it is."""
        make = self._pages.get(path.partition('?')[0])
        if make is None:
            return _NOT_FOUND
        try:
            return make()
        except Exception:
            LOG.exception('Unexpected error while answering %r', path[:80])
            return _FAILED


def _head(connection: socket.socket) -> bytes:
    """Return the head of a request, as far as there is one.

    A client that sends a byte now and then would be waited for as long as it
    likes, and a few of them would keep all probes from being answered.

    :raises TimeoutError: it has not come in time
    """
    until = time.monotonic() + _PATIENCE
    head = b''
    while not _END.search(head) and len(head) < _LONGEST:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError('a request takes too long')
        connection.settimeout(left)
        more = connection.recv(_LONGEST)
        if not more:
            break
        head += more
    connection.settimeout(_PATIENCE)
    return head


class _Handler(server.BaseHTTPRequestHandler):
    server: Any
    server_version = 'nova_sg'
    sys_version = ''

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BytesIO(_head(self.connection))

    def do_GET(self) -> None:  # noqa: N802
        answer = self.server.answer(self.path)
        self.send_response(answer.status)
        self.send_header('Content-Type', answer.content_type)
        self.send_header('Content-Length', str(len(answer.body)))
        self.send_header('Connection', 'close')
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(answer.body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Log no line for each scrape."""
