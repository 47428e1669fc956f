# SPDX-License-Identifier: Apache-2.0

"""A move that is cut off, or met by other processes, is finished later."""

import signal
import threading
import time
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.cmd import migrations


class TestCutOff(migrations.MigrationTestCase):
    COUNT = 1000

    def test_a_killed_one_is_taken_up_where_it_stopped(self):
        before = self.fill(self.COUNT)
        process = self.spawn(
            *('--config-file', self.config_file),
            *('driver', 'migrate', '--from', 'db', '--to', 'zk'),
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        store = self.records_of('zk')
        deadline = time.monotonic() + base.PATIENCE
        while self.copied(store) < self.COUNT // 20:
            self.assertLess(time.monotonic(), deadline)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = len(self.content('zk'))
        self.assertLess(there, self.COUNT)
        # The deployment is where it was, and nobody starts on the copy.
        self.assert_lives_in('db')
        # What is decided meanwhile counts, copied already or not.
        changed = before[0].uuid
        api = self.api_of('db')
        for each in before:
            if not each.deleted:
                api.update(self.context, each.uuid, {'disabled_reason': 'me'})
                changed = each.uuid
                break
        told = self.migrate('db', 'zk')
        self.assertEqual(self.COUNT, told['copied'] + told['there'])
        self.assertIn(there - told['there'], (0, 1))
        self.assertEqual(self.content('db'), self.content('zk'))
        found = self.records_of('zk').get_by_uuid(self.context, changed)
        self.assertEqual('me', found.disabled_reason)
        self.assert_lives_in('zk')

    def copied(self, store: Any) -> int:
        """Return how many live services there are in ZooKeeper."""
        services = store.paths(self.context).services
        (stat,) = store.session.ask([requests.exists(services)])
        return 0 if stat is None else stat.numChildren

    def test_one_that_fails_leaves_the_deployment_where_it_was(self):
        before = self.fill(20)
        moving = self.migration('db', 'zk')
        target = moving._target.records
        restore = target.restore

        def forgetful(context: Any, restored: record.Record) -> None:
            restore(context, restored._replace(version=0))

        target.restore = forgetful
        error = self.assertRaises(exception.MigrationFailed, moving.run)
        self.assertIn('differs in version', str(error))
        self.assert_lives_in('db')
        self.assertEqual(20, self.migrate('db', 'zk')['replaced'])
        self.assertEqual(before, self.content('zk'))

    def test_one_that_fails_at_the_end_does_so_too(self):
        self.fill(20)
        moving = self.migration('db', 'zk')
        plan, plans = moving._plan, []

        def unreadable(replaceable: bool) -> Any:
            plans.append(replaceable)
            if len(plans) > 1:
                raise KeyboardInterrupt
            return plan(replaceable)

        moving._plan = unreadable
        self.assertRaises(KeyboardInterrupt, moving.run)
        self.assert_lives_in('db')
        self.migrate('db', 'zk')
        self.assert_lives_in('zk')


class TestMeanwhile(migrations.MigrationTestCase):
    """Processes of the deployment run on while services move."""

    def test_no_decision_is_lost_that_was_acknowledged(self):
        before = self.fill(200)
        live = [each.uuid for each in before if not each.deleted]
        api = self.api_of('db')
        acknowledged: dict[str, str] = {}
        refused = threading.Event()

        def decide() -> None:
            for number in range(100_000):
                uuid_ = live[number % len(live)]
                reason = f'decision {number}'
                try:
                    api.update(
                        self.context, uuid_, {'disabled_reason': reason}
                    )
                except exception.DeploymentMismatch:
                    refused.set()
                    return
                acknowledged[uuid_] = reason
                time.sleep(0.005)

        deciding = threading.Thread(target=decide)
        deciding.start()
        self.addCleanup(deciding.join)
        self.migrate('db', 'zk')
        self.assertTrue(refused.wait(base.PATIENCE))
        deciding.join()
        self.assertGreater(len(acknowledged), 10)
        store = self.records_of('zk')
        self.assertEqual(
            acknowledged,
            {
                each: store.get_by_uuid(self.context, each).disabled_reason
                for each in acknowledged
            },
        )

    def test_a_service_that_is_created_or_destroyed_meanwhile_moves(self):
        before = self.fill(50)
        live = [each for each in before if not each.deleted]
        api = self.api_of('db')
        moving = self.migration('db', 'zk')

        def progress(done: int, total: int) -> None:
            if (done, total) != (40, 50):
                return
            api.create(
                self.context, {'host': 'late', 'binary': 'nova-compute'}
            )
            for each in (live[0], live[-1]):
                api.destroy(self.context, each.uuid)

        moving.run(progress)
        self.assertEqual(self.content('db'), self.content('zk'))
        hosts = {
            each.host for each in self.records_of('zk').list(self.context)
        }
        self.assertIn('late', hosts)
        self.assertFalse({live[0].host, live[-1].host} & hosts)
