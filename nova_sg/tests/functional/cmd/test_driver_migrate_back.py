# SPDX-License-Identifier: Apache-2.0

"""A move that was cut off is finished, whatever command follows it.

::

    t=0  driver migrate --from db --to zk: c1 is copied
    t=1  an operator disables c1 in the database, and is told done
    t=2  the source is closed, and the command is killed: the copy of c1 is
         enabled, and neither side starts
    t=3  driver migrate --from zk --to db is refused
    t=4  driver migrate --from db --to zk: c1 is disabled in ZooKeeper
"""

import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.cmd import cut_off
from nova_sg.tests.functional.cmd import migrations

load_tests = testscenarios.load_tests_apply_scenarios


class TestBeforeTheLastCopy(migrations.CutOffTestCase):
    scenarios = long.matrix(
        migrations.between(('db', 'zk'), ('mc', 'mc:memcached')),
        migrations.between(
            ('db', 'mc:memcached'),
            ('zk', 'db'),
            ('zk:sql', 'zk'),
            ('mc:memcached', 'mc'),
            ('mc:memcached', 'zk'),
        ),
    )

    def setUp(self):
        super().setUp()
        self.cut_off(cut_off.CLOSED, self.mine.uuid)

    def place_of(self, name):
        """Return a place as messages name it."""
        marker = self.api_of(name).marker
        return f'{marker.driver}:{marker.records}'

    def test_it_cannot_be_run_the_wrong_way_round(self):
        content = self.content(self.source)
        source, target = map(self.place_of, (self.source, self.target))
        self.assert_refused(
            *(4, f'a move from {source} to {target} was cut off: finish that'),
            *(self.target, self.source),
        )
        self.assertEqual(content, self.content(self.source))
        # As the message names the places.
        self.migrate(source, target)
        self.assertEqual(content, self.content(self.target))
        self.assert_lives_in(self.target)
        self.migrate(self.target, self.source)
        self.assertEqual(content, self.content(self.source))
        self.assert_lives_in(self.source)

    def test_neither_side_starts_and_the_source_says_why(self):
        for place, says in (
            (self.source, 'a move there has not ended; if it was cut off,'),
            (self.target, 'is in use with'),
        ):
            path = self.write(place, migrations.OPTIONS[place])
            result = self.manage('--config-file', path, *migrations.LIST)
            self.assert_error(4, says, result)

    def test_no_other_move_takes_the_original_for_a_copy(self):
        content = self.content(self.source)
        elsewhere = next(
            place
            for place in ('mc:memcached', 'zk', 'db')
            if place not in (self.source, self.target)
        )
        result = self.manage(
            *('driver', 'migrate', '--from', elsewhere, '--to', self.source)
        )
        self.assertEqual(4, result.code, result)
        self.assertEqual(content, self.content(self.source))
