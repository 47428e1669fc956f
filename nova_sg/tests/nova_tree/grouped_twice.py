# SPDX-License-Identifier: Apache-2.0

"""Requests about grouped heartbeats that are delivered twice."""

from collections.abc import Iterator
from typing import Any

from nova.db.main import api as db
from nova.db.main import models as nova_models
import sqlalchemy as sa

from nova_sg.db import models
from nova_sg.nova_tree.grouped import caller
from nova_sg.nova_tree.grouped import endpoint
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.nova_tree import grouped_remote


class TestDeliveredTwice(grouped_remote.TestCase):
    """No request changes what is decided of a service, however often.

    So it needs no token of a change (see :mod:`nova_sg.nova_tree.once`).
    """

    #: All that the endpoint does for a service.
    REQUESTS = ('beat', 'post', 'leave', 'note_wedged')

    #: What a heartbeat writes.
    WRITTEN = frozenset({'last_seen_up', 'report_count', 'updated_at'})

    def setUp(self) -> None:
        super().setUp()
        self.make_tables(models.departures)
        self.start_conductor()

    def request(self, method: str, **arguments: Any) -> None:
        ours = self.caller._client
        # What is cast is never answered.
        send = ours.cast if method == 'post' else ours.call
        send({}, method, uuid=self.made.uuid, **arguments)
        self.settle()

    def requests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        now = written.database_time(self.context)
        yield 'beat', {'joining': True}
        yield 'beat', {'joining': False}
        yield 'post', {'sent': now, 'until': now + 600}
        yield 'leave', {'count': 1000}
        yield 'note_wedged', {'noted_by': 'c1:7'}

    def row(self) -> dict[str, Any]:
        table = nova_models.Service.__table__
        query = sa.select(table).where(table.c.uuid == self.made.uuid)
        with db.get_engine(context=self.context).connect() as connection:
            (row,) = connection.execute(query).mappings()
        return {k: row[k] for k in row if k not in self.WRITTEN}

    def test_these_are_all_requests(self):
        methods = {
            name
            for name in vars(endpoint.Endpoint)
            if not name.startswith('_') and name != 'target'
        }
        self.assertEqual({*self.REQUESTS, 'database_time'}, methods)
        self.assertEqual(
            {*self.REQUESTS}, {name for name, _ in self.requests()}
        )

    def test_what_was_decided_meanwhile_stands(self):
        for method, arguments in self.requests():
            self.request(method, **arguments)
            mine = self.read(self.made)
            mine.disabled = mine.forced_down = not mine.disabled
            mine.disabled_reason = f'after {method}'
            mine.save()
            decided = self.row()
            self.request(method, **arguments)
            self.assertEqual(decided, self.row(), method)

    def test_a_service_that_was_destroyed_meanwhile_stays_so(self):
        for method, arguments in self.requests():
            self.request(method, **arguments)
        self.read(self.made).destroy()
        destroyed = self.row()
        for method, arguments in self.requests():
            self.request(method, **arguments)
        self.assertTrue(destroyed['deleted'])
        self.assertEqual(destroyed, self.row())

    def test_the_leave_of_one_process_ages_none_that_came_after_it(self):
        self.caller.beat()
        left = {'count': self.caller._count}
        self.request('leave', **left)
        self.assertFalse(self.is_up(self.made))
        caller.Caller(self.process_of(self.made)).beat()
        self.request('leave', **left)
        self.assertTrue(self.is_up(self.made))
