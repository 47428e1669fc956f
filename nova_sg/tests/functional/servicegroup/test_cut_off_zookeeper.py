# SPDX-License-Identifier: Apache-2.0

"""The network between a process and ZooKeeper fails, or its session ends."""

import signal
import threading
import time

import testscenarios

from nova_sg import exception
from nova_sg.servicegroup import heartbeat
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_faults

load_tests = testscenarios.load_tests_apply_scenarios


class CutOffTestCase(zookeeper_faults.FaultsTestCase):
    def far_readers(self):
        """Return two proxies, with a reader behind each: one has a mirror."""
        links = [
            self.useFixture(proxy.TcpProxy(self.server.port)) for _ in range(2)
        ]
        asking = self.process(hosts=links[0].hosts)
        return links, asking, self.mirrored(hosts=links[1].hosts)


class TestCutOffReader(CutOffTestCase):
    """A partition hides the ensemble from a reader, without any error."""

    scenarios = [
        ('both ways', {'directions': proxy.Direction.BOTH}),
        ('to the server', {'directions': proxy.Direction.TO_SERVER}),
        ('to the client', {'directions': proxy.Direction.TO_CLIENT}),
    ]

    def test_it_keeps_what_it_knew_and_catches_up(self):
        links, asking, mirrored = self.far_readers()
        observer = self.observe(asking, mirrored)
        for link in links:
            link.cut(self.directions)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age > 0.5,
                'the age of the knowledge is told',
                within=2 * self.session_timeout,
            )
        self.operator.update(
            self.context, self.living[1].uuid, {'disabled': True}
        )
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, self.operator)
        self.assertTrue(mirrored.service_is_up(self.mortal))
        self.eventually(
            lambda: not self.tells(mirrored),
            'it tells no records any more',
            within=mirrored.driver.characteristics.staleness,
        )
        for link in links:
            link.heal()
        self.until_down(self.mortal, asking, mirrored)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.list(self.context)[0][1].disabled,
                'what was missed is known',
            )
        self.assert_never_down(observer)

    def tells(self, api):
        try:
            services = api.driver.records.list(self.context)
        except exception.ServiceGroupUnavailable:
            return False
        self.assertEqual([False] * 4, [each.disabled for each in services])
        return True


class TestUnknown(zookeeper_faults.FaultsTestCase):
    """A reader without prior state cannot tell after an outage."""

    def test_a_service_that_is_missing_is_unknown_and_others_are_not(self):
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, self.operator)
        api = self.process()
        session = self.session_of(api)
        session.vouch()
        session._unsure_until = time.monotonic() + 100
        services, verdicts = api.list(self.context)
        self.assertEqual(
            ['up', 'up', 'up', 'unknown'],
            [verdicts[each.uuid].state for each in services],
        )


class TestFlappingReader(CutOffTestCase):
    """The connection of a reader is reset again and again."""

    def test_a_crash_shows_in_bounded_time(self):
        links, asking, mirrored = self.far_readers()
        observer = self.observe(asking, mirrored)
        over = threading.Event()

        def flap():
            while not over.wait(0.7 * self.session_timeout):
                for link in links:
                    link.reset()

        flapping = threading.Thread(target=flap)
        flapping.start()
        self.addCleanup(flapping.join)
        self.addCleanup(over.set)
        time.sleep(2 * self.session_timeout)
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, asking, mirrored)
        self.assert_never_down(observer)


class TestCutOffMember(zookeeper_faults.FaultsTestCase):
    """A partition hides the ensemble from a member, without any error."""

    scenarios = TestCutOffReader.scenarios

    def test_it_is_given_up_and_comes_back(self):
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.process(hosts=link.hosts)
        service = self.register(self.operator, 'cutoff')
        (handle,) = api.join_many(self.context, [service])
        beats = heartbeat.Heartbeat(
            api.driver.membership, self.context, interval=0.2
        )
        beats.add([handle])
        beats.start()
        self.addCleanup(beats.stop)
        mirrored = self.mirrored()
        observer = self.observe(mirrored)
        link.cut(self.directions)
        self.eventually(
            lambda: not self.is_up(mirrored, service),
            'the member is down',
            within=2 * self.session_timeout,
        )
        link.heal()
        self.eventually(
            lambda: self.is_up(mirrored, service),
            'the member is back',
            within=self.timings['report_interval'],
        )
        self.assert_never_down(observer)


class TestExpiredSession(zookeeper_faults.FaultsTestCase):
    def expire(self, api):
        """End a session, and wait until there is another."""
        number = self.session_of(api).number
        self.end_session(api)
        self.eventually(
            lambda: self.session_of(api).number not in (None, number),
            'there is another session',
        )

    def test_a_member_comes_back_by_itself(self):
        api = self.process()
        service = self.register(self.operator, 'expired')
        (handle,) = api.join_many(self.context, [service])
        handle.beat(self.context)
        self.expire(api)
        # Nobody beats: the next beat may be an interval away.
        self.eventually(
            lambda: self.is_up(self.operator, service), 'it is up again'
        )
        handle.leave(self.context)
        # A mirror may answer where it was asked again and again.
        self.eventually(
            lambda: not self.is_up(self.operator, service), 'it is down'
        )

    def test_a_mirror_is_rebuilt(self):
        mirrored = self.mirrored()
        observer = self.observe(mirrored)
        self.expire(mirrored)
        self.operator.update(
            self.context, self.living[0].uuid, {'disabled': True}
        )
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, mirrored)
        self.eventually(
            lambda: mirrored.list(self.context)[0][0].disabled,
            'the change is seen',
        )
        self.assert_never_down(observer)
