# SPDX-License-Identifier: Apache-2.0

"""What commands and metrics show of grouped heartbeats."""

import time
from unittest import mock

from oslo_db import exception as db_exc

from nova_sg.nova_tree import monitoring
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import manage


class TestKnowledge(manage.TestCase):
    """What a list tells of knowledge and doubt, as with every driver."""

    driver, records, beats = 'db', None, 'grouped'

    def setUp(self) -> None:
        super().setUp()
        # Other tests have some, too.
        self.stub_out('nova_sg.nova_tree.grouped.reader._readers', {})
        self.service = self.make('cell1', 'one')
        self.reader = reader.of(self.service._context)

    def row(self, host: str = 'one') -> dict[str, str]:
        titles, *rows = self.rows_of(
            self.printed(self.commands.list, long=True)
        )
        (row,) = (each for each in rows if host in each)
        return dict(zip(titles, row, strict=True))

    def age(self) -> None:
        """Let the service be down by its stamp."""
        clock = mock.patch.object(
            written, 'database_time', return_value=time.time() + 3600
        )
        clock.start()
        self.addCleanup(clock.stop)
        self.reader._clock.ask_again()

    def test_a_state_that_is_sure_is_known_since_now(self):
        row = self.row()
        self.assertEqual('up', row['State'])
        self.assertRegex(row['Known Since'], r'^\d{4}-\d\d-\d\dT[\d:]+')
        for name in ('Doubted Since', 'Doubted Until', 'Doubt', 'PID'):
            self.assertEqual('', row[name])

    def test_one_in_doubt_has_its_cause_and_its_end(self):
        self.row()
        self.age()
        row = self.row()
        self.assertEqual('up', row['State'])
        self.assertIn("The database's clock was set forward", row['Doubt'])
        self.assertLess(row['Known Since'], row['Doubted Until'])
        self.assertLess(row['Doubted Since'], row['Doubted Until'])

    def test_in_an_outage_it_says_why_and_what_was_known_before(self):
        self.row()
        self.make('cell1', 'two')
        self.reader.failed(base.OUT)
        with mock.patch.object(
            written,
            'database_time',
            side_effect=db_exc.DBConnectionError(Exception('gone')),
        ):
            known, unknown = self.row('one'), self.row('two')
        self.assertEqual(('up', 'unknown'), (known['State'], unknown['State']))
        self.assertTrue(known['Known Since'])
        self.assertEqual('', unknown['Known Since'])
        for row in (known, unknown):
            self.assertIn("nova's database is unavailable", row['Doubt'])

    def test_the_age_of_what_is_known_is_a_metric(self):
        self.row()
        source = monitoring.NovaSource()
        self.assertEqual(0, source.age)
        self.reader.failed(base.OUT)
        self.assertGreater(source.age, 0)
