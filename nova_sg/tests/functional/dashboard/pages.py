# SPDX-License-Identifier: Apache-2.0

"""The page over services that a test makes up, each in any state."""

from collections.abc import Iterator
import datetime
import socketserver
import threading
from typing import Any
from wsgiref import simple_server

import fixtures

from nova_sg.api.dashboard import application
from nova_sg.api.dashboard import board
from nova_sg.api.dashboard import follower
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.history import entry
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures.servers import ports

NOW = datetime.datetime.now(datetime.UTC)


class Board(board.Board):
    """Lists what a test says.

    :ivar rows: the services, or why they cannot be listed
    """

    marker = marker.Marker('zk', 'zookeeper')
    age = 0.0
    change = None

    def __init__(self, rows: list[board.Row]) -> None:
        self.rows: Any = rows

    def listing(self) -> Iterator[board.Row]:
        if isinstance(self.rows, Exception):
            raise self.rows
        return iter(self.rows)

    def host(self, context: Any, name: str) -> list[dict[str, Any]]:
        return [
            {
                **each._asdict(),
                'version': 1,
                'last_seen': NOW,
                'created_at': NOW,
                'updated_at': NOW,
                'seen_by': 'conductor-1:4711',
                'may_change': True,
            }
            for each in self.rows
            if each.host == name
        ]

    def history(self, context: Any, name: str) -> list[entry.Entry]:
        up, down = entry.Standing('up'), entry.Standing('down')
        return [
            entry.Entry(
                *('uuid', 1, name, 'nova-compute', NOW, up, down),
                *('silent', 'conductor-1:4711'),
            ),
            entry.Entry(
                *('uuid', 2, name, 'nova-compute', NOW, down, up),
                *(None, 'conductor-1:4711'),
            ),
        ]

    def authorize(self, context: Any, rule: str) -> None:
        """Allow it."""


class _Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class PageServer(fixtures.Fixture):
    """The page over a board, in this process.

    :param name: of the deployment
    :ivar url: of the page
    :ivar follower: lists the services
    """

    def __init__(self, shown: board.Board, name: str | None = None) -> None:
        super().__init__()
        self._board = shown
        self._name = name

    def _setUp(self) -> None:
        conf = self.useFixture(
            api.Configuration(
                api={'auth_strategy': 'noauth2'},
                dashboard={'enabled': True, 'name': self._name},
            )
        ).conf
        made: list[follower.Follower] = []
        original = follower.Follower

        def make(*arguments: Any) -> follower.Follower:
            made.append(original(*arguments))
            return made[-1]

        with fixtures.MonkeyPatch(
            'nova_sg.api.dashboard.follower.Follower', make
        ):
            app = application.Dashboard(conf, self._board)
        (self.follower,) = made
        self.addCleanup(self.follower.stop)
        port = self.useFixture(ports.Port()).number
        self.url = f'http://{ports.HOST}:{port}/dashboard'
        self._server = simple_server.make_server(
            ports.HOST, port, app, _Server, _Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """Answer no more; again is as good as once."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
