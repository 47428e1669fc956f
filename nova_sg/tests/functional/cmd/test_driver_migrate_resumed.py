# SPDX-License-Identifier: Apache-2.0

"""A move that is killed at its very end is finished by the same command.

::

    t=0  driver migrate --from mc --to mc:memcached: all is copied
    t=1  the database is marked as left, and the command is killed: memcached
         is marked mc still, and neither side starts
    t=2  the same command finds nothing to copy, and opens memcached
"""

import itertools

import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.cmd import cut_off
from nova_sg.tests.functional.cmd import migrations

load_tests = testscenarios.load_tests_apply_scenarios

#: In the last two, both sides have a backend in common that has no records of
#: the source.
SHORT = [('db', 'zk'), ('mc', 'mc:memcached'), ('zk:sql', 'zk')]


class TestResumed(migrations.CutOffTestCase):
    scenarios = long.matrix(
        migrations.between(*SHORT),
        migrations.between(
            *(
                pair
                for pair in itertools.permutations(migrations.OPTIONS, 2)
                if pair not in SHORT
            )
        ),
    )

    def test_the_same_command_finishes_it(self):
        before = self.content(self.source)
        self.cut_off(cut_off.COPIED)
        told = self.migrate(self.source, self.target)
        self.assertEqual((True, 0), (told['moved'], told['copied']))
        self.assertEqual(before, self.content(self.target))
        self.assert_lives_in(self.target)
