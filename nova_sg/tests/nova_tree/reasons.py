# SPDX-License-Identifier: Apache-2.0

"""Why services in nova's own table are down."""

import datetime
import types
from typing import Any
from unittest import mock

from nova import objects
from nova.db.main import api as db
from nova.servicegroup import api as nova_servicegroup
from oslo_utils import timeutils
import sqlalchemy as sa
import testscenarios

from nova_sg.db import models
from nova_sg.db import schema
from nova_sg.nova_tree import monitoring
from nova_sg.nova_tree import shown
from nova_sg.nova_tree import tables
from nova_sg.nova_tree import traces
from nova_sg.servicegroup import reasons
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestReasons(base.TestCase):
    scenarios = [
        base.DB,
        ('grouped', {'driver': 'db', 'records': None, 'beats': 'grouped'}),
    ]

    def setUp(self) -> None:
        super().setUp()
        self.context = self.in_cell('cell1')
        self.made = self.make_service(context=self.context)

    def make_tables(self) -> None:
        """Prepare the cells, as an operator does; twice is no error."""
        for before in (None, schema.head()):
            found = tables.prepare()
            self.assertIn(('cell1', before, schema.head()), found)

    def why(self) -> reasons.Departure:
        (found,) = shown.services('one', None, explained=True)
        return found.why

    def beat(self, seconds_ago: int) -> datetime.datetime:
        """Beat as a nova-compute without nova_sg did."""
        seen = timeutils.utcnow(with_timezone=True).replace(microsecond=0)
        seen -= datetime.timedelta(seconds=seconds_ago)
        made = objects.Service.get_by_uuid(self.context, self.made.uuid)
        made.last_seen_up = seen
        made.report_count += 1
        made.save()
        return seen

    def stop(self) -> None:
        made = objects.Service.get_by_uuid(self.context, self.made.uuid)
        process: Any = types.SimpleNamespace(
            service_ref=made,
            report_interval=10,
            topic='compute',
            host=made.host,
            tg=mock.Mock(),
        )
        api = nova_servicegroup.API()
        api.join(made.host, 'compute', process)
        self.assertEqual(reasons.UP, self.why().reason)
        api._driver.leave(process)

    def test_what_never_leaves_is_silent(self):
        self.make_tables()
        seen = self.beat(3600)
        self.assertEqual(
            reasons.Departure(reasons.SILENT, seen, seen), self.why()
        )

    def test_what_beats_after_a_leave_is_silent_once_it_is_down(self):
        self.make_tables()
        self.stop()
        self.assertEqual(reasons.STOPPED, self.why().reason)
        engine = db.get_engine(context=self.context)
        noted = models.departures.c.noted_at
        with engine.begin() as connection:
            # It was stopped two hours ago, and beat an hour ago.
            connection.execute(
                models.departures.update().values(
                    noted_at=timeutils.utcnow() - datetime.timedelta(hours=2)
                )
            )
            self.assertEqual(
                1, len(connection.execute(sa.select(noted)).all())
            )
        seen = self.beat(3600)
        self.assertEqual((reasons.SILENT, seen), self.why()[:2])

    def test_a_database_without_the_table_keeps_no_reasons(self):
        self.stop()
        nobody = reasons.Departure(reasons.UNKNOWN)
        self.assertEqual(nobody, self.why())

    def test_a_service_stops_where_nothing_can_be_noted(self):
        self.make_tables()
        with db.get_engine(context=self.context).begin() as connection:
            models.departures.drop(connection)
        with (
            mock.patch.object(traces, 'has_table', lambda _: True),
            mock.patch.object(traces, '_told', False),
            mock.patch.object(traces.LOG, 'warning') as warn,
        ):
            for _ in range(2):
                # It joins and leaves: four notes that are refused.
                self.stop()
        made = objects.Service.get_by_uuid(self.context, self.made.uuid)
        self.assertFalse(nova_servicegroup.API().service_is_up(made))
        self.assertEqual(reasons.UNKNOWN, self.why().reason)
        # The log says so once.
        self.assertEqual(1, warn.call_count, warn.mock_calls)

    def test_forced_down_wins(self):
        self.make_tables()
        self.stop()
        made = objects.Service.get_by_uuid(self.context, self.made.uuid)
        made.forced_down = True
        made.save()
        why = self.why()
        self.assertEqual((reasons.FORCED, None), why[:2])

    def test_metrics_have_the_reason(self):
        self.make_tables()
        self.stop()
        with mock.patch.object(
            monitoring.nova_context,
            'get_admin_context',
            return_value=self.context,
        ):
            seen = list(monitoring.NovaSource().listing())
        found = {each.service.uuid: each.reason for each in seen}
        self.assertEqual(reasons.STOPPED, found[self.made.uuid])
