# SPDX-License-Identifier: Apache-2.0

"""Commands of a nova whose configuration waits for databases for ever."""

from nova_sg import exits
from nova_sg.tests.functional.nova_tree import base

#: As kolla-ansible has it.
_CONF = """\
[database]
max_retries = -1
[api_database]
max_retries = -1
[servicegroup]
driver = db
"""

#: Nothing listens there.
_AWAY = 'mysql+pymysql://nova:nova@127.0.0.1:9/nova'


class TestUnreachable(base.TestCase):
    def command(self, action: str, **environment: str) -> str:
        """Run a command, and return its complaint."""
        done = self.nova(
            'nova-manage', 'service', action, **base.THREADS, **environment
        )
        return self.assert_refused(exits.Exit.UNREACHABLE, done)

    def test_a_cell_that_is_away_is_reported_at_once(self):
        self.cell.configure(_CONF)
        with self.cell.connect('api') as connection:
            connection.execute(
                'UPDATE cell_mappings SET database_connection = ?', [_AWAY]
            )
        self.assertIn("nova's database", self.command('prepare'))
        listed = self.nova('nova-manage', 'service', 'list', **base.THREADS)
        self.assertIn('DBConnectionError', listed.stdout)

    def test_the_api_database_that_is_away_is_reported_at_once(self):
        self.cell.configure(_CONF)
        for action in ('list', 'history'):
            line = self.command(action, OS_API_DATABASE__CONNECTION=_AWAY)
            self.assertIn("nova's database", line)
