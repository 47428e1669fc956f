# SPDX-License-Identifier: Apache-2.0

"""The session of a process: when it begins, and how it is kept."""

import os
import re
import socket
import subprocess
import sys
import threading
import time

import fixtures

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import connection
from nova_sg.tests.fixtures import children
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestConnection(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.link = self.useFixture(proxy.TcpProxy(self.server.port))

    def test_nothing_is_connected_before_it_is_used(self):
        api = self.process(hosts=self.link.hosts)
        self.assertEqual(0, self.link.accepted)
        api.list(self.context)
        self.assertEqual(1, self.link.accepted)

    def test_records_membership_and_mirror_share_a_session(self):
        api = self.mirrored(hosts=self.link.hosts)
        service = self.register(api)
        api.join_many(self.context, [service])
        self.assertEqual(1, self.link.accepted)

    def test_another_session_timeout_than_asked_for_is_warned_of(self):
        log = self.useFixture(fixtures.FakeLogger())
        api = self.process(session_timeout=500)
        api.list(self.context)
        self.assertRegex(
            log.output, 'grants a session timeout of 40 s instead of the 500'
        )
        self.assertEqual(40, self.session_of(api).timeout)
        self.session_of(api).drop()
        api.list(self.context)
        self.assertEqual(1, log.output.count('grants a session timeout'))

    def test_the_session_timeout_asked_for_is_not_warned_of(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.process().list(self.context)
        self.assertNotIn('grants', log.output)

    def test_a_server_that_is_not_there_is_waited_for_once(self):
        self.link.refuse()
        api = self.process(hosts=self.link.hosts)
        for _ in range(2):
            error = self.assertRaises(
                exception.ServiceGroupUnavailable, api.list, self.context
            )
            self.assertIn('Connection refused', str(error))
        self.link.listen()
        self.eventually(lambda: self.lists(api), 'it is found')

    def test_a_server_that_comes_while_it_is_waited_for_is_found(self):
        self.link.refuse()
        api = self.process(hosts=self.link.hosts)
        timer = threading.Timer(0.5, self.link.listen)
        timer.start()
        self.addCleanup(timer.join)
        api.list(self.context)

    def test_a_slow_name_service_is_waited_for(self):
        real = socket.getaddrinfo

        def slow(*args, **options):
            time.sleep(2 * connection.RENEWAL_PAUSE)
            return real(*args, **options)

        self.useFixture(fixtures.MonkeyPatch('socket.getaddrinfo', slow))
        api = self.process(hosts=self.link.hosts)
        self.eventually(lambda: self.lists(api), 'it is found')
        self.assertEqual(1, self.link.accepted)

    def test_a_silent_cut_shows_however_much_is_asked(self):
        api = self.process(hosts=self.link.hosts)
        service = self.register(api)
        api.join_many(self.context, [service])
        kazoo = self.session_of(api)._client.kazoo
        self.addCleanup(self.link.heal)
        self.link.cut()
        began = time.monotonic()

        def is_given_up():
            # As many threads would; kazoo takes each request that goes out
            # for a sign of life.
            kazoo.exists_async('/')
            return not self.session_of(api).connected

        self.eventually(is_given_up, 'the connection is given up')
        self.assertLess(
            time.monotonic() - began, self.session_timeout + base.PATIENCE / 2
        )

    def test_an_outage_under_a_join_is_logged_without_a_traceback(self):
        log = self.useFixture(fixtures.FakeLogger())
        api = self.process(hosts=self.link.hosts)
        service = self.register(api)
        api.join_many(self.context, [service])
        real = base.session.Session.commit_many
        asked = []

        def commit_many(asking, *args):
            # The connection is there again, and breaks under the request.
            asked.append(args)
            self.link.refuse()
            self.link.reset()
            return real(asking, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{base.session.__name__}.Session.commit_many', commit_many
            )
        )
        self.end_session(api)
        self.eventually(lambda: asked, 'it joins again')
        down_since = self.session_of(api).down_since or time.monotonic()
        self.eventually(
            lambda: time.monotonic() > down_since + 2.5, 'the join has failed'
        )
        self.assertNotIn('Traceback', log.output)
        self.assertNotIn('Unexpected', log.output)

    def test_a_closed_session_begins_anew_when_it_is_used(self):
        api = self.process()
        service = self.register(api)
        (handle,) = api.join_many(self.context, [service])
        self.session_of(api).close()
        self.assertFalse(self.is_up(api, service))
        self.assertRaises(
            exception.ServiceNotJoined, handle.beat, self.context
        )


class TestFork(base.ZooKeeperTestCase):
    def test_a_child_has_a_session_of_its_own(self):
        api = self.mirrored()
        service = self.register(api)
        mine = self.session_of(api).number

        def work():
            found = api.get_by_uuid(self.context, service.uuid)
            return [found.host, self.session_of(api).number]

        results = children.at_once([work, work])
        self.assertEqual(['host1', 'host1'], [host for host, _ in results])
        self.assertEqual(3, len({mine, *(number for _, number in results)}))

    def test_the_membership_stays_with_the_parent(self):
        api = self.process()
        service = self.register(api)
        (handle,) = api.join_many(self.context, [service])

        def work():
            handle.leave(self.context)
            try:
                handle.beat(self.context)
            except exception.ServiceNotJoined:
                return self.is_up(api, service)

        self.assertEqual([True], children.at_once([work]))
        handle.beat(self.context)
        self.assertTrue(self.is_up(api, service))

    def test_a_child_holds_no_connection_of_the_parent(self):
        api = self.process()
        api.list(self.context)
        ours = {
            str(os.fstat(each.fileno()).st_ino)
            for each in self.session_of(api)._client._sockets
        }

        def work():
            links = []
            for name in os.listdir('/proc/self/fd'):
                try:
                    links.append(os.readlink(f'/proc/self/fd/{name}'))
                except OSError:
                    continue
            return links

        (links,) = children.at_once([work])
        self.assertEqual(1, len(ours))
        self.assertEqual([], [each for each in links if each[8:-1] in ours])

    def test_a_child_can_join_while_the_parent_does(self):
        # Nobody beats, and a laden machine may take its time to fork.
        timeout = 4
        api = self.process(
            session_timeout=timeout, servicegroup={'service_down_time': 60}
        )
        service = self.register(api)
        api.join_many(self.context, [service])

        def work():
            (handle,) = api.join_many(self.context, [service])
            handle.beat(self.context)
            return len(self.members(api, service))

        self.assertEqual([2], children.at_once([work]))
        self.eventually(
            lambda: len(self.members(api, service)) == 1,
            'the child is gone, the parent is not',
            within=2 * timeout,
        )

    def members(self, api, service):
        found = api.driver.membership.alive(self.context, [service.uuid])
        return found[service.uuid].members

    def test_a_process_ends_its_session_when_it_exits(self):
        path = self.write_conf()
        before = self.sessions()
        program = (
            'import atexit, os, time\n'
            # The last that is done: all others are registered later.
            'atexit.register(lambda: os._exit(time.monotonic() - end > 9))\n'
            'from nova_sg import conf, context\n'
            'from nova_sg.servicegroup import api\n'
            f'a = api.API(conf.load([{path!r}]))\n'
            'c = context.get_admin_context()\n'
            'a.list(c)\n'
            'a.driver.watch(c)\n'
            'a.list(c)\n'
            'end = time.monotonic()\n'
        )
        # To stop a client whose thread is gone would take ten seconds.
        subprocess.run([sys.executable, '-c', program], check=True, timeout=60)
        self.assertEqual(set(), self.sessions() - before)

    def sessions(self):
        """Return the sessions that the server knows of."""
        dump = self.server.command('dump').partition('ephemeral')[0]
        return set(re.findall('0x[0-9a-f]{8,}', dump))
