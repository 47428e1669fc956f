# SPDX-License-Identifier: Apache-2.0

"""Faults of real servers and of the network between.

In each of them no acknowledged change is lost, no service that beats is
called down, every dead one is down in bounded time, and all is well again
without a restart.
"""

from concurrent import futures
import itertools
import signal
import threading
import time

import testscenarios

from nova_sg import exception
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup.testing import actions
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

load_tests = testscenarios.load_tests_apply_scenarios

ENSEMBLE = shared.Shared(
    lambda: zookeeper.ZookeeperEnsemble(tick_time=zookeeper_deployments.TICK)
)


class Writer:
    """Makes one change after the other, and keeps what was acknowledged.

    :param change: makes the change with a number
    """

    def __init__(self, change):
        self.acknowledged = -1
        self.results = []
        self.errors = []
        self._change = change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        for number in itertools.count():
            if self._stop.is_set():
                return
            try:
                self.results.append(self._change(number))
                self.acknowledged = number
            except exception.ServiceGroupUnavailable:
                continue
            except Exception as error:
                self.errors.append(error)


class Observer:
    """Asks again and again whether services are up.

    :param apis: the processes that are asked
    :param services: those which are up all the time
    """

    def __init__(self, apis, services):
        self.wrong = []
        self.asked = 0
        self.answered = set()
        self._apis = apis
        self._services = services
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def pairs(self):
        """Every process, by its number, with the host of every service."""
        return {
            (number, service.host)
            for number in range(len(self._apis))
            for service in self._services
        }

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        began = time.monotonic()
        while not self._stop.is_set():
            for number, api in enumerate(self._apis):
                for service in self._services:
                    self.asked += 1
                    pair = number, service.host
                    try:
                        up = api.service_is_up(service)
                        self.answered.add(pair)
                    except exception.ServiceGroupUnavailable:
                        # Who knew it before knows it now.
                        up = pair not in self.answered
                    if not up:
                        when = time.monotonic() - began
                        self.wrong.append((*pair, when))
            self._stop.wait(0.02)


class FaultsTestCase(base.ZooKeeperTestCase):
    """Services which live in processes of their own, and who looks at them."""

    def setUp(self):
        super().setUp()
        self.operator = self.process()
        self.living = [
            self.register(self.operator, f'living{n}') for n in range(3)
        ]
        self.workers = []
        for service in self.living:
            self.workers.append(self.worker())
            self.workers[-1].call(actions.join_and_beat, service)
        self.mortal = self.register(self.operator, 'mortal')
        self.victim = self.worker()
        self.victim.call(actions.join_and_beat, self.mortal)

    def observe(self, *apis):
        """Begin to watch over services that must not be called down."""
        for api in apis:
            api.list(self.context)
        return self.observe_now(*apis)

    def observe_now(self, *apis):
        observer = Observer(apis, self.living)
        self.addCleanup(observer.stop)
        return observer

    def write(self, field='disabled_reason'):
        """Begin to change a record, without a pause."""
        api, uuid = self.process(), self.living[0].uuid
        kind = int if field == 'version' else str
        return self.begin(
            lambda number: api.update(
                self.context, uuid, {field: kind(number)}
            )
        )

    def begin(self, change):
        writer = Writer(change)
        self.addCleanup(writer.stop)
        return writer

    def assert_nothing_lost(self, writer, service, field):
        writer.stop()
        self.assertEqual([], writer.errors)
        found = self.process().get_by_uuid(self.context, service.uuid)
        self.assertGreaterEqual(
            int(getattr(found, field)), writer.acknowledged
        )

    def assert_never_down(self, observer):
        observer.stop()
        self.assertGreater(observer.asked, 20)
        self.assertEqual([], observer.wrong)
        self.assertEqual(observer.pairs, observer.answered)

    def until_down(self, service, *apis):
        """Wait until a service that died is down."""
        for api in apis:
            self.eventually(
                lambda api=api: not api.service_is_up(service),
                f'{service.host} is down',
                within=3 * self.session_timeout,
            )

    def until_writing(self, writer):
        before = writer.acknowledged
        self.eventually(
            lambda: writer.acknowledged > before, 'changes are made again'
        )


class TestServer(FaultsTestCase):
    """The only server crashes."""

    def test_a_crash_and_restart(self):
        asking, mirrored = self.process(), self.mirrored()
        observer = self.observe(asking, mirrored)
        writer = self.write()
        self.until_writing(writer)
        self.server.kill()
        self.addCleanup(lambda: self.server.answers() or self.server.start())
        self.victim.signal(signal.SIGKILL)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age > 0.5, 'its age is told'
            )
        time.sleep(2 * self.session_timeout)
        self.server.start()
        self.until_writing(writer)
        self.until_down(self.mortal, asking, mirrored)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age == 0, 'all is known again'
            )
        self.assert_never_down(observer)
        self.assert_nothing_lost(writer, self.living[0], 'disabled_reason')


class TestPause(FaultsTestCase):
    """The only server stands still, and goes on.

    For a share of the session timeout.
    """

    scenarios = [
        (f'for {share} of the timeout', {'share': share})
        for share in long.matrix([0.4, 1, 2.5], [0.2, 0.6, 0.8, 1.2, 5])
    ]

    def test_nobody_is_down_but_who_died(self):
        asking, mirrored = self.process(), self.mirrored()
        seldom = self.process()
        self.assertTrue(seldom.service_is_up(self.living[0]))
        observer = self.observe(asking, mirrored)
        writer = self.write()
        self.until_writing(writer)
        sessions = self.sessions(asking, mirrored)
        self.server.pause()
        self.addCleanup(self.server.resume)
        self.victim.signal(signal.SIGKILL)
        newcomer = self.process()
        self.session_of(newcomer).connect()
        time.sleep(self.share * self.session_timeout)
        self.server.resume()
        later = self.observe_now(seldom, newcomer)
        self.until_writing(writer)
        if self.share < 0.5:
            self.assertEqual(sessions, self.sessions(asking, mirrored))
        self.until_down(self.mortal, asking, mirrored, seldom, newcomer)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age == 0, 'all is known again'
            )
        self.assert_never_down(observer)
        self.assert_never_down(later)
        self.assert_nothing_lost(writer, self.living[0], 'disabled_reason')

    def sessions(self, *apis):
        return {self.session_of(api).number for api in apis}


class TestCutOffReader(FaultsTestCase):
    """Nothing comes through to who reads, and nobody says so."""

    scenarios = [
        ('both ways', {'directions': proxy.Direction.BOTH}),
        ('to the server', {'directions': proxy.Direction.TO_SERVER}),
        ('to the client', {'directions': proxy.Direction.TO_CLIENT}),
    ]

    def test_it_keeps_what_it_knew_and_catches_up(self):
        links = [
            self.useFixture(proxy.TcpProxy(self.server.port)) for _ in range(2)
        ]
        asking = self.process(hosts=links[0].hosts)
        mirrored = self.mirrored(hosts=links[1].hosts)
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
        self.until_refused(mirrored)
        for link in links:
            link.heal()
        self.until_down(self.mortal, asking, mirrored)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.list(self.context)[0][1].disabled,
                'what was missed is known',
            )
        self.assert_never_down(observer)

    def until_refused(self, api):
        """Wait until records are not told any more, by any getter."""
        self.eventually(
            lambda: not self.tells(api),
            'it tells no records any more',
            within=api.driver.characteristics.staleness,
        )
        records, service = api.driver.records, self.living[1]
        getters = (
            lambda: records.list(self.context),
            lambda: records.list(self.context, host=service.host),
            lambda: records.get_by_uuid(self.context, service.uuid),
            lambda: records.get_by_id(self.context, service.id),
            lambda: records.get_by_host_and_binary(
                self.context, service.host, service.binary
            ),
            lambda: records.get_by_host_and_topic(
                self.context, service.host, service.topic
            ),
            lambda: records.minimum_versions(self.context, [service.binary]),
            lambda: records.traces(self.context),
        )
        # Each waits a while for the connection.
        with futures.ThreadPoolExecutor(len(getters)) as pool:
            for asked in [pool.submit(get) for get in getters]:
                self.assertIsInstance(
                    asked.exception(), exception.ServiceGroupUnavailable
                )

    def tells(self, api):
        try:
            services = api.driver.records.list(self.context)
        except exception.ServiceGroupUnavailable:
            return False
        self.assertEqual([False] * 4, [each.disabled for each in services])
        return True


class TestUnknown(FaultsTestCase):
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


class TestFlappingReader(FaultsTestCase):
    """The connection of a reader is reset again and again."""

    def test_a_crash_shows_in_bounded_time(self):
        links = [
            self.useFixture(proxy.TcpProxy(self.server.port)) for _ in range(2)
        ]
        asking = self.process(hosts=links[0].hosts)
        mirrored = self.mirrored(hosts=links[1].hosts)
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


class TestCutOffMember(FaultsTestCase):
    """Nothing comes through to a member, and nobody says so."""

    scenarios = TestCutOffReader.scenarios

    def test_it_knows_that_it_is_given_up_and_comes_back(self):
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
        self.assertFalse(handle.presumed_dead)
        link.cut(self.directions)
        seen = []

        def is_down():
            known = handle.presumed_dead
            down = not self.is_up(mirrored, service)
            if down:
                seen.append(known)
            return down

        self.eventually(
            is_down, 'the member is down', within=2 * self.session_timeout
        )
        # It knew before anybody else could.
        self.assertEqual([True], seen)
        link.heal()
        self.eventually(
            lambda: self.is_up(mirrored, service),
            'the member is back',
            within=self.timings['report_interval'],
        )
        self.eventually(
            lambda: not handle.presumed_dead, 'the member knows that'
        )
        self.assert_never_down(observer)


class TestExpiredSession(FaultsTestCase):
    def expire(self, api):
        """Have the server end a session, as it does when it hears nothing."""
        kazoo = self.session_of(api)._client.kazoo
        number = self.session_of(api).number
        with self.behind(client_id=kazoo.client_id):
            pass
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
        self.assertFalse(handle.presumed_dead)
        handle.leave(self.context)
        self.assertFalse(self.is_up(self.operator, service))

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


class TestEnsemble(FaultsTestCase):
    def make_server(self):
        ensemble = ENSEMBLE.get()
        for node in ensemble.nodes:
            if not node.runs:
                node.start(wait=False)
        ensemble.wait_until_ready()
        return ensemble

    def test_a_leader_that_is_killed_under_changes(self):
        asking, mirrored = self.process(), self.mirrored()
        observer = self.observe(asking, mirrored)
        writers = {
            field: self.write(field)
            for field in ('disabled_reason', 'version')
        }
        registrar = self.process()
        creator = self.begin(
            lambda number: self.register(registrar, f'new{number}')
        )
        for _ in range(long.times(2, 10)):
            for writer in (*writers.values(), creator):
                self.until_writing(writer)
            leader = self.server.leader()
            leader.kill()
            for writer in (*writers.values(), creator):
                self.until_writing(writer)
            leader.start(wait=False)
            self.server.wait_until_ready()
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, asking, mirrored)
        self.assert_never_down(observer)
        for field, writer in writers.items():
            self.assert_nothing_lost(writer, self.living[0], field)
        creator.stop()
        self.assertEqual([], creator.errors)
        hosts = {
            each.host: each for each in self.process().list(self.context)[0]
        }
        for each in creator.results:
            self.assertEqual(each, hosts[each.host])
        created = [host for host in hosts if host.startswith('new')]
        self.assertEqual(
            len(created),
            len({hosts[host].id for host in created}),
        )
        self.eventually(
            lambda: (
                {e.host for e in mirrored.list(self.context)[0]} == set(hosts)
            ),
            'the mirror has them all',
        )
