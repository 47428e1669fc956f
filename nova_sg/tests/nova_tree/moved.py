# SPDX-License-Identifier: Apache-2.0

"""A process that is left on nova's table after services have moved."""

from nova import objects
from nova.db.main import api as db
import testscenarios

from nova_sg import exception
from nova_sg.nova_tree import moved
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestMoved(base.TestCase):
    scenarios = [base.NONE, base.DB]

    def setUp(self) -> None:
        super().setUp()
        # As in a new process.
        moved._seen.clear()
        self.context = self.in_cell('cell1')

    def test_it_does_not_start_where_they_are_elsewhere(self):
        self.mark('zk', 'zookeeper')
        error = self.assertRaises(
            exception.DeploymentMismatch,
            self.start_service,
            'compute',
            host='one',
        )
        for side in ('driver = zk', 'driver = db'):
            self.assertIn(side, str(error))
        # Nothing was written where no process reads.
        self.assertEqual([], db.service_get_all.novas(self.context))

    def test_it_starts_where_they_have_come_back(self):
        self.mark('db', 'sql')
        self.start_service('compute', host='one')

    def test_it_starts_where_nothing_ever_moved(self):
        self.start_service('compute', host='one')

    def test_one_that_only_reads_learns_it(self):
        objects.ServiceList.get_all(self.context)
        self.mark('zk', 'zookeeper')
        objects.ServiceList.get_all(self.context)
        self.stub_out('nova_sg.servicegroup.marker.READ_TRUSTED', -1.0)
        self.assertRaises(
            exception.DeploymentMismatch,
            objects.ServiceList.get_all,
            self.context,
        )


class TestMovedBeside(TestMoved):
    """Only the liveness of services is elsewhere."""

    scenarios = base.BESIDE

    test_it_does_not_start_where_they_are_elsewhere = None
    test_it_starts_where_they_have_come_back = None
