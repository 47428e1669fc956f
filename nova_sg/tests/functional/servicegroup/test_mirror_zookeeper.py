# SPDX-License-Identifier: Apache-2.0

"""A process that reads often answers from its mirror, and is seldom late."""

import os
import signal
import time

import fixtures

from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.testing import actions
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_mirror


def follow(api):
    context = base.sg_context.get_admin_context()
    api.driver.watch(context)
    api.list(context)


def stop_and_ask(api, uuid):
    """Stop this process; as soon as it goes on, tell what it knows."""
    os.kill(os.getpid(), signal.SIGSTOP)
    context = base.sg_context.get_admin_context()
    return api.liveness(context, [uuid])[uuid]


class TestFreshness(zookeeper_mirror.MirrorTestCase):
    def test_reads_cost_no_round_trip(self):
        services = self.register_many(30)
        handles = self.other.join_many(self.context, services)
        for each in handles[20:]:
            each.leave(self.context)
        api = self.mirrored()
        with zookeeper_deployments.count_round_trips() as count:
            self.assertEqual(20, sum(up for _, _, up in self.states(api)))
            for each in services:
                self.assertEqual(
                    each, api.get_by_uuid(self.context, each.uuid)
                )
                self.assertEqual(each, api.get_by_id(self.context, each.id))
                self.assertEqual(
                    each,
                    api.get_by_host_and_binary(
                        self.context, each.host, each.binary
                    ),
                )
                self.assertEqual(
                    each,
                    api.get_by_host_and_topic(
                        self.context, each.host, 'compute'
                    ),
                )
            for each in services[:20]:
                self.assertTrue(self.is_up(api, each))
            self.assertEqual(
                services[3:4], list(api.list(self.context, host='host3')[0])
            )
            self.assertEqual(0, count())

    def test_the_watches_are_as_few_for_many_services(self):
        few = self.mirrored()
        services = self.register_many(40)
        self.other.join_many(self.context, services)
        self.assert_agree(few)
        many = self.mirrored()
        watches = self.watches()
        # Of a shard that came into being while it was looked at there are
        # two: the one for that is left over.
        most = 2 * len(layout.SHARDS) + 1
        for api in (few, many):
            self.assertLessEqual(watches[self.session_of(api).number], most)

    def test_changes_made_elsewhere_show(self):
        first, second, third = self.register_many(3)
        api = self.mirrored()
        self.other.update(self.context, first.uuid, {'disabled': True})
        self.other.destroy(self.context, second.uuid)
        self.other.update(self.context, third.uuid, {'host': 'moved'})
        self.register(self.other, 'new')
        self.assert_agree(api)
        self.assertIsNone(
            api.get_by_host_and_binary(self.context, 'host2', 'nova-compute')
        )

    def test_a_change_shows_as_it_was_written_to_the_field(self):
        (service,) = self.register_many(1)
        api = self.mirrored()
        changed = self.other.update(
            self.context, service.uuid, {'disabled_reason': 'why'}
        )
        self.eventually(
            lambda: api.get_by_uuid(self.context, service.uuid) == changed,
            'the mirror has the record as it is',
        )

    def test_members_that_come_go_and_crash_show(self):
        coming, leaving, crashing = self.register_many(3)
        (leaver,) = self.other.join_many(self.context, [leaving])
        worker = self.worker()
        worker.call(actions.join_and_beat, crashing)
        api = self.mirrored()
        self.other.join_many(self.context, [coming])
        leaver.leave(self.context)
        worker.signal(9)
        expected = [True, False, False]
        self.eventually(
            lambda: [up for _, _, up in self.states(api)] == expected,
            'the mirror shows which services live',
            within=2 * self.session_timeout,
        )

    def test_members_show_who_they_are(self):
        (service,) = self.register_many(1)
        worker = self.worker()
        worker.call(actions.join, service)
        api = self.mirrored()
        _, verdicts = api.list(self.context)
        (member,) = verdicts[service.uuid].members
        self.assertEqual((worker.pid, 3), (member.pid, member.ttl))

    def test_a_reader_sees_its_own_writes_at_once(self):
        (service,) = self.register_many(1)
        api = self.mirrored()
        for number in range(30):
            reason = f'reason {number}'
            api.update(self.context, service.uuid, {'disabled_reason': reason})
            found = api.get_by_uuid(self.context, service.uuid)
            self.assertEqual(reason, found.disabled_reason)
        made = self.register(api, 'mine')
        self.assertEqual(
            made,
            api.get_by_host_and_binary(self.context, 'mine', 'nova-compute'),
        )
        for _ in range(10):
            (handle,) = api.join_many(self.context, [made])
            self.assertTrue(self.is_up(api, made))
            handle.leave(self.context)
            self.assertFalse(self.is_up(api, made))
        api.destroy(self.context, made.uuid)
        self.assertEqual(1, len(api.list(self.context)[0]))

    def test_a_process_that_was_stopped_does_not_tell_what_was_before(self):
        (service,) = self.register_many(1)
        (handle,) = self.other.join_many(self.context, [service])
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        worker = self.worker(hosts=link.hosts)
        worker.call(follow)
        answer = worker.start(stop_and_ask, service.uuid)
        self.eventually(lambda: self.is_stopped(worker), 'it is stopped')
        handle.leave(self.context)
        # Nothing tells it that its session is gone.
        self.addCleanup(link.heal)
        link.cut()
        time.sleep(1.5 * self.request_timeout)
        worker.signal(signal.SIGCONT)
        verdict = answer()
        # It is down, or was up and is in doubt.
        self.assertFalse(verdict.up and verdict.unknown is None, verdict)

    def is_stopped(self, worker):
        with open(f'/proc/{worker.pid}/stat') as stat:
            return stat.read().rpartition(')')[2].split()[0] == 'T'

    def test_a_deployment_that_is_empty_yet_is_followed(self):
        api = self.mirrored()
        self.assertEqual([], self.states(api))
        services = self.register_many(2)
        self.other.join_many(self.context, services)
        self.assert_agree(api)

    def test_another_cell_is_another_mirror(self):
        api = self.mirrored()
        elsewhere = base.sg_context.get_admin_context('another')
        self.other.create(
            elsewhere, {'host': 'host1', 'binary': 'nova-compute'}
        )
        self.assertEqual(1, len(api.list(elsewhere)[0]))
        api.driver.watch(elsewhere)
        self.assertEqual(1, len(api.list(elsewhere)[0]))
        self.assertEqual([], self.states(api))

    def test_a_process_that_lists_again_and_again_gets_a_mirror(self):
        self.register_many(2)
        api = self.process()
        with zookeeper_deployments.count_round_trips() as count:
            for _ in range(10):
                api.list(self.context)
            before = count()
            api.list(self.context)
            self.assertEqual(before, count())

    def test_a_process_that_asks_for_many_services_gets_a_mirror(self):
        services = self.register_many(25)
        self.other.join_many(self.context, services)
        api = self.process()
        for each in services:
            self.is_up(api, each)
        with zookeeper_deployments.count_round_trips() as count:
            for each in services:
                self.assertTrue(self.is_up(api, each))
            self.assertEqual(0, count())

    def test_a_process_that_reads_once_leaves_no_watch(self):
        self.register_many(2)
        api = self.process()
        api.list(self.context)
        self.assertNotIn(self.session_of(api).number, self.watches())


class TestBudget(zookeeper_mirror.MirrorTestCase):
    def test_a_change_costs_each_mirror_little(self):
        services = self.register_many(20)
        self.other.join_many(self.context, services)
        proxies = [
            self.useFixture(proxy.TcpProxy(self.server.port)) for _ in range(5)
        ]
        mirrors = [self.mirrored(hosts=each.hosts) for each in proxies]
        sessions = {self.session_of(each) for each in mirrors}
        requests = []
        real = base.session.Session._exchange

        def counted(session, client, asked, *args):
            if session in sessions:
                requests.extend(asked)
            return real(session, client, asked, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{base.session.__name__}.Session._exchange', counted
            )
        )
        before = sum(each.forwarded(proxy.Direction.BOTH) for each in proxies)
        changes = 100
        for number in range(changes):
            service = services[number % len(services)]
            self.other.update(
                self.context,
                service.uuid,
                {'disabled': True, 'disabled_reason': f'change {number}'},
            )
        for each in mirrors:
            self.assert_agree(each)
        sent = sum(each.forwarded(proxy.Direction.BOTH) for each in proxies)
        share = changes * len(mirrors)
        self.assertLessEqual(len(requests) / share, 5)
        self.assertLessEqual((sent - before) / share, 5000)


class TestLastSeen(zookeeper_mirror.MirrorTestCase):
    def test_a_service_that_was_never_changed_shows_when_it_was_seen(self):
        (service,) = self.register_many(1)
        (handle,) = self.other.join_many(self.context, [service])
        with self.behind() as client:
            before = client.exists(handle.key)
            for api in (self.process(), self.mirrored()):
                api.list(self.context)
                first = api.get_updated_time(service)
                self.assertLessEqual(service.created_at, first)

                def is_later(api=api, first=first):
                    handle.beat(self.context)
                    api.list(self.context)
                    return api.get_updated_time(service) > first

                self.eventually(is_later, 'it is seen later', within=1)
            self.assertEqual(before, client.exists(handle.key))
