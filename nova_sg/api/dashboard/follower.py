# SPDX-License-Identifier: Apache-2.0

"""What is known of all services, as one document with a revision.

The services are listed once a second while browsers look, however many do,
and a browser that has the present revision gets 304::

    t=0    a browser asks: the services are listed, it gets revision 7c
    t=1    they are listed again, and nothing has changed
    t=2    the browser asks for what is newer than 7c: 304, from memory
    t=2.5  an agent dies
    t=3    the services are listed: revision 1f
    t=4    the browser gets 1f
    t=5    the last browser is closed; at t=20 the listing ends

The revision is a digest of the document, so that all workers agree on it.
What changes all the time is not in the document but beside it: its age.
"""

import datetime
import gzip
import hashlib
import logging
import threading
import time
from typing import Any

import orjson

from nova_sg import exception
from nova_sg import instruments
from nova_sg import lasting
from nova_sg.api.dashboard import board as sg_board
from nova_sg.servicegroup import collector

LOG = logging.getLogger(__name__)

#: Seconds between two lists, at least.
INTERVAL = 1.0

#: The share of the time that listing takes at most.
SHARE = 0.25

#: Seconds after the last question in which services are still listed.
IDLE = 15.0

#: Seconds for which a question waits for the backend.
PATIENCE = 4.0

#: Whether the backend tells: all of it, something that is older, nothing.
ANSWERS, BEHIND, AWAY = 'answers', 'behind', 'away'


class Document:
    """What a browser gets of all services.

    :param content: what is in it
    :param at: ``time.monotonic()`` before the services were listed
    :param listed: they were; else nothing is known yet
    """

    def __init__(
        self, content: dict[str, Any], at: float, *, listed: bool = True
    ) -> None:
        self.content = content
        self.at = at
        self.listed = listed
        self.body = orjson.dumps(content)
        digest = hashlib.blake2b(self.body, digest_size=12)
        self.revision = digest.hexdigest()
        self._packed: bytes | None = None

    @property
    def behind(self) -> float:
        """How long ago the services were listed, in seconds."""
        return max(0.0, time.monotonic() - self.at)

    @property
    def packed(self) -> bytes:
        """The same, compressed."""
        if self._packed is None:
            self._packed = gzip.compress(self.body, 4, mtime=0)
        return self._packed


class Follower:
    """Lists the services of a board as long as somebody looks.

    :param board: where they are
    :param name: of the deployment
    """

    def __init__(self, board: sg_board.Board, name: str = '') -> None:
        self._board = board
        self._name = name
        #: Guards all of the following, and tells of a further look.
        self._looked = threading.Condition()
        self._thread: threading.Thread | None = None
        self._document: Document | None = None
        self._asked_at = 0.0
        # When the last look began that has ended, and the one to wait for.
        self._looked_at = 0.0
        self._wanted_at = 0.0
        self._trouble = lasting.Trouble(
            LOG,
            'Cannot list services for the dashboard, which shows what it '
            'knew: %s',
            'Unexpected error in the dashboard',
        )
        self._stopped = False

    def stop(self) -> None:
        """List nothing any more, and wait until nothing is listed."""
        with self._looked:
            self._stopped = True
            self._looked.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def get(self, *, anew: bool = False) -> Document:
        """Return what is known.

        It waits where nothing has been listed for a while, but not for long.

        :param anew: list the services anew, as something has changed
        """
        now = time.monotonic()
        with self._looked:
            self._asked_at = now
            if self._thread is None:
                anew = self._start()
            if anew and self._thread is not None:
                self._wanted_at = now
                self._looked.notify_all()
                self._looked.wait_for(lambda: self._looked_at >= now, PATIENCE)
            document = self._document
        return document or self._nothing()

    def _start(self) -> bool:
        """Begin to list; return whether a thread could be started.

        A change of an operator may have been made already, and what is known
        is shown all the same. The next question tries again.
        """
        thread = threading.Thread(
            target=self._follow, name='dashboard', daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            LOG.warning('Cannot list services for the dashboard: %s', error)
            return False
        self._thread = thread
        return True

    def age(self, document: Document) -> float:
        """Return by how many seconds a document is behind."""
        try:
            return self._board.age + document.behind
        except exception.NovaSgException:
            return document.behind

    def _follow(self) -> None:
        while True:
            began = time.monotonic()
            document = self._look(began)
            ended = time.monotonic()
            pause = max(INTERVAL, (ended - began) * (1 / SHARE - 1))
            with self._looked:
                self._document = document
                self._looked_at = began
                self._looked.notify_all()
                self._looked.wait_for(self._wanted, pause)
                idle = time.monotonic() - self._asked_at
                if self._stopped or idle > IDLE:
                    self._thread = None
                    return

    def _wanted(self) -> bool:
        return self._stopped or self._wanted_at > self._looked_at

    def _look(self, at: float) -> Document | None:
        """List the services; what was known stands where that fails."""
        try:
            with collector.paused():
                document = Document(self._content(), at)
        except Exception as error:
            instruments.current.backend_answered(False)
            self._trouble.failed(error)
            before = self._document
            if before is None:
                return None
            content = {**before.content, 'backend': AWAY}
            return Document(content, before.at)
        self._trouble.over()
        instruments.current.backend_answered(True)
        return document

    def _content(self) -> dict[str, Any]:
        zones: dict[str, int] = {}
        binaries: dict[str, int] = {}
        fine, others = [], []
        for each in self._board.listing():
            if each.is_fine:
                binary = binaries.setdefault(each.binary, len(binaries))
                zone = zones.setdefault(each.zone, len(zones))
                fine.append((each.host, binary, zone))
            else:
                others.append(each)
        fine.sort()
        others.sort(key=lambda each: (each.host, each.binary, each.uuid))
        behind = self._board.age > 0
        return {
            'deployment': self._deployment(),
            'backend': BEHIND if behind else ANSWERS,
            'zones': list(zones),
            'binaries': list(binaries),
            'fine': fine,
            'others': [as_json(each._asdict()) for each in others],
        }

    def _nothing(self) -> Document:
        """Return what is known before anything is."""
        content: dict[str, Any] = {
            'deployment': self._deployment(),
            'backend': AWAY,
            'zones': [],
            'binaries': [],
            'fine': None,
            'others': [],
        }
        return Document(content, time.monotonic(), listed=False)

    def _deployment(self) -> dict[str, str]:
        marker = self._board.marker
        return {
            'name': self._name,
            'driver': marker.driver,
            'records': marker.records,
        }


def as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with their times as text, to the second and in UTC."""
    return {
        name: f'{value.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}'
        if isinstance(value, datetime.datetime)
        else value
        for name, value in values.items()
    }
