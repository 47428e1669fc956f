# SPDX-License-Identifier: Apache-2.0

"""A long list that breaks off in the middle is read again."""

import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.objects import base

#: More than are read at once.
MANY = 2500


class TestBrokenReads(base.ObjectsTestCase):
    # Nobody waits long for what never works.
    options = {'servicegroup': {'report_interval': 1}}

    def setUp(self) -> None:
        super().setUp()
        hosts = [f'h{number}' for number in range(MANY)]
        rows.insert_computes(self.process.conf, hosts)
        self.broken = 0
        self.left = 0
        engine_ = engine.get(self.process.conf).engine
        sa.event.listen(engine_, 'after_cursor_execute', self._begin)
        self.addCleanup(
            sa.event.remove, engine_, 'after_cursor_execute', self._begin
        )

    def _begin(self, connection, _cursor, statement, *_rest):
        """Have SQLite interrupt a statement while its rows are fetched."""
        interrupts = self.left > 0 and 'last_seen_up' in statement
        self.left -= interrupts
        connection.connection.dbapi_connection.set_progress_handler(
            self._interrupt if interrupts else None, 1000
        )

    def _interrupt(self):
        self.broken += 1
        return True

    def test_it_has_all_services_then(self):
        for read in (
            lambda: self.api.list(self.context)[0],
            lambda: [
                each
                for part in self.api.render(self.context, list).parts()
                for each in part
            ],
        ):
            self.left = 1
            self.assertEqual(MANY, len({each.uuid for each in read()}))
        self.assertEqual(2, self.broken)

    def test_where_it_breaks_off_every_time_the_database_is_unavailable(self):
        self.left = 1000
        self.assertRaises(
            exception.ServiceGroupUnavailable, self.api.list, self.context
        )
        self.assertGreater(self.broken, 1)

    def test_a_text_that_is_none_is_no_outage(self):
        with engine.get(self.process.conf).engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE services SET disabled_reason = CAST(x'ff' AS TEXT)"
                " WHERE host = 'h7'"
            )
        for read in (
            lambda: self.api.list(self.context),
            lambda: list(self.api.render(self.context, list).parts()),
        ):
            error = self.assertRaises(exception.RecordUnreadable, read)
            self.assertIn('disabled_reason', str(error))
