# SPDX-License-Identifier: Apache-2.0

"""The revisions of the schema are named without alembic."""

from alembic import script
from oslotest import base

from nova_sg.db import migration
from nova_sg.db import schema


class TestRevisions(base.BaseTestCase):
    def test_they_are_those_that_alembic_finds(self):
        found = script.ScriptDirectory(migration.LOCATION)
        newest_first = [each.revision for each in found.walk_revisions()]
        self.assertEqual(
            newest_first, list(reversed(schema.REVISIONS)), schema.__file__
        )
        self.assertEqual(found.get_current_head(), schema.head())
