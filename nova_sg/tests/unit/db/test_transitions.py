# SPDX-License-Identifier: Apache-2.0

"""What statements of the history read."""

from oslotest import base
from sqlalchemy.dialects import sqlite

from nova_sg.db import transitions


class TestStatements(base.BaseTestCase):
    def test_to_find_what_is_old_reads_no_other_table(self):
        for statement in transitions.superseded(30), transitions.last_ones(30):
            text = str(statement.compile(dialect=sqlite.dialect()))
            self.assertNotIn('services', text)
