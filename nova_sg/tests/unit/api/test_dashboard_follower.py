# SPDX-License-Identifier: Apache-2.0

"""How services are followed: when they are listed, and what is told then."""

from collections.abc import Iterator
import datetime
import json
import threading
from typing import Any

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg.api.dashboard import board
from nova_sg.api.dashboard import follower
from nova_sg.servicegroup import marker
from nova_sg.tests.fixtures import threads

AT = datetime.datetime(2026, 11, 30, 12, 0, 5, 999, tzinfo=datetime.UTC)


def row(host: str = 'c1', state: str = 'up', **values: Any) -> board.Row:
    made = board.Row(
        *(f'uuid-{host}', host, 'nova-compute', 'az1', state),
        *('', None, False, None, False),
    )
    return made._replace(**values)


class Board(board.Board):
    """Lists what a test says.

    :ivar rows: the services, or why they cannot be listed
    :ivar listed: how often they were
    """

    marker = marker.Marker('zk', 'zookeeper')
    age = 0.0

    def __init__(self, *rows: board.Row) -> None:
        self.rows: Any = rows
        self.listed = 0

    def listing(self) -> Iterator[board.Row]:
        self.listed += 1
        if isinstance(self.rows, Exception):
            raise self.rows
        return iter(self.rows)

    host = history = change = authorize = None


class TestFollower(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set('INTERVAL', 3600.0)
        self.board = Board(row())
        self.follower = follower.Follower(self.board, 'lab')
        self.addCleanup(self.follower.stop)

    def set(self, name: str, value: float) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(
                f'nova_sg.api.dashboard.follower.{name}', value
            )
        )

    def content(self, **options: bool) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.follower.get(**options).body)
        return found

    def test_what_is_asked_again_is_not_listed_again(self):
        first = self.follower.get()
        self.assertIs(first, self.follower.get())
        self.assertEqual(1, self.board.listed)
        self.assertGreaterEqual(self.follower.age(first), 0)

    def test_a_thread_that_cannot_start_is_no_error_and_is_tried_again(self):
        with threads.NoThreads():
            self.assertFalse(self.follower.get(anew=True).listed)
        self.assertTrue(self.follower.get().listed)

    def test_many_who_ask_at_once_have_them_listed_once(self):
        askers = [threading.Thread(target=self.follower.get) for _ in range(8)]
        for each in askers:
            each.start()
        for each in askers:
            each.join()
        self.assertEqual(1, self.board.listed)

    def test_who_has_changed_something_sees_it(self):
        self.assertEqual([], self.content()['others'])
        self.board.rows = [row(disabled=True, since=AT)]
        (other,) = self.content(anew=True)['others']
        self.assertEqual(
            (True, '2026-11-30T12:00:05Z'),
            (other['disabled'], other['since']),
        )

    def test_a_revision_is_of_what_is_told_and_of_no_order(self):
        down = [row('c3', 'down'), row('c4', 'down')]
        self.board.rows = rows = [row('c1'), row('c2'), *down]
        first = self.follower.get().revision
        self.board.rows = rows[::-1]
        self.assertEqual(first, self.follower.get(anew=True).revision)
        self.board.rows = [*rows[:3], row('c4', 'unknown')]
        self.assertNotEqual(first, self.follower.get(anew=True).revision)

    def test_while_the_backend_is_away_what_was_known_stands(self):
        known = self.follower.get()
        before = json.loads(known.body)
        self.board.rows = exception.ServiceGroupUnavailable(
            backend='zk', reason='gone'
        )
        away = self.content(anew=True)
        self.assertEqual('away', away['backend'])
        for each in ('fine', 'others', 'deployment'):
            self.assertEqual(before[each], away[each])
        self.assertEqual([['c1', 0, 0]], away['fine'])
        self.assertEqual(known.at, self.follower.get().at)
        self.assertNotIn('gone', json.dumps(away))
        self.board.rows = [row()]
        self.assertEqual(known.revision, self.follower.get(anew=True).revision)

    def test_before_anything_is_known_it_says_so(self):
        self.board.rows = RuntimeError('a secret')
        content = self.content()
        self.assertEqual(('away', None), (content['backend'], content['fine']))
        self.assertNotIn('secret', json.dumps(content))

    def test_a_name_that_no_json_can_hold_does_not_end_it(self):
        before = self.content()
        self.board.rows = [row('c\udc80')]
        self.assertEqual(
            {**before, 'backend': 'away'}, self.content(anew=True)
        )
        self.board.rows = [row('c2')]
        self.assertEqual([['c2', 0, 0]], self.content(anew=True)['fine'])

    def test_what_is_behind_says_so(self):
        self.board.age = 12.0
        document = self.follower.get()
        self.assertEqual('behind', document.content['backend'])
        self.assertGreaterEqual(self.follower.age(document), 12.0)

    def test_nobody_waits_for_a_backend_that_hangs(self):
        self.set('PATIENCE', 0.0)
        hangs = threading.Event()
        self.addCleanup(hangs.set)
        self.board.listing = lambda: iter(() if hangs.wait() else ())
        self.assertIsNone(self.content()['fine'])

    def test_it_ends_when_nobody_has_asked_for_a_while(self):
        self.set('INTERVAL', 0.0)
        self.set('IDLE', -1.0)
        self.follower.get()
        thread = self.follower._thread
        if thread is not None:
            thread.join()
        self.assertIsNone(self.follower._thread)
        self.set('IDLE', 3600.0)
        self.board.rows = [row('c9')]
        self.assertEqual([['c9', 0, 0]], self.content()['fine'])
