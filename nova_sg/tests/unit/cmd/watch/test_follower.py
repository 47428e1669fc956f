# SPDX-License-Identifier: Apache-2.0

"""Reading the services again and again, through outages."""

import threading
from unittest import mock

from oslotest import base as test_base

from nova_sg import exception
from nova_sg.cmd.watch import follower
from nova_sg.tests.unit.cmd.watch import base

AWAY = exception.ServiceGroupUnavailable(
    backend='zookeeper://zk1/nova', reason='no server answers'
)


class TestFollower(test_base.BaseTestCase):
    def follower(self, *readings):
        """Return one whose readings bring these services, or raise."""
        read = mock.Mock(
            side_effect=[
                each if isinstance(each, Exception) else base.by_uuid(*each)
                for each in readings
            ]
        )
        return follower.Follower(read, 0.001)

    def events(self, news):
        return [(each.event, each.after) for each in news.changes]

    def test_the_first_list_is_no_change(self):
        news = self.follower([base.sighting()]).begin()
        self.assertEqual(([], 1), (news.changes, len(news.services)))

    def test_a_backend_that_is_unreachable_at_first_is_an_error(self):
        self.assertRaises(
            exception.ServiceGroupUnavailable, self.follower(AWAY).begin
        )

    def test_an_outage_is_told_once_and_changes_no_service(self):
        up, down = base.sighting(), base.sighting(state='down')
        services = self.follower([up], AWAY, AWAY, [down], [down])
        first = services.begin()
        away, still_away, again, after = (services.next() for _ in range(4))
        self.assertEqual([('backend', 'unreachable')], self.events(away))
        self.assertIn('no server answers', away.changes[0].reason)
        self.assertEqual([], self.events(still_away))
        for news in (away, still_away):
            self.assertEqual(first.services, news.services)
            self.assertEqual(first.read_at, news.read_at)
            self.assertGreater(news.learned_at, news.read_at)
            self.assertIn('no server answers', news.error)
        self.assertEqual(
            [('backend', 'reachable'), ('state', 'down')], self.events(again)
        )
        self.assertIsNone(again.error)
        self.assertEqual([], self.events(after))

    def test_an_error_of_one_conductor_is_an_outage(self):
        broken = exception.ConductorError(method='list', reason='a mistake')
        old = exception.ConductorTooOld(method='list', reason='of before')
        up = base.sighting()
        services = self.follower([up], broken, old, [up])
        services.begin()
        for _ in range(2):
            self.assertEqual(1, len(services.next().services))
        self.assertEqual(
            [('backend', 'reachable')], self.events(services.next())
        )

    def test_what_no_further_reading_mends_ends_it(self):
        moved = exception.DeploymentMismatch(
            backend='sqlite://', theirs='zk', ours='db'
        )
        services = self.follower([], moved)
        services.begin()
        self.assertRaises(exception.DeploymentMismatch, services.next)

    def test_reading_takes_a_quarter_of_the_time_at_most(self):
        services = self.follower([], [])
        with mock.patch.object(
            follower.time, 'monotonic', side_effect=[100, 105, 200, 200]
        ):
            services.begin()
            self.assertEqual(15, services._pause)
            services.next()
        self.assertEqual(0.001, services._pause)

    def test_following_ends_when_it_is_told_to(self):
        stop = threading.Event()
        told = []

        def tell(news):
            told.append(news)
            if len(told) == 2:
                stop.set()

        services = self.follower([], [base.sighting()], [])
        services.begin()
        services.follow(tell, stop)
        self.assertEqual(
            [[('added', 'up')], [('deleted', None)]],
            [self.events(each) for each in told],
        )
